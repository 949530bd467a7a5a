import type { MockGate, MockGateOptions } from "latchgate-client/testing";
import { describe, expect, it } from "vitest";
import {
  type ClientOptions,
  createMemoryJournal,
  type ExecuteOptions,
  type Journal,
  type JournalEntry,
  LatchGateApprovalDenied,
  LatchGateApprovalLost,
  LatchGateApprovalRequired,
  LatchGateInvalidRequest,
  LatchGateOutcomeUnknown,
} from "../../src/index.ts";
import { virtualWorld } from "../support/virtual-world.ts";
// Loaded once ahead: a virtual clock does not wait for a module.
import "ajv";
import "ajv/dist/2019.js";
import "ajv/dist/2020.js";

const SCHEMA = {
  type: "object",
  properties: { to: { type: "string" }, n: { type: "integer" }, list: { type: "array" }, deep: {} },
  required: ["to"],
  additionalProperties: false,
};

function world(gateOptions: MockGateOptions = {}) {
  return virtualWorld({
    leaseTtlSeconds: 900,
    actions: {
      count: { riskLevel: "low", run: (params) => ({ ok: true, params }) },
      mail: { riskLevel: "low", requestSchema: SCHEMA, maxRequestBytes: 2_000, run: () => ({ ok: true }) },
      odd: { riskLevel: "low", requestSchema: SCHEMA, run: () => ({ no: "ok here" }) },
      risky: { riskLevel: "high", run: () => ({ ok: true, done: 1 }) },
    },
    ...gateOptions,
  });
}

/** The same world, where requests with this in their path take so long until the gate hears of them. */
function slow(
  { clock, make }: Pick<ReturnType<typeof world>, "clock" | "make">,
  gate: MockGate,
  path: string,
  ms: number,
) {
  const fetch: typeof globalThis.fetch = async (input, init) => {
    if (String(input).includes(path)) await new Promise<void>((resolve) => void clock.timer(ms, resolve));
    return clock.watch(gate.fetch)(input, init);
  };
  return { clock, make: (options: ClientOptions = {}) => make({ fetch, ...options }) };
}

/** A journal that keeps what every call left in it, and fails when it is told to. */
function watchedJournal() {
  const inner = createMemoryJournal();
  const seen: (JournalEntry & { callId: string })[] = [];
  let failing: keyof Journal | undefined;
  const guard = (name: keyof Journal) => {
    if (failing === name) throw new Error("the store is away");
  };
  const journal: Journal = {
    async add(callId, entry) {
      guard("add");
      seen.push({ callId, ...entry });
      return inner.add(callId, entry);
    },
    async get(callId) {
      guard("get");
      return inner.get(callId);
    },
    async set(callId, entry) {
      guard("set");
      seen.push({ callId, ...entry });
      return inner.set(callId, entry);
    },
    async delete(callId) {
      guard("delete");
      return inner.delete(callId);
    },
  };
  return { journal, seen, fail: (name: keyof Journal | undefined) => (failing = name) };
}

describe("a call that is run again with its callId", () => {
  const once: ExecuteOptions = { callId: "call-1" };

  it("joins the first while that is under way", async () => {
    const { clock, gate, make } = world();
    const client = make();
    const results = await clock.until(
      Promise.all([client.execute("count", { a: 1 }, once), client.execute("count", { a: 1 }, once)]),
    );
    expect(results[0]).toBe(results[1]);
    expect(gate.effects).toHaveLength(1);
  });

  it("joins it as long as its own signal and time allow, and the first goes on", async () => {
    let finish = () => {};
    const working = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const { clock, gate, make, failure } = world({
      actions: { count: { riskLevel: "low", run: () => working.then(() => ({ ok: true })) } },
    });
    const client = make();
    const first = client.execute("count", {}, once);
    const controller = new AbortController();
    const aborted = failure(client.execute("count", {}, { ...once, signal: controller.signal }));
    const late = failure(client.execute("count", {}, { ...once, timeoutMs: 500 }));
    controller.abort();
    expect(await aborted).toMatchObject({ code: "aborted", outcome: "unknown" });
    expect(await late).toMatchObject({ code: "timeout", outcome: "unknown" });
    finish();
    expect((await clock.until(first)).ok).toBe(true);
    expect(gate.effects).toHaveLength(1);
  });

  it("has a patience of its own when the call is held", async () => {
    const { clock, gate, make, failure, executes } = world();
    const client = make();
    const waiting = client.execute("risky", {}, { ...once, whenHeld: "wait" });
    expect(await failure(client.execute("risky", {}, once))).toBeInstanceOf(LatchGateApprovalRequired);
    const short = failure(client.execute("risky", {}, { ...once, whenHeld: "wait", waitMs: 3_000 }));
    expect(await short).toMatchObject({ code: "wait_timeout" });
    await gate.approve(gate.approvals[0]?.approvalId ?? "");
    expect((await clock.until(waiting)).ok).toBe(true);
    expect(executes()).toHaveLength(1);
    expect(gate.effects).toHaveLength(1);
  });

  it("gives the same result again, its output read from the receipt", async () => {
    const { clock, gate, make, executes } = world();
    const client = make();
    const first = await clock.until(client.execute("count", { a: 1 }, once));
    const second = await clock.until(client.execute("count", { a: 1 }, once));
    expect(second).toMatchObject({
      ok: true,
      output: first.output,
      receiptId: first.receiptId,
      traceId: first.traceId,
      grantId: first.grantId,
      sessionId: first.sessionId,
    });
    expect(executes()).toHaveLength(1);
    expect(gate.effects).toHaveLength(1);
  });

  it("gives it in another process too, by the store that both have", async () => {
    const { clock, gate, make } = world();
    const journal = createMemoryJournal();
    const first = await clock.until(make({ journal }).execute("count", { a: 1 }, once));
    const second = await clock.until(make({ journal }).execute("count", { a: 1 }, once));
    expect(second.receiptId).toBe(first.receiptId);
    expect(gate.effects).toHaveLength(1);
  });

  it("is the same call whatever the order of its parameters", async () => {
    const { clock, gate, make } = world();
    const client = make();
    await clock.until(client.execute("count", { a: 1, b: 2 }, once));
    await clock.until(client.execute("count", { b: 2, a: 1 }, once));
    expect(gate.effects).toHaveLength(1);
  });

  it.each([
    ["other parameters", "count", { a: 2 }],
    ["another action", "risky", { a: 1 }],
  ])("with %s is refused, and nothing is sent", async (_name, action, params) => {
    const { clock, make, executes, failure } = world();
    const client = make();
    await clock.until(client.execute("count", { a: 1 }, once));
    const error = await failure(client.execute(action, params, once));
    expect(error).toBeInstanceOf(LatchGateInvalidRequest);
    expect(error.code).toBe("call_id_reused");
    expect(executes()).toHaveLength(1);
  });

  it("that other calls share no id with is not joined", async () => {
    const { clock, gate, make } = world();
    const client = make();
    await clock.until(
      Promise.all([
        client.execute("count", {}, { callId: "a" }),
        client.execute("count", {}, { callId: "b" }),
        client.execute("count"),
      ]),
    );
    expect(gate.effects).toHaveLength(3);
  });

  it("may have run when its outcome was not known: it says the same, and sends nothing", async () => {
    const { gate, make, executes, failure } = world();
    const client = make({ retry: { resend: false } });
    gate.fault("executeAction", { kind: "reset", when: "running" });
    const first = await failure(client.execute("count", {}, once));
    const second = await failure(client.execute("count", {}, once));
    for (const error of [first, second]) {
      expect(error).toBeInstanceOf(LatchGateOutcomeUnknown);
      expect(error).toMatchObject({ code: "lost", outcome: "unknown" });
    }
    expect(executes()).toHaveLength(1);
  });

  it("that has run without evidence keeps saying that it has", async () => {
    const { gate, make, failure } = world();
    const client = make();
    gate.fault("executeAction", { kind: "answer", status: 500, code: "evidence_persistence_failed" });
    await failure(client.execute("count", {}, once));
    expect(await failure(client.execute("count", {}, once))).toMatchObject({
      outcome: "executed",
      code: "evidence_persistence_failed",
    });
  });

  it("that surely did nothing is made again", async () => {
    const { clock, gate, make, failure } = world();
    const client = make({ retry: false });
    gate.fault("executeAction", { kind: "answer", status: 503, code: "store_unavailable" });
    expect((await failure(client.execute("count", {}, once))).outcome).toBe("not_executed");
    expect((await clock.until(client.execute("count", {}, once))).ok).toBe(true);
    expect(gate.effects).toHaveLength(1);
  });

  it("that is held takes up its approval, and does not open another", async () => {
    const { clock, gate, make, executes, failure } = world();
    const client = make();
    const first = await failure(client.execute("risky", {}, once));
    const second = await failure(client.execute("risky", {}, once));
    expect(first).toBeInstanceOf(LatchGateApprovalRequired);
    expect(second).toMatchObject({
      name: "LatchGateApprovalRequired",
      approvalId: (first as LatchGateApprovalRequired).approvalId,
    });
    await gate.approve(gate.approvals[0]?.approvalId ?? "");
    const result = await clock.until(client.execute("risky", {}, once));
    expect(result.output).toEqual({ ok: true, done: 1 });
    expect((await clock.until(client.execute("risky", {}, once))).receiptId).toBe(result.receiptId);
    expect(executes()).toHaveLength(1);
    expect(gate.effects).toHaveLength(1);
  });

  it("that is held stays unknown when its approval can't be looked at now: it may be approved", async () => {
    const { gate, make, failure } = world();
    const client = make({ retry: false });
    await failure(client.execute("risky", {}, once));
    await gate.approve(gate.approvals[0]?.approvalId ?? "");
    gate.fault("pollApproval", { kind: "answer", status: 503, body: "" });
    expect(await failure(client.execute("risky", {}, once))).toMatchObject({
      name: "LatchGateApprovalRequired",
      outcome: "unknown",
      cause: { name: "LatchGateUnavailable" },
    });
    expect(gate.effects).toHaveLength(1);
  });

  it("that is held and waited for in the second run gives one effect", async () => {
    const { clock, gate, make, failure } = world();
    const client = make();
    await failure(client.execute("risky", {}, once));
    const running = client.execute("risky", {}, { ...once, whenHeld: "wait" });
    await clock.pass(5_000);
    await gate.approve(gate.approvals[0]?.approvalId ?? "");
    expect((await clock.until(running)).ok).toBe(true);
    expect(gate.effects).toHaveLength(1);
  });

  it("that was denied is denied again", async () => {
    const { gate, make, failure } = world();
    const client = make();
    await failure(client.execute("risky", {}, once));
    await gate.deny(gate.approvals[0]?.approvalId ?? "", "no");
    expect(await failure(client.execute("risky", {}, once))).toBeInstanceOf(LatchGateApprovalDenied);
    expect(gate.effects).toEqual([]);
  });

  it("that is held is lost to a new process, which has no lease that may look: it says so and posts nothing", async () => {
    const { make, executes, failure } = world();
    const journal = createMemoryJournal();
    const first = (await failure(make({ journal }).execute("risky", {}, once))) as LatchGateApprovalRequired;
    const error = await failure(make({ journal }).execute("risky", {}, once));
    expect(error).toBeInstanceOf(LatchGateApprovalLost);
    expect(error).toMatchObject({ approvalId: first.approvalId, sessionId: first.sessionId });
    expect(executes()).toHaveLength(1);
  });
});

describe("a call that is run again while an operator's approve runs it", () => {
  it("may be running: it does not say that nothing ran", async () => {
    const { gate, make, failure } = world();
    const client = make();
    await failure(client.execute("risky", {}, { callId: "c" }));
    gate.claim(gate.approvals[0]?.approvalId ?? "");
    expect(await failure(client.execute("risky", {}, { callId: "c" }))).toMatchObject({
      name: "LatchGateApprovalRequired",
      outcome: "unknown",
    });
  });

  it("sends what it hashed, whatever the caller does with its object meanwhile", async () => {
    const { clock, gate, make } = world();
    const params = { to: "alice" };
    const running = make().execute("count", params, { callId: "c" });
    params.to = "bob";
    await clock.until(running);
    expect(gate.effects[0]?.params).toEqual({ to: "alice" });
  });
});

describe("the journal", () => {
  it("may throw where it should reject, and nothing is lost by that", async () => {
    const { clock, gate, make, failure } = world();
    const broken = () => {
      throw new Error("SQLITE_BUSY");
    };
    const inner = createMemoryJournal();
    const late = make({ journal: { ...inner, set: broken } });
    expect((await clock.until(late.execute("count", {}, { callId: "a" }))).ok).toBe(true);
    const early = make({ journal: { ...inner, add: broken } });
    expect(await failure(early.execute("count", {}, { callId: "b" }))).toMatchObject({
      code: "journal_failed",
    });
    expect(gate.effects).toHaveLength(1);
  });

  it("is written before the first byte is sent", async () => {
    const { clock, make, executes } = world();
    const { journal, seen } = watchedJournal();
    let sentAtAdd = -1;
    const client = make({
      journal: {
        ...journal,
        add: async (callId, entry) => {
          sentAtAdd = executes().length;
          return journal.add(callId, entry);
        },
      },
    });
    await clock.until(client.execute("count", {}, { callId: "c" }));
    expect(sentAtAdd).toBe(0);
    expect(seen.map(({ state }) => state)).toEqual(["sent", "done"]);
  });

  it.each(["add", "get"] as const)("that fails at %s means that nothing is sent", async (step) => {
    const { make, executes, failure } = world();
    const { journal, fail } = watchedJournal();
    if (step === "get") await journal.add("c", { state: "sent", actionId: "count", requestHash: "x" });
    fail(step);
    const error = await failure(make({ journal }).execute("count", {}, { callId: "c" }));
    // Nothing was sent now; whether an earlier run with this id has acted is what the journal could not say.
    expect(error).toMatchObject({
      name: "LatchGateJournalError",
      code: "journal_failed",
      outcome: "unknown",
    });
    expect(executes()).toEqual([]);
  });

  it("that fails afterwards costs nobody a result, and the next run finds the call as sent", async () => {
    const { clock, gate, make, failure } = world();
    const { journal, fail } = watchedJournal();
    fail("set");
    expect((await clock.until(make({ journal }).execute("count", {}, { callId: "c" }))).ok).toBe(true);
    fail(undefined);
    await clock.pass(60_000);
    expect(await failure(make({ journal }).execute("count", {}, { callId: "c" }))).toMatchObject({
      code: "sent_before",
      outcome: "unknown",
    });
    expect(gate.effects).toHaveLength(1);
  });

  it("holds no parameter, no output and no secret", async () => {
    const { clock, make, failure } = world();
    const { journal, seen } = watchedJournal();
    const client = make({ journal });
    await clock.until(client.execute("count", { secret: "canary" }, { callId: "a" }));
    await failure(client.execute("risky", { secret: "canary" }, { callId: "b" }));
    expect(seen.map(({ state }) => state)).toEqual(["sent", "done", "sent", "held"]);
    expect(JSON.stringify(seen)).not.toMatch(/canary|eyJ/);
  });

  it.each(["before the request", "after the request", "after the answer"] as const)(
    "a crash %s never lets the next process act twice",
    async (point) => {
      const { clock, gate, make, failure } = world();
      const journal = createMemoryJournal();
      // A process that dies: what it wrote stays, and nothing of it runs on.
      const dying = make({
        journal: {
          ...journal,
          ...(point === "after the answer" ? { set: () => new Promise<void>(() => {}) } : {}),
        },
        fetch: async (input, init) => {
          const executing = String(input).endsWith("/execute");
          if (executing && point === "before the request") return new Promise<Response>(() => {});
          const response = await clock.watch(gate.fetch)(input, init);
          return executing && point === "after the request" ? new Promise<Response>(() => {}) : response;
        },
      });
      dying.execute("count", {}, { callId: "c" }).catch(() => {});
      for (let turn = 0; turn < 20; turn += 1) await clock.pass(1);
      const error = await failure(make({ journal }).execute("count", {}, { callId: "c" }));
      expect(error).toBeInstanceOf(LatchGateOutcomeUnknown);
      expect(gate.effects.length).toBe(point === "before the request" ? 0 : 1);
    },
  );
});

it("a joined call that the first gave up before it was sent is made for the second", async () => {
  const { gate, failure, ...rest } = world();
  const { clock, make } = slow(rest, gate, "/v1/leases", 1_000);
  const client = make();
  const controller = new AbortController();
  clock.timer(100, () => controller.abort());
  const first = client.execute("count", {}, { callId: "c", signal: controller.signal });
  const second = client.execute("count", {}, { callId: "c" });
  expect(await failure(first)).toMatchObject({ code: "aborted", outcome: "not_executed" });
  expect((await clock.until(second)).ok).toBe(true);
  expect(gate.effects).toHaveLength(1);
});

it("a held call whose result waitForApproval has given is known to the next process", async () => {
  const { clock, gate, make, failure } = world();
  const journal = createMemoryJournal();
  const client = make({ journal });
  const held = await failure(client.execute("risky", {}, { callId: "c" }));
  const waiting = client.waitForApproval(held as LatchGateApprovalRequired);
  await gate.approve((held as LatchGateApprovalRequired).approvalId);
  const { receiptId } = await clock.until(waiting);
  const again = await clock.until(make({ journal }).execute("risky", {}, { callId: "c" }));
  expect(again.receiptId).toBe(receiptId);
  expect(gate.effects).toHaveLength(1);
});

describe("a journal that does not answer", () => {
  const never = () => new Promise<never>(() => {});

  it("keeps a call for thirty seconds where it was asked for leave, and nothing is sent", async () => {
    const { clock, executes, make, failure } = world();
    const client = make({ journal: { ...createMemoryJournal(), add: never } });
    const began = clock.now();
    expect(await failure(client.execute("count", {}, { callId: "c" }))).toMatchObject({
      code: "journal_failed",
      outcome: "unknown",
    });
    expect(clock.now() - began).toBe(30_000);
    expect(executes()).toEqual([]);
  });

  it("leaves the id free when it answers after all", async () => {
    const { clock, gate, make, failure } = world();
    const journal = createMemoryJournal();
    let ms = 40_000;
    const add: Journal["add"] = async (callId, entry) => {
      await new Promise<void>((resolve) => void clock.timer(ms, resolve));
      return journal.add(callId, entry);
    };
    const client = make({ journal: { ...journal, add } });
    expect((await failure(client.execute("count", {}, { callId: "c" }))).code).toBe("journal_failed");
    await clock.pass(20_000);
    ms = 0;
    expect((await clock.until(client.execute("count", {}, { callId: "c" }))).ok).toBe(true);
    expect(gate.effects).toHaveLength(1);
  });

  it("forgets a call whose signal was aborted before", async () => {
    const { make, failure } = world();
    const journal = createMemoryJournal();
    const signal = AbortSignal.abort();
    expect(await failure(make({ journal }).execute("count", {}, { callId: "c", signal }))).toMatchObject({
      code: "aborted",
      outcome: "not_executed",
    });
    expect(await journal.get("c")).toBeUndefined();
  });

  it("takes its time off the call's", async () => {
    const { clock, gate, make, failure } = world();
    const journal = createMemoryJournal();
    const add: Journal["add"] = async (callId, entry) => {
      await new Promise<void>((resolve) => void clock.timer(450, resolve));
      return journal.add(callId, entry);
    };
    const fetch: typeof globalThis.fetch = async (input, init) => {
      await new Promise<void>((resolve) => void clock.timer(450, resolve));
      return clock.watch(gate.fetch)(input, init);
    };
    const began = clock.now();
    const call = make({ journal: { ...journal, add }, fetch }).execute(
      "count",
      {},
      { callId: "c", timeoutMs: 500 },
    );
    expect((await failure(call)).code).toBe("timeout");
    expect(clock.now() - began).toBe(500);
  });

  it("keeps a result back for five seconds, and not for ever", async () => {
    const { clock, make } = world();
    const client = make({ journal: { ...createMemoryJournal(), set: never } });
    const began = clock.now();
    expect((await clock.until(client.execute("count", {}, { callId: "c" }))).ok).toBe(true);
    expect(clock.now() - began).toBe(5_000);
  });
});

describe("parameters", () => {
  it("are checked for the others when the first to ask has given up", async () => {
    const { gate, failure, ...rest } = world();
    const { clock, make } = slow(rest, gate, "/schema/request", 2_000);
    const client = make({ validate: "before" });
    const controller = new AbortController();
    const first = failure(client.execute("mail", { to: "a" }, { signal: controller.signal }));
    const second = client.execute("mail", { to: "b" });
    controller.abort();
    expect(await first).toMatchObject({ code: "aborted", outcome: "not_executed" });
    await clock.until(second);
    expect(gate.effects.map(({ params }) => params)).toEqual([{ to: "b" }]);
    expect(gate.received.filter(({ path }) => path.endsWith("/mail/schema/request"))).toHaveLength(1);
  });

  it("that can't be read are asked for as often as the caller's retry says", async () => {
    const { gate, make, failure } = world();
    gate.fault({ operation: "getActionRequestSchema", times: 9 }, { kind: "answer", status: 503, code: "x" });
    await failure(make().execute("mail", { to: "a" }, { validate: "before", retry: false }));
    expect(gate.received.filter(({ path }) => path.endsWith("/schema/request"))).toHaveLength(1);
  });

  it.each([
    ["the call's", {}, { timeoutMs: 1_500 }, 1_500],
    ["the client's", { timeoutMs: 300 }, {}, 300],
    ["the call's, not the client's", { timeoutMs: 300 }, { timeoutMs: 1_500 }, 1_500],
  ])("are read within %s time", async (_whose, clients, calls, ms) => {
    const { gate, failure, ...rest } = world();
    const { clock, make } = slow(rest, gate, "/schema/request", 60_000);
    const began = clock.now();
    await failure(make(clients).execute("mail", { to: "a" }, { validate: "before", ...calls }));
    expect(clock.now() - began).toBe(ms);
  });

  it("are read and checked within the time of the call, which is not counted anew for its sending", async () => {
    const { gate, failure, ...rest } = world();
    const { clock, make } = slow(rest, gate, "/mail/", 700);
    const began = clock.now();
    const error = await failure(
      make().execute("mail", { to: "a" }, { validate: "before", timeoutMs: 1_000 }),
    );
    expect(error.code).toBe("timeout");
    expect(clock.now() - began).toBe(1_000);
  });

  it("refused by the gate: looking up why takes no longer than the call may", async () => {
    const { gate, failure, ...rest } = world();
    const { clock, make } = slow(rest, gate, "/schema/request", 60_000);
    const began = clock.now();
    const error = await failure(make().execute("mail", { n: 1 }, { timeoutMs: 1_000 }));
    expect(error).toMatchObject({ status: 422, outcome: "unknown" });
    expect(clock.now() - began).toBeLessThanOrEqual(1_001);
  });

  it("are checked before anything is sent, with where and what does not fit", async () => {
    const { gate, make, failure } = world();
    const error = await failure(make().execute("mail", { n: "three", extra: 1 }, { validate: "before" }));
    expect(error).toBeInstanceOf(LatchGateInvalidRequest);
    expect((error as LatchGateInvalidRequest).issues.map(({ path }) => path).sort()).toEqual(["", "", "/n"]);
    expect(error.message).toContain("extra");
    expect(error.outcome).toBe("not_executed");
    expect(gate.received.filter(({ method }) => method === "POST")).toEqual([]);
  });

  it.each([
    ["nested too deep", { to: "x", deep: [[[[[[[[[[1]]]]]]]]]] }, "/deep"],
    ["a list too long", { to: "x", list: Array.from({ length: 101 }, () => 0) }, "/list"],
  ])("%s are refused by the gate's own limits, checked always", async (_name, params, path) => {
    const { make, failure, executes } = world();
    const error = (await failure(make().execute("mail", params))) as LatchGateInvalidRequest;
    expect(error.code).toBe("invalid_parameters");
    expect(error.issues[0]?.path).toContain(path);
    expect(executes()).toEqual([]);
  });

  it("as deep and long as the gate takes them are sent", async () => {
    const { clock, make, gate } = world();
    const params = { to: "x", deep: [[[[[[[[[1]]]]]]]]], list: Array.from({ length: 100 }, () => 0) };
    await clock.until(make().execute("mail", params));
    expect(gate.effects[0]?.params).toEqual(params);
  });

  it("too large for the action are refused where they are checked before", async () => {
    const { make, failure, executes } = world();
    const call = make().execute("mail", { to: "x".repeat(2_000) }, { validate: "before" });
    expect((await failure(call)).code).toBe("invalid_parameters");
    expect(executes()).toEqual([]);
  });

  it("that fit are sent, and the schema is fetched once", async () => {
    const { clock, gate, make } = world();
    const client = make({ validate: "before" });
    await clock.until(client.execute("mail", { to: "a" }));
    await clock.until(client.execute("mail", { to: "b" }));
    await clock.until(client.execute("count", { anything: 1 }));
    expect(gate.effects).toHaveLength(3);
    expect(gate.received.filter(({ path }) => path.endsWith("/mail/schema/request"))).toHaveLength(1);
  });

  it("refused by the gate are unknown, with the hint that they do not fit", async () => {
    const { make, gate, failure } = world();
    const error = await failure(make().execute("mail", { n: 1 }));
    expect(error).toMatchObject({
      name: "LatchGateOutcomeUnknown",
      outcome: "unknown",
      status: 422,
      code: "schema_violation",
    });
    expect(error.hint).toMatch(/do not fit.*nothing ran.*'to'/s);
    expect(error.message).not.toContain("policy");
    expect(gate.effects).toEqual([]);
  });

  it("that fit, and a 422 all the same: the hint is that the action has most likely run", async () => {
    const { make, gate, failure } = world();
    expect((await failure(make().execute("odd", { to: "x" }))).hint).toMatch(
      /fit the action's schema.*after it ran/s,
    );
    expect((await failure(make().execute("odd", { to: "x" }, { validate: "before" }))).hint).toContain(
      "were checked before",
    );
    expect(gate.effects).toHaveLength(2);
  });

  it("whose schema can't be checked are not said to fit it", async () => {
    const { gate, make, failure } = world();
    gate.fault("executeAction", { kind: "answer", status: 422, code: "schema_violation" });
    const { hint, outcome } = await failure(make().execute("count", { to: "a" }));
    expect(outcome).toBe("unknown");
    expect(hint).not.toContain("parameters fit");
    expect(hint).toContain("an operator can tell");
  });

  it("a schema that can't be looked up leaves the general hint", async () => {
    const { make, gate, failure } = world();
    gate.fault({ operation: "getActionRequestSchema", times: 9 }, { kind: "answer", status: 500, body: "" });
    expect((await failure(make().execute("mail", { n: 1 }))).hint).toContain("an operator can tell");
  });

  it("a schema that changed is noticed after a 422", async () => {
    const { clock, gate, make } = world();
    const client = make({ validate: "before" });
    await clock.until(client.execute("mail", { to: "a" }));
    gate.fault("executeAction", { kind: "answer", status: 422, code: "schema_violation" });
    await clock.until(client.execute("mail", { to: "a" }).catch(() => {}));
    await clock.until(client.execute("mail", { to: "a" }));
    expect(gate.received.filter(({ path }) => path.endsWith("/mail/schema/request"))).toHaveLength(2);
  });
});
