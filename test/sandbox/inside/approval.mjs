import "./parsers.mjs";
import assert from "node:assert/strict";
import { LatchGateClient } from "latchgate-client";

const client = new LatchGateClient();
const { ok, output } = await client.execute("risky", {}, { whenHeld: "wait", waitMs: 60_000 });
assert.deepEqual([ok, output.ran], [true, true]);
await client.close();
