import { describe, expect, it } from "vitest";
import { type AuditEvent, LatchGateError, LatchGateOperator } from "../../src/operator.ts";
import { failure, world } from "./world.ts";

const credentials = world().gate.operatorCredentials;

/** An operator at a gate that answers audit queries as the contract says: exclusive bounds, compared as text, newest first. */
function ledgerOf(timestamps: readonly number[]) {
  const events = timestamps
    .map((at, n) => ({ trace_id: `t${n}`, timestamp: new Date(at).toISOString() }))
    .sort((a, b) => b.timestamp.localeCompare(a.timestamp));
  const queries: string[] = [];
  const fetch = async (url: string | URL | Request) => {
    const query = new URL(String(url)).searchParams;
    queries.push(query.toString());
    const before = query.get("before") ?? "~";
    const found = events.filter(({ timestamp }) => timestamp < before).slice(0, Number(query.get("limit")));
    return Response.json({ events: found });
  };
  const operator = new LatchGateOperator({ ...credentials, fetch: fetch as typeof globalThis.fetch });
  return { operator, queries };
}

async function all(events: AsyncIterable<AuditEvent>): Promise<string[]> {
  const ids: string[] = [];
  for await (const { trace_id } of events) ids.push(trace_id);
  return ids;
}

describe("the events of the ledger", () => {
  it("come page by page, each once, those that share a millisecond with a page's end too", async () => {
    const start = Date.UTC(2026, 10, 24);
    const timestamps = Array.from({ length: 100 }, (_, n) => start + Math.floor(n / 4));
    const { operator, queries } = ledgerOf(timestamps);
    for (const pageSize of [5, 7, 50, 100, 101]) {
      const ids = await all(operator.audit.events({ pageSize }));
      expect(ids).toHaveLength(100);
      expect(new Set(ids).size).toBe(100);
    }
    expect(queries.length).toBeGreaterThan(10);
  });

  it("of a millisecond that has more than the gate gives are an error that says so, and no silence", async () => {
    const at = Date.UTC(2026, 10, 24);
    const { operator } = ledgerOf([...Array.from({ length: 1_001 }, () => at), at + 5, at - 5]);
    const error = await failure(all(operator.audit.events({ pageSize: 10 })));
    expect(error).toBeInstanceOf(LatchGateError);
    expect(error).toMatchObject({ code: "too_many_in_one_millisecond", outcome: "not_executed" });
    const { operator: fewer } = ledgerOf([...Array.from({ length: 12 }, () => at), at + 5, at - 5]);
    for (const pageSize of [1, 2, 10, 13])
      expect(new Set(await all(fewer.audit.events({ pageSize }))).size).toBe(14);
  });

  it("are asked for with every condition, in the one form of a time that the gate compares rightly", async () => {
    const { operator, queries } = ledgerOf([]);
    const filter = {
      traceId: "t",
      eventType: "action_call",
      actionId: "a",
      principal: "agent:a&b",
      sessionId: "s",
      decision: "deny",
      after: new Date(0),
      before: "2026-02-26T12:34:56.789Z",
    } as const;
    await all(operator.audit.events(filter));
    expect(Object.fromEntries(new URLSearchParams(queries[0]))).toEqual({
      trace_id: "t",
      event_type: "action_call",
      action_id: "a",
      principal: "agent:a&b",
      session_id: "s",
      decision: "deny",
      after: "1970-01-01T00:00:00.000Z",
      before: "2026-02-26T12:34:56.789Z",
      limit: "1000",
    });
    for (const after of ["2026-02-26T12:34:56Z", "yesterday", new Date(Number.NaN)])
      expect(await failure(all(operator.audit.events({ after })))).toMatchObject({ code: "invalid_options" });
    expect(await failure(all(operator.audit.events({ pageSize: 1001 })))).toMatchObject({
      code: "invalid_options",
    });
  });

  it("verify at the gate and here", async () => {
    const { operator, hold, gate } = world();
    await operator.approvals.approve(await hold());
    await operator.epoch();
    const atTheGate = await operator.audit.verify();
    expect(atTheGate).toMatchObject({ intact: true, total_events: gate.auditEvents.length });
    for (const pageSize of [2, 1000])
      expect(await operator.audit.verifyOffline({ pageSize })).toMatchObject({
        state: "intact",
        events: gate.auditEvents.length,
      });
    gate.advance(10);
    const after = new Date(gate.now() - 5);
    await operator.epoch();
    expect(await operator.audit.verifyOffline({ after })).toMatchObject({ state: "partial", events: 1 });
  });
});

describe("the side of an event", () => {
  it("tells a 422 before the effect from one after it", async () => {
    const schema = { type: "object", properties: { n: { type: "number" } } };
    const { agent, operator, gate } = world({
      actions: {
        strict: {
          riskLevel: "low",
          requestSchema: schema,
          responseSchema: schema,
          run: () => ({ n: "x" }),
        } as never,
      },
    });
    await agent.execute("strict", { n: "no number" }).catch(() => {});
    const [early] = gate.auditEvents.slice(-1) as unknown as AuditEvent[];
    if (early === undefined) throw new Error("no event");
    expect(early.deny_reason).toMatch(/^request schema:/);
    expect(await operator.audit.sideOf(early)).toBe("before");
    expect(await operator.audit.sideOf(early.trace_id)).toBe("before");
    expect(await operator.audit.sideOf("01a20b78-a2b1-7281-84c7-8cc9e813c48f")).toBe("unknown");
    const late = {
      ...early,
      deny_reason: "response schema violation: n is no number",
      budgets_after: { calls_remaining: 4 },
    } as AuditEvent;
    expect(await operator.audit.sideOf(late)).toBe("after");
  });

  it("of what ran is after, of what is held before, and of a deny unknown", async () => {
    const { operator, hold, gate } = world();
    const ran = await operator.approvals.approve(await hold());
    await operator.approvals.deny(await hold());
    const decisions = (gate.auditEvents as unknown as AuditEvent[]).filter(
      ({ event_type }) => event_type === "action_call",
    );
    expect(await Promise.all(decisions.map((event) => operator.audit.sideOf(event)))).toEqual([
      "before",
      "after",
      "before",
      "unknown",
    ]);
    if (ran.decision === "executed") expect(await operator.audit.sideOf(ran.traceId)).toBe("after");
  });
});
