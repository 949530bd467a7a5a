import { MockGate } from "latchgate-client/testing";
import { describe, expect, it } from "vitest";
import { LatchGateApprovalRequired, LatchGateClient } from "../../src/index.ts";
import { type ApprovalSummary, LatchGateOperator, type WatchOptions } from "../../src/operator.ts";
import { virtualClock } from "../support/virtual-clock.ts";
import { failure } from "./world.ts";

/** A gate, an agent and an operator on one virtual clock. */
function watched(options: WatchOptions = {}) {
  const clock = virtualClock();
  const gate = new MockGate({
    now: clock.now,
    rateLimits: false,
    leaseTtlSeconds: 3_600,
    actions: { risky: { riskLevel: "high", run: () => ({ ok: true }) } },
  });
  const { apiKey, privateKey } = gate.operatorCredentials;
  const agent = new LatchGateClient({ fetch: clock.watch(gate.fetch), agentId: "t", clock });
  const operator = new LatchGateOperator({
    fetch: clock.watch(gate.operatorFetch),
    apiKey,
    privateKey,
    clock,
  });
  const stop = new AbortController();
  const seen: string[] = [];
  const hold = async () => {
    const held = await clock.until(agent.execute("risky").catch((error: unknown) => error));
    if (!(held instanceof LatchGateApprovalRequired)) throw held;
    return held.approvalId;
  };
  async function run(onEach: (approval: ApprovalSummary) => Promise<unknown> = async () => {}) {
    for await (const approval of operator.approvals.watch({ signal: stop.signal, ...options })) {
      seen.push(approval.approval_id);
      await onEach(approval);
    }
    return "ended";
  }
  return { clock, gate, operator, stop, seen, hold, run };
}

describe("watching approvals", () => {
  it("gives each that waits once, the oldest first, and ends quietly with its signal", async () => {
    const { clock, seen, hold, run, stop } = watched();
    const ids = [await hold(), await hold()];
    const ended = run();
    await clock.pass(10_000);
    ids.push(await hold());
    await clock.pass(10_000);
    expect(seen).toEqual(ids);
    stop.abort();
    expect(await ended).toBe("ended");
    expect(clock.pending).toBe(0);
  });

  it("can begin with what comes after it, and leaves out what has expired", async () => {
    const { clock, seen, hold, run, stop } = watched({ includeExisting: false });
    await hold();
    const ended = run();
    await clock.pass(400_000);
    const fresh = await hold();
    await clock.pass(5_000);
    expect(seen).toEqual([fresh]);
    stop.abort();
    await ended;
  });

  it("survives a gate that is away for a while, at growing pauses, and hears of it", async () => {
    const errors: string[] = [];
    const { clock, gate, seen, hold, run, stop } = watched({
      onError: ({ code }) => {
        errors.push(code);
        throw new Error("of no interest");
      },
    });
    const ended = run();
    await clock.pass(5_000);
    const fault = gate.fault(
      { operation: "listApprovals", times: Number.POSITIVE_INFINITY },
      { kind: "refuse" },
    );
    await clock.pass(120_000);
    expect(errors.length).toBeGreaterThan(3);
    expect(errors.length).toBeLessThan(12);
    fault.remove();
    const id = await hold();
    await clock.pass(61_000);
    expect(seen).toEqual([id]);
    stop.abort();
    await ended;
  });

  it("ends with an error at once where the credentials are wrong from the start", async () => {
    const { gate, clock } = watched();
    const { privateKey } = gate.operatorCredentials;
    const stranger = new LatchGateOperator({ fetch: gate.operatorFetch, apiKey: "x", privateKey, clock });
    const error = await failure(stranger.approvals.watch().next());
    expect(error).toMatchObject({ code: "unauthorized" });
    expect((error as { hint: string }).hint).toMatch(/doctor/);
  });

  it("refuses a pause that is none", async () => {
    const { operator } = watched();
    expect(await failure(operator.approvals.watch({ pollMs: 0 }).next())).toMatchObject({
      code: "invalid_options",
    });
  });
});
