import type { MockGateOptions } from "latchgate-client/testing";
import { describe, expect, it } from "vitest";
import { operatorOperations } from "../../src/generated/operations.ts";
import type { paths as operatorPaths } from "../../src/generated/operator.ts";
import {
  type ClientOptions,
  createAgentApi,
  createTransport,
  LatchGateClient,
  type LatchGateError,
  LatchGateOutcomeUnknown,
  LatchGateReplayDetected,
  LatchGateUnavailable,
} from "../../src/index.ts";
import { virtualWorld } from "../support/virtual-world.ts";

function world(gateOptions: MockGateOptions = {}, clientOptions: ClientOptions = {}) {
  const actions = { count: { riskLevel: "low", run: () => ({ ok: true }) } } as const;
  const world = virtualWorld({ actions, ...gateOptions }, clientOptions);
  return { ...world, ready: () => world.clock.until(world.client.connect()) };
}

const unavailable = (code: string, status = 503) => ({ kind: "answer", status, code }) as const;

describe("what surely did nothing", () => {
  it.each([
    "policy_engine_unavailable",
    "policy_engine_timeout",
    "policy_engine_invalid_response",
    "store_unavailable",
    "budget_store_unavailable",
  ])("503 %s is tried again, with a new proof", async (code) => {
    const { clock, gate, client, executes, ready } = world();
    await ready();
    gate.fault("executeAction", unavailable(code));
    expect((await clock.until(client.execute("count"))).ok).toBe(true);
    expect(new Set(executes().map(({ proof }) => proof?.jti)).size).toBe(2);
    expect(gate.effects).toHaveLength(1);
  });

  it.each([
    [503, "clock_error"],
    [503, "replay_cache_unavailable"],
    [429, "rate_limited"],
  ])("%i %s comes before the proof is stored: the same bytes are sent again", async (status, code) => {
    const { clock, gate, client, executes, ready } = world();
    await ready();
    gate.fault("executeAction", unavailable(code, status));
    expect((await clock.until(client.execute("count"))).ok).toBe(true);
    expect(new Set(executes().map(({ proof }) => proof?.jti)).size).toBe(1);
    expect(executes()).toHaveLength(2);
    expect(gate.effects).toHaveLength(1);
  });

  it("a gate that refuses the connection is tried again", async () => {
    const { clock, gate, client, ready } = world();
    await ready();
    gate.fault({ operation: "executeAction", times: 2 }, { kind: "refuse" });
    expect((await clock.until(client.execute("count"))).ok).toBe(true);
    expect(gate.effects).toHaveLength(1);
  });

  it("a throttled call waits the second that the gate's buckets take, and what Retry-After asks", async () => {
    const { clock, gate, client, ready } = world();
    await ready();
    const before = clock.now();
    gate.fault("executeAction", unavailable("rate_limited", 429));
    await clock.until(client.execute("count"));
    expect(clock.now() - before).toBe(1_000);
    gate.fault("executeAction", { ...unavailable("rate_limited", 429), headers: { "retry-after": "7" } });
    await clock.until(client.execute("count"));
    expect(clock.now() - before).toBe(8_000);
    const date = new Date(clock.now() + 3_000).toUTCString();
    gate.fault("executeAction", { ...unavailable("store_unavailable"), headers: { "retry-after": date } });
    await clock.until(client.execute("count"));
    expect(clock.now() - before).toBe(11_000);
  });

  it("waits longer each time, by chance within bounds", async () => {
    const { clock, gate, client, failure, ready } = world({}, { retry: { attempts: 5 } });
    await ready();
    const before = clock.now();
    gate.fault({ operation: "executeAction", times: 5 }, unavailable("store_unavailable"));
    expect((await failure(client.execute("count"))).attempts).toBe(5);
    // Half of 100, 200, 400 and 800 ms.
    expect(clock.now() - before).toBe(750);
  });

  it("ends after three tries with the first failure, and the last as its cause", async () => {
    const { gate, client, executes, failure, ready } = world();
    await ready();
    gate.fault("executeAction", unavailable("policy_engine_unavailable"));
    gate.fault({ operation: "executeAction", times: 2 }, unavailable("store_unavailable"));
    const error = await failure(client.execute("count"));
    expect(error).toBeInstanceOf(LatchGateUnavailable);
    expect(error).toMatchObject({
      detail: "policy_engine_unavailable",
      attempts: 3,
      outcome: "not_executed",
      cause: { code: "store_unavailable" },
    });
    expect(executes()).toHaveLength(3);
  });

  it("a later try that may have run is what surfaces", async () => {
    const { gate, client, failure, ready } = world();
    await ready();
    gate.fault("executeAction", unavailable("store_unavailable"));
    gate.fault("executeAction", unavailable("action_execution_failed", 502));
    expect(await failure(client.execute("count"))).toMatchObject({
      name: "LatchGateOutcomeUnknown",
      code: "action_execution_failed",
      attempts: 2,
    });
  });

  it("does not wait beyond the call's own time", async () => {
    const { clock, gate, client, failure, ready } = world();
    await ready();
    const before = clock.now();
    gate.fault("executeAction", { ...unavailable("rate_limited", 429), headers: { "retry-after": "60" } });
    const error = await failure(client.execute("count", {}, { timeoutMs: 5_000 }));
    expect(error).toMatchObject({ name: "LatchGateRateLimited", retryAfterMs: 60_000, attempts: 1 });
    expect(clock.now()).toBe(before);
  });

  it("stops waiting when the signal is aborted, and nothing ran", async () => {
    const { clock, gate, client, failure, ready } = world();
    await ready();
    gate.fault("executeAction", { ...unavailable("rate_limited", 429), headers: { "retry-after": "20" } });
    const controller = new AbortController();
    const call = client.execute("count", {}, { signal: controller.signal });
    await clock.pass(1_000);
    controller.abort();
    expect(await failure(call)).toMatchObject({ outcome: "not_executed", code: "rate_limited" });
    expect(gate.effects).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it.each([
    ["draining", 503],
    ["policy_denied", 403],
    ["action_not_found", 404],
    ["grant_consumed", 409],
  ])("%s is an answer that more tries do not change", async (code, status) => {
    const { gate, client, executes, failure, ready } = world();
    await ready();
    gate.fault("executeAction", unavailable(code, status));
    expect(await failure(client.execute("count"))).toMatchObject({ outcome: "not_executed", attempts: 1 });
    expect(executes()).toHaveLength(1);
  });
});

describe("what may have run", () => {
  it.each([
    [500, "internal_error"],
    [500, "evidence_persistence_failed"],
    [502, "action_execution_failed"],
    [422, "schema_violation"],
    [504, undefined],
    [503, undefined],
  ])("%s %s is never sent again", async (status, code) => {
    const { gate, client, executes, failure, ready } = world();
    await ready();
    gate.fault(
      "executeAction",
      code === undefined ? { kind: "answer", status, body: "<html>" } : unavailable(code, status),
    );
    expect(await failure(client.execute("count"))).toBeInstanceOf(LatchGateOutcomeUnknown);
    expect(executes()).toHaveLength(1);
  });

  it("a proof that was replayed by somebody between is unknown, and never answered with a new one", async () => {
    const { gate, client, executes, failure, ready } = world();
    await ready();
    gate.fault("executeAction", { kind: "duplicate", hears: "second" });
    const error = await failure(client.execute("count"));
    expect(error).toBeInstanceOf(LatchGateReplayDetected);
    expect(error.outcome).toBe("unknown");
    expect(executes()).toHaveLength(1);
    expect(gate.effects).toHaveLength(1);
  });

  it("a timeout is never sent again", async () => {
    const { gate, client, executes, failure, ready } = world();
    await ready();
    gate.fault("executeAction", { kind: "hang", when: "answered" });
    expect(await failure(client.execute("count"))).toMatchObject({
      code: "timeout",
      outcome: "unknown",
      attempts: 1,
    });
    expect(executes()).toHaveLength(1);
  });
});

describe("a connection lost before any answer", () => {
  it("costs one more copy of the same bytes: if the gate never saw the first, the second runs", async () => {
    const { clock, gate, client, executes, ready } = world();
    await ready();
    gate.fault("executeAction", { kind: "reset", when: "unread" });
    const result = await clock.until(client.execute("count", { marker: 1 }));
    expect(result.ok).toBe(true);
    const [first, second] = executes();
    expect(second?.headers).toEqual(first?.headers);
    expect(second?.body).toBe(first?.body);
    expect(gate.effects).toHaveLength(1);
  });

  it("is unknown when the gate had accepted the first copy, and says so", async () => {
    const { gate, client, executes, failure, ready } = world();
    await ready();
    gate.fault("executeAction", { kind: "reset", when: "running" });
    const error = await failure(client.execute("count"));
    expect(error).toMatchObject({
      name: "LatchGateOutcomeUnknown",
      code: "lost",
      attempts: 2,
      outcome: "unknown",
    });
    expect(error.message).toContain("accepted");
    expect(executes()).toHaveLength(2);
    expect(gate.effects).toHaveLength(1);
  });

  it.each([
    ["429", unavailable("rate_limited", 429)],
    ["draining", unavailable("draining")],
    ["replay_cache_unavailable", unavailable("replay_cache_unavailable")],
    ["lease_expired", unavailable("lease_expired", 401)],
    ["invalid_lease", unavailable("invalid_lease", 401)],
    ["invalid_dpop", unavailable("invalid_dpop", 401)],
    ["a refused connection", { kind: "refuse" }],
    ["a second loss", { kind: "reset", when: "unread" }],
    ["a proxy's 503", { kind: "answer", status: 503, body: "<html>" }],
  ] as const)(
    "stays unknown when the second copy gets %s, and no new proof is signed",
    async (_name, fault) => {
      const { gate, client, executes, failure, ready } = world();
      await ready();
      gate.fault("executeAction", { kind: "reset", when: "running" });
      gate.fault("executeAction", fault);
      expect(await failure(client.execute("count"))).toMatchObject({
        name: "LatchGateOutcomeUnknown",
        code: "lost",
        outcome: "unknown",
      });
      expect(new Set(executes().map(({ proof }) => proof?.jti)).size).toBe(1);
      expect(gate.effects).toHaveLength(1);
    },
  );

  it("is resolved by any answer that comes after the replay check", async () => {
    const { clock, gate, client, executes, ready } = world();
    await ready();
    gate.fault("executeAction", { kind: "reset", when: "unread" });
    gate.fault("executeAction", unavailable("store_unavailable"));
    expect((await clock.until(client.execute("count"))).ok).toBe(true);
    expect(new Set(executes().map(({ proof }) => proof?.jti)).size).toBe(2);
    expect(gate.effects).toHaveLength(1);
  });

  it("is not sent again where the client says so, and the call's own retry does not speak of it", async () => {
    const { gate, client, executes, failure, ready } = world({}, { retry: false });
    await ready();
    gate.fault("executeAction", { kind: "reset", when: "unread" });
    const error = await failure(client.execute("count", {}, { retry: { attempts: 1, resend: undefined } }));
    expect(error.outcome).toBe("unknown");
    expect(executes()).toHaveLength(1);
  });

  it("is not sent again where nothing was signed: no proof would keep the copies apart", async () => {
    const { clock, gate, failure } = world();
    const api = createAgentApi<operatorPaths>({
      fetch: clock.watch(gate.operatorFetch),
      clock,
      operations: operatorOperations,
    });
    gate.fault("approveApproval", { kind: "reset", when: "unread" });
    const approve = api.POST("/v1/approvals/{approval_id}/approve", {
      params: { path: { approval_id: "01a20b78-8f2d-7d02-a5f4-4b6bd7a3d0e1" } },
    });
    await failure(approve);
    expect(gate.received.filter(({ operationId }) => operationId === "approveApproval")).toHaveLength(1);
  });

  it("costs nothing more with resend: false", async () => {
    const { gate, client, executes, failure, ready } = world({}, { retry: { resend: false } });
    await ready();
    gate.fault("executeAction", { kind: "reset", when: "unread" });
    expect(await failure(client.execute("count"))).toMatchObject({
      code: "lost",
      outcome: "unknown",
      attempts: 1,
    });
    expect(executes()).toHaveLength(1);
  });

  it("within the answer it is not sent again", async () => {
    const { gate, client, executes, failure, ready } = world();
    await ready();
    gate.fault("executeAction", { kind: "truncate" });
    expect(await failure(client.execute("count"))).toMatchObject({
      code: "lost",
      outcome: "unknown",
      attempts: 1,
    });
    expect(executes()).toHaveLength(1);
  });
});

describe("reads and leases", () => {
  it("a lease is asked for again when its connection is lost, throttled or hangs", async () => {
    const { clock, gate, client } = world();
    gate.fault("createLease", { kind: "reset", when: "answered" });
    gate.fault("createLease", { kind: "hang", when: "unread" });
    await clock.until(client.connect());
    expect(client.sessionId).not.toBeNull();
    gate.fault("createLease", unavailable("rate_limit_exceeded", 429));
    const before = clock.now();
    await clock.until(client.connect());
    expect(clock.now() - before).toBe(1_000);
  });

  it("a read is repeated on loss and on a gate's trouble", async () => {
    const { clock, gate, client } = world();
    gate.fault("listActions", { kind: "reset", when: "answered" });
    gate.fault("listActions", { kind: "hang", when: "answered" });
    expect((await clock.until(client.actions())).length).toBeGreaterThan(0);
  });
});

describe("a wrong clock", () => {
  it.each([-86_400_000, -601_000, 601_000, 86_400_000])(
    "that is off by %s ms is not corrected, but named",
    async (offset) => {
      const { clock, gate } = world();
      const client = new LatchGateClient({
        fetch: clock.watch(gate.fetch),
        agentId: "t",
        clock: { ...clock, now: () => clock.now() + offset },
      });
      const error = await clock.until(
        client.execute("count").then(
          () => undefined,
          (caught: LatchGateError) => caught,
        ),
      );
      expect(error).toMatchObject({ code: "invalid_dpop", outcome: "not_executed", attempts: 1 });
      expect(error?.hint).toMatch(/clock is \d+ s (behind|ahead of) the gate's/);
    },
  );

  it.each([-590_000, -120_000, -65_000, 8_000, 65_000, 590_000])(
    "that is off by %s ms costs one refused proof, and none after that",
    async (offset) => {
      const { clock, gate, executes } = world();
      const client = new LatchGateClient({
        fetch: clock.watch(gate.fetch),
        agentId: "t",
        clock: { ...clock, now: () => clock.now() + offset },
      });
      for (let call = 0; call < 3; call += 1) {
        expect((await clock.until(client.execute("count"))).ok).toBe(true);
        await clock.pass(10_000);
      }
      expect(executes().map(({ status }) => status)).toEqual([401, 200, 200, 200]);
      expect(gate.effects).toHaveLength(3);
    },
  );

  it("an offset of five seconds is within what the gate allows", async () => {
    const { clock, gate, executes } = world();
    const client = new LatchGateClient({
      fetch: clock.watch(gate.fetch),
      agentId: "t",
      clock: { ...clock, now: () => clock.now() + 5_000 },
    });
    await clock.until(client.execute("count"));
    expect(executes().map(({ status }) => status)).toEqual([200]);
  });

  it("a gate that refuses every clock is not argued with", async () => {
    const { clock, gate, client, executes, failure, ready } = world();
    await ready();
    const reason = () => `iat too old: 1 (now=${Math.floor(clock.now() / 1000) + 100}, max_age=60s)`;
    const body = JSON.stringify({ error: "invalid_dpop", deny_reason: reason() });
    gate.fault(
      { operation: "executeAction", times: Number.POSITIVE_INFINITY },
      { kind: "answer", status: 401, body },
    );
    expect(await failure(client.execute("count"))).toMatchObject({ code: "invalid_dpop", attempts: 2 });
    expect(executes()).toHaveLength(2);
  });

  it("a read that the gate refuses without a reason goes by its Date", async () => {
    const { clock, gate } = world();
    const client = new LatchGateClient({
      fetch: clock.watch(gate.fetch),
      agentId: "t",
      clock: { ...clock, now: () => clock.now() - 120_000 },
    });
    const honest = new LatchGateClient({ fetch: clock.watch(gate.fetch), agentId: "u", clock });
    const { receiptId } = await clock.until(honest.execute("count"));
    expect((await clock.until(client.getReceipt(receiptId))).receiptId).toBe(receiptId);
  });
});

describe("limits on repeating", () => {
  it("retry: false sends nothing twice, whatever happens", async () => {
    for (const fault of [
      unavailable("store_unavailable"),
      unavailable("lease_expired", 401),
      { kind: "reset", when: "unread" } as const,
    ]) {
      const { gate, client, executes, failure, ready } = world({}, { retry: false });
      await ready();
      gate.fault("executeAction", fault);
      await failure(client.execute("count"));
      expect(executes()).toHaveLength(1);
    }
  });

  it("one call can be told otherwise", async () => {
    const { gate, client, executes, failure, ready } = world();
    await ready();
    gate.fault({ operation: "executeAction", times: 9 }, unavailable("store_unavailable"));
    await failure(client.execute("count", {}, { retry: { attempts: 2 } }));
    expect(executes()).toHaveLength(2);
  });

  it("an outage is not multiplied: those who share a transport share what repeating costs", async () => {
    const { clock, gate } = world();
    const transport = createTransport({ fetch: clock.watch(gate.fetch) }, clock);
    const clients = Array.from(
      { length: 20 },
      (_, index) => new LatchGateClient({ transport, agentId: `a${index}`, clock }),
    );
    await clock.until(Promise.all(clients.map((client) => client.connect())));
    const before = gate.received.length;
    gate.fault(
      { operation: "executeAction", times: Number.POSITIVE_INFINITY },
      unavailable("store_unavailable"),
    );
    await clock.until(Promise.allSettled(clients.map((client) => client.execute("count"))));
    // Every call is made once; the bucket of ten allows six repetitions before it is below half.
    expect(gate.received.length - before).toBe(20 + 6);
  });

  it("a success gives back a tenth", async () => {
    const { clock, gate } = world();
    const transport = createTransport({ fetch: clock.watch(gate.fetch) }, clock);
    const client = new LatchGateClient({ transport, agentId: "t", clock, retry: { attempts: 2 } });
    await clock.until(client.connect());
    const outage = gate.fault(
      { operation: "executeAction", times: Number.POSITIVE_INFINITY },
      unavailable("store_unavailable"),
    );
    for (let call = 0; call < 10; call += 1) await clock.until(client.execute("count").catch(() => {}));
    outage.remove();
    const repeatedOnce = async () => {
      gate.fault("executeAction", unavailable("store_unavailable"));
      return clock.until(
        client.execute("count").then(
          () => true,
          () => false,
        ),
      );
    };
    expect(await repeatedOnce()).toBe(false);
    for (let call = 0; call < 11; call += 1) await clock.until(client.execute("count"));
    expect(await repeatedOnce()).toBe(true);
  });

  it.each([{ attempts: 0 }, { attempts: 1.5 }, { minDelayMs: -1 }, { minDelayMs: 5, maxDelayMs: 1 }])(
    "%j is refused",
    (retry) => {
      expect(() => new LatchGateClient({ retry })).toThrow("retry.");
    },
  );
});
