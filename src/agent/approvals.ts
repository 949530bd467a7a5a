import { unreadable } from "../call/answers.ts";
import { type Call, gateTimeOf } from "../call/call.ts";
import { type CallOptions, type CallState, detailsOf } from "../call/call-state.ts";
import type { components, operations } from "../generated/agent.ts";
import type { Session } from "../session/session.ts";
import {
  type ErrorDetails,
  LatchGateApprovalRequired,
  LatchGateAuthError,
  LatchGateError,
  LatchGateOutcomeUnknown,
  LatchGateTransportError,
  LatchGateUnavailable,
} from "../vocabulary/errors.ts";
import { checkedListener, checkedOptions, checkedSignal, checkedWait } from "../vocabulary/given.ts";
import { tell } from "../vocabulary/listeners.ts";
import {
  type ActionResult,
  type ApprovalStatus,
  actionResultFromReceipt,
  receiptFromJson,
} from "../vocabulary/models.ts";
import { errorCodeOf, isGateWord } from "../vocabulary/outcomes.ts";
import { redactValue, secretsIn } from "../vocabulary/redaction.ts";
import { type BufferedResponse, type Clock, SendFailure, sleep } from "../wire/send.ts";
import {
  APPROVAL_LIFE_MS,
  endOf,
  expired,
  givenUp,
  type Held,
  type Loss,
  lost,
  type Moment,
  refusal,
  see,
} from "./approval-endings.ts";
import { adoptedFollower, followerOf, isLeaseKnown } from "./follower.ts";
import type { HandedOver } from "./handover.ts";

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
  adopt(approvalId: string, handed: HandedOver, about: Pick<Remembered, "actionId" | "traceId">): void;
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
/** So close to the lease's end the last poll is made. */
const LAST_POLL_MS = 250;
const MAX_HELD = 1_000;
/** How long, and how many at once, ended approvals are asked about when the budget is short. */
const SETTLE_MS = 5_000;
const MOST_SETTLED = 10;

/** One answer about an approval. */
interface Poll {
  readonly status: ApprovalStatus;
  readonly state: CallState;
  /** The gate's `Date`, in milliseconds; undefined without one. */
  readonly gateNow: number | undefined;
}

interface Parts {
  readonly call: Call<operations>;
  readonly clock: Clock;
  /** The clock that proofs are dated by: the gate's, where the two were found to differ. */
  readonly gateNow: () => number;
  /** Aborted when the client is closed: no wait goes on then. */
  readonly closing: AbortSignal;
}

export function createApprovals({ call, clock, gateNow: gateClock, closing }: Parts): Approvals {
  const holds = new Map<string, Held>();

  const leaseLeft = ({ follower }: Held) => follower.leaseLeft();
  const moment = (): Moment => ({ monotonic: clock.monotonic(), wall: gateClock() });
  const loss = (approvalId: string, code: Loss) => lost(approvalId, holds.get(approvalId), moment(), code);

  /** A poll says 401, and nothing else, of a lease that has ended, of one that a restart has ended, and of an outage. */
  async function refused(approvalId: string, held: Held | undefined, error: unknown, options: CallOptions) {
    if (!(error instanceof LatchGateAuthError) || held === undefined) return error;
    if (leaseLeft(held) <= 0) return loss(approvalId, "lease_ended");
    return (await isLeaseKnown(call, held.follower, options)) ? error : loss(approvalId, "gate_restarted");
  }

  async function poll(approvalId: string, options: CallOptions): Promise<Poll> {
    const held = holds.get(approvalId);
    if (held !== undefined && leaseLeft(held) <= 0 && !held.follower.isUncertain)
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
    // From the first answer on the approval belongs to the session that could see it.
    if (held === undefined)
      remember(approvalId, state, { actionId: "", traceId: "", gateNow, isOpened: false });
    const following = holds.get(approvalId);
    if (following !== undefined) {
      if (gateNow !== undefined) anchor(following, gateNow, state.sentAt);
      see(following.seen, status, state.sentAt);
    }
    return { status, state, gateNow };
  }

  /** One poll of a wait: what is no answer about the approval is no end of it either. */
  async function tolerantPoll(
    approvalId: string,
    signal: AbortSignal | undefined,
    timeoutMs: number,
  ): Promise<Poll | undefined> {
    try {
      // The wait itself repeats; it must not use up what others may repeat.
      return await poll(approvalId, { signal, timeoutMs, retry: false });
    } catch (error) {
      if (signal?.aborted || !isPassing(error)) throw error;
      return undefined;
    }
  }

  /** An answer's `Date` says what the times of another process mean on this one's clocks. */
  function anchor({ follower, seen, openedAt }: Held, gateNow: number, askedAt: number): void {
    follower.anchor?.(gateNow, askedAt);
    if (openedAt === undefined || seen.freeAt !== undefined || seen.wasClaimed) return;
    // When it was opened nobody had claimed it. A `Date` is cut off to seconds.
    seen.freeAt = askedAt - (gateNow + 1_000 - openedAt);
  }

  function remember(
    approvalId: string,
    state: CallState,
    { actionId, traceId, gateNow, isOpened }: Remembered,
  ): void {
    // What signs a call of an agent's is a session.
    const session = state.session as Session;
    keep(approvalId, {
      actionId,
      follower: followerOf(session, clock),
      traceId,
      seen: { freeAt: isOpened ? state.sentAt : undefined, wasClaimed: false, last: undefined },
      openedAt: isOpened ? gateNow : undefined,
      endsAt: gateNow === undefined ? undefined : gateNow + APPROVAL_LIFE_MS,
      endsBy: state.sentAt + APPROVAL_LIFE_MS,
      unit: isOpened ? session.budget.hold() : undefined,
    });
  }

  function keep(approvalId: string, hold: Held): void {
    holds.set(approvalId, hold);
    if (holds.size <= MAX_HELD) return;
    // Only what nobody may look at any more is forgotten.
    for (const [id, old] of holds) if (leaseLeft(old) <= 0) holds.delete(id);
  }

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

  /** The end of an approval that this poll shows; undefined as long as it goes on. */
  function endIn(approvalId: string, { status, state, gateNow }: Poll): LatchGateError | undefined {
    const held = holds.get(approvalId);
    if (status.status === "approved") return undefined;
    if (status.status !== "pending") return refusal(shownStatus(status, state), held, moment());
    if (status.retryAfterSeconds !== 2 || held === undefined) return undefined;
    const isOver =
      gateNow !== undefined && held.endsAt !== undefined ? gateNow > held.endsAt : state.sentAt > held.endsBy;
    return isOver ? expired(approvalId, held, moment()) : undefined;
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
      givenUp(approvalId, holds.get(approvalId), moment(), code, error);
    for (;;) {
      const askedAt = clock.monotonic();
      const timeoutMs = Math.min(POLL_TIMEOUT_MS, Math.max(1, left()));
      const polled = await tolerantPoll(approvalId, signal, timeoutMs).catch((error: unknown) => {
        throw endOf(approvalId, holds.get(approvalId), moment(), signal, error);
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
      if (pause === undefined || unseen) throw loss(approvalId, unseen ? "approval_lost" : "lease_ended");
      if (pause > left()) throw giveUp("wait_timeout");
      await sleep(clock, pause, signal, closing).catch((error: unknown) => {
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
      remember(approvalId, state, { actionId, traceId, gateNow, isOpened: true });
      return new LatchGateApprovalRequired(actionId, approvalId, {
        ...detailsOf(state),
        status: 202,
        traceId,
        requestHash,
        body: shown,
      });
    },

    knows: (approvalId) => holds.has(approvalId),

    handedOver(approvalId) {
      const held = holds.get(approvalId);
      const handed = held?.follower.handedOver?.();
      if (held === undefined || handed === undefined) return undefined;
      const openedBy = held.endsBy - APPROVAL_LIFE_MS;
      const passed = clock.monotonic() - openedBy;
      const openedAt = held.openedAt ?? gateClock() - passed;
      return {
        ...handed,
        openedAt,
        leaseEndsAt: openedAt + passed + leaseLeft(held),
        approvalEndsAt: openedAt + APPROVAL_LIFE_MS,
      };
    },

    adopt(approvalId, handed, { actionId, traceId }) {
      const follower = adoptedFollower(handed, clock, gateClock);
      const { openedAt, approvalEndsAt: endsAt } = handed;
      const endsBy = clock.monotonic() + endsAt - gateClock();
      const seen = { freeAt: undefined, wasClaimed: false, last: undefined };
      keep(approvalId, { actionId, follower, traceId, seen, openedAt, endsAt, endsBy, unit: undefined });
    },

    whenEnded(approvalId, note) {
      const held = holds.get(approvalId);
      if (held !== undefined) held.note = note;
    },

    status,

    async settleEnded() {
      const now = clock.monotonic();
      const ended = [...holds].filter(
        ([, held]) => held.unit?.isOpen && now > held.endsBy && leaseLeft(held) > 0,
      );
      const look = ([approvalId]: (typeof ended)[number]) => status(approvalId, { timeoutMs: SETTLE_MS });
      await Promise.all(ended.slice(0, MOST_SETTLED).map((hold) => look(hold).catch(() => {})));
    },

    wait,
  };

  /** How long until the next poll; undefined when the lease does not live that long. */
  function nextPause(held: Held | undefined, pause: number): number | undefined {
    const left = held === undefined ? Number.POSITIVE_INFINITY : leaseLeft(held);
    if (left > pause) return pause;
    return left > 2 * LAST_POLL_MS ? left - LAST_POLL_MS : undefined;
  }
}

interface Remembered {
  readonly actionId: string;
  readonly traceId: string;
  readonly gateNow: number | undefined;
  /** Whether this client has seen it being opened: by then nobody can have claimed it. */
  readonly isOpened: boolean;
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
