import "./parsers.mjs";
import assert from "node:assert/strict";
import { findGate, LatchGateClient } from "latchgate-client";

const { HOME, LATCHGATE_URL } = process.env;
assert.deepEqual([HOME, LATCHGATE_URL], [undefined, undefined]);
assert.equal(findGate().socket, "/run/latchgate/gate.sock");
const client = new LatchGateClient({ agentId: "agent:inside" });
assert.equal((await client.execute("http_fetch", { url: "https://httpbin.org/get" })).ok, true);
await client.close();
