import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type AuditVerdict, type ChainedEvent, verifyAuditChain } from "../../src/operator.ts";

/** Of events whose members stand in the order of the alphabet: then JSON.stringify gives the canonical form. */
const hashOf = (event: object) =>
  `sha256:${createHash("sha256").update(JSON.stringify(event)).digest("hex")}`;

/** A ledger of so many events, in the order in which a gate writes them. */
function* ledger(count: number): Generator<ChainedEvent> {
  let prev: string | null = null;
  for (let n = 0; n < count; n += 1) {
    const event: ChainedEvent = {
      budgets_after: { calls_remaining: 2 ** 63 },
      decision: n % 3 === 0 ? "deny" : "allow",
      deny_reason: n % 3 === 0 ? `reason ${n}` : null,
      event_type: "action_call",
      prev_hash: prev,
      principal: "agent:a",
      timestamp: new Date(Date.UTC(2026, 10, 24) + n).toISOString(),
      trace_id: `trace-${n}`,
    };
    prev = hashOf(event);
    yield event;
  }
}

const verdictOf = (events: Iterable<ChainedEvent>): Promise<AuditVerdict> => verifyAuditChain(events);

describe("the chain of audit events", () => {
  it("that a gate was recorded to give is whole, newest first and oldest first", async () => {
    const { exchanges } = JSON.parse(
      readFileSync(new URL("../recordings/main.json", import.meta.url), "utf8"),
    ) as { exchanges: { response: { json?: { events?: ChainedEvent[] } } }[] };
    const lists = exchanges.map(({ response }) => response.json?.events ?? []);
    const longest = lists.reduce((a, b) => (b.length > a.length ? b : a));
    expect(longest.length).toBeGreaterThan(50);
    for (const events of [longest, [...longest].reverse()]) {
      const verdict = await verdictOf(events);
      expect(verdict.state).toBe(longest.some(({ prev_hash }) => prev_hash === null) ? "intact" : "partial");
      expect(verdict.links).toBe(longest.length - 1);
    }
  });

  it("is intact in any order, and the verdict says what that does not prove", async () => {
    const events = [...ledger(50)];
    const shuffled = [...events].sort((a, b) => hashOf(a).localeCompare(hashOf(b)));
    for (const order of [events, [...events].reverse(), shuffled]) {
      const verdict = await verdictOf(order);
      expect(verdict).toMatchObject({ state: "intact", events: 50, links: 49 });
      expect(verdict.notProven.join()).toMatch(/last event.*learned.*receipts/);
    }
  });

  it("of no events is empty, which proves nothing", async () => {
    const verdict = await verdictOf([]);
    expect(verdict).toMatchObject({ state: "empty", events: 0, links: 0 });
    expect(verdict.notProven.join()).toMatch(/nothing happened.*deleted/);
  });

  it("that somebody has written anew as a whole is intact, and the verdict says that this can't be told", async () => {
    let prev: string | null = null;
    const rewritten = [...ledger(5)].map((event) => {
      const forged: ChainedEvent = { ...event, decision: "allow", deny_reason: null, prev_hash: prev };
      prev = hashOf(forged);
      return forged;
    });
    const verdict = await verdictOf(rewritten);
    expect(verdict.state).toBe("intact");
    expect(verdict.notProven.join()).toMatch(/not signed.*whole ledger.*another one that holds/);
  });

  const bottomless = () => {
    let deep: unknown[] = [];
    for (let level = 0; level < 50_000; level += 1) deep = [deep];
    return deep;
  };
  it.each<[string, () => unknown]>([
    ["Infinity, as JSON.parse reads 1e999", () => JSON.parse("1e999")],
    ["half a surrogate pair", () => "x\ud800"],
    ["half a surrogate pair in a name", () => ({ "x\ud800": 1 })],
    ["lists nested without end", bottomless],
    ["a Map", () => new Map([["a", 1]])],
  ])("with an event that can't be hashed (%s) is broken, and names its place", async (_what, wrong) => {
    const events = [...ledger(5)].map((event, n) => (n === 2 ? { ...event, principal: wrong() } : event));
    expect(await verdictOf(events)).toMatchObject({
      state: "broken",
      malformed: { count: 1, traceIds: ["event 3"] },
    });
  });

  it("with an event that comes again after 10,000 others is broken all the same, though its twin is forgotten", async () => {
    const verdictAfter = async (others: number) => {
      const events = [...ledger(others + 2)];
      return verdictOf([...events, events[1] as ChainedEvent]);
    };
    expect(await verdictAfter(9_998)).toMatchObject({ state: "broken", duplicates: { count: 1 } });
    expect(await verdictAfter(10_000)).toMatchObject({
      state: "broken",
      duplicates: { count: 0 },
      missingPredecessor: { traceIds: ["trace-1"] },
    });
  });

  it("with an event that was altered is broken, and names it and the one after it", async () => {
    const events = [...ledger(10)].map((event, n) => (n === 4 ? { ...event, decision: "allow!" } : event));
    expect(await verdictOf(events)).toMatchObject({
      state: "broken",
      missingPredecessor: { count: 1, traceIds: ["trace-5"] },
      withoutSuccessor: { traceIds: ["trace-4", "trace-9"] },
    });
  });

  it("with an event that no member was ever known of, altered, is broken too", async () => {
    const events = [...ledger(3)].map((event, n) => (n === 0 ? { ...event, new_member: 1 } : event));
    expect((await verdictOf(events)).state).toBe("broken");
  });

  it("without one of its events is broken, and names the one after it", async () => {
    const events = [...ledger(10)].filter((_, n) => n !== 4);
    expect(await verdictOf(events)).toMatchObject({
      state: "broken",
      missingPredecessor: { count: 1, traceIds: ["trace-5"] },
      withoutSuccessor: { traceIds: ["trace-3", "trace-9"] },
    });
  });

  it("without its end, or with an altered last event, is intact: that can't be seen, and is said", async () => {
    const events = [...ledger(10)];
    expect((await verdictOf(events.slice(0, 7))).state).toBe("intact");
    const altered = events.map((event, n) => (n === 9 ? { ...event, decision: "allow!" } : event));
    expect((await verdictOf(altered)).state).toBe("intact");
    expect((await verdictOf(altered)).notProven[0]).toMatch(/last event.*altered.*cut off/);
  });

  it("without its beginning is partial, as a part that was asked for is", async () => {
    const verdict = await verdictOf([...ledger(10)].slice(3));
    expect(verdict).toMatchObject({ state: "partial", missingPredecessor: { traceIds: ["trace-3"] } });
    expect(verdict.notProven.join()).toMatch(/before the first/);
  });

  it("with two successors of one event is broken, in both orders", async () => {
    const events = [...ledger(6)];
    const fork = { ...events[3], trace_id: "fork" } as ChainedEvent;
    expect(await verdictOf([...events, fork])).toMatchObject({
      state: "broken",
      forks: { traceIds: ["fork"] },
    });
    expect((await verdictOf([...events, fork].reverse())).forks.count).toBe(1);
  });

  it("with an event twice, two beginnings, or what is no event, is broken", async () => {
    const events = [...ledger(4)];
    expect(await verdictOf([...events, ...events.slice(1, 2)])).toMatchObject({
      state: "broken",
      duplicates: { traceIds: ["trace-1"] },
    });
    const other = { ...events[0], trace_id: "other" } as ChainedEvent;
    expect(await verdictOf([...events, other])).toMatchObject({
      state: "broken",
      furtherBeginnings: { traceIds: ["other"] },
    });
    for (const nonsense of [null, 5, "x", [], {}, { trace_id: "t" }, { trace_id: "t", prev_hash: 5 }])
      expect(await verdictOf([...events, nonsense as never])).toMatchObject({
        state: "broken",
        malformed: { traceIds: ["event 5"] },
      });
  });

  it("of 100,000 events streams in flat memory and linear time", async () => {
    const run = async (count: number) => {
      let most = 0;
      function* watched() {
        let n = 0;
        for (const event of ledger(count)) {
          if (++n % 5_000 === 0) most = Math.max(most, process.memoryUsage().heapUsed);
          yield event;
        }
      }
      globalThis.gc?.();
      const before = process.memoryUsage().heapUsed;
      const began = performance.now();
      const verdict = await verifyAuditChain(watched());
      return { verdict, ms: performance.now() - began, grownMb: (most - before) / 2 ** 20 };
    };
    await run(2_000);
    const small = await run(10_000);
    const large = await run(100_000);
    console.log(
      `100,000 events: ${Math.round(large.ms)} ms (their making included; 10,000: ${Math.round(small.ms)} ms), heap at most ${Math.round(large.grownMb)} MB more`,
    );
    expect(large.verdict).toMatchObject({ state: "intact", events: 100_000, links: 99_999 });
    expect(large.ms).toBeLessThan(small.ms * 30);
    expect(large.grownMb).toBeLessThan(100);
  });
});
