import type { BodyOf } from "../formats/bodies.ts";
import { hashOf } from "../formats/canonical.ts";
import { type Clock, uuidv7 } from "../formats/clock.ts";
import { createLog } from "./log.ts";

/** One event of the audit ledger, member for member as `GET /v1/audit/events` gives it. */
export interface AuditEvent extends Event {
  readonly decision: "allow" | "allow_unverified" | "deny" | "pending_approval" | "error";
}

type Event = BodyOf<"listAuditEvents">["events"][number];

/** How a run went, as an audit event says it. */
export interface AuditRuntime extends NonNullable<Event["runtime"]> {}

/** What the writer of an event says; the rest is filled in. */
export type AuditEntry = { -readonly [Name in keyof AuditEvent]?: AuditEvent[Name] | undefined } & {
  event_type: string;
  decision: AuditEvent["decision"];
};

const REASON_BYTES = 500;

/** The hash chain: each event carries the hash of the whole event before it, the first one `null`. */
export function createLedger(clock: Clock, limit: number) {
  const log = createLog<AuditEvent>(limit);
  let head: string | null = null;
  let count = 0;

  return {
    events: log.entries,
    /** How many events were ever written; `events` may hold fewer. */
    written: () => count,
    write(entry: AuditEntry): AuditEvent {
      const usual: Omit<AuditEvent, "event_type" | "decision" | "prev_hash"> = {
        trace_id: uuidv7(clock.now()),
        timestamp: new Date(clock.now()).toISOString(),
        principal: "",
        session_id: "",
        lease_jti: "",
        action_id: "",
        action_version: null,
        action_digest: "",
        action_trust_verdict: "",
        request_hash: "",
        request_schema_id: null,
        policy_version: null,
        deny_reason: null,
        allowed_sinks: [],
        budgets_before: null,
        budgets_after: null,
        runtime: null,
        response_hash: null,
        response_bytes: null,
        dev_mode: false,
        sandbox_degraded: false,
      };
      const event: Record<string, unknown> = { ...usual };
      for (const [name, value] of Object.entries(entry)) if (value !== undefined) event[name] = value;
      if (typeof event["deny_reason"] === "string") event["deny_reason"] = reasonOf(event["deny_reason"]);
      event["prev_hash"] = head;
      head = hashOf(event);
      count += 1;
      return log.add(event as unknown as AuditEvent);
    },
  };
}

/** What `GET /v1/audit/verify` finds, by hashing everything again. `written`: how many events there ever were. */
export function verifyChain(events: readonly AuditEvent[], written: number): BodyOf<"verifyAudit"> {
  // What the mock has forgotten is taken for intact.
  const forgotten = written - events.length;
  let head: string | null | undefined = forgotten > 0 ? undefined : null;
  for (const [index, event] of events.entries()) {
    if (head !== undefined && event.prev_hash !== head) {
      const links = forgotten + index;
      return { intact: false, total_events: links + 1, verified_links: links, broken_at: event.trace_id };
    }
    head = hashOf(event);
  }
  return { intact: true, total_events: written, verified_links: written, broken_at: null };
}

function reasonOf(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  const clean = text.replace(/[\u0000-\u001f\u007f-\u009f]/g, " ");
  const bytes = Buffer.from(clean);
  // A character that is cut in half is left out.
  return bytes.length <= REASON_BYTES
    ? clean
    : bytes
        .subarray(0, REASON_BYTES)
        .toString()
        .replace(/\ufffd+$/, "");
}
