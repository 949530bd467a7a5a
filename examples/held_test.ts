import { LatchGateApprovalRequired, LatchGateClient } from "latchgate-client";
import { MockGate } from "latchgate-client/testing";
import { expect, test } from "vitest";

test("a payment is held, and runs once when an operator has approved it", async () => {
  const gate = new MockGate({ actions: { pay: { riskLevel: "high", run: () => ({ ok: true, paid: 20 }) } } });
  const client = new LatchGateClient({ fetch: gate.fetch, agentId: "agent:test", now: gate.now });

  const held = await client.execute("pay", { euros: 20 }).catch((error: unknown) => error);
  if (!(held instanceof LatchGateApprovalRequired)) throw held;
  expect(gate.effects).toEqual([]); // nothing has run

  await gate.approve(held.approvalId); // or gate.deny(held.approvalId, "too much")
  const { ok, output } = await client.waitForApproval(held);
  expect([ok, output]).toEqual([true, { ok: true, paid: 20 }]);
  expect(gate.effects).toMatchObject([{ actionId: "pay", params: { euros: 20 } }]);
});
