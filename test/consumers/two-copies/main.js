/** The package twice in one program, as a library with a version of its own brings it: `instanceof` holds across them. */
import assert from "node:assert/strict";
import * as own from "latchgate-client";
import { MockGate } from "latchgate-client/testing";
import * as other from "other-copy";

assert.notEqual(own.LatchGateError, other.LatchGateError, "these are not two copies");
const gate = new MockGate({
  actions: {
    add: { run: ({ a, b }) => ({ ok: true, sum: a + b }) },
    pay: { riskLevel: "high", run: () => ({ ok: true }) },
  },
});
const options = { fetch: gate.fetch, agentId: "agent:consumer", now: gate.now };
for (const [mine, theirs] of [
  [own, other],
  [other, own],
]) {
  const client = new theirs.LatchGateClient(options);
  assert.equal((await client.execute("add", { a: 2, b: 3 })).output.sum, 5);
  const missing = await client.execute("no_such_action").catch((error) => error);
  assert(missing instanceof theirs.LatchGateNotFound);
  assert(missing instanceof mine.LatchGateNotFound);
  assert(missing instanceof mine.LatchGateError);
  assert(!(missing instanceof mine.LatchGateOutcomeUnknown));

  const held = await client.execute("pay").catch((error) => error);
  assert(held instanceof mine.LatchGateApprovalRequired);
  await gate.approve(held.approvalId);
  // The one copy's client takes up what the other's has thrown: it is the session that counts.
  assert.equal((await client.waitForApproval(held)).ok, true);
}
console.log("two copies: each knows the other's errors");
