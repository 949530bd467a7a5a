import type { EventKind, EventOf, WebhookEvent } from "../webhooks/event.ts";
import { plain } from "./show.ts";

/** What happened, in words, by kind: a new kind in the document stops the build here. */
const WORDS: { readonly [Kind in EventKind]: (data: EventOf<Kind>["data"]) => string } = {
  "approval.pending": (data) =>
    `${data.action_id} of ${data.principal} waits for an operator (${data.risk_level} risk, until ${data.expires_at})` +
    `\n  latchgate-client approvals approve ${data.approval_id}`,
  "approval.granted": (data) =>
    `${data.action_id} was approved by ${data.approved_by}, and has run: receipt ${data.receipt_id}`,
  "approval.denied": (data) => `${data.action_id} was denied by ${data.denied_by}: ${data.reason}`,
  "approval.expired": (data) =>
    `nobody decided on ${data.action_id} of ${data.principal} before ${data.expired_at}: approval ${data.approval_id}`,
  "action.denied": (data) => `${data.action_id} of ${data.principal} was denied: ${data.deny_reason}`,
  "action.executed": (data) =>
    `${data.action_id} of ${data.principal} has run (${data.verification_outcome}): receipt ${data.receipt_id}`,
  "action.failed": (data) =>
    `${data.action_id} of ${data.principal} failed after it was begun (${data.error_class}): it may have had an effect`,
  revocation: (data) =>
    `every lease was revoked by ${data.operator_id}: epoch ${data.old_epoch} → ${data.new_epoch}`,
  "budget.exhausted": (data) =>
    `${data.action_id} of ${data.principal} lost the race for the last call of its budget`,
  "budget.rollback_failed": (data) =>
    `a call could not be given back to session ${data.session_id}: ${data.error}`,
  test: (data) => `a test of endpoint ${data.endpoint_name}`,
};

/** An event as a person reads it: a line, and for a held action a second one, the command that decides it. */
export function wordsOf(event: WebhookEvent): string[] {
  const time = plain(event.timestamp);
  const words = Object.hasOwn(WORDS, event.type)
    ? (WORDS as { readonly [type: string]: (data: never) => string })[event.type]
    : undefined;
  if (words === undefined)
    return [`${time}  an event of a kind that is not known here: ${plain(event.type)}`];
  const [first = "", ...more] = words(shown(event.data) as never).split("\n");
  return [`${time}  ${first}`, ...more];
}

/** What a gate passes on was said by agents and operators. An id goes into a command, and must not be more than an id there. */
function shown(data: object): Record<string, string> {
  return Object.fromEntries(
    Object.entries(data).map(([name, value]) => [
      name,
      name === "approval_id" ? String(value).replace(/[^\w-]/g, "?") : plain(value),
    ]),
  );
}
