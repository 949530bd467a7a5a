import { unreadable } from "./answers.ts";
import { endOf, givenUp, type Held, heldDetails, lost, refusal, settle } from "./approval-endings.ts";
import type { Call } from "./call.ts";
import { type CallOptions, type CallState, detailsOf } from "./call-state.ts";
import {
  type ErrorDetails,
  LatchGateApprovalExpired,
  LatchGateApprovalRequired,
  LatchGateAuthError,
  LatchGateError,
  LatchGateOutcomeUnknown,
  LatchGateTransportError,
  LatchGateUnavailable,
} from "./errors.ts";
import type { components, operations } from "./generated/agent.ts";
import { checkedOptions, checkedSignal, wrongOptions } from "./given.ts";
import {
  type ActionResult,
  type ApprovalStatus,
  actionResultFromReceipt,
  receiptFromJson,
} from "./models.ts";
import { type Clock, sleep } from "./send.ts";
import type { Session } from "./session.ts";

/** How to wait for an operator. */
export interface WaitOptions {
  /** Ends the wait. The action may be approved, and run, all the same. */
  readonly signal?: AbortSignal | undefined;
  /** How long to wait at most, in milliseconds. Default: as long as the approval can be given and followed. */
  readonly waitMs?: number | undefined;
  /** Hears of each answer of the gate. What it throws is ignored. */
  readonly onPoll?: ((status: ApprovalStatus) => void) | undefined;
}

/** The approvals that this client has seen being held, with the session that alone may look at them. */
export interface Approvals {
  /** Remembers a call that the gate holds, and gives the error that says so. */
  hold(actionId: string, body: components["schemas"]["PendingApproval"], state: CallState): LatchGateError;
  /** Whether the approval can still be polled by the session that opened it. */
  canFollow(approvalId: string): boolean;
  /** Has the result of a held call noted by whoever waits for it first. */
  whenRun(approvalId: string, note: (result: ActionResult) => Promise<unknown>): void;
  status(approvalId: string, options?: CallOptions): Promise<ApprovalStatus>;
  /** Polls until an operator has decided, and gives the result of what the gate executed then. */
  wait(target: string | LatchGateApprovalRequired, options?: WaitOptions): Promise<ActionResult>;
}

/** An approval can be given for 300 s (contract agent.md 10); the second is for clocks that run apart. */
const APPROVAL_LIFE_MS = 300_000 + 1_000;
const POLL_MS = 2_000;
/** The gate asks for one second or two. What asks for no pause, or for one of a day, is not followed. */
const SHORTEST_POLL_MS = 500;
const LONGEST_POLL_MS = 10_000;
const POLL_TIMEOUT_MS = 10_000;
/** So close to the lease's end the last poll is made. */
const LAST_POLL_MS = 250;
const MAX_HELD = 1_000;

export function createApprovals(call: Call<operations>, clock: Clock): Approvals {
  const holds = new Map<string, Held>();

  const leaseLeft = ({ session }: Held) => session.leftMs(clock.monotonic());

  async function poll(
    approvalId: string,
    options: CallOptions,
  ): Promise<{ status: ApprovalStatus; state: CallState }> {
    const held = holds.get(approvalId);
    if (held !== undefined && leaseLeft(held) <= 0) throw lost(approvalId, held);
    const input = { path: { approval_id: approvalId }, subject: "<approval>", session: held?.session };
    const { body, status, state } = await call("pollApproval", input, options);
    const poll: { readonly [member: string]: unknown } = body;
    if (typeof poll["status"] !== "string") throw unreadable(state, status, "no status in approval response");
    if (poll["status"] === "denied") settle(held);
    return { status: statusOf(approvalId, held, poll), state };
  }

  /** One poll of a wait: what is no answer about the approval is no end of it either. */
  async function tolerantPoll(
    approvalId: string,
    signal: AbortSignal | undefined,
    timeoutMs: number,
  ): Promise<ApprovalStatus | undefined> {
    try {
      // The wait itself repeats; it must not use up what others may repeat.
      const { status, state } = await poll(approvalId, { signal, timeoutMs, retry: false });
      // From the first answer on the approval belongs to the session that could see it.
      if (!holds.has(approvalId)) remember(approvalId, "", "", state);
      return status;
    } catch (error) {
      if (signal?.aborted || !isPassing(error)) throw error;
      return undefined;
    }
  }

  function remember(approvalId: string, actionId: string, traceId: string, state: CallState): void {
    // Only `leased` sets a call's session, and what it sets are these.
    const session = state.session as Session;
    holds.set(approvalId, {
      actionId,
      session,
      traceId,
      openedAt: clock.monotonic(),
      budgetSettled: actionId === "",
    });
    if (holds.size <= MAX_HELD) return;
    // Only what nobody may look at any more is forgotten.
    for (const [id, old] of holds) if (leaseLeft(old) <= 0) holds.delete(id);
  }

  async function result(
    approvalId: string,
    { receiptId }: ApprovalStatus,
    signal: AbortSignal | undefined,
  ): Promise<ActionResult> {
    const held = holds.get(approvalId);
    const known: ErrorDetails = {
      outcome: "executed",
      sessionId: held?.session.sessionId,
      traceId: held?.traceId,
    };
    if (receiptId === null)
      throw new LatchGateOutcomeUnknown("the approved action has run, and the gate names no receipt of it", {
        ...known,
        code: "no_receipt",
      });
    try {
      const { body, state } = await call(
        "getReceipt",
        { path: { receipt_id: receiptId }, subject: "<receipt>" },
        { signal },
      );
      const sessionId = held?.session.sessionId ?? state.session?.sessionId ?? "";
      return actionResultFromReceipt(receiptFromJson(body), { traceId: held?.traceId ?? "", sessionId });
    } catch (cause) {
      throw new LatchGateOutcomeUnknown("the approved action has run, and its receipt could not be read", {
        ...known,
        code: "receipt_unreadable",
        body: { receipt_id: receiptId },
        hint: "don't repeat the call: read the receipt that `body` names",
        cause,
      });
    }
  }

  async function noted(approvalId: string, run: ActionResult): Promise<ActionResult> {
    await holds.get(approvalId)?.note?.(run);
    return run;
  }

  return {
    hold(actionId, body, state) {
      const { approval_id: approvalId, trace_id: traceId, request_hash: requestHash } = body;
      if (typeof approvalId !== "string") return unreadable(state, 202, "no approval_id in execute response");
      remember(approvalId, actionId, traceId ?? "", state);
      return new LatchGateApprovalRequired(actionId, approvalId, {
        ...detailsOf(state),
        status: 202,
        traceId,
        requestHash,
        body,
      });
    },

    canFollow(approvalId) {
      const held = holds.get(approvalId);
      return held !== undefined && leaseLeft(held) > 0;
    },

    whenRun(approvalId, note) {
      const held = holds.get(approvalId);
      if (held !== undefined) held.note = note;
    },

    async status(approvalId, options = {}) {
      return (await poll(approvalId, options)).status;
    },

    async wait(target, options = {}) {
      const { signal, waitMs = Number.POSITIVE_INFINITY, onPoll } = checkedOptions(options, "<approval>");
      checkedSignal(signal, "<approval>");
      if (!(waitMs > 0)) throw wrongOptions("waitMs must be a positive number of milliseconds", "<approval>");
      const approvalId = typeof target === "string" ? target : target.approvalId;
      const began = clock.monotonic();
      let claimed = false;
      for (;;) {
        const askedAt = clock.monotonic();
        const timeoutMs = Math.min(POLL_TIMEOUT_MS, Math.max(1, waitMs - (askedAt - began)));
        const status = await tolerantPoll(approvalId, signal, timeoutMs).catch((error: unknown) => {
          throw endOf(approvalId, holds.get(approvalId), signal, error, claimed);
        });
        if (status !== undefined) {
          quietly(onPoll, status);
          if (status.status === "approved")
            return noted(approvalId, await result(approvalId, status, signal));
          if (status.status !== "pending") throw refusal(status, holds.get(approvalId));
          claimed = status.retryAfterSeconds !== 2;
          const held = holds.get(approvalId);
          if (!claimed && askedAt - (held?.openedAt ?? began) > APPROVAL_LIFE_MS) {
            // Nobody will be charged for it any more.
            settle(held);
            throw new LatchGateApprovalExpired(approvalId, heldDetails(held));
          }
        }
        const asked = (status?.retryAfterSeconds ?? POLL_MS / 1000) * 1000;
        const pace = Math.min(LONGEST_POLL_MS, Math.max(SHORTEST_POLL_MS, asked));
        const pause = nextPause(holds.get(approvalId), pace);
        // One that nobody could be asked about in all its life is as lost as one whose lease has ended.
        const unseen = !holds.has(approvalId) && askedAt - began > APPROVAL_LIFE_MS;
        if (pause === undefined || unseen) throw lost(approvalId, holds.get(approvalId));
        if (clock.monotonic() + pause - began > waitMs)
          throw givenUp(approvalId, holds.get(approvalId), "wait_timeout");
        await sleep(clock, pause, signal).catch((error: unknown) => {
          throw givenUp(approvalId, holds.get(approvalId), "aborted", error);
        });
      }
    },
  };

  /** How long until the next poll; undefined when the lease does not live that long. */
  function nextPause(held: Held | undefined, pause: number): number | undefined {
    const left = held === undefined ? Number.POSITIVE_INFINITY : leaseLeft(held);
    if (left > pause) return pause;
    return left > 2 * LAST_POLL_MS ? left - LAST_POLL_MS : undefined;
  }
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

const textOrNull = (value: unknown) => (typeof value === "string" ? value : null);

/** Errors of a poll that say nothing about the approval. Its 401 covers a gate's outage too (contract agent.md 3.9). */
const isPassing = (error: unknown) =>
  error instanceof LatchGateUnavailable ||
  error instanceof LatchGateAuthError ||
  (error instanceof LatchGateTransportError && error.code !== "closed") ||
  (error instanceof LatchGateError && (error.status ?? 0) >= 500);

/** A listener that throws changes nothing for the wait that it heard of. */
function quietly(listener: ((status: ApprovalStatus) => void) | undefined, status: ApprovalStatus): void {
  try {
    listener?.(status);
  } catch {
    // Not ours to report.
  }
}
