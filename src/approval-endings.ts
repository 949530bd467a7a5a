import {
  type ErrorDetails,
  LatchGateApprovalDenied,
  LatchGateApprovalLost,
  LatchGateApprovalRequired,
  LatchGateError,
  LatchGateInvalidRequest,
  LatchGateNotFound,
  LatchGateOutcomeUnknown,
} from "./errors.ts";
import type { components } from "./generated/agent.ts";
import type { ActionResult, ApprovalStatus } from "./models.ts";
import { SendFailure } from "./send.ts";
import type { Session } from "./session.ts";

/** A call that the gate holds, with the session that alone may look at its approval. */
export interface Held {
  readonly actionId: string;
  readonly session: Session;
  readonly traceId: string;
  /** When the gate's answer came: the gate opened it no later. */
  readonly openedAt: number;
  budgetSettled: boolean;
  /** Takes note of the result before whoever waits gets it. */
  note?: (result: ActionResult) => Promise<unknown>;
}

/** A call that was denied or has expired will not be charged any more (contract agent.md 7): its unit goes back, once. */
export function settle(held: Held | undefined): void {
  if (held === undefined || held.budgetSettled) return;
  held.budgetSettled = true;
  held.session.budget.giveBack();
}

export const heldDetails = (held: Held | undefined): ErrorDetails => ({
  sessionId: held?.session.sessionId,
  traceId: held?.traceId,
});

export const lost = (approvalId: string, held: Held | undefined) =>
  new LatchGateApprovalLost(approvalId, heldDetails(held));

/** What a poll that can't be made again means for the wait. */
export function endOf(
  approvalId: string,
  held: Held | undefined,
  signal: AbortSignal | undefined,
  error: unknown,
  claimed: boolean,
): unknown {
  if (signal?.aborted) return givenUp(approvalId, held, "aborted", error);
  // The gate has forgotten an approval that it held for this session: nobody can say whether it was given before.
  if (error instanceof LatchGateNotFound && held !== undefined) return lost(approvalId, held);
  if (!(error instanceof LatchGateError) || error.outcome !== "not_executed") return error;
  // Whoever may not look can't tell whether it was given and has run.
  if (error instanceof LatchGateNotFound)
    return new LatchGateNotFound(error.actionId, error.reason, { ...error, outcome: "unknown" });
  if (held === undefined && error instanceof LatchGateInvalidRequest) return error;
  // It is the poll that did nothing: the action may be approved by now, or will be.
  return claimed && error.code !== "closed"
    ? lost(approvalId, held)
    : givenUp(approvalId, held, error.code, error);
}

type Ending = (status: ApprovalStatus, held: Held | undefined) => LatchGateError;

const deniedBy: Ending = ({ approvalId, reason, raw }, held) =>
  new LatchGateApprovalDenied(approvalId, reason ?? undefined, { ...heldDetails(held), body: raw });

const unclear: Ending = ({ status, reason, raw }, held) =>
  new LatchGateOutcomeUnknown(
    `the approval ended as ${status}: the action may have run; do not repeat it, look at its effect`,
    {
      ...heldDetails(held),
      code: `approval_${status}`,
      body: raw,
      hint: reason ?? undefined,
    },
  );

/** How a wait ends with each status that is neither waiting nor an approval: one that is new has to be decided on here. */
const endings = { denied: deniedBy, failed: unclear } satisfies Record<
  Exclude<components["schemas"]["ApprovalPoll"]["status"], "pending" | "approved">,
  Ending
>;

/** The terminal states that are no approval; one that the document does not know says nothing of the effect. */
export const refusal: Ending = (status, held) =>
  (new Map<string, Ending>(Object.entries(endings)).get(status.status) ?? unclear)(status, held);

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
