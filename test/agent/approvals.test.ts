import type { MockGateOptions } from "latchgate-client/testing";
import { describe, expect, it } from "vitest";
import {
  type ApprovalStatus,
  type ClientOptions,
  LatchGateApprovalDenied,
  LatchGateApprovalExpired,
  LatchGateApprovalLost,
  LatchGateApprovalRequired,
  LatchGateClient,
  LatchGateNotFound,
  LatchGateOutcomeUnknown,
} from "../../src/index.ts";
import { virtualWorld } from "../support/virtual-world.ts";

function world(gateOptions: MockGateOptions = {}, clientOptions: ClientOptions = {}) {
  const world = virtualWorld(
    {
      leaseTtlSeconds: 900,
      actions: {
        count: { riskLevel: "low", run: () => ({ ok: true }) },
        risky: { riskLevel: "high", run: () => ({ ok: true, done: 1 }) },
        broken: {
          riskLevel: "high",
          run: () => {
            throw new Error("it broke");
          },
        },
      },
      ...gateOptions,
    },
    clientOptions,
  );
  const hold = async (action = "risky") => {
    const error = await world.failure(world.client.execute(action));
    if (!(error instanceof LatchGateApprovalRequired)) throw error;
    return error;
  };
  return { ...world, hold };
}

describe("waiting for an operator", () => {
  it("gives what the gate executed when it was approved, once, output and all", async () => {
    const { clock, gate, client, hold } = world();
    const held = await hold();
    const waiting = client.waitForApproval(held);
    await clock.pass(5_000);
    await gate.approve(held.approvalId);
    const result = await clock.until(waiting);
    expect(result).toMatchObject({
      ok: true,
      output: { ok: true, done: 1 },
      traceId: held.traceId,
      sessionId: held.sessionId,
      verification: { isFullySuccessful: true },
    });
    expect((await client.getReceipt(result.receiptId)).receiptId).toBe(result.receiptId);
    expect(gate.effects).toHaveLength(1);
  });

  it("execute can do the waiting, and tells of each poll", async () => {
    const { clock, gate, client } = world();
    const seen: ApprovalStatus[] = [];
    const running = client.execute("risky", {}, { whenHeld: "wait", onPoll: (status) => seen.push(status) });
    await clock.pass(3_000);
    await gate.approve(gate.approvals[0]?.approvalId ?? "");
    expect((await clock.until(running)).ok).toBe(true);
    expect(seen.map(({ status }) => status)).toEqual(["pending", "pending", "approved"]);
    expect(gate.effects).toHaveLength(1);
  });

  it("polls at the gate's pace: every two seconds, every second once an operator has claimed it", async () => {
    const { clock, gate, client, polls, hold } = world();
    const held = await hold();
    const waiting = client.waitForApproval(held).catch(() => {});
    await clock.pass(9_000);
    expect(polls()).toHaveLength(5);
    gate.claim(held.approvalId);
    await clock.pass(11_000);
    expect(polls().length).toBe(5 + 11);
    await clock.until(waiting);
  });

  it.each([0, -5, 1e300])("is not led to another pace by a poll that asks for %s seconds", async (asked) => {
    const { clock, gate, client, polls, failure, hold } = world();
    const held = await hold();
    const body = JSON.stringify({ status: "pending", retry_after_seconds: asked });
    gate.fault(
      { operation: "pollApproval", times: Number.POSITIVE_INFINITY },
      { kind: "garbage", contentType: "application/json", body },
    );
    const began = clock.now();
    // Only the gate's "pending, 2" says that nobody has claimed it: this one ends with the lease, of 15 minutes.
    expect(await failure(client.waitForApproval(held))).toBeInstanceOf(LatchGateApprovalLost);
    const minutes = (clock.now() - began) / 60_000;
    expect(minutes).toBeLessThan(16);
    expect(polls().length / minutes).toBeGreaterThanOrEqual(5);
    expect(polls().length / minutes).toBeLessThanOrEqual(125);
  });

  it("a budget's unit comes back when nobody decided in time", async () => {
    const { clock, client, failure, hold } = world();
    await clock.until(client.connect({ maxCalls: 2 }));
    const held = await hold();
    expect(client.session?.callsLeft).toBe(1);
    await failure(client.waitForApproval(held));
    expect(client.session?.callsLeft).toBe(2);
  });

  it("one that may not look does not say that nothing ran", async () => {
    const { clock, gate, client, hold, failure } = world();
    const held = await hold();
    await gate.approve(held.approvalId);
    const stranger = new LatchGateClient({ fetch: clock.watch(gate.fetch), agentId: "u", clock });
    expect(await failure(stranger.waitForApproval(held.approvalId))).toMatchObject({
      name: "LatchGateNotFound",
      outcome: "unknown",
    });
    expect(client.sessionId).not.toBeNull();
  });

  it("a wait that can't be is refused before anything is sent", async () => {
    const { client, gate, failure } = world();
    for (const waitMs of [0, -1, Number.NaN])
      expect(await failure(client.execute("risky", {}, { whenHeld: "wait", waitMs }))).toMatchObject({
        name: "LatchGateInvalidRequest",
        outcome: "not_executed",
      });
    expect(gate.received).toEqual([]);
  });

  it("a denial is an error with the operator's reason, and nothing ran", async () => {
    const { gate, client, failure, hold } = world();
    const held = await hold();
    await gate.deny(held.approvalId, "not on a Friday");
    const error = await failure(client.waitForApproval(held));
    expect(error).toBeInstanceOf(LatchGateApprovalDenied);
    expect(error).toMatchObject({
      outcome: "not_executed",
      reason: "not on a Friday",
      approvalId: held.approvalId,
    });
    expect(gate.effects).toEqual([]);
  });

  it("hears in the last of its time who decided after the poll before, however short it is", async () => {
    const { clock, gate, client, hold } = world();
    const held = await hold();
    const waiting = client.waitForApproval(held, { waitMs: 1_000 });
    await clock.pass(500);
    await gate.approve(held.approvalId);
    expect(await clock.until(waiting)).toMatchObject({ ok: true });
  });

  it("is not said to be over before the second is, that the gate's Date has cut off", async () => {
    const { clock, client, failure, hold } = world();
    const held = await hold();
    await clock.pass(301_000);
    const error = await failure(client.waitForApproval(held, { waitMs: 1 }));
    expect(error).toMatchObject({ name: "LatchGateApprovalRequired", code: "wait_timeout" });
  });

  it("is over by when it was asked about, and not by when a slow answer came, where no Date is sent", async () => {
    const { clock, gate, make, failure } = world();
    const fetch: typeof globalThis.fetch = async (input, init) => {
      const response = await clock.watch(gate.fetch)(input, init);
      if (String(input).includes("/poll"))
        await new Promise<void>((resolve) => void clock.timer(2_000, resolve));
      const { status, headers } = response;
      const others = [...headers].filter(([name]) => name !== "date");
      return new Response(await response.text(), { status, headers: others });
    };
    const client = make({ fetch });
    const { approvalId } = (await failure(client.execute("risky"))) as LatchGateApprovalRequired;
    await clock.pass(300_500);
    const error = await failure(client.waitForApproval(approvalId, { waitMs: 3_000 }));
    expect(error).toMatchObject({ name: "LatchGateApprovalRequired", code: "wait_timeout" });
  });

  it("is not asked about in the last second of a lease, which its claims have cut off", async () => {
    const { clock, gate, client, failure, hold } = world({ leaseTtlSeconds: 300 });
    const held = await hold();
    await clock.pass(299_500);
    expect(await failure(client.getApprovalStatus(held.approvalId))).toMatchObject({
      name: "LatchGateApprovalLost",
      code: "lease_ended",
    });
    expect(gate.received.filter(({ operationId }) => operationId === "pollApproval")).toEqual([]);
  });

  it("nobody deciding for 300 s is an end, and nothing ran", async () => {
    const { gate, client, failure, hold } = world();
    const error = await failure(client.waitForApproval(await hold()));
    expect(error).toBeInstanceOf(LatchGateApprovalExpired);
    expect(error.outcome).toBe("not_executed");
    expect(gate.effects).toEqual([]);
  });

  it("an approval that is claimed when its time is up is waited for", async () => {
    const { clock, gate, client, failure, hold } = world();
    const held = await hold();
    const waiting = client.waitForApproval(held);
    await clock.pass(299_000);
    gate.claim(held.approvalId);
    await clock.pass(60_000);
    let settled = false;
    waiting.catch(() => {}).finally(() => (settled = true));
    await clock.pass(1_000);
    expect(settled).toBe(false);
    // The operator's run never ends: the lease does, and then nobody may look any more.
    expect(await failure(waiting)).toMatchObject({ name: "LatchGateApprovalLost", outcome: "unknown" });
  });

  it("a failed approval may have run", async () => {
    const { gate, client, failure, hold } = world();
    const held = await hold("broken");
    await gate.approve(held.approvalId);
    const error = await failure(client.waitForApproval(held));
    expect(error).toBeInstanceOf(LatchGateOutcomeUnknown);
    expect(error).toMatchObject({ outcome: "unknown", code: "approval_failed" });
    expect(error.hint).toBeTruthy();
  });

  it("goes on polling with the session that opened it, though calls go on with a new one", async () => {
    const { clock, gate, client, polls, hold } = world();
    const held = await hold();
    await client.connect();
    await client.execute("count");
    const waiting = client.waitForApproval(held);
    await clock.pass(3_000);
    await gate.approve(held.approvalId);
    expect((await clock.until(waiting)).sessionId).toBe(held.sessionId);
    expect(new Set(polls().map(({ sessionId }) => sessionId))).toEqual(new Set([held.sessionId]));
    expect(client.sessionId).not.toBe(held.sessionId);
  });

  it("ends as lost with the lease of that session, for nobody else may look", async () => {
    const { gate, client, failure, hold } = world({ leaseTtlSeconds: 60 });
    const held = await hold();
    const error = await failure(client.waitForApproval(held));
    expect(error).toBeInstanceOf(LatchGateApprovalLost);
    expect(error).toMatchObject({ outcome: "unknown", sessionId: held.sessionId });
    expect(gate.received.every(({ status }) => status !== 401)).toBe(true);
  });

  it("starts on a session with most of its life left", async () => {
    const { clock, gate, client } = world({ leaseTtlSeconds: 300 });
    const first = await client.execute("count");
    await clock.pass(200_000);
    const running = client.execute("risky", {}, { whenHeld: "wait" });
    await clock.pass(10_000);
    await gate.approve(gate.approvals[0]?.approvalId ?? "");
    expect((await clock.until(running)).sessionId).not.toBe(first.sessionId);
  });

  it.each([
    ["a 503", { kind: "answer", status: 503, body: "" }],
    ["a 401", { kind: "answer", status: 401, body: "" }],
    ["a lost connection", { kind: "reset", when: "answered" }],
    ["a gate that is away", { kind: "refuse" }],
  ] as const)("%s in a poll is not an end", async (_name, fault) => {
    const { clock, gate, client, hold } = world();
    const held = await hold();
    gate.fault({ operation: "pollApproval", times: 4 }, fault);
    const waiting = client.waitForApproval(held);
    await clock.pass(9_000);
    await gate.approve(held.approvalId);
    expect((await clock.until(waiting)).ok).toBe(true);
  });

  it("a 502 in a poll is no word about the action, whatever word it has", async () => {
    const { clock, gate, client, hold } = world();
    const held = await hold();
    gate.fault("pollApproval", { kind: "answer", status: 502, code: "action_execution_failed" });
    const waiting = client.waitForApproval(held);
    await clock.pass(1_000);
    await gate.approve(held.approvalId);
    expect((await clock.until(waiting)).ok).toBe(true);
  });

  it("a poll that is refused for good leaves the action held: nobody may take it as not executed", async () => {
    const { gate, client, failure, hold } = world();
    const held = await hold();
    gate.fault("pollApproval", { kind: "answer", status: 403, code: "policy_denied" });
    expect(await failure(client.waitForApproval(held))).toMatchObject({
      name: "LatchGateApprovalRequired",
      code: "policy_denied",
      outcome: "unknown",
      cause: { name: "LatchGateDenied" },
    });
  });

  it("a closed client waits no longer", async () => {
    const { clock, client, failure, hold } = world();
    const held = await hold();
    const before = clock.now();
    await client.close();
    expect(await failure(client.waitForApproval(held))).toMatchObject({ code: "closed", outcome: "unknown" });
    expect(clock.now()).toBe(before);
  });

  it("an approval that nobody could be asked about for all its life is lost", async () => {
    const { gate, client, failure } = world();
    gate.fault({ operation: "createLease", times: Number.POSITIVE_INFINITY }, { kind: "refuse" });
    const waiting = client.waitForApproval("01a20b78-9797-7db0-a7bd-aeb0231d19fc");
    expect(await failure(waiting)).toBeInstanceOf(LatchGateApprovalLost);
  });

  it("a poll that hangs does not outlast waitMs", async () => {
    const { clock, gate, client, failure, hold } = world();
    const held = await hold();
    const before = clock.now();
    gate.fault({ operation: "pollApproval", skip: 1, times: 9 }, { kind: "hang", when: "unread" });
    expect(await failure(client.waitForApproval(held, { waitMs: 5_000 }))).toMatchObject({
      code: "wait_timeout",
    });
    expect(clock.now() - before).toBeLessThanOrEqual(5_000);
  });

  it("a wall clock that jumps during the wait is put right by the gate's, though its 401 says nothing", async () => {
    const { clock, gate } = world();
    let jump = 0;
    const client = new LatchGateClient({
      fetch: clock.watch(gate.fetch),
      agentId: "t",
      clock: { ...clock, now: () => clock.now() + jump },
    });
    const waiting = client.execute("risky", {}, { whenHeld: "wait" });
    await clock.pass(3_000);
    jump = -120_000;
    await clock.pass(3_000);
    await gate.approve(gate.approvals[0]?.approvalId ?? "");
    expect((await clock.until(waiting)).ok).toBe(true);
    const refused = gate.received.filter(({ status }) => status === 401);
    expect(refused.map(({ operationId }) => operationId)).toEqual(["pollApproval"]);
  });

  it("an approval that the gate has forgotten is lost", async () => {
    const { gate, client, failure, hold } = world();
    const held = await hold();
    gate.fault("pollApproval", { kind: "answer", status: 404, body: "" });
    expect(await failure(client.waitForApproval(held))).toBeInstanceOf(LatchGateApprovalLost);
  });

  it("an id that no session of this client opened is not found", async () => {
    const { client, failure } = world();
    expect(await failure(client.waitForApproval("01a20b78-9797-7db0-a7bd-aeb0231d19fc"))).toBeInstanceOf(
      LatchGateNotFound,
    );
  });

  it("a signal ends the wait at once: what becomes of the action is open, and its id is there", async () => {
    const { clock, client, failure, hold } = world();
    const held = await hold();
    const controller = new AbortController();
    const waiting = client.waitForApproval(held, { signal: controller.signal });
    await clock.pass(3_000);
    controller.abort(new Error("enough"));
    const error = await failure(waiting);
    expect(error).toBeInstanceOf(LatchGateApprovalRequired);
    expect(error).toMatchObject({
      code: "aborted",
      outcome: "unknown",
      approvalId: held.approvalId,
      cause: { message: "enough" },
    });
    expect(clock.pending).toBe(0);
  });

  it("waitMs ends the wait, and the approval can be waited for again", async () => {
    const { clock, gate, client, failure, hold } = world();
    const held = await hold();
    expect(await failure(client.waitForApproval(held, { waitMs: 5_000 }))).toMatchObject({
      code: "wait_timeout",
    });
    await gate.approve(held.approvalId);
    expect((await clock.until(client.waitForApproval(held.approvalId))).ok).toBe(true);
  });

  it("a receipt that can't be read afterwards does not make the action undone", async () => {
    const { clock, gate, client, failure, hold } = world();
    const held = await hold();
    await gate.approve(held.approvalId);
    gate.fault(
      { operation: "getReceipt", times: 3 },
      { kind: "answer", status: 500, code: "internal_error" },
    );
    const error = await failure(client.waitForApproval(held));
    expect(error).toMatchObject({
      name: "LatchGateOutcomeUnknown",
      outcome: "executed",
      code: "receipt_unreadable",
    });
    const { receipt_id } = error.body as { receipt_id: string };
    expect((await clock.until(client.getReceipt(receipt_id))).receiptId).toBe(receipt_id);
  });

  it("a listener that throws does not end the wait", async () => {
    const { clock, gate, client, hold } = world();
    const held = await hold();
    await gate.approve(held.approvalId);
    const onPoll = () => {
      throw new Error("listener");
    };
    expect((await clock.until(client.waitForApproval(held, { onPoll }))).ok).toBe(true);
  });
});
