import { unreadable } from "../call/answers.ts";
import type { Call } from "../call/call.ts";
import type { CallOptions } from "../call/call-state.ts";
import { type AuditVerdict, verifyAuditChain } from "../evidence/audit.ts";
import type { components, operations } from "../generated/operator.ts";
import { checkedOptions } from "../vocabulary/checked-options.ts";
import { LatchGateError } from "../vocabulary/errors.ts";
import { wrongValue } from "./values.ts";

type Schemas = components["schemas"];
export type AuditEvent = components["schemas"]["AuditEvent"];

/** Which events; all conditions hold together. The gate checks no value: an unknown one finds nothing. */
export interface AuditFilter {
  readonly traceId?: string | undefined;
  readonly eventType?: Schemas["AuditEventType"] | undefined;
  readonly actionId?: string | undefined;
  readonly principal?: string | undefined;
  readonly sessionId?: string | undefined;
  readonly decision?: Schemas["AuditDecision"] | undefined;
  /** Only events after this moment; a `Date`, or the text of an event's `timestamp`. */
  readonly after?: Date | string | undefined;
  /** Only events before this moment. */
  readonly before?: Date | string | undefined;
}

export interface EventsOptions extends AuditFilter, CallOptions {
  /** How many events a request asks for: 1 to 1,000, which is the default. */
  readonly pageSize?: number | undefined;
}

/** Whether an action's effect lies before an event or may not: see `sideOf`. */
export type Side = "before" | "after" | "unknown";

/** The ledger of everything that was decided: a chain of hashes. */
export interface Audit {
  /**
   * Events, the newest first, page by page, each once, those that share a millisecond too. Memory does not grow with the
   * number of events.
   * @throws LatchGateError `too_many_in_one_millisecond`: the gate can't show more than 1,000 events of one
   */
  events(options?: EventsOptions): AsyncGenerator<AuditEvent, void, undefined>;
  /** What the gate says of its own chain. A broken one is an answer and no error. */
  verify(options?: CallOptions): Promise<Schemas["AuditVerification"]>;
  /**
   * Recomputes the chain here, from the events as the gate gives them; the gate's own verdict is not asked. With `after` or
   * `before` it is a part of the chain, and the verdict `partial` at best.
   */
  verifyOffline(
    options?: Pick<EventsOptions, "after" | "before" | "pageSize" | keyof CallOptions>,
  ): Promise<AuditVerdict>;
  /**
   * Whether an event, or the one with this trace id, was written `before` the action was sent into the world or `after`. It
   * tells the two kinds of 422 apart, for which the agent has one word: `deny` does not mean that nothing happened.
   */
  sideOf(event: AuditEvent | string, options?: CallOptions): Promise<Side>;
}

const MOST_AT_ONCE = 1_000;
const SUBJECT = "<audit>";

export function createAudit(call: Call<operations>): Audit {
  async function* events(options: EventsOptions = {}): AsyncGenerator<AuditEvent, void, undefined> {
    const { pageSize = MOST_AT_ONCE } = checkedOptions(options, SUBJECT);
    if (!(Number.isInteger(pageSize) && pageSize >= 1 && pageSize <= MOST_AT_ONCE))
      throw wrongValue("invalid_options", `pageSize must be a whole number from 1 to ${MOST_AT_ONCE}`);
    const query = { ...queryOf(options), limit: pageSize };
    /** The events of the oldest millisecond so far: the next page begins with them again. */
    let again = new Set<string>();
    for (let before = query.before, limit = pageSize; ; ) {
      const { body, state, status } = await call(
        "listAuditEvents",
        { subject: SUBJECT, query: { ...query, before, limit } },
        options,
      );
      const page = body.events;
      for (const event of page) if (!again.has(event.trace_id)) yield event;
      const oldest = page.at(-1)?.timestamp;
      if (oldest === undefined || page.length < limit) return;
      if (page[0]?.timestamp === oldest) {
        if (limit === MOST_AT_ONCE) throw tooMany(oldest, limit);
        // A page of one millisecond: the largest one may reach beyond it.
        again = new Set([...again, ...page.map(({ trace_id }) => trace_id)]);
        limit = MOST_AT_ONCE;
        continue;
      }
      limit = pageSize;
      const next = Date.parse(oldest);
      if (Number.isNaN(next)) throw unreadable(state, status, "an audit event without a time");
      again = new Set(page.filter(({ timestamp }) => timestamp === oldest).map(({ trace_id }) => trace_id));
      // The bound is exclusive, and would lose the others of the same millisecond (contract operator.md 4.3).
      before = new Date(next + 1).toISOString();
    }
  }

  return {
    events,

    async verify(options) {
      return (await call("verifyAudit", { subject: SUBJECT }, options)).body;
    },

    async verifyOffline(options = {}) {
      return verifyAuditChain(events(options));
    },

    async sideOf(event, options = {}) {
      if (typeof event !== "string") return sideOfEvent(event);
      for await (const found of events({ ...options, traceId: event })) return sideOfEvent(found);
      return "unknown";
    },
  };
}

/** See {@link Audit.sideOf}. */
export function sideOfEvent(event: AuditEvent): Side {
  const reason = event.deny_reason ?? "";
  if (event.decision === "allow" || event.decision === "allow_unverified") return "after";
  if (event.decision === "pending_approval") return "before";
  // A receipt is made of what has run; an approved action that failed its check has one too.
  if (event.receipt_id !== undefined) return "after";
  if (reason.startsWith("response schema violation:") && event.budgets_after !== null) return "after";
  const early = reason.startsWith("request schema:") || reason.startsWith("invalid JSON body:");
  return early && event.budgets_after === null ? "before" : "unknown";
}

function queryOf(filter: AuditFilter) {
  return {
    trace_id: filter.traceId,
    event_type: filter.eventType,
    action_id: filter.actionId,
    principal: filter.principal,
    session_id: filter.sessionId,
    decision: filter.decision,
    after: moment(filter.after, "after"),
    before: moment(filter.before, "before"),
  };
}

/** The gate compares times as text, so any other form of one would find the wrong events, silently. */
function moment(at: Date | string | undefined, name: string): string | undefined {
  if (at === undefined) return undefined;
  if (at instanceof Date && !Number.isNaN(at.getTime())) return at.toISOString();
  if (typeof at === "string" && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(at)) return at;
  throw wrongValue("invalid_options", `${name} must be a Date, or a text such as 2026-02-26T12:34:56.789Z`);
}

const tooMany = (timestamp: string, limit: number) =>
  new LatchGateError(
    `${limit} events or more are of one millisecond (${timestamp}), and the gate gives no more of them`,
    {
      code: "too_many_in_one_millisecond",
      outcome: "not_executed",
      hint: "narrow them down with a filter, or take the gate's own export (ledger_jsonl_path)",
    },
  );
