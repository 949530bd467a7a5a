import "./parsers.mjs";
import assert from "node:assert/strict";
import { LatchGateClient } from "latchgate-client";
import { LatchGateOperator } from "latchgate-client/operator";
import { MockGate } from "latchgate-client/testing";

const gate = new MockGate();
const server = await gate.listen({ dir: "/tmp/mock" });
const { apiKey, privateKey } = gate.operatorCredentials;
const operator = new LatchGateOperator({ apiKey, privateKey, socket: server.adminSocket });
for (const place of [{ fetch: gate.fetch }, { socket: server.socket }]) {
  const client = new LatchGateClient({ ...place, agentId: "t", now: gate.now });
  assert.equal((await client.execute("http_fetch", { url: "https://httpbin.org/get" })).ok, true);
  await client.close();
}
assert.equal((await operator.status()).status, "ok");
await operator.close();
await server.close();
await new Promise((resolve) => setTimeout(resolve, 200));
