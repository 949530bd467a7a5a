import { unreadable } from "../call/answers.ts";
import { type Call, gateTimeOf } from "../call/call.ts";
import { type CallOptions, type CallState, detailsOf } from "../call/call-state.ts";
import type { components, operations } from "../generated/agent.ts";
import {
  checkedListener,
  checkedOptions,
  checkedSignal,
  checkedWait,
} from "../vocabulary/checked-options.ts";
import {
  type ErrorDetails,
  LatchGateApprovalRequired,
  type LatchGateError,
  LatchGateOutcomeUnknown,
} from "../vocabulary/errors.ts";
import { tell } from "../vocabulary/listeners.ts";
import {
  type ActionResult,
  type ApprovalStatus,
  actionResultFromReceipt,
  receiptFromJson,
} from "../vocabulary/models.ts";
import { redactValue, secretsIn } from "../vocabulary/redaction.ts";
import { type BufferedResponse, type Clock, SendFailure, sleep } from "../wire/send.ts";
import { APPROVAL_LIFE_MS, endOf, givenUp, type Held, lost } from "./approval-endings.ts";
import { createPolls } from "./approval-polls.ts";
import type { HandedOver } from "./handover.ts";
import { createHeldCalls } from "./held-calls.ts";

/** How to wait for an operator. */
export interface WaitOptions {
  /** Ends the wait. The action may be approved, and run, all the same. */
  readonly signal?: AbortSignal | undefined;
  /** How long to wait at most, in milliseconds. Default: as long as the approval can be given and followed. */
  readonly waitMs?: number | undefined;
  /** Hears of each answer of the gate. What it throws, or rejects with, is ignored. */
  readonly onPoll?: ((status: ApprovalStatus) => void) | undefined;
}

/** The approvals that this client has seen being held, with the session that alone may look at them. */
export interface Approvals {
  /** Remembers a call that the gate holds, and gives the error that says so. */
  hold(
    actionId: string,
    body: components["schemas"]["PendingApproval"],
    answer: { readonly state: CallState; readonly response: BufferedResponse },
  ): LatchGateError;
  /** Whether this client knows the session that opened the approval. */
  knows(approvalId: string): boolean;
  /** What another process needs to follow the approval in this one's place; undefined where that can't be. */
  handedOver(approvalId: string): HandedOver | undefined;
  /** Takes up what another process has handed over: its approval is polled by its session from now on. */
  adopt(approvalId: string, handed: HandedOver, about: Pick<Held, "actionId" | "traceId">): void;
  /** Has it noted how a held call ended, by whoever hears of it first. */
  whenEnded(approvalId: string, note: NonNullable<Held["note"]>): void;
  status(approvalId: string, options?: CallOptions): Promise<ApprovalStatus>;
  /** Asks what became of the calls whose approval has ended while nobody waited: what did not run takes no budget. */
  settleEnded(): Promise<void>;
  /** Polls until an operator has decided, and gives the result of what the gate executed then. */
  wait(target: string | LatchGateApprovalRequired, options?: WaitOptions): Promise<ActionResult>;
}

const POLL_MS = 2_000;
/** The gate asks for one second or two. What asks for no pause, or for one of a day, is not followed. */
const SHORTEST_POLL_MS = 500;
const LONGEST_POLL_MS = 10_000;
const POLL_TIMEOUT_MS = 10_000;
/** So close to the end of the lease, or of the wait, the last poll is made. */
const LAST_POLL_MS = 250;
/** How long, and how many at once, ended approvals are asked about when the budget is short. */
const SETTLE_MS = 5_000;
const MOST_SETTLED = 10;

interface Parts {
  readonly call: Call<operations>;
  readonly clock: Clock;
  /** The clock that proofs are dated by: the gate's, where the two were found to differ. */
  readonly gateNow: () => number;
  /** Aborted when the client is closed: no wait goes on then. */
  readonly closing: AbortSignal;
}

export function createApprovals({ call, clock, gateNow: gateClock, closing }: Parts): Approvals {
  const holds = createHeldCalls(clock, gateClock);
  const { poll, tolerantPoll, endIn } = createPolls(call, holds);

  /** What came of an approved call, by its receipt. */
  async function result(
    approvalId: string,
    { receiptId }: ApprovalStatus,
    patience: CallOptions,
  ): Promise<ActionResult> {
    const held = holds.get(approvalId);
    held?.unit?.keep();
    const known: ErrorDetails = {
      outcome: "executed",
      sessionId: held?.follower.session.sessionId,
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
        patience,
      );
      const sessionId = held?.follower.session.sessionId ?? state.session?.sessionId ?? "";
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

  async function noted<End extends ActionResult | LatchGateError>(
    approvalId: string,
    end: End,
  ): Promise<End> {
    await holds.get(approvalId)?.note?.(end);
    return end;
  }

  async function wait(
    target: string | LatchGateApprovalRequired,
    given: WaitOptions = {},
  ): Promise<ActionResult> {
    const options = checkedOptions(given, "<approval>");
    const signal = checkedSignal(options.signal, "<approval>");
    const waitMs = checkedWait(options.waitMs, "<approval>") ?? Number.POSITIVE_INFINITY;
    const onPoll = checkedListener("onPoll", options.onPoll, "<approval>");
    const approvalId = typeof target === "string" ? target : target.approvalId;
    const began = clock.monotonic();
    const left = () => waitMs - (clock.monotonic() - began);
    const giveUp = (code: string, error?: unknown) =>
      givenUp(approvalId, holds.get(approvalId), holds.moment(), code, error);
    for (;;) {
      const askedAt = clock.monotonic();
      const timeoutMs = Math.min(POLL_TIMEOUT_MS, Math.max(1, left()));
      const polled = await tolerantPoll(approvalId, signal, timeoutMs).catch((error: unknown) => {
        throw endOf(approvalId, holds.get(approvalId), holds.moment(), signal, error);
      });
      if (polled !== undefined) {
        const { status } = polled;
        tell(onPoll, status);
        if (status.status === "approved") {
          const patience = { signal, timeoutMs: Number.isFinite(waitMs) ? Math.max(1, left()) : undefined };
          return noted(approvalId, await result(approvalId, status, patience));
        }
        const end = endIn(approvalId, polled);
        if (end !== undefined) throw await noted(approvalId, end);
      }
      const held = holds.get(approvalId);
      const asked = (polled?.status.retryAfterSeconds ?? POLL_MS / 1000) * 1000;
      const pause = nextPause(held, Math.min(LONGEST_POLL_MS, Math.max(SHORTEST_POLL_MS, asked)));
      // One that nobody could be asked about in all its life is as lost as one whose lease has ended.
      const unseen = held === undefined && askedAt - began > APPROVAL_LIFE_MS;
      if (pause === undefined || unseen)
        throw lost(approvalId, held, holds.moment(), unseen ? "approval_lost" : "lease_ended");
      const rest = left() - LAST_POLL_MS;
      if (rest <= 0) throw giveUp("wait_timeout");
      await sleep(clock, Math.min(pause, rest), signal, closing).catch((error: unknown) => {
        throw giveUp(error instanceof SendFailure ? error.code : "aborted", error);
      });
    }
  }

  async function status(approvalId: string, options: CallOptions = {}): Promise<ApprovalStatus> {
    const polled = await poll(approvalId, options);
    const end = endIn(approvalId, polled);
    if (end !== undefined) await noted(approvalId, end);
    return polled.status;
  }

  return {
    hold(actionId, body, answer) {
      const { state } = answer;
      const { approval_id: approvalId } = body;
      const shown = redactValue(body, secretsIn(state.headers)) as typeof body;
      const { trace_id: traceId = "", request_hash: requestHash } = shown;
      if (typeof approvalId !== "string") return unreadable(state, 202, "no approval_id in execute response");
      const gateNow = answer.response.headers.get("date") === null ? undefined : gateTimeOf(answer);
      holds.remember(approvalId, state, { actionId, traceId, gateNow, isOpened: true });
      return new LatchGateApprovalRequired(actionId, approvalId, {
        ...detailsOf(state),
        status: 202,
        traceId,
        requestHash,
        body: shown,
      });
    },

    knows: (approvalId) => holds.get(approvalId) !== undefined,
    handedOver: holds.handedOver,
    adopt: holds.adopt,

    whenEnded(approvalId, note) {
      const held = holds.get(approvalId);
      if (held !== undefined) held.note = note;
    },

    status,

    async settleEnded() {
      const look = (approvalId: string) => status(approvalId, { timeoutMs: SETTLE_MS });
      await Promise.all(
        holds
          .owing()
          .slice(0, MOST_SETTLED)
          .map((approvalId) => look(approvalId).catch(() => {})),
      );
    },

    wait,
  };
}

/** How long until the next poll; undefined when the lease does not live that long. */
function nextPause(held: Held | undefined, pause: number): number | undefined {
  const left = held?.follower.leaseLeft() ?? Number.POSITIVE_INFINITY;
  if (left > pause) return pause;
  return left > 2 * LAST_POLL_MS ? left - LAST_POLL_MS : undefined;
}
