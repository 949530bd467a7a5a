import { LatchGateApprovalExpired, LatchGateApprovalRequired, LatchGateClient } from "latchgate-client";
import { MockGate } from "latchgate-client/testing";
import { afterEach, expect, it, vi } from "vitest";

const actions = { pay: { riskLevel: "high", run: () => ({ ok: true }) } } as const;

it("an id under which nothing was held is a test's mistake: approve and deny reject, and say what is held", async () => {
  const gate = new MockGate({ actions });
  await expect(gate.approve("no such id")).rejects.toThrow('"no such id"; gate.approvals has none');
  await expect(gate.deny("no such id")).rejects.toThrow("no such id");
  const client = new LatchGateClient({ fetch: gate.fetch, agentId: "t" });
  const held = await client.execute("pay").catch((error: unknown) => error);
  if (!(held instanceof LatchGateApprovalRequired)) throw held;
  await expect(gate.approve("")).rejects.toThrow(`${held.approvalId} (pay)`);
  expect((await gate.approve(held.approvalId)).status).toBe(200);
});

afterEach(() => void vi.useRealTimers());

it("minutes of waiting pass in no time on fake timers, at the client and at the gate", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date", "performance"] });
  const gate = new MockGate({ actions, leaseTtlSeconds: 900 });
  const client = new LatchGateClient({ fetch: gate.fetch, agentId: "t" });
  const running = client.execute("pay", {}, { whenHeld: "wait" }).catch((error: unknown) => error);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(gate.approvals).toMatchObject([{ actionId: "pay", state: "pending" }]);
  await vi.advanceTimersByTimeAsync(250_000);
  expect(await running).toBeInstanceOf(LatchGateApprovalExpired);
});
