import type { Clock } from "../formats/clock.ts";

/** "Unlimited" at the gate is i64::MAX; this is the double that stands for it. */
export const UNLIMITED = 2 ** 63;

/** How a debit ended. */
export type Debit =
  | { readonly ok: true; readonly before: number; readonly after: number }
  | {
      readonly ok: false;
      readonly code: "budget_exhausted" | "budget_session_not_found";
      readonly before: number;
    };

const AFTER_LEASE_MS = 60_000;
const MANY = 10_000;

/** The counters of calls, one per session that asked for a budget. */
export function createBudgets(clock: Clock) {
  const counters = new Map<string, { left: number; until: number }>();

  function counterOf(sessionId: string) {
    const counter = counters.get(sessionId);
    if (counter !== undefined && counter.until <= clock.now()) counters.delete(sessionId);
    return counters.get(sessionId);
  }

  function dropExpired() {
    for (const [sessionId, { until }] of counters) if (until <= clock.now()) counters.delete(sessionId);
  }

  return {
    /** Opens a counter. The gate keeps an i64: what is above wraps, and what was left out is -1. */
    open(sessionId: string, maxCalls: string | null, ttlSeconds: number) {
      if (counters.size >= MANY) dropExpired();
      const left = maxCalls === null ? -1 : Number(BigInt.asIntN(64, BigInt(maxCalls)));
      counters.set(sessionId, { left, until: clock.now() + ttlSeconds * 1000 + AFTER_LEASE_MS });
    },

    /** What is left for a session, without taking anything; `undefined` when a counter should be there and is not. */
    left(sessionId: string, limited: boolean): number | undefined {
      return limited ? counterOf(sessionId)?.left : UNLIMITED;
    },

    /** Takes one call, or says why there is none to take. */
    debit(sessionId: string, limited: boolean): Debit {
      if (!limited) return { ok: true, before: UNLIMITED, after: UNLIMITED };
      const counter = counterOf(sessionId);
      if (counter === undefined) return { ok: false, code: "budget_session_not_found", before: 0 };
      if (counter.left <= 0) return { ok: false, code: "budget_exhausted", before: counter.left };
      counter.left -= 1;
      return { ok: true, before: counter.left + 1, after: counter.left };
    },

    /** Gives one call back: nothing was dispatched for it. */
    refund(sessionId: string, limited: boolean) {
      const counter = limited ? counterOf(sessionId) : undefined;
      if (counter !== undefined) counter.left += 1;
    },

    forget: () => counters.clear(),
  };
}
