import type { Approvals, WaitOptions } from "./approvals.ts";
import type { Call } from "./call.ts";
import type { CallOptions } from "./call-state.ts";
import { canonicalHash } from "./canonical.ts";
import {
  type ErrorDetails,
  LatchGateApprovalLost,
  LatchGateApprovalRequired,
  LatchGateError,
  LatchGateInvalidRequest,
  LatchGateOutcomeUnknown,
} from "./errors.ts";
import type { operations } from "./generated/agent.ts";
import type { Journal, JournalEntry } from "./journal.ts";
import {
  type ActionResult,
  type ApprovalStatus,
  actionResultFromReceipt,
  receiptFromJson,
} from "./models.ts";
import { jsonText } from "./parameters.ts";
import { leftOfTime, waitFor } from "./patience.ts";
import type { Clock } from "./send.ts";

interface OnceOptions extends CallOptions, Pick<WaitOptions, "waitMs" | "onPoll"> {
  readonly whenHeld?: "throw" | "wait" | undefined;
}

/** An execute with an id of the caller's: run again, it is not run twice. */
export type Once<Options extends OnceOptions> = (
  callId: string,
  actionId: string,
  body: Record<string, unknown>,
  options: Options,
) => Promise<ActionResult>;

interface Parts<Options extends OnceOptions> {
  /** Sends the call, and throws `LatchGateApprovalRequired` when it is held. */
  readonly post: (actionId: string, body: Record<string, unknown>, options: Options) => Promise<ActionResult>;
  readonly call: Call<operations>;
  readonly approvals: Approvals;
  readonly journal: Journal;
  readonly clock: Clock;
}

/** How far a run comes that others may join: to its result, or to where an operator decides. */
type Begun =
  | { readonly result: ActionResult }
  | { readonly held: LatchGateApprovalRequired; readonly resumed: boolean };

export function createOnce<Options extends OnceOptions>(parts: Parts<Options>): Once<Options> {
  const { post, call, approvals, clock } = parts;
  const journal = promising(parts.journal);
  const inFlight = new Map<string, { readonly requestHash: string; readonly begun: Promise<Begun> }>();

  /** The first run. */
  async function begin(
    callId: string,
    entry: JournalEntry,
    body: Record<string, unknown>,
    options: Options,
  ): Promise<Begun> {
    try {
      return { result: await noted(callId, entry, await post(entry.actionId, body, options)) };
    } catch (error) {
      if (error instanceof LatchGateApprovalRequired) {
        const { approvalId, sessionId = "", traceId = "" } = error;
        await quietly(journal.set(callId, { ...entry, state: "held", approvalId, sessionId, traceId }));
        approvals.whenRun(approvalId, (result) => noted(callId, { ...entry, approvalId }, result));
        return { held: error, resumed: false };
      }
      await noteFailure(callId, entry, error);
      throw error;
    }
  }

  async function noted(callId: string, entry: JournalEntry, result: ActionResult): Promise<ActionResult> {
    const { receiptId, traceId, sessionId } = result;
    await quietly(journal.set(callId, { ...entry, state: "done", receiptId, traceId, sessionId }));
    return result;
  }

  async function noteFailure(callId: string, entry: JournalEntry, error: unknown): Promise<void> {
    const { outcome, code } =
      error instanceof LatchGateError ? error : { outcome: "unknown" as const, code: "error" };
    if (outcome === "not_executed") await quietly(journal.delete(callId));
    else
      await quietly(journal.set(callId, { ...entry, code, ...(outcome === "executed" ? { outcome } : {}) }));
  }

  /** What becomes of a call whose id the journal knows: nothing is posted. */
  async function resume(entry: JournalEntry, options: Options): Promise<Begun> {
    const { state, actionId, approvalId, receiptId, sessionId, traceId } = entry;
    const known: ErrorDetails = { sessionId, traceId };
    if (state === "done" && receiptId !== undefined)
      return { result: await again(entry, receiptId, options) };
    if (state === "held" && approvalId !== undefined) {
      if (!approvals.canFollow(approvalId)) throw new LatchGateApprovalLost(approvalId, known);
      return { held: new LatchGateApprovalRequired(actionId, approvalId, known), resumed: true };
    }
    throw new LatchGateOutcomeUnknown(
      "a call with this callId was sent before, and may have run; do not repeat it, look at its effect",
      {
        ...known,
        code: entry.code ?? "sent_before",
        outcome: entry.outcome ?? "unknown",
      },
    );
  }

  /** What a held call means for one of its callers: each has its own patience. */
  async function decided(begun: Begun, options: Options): Promise<ActionResult> {
    if ("result" in begun) return begun.result;
    const { held, resumed } = begun;
    if (options.whenHeld !== "wait") {
      if (!resumed) throw held;
      const status = await heldStatus(held, options);
      if (status.status === "pending") throw status.retryAfterSeconds === 1 ? underWay(held) : held;
    }
    return approvals.wait(held, options);
  }

  async function heldStatus(held: LatchGateApprovalRequired, options: Options): Promise<ApprovalStatus> {
    const { actionId, approvalId, sessionId, traceId } = held;
    try {
      return await approvals.status(approvalId, options);
    } catch (cause) {
      // That the poll did nothing does not say so of the call that is held.
      const code = cause instanceof LatchGateError ? cause.code : undefined;
      const details: ErrorDetails = { code, outcome: "unknown", sessionId, traceId, cause };
      throw new LatchGateApprovalRequired(actionId, approvalId, details);
    }
  }

  /** The result of a call that has run, its output read from the receipt. */
  async function again(
    { sessionId = "", traceId = "" }: JournalEntry,
    receiptId: string,
    options: Options,
  ): Promise<ActionResult> {
    try {
      const input = { path: { receipt_id: receiptId }, subject: "<receipt>" };
      const { body } = await call("getReceipt", input, options);
      return actionResultFromReceipt(receiptFromJson(body), { sessionId, traceId });
    } catch (cause) {
      throw new LatchGateOutcomeUnknown(
        "a call with this callId has run, and its receipt could not be read",
        {
          code: "receipt_unreadable",
          outcome: "executed",
          sessionId,
          traceId,
          body: { receipt_id: receiptId },
          cause,
        },
      );
    }
  }

  async function journaled(
    callId: string,
    entry: JournalEntry,
    body: Record<string, unknown>,
    options: Options,
  ): Promise<Begun> {
    const began = clock.monotonic();
    const adding = journal.add(callId, entry);
    // No signal and no time of the caller's ends this: what an earlier run did would stay unknown.
    const added = await within(adding, JOURNAL_MS).catch((cause: unknown) => {
      // An entry that comes after this stands for a call that was never made.
      adding.then((late) => (late ? journal.delete(callId) : undefined)).catch(() => {});
      return journalFailed(cause);
    });
    const timeoutMs = leftOfTime(options.timeoutMs, clock.monotonic() - began);
    const rest: Options = { ...options, timeoutMs };
    if (added) return begin(callId, entry, body, rest);
    const found = await within(journal.get(callId), JOURNAL_MS).catch((cause: unknown) =>
      journalFailed(cause, "unknown"),
    );
    if (found === undefined) throw journalFailed();
    if (found.requestHash !== entry.requestHash) throw reused(entry.actionId);
    return resume(found, rest);
  }

  /** A store that never answers keeps nobody for ever. */
  const within = <Value>(asked: Promise<Value>, timeoutMs: number) =>
    waitFor(asked, clock, { timeoutMs }, () => new Error(`no answer within ${timeoutMs} ms`));

  /** What the journal learns too late changes nothing: a later run finds the call as sent. */
  const quietly = (noting: Promise<void>) => within(noting, NOTE_MS).catch(() => {});

  /** The waiting of a caller that joins a run: its own signal and time end it, and not the run. */
  const joined = (begun: Promise<Begun>, { signal, timeoutMs }: Options) =>
    waitFor(
      begun,
      clock,
      { signal, timeoutMs },
      (code) => new LatchGateOutcomeUnknown(STILL_UNDER_WAY, { code, cause: signal?.reason }),
    );

  return async function once(callId, actionId, body, options) {
    if (typeof callId !== "string" || callId === "")
      throw new LatchGateInvalidRequest(actionId, "callId must be a text that is not empty", {
        code: "invalid_options",
      });
    // What is hashed is what is sent, whatever the caller does with its object meanwhile.
    const sent = JSON.parse(jsonText(body, actionId)) as Record<string, unknown>;
    const requestHash = hashOf(actionId, sent);
    const entry: JournalEntry = { state: "sent", actionId, requestHash };
    const running = inFlight.get(callId);
    if (running !== undefined) {
      if (running.requestHash !== requestHash) throw reused(actionId);
      const began = clock.monotonic();
      let begun: Begun;
      try {
        begun = await joined(running.begun, options);
      } catch (error) {
        // The other's patience is not this one's: what it gave up before anything was sent is made for this one.
        if (!isGivenUp(error) || options.signal?.aborted) throw error;
        const timeoutMs = leftOfTime(options.timeoutMs, clock.monotonic() - began);
        return once(callId, actionId, sent, { ...options, timeoutMs });
      }
      return decided(begun, options);
    }
    const begun = journaled(callId, entry, sent, options).finally(() => inFlight.delete(callId));
    inFlight.set(callId, { requestHash, begun });
    return decided(await begun, options);
  };
}

/** How long a store may take to say whether a call is new. */
const JOURNAL_MS = 30_000;
/** How long a result is kept back until the store has it. */
const NOTE_MS = 5_000;

const isGivenUp = (error: unknown) =>
  error instanceof LatchGateError &&
  error.outcome === "not_executed" &&
  (error.code === "aborted" || error.code === "timeout");

const STILL_UNDER_WAY =
  "the call that this one joined is still under way: it may have run, and its id joins it again";

const reused = (actionId: string) =>
  new LatchGateInvalidRequest(
    actionId,
    "this callId belongs to another call: other action or other parameters",
    { code: "call_id_reused" },
  );

/** Where the journal has an entry that can't be read, an earlier run may have run. */
function journalFailed(cause?: unknown, outcome: "not_executed" | "unknown" = "not_executed"): never {
  throw new LatchGateInvalidRequest("<journal>", "the journal failed, so nothing was sent", {
    code: "journal_failed",
    outcome,
    cause,
  });
}

/** A held call that an operator has claimed: it may be running now. */
const underWay = ({ actionId, approvalId, sessionId, traceId }: LatchGateApprovalRequired) =>
  new LatchGateApprovalRequired(actionId, approvalId, {
    sessionId,
    traceId,
    outcome: "unknown",
    hint: "an operator has claimed it: it may be running now",
  });

function hashOf(actionId: string, body: unknown): string {
  try {
    return canonicalHash([actionId, body]);
  } catch {
    throw new LatchGateInvalidRequest(
      actionId,
      "the parameters have no canonical JSON form (half a character pair?)",
      {
        code: "invalid_parameters",
      },
    );
  }
}

/** A store may throw where it should reject. */
function promising(journal: Journal): Journal {
  return {
    add: async (callId, entry) => journal.add(callId, entry),
    get: async (callId) => journal.get(callId),
    set: async (callId, entry) => journal.set(callId, entry),
    delete: async (callId) => journal.delete(callId),
  };
}
