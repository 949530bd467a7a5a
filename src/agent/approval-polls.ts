import { unreadable } from "../call/answers.ts";
import { type Call, gateTimeOf } from "../call/call.ts";
import type { CallOptions, CallState } from "../call/call-state.ts";
import type { operations } from "../generated/agent.ts";
import {
  LatchGateAuthError,
  LatchGateError,
  LatchGateTransportError,
  LatchGateUnavailable,
} from "../vocabulary/errors.ts";
import type { ApprovalStatus } from "../vocabulary/models.ts";
import { errorCodeOf, isGateWord } from "../vocabulary/outcomes.ts";
import { redactValue, secretsIn } from "../vocabulary/redaction.ts";
import { expired, type Held, type Loss, lost, refusal, see } from "./approval-endings.ts";
import { isLeaseKnown } from "./follower.ts";
import type { HeldCalls } from "./held-calls.ts";

/** One answer about an approval. */
export interface Poll {
  readonly status: ApprovalStatus;
  readonly state: CallState;
  /** The gate's `Date`, in milliseconds; undefined without one. */
  readonly gateNow: number | undefined;
}

/** Asks the gate about approvals, each with the session that may. */
export interface Polls {
  poll(approvalId: string, options: CallOptions): Promise<Poll>;
  /** One poll of a wait: undefined where what came is no answer about the approval, and so no end of it either. */
  tolerantPoll(
    approvalId: string,
    signal: AbortSignal | undefined,
    timeoutMs: number,
  ): Promise<Poll | undefined>;
  /** The end of an approval that a poll shows; undefined as long as it goes on, and where it was approved. */
  endIn(approvalId: string, poll: Poll): LatchGateError | undefined;
}

export function createPolls(call: Call<operations>, holds: HeldCalls): Polls {
  const loss = (approvalId: string, code: Loss) =>
    lost(approvalId, holds.get(approvalId), holds.moment(), code);

  /** A poll says 401, and nothing else, of a lease that has ended, of one that a restart has ended, and of an outage. */
  async function refused(approvalId: string, held: Held | undefined, error: unknown, options: CallOptions) {
    if (!(error instanceof LatchGateAuthError) || held === undefined) return error;
    if (held.follower.leaseLeft() <= 0) return loss(approvalId, "lease_ended");
    return (await isLeaseKnown(call, held.follower, options)) ? error : loss(approvalId, "gate_restarted");
  }

  async function poll(approvalId: string, options: CallOptions): Promise<Poll> {
    const held = holds.get(approvalId);
    if (held !== undefined && held.follower.leaseLeft() <= 0 && !held.follower.isUncertain)
      throw loss(approvalId, "lease_ended");
    const input = {
      path: { approval_id: approvalId },
      subject: "<approval>",
      session: held?.follower.session,
    };
    const answer = await call("pollApproval", input, options).catch(async (error: unknown) => {
      throw await refused(approvalId, held, error, options);
    });
    const { state } = answer;
    const body: { readonly [member: string]: unknown } = answer.body;
    if (typeof body["status"] !== "string")
      throw unreadable(state, answer.status, "no status in approval response");
    const status = statusOf(approvalId, held, body);
    const gateNow = answer.response.headers.get("date") === null ? undefined : gateTimeOf(answer);
    if (held === undefined)
      holds.remember(approvalId, state, { actionId: "", traceId: "", gateNow, isOpened: false });
    const following = holds.get(approvalId);
    if (following !== undefined) {
      if (gateNow !== undefined) anchor(following, gateNow, state.sentAt);
      see(following.seen, status, state.sentAt);
    }
    return { status, state, gateNow };
  }

  return {
    poll,

    async tolerantPoll(approvalId, signal, timeoutMs) {
      try {
        // The wait itself repeats; it must not use up what others may repeat.
        return await poll(approvalId, { signal, timeoutMs, retry: false });
      } catch (error) {
        if (signal?.aborted || !isPassing(error)) throw error;
        return undefined;
      }
    },

    endIn(approvalId, { status, state, gateNow }) {
      const held = holds.get(approvalId);
      if (status.status === "approved") return undefined;
      if (status.status !== "pending") return refusal(shownStatus(status, state), held, holds.moment());
      if (status.retryAfterSeconds !== 2 || held === undefined) return undefined;
      const isOver =
        gateNow !== undefined && held.endsAt !== undefined
          ? gateNow > held.endsAt
          : state.sentAt > held.endsBy;
      return isOver ? expired(approvalId, held, holds.moment()) : undefined;
    },
  };
}

/** An answer's `Date` says what the times of another process mean on this one's clocks. */
function anchor({ follower, seen, openedAt }: Held, gateNow: number, askedAt: number): void {
  follower.anchor?.(gateNow, askedAt);
  if (openedAt === undefined || seen.freeAt !== undefined || seen.wasClaimed) return;
  // When it was opened nobody had claimed it. A `Date` is cut off to seconds.
  seen.freeAt = askedAt - (gateNow + 1_000 - openedAt);
}

function statusOf(
  approvalId: string,
  held: Held | undefined,
  poll: { readonly [member: string]: unknown },
): ApprovalStatus {
  return {
    approvalId,
    status: String(poll["status"]),
    actionId: held?.actionId ?? "",
    receiptId: textOrNull(poll["receipt_id"]),
    reason: textOrNull(poll["reason"]),
    retryAfterSeconds: typeof poll["retry_after_seconds"] === "number" ? poll["retry_after_seconds"] : null,
    raw: poll,
  };
}

/** A status as an error may show it. */
function shownStatus(status: ApprovalStatus, { headers }: CallState): ApprovalStatus {
  return redactValue(status, secretsIn(headers)) as ApprovalStatus;
}

const textOrNull = (value: unknown) => (typeof value === "string" ? value : null);

/** Errors of a poll that say nothing about the approval. Its 401 covers a gate's outage too (contract agent.md 3.9). */
const isPassing = (error: unknown) =>
  error instanceof LatchGateUnavailable ||
  error instanceof LatchGateAuthError ||
  (error instanceof LatchGateTransportError && error.code !== "closed") ||
  (error instanceof LatchGateError && ((error.status ?? 0) >= 500 || isAnothers(error)));

/** The gate refuses a poll without a body: a page, or words that it does not have, is of something between. */
const isAnothers = ({ body }: LatchGateError) => body !== undefined && !isGateWord(errorCodeOf(body));
