import { randomBytes } from "node:crypto";
import type { MockGateOptions } from "latchgate-client/testing";
import { describe, expect, it } from "vitest";
import {
  type ClientOptions,
  createMemoryJournal,
  type Journal,
  type JournalEntry,
  LatchGateApprovalDenied,
  LatchGateApprovalExpired,
  LatchGateApprovalLost,
  LatchGateApprovalRequired,
  LatchGateClient,
  LatchGateInvalidRequest,
  LatchGateNotFound,
} from "../../src/index.ts";
import { awaitCiphers } from "../support/virtual-clock.ts";
import { virtualWorld } from "../support/virtual-world.ts";
// Loaded once ahead: a virtual clock does not wait for a module.
import "jose/jwe/compact/encrypt";
import "jose/jwe/compact/decrypt";

awaitCiphers();

const key = randomBytes(32);
const CALL = { callId: "order-1" } as const;

/** A gate, and processes that share a journal: each `process()` is a client of its own. */
function world(gateOptions: MockGateOptions = {}) {
  const made = virtualWorld({
    leaseTtlSeconds: 900,
    actions: {
      count: { riskLevel: "low", run: () => ({ ok: true }) },
      risky: { riskLevel: "high", run: () => ({ ok: true, done: 1 }) },
    },
    ...gateOptions,
  });
  const entries = new Map<string, string>();
  const journal: Journal = {
    async add(callId, entry) {
      if (entries.has(callId)) return false;
      entries.set(callId, JSON.stringify(entry));
      return true;
    },
    get: async (callId) => JSON.parse(entries.get(callId) ?? "null") ?? undefined,
    set: async (callId, entry) => void entries.set(callId, JSON.stringify(entry)),
    delete: async (callId) => void entries.delete(callId),
  };
  const process = (options: ClientOptions = {}) => made.make({ journal, handover: { key }, ...options });
  /** A call that is held in a process which then ends. */
  const heldElsewhere = async (options: ClientOptions = {}, call: { callId: string } = CALL) => {
    const error = await made.failure(process(options).execute("risky", { euros: 20 }, call));
    if (!(error instanceof LatchGateApprovalRequired)) throw error;
    return error;
  };
  const entryOf = (callId: string): JournalEntry => JSON.parse(entries.get(callId) ?? "{}");
  const change = (callId: string, entry: Partial<JournalEntry>) =>
    void entries.set(callId, JSON.stringify({ ...entryOf(callId), ...entry }));
  return { ...made, process, heldElsewhere, entries, entryOf, change };
}

const run = (client: LatchGateClient, whenHeld: "wait" | "throw" = "wait") =>
  client.execute("risky", { euros: 20 }, { ...CALL, whenHeld });

describe("a call that is held in a process that ends", () => {
  it("is taken up by another one, and gives its result when it is approved afterwards", async () => {
    const { clock, gate, process, heldElsewhere, executes, polls } = world();
    const held = await heldElsewhere();
    const second = process();
    const running = run(second);
    await clock.pass(5_000);
    await gate.approve(held.approvalId);
    expect(await clock.until(running)).toMatchObject({
      ok: true,
      output: { ok: true, done: 1 },
      sessionId: held.sessionId,
      traceId: held.traceId,
    });
    expect(executes()).toHaveLength(1);
    expect(gate.effects).toHaveLength(1);
    expect(new Set(polls().map(({ sessionId }) => sessionId))).toEqual(new Set([held.sessionId]));
    await clock.until(second.execute("count"));
    expect(second.sessionId).not.toBe(held.sessionId);
  });

  it.each(["wait", "throw"] as const)(
    "and was approved meanwhile gives its result to another one (%s)",
    async (whenHeld) => {
      const { clock, gate, process, heldElsewhere, entryOf } = world();
      const { approvalId } = await heldElsewhere();
      await gate.approve(approvalId);
      const result = await clock.until(run(process(), whenHeld));
      expect(result.output).toEqual({ ok: true, done: 1 });
      expect(entryOf("order-1")).toMatchObject({ state: "done", receiptId: result.receiptId });
      expect((await clock.until(run(process(), whenHeld))).receiptId).toBe(result.receiptId);
      expect(gate.effects).toHaveLength(1);
    },
  );

  it("and is still held says so to another one, whose error can be waited for", async () => {
    const { clock, gate, process, heldElsewhere, failure } = world();
    const { approvalId } = await heldElsewhere();
    const second = process();
    const error = (await failure(run(second, "throw"))) as LatchGateApprovalRequired;
    expect(error).toMatchObject({ name: "LatchGateApprovalRequired", approvalId });
    await gate.approve(approvalId);
    expect((await clock.until(second.waitForApproval(error))).ok).toBe(true);
  });

  it("is followed by its id, by one that does not know its parameters", async () => {
    const { clock, gate, process, heldElsewhere, executes } = world();
    const { approvalId } = await heldElsewhere();
    const following = process().follow("order-1");
    await clock.pass(5_000);
    await gate.approve(approvalId);
    const result = await clock.until(following);
    expect(result.ok).toBe(true);
    expect((await clock.until(process().follow("order-1"))).receiptId).toBe(result.receiptId);
    expect(executes()).toHaveLength(1);
  });

  it("and was denied: the other one hears the reason, and that nothing ran", async () => {
    const { gate, process, heldElsewhere, failure } = world();
    const { approvalId } = await heldElsewhere();
    await gate.deny(approvalId, "not on a Friday");
    const error = await failure(run(process()));
    expect(error).toBeInstanceOf(LatchGateApprovalDenied);
    expect(error).toMatchObject({ reason: "not on a Friday", outcome: "not_executed" });
  });

  it("and is denied long after it was opened may have been claimed before the other one looked", async () => {
    const { clock, gate, process, heldElsewhere, failure } = world();
    const { approvalId } = await heldElsewhere();
    await clock.pass(150_000);
    await gate.deny(approvalId, "no");
    expect(await failure(run(process()))).toMatchObject({
      name: "LatchGateApprovalDenied",
      outcome: "unknown",
    });
  });

  it("and that nobody decides about expires in the other one too", async () => {
    const { process, heldElsewhere, failure } = world();
    await heldElsewhere();
    const error = await failure(run(process()));
    expect(error).toBeInstanceOf(LatchGateApprovalExpired);
    expect(error.outcome).toBe("not_executed");
  });

  it("with two that take it up at once has one effect and one result", async () => {
    const { clock, gate, process, heldElsewhere } = world();
    const { approvalId } = await heldElsewhere();
    const both = Promise.all([run(process()), process().follow("order-1")]);
    await clock.pass(3_000);
    await gate.approve(approvalId);
    const [one, other] = await clock.until(both);
    expect(one.receiptId).toBe(other.receiptId);
    expect(gate.effects).toHaveLength(1);
  });
});

describe("what can't be taken up says why", () => {
  const lostIn = async (promise: Promise<unknown>) => {
    const error = await promise;
    expect(error).toBeInstanceOf(LatchGateApprovalLost);
    expect(error).toMatchObject({ outcome: "unknown" });
    expect((error as LatchGateApprovalLost).hint).toBeTruthy();
    return (error as LatchGateApprovalLost).code;
  };

  it("without a handover key on either side", async () => {
    const { process, heldElsewhere, failure, entryOf } = world();
    await heldElsewhere({ handover: undefined });
    expect(entryOf("order-1").handover).toBeUndefined();
    const error = await failure(run(process()));
    expect(await lostIn(Promise.resolve(error))).toBe("not_handed_over");
    // Who has it, so that a person can look there.
    expect(error.message).toContain(`${entryOf("order-1").by}`);
    expect(await lostIn(failure(run(process({ handover: undefined }))))).toBe("not_handed_over");
  });

  it("another key", async () => {
    const { process, heldElsewhere, failure } = world();
    await heldElsewhere();
    const other = { key: randomBytes(32) };
    expect(await lostIn(failure(run(process({ handover: other }))))).toBe("wrong_handover_key");
  });

  it("but a key that was replaced opens what it has sealed", async () => {
    const { clock, gate, process, heldElsewhere } = world();
    const { approvalId } = await heldElsewhere();
    await gate.approve(approvalId);
    const rotated = { key: [randomBytes(32), key] };
    expect((await clock.until(run(process({ handover: rotated })))).ok).toBe(true);
  });

  it.each([
    [
      "its content",
      (seal: string) =>
        seal.replace(
          /\.([^.])([^.]*)\.([^.]+)$/,
          (_all, a: string, b: string, tag: string) => `.${a === "A" ? "B" : "A"}${b}.${tag}`,
        ),
    ],
    ["its tag", (seal: string) => `${seal.slice(0, -4)}AAAA`],
    ["everything", () => "no seal"],
    ["its end", (seal: string) => seal.slice(0, -10)],
  ])("a seal in which %s was changed", async (_what, changed) => {
    const { process, heldElsewhere, failure, entryOf, change } = world();
    await heldElsewhere();
    change("order-1", { handover: changed(entryOf("order-1").handover ?? "") });
    expect(await lostIn(failure(run(process())))).toBe("changed_handover");
  });

  it("a seal that was made for another call", async () => {
    const { process, heldElsewhere, failure, entryOf, change, polls } = world();
    await heldElsewhere();
    await heldElsewhere({}, { callId: "order-2" });
    const { handover = "" } = entryOf("order-2");
    change("order-1", { handover });
    expect(await lostIn(failure(run(process())))).toBe("foreign_handover");
    expect(polls()).toEqual([]);
  });

  it("a seal made for another call whose header was rewritten for this one", async () => {
    const { process, heldElsewhere, failure, entryOf, change } = world();
    await heldElsewhere();
    await heldElsewhere({}, { callId: "order-2" });
    const mine = entryOf("order-1").handover ?? "";
    const { handover: other = "", approvalId = "" } = entryOf("order-2");
    const header = JSON.parse(Buffer.from(mine.split(".")[0] ?? "", "base64url").toString());
    const forged = Buffer.from(JSON.stringify({ ...header, approvalId })).toString("base64url");
    change("order-1", { approvalId, handover: [forged, ...other.split(".").slice(1)].join(".") });
    expect(await lostIn(failure(run(process())))).toBe("changed_handover");
  });

  it("a seal made at another gate", async () => {
    const { process, heldElsewhere, failure } = world();
    await heldElsewhere();
    const elsewhere = process({ publicBaseUrl: "https://other.example" });
    expect(await lostIn(failure(run(elsewhere)))).toBe("foreign_handover");
  });

  it("a lease that has ended", async () => {
    const { clock, process, heldElsewhere, failure } = world({ leaseTtlSeconds: 60 });
    await heldElsewhere();
    await clock.pass(61_000);
    expect(await lostIn(failure(run(process())))).toBe("lease_ended");
    expect(await lostIn(failure(run(process(), "throw")))).toBe("lease_ended");
  });

  it("a gate that was restarted: at once, in the process that waits too", async () => {
    const { clock, gate, process, heldElsewhere, failure } = world();
    await heldElsewhere();
    gate.restart();
    const before = clock.now();
    expect(await lostIn(failure(run(process())))).toBe("gate_restarted");
    const waiting = failure(process().execute("risky", {}, { whenHeld: "wait" }));
    await clock.pass(3_000);
    gate.restart();
    expect(await lostIn(waiting)).toBe("gate_restarted");
    expect(clock.now() - before).toBeLessThan(15_000);
  });

  it("an outage of the gate's, which answers 401 too, is no restart", async () => {
    const { clock, gate, process, heldElsewhere } = world();
    const { approvalId } = await heldElsewhere();
    gate.fault({ operation: "pollApproval", times: 3 }, { kind: "answer", status: 401, body: "" });
    const running = run(process());
    await clock.pass(7_000);
    await gate.approve(approvalId);
    expect((await clock.until(running)).ok).toBe(true);
  });

  it("an id that the journal does not have", async () => {
    const { process, failure } = world();
    const error = await failure(process().follow("order-9"));
    expect(error).toBeInstanceOf(LatchGateNotFound);
    expect(error).toMatchObject({ code: "no_such_call", outcome: "unknown" });
  });
});

describe("the clocks of two hosts", () => {
  it.each([-300_000, -40_000, 40_000, 300_000])("may differ by %i ms", async (skew) => {
    const { clock, gate, process, heldElsewhere } = world({ leaseTtlSeconds: 120 });
    const { approvalId } = await heldElsewhere();
    const skewed = { ...clock, now: () => clock.now() + skew };
    const running = run(process({ clock: skewed }));
    await clock.pass(100_000);
    await gate.approve(approvalId);
    expect((await clock.until(running)).ok).toBe(true);
  });
});

describe("a clock that is 40 s behind the gate's", () => {
  it("ends no wait later than the lease ends at the gate", async () => {
    const { clock, process, heldElsewhere, failure } = world({ leaseTtlSeconds: 120 });
    await heldElsewhere();
    const began = clock.now();
    const behind = { ...clock, now: () => clock.now() - 40_000 };
    expect(await failure(run(process({ clock: behind })))).toMatchObject({ code: "lease_ended" });
    expect(clock.now() - began).toBeLessThanOrEqual(120_000);
  });
});

describe("a call that another process is sending", () => {
  it("is said to be under way, and by whom; after its time it was left behind", async () => {
    const { clock, gate, process, failure } = world();
    const stuck = process({ fetch: hangingExecutes(gate.fetch) });
    stuck.execute("count", {}, CALL).catch(() => {});
    await clock.pass(10_000);
    const second = process();
    expect(await failure(second.execute("count", {}, CALL))).toMatchObject({
      name: "LatchGateOutcomeUnknown",
      code: "under_way",
      retryAfterMs: 40_000,
      hint: expect.stringContaining(`${globalThis.process.pid}`),
    });
  });

  it("is joined by one that waits", async () => {
    const { clock, gate, process } = world();
    let release = () => {};
    const gone = new Promise<void>((resolve) => {
      release = resolve;
    });
    const slow = process({ fetch: hangingExecutes(clock.watch(gate.fetch), gone) });
    const first = slow.execute("count", {}, CALL);
    await clock.pass(10_000);
    const second = process().execute("count", {}, { ...CALL, whenHeld: "wait" });
    const third = process().follow("order-1");
    await clock.pass(5_000);
    release();
    const results = await clock.until(Promise.all([first, second, third]));
    expect(new Set(results.map(({ receiptId }) => receiptId)).size).toBe(1);
    expect(gate.effects).toHaveLength(1);
  });

  it("and that did nothing after all is made by the one that waits", async () => {
    const { clock, gate, process, failure } = world();
    const refused = process({ fetch: hangingExecutes(gate.fetch), retry: false });
    const controller = new AbortController();
    gate.fault("createLease", { kind: "hang", when: "unread" });
    const first = failure(refused.execute("count", {}, { ...CALL, signal: controller.signal }));
    await clock.pass(1_000);
    const second = process().execute("count", {}, { ...CALL, whenHeld: "wait" });
    await clock.pass(1_000);
    controller.abort();
    expect((await first).outcome).toBe("not_executed");
    expect((await clock.until(second)).ok).toBe(true);
    expect(gate.effects).toHaveLength(1);
  });

  it("and whose process has ended is unknown when its time is over", async () => {
    const { clock, gate, process, failure, change } = world();
    await clock.until(process().execute("count", {}, CALL));
    change("order-1", {
      state: "sent",
      by: "another 1 x",
      until: new Date(clock.now() + 45_000).toISOString(),
    });
    const error = await failure(process().follow("order-1"));
    expect(error).toMatchObject({ code: "sent_before", outcome: "unknown" });
    expect(error.hint).toContain("another 1 x");
    expect(gate.effects).toHaveLength(1);
  });
});

describe("what the journal holds", () => {
  it("is no secret of the lease, its key or a proof, in any reading of it", async () => {
    const { gate, clock, process, heldElsewhere, entries } = world();
    const secrets = new Set<string>();
    const fetch: typeof globalThis.fetch = async (input, init) => {
      const headers = new Headers(init?.headers);
      for (const name of ["authorization", "dpop"])
        for (const part of (headers.get(name) ?? "").split(/[ .]/)) if (part.length > 40) secrets.add(part);
      return clock.watch(gate.fetch)(input, init);
    };
    await heldElsewhere({ fetch });
    const client = process({ fetch });
    await clock.until(client.execute("count", {}, { callId: "order-3" }));
    expect(secrets.size).toBeGreaterThan(5);
    const text = [...entries.values()].join("\n");
    const readings = [
      text,
      ...text.split(/[".\\,:]/).map((word) => Buffer.from(word, "base64url").toString("latin1")),
    ];
    for (const reading of readings) {
      for (const secret of secrets) expect(reading).not.toContain(secret);
      expect(reading).not.toMatch(/"d":|lease_jwt|privateKey|"token"/);
    }
  });

  it("of a call that has ended is no seal any more", async () => {
    const { clock, gate, process, heldElsewhere, entryOf } = world();
    const { approvalId } = await heldElsewhere();
    expect(entryOf("order-1").handover).toMatch(/^eyJ[\w-]+\.\.[\w-]+\.[\w-]+\.[\w-]+$/);
    await gate.approve(approvalId);
    await clock.until(run(process()));
    expect(entryOf("order-1")).not.toHaveProperty("handover");
  });

  it("says where the call is, by whom and since when", async () => {
    const { clock, gate, process, heldElsewhere, entryOf } = world();
    const seen: JournalEntry[] = [];
    const stuck = process({ fetch: hangingExecutes(gate.fetch) });
    stuck.execute("count", {}, { callId: "order-4" }).catch(() => {});
    await clock.pass(1);
    seen.push(entryOf("order-4"));
    await heldElsewhere();
    seen.push(entryOf("order-1"));
    for (const { by, since } of seen) {
      expect(by).toContain(`${globalThis.process.pid}`);
      expect(Math.abs(Date.parse(since ?? "") - clock.now())).toBeLessThan(1_000);
    }
    expect(seen.map(({ state }) => state)).toEqual(["sent", "held"]);
    expect(Date.parse(seen[0]?.until ?? "") - Date.parse(seen[0]?.since ?? "")).toBe(45_000);
    expect(seen[1]).not.toHaveProperty("until");
  });
});

describe("a handover key", () => {
  it.each([
    ["too short", randomBytes(16)],
    ["a text", "x".repeat(32)],
    ["nothing", undefined],
    ["an empty list", []],
    ["a list with one that is none", [randomBytes(32), "y"]],
  ])("that is %s is refused when the client is made", (_what, wrong) => {
    const { gate } = world();
    const make = () =>
      new LatchGateClient({ fetch: gate.fetch, agentId: "t", handover: { key: wrong as Uint8Array } });
    expect(make).toThrow(LatchGateInvalidRequest);
    expect(make).toThrow(/32 bytes|one key at least/);
  });
});

describe("the journal in memory", () => {
  const entry = (state: JournalEntry["state"]): JournalEntry => ({ state, actionId: "a", requestHash: "h" });

  it("forgets the oldest call that has ended when it is full, and none that may still be under way", async () => {
    const journal = createMemoryJournal({ limit: 3 });
    for (const [callId, state] of [
      ["sent", "sent"],
      ["done", "done"],
      ["held", "held"],
    ] as const)
      await journal.add(callId, entry(state));
    expect(await journal.add("new", entry("sent"))).toBe(true);
    expect(await journal.get("done")).toBeUndefined();
    await expect(journal.add("one more", entry("sent"))).rejects.toThrow("full");
    await journal.set("held", entry("ended"));
    expect(await journal.add("one more", entry("sent"))).toBe(true);
    expect(await journal.get("sent")).toBeDefined();
  });

  it("refuses new calls when it is full, if it is told to: nothing is sent then", async () => {
    const { clock, process, failure, executes } = world();
    const client = process({ journal: createMemoryJournal({ limit: 1, whenFull: "refuse" }) });
    await clock.until(client.execute("count", {}, { callId: "a" }));
    expect((await failure(client.execute("count", {}, { callId: "b" }))).code).toBe("journal_failed");
    expect(executes()).toHaveLength(1);
  });

  it.each([[{ limit: 0 }], [{ whenFull: "panic" }]])("with %j is refused", (options) => {
    expect(() => createMemoryJournal(options as never)).toThrow(LatchGateInvalidRequest);
  });
});

/** A fetch whose executes reach the gate only after this; never, if nothing is given. */
function hangingExecutes(
  fetch: typeof globalThis.fetch,
  after = new Promise<void>(() => {}),
): typeof globalThis.fetch {
  return async (input, init) => {
    if (String(input).endsWith("/execute")) await after;
    return fetch(input, init);
  };
}
