import { MockGate, type MockGateOptions } from "latchgate-client/testing";
import { describe, expect, it } from "vitest";
import {
  type ClientOptions,
  LatchGateBudgetExhausted,
  LatchGateClient,
  LatchGateDenied,
  type LatchGateError,
  LatchGateInvalidRequest,
  type LeaseEvent,
} from "../../src/index.ts";
import { failureOf } from "../support/failure-of.ts";

/** A gate whose clock moves by `advance` alone, and a client that reads the same clock. */
function world(gateOptions: MockGateOptions = {}, clientOptions: ClientOptions = {}) {
  const start = Date.now();
  const gate = new MockGate({
    now: () => start,
    rateLimits: false,
    actions: {
      count: { riskLevel: "low", run: () => ({ ok: true }) },
      risky: { riskLevel: "high", run: () => ({ ok: true }) },
    },
    ...gateOptions,
  });
  const client = new LatchGateClient({ fetch: gate.fetch, agentId: "t", now: gate.now, ...clientOptions });
  const leases = () => gate.received.filter(({ operationId }) => operationId === "createLease");
  const asked = () =>
    leases().map(
      ({ body }) =>
        JSON.parse(String(body)) as { scopes: string[]; budgets?: { max_calls: number }; fs_root?: string },
    );
  return { gate, client, leases, asked };
}

describe("one flight", () => {
  it("ten callers at once take one lease", async () => {
    const { client, leases, gate } = world();
    await Promise.all(Array.from({ length: 10 }, () => client.execute("count")));
    expect(leases()).toHaveLength(1);
    expect(gate.effects).toHaveLength(10);
  });

  it("connect() and the calls beside it take one lease", async () => {
    const { client, leases } = world();
    await Promise.all([client.connect(), client.execute("count"), client.execute("count")]);
    expect(leases()).toHaveLength(1);
  });

  it("calls that connect with different options are not merged, and follow each other", async () => {
    const { client, asked } = world();
    await Promise.all([
      client.connect({ maxCalls: 1 }),
      client.connect({ maxCalls: 2 }),
      client.connect({ maxCalls: 2 }),
    ]);
    expect(asked().map(({ budgets }) => budgets?.max_calls)).toEqual([1, 2]);
    expect(client.session?.callsLeft).toBe(2);
  });

  it("a caller who gives up does not take the lease from the others", async () => {
    const { client, gate, leases } = world();
    const controller = new AbortController();
    const given = failureOf(client.execute("count", {}, { signal: controller.signal }));
    const other = client.execute("count");
    controller.abort();
    expect(await given).toMatchObject({ code: "aborted", outcome: "not_executed" });
    await other;
    expect(leases()).toHaveLength(1);
    expect(gate.effects).toHaveLength(1);
  });

  it("a lease that nobody waits for any more is given up, and the next call takes its own", async () => {
    const { client, gate, leases } = world();
    gate.fault("createLease", { kind: "hang", when: "unread" });
    expect(await failureOf(client.execute("count", {}, { timeoutMs: 20 }))).toMatchObject({
      code: "timeout",
    });
    expect((await client.execute("count")).ok).toBe(true);
    expect(leases()).toHaveLength(2);
    expect(gate.effects).toHaveLength(1);
  });

  it("a lease that one still waits for is not given up with the others", async () => {
    const { client, gate, leases } = world();
    gate.fault("createLease", { kind: "delay", ms: 40 });
    const given = failureOf(client.execute("count", {}, { timeoutMs: 10 }));
    const other = client.execute("count");
    expect(await given).toMatchObject({ code: "timeout", outcome: "not_executed" });
    await other;
    expect(leases()).toHaveLength(1);
  });

  it("connect() without options repeats the last ones, with the full budget", async () => {
    const { client, asked } = world();
    await client.connect({ maxCalls: 5, scopes: ["tools:call", "audit:read"] });
    await client.execute("count");
    await client.connect();
    expect(asked()[1]).toMatchObject({ budgets: { max_calls: 5 }, scopes: ["tools:call", "audit:read"] });
    expect(client.session?.callsLeft).toBe(5);
  });

  it("options whose lease the gate refused are not asked for again", async () => {
    const { client, asked } = world({}, { agentId: undefined });
    expect(await failureOf(client.connect({ scopes: ["no good scope"] }))).toBeInstanceOf(
      LatchGateInvalidRequest,
    );
    expect(await failureOf(client.execute("count"))).toMatchObject({ code: "not_connected" });
    expect(asked()).toHaveLength(1);
  });
});

describe("renewal", () => {
  it("a fresh lease is used as it is", async () => {
    const { client, gate, leases } = world();
    await client.execute("count");
    gate.advance(235_000);
    await client.execute("count");
    expect(leases()).toHaveLength(1);
  });

  it("with less than a minute left the call goes on with the old lease while a new one is fetched", async () => {
    const { client, gate, leases } = world();
    const first = await client.execute("count");
    gate.advance(245_000);
    const second = await client.execute("count");
    expect(second.sessionId).toBe(first.sessionId);
    await expect.poll(() => leases().length).toBe(2);
    await expect.poll(() => client.sessionId).not.toBe(first.sessionId);
    expect((await client.execute("count")).sessionId).toBe(client.sessionId);
    expect(leases()).toHaveLength(2);
  });

  it("near its end the call waits for the new lease", async () => {
    const { client, gate } = world();
    const first = await client.execute("count");
    gate.advance(290_000);
    expect((await client.execute("count")).sessionId).not.toBe(first.sessionId);
  });

  it("asks for the same scopes and directory, and for the calls that are left", async () => {
    const { client, gate, asked } = world({ directories: ["/srv/gate/mine"] });
    await client.connect({ scopes: ["tools:call", "audit:read"], maxCalls: 5, fsRoot: "/srv/gate/mine" });
    await client.execute("count");
    await client.execute("count");
    gate.advance(299_500);
    await client.execute("count");
    expect(asked()[1]).toMatchObject({
      scopes: ["tools:call", "audit:read"],
      budgets: { max_calls: 3 },
      fs_root: "/srv/gate/mine",
    });
    expect(client.session?.callsLeft).toBe(2);
  });

  it("with no calls left it says so and sends nothing", async () => {
    const { client, gate } = world();
    await client.connect({ maxCalls: 1 });
    await client.execute("count");
    gate.advance(299_500);
    const sent = gate.received.length;
    expect(await failureOf(client.execute("count"))).toBeInstanceOf(LatchGateBudgetExhausted);
    expect(gate.received).toHaveLength(sent);
  });

  it("a lease of two seconds does not mean a lease for every call", async () => {
    const { client, leases } = world({ leaseTtlSeconds: 2 });
    for (let call = 0; call < 20; call += 1) await client.execute("count");
    expect(leases()).toHaveLength(1);
  });

  it("a clock that is four seconds fast does not shorten a lease", async () => {
    const { client, gate, leases } = world({ leaseTtlSeconds: 10 });
    const fast = new LatchGateClient({ fetch: gate.fetch, agentId: "t", now: () => gate.now() + 4_000 });
    await fast.execute("count");
    gate.advance(6_000);
    await fast.execute("count");
    expect(leases()).toHaveLength(1);
    expect(client.session).toBeNull();
  });

  it("a renewal in the background that fails does not fail the call, and is not tried with every call", async () => {
    const events: LeaseEvent[] = [];
    const { client, gate, leases } = world({}, { onEvent: (event) => events.push(event), retry: false });
    await client.execute("count");
    gate.advance(245_000);
    gate.fault(
      { operation: "createLease", times: Number.POSITIVE_INFINITY },
      { kind: "answer", status: 503, code: "clock_error" },
    );
    for (let call = 0; call < 5; call += 1) await client.execute("count");
    await expect.poll(() => events.map(({ type }) => type)).toEqual(["session", "renewal_failed"]);
    expect(leases()).toHaveLength(2);
  });

  it("an old lease with seconds left is used when no new one can be had", async () => {
    const { client, gate } = world({}, { retry: false });
    const first = await client.execute("count");
    gate.advance(290_000);
    gate.fault("createLease", { kind: "answer", status: 503, code: "clock_error" });
    expect((await client.execute("count")).sessionId).toBe(first.sessionId);
  });

  it("a call whose time went by while it waited for a lease is not sent with the old one", async () => {
    const { client, gate } = world({}, { timeoutMs: 300 });
    await client.execute("count");
    gate.advance(290_000);
    gate.fault("createLease", { kind: "hang", when: "unread" });
    // By this client's own clock, which stands still, there is time left when the wait is over.
    expect(await failureOf(client.execute("count"))).toMatchObject({
      code: "timeout",
      outcome: "not_executed",
    });
    expect(gate.effects).toHaveLength(1);
  });
});

describe("a refused lease", () => {
  it("a restart of the gate costs one new lease and no call runs twice", async () => {
    const { client, gate, leases } = world();
    await client.execute("count");
    gate.restart();
    await Promise.all(Array.from({ length: 8 }, () => client.execute("count")));
    expect(leases()).toHaveLength(2);
    expect(gate.effects).toHaveLength(9);
  });

  it("a lease that a restarted gate does not know is replaced once", async () => {
    const { client, gate, leases } = world();
    await client.execute("count");
    gate.restart();
    await client.execute("count");
    expect(leases()).toHaveLength(2);
    expect(gate.effects).toHaveLength(2);
  });

  it("with newLease: false the refusal of a gate that was restarted surfaces, and the next call takes a new lease", async () => {
    const { client, gate, leases } = world({}, { retry: { newLease: false } });
    await client.execute("count");
    gate.restart();
    expect(await failureOf(client.execute("count"))).toMatchObject({
      code: "invalid_lease",
      outcome: "not_executed",
    });
    await client.execute("count");
    expect(leases()).toHaveLength(2);
    expect(gate.effects).toHaveLength(2);
  });

  it("a lease that is said to have ended, and had not, is not replaced in the call: a copy of it may have been accepted", async () => {
    const { client, gate, leases } = world();
    await client.execute("count");
    gate.fault("executeAction", { kind: "answer", status: 401, code: "lease_expired" });
    expect(await failureOf(client.execute("count"))).toMatchObject({
      code: "lease_expired",
      outcome: "not_executed",
      attempts: 1,
    });
    await client.execute("count");
    expect(leases()).toHaveLength(2);
    expect(gate.effects).toHaveLength(2);
  });

  it("a refusal that comes late does not drop the newer lease", async () => {
    const { client, gate, leases } = world();
    await client.execute("count");
    gate.fault(
      { operation: "executeAction", times: 2 },
      { kind: "answer", status: 401, code: "invalid_lease" },
    );
    await Promise.all([client.execute("count"), client.execute("count")]);
    expect(leases()).toHaveLength(2);
  });

  it("is replaced at most once in a call", async () => {
    const { client, gate, leases } = world();
    gate.fault(
      { operation: "executeAction", times: Number.POSITIVE_INFINITY },
      { kind: "answer", status: 401, code: "invalid_lease" },
    );
    expect(await failureOf(client.execute("count"))).toMatchObject({
      code: "invalid_lease",
      attempts: 2,
      outcome: "not_executed",
    });
    expect(leases()).toHaveLength(2);
  });

  it("the refusal surfaces when no new lease can be had", async () => {
    const { client, gate } = world();
    await client.execute("count");
    gate.fault("executeAction", { kind: "answer", status: 401, code: "invalid_lease" });
    gate.fault({ operation: "createLease", times: 3 }, { kind: "refuse" });
    expect(await failureOf(client.execute("count"))).toMatchObject({
      name: "LatchGateAuthError",
      detail: "invalid_lease",
    });
  });

  it("a second attempt that may have run surfaces, and not the harmless refusal before it", async () => {
    const { client, gate } = world();
    await client.execute("count");
    gate.fault("executeAction", { kind: "answer", status: 401, code: "invalid_lease" });
    gate.fault({ operation: "executeAction", skip: 0 }, { kind: "reset", when: "running" });
    expect(await failureOf(client.execute("count"))).toMatchObject({
      name: "LatchGateOutcomeUnknown",
      outcome: "unknown",
    });
  });
});

describe("the budget", () => {
  it("a call counts unless it surely did not run", async () => {
    const { client, gate } = world({}, { retry: false });
    await client.connect({ maxCalls: 10 });
    await client.execute("count");
    expect(client.session?.callsLeft).toBe(9);
    gate.fault("executeAction", { kind: "answer", status: 503, code: "store_unavailable" });
    await failureOf(client.execute("count"));
    expect(client.session?.callsLeft).toBe(9);
    gate.fault("executeAction", { kind: "reset", when: "answered" });
    await failureOf(client.execute("count"));
    expect(client.session?.callsLeft).toBe(8);
    gate.fault("executeAction", { kind: "refuse" });
    await failureOf(client.execute("count"));
    expect(client.session?.callsLeft).toBe(8);
  });

  it("a held call keeps its unit until it is denied", async () => {
    const { client, gate } = world();
    await client.connect({ maxCalls: 10 });
    const held = (await failureOf(client.execute("risky"))) as LatchGateError & { approvalId: string };
    expect(client.session?.callsLeft).toBe(9);
    await gate.deny(held.approvalId, "no");
    await client.getApprovalStatus(held.approvalId);
    await client.getApprovalStatus(held.approvalId);
    expect(client.session?.callsLeft).toBe(10);
  });

  it("the gate's own count agrees with the client's", async () => {
    const { client, gate } = world();
    await client.connect({ maxCalls: 7 });
    for (let call = 0; call < 4; call += 1) await client.execute("count");
    expect(gate.callsLeft(client.sessionId ?? "")).toBe(client.session?.callsLeft);
  });

  it("a used-up budget is said as such", async () => {
    const { client } = world();
    await client.connect({ maxCalls: 1 });
    await client.execute("count");
    expect(await failureOf(client.execute("count"))).toMatchObject({
      name: "LatchGateBudgetExhausted",
      outcome: "not_executed",
      actionId: "count",
    });
  });
});

describe("a flight that nobody waits for any more", () => {
  it("is called off before the next one begins", async () => {
    const { gate } = world();
    const signals: (AbortSignal | null | undefined)[] = [];
    const client = new LatchGateClient({
      agentId: "t",
      now: gate.now,
      fetch: (input, init) => {
        if (String(input).endsWith("/v1/leases")) signals.push(init?.signal);
        return gate.fetch(input, init);
      },
    });
    gate.fault("createLease", { kind: "hang", when: "unread" });
    const controller = new AbortController();
    const call = failureOf(client.execute("count", {}, { signal: controller.signal }));
    while (gate.received.length === 0) await new Promise((resolve) => setImmediate(resolve));
    controller.abort();
    await call;
    expect((await client.execute("count")).ok).toBe(true);
    expect(signals.map((signal) => signal?.aborted)).toEqual([true, false]);
  });
});

describe("a budget that is used up", () => {
  it("is not refilled by the calls that are refused for it", async () => {
    const { client, gate, asked } = world();
    await client.connect({ maxCalls: 1 });
    await client.execute("count");
    await failureOf(client.execute("count"));
    gate.advance(299_000);
    expect(await failureOf(client.execute("count"))).toBeInstanceOf(LatchGateBudgetExhausted);
    expect(asked()).toHaveLength(1);
    expect(gate.effects).toHaveLength(1);
  });

  it("counts the calls that ran while a renewal was under way, of which the new lease knows nothing", async () => {
    let release = () => {};
    const slow = new Promise<void>((resolve) => {
      release = resolve;
    });
    const gate = new MockGate({
      rateLimits: false,
      actions: { count: { riskLevel: "low", run: () => ({ ok: true }) } },
    });
    let leases = 0;
    let heard = () => {};
    const client = new LatchGateClient({
      agentId: "t",
      now: gate.now,
      onEvent: () => heard(),
      async fetch(input, init) {
        if (String(input).endsWith("/v1/leases") && ++leases === 2) await slow;
        return gate.fetch(input, init);
      },
    });
    await client.connect({ maxCalls: 3 });
    const first = client.sessionId;
    // A fifth of its life: the renewal goes beside the call.
    gate.advance(250_000);
    await client.execute("count");
    const renewed = new Promise<void>((resolve) => {
      heard = resolve;
    });
    release();
    await renewed;
    expect(client.sessionId).not.toBe(first);
    await client.execute("count");
    await client.execute("count");
    expect(await failureOf(client.execute("count"))).toMatchObject({
      name: "LatchGateBudgetExhausted",
      outcome: "not_executed",
    });
    expect(gate.effects).toHaveLength(3);
  });
});

describe("sessions", () => {
  it("are never mixed: calls beside forty reconnects get no 401", async () => {
    const { client, gate } = world();
    const work = Array.from({ length: 40 }, async () => {
      const calls = Array.from({ length: 5 }, () => client.execute("count"));
      await client.connect();
      await Promise.all(calls);
    });
    await Promise.all(work);
    expect(gate.received.filter(({ status }) => status === 401)).toEqual([]);
    expect(gate.effects).toHaveLength(200);
  });

  it("a change is told, with both ids and no token", async () => {
    const events: LeaseEvent[] = [];
    const { client } = world({}, { onEvent: (event) => events.push(event) });
    await client.connect();
    const first = client.sessionId;
    await client.connect({ maxCalls: 3 });
    expect(events).toMatchObject([
      { type: "session", previousSessionId: undefined, session: { sessionId: first } },
      { type: "session", previousSessionId: first, session: { sessionId: client.sessionId, callsLeft: 3 } },
    ]);
    expect(JSON.stringify(events)).not.toContain("eyJ");
  });

  it("a listener that throws changes nothing", async () => {
    const { client } = world(
      {},
      {
        onEvent: () => {
          throw new Error("listener");
        },
      },
    );
    expect((await client.execute("count")).ok).toBe(true);
  });

  it("scopes that the gate did not grant are not in the session", async () => {
    const { client } = world({ scopes: ["tools:call"] });
    await client.connect({ scopes: ["tools:call", "audit:read"] });
    expect(client.session?.scopes).toEqual(["tools:call"]);
  });

  it("a refusal of the lease says what the gate said", async () => {
    const { client } = world({ scopes: ["audit:read"] });
    const error = await failureOf(client.execute("count"));
    expect(error).toBeInstanceOf(LatchGateDenied);
    expect(error).toMatchObject({
      code: "scope_not_permitted",
      outcome: "not_executed",
      request: { path: "/v1/leases" },
    });
  });
});
