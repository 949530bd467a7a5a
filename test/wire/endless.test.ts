import { LatchGateClient } from "latchgate-client";
import { MockGate } from "latchgate-client/testing";
import { expect, it, onTestFinished } from "vitest";
import { createClock } from "../../src/wire/send.ts";

it("a call without an end asks a given clock for no timer, for Node's would end at once", async () => {
  const asked: number[] = [];
  const system = createClock();
  const clock = {
    ...system,
    timer(ms: number, run: () => void) {
      asked.push(ms);
      return system.timer(ms, run);
    },
  };
  const client = new LatchGateClient({ fetch: new MockGate().fetch, agentId: "t", clock });
  onTestFinished(() => client.close());
  const endless = { timeoutMs: Number.POSITIVE_INFINITY };
  // It waits for a lease, and then for its answer.
  expect((await client.execute("http_fetch", { url: "https://httpbin.org/get" }, endless)).ok).toBe(true);
  expect(asked.length).toBeGreaterThan(0);
  expect(asked.filter((ms) => !(ms <= 2 ** 31 - 1))).toEqual([]);
});
