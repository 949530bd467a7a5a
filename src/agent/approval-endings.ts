import type { components } from "../generated/agent.ts";
import type { Outcome } from "../generated/operations.ts";
import type { HeldUnit, Session } from "../session/session.ts";
import {
  type ErrorDetails,
  LatchGateApprovalDenied,
  LatchGateApprovalExpired,
  LatchGateApprovalLost,
  LatchGateApprovalRequired,
  LatchGateError,
  LatchGateInvalidRequest,
  LatchGateNotFound,
  LatchGateOutcomeUnknown,
} from "../vocabulary/errors.ts";
import type { ActionResult, ApprovalStatus } from "../vocabulary/models.ts";
import { SendFailure } from "../wire/send.ts";

/** An approval can be given for 300 s (contract agent.md 10); the second is for what a `Date` cuts off. */
export const APPROVAL_LIFE_MS = 300_000 + 1_000;

/**
 * A claim stands for 120 s (contract measured.md): so long an approve that was cut off can be seen, and nothing else is
 * accepted. The second is for clocks that run apart.
 */
const CLAIM_MS = 120_000 - 1_000;

/** The ledger of an approval: what was seen of it, on the monotonic clock. */
export interface Sightings {
  /** When it was last known to be pending, and never claimed until then: a claim that was cut off still shows. */
  freeAt: number | undefined;
  /** Somebody was seen to have claimed it. */
  wasClaimed: boolean;
}

/** Enters a poll that says pending. `retry_after_seconds` is 2 as long as nobody has claimed it, and 1 from then on. */
export function seePending(seen: Sightings, retryAfterSeconds: number | null, askedAt: number): void {
  if (retryAfterSeconds === 1) seen.wasClaimed = true;
  if (retryAfterSeconds === 2) seen.freeAt = askedAt;
}

/**
 * Whether the action of an approval that ended without one may have run. An approve that was cut off while the action ran
 * leaves its claim for 120 s, and is denied or expires like any other after that: so it surely did not run only if it was
 * never seen claimed, and seen free less than that ago.
 */
export const outcomeOf = (seen: Sightings, now: number): Outcome =>
  !seen.wasClaimed && seen.freeAt !== undefined && now - seen.freeAt < CLAIM_MS ? "not_executed" : "unknown";

/** A call that the gate holds, with the session that alone may look at its approval. */
export interface Held {
  readonly actionId: string;
  readonly session: Session;
  readonly traceId: string;
  readonly seen: Sightings;
  /** By when the approval can't be given any more, on the gate's clock (its `Date`), where that was told. */
  readonly endsAt: number | undefined;
  /** The same on the monotonic clock, from the moment when this client first heard of it. */
  readonly endsBy: number;
  readonly unit: HeldUnit | undefined;
  /** Takes note of how it ended before whoever waits hears of it. */
  note?: (end: ActionResult | LatchGateError) => Promise<unknown>;
}

const NOTHING_SEEN: Sightings = Object.freeze({ freeAt: undefined, wasClaimed: false });

export const heldDetails = (held: Held | undefined): ErrorDetails => ({
  sessionId: held?.session.sessionId,
  traceId: held?.traceId,
});

export const lost = (approvalId: string, held: Held | undefined) =>
  new LatchGateApprovalLost(approvalId, heldDetails(held));

/** What a call that was held and did not run still takes of its budget: nothing, if that is sure. */
function settled(held: Held | undefined, now: number): Outcome {
  const outcome = outcomeOf(held?.seen ?? NOTHING_SEEN, now);
  if (outcome === "not_executed") held?.unit?.giveBack();
  else held?.unit?.keep();
  return outcome;
}

const CLAIMED_BEFORE =
  "an approve of it may have been cut off while the action ran: look at its effect before you repeat the call";
const hintOf = (outcome: Outcome) => (outcome === "unknown" ? CLAIMED_BEFORE : undefined);

/** Nobody has decided, and nobody can any more. */
export function expired(approvalId: string, held: Held | undefined, now: number): LatchGateError {
  const outcome = settled(held, now);
  return new LatchGateApprovalExpired(approvalId, { ...heldDetails(held), outcome, hint: hintOf(outcome) });
}

type Ending = (status: ApprovalStatus, held: Held | undefined, now: number) => LatchGateError;

const deniedBy: Ending = ({ approvalId, reason, raw }, held, now) => {
  const outcome = settled(held, now);
  const details = { ...heldDetails(held), outcome, hint: hintOf(outcome), body: raw };
  return new LatchGateApprovalDenied(approvalId, reason ?? undefined, details);
};

const unclear: Ending = ({ status, reason, raw }, held) => {
  held?.unit?.keep();
  return new LatchGateOutcomeUnknown(
    `the approval ended as ${status}: the action may have run; do not repeat it, look at its effect`,
    { ...heldDetails(held), code: `approval_${status}`, body: raw, hint: reason ?? undefined },
  );
};

/** How a wait ends with each status that is neither waiting nor an approval: one that is new has to be decided on here. */
const endings = { denied: deniedBy, failed: unclear } satisfies Record<
  Exclude<components["schemas"]["ApprovalPoll"]["status"], "pending" | "approved">,
  Ending
>;

/** The terminal states that are no approval; one that the document does not know says nothing of the effect. */
export const refusal: Ending = (status, held, now) =>
  (new Map<string, Ending>(Object.entries(endings)).get(status.status) ?? unclear)(status, held, now);

/** What a poll that can't be made again means for the wait. That a poll did nothing says nothing of the action. */
export function endOf(
  approvalId: string,
  held: Held | undefined,
  signal: AbortSignal | undefined,
  error: unknown,
): unknown {
  if (signal?.aborted) return givenUp(approvalId, held, "aborted", error);
  if (!(error instanceof LatchGateError) || error.outcome !== "not_executed") return error;
  // Whoever may not look can't tell whether it was given and has run.
  if (error instanceof LatchGateNotFound)
    return held === undefined
      ? new LatchGateNotFound(error.actionId, error.reason, { ...error, outcome: "unknown" })
      : lost(approvalId, held);
  // Nothing was asked: what was given is no approval's id.
  if (error instanceof LatchGateInvalidRequest && error.status === undefined) return error;
  return held?.seen.wasClaimed && error.code !== "closed"
    ? lost(approvalId, held)
    : givenUp(approvalId, held, error.code, error);
}

/** A wait that its caller ended. Whoever decides after that runs the action: so it is not known any more. */
export function givenUp(
  approvalId: string,
  held: Held | undefined,
  code: string,
  error?: unknown,
): LatchGateError {
  const cause = error instanceof SendFailure ? error.cause : error;
  return new LatchGateApprovalRequired(held?.actionId ?? "", approvalId, {
    ...heldDetails(held),
    code,
    outcome: "unknown",
    hint: "the wait was given up; the action is still held, and runs if an operator approves it",
    cause,
  });
}
