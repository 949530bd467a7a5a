import "./parsers.mjs";
import assert from "node:assert/strict";
import { LatchGateClient } from "latchgate-client";
import { LatchGateOperator } from "latchgate-client/operator";
import { MockGate } from "latchgate-client/testing";

const sandbox = /this is the gate's sandbox/;
const said = (act) =>
  act.then(
    () => "nothing",
    ({ message, hint }) => `${message} ${hint}`,
  );
for (const baseUrl of ["http://127.0.0.1:3000", "http://localhost:3000", "https://gate.example"]) {
  const client = new LatchGateClient({ baseUrl });
  assert.match(await said(client.health({ retry: false })), sandbox);
  await client.close();
}
assert.match(
  await said(new MockGate().listen({ port: 0 })),
  /the gate's sandbox allows none.*listen\(\{ dir \}\)/,
);
const { apiKey, privateKey } = new MockGate().operatorCredentials;
const operator = new LatchGateOperator({ apiKey, privateKey });
assert.match(await said(operator.status({ retry: false })), sandbox);
assert.match(await said(LatchGateOperator.discover()), sandbox);
const there = new LatchGateOperator({ apiKey, privateKey, socket: "/run/latchgate/gate.sock" });
assert.match(await said(there.status()), /the client's socket.*there is no other in the gate's sandbox/);
await operator.close();
await there.close();
