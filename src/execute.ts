import type { Approvals, WaitOptions } from "./approvals.ts";
import { type Call, type CallInput, type CallOptions, jsonText, unreadable } from "./call.ts";
import { canonicalHash } from "./canonical.ts";
import {
  type ErrorDetails,
  LatchGateApprovalLost,
  LatchGateApprovalRequired,
  LatchGateError,
  LatchGateInvalidRequest,
  LatchGateOutcomeUnknown,
  type ParameterIssue,
} from "./errors.ts";
import type { operations } from "./generated/agent.ts";
import type { Journal, JournalEntry } from "./journal.ts";
import {
  type ActionResult,
  actionResultFromJson,
  actionResultFromReceipt,
  receiptFromJson,
} from "./models.ts";
import { limitIssues, type Validator } from "./validation.ts";

export interface ExecuteOptions extends CallOptions, Pick<WaitOptions, "waitMs" | "onPoll"> {
  /** What to do when the gate holds the action: throw `LatchGateApprovalRequired` (default), or wait for the operator. */
  readonly whenHeld?: "throw" | "wait" | undefined;
  /**
   * An id of the caller's for this one call, kept in the client's journal: a second `execute` with it joins the first,
   * takes up its approval, gives its result again, or says that it may have run. It is never sent to the gate.
   */
  readonly callId?: string | undefined;
  /**
   * `before`: the parameters are checked against the action's schema before anything is sent, as the gate would (needs the
   * optional peer `ajv`). A 422 that comes all the same is about the action's answer then.
   */
  readonly validate?: "before" | undefined;
}

export type Execute = (
  actionId: string,
  params: Record<string, unknown> | undefined,
  options: ExecuteOptions,
) => Promise<ActionResult>;

/** How long looking up why a 422 came may take. */
const EXPLAIN_MS = 2_000;

/** The parts that an execute is made of. */
interface Parts {
  readonly call: Call<operations>;
  readonly approvals: Approvals;
  readonly validator: Validator;
  readonly journal: Journal;
}

export function createExecute({ call, approvals, validator, journal }: Parts): Execute {
  const inFlight = new Map<
    string,
    { readonly requestHash: string; readonly result: Promise<ActionResult> }
  >();

  const send = (input: Omit<CallInput, "accept">, options: CallOptions) =>
    call("executeAction", input, options);

  async function post(
    actionId: string,
    params: Parameters<Execute>[1],
    options: ExecuteOptions,
  ): Promise<ActionResult> {
    const body = bodyOf(actionId, params);
    const tooMuch = limitIssues(body);
    // What has no JSON text at all (a cycle is deep without end) is said as that.
    if (tooMuch.length > 0) jsonText(body, actionId);
    refuseIssues(actionId, tooMuch, "what the gate takes");
    if (options.validate === "before")
      refuseIssues(actionId, await validator.issues(actionId, body, options), "the action's schema");
    const mostOfLife = options.whenHeld === "wait";
    const input = { path: { action_id: actionId }, body, subject: actionId, mostOfLife };
    let answer: Awaited<ReturnType<typeof send>>;
    try {
      answer = await send(input, options);
    } catch (error) {
      throw isSchemaViolation(error) ? await explained(error, actionId, body, options) : error;
    }
    if (answer.status === 202) throw approvals.hold(actionId, answer.body, answer.state);
    const { status, body: result, state } = answer;
    if (typeof result.receipt_id !== "string")
      throw unreadable(state, status, "no receipt_id in execute response");
    return actionResultFromJson(result, state.session?.sessionId ?? "");
  }

  /** A 422 again, with the hint whether the parameters fit the action's schema as it is now. */
  async function explained(
    error: LatchGateError,
    actionId: string,
    body: unknown,
    options: ExecuteOptions,
  ): Promise<LatchGateError> {
    validator.forget(actionId);
    const hint =
      options.validate === "before"
        ? "the parameters were checked before they were sent: it is the action's answer that the gate refused, so it has most likely run"
        : await validator
            .issues(actionId, body, { signal: options.signal, timeoutMs: EXPLAIN_MS, retry: false })
            .then(hintOf, () => error.hint);
    return new LatchGateOutcomeUnknown(error.message, { ...error, hint, cause: error.cause });
  }

  async function held(error: LatchGateApprovalRequired, options: ExecuteOptions): Promise<ActionResult> {
    if (options.whenHeld !== "wait") throw error;
    return approvals.wait(error, options);
  }

  /** The first run of a journaled call. */
  async function begin(
    callId: string,
    entry: JournalEntry,
    body: Record<string, unknown>,
    options: ExecuteOptions,
  ): Promise<ActionResult> {
    try {
      return await noted(callId, entry, await post(entry.actionId, body, options));
    } catch (error) {
      if (error instanceof LatchGateApprovalRequired) {
        const { approvalId, sessionId = "", traceId = "" } = error;
        const waiting: JournalEntry = { ...entry, state: "held", approvalId, sessionId, traceId };
        await quietly(journal.set(callId, waiting));
        return noted(callId, waiting, await held(error, options));
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
  async function resume(callId: string, entry: JournalEntry, options: ExecuteOptions): Promise<ActionResult> {
    const { state, actionId, approvalId, receiptId, sessionId, traceId } = entry;
    const known: ErrorDetails = { sessionId, traceId };
    if (state === "done" && receiptId !== undefined) return again(entry, receiptId, options);
    if (state === "held" && approvalId !== undefined) {
      const error = new LatchGateApprovalRequired(actionId, approvalId, known);
      if (!approvals.canFollow(approvalId)) throw new LatchGateApprovalLost(approvalId, known);
      if (options.whenHeld !== "wait" && (await heldStatus(error, options)) === "pending") throw error;
      return noted(callId, entry, await approvals.wait(error, options));
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

  async function heldStatus(held: LatchGateApprovalRequired, options: ExecuteOptions): Promise<string> {
    const { actionId, approvalId, sessionId, traceId } = held;
    try {
      return (await approvals.status(approvalId, options)).status;
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
    options: ExecuteOptions,
  ): Promise<ActionResult> {
    try {
      const { body } = await call(
        "getReceipt",
        { path: { receipt_id: receiptId }, subject: "<receipt>" },
        options,
      );
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
    options: ExecuteOptions,
  ): Promise<ActionResult> {
    if (await journal.add(callId, entry).catch(journalFailed)) return begin(callId, entry, body, options);
    const found = await journal.get(callId).catch(journalFailed);
    if (found === undefined) throw journalFailed();
    if (found.requestHash !== entry.requestHash) throw reused(entry.actionId);
    return resume(callId, found, options);
  }

  async function once(
    callId: string,
    actionId: string,
    params: Parameters<Execute>[1],
    options: ExecuteOptions,
  ): Promise<ActionResult> {
    if (typeof callId !== "string" || callId === "")
      throw new LatchGateInvalidRequest(actionId, "callId must be a text that is not empty", {
        code: "invalid_options",
      });
    const body = bodyOf(actionId, params);
    const requestHash = canonicalHash([actionId, JSON.parse(jsonText(body, actionId))]);
    const running = inFlight.get(callId);
    if (running !== undefined) {
      if (running.requestHash !== requestHash) throw reused(actionId);
      return running.result;
    }
    const result = journaled(callId, { state: "sent", actionId, requestHash }, body, options).finally(() =>
      inFlight.delete(callId),
    );
    inFlight.set(callId, { requestHash, result });
    return result;
  }

  return (actionId, params, options) => {
    const { callId, whenHeld } = options;
    if (callId !== undefined) return once(callId, actionId, params, options);
    const posted = post(actionId, params, options);
    if (whenHeld !== "wait") return posted;
    return posted.catch((error: unknown) => {
      if (error instanceof LatchGateApprovalRequired) return approvals.wait(error, options);
      throw error;
    });
  };
}

function bodyOf(actionId: string, params: Parameters<Execute>[1]): Record<string, unknown> {
  if (params === undefined) return {};
  if (typeof params === "object" && params !== null && !Array.isArray(params)) return params;
  throw new LatchGateInvalidRequest(actionId, "the parameters must be an object", {
    code: "invalid_parameters",
  });
}

function refuseIssues(actionId: string, issues: readonly ParameterIssue[], measure: string): void {
  if (issues.length === 0) return;
  const list = issues
    .slice(0, 5)
    .map(({ path, message }) => `${path || "they"} ${message}`)
    .join("; ");
  throw new LatchGateInvalidRequest(actionId, `the parameters do not fit ${measure}: ${list}`, {
    code: "invalid_parameters",
    issues,
  });
}

const isSchemaViolation = (error: unknown): error is LatchGateError =>
  error instanceof LatchGateOutcomeUnknown && error.status === 422;

function hintOf(issues: readonly ParameterIssue[]): string {
  if (issues.length === 0)
    return "the parameters fit the action's schema: it is most likely the action's answer that the gate refused, after it ran; an operator can tell by the audit event";
  const list = issues
    .slice(0, 5)
    .map(({ path, message }) => `${path || "they"} ${message}`)
    .join("; ");
  return `the parameters do not fit the action's schema, so most likely nothing ran: ${list}`;
}

const reused = (actionId: string) =>
  new LatchGateInvalidRequest(
    actionId,
    "this callId belongs to another call: other action or other parameters",
    { code: "call_id_reused" },
  );

function journalFailed(cause?: unknown): never {
  throw new LatchGateInvalidRequest("<journal>", "the journal failed, so nothing was sent", {
    code: "journal_failed",
    cause,
  });
}

/** What the journal learns too late changes nothing: a later run finds the call as sent. */
async function quietly(noting: Promise<void>): Promise<void> {
  await noting.catch(() => {});
}
