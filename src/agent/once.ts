import type { Call } from "../call/call.ts";
import type { CallOptions } from "../call/call-state.ts";
import type { SentParameters } from "../call/sent-parameters.ts";
import { canonicalHash } from "../evidence/canonical.ts";
import type { operations } from "../generated/agent.ts";
import {
  type ErrorDetails,
  LatchGateApprovalDenied,
  LatchGateApprovalExpired,
  LatchGateApprovalLost,
  LatchGateApprovalRequired,
  LatchGateError,
  LatchGateInvalidRequest,
  LatchGateJournalError,
  LatchGateOutcomeUnknown,
  LatchGateTransportError,
} from "../vocabulary/errors.ts";
import {
  type ActionResult,
  type ApprovalStatus,
  actionResultFromReceipt,
  receiptFromJson,
} from "../vocabulary/models.ts";
import { waitFor } from "../wire/patience.ts";
import type { Clock } from "../wire/send.ts";
import type { Approvals, WaitOptions } from "./approvals.ts";
import type { Journal, JournalEntry } from "./journal.ts";

interface OnceOptions extends CallOptions, Pick<WaitOptions, "waitMs" | "onPoll"> {
  readonly whenHeld?: "throw" | "wait" | undefined;
}

/** An execute with an id of the caller's: run again, it is not run twice. */
export type Once<Options extends OnceOptions> = (
  callId: string,
  actionId: string,
  body: SentParameters,
  options: Options,
) => Promise<ActionResult>;

interface Parts<Options extends OnceOptions> {
  /** Sends the call, and throws `LatchGateApprovalRequired` when it is held. */
  readonly post: (actionId: string, body: SentParameters, options: Options) => Promise<ActionResult>;
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
    body: SentParameters,
    options: Options,
  ): Promise<Begun> {
    const note = (end: JournalEntry) => quietly(journal.set(callId, end));
    try {
      const result = await post(entry.actionId, body, options);
      await note(doneEntry(entry, result));
      return { result };
    } catch (error) {
      if (error instanceof LatchGateApprovalRequired) {
        const { approvalId, sessionId = "", traceId = "" } = error;
        const held: JournalEntry = { ...entry, state: "held", approvalId, sessionId, traceId };
        await note(held);
        approvals.whenEnded(approvalId, (end) =>
          note(end instanceof LatchGateError ? endedEntry(held, end) : doneEntry(held, end)),
        );
        return { held: error, resumed: false };
      }
      if (outcomeOf(error) === "not_executed") await quietly(journal.delete(callId));
      else await note({ ...endedEntry(entry, error), state: "sent" });
      throw error;
    }
  }

  /** What becomes of a call whose id the journal knows: nothing is posted. */
  async function resume(entry: JournalEntry, options: Options): Promise<Begun> {
    const { state, actionId, approvalId, receiptId, sessionId, traceId, outcome = "unknown" } = entry;
    const known: ErrorDetails = { sessionId, traceId };
    if (state === "done" && receiptId !== undefined)
      return { result: await again(entry, receiptId, options) };
    if (state === "held" && approvalId !== undefined) {
      if (!approvals.canFollow(approvalId)) throw new LatchGateApprovalLost(approvalId, known);
      return { held: new LatchGateApprovalRequired(actionId, approvalId, known), resumed: true };
    }
    if (entry.code === "approval_denied")
      throw new LatchGateApprovalDenied(approvalId ?? "", entry.reason, { ...known, outcome });
    if (entry.code === "approval_expired")
      throw new LatchGateApprovalExpired(approvalId ?? "", { ...known, outcome });
    throw new LatchGateOutcomeUnknown(
      "a call with this callId was sent before, and may have run; do not repeat it, look at its effect",
      {
        ...known,
        code: entry.code ?? "sent_before",
        // What can't be known of a call that was sent is never that it did nothing.
        outcome: outcome === "executed" ? outcome : "unknown",
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
      return { ...actionResultFromReceipt(receiptFromJson(body), { sessionId, traceId }), joined: true };
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
    body: SentParameters,
    options: Options,
  ): Promise<Begun> {
    const { signal, timeoutMs } = options;
    const began = clock.monotonic();
    const left = () => (timeoutMs === undefined ? undefined : timeoutMs - (clock.monotonic() - began));
    /** A store that does not answer keeps a caller no longer than the caller wants, and nobody for ever. */
    const asked = async <Value>(asking: Promise<Value>): Promise<Value> => {
      const failed = (cause: unknown) => {
        throw new LatchGateJournalError("the journal failed", { cause });
      };
      const timeoutMs = Math.min(left() ?? JOURNAL_MS, JOURNAL_MS);
      const late = (code: string) =>
        new Error(`the store has not answered (${code})`, { cause: signal?.reason });
      return waitFor(asking, clock, { signal, timeoutMs }, late).catch((cause: unknown) => {
        if (!signal?.aborted) return failed(cause);
        // A store that is about to answer tells more than an abort does.
        return waitFor(asking, clock, { timeoutMs: ABORT_GRACE_MS }, () => cause).catch(failed);
      });
    };
    const adding = journal.add(callId, entry);
    const added = await asked(adding).catch((error: unknown) => {
      // An entry that comes after this stands for a call that was never made.
      adding.then((late) => (late === true ? journal.delete(callId) : undefined)).catch(() => {});
      throw error;
    });
    if (added === true) {
      const rest = left();
      if (!signal?.aborted && (rest === undefined || rest > 0))
        return begin(callId, entry, body, { ...options, timeoutMs: rest });
      await quietly(journal.delete(callId));
      throw signal?.aborted
        ? new LatchGateTransportError("the call was aborted by its signal", {
            code: "aborted",
            cause: signal.reason,
          })
        : new LatchGateTransportError("the call's time was over before anything was sent", {
            code: "timeout",
          });
    }
    const found = readable(await asked(journal.get(callId)));
    if (found.requestHash !== entry.requestHash) throw reused(entry.actionId);
    return resume(found, { ...options, timeoutMs: left() });
  }

  /** What the journal learns too late changes nothing: a later run finds the call as sent. */
  const quietly = (noting: Promise<void>) =>
    waitFor(noting, clock, { timeoutMs: NOTE_MS }, () => undefined).catch(() => {});

  /** The waiting of a caller that joins a run: its own signal and time end it, and not the run. */
  const joined = (begun: Promise<Begun>, { signal, timeoutMs }: Options) =>
    waitFor(
      begun,
      clock,
      { signal, timeoutMs },
      (code) => new LatchGateOutcomeUnknown(STILL_UNDER_WAY, { code, cause: signal?.reason }),
    );

  return async function once(callId, actionId, body, options) {
    const requestHash = hashOf(actionId, body.value);
    const entry: JournalEntry = { state: "sent", actionId, requestHash };
    const began = clock.monotonic();
    const running = inFlight.get(callId);
    if (running === undefined) {
      const begun = journaled(callId, entry, body, options).finally(() => inFlight.delete(callId));
      inFlight.set(callId, { requestHash, begun });
      return decided(await begun, options);
    }
    if (running.requestHash !== requestHash) throw reused(actionId);
    let begun: Begun;
    try {
      begun = await joined(running.begun, options);
    } catch (error) {
      // The other's patience is not this one's: what it gave up before anything was sent is made for this one.
      if (!isGivenUp(error) || options.signal?.aborted) throw error;
      const timeoutMs = options.timeoutMs && Math.max(1, options.timeoutMs - (clock.monotonic() - began));
      return once(callId, actionId, body, { ...options, timeoutMs });
    }
    return decided(begun, options);
  };
}

const outcomeOf = (error: unknown) => (error instanceof LatchGateError ? error.outcome : "unknown");

const doneEntry = (entry: JournalEntry, { receiptId, traceId, sessionId }: ActionResult): JournalEntry => ({
  ...entry,
  state: "done",
  receiptId,
  traceId,
  sessionId,
});

function endedEntry(entry: JournalEntry, error: unknown): JournalEntry {
  const code = error instanceof LatchGateError ? error.code : "error";
  const reason = error instanceof LatchGateApprovalDenied ? error.reason : undefined;
  const outcome = outcomeOf(error);
  return { ...entry, state: "ended", code, outcome, ...(reason === undefined ? {} : { reason }) };
}

/** Stores say "nothing" in many ways; an entry that is not there, or is none, says nothing of an earlier run. */
function readable(found: JournalEntry | null | undefined): JournalEntry {
  if (typeof found !== "object" || found === null)
    throw new LatchGateJournalError("the journal has this callId, and gives no entry for it");
  if (typeof found.state !== "string" || typeof found.requestHash !== "string")
    throw new LatchGateJournalError("the journal's entry for this callId can't be read");
  return found;
}

/** How long a store may take to say whether a call is new. */
const JOURNAL_MS = 30_000;
/** How long a caller that has given up is kept for the store's answer. */
const ABORT_GRACE_MS = 100;
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
