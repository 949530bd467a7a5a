import "./parsers.mjs";
import assert from "node:assert/strict";
import { LatchGateClient } from "latchgate-client";

const client = new LatchGateClient();
await assert.rejects(client.execute("slow", {}, { timeoutMs: 500 }), { code: "timeout", outcome: "unknown" });
await client.close();
