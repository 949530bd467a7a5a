import { LatchGateClient } from "latchgate-client";
import { MockGate } from "latchgate-client/testing";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

const gate = new MockGate({ actions: { nothing: { riskLevel: "low", run: () => ({ ok: true }) } } });

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("under a test's fake timers a call leaves none, and time that is let pass is the test's", async () => {
  const client = new LatchGateClient({ fetch: gate.fetch, agentId: "a" });
  await client.execute("nothing");
  await client.close();
  expect(vi.getTimerCount()).toBe(0);
});

it("the next of a test's fake timers is the call's own", async () => {
  const client = new LatchGateClient({
    fetch: () => new Promise<never>(() => {}),
    agentId: "a",
    retry: false,
  });
  const call = client.execute("nothing", {}, { timeoutMs: 12_000 });
  const failed = expect(call).rejects.toMatchObject({ code: "timeout" });
  vi.advanceTimersByTime(12_000);
  await failed;
  expect(vi.getTimerCount()).toBe(0);
});
