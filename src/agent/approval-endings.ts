import type { components } from "../generated/agent.ts";
import type { Outcome } from "../generated/operations.ts";
import type { HeldUnit } from "../session/session.ts";
import {
  type ApprovalDetails,
  type ApprovalKnowledge,
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
import type { Follower } from "./follower.ts";

/** An approval can be given for 300 s (contract agent.md 10); the second is for what a `Date` cuts off. */
export const APPROVAL_LIFE_MS = 300_000 + 1_000;

/**
 * A claim stands for 120 s (contract measured.md): so long an approve that was cut off can be seen, and nothing else is
 * accepted. The second is for clocks that run apart.
 */
const CLAIM_MS = 120_000 - 1_000;

/** The ledger of an approval: what was seen of it, on the monotonic clock. */
export interface Sightings {
  /** The last answer about it, and when it was asked for. */
  last: { readonly at: number; readonly status: string; readonly isClaimed: boolean } | undefined;
  /** When it was last known to be pending, and never claimed until then: a claim that was cut off still shows. */
  freeAt: number | undefined;
  /** Somebody was seen to have claimed it. */
  wasClaimed: boolean;
}

/** Enters an answer. Of one that is pending `retry_after_seconds` is 2 as long as nobody has claimed it, and 1 from then on. */
export function see(seen: Sightings, { status, retryAfterSeconds }: ApprovalStatus, askedAt: number): void {
  const isClaimed = status === "pending" && retryAfterSeconds === 1;
  seen.last = { at: askedAt, status, isClaimed };
  if (isClaimed) seen.wasClaimed = true;
  if (status === "pending" && retryAfterSeconds === 2) seen.freeAt = askedAt;
}

/**
 * Whether the action of an approval that ended without one may have run. An approve that was cut off while the action ran
 * leaves its claim for 120 s, and is denied or expires like any other after that: so it surely did not run only if it was
 * never seen claimed, and seen free less than that ago.
 */
export const outcomeOf = (seen: Sightings, now: number): Outcome =>
  !seen.wasClaimed && seen.freeAt !== undefined && now - seen.freeAt < CLAIM_MS ? "not_executed" : "unknown";

/** A call that the gate holds. */
export interface Held {
  readonly actionId: string;
  readonly follower: Follower;
  readonly traceId: string;
  readonly seen: Sightings;
  /** When it was opened, and by when it can't be given any more, on the gate's clock (its `Date`), where that was told. */
  readonly openedAt: number | undefined;
  readonly endsAt: number | undefined;
  /** The end on the monotonic clock, from the moment when this client first heard of it. */
  readonly endsBy: number;
  readonly unit: HeldUnit | undefined;
  /** Takes note of how it ended before whoever waits hears of it. */
  note?: (end: ActionResult | LatchGateError) => Promise<unknown>;
}

const NOTHING_SEEN: Sightings = Object.freeze({ freeAt: undefined, wasClaimed: false, last: undefined });

/** The two clocks of this machine at one moment. */
export interface Moment {
  readonly monotonic: number;
  /** Milliseconds since the epoch, by the clock that proofs are dated by. */
  readonly wall: number;
}

/** What an error can say of a held call. */
function detailsOf(held: Held | undefined, now: Moment): ApprovalDetails {
  if (held === undefined) return {};
  const { last } = held.seen;
  const wallTime = (monotonic: number) => new Date(now.wall + monotonic - now.monotonic);
  return {
    sessionId: held.follower.session.sessionId,
    traceId: held.traceId,
    known: {
      lastPoll: last && { at: wallTime(last.at), status: last.status, isClaimed: last.isClaimed },
      leaseEndsAt: wallTime(now.monotonic + held.follower.leaseLeft()),
      approvalEndsAt: held.endsAt === undefined ? wallTime(held.endsBy) : new Date(held.endsAt),
    },
  };
}

const timeOf = (time: Date) => (Number.isNaN(time.getTime()) ? "at no time" : time.toISOString());

/** The last answer about an approval, in words. */
function lastWords({ lastPoll }: ApprovalKnowledge): string {
  if (lastPoll === undefined) return "it was never asked about";
  const state =
    lastPoll.status !== "pending"
      ? lastPoll.status
      : lastPoll.isClaimed
        ? "claimed by an operator, and may be running"
        : "pending, and nobody had claimed it";
  return `when last asked (${timeOf(lastPoll.at)}) it was ${state}`;
}

const LOSSES = {
  lease_ended: {
    says: "the lease of the session that opened the approval has ended, and no other session may see it",
    hint: "an operator can tell what became of it (approvals, audit); a gate whose lease_ttl_seconds is over 300 lets approvals be followed to their end",
  },
  approval_gone: {
    says: "the gate does not know the approval any more",
    hint: "an operator can tell by the audit events whether it was given; do not repeat the call before",
  },
  gate_restarted: {
    says: "the gate was restarted, which ended the lease of the session that opened the approval",
    hint: "it can still be approved, and then runs: an operator can deny it, or tell what became of it",
  },
  poll_refused: {
    says: "the gate refuses to be asked about the approval",
    hint: "an operator has claimed it, and it may be running: an operator can tell what became of it",
  },
  approval_lost: {
    says: "nobody could be asked about the approval in all its life",
    hint: "an operator can tell what became of it (approvals, audit)",
  },
} as const;

export type Loss = keyof typeof LOSSES;

/** It can't be followed any more: why, and what was known last. */
export function lost(
  approvalId: string,
  held: Held | undefined,
  now: Moment,
  code: Loss,
): LatchGateApprovalLost {
  const details = detailsOf(held, now);
  const { says, hint } = LOSSES[code];
  const { known } = details;
  const times =
    known?.leaseEndsAt === undefined || known.approvalEndsAt === undefined
      ? ""
      : `: ${lastWords(known)}; it can be given until ${timeOf(known.approvalEndsAt)}, the lease lived until ${timeOf(known.leaseEndsAt)}`;
  return new LatchGateApprovalLost(approvalId, { ...details, code, hint, message: `${says}${times}` });
}

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
export function expired(approvalId: string, held: Held | undefined, now: Moment): LatchGateError {
  const outcome = settled(held, now.monotonic);
  const details = { ...detailsOf(held, now), outcome, hint: hintOf(outcome) };
  return new LatchGateApprovalExpired(approvalId, details);
}

type Ending = (status: ApprovalStatus, held: Held | undefined, now: Moment) => LatchGateError;

const deniedBy: Ending = ({ approvalId, reason, raw }, held, now) => {
  const outcome = settled(held, now.monotonic);
  const details = { ...detailsOf(held, now), outcome, hint: hintOf(outcome), body: raw };
  return new LatchGateApprovalDenied(approvalId, reason ?? undefined, details);
};

const unclear: Ending = ({ status, reason, raw }, held, now) => {
  held?.unit?.keep();
  return new LatchGateOutcomeUnknown(
    `the approval ended as ${status}: the action may have run; do not repeat it, look at its effect`,
    { ...detailsOf(held, now), code: `approval_${status}`, body: raw, hint: reason ?? undefined },
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
  now: Moment,
  signal: AbortSignal | undefined,
  error: unknown,
): unknown {
  if (signal?.aborted) return givenUp(approvalId, held, now, "aborted", error);
  if (!(error instanceof LatchGateError) || error.outcome !== "not_executed") return error;
  // Whoever may not look can't tell whether it was given and has run.
  if (error instanceof LatchGateNotFound)
    return held === undefined
      ? new LatchGateNotFound(error.actionId, error.reason, { ...error, outcome: "unknown" })
      : lost(approvalId, held, now, "approval_gone");
  // Nothing was asked: what was given is no approval's id.
  if (error instanceof LatchGateInvalidRequest && error.status === undefined) return error;
  return held?.seen.wasClaimed && error.code !== "closed"
    ? lost(approvalId, held, now, "poll_refused")
    : givenUp(approvalId, held, now, error.code, error);
}

/** A wait that its caller ended. Whoever decides after that runs the action: so it is not known any more. */
export function givenUp(
  approvalId: string,
  held: Held | undefined,
  now: Moment,
  code: string,
  error?: unknown,
): LatchGateError {
  const cause = error instanceof SendFailure ? error.cause : error;
  const details = detailsOf(held, now);
  const seen = details.known === undefined ? "" : ` (${lastWords(details.known)})`;
  return new LatchGateApprovalRequired(held?.actionId ?? "", approvalId, {
    ...details,
    code,
    outcome: "unknown",
    hint: `the wait was given up${seen}; the action is still held, and runs if an operator approves it: wait again, or have it denied`,
    cause,
  });
}
