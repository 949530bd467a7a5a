import type { Call } from "../call/call.ts";
import type { CallOptions } from "../call/call-state.ts";
import type { operations } from "../generated/agent.ts";
import {
  type ErrorDetails,
  LatchGateApprovalDenied,
  LatchGateApprovalExpired,
  LatchGateApprovalLost,
  LatchGateApprovalRequired,
  LatchGateError,
  LatchGateOutcomeUnknown,
} from "../vocabulary/errors.ts";
import { type ActionResult, actionResultFromReceipt, receiptFromJson } from "../vocabulary/models.ts";
import type { Approvals } from "./approvals.ts";
import type { Handover } from "./handover.ts";
import type { JournalEntry } from "./journal.ts";

/** How far a run comes that others may join: to its result, or to where an operator decides. */
export type Begun =
  | { readonly result: ActionResult }
  | { readonly held: LatchGateApprovalRequired; readonly resumed: boolean };

/** A call that the journal knows, and what takes note of it. */
export interface Found {
  readonly callId: string;
  readonly entry: JournalEntry;
  readonly note: (entry: JournalEntry) => Promise<void>;
}

interface Parts {
  readonly call: Call<operations>;
  readonly approvals: Approvals;
  /** What opens what another process has sealed; undefined without a key. */
  readonly handover: Handover | undefined;
  readonly gateUrl: string;
}

/** What becomes of a call that an earlier run has left in the journal: nothing is posted. */
export function createEarlierRuns({ call, approvals, handover, gateUrl }: Parts) {
  /** Has the end of a held call noted, by whoever hears of it first. */
  function watch({ entry, note }: Found, approvalId: string): void {
    approvals.whenEnded(approvalId, (end) =>
      note(end instanceof LatchGateError ? endedEntry(entry, end) : doneEntry(entry, end)),
    );
  }

  /** The entry of a call that this process has just seen being held, with what another one needs to follow it. */
  async function heldEntry({ callId, entry }: Found, held: LatchGateApprovalRequired): Promise<JournalEntry> {
    const { approvalId, sessionId = "", traceId = "" } = held;
    const noted: JournalEntry = { ...entry, state: "held", approvalId, sessionId, traceId };
    const handed = handover === undefined ? undefined : approvals.handedOver(approvalId);
    if (handover === undefined || handed === undefined) return noted;
    try {
      return { ...noted, handover: await handover.seal({ callId, approvalId, gateUrl }, handed) };
    } catch {
      // That nobody else can take it up is no reason to lose what this process knows.
      return noted;
    }
  }

  /** Sees to it that the approval can be followed from here. */
  async function takeUp(found: Found, approvalId: string): Promise<void> {
    if (approvals.knows(approvalId)) return;
    const { callId, entry } = found;
    const { actionId, sessionId, traceId = "", handover: seal } = entry;
    if (seal === undefined || handover === undefined)
      throw notHandedOver(approvalId, entry, handover !== undefined);
    const handed = await handover.open({ callId, approvalId, gateUrl }, seal, { sessionId, traceId });
    approvals.adopt(approvalId, handed, { actionId, traceId });
    watch(found, approvalId);
  }

  async function resume(found: Found, options: CallOptions): Promise<Begun> {
    const { state, actionId, approvalId, receiptId, sessionId, traceId, outcome, code, reason } = found.entry;
    const known: ErrorDetails = { sessionId, traceId };
    if (state === "done" && receiptId !== undefined)
      return { result: await again(found.entry, receiptId, options) };
    if (state === "held" && approvalId !== undefined) {
      await takeUp(found, approvalId);
      return { held: new LatchGateApprovalRequired(actionId, approvalId, known), resumed: true };
    }
    if (code === "approval_denied")
      throw new LatchGateApprovalDenied(approvalId ?? "", reason, {
        ...known,
        outcome: outcome ?? "unknown",
      });
    if (code === "approval_expired")
      throw new LatchGateApprovalExpired(approvalId ?? "", { ...known, outcome: outcome ?? "unknown" });
    throw sentBefore(found.entry, known);
  }

  /** The result of a call that has run, its output read from the receipt. */
  async function again(
    { sessionId = "", traceId = "" }: JournalEntry,
    receiptId: string,
    options: CallOptions,
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

  return { resume, heldEntry, watch };
}

/** Nothing of a seal outlives the wait that it was made for. */
export function doneEntry(
  entry: JournalEntry,
  { receiptId, traceId, sessionId }: ActionResult,
): JournalEntry {
  const { handover: _, ...rest } = entry;
  return { ...rest, state: "done", receiptId, traceId, sessionId };
}

export function endedEntry(entry: JournalEntry, error: unknown): JournalEntry {
  const { handover: _, ...rest } = entry;
  const code = error instanceof LatchGateError ? error.code : "error";
  const reason = error instanceof LatchGateApprovalDenied ? error.reason : undefined;
  const outcome = error instanceof LatchGateError ? error.outcome : "unknown";
  return { ...rest, state: "ended", code, outcome, ...(reason === undefined ? {} : { reason }) };
}

/** Who made a call, as far as its entry says. */
const writerOf = ({ by, since }: JournalEntry) =>
  by === undefined ? "" : ` (${by}, since ${since ?? "an unknown time"})`;

function sentBefore(entry: JournalEntry, known: ErrorDetails): LatchGateOutcomeUnknown {
  return new LatchGateOutcomeUnknown(
    "a call with this callId was sent before, and may have run; do not repeat it, look at its effect",
    {
      ...known,
      code: entry.code ?? "sent_before",
      // What can't be known of a call that was sent is never that it did nothing.
      outcome: entry.outcome === "executed" ? entry.outcome : "unknown",
      hint:
        entry.code === undefined ? `whoever sent it${writerOf(entry)} has left no answer behind` : undefined,
    },
  );
}

/** @param leftMs how long it may still be under way */
export function stillUnderWay(entry: JournalEntry, leftMs: number): LatchGateOutcomeUnknown {
  return new LatchGateOutcomeUnknown("another client is still making a call with this callId: it may run", {
    code: "under_way",
    sessionId: entry.sessionId,
    traceId: entry.traceId,
    retryAfterMs: leftMs,
    hint: `the same callId joins it, or learns what became of it: whoever makes it${writerOf(entry)} has an answer, or has ended, within ${Math.ceil(leftMs / 1000)} s; whenHeld: "wait" and follow() wait for that`,
  });
}

function notHandedOver(approvalId: string, entry: JournalEntry, hasKey: boolean): LatchGateApprovalLost {
  return new LatchGateApprovalLost(approvalId, {
    code: "not_handed_over",
    sessionId: entry.sessionId,
    traceId: entry.traceId,
    message: `another client has opened the approval${writerOf(entry)}, and no other may look at it`,
    hint: hasKey
      ? "that client has no handover key: give all clients of this journal the same `handover: { key }`. It may still be waiting; else an operator can tell, or deny it"
      : "clients with a journal and the same `handover: { key }` take up each other's approvals. That client may still be waiting; else an operator can tell, or deny it",
  });
}
