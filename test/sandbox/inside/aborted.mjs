import "./parsers.mjs";
import assert from "node:assert/strict";
import { LatchGateClient } from "latchgate-client";

const client = new LatchGateClient();
await assert.rejects(client.execute("slow", {}, { signal: AbortSignal.timeout(500) }), {
  code: "aborted",
  outcome: "unknown",
});
await client.close();
