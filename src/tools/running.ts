import type { WaitOptions } from "../agent/approvals.ts";
import type { ExecuteOptions } from "../agent/execute.ts";
import type { CallOptions } from "../call/call-state.ts";
import {
  LatchGateApprovalRequired,
  LatchGateError,
  LatchGateInvalidRequest,
  LatchGateOutcomeUnknown,
} from "../vocabulary/errors.ts";
import type { ActionResult } from "../vocabulary/models.ts";
import type { RiskLevel } from "../vocabulary/risk.ts";
import { answerOfError, answerOfResult, HELD, type ToolAnswer } from "./answers.ts";
import { isObject } from "./context.ts";
import type { ToolInput } from "./parameters.ts";
import { createPauses } from "./pauses.ts";

/** One call of a tool, as its program hears of it. */
export interface ToolCall {
  readonly name: string;
  readonly riskLevel: RiskLevel;
  readonly input: ToolInput;
  /** The framework's id of the call; where MCP has none, one of this package's own. */
  readonly callId: string | undefined;
  readonly signal: AbortSignal | undefined;
  /** What the framework passed after the input. */
  readonly context: readonly unknown[];
}

/**
 * What to do when the gate holds a call. Whatever it throws leaves the tool as it is (LangGraph's `interrupt` does that).
 * What it gives decides: `"return"` answers the model that the call is held; an MCP result with `resultType:
 * "input_required"` is passed on to the MCP client; with anything else (nothing, too) the operator is waited for.
 *
 * `held.approvalId` is for operators. `message` can be shown to anybody.
 */
export type OnHeld = (
  held: LatchGateApprovalRequired,
  call: ToolCall & { readonly message: string },
) => unknown;

export interface RunOptions extends Pick<CallOptions, "timeoutMs" | "retry">, Pick<WaitOptions, "waitMs"> {
  /**
   * When an operator has to approve a call: `wait` for the decision (default), `return` at once and tell the model that it is
   * held, or a function of the program's own. A call that is run again with the same call id takes up its approval.
   */
  readonly onHeld?: "wait" | "return" | OnHeld | undefined;
  /**
   * Hears of each call that has no result. A text that it gives is added to what the model is told. What it throws leaves the
   * tool as it is.
   */
  readonly onError?: ((error: LatchGateError, call: ToolCall) => string | undefined) | undefined;
}

/** Where calls are executed: a client. */
export interface Executor {
  execute(actionId: string, params?: ToolInput, options?: ExecuteOptions): Promise<ActionResult>;
  waitForApproval(held: LatchGateApprovalRequired, options?: WaitOptions): Promise<ActionResult>;
}

/** A tool's answer, or what `onHeld` wants to be passed on to an MCP client. */
export type Ran =
  | { readonly answer: ToolAnswer }
  | { readonly held: LatchGateApprovalRequired; readonly inputRequired: Readonly<Record<string, unknown>> };

/** Runs a call. Says what becomes of one whose signal is aborted: it ends, or goes on for whoever calls with its id again. */
export type Run = (call: ToolCall, aborted: "ends" | "goes on") => Promise<Ran>;

/**
 * Runs calls of tools. What a model can be told is an answer, every error of the gate too: a framework would turn an error
 * that is thrown into "please try again", and that must never be said of a call that may have run.
 */
export function createRunner(executor: Executor, options: RunOptions): Run {
  const { onHeld = "wait", onError, timeoutMs, retry, waitMs } = options;
  const pauses = createPauses();
  let ajvMissing = false;

  /** Checks and executes; where the optional peer ajv is missing, the gate's own limits are all that is checked. */
  async function executeNow({ name, input, callId, signal }: ToolCall, whenHeld: "throw" | "wait") {
    const how: ExecuteOptions = { callId, signal, timeoutMs, retry, waitMs, whenHeld };
    if (ajvMissing) return executor.execute(name, input, how);
    try {
      return await executor.execute(name, input, { ...how, validate: "before" });
    } catch (error) {
      if (!(error instanceof LatchGateInvalidRequest && error.code === "peer_missing")) throw error;
      ajvMissing = true;
      return executor.execute(name, input, how);
    }
  }

  /** What is sent goes on without its signal, which ends the waiting: for the gate's answer, and for an operator. */
  async function executeOn(call: ToolCall, whenHeld: "throw" | "wait"): Promise<ActionResult> {
    const { signal } = call;
    if (signal === undefined || signal.aborted) return executeNow(call, whenHeld);
    try {
      const sent = executeNow({ ...call, signal: undefined }, "throw");
      return await untilAborted(sent, signal);
    } catch (error) {
      if (whenHeld === "throw" || !(error instanceof LatchGateApprovalRequired)) throw error;
      return executeNow(call, whenHeld);
    }
  }

  async function settled(result: Promise<ActionResult>): Promise<ActionResult | LatchGateError> {
    try {
      return await result;
    } catch (error) {
      if (error instanceof LatchGateError) return error;
      throw error;
    }
  }

  function answered(call: ToolCall, settled: ActionResult | LatchGateError): Ran {
    if (!(settled instanceof LatchGateError)) return { answer: answerOfResult(settled) };
    return { answer: answerOfError(settled, onError?.(settled, call)) };
  }

  return async (call, aborted) => {
    const execute = aborted === "ends" ? executeNow : executeOn;
    if (typeof onHeld !== "function")
      return answered(call, await settled(execute(call, onHeld === "wait" ? "wait" : "throw")));
    const ask = (held: LatchGateApprovalRequired) => onHeld(held, { ...call, message: HELD });
    const turn = pauses.take(call.callId);
    let came: ActionResult | LatchGateError;
    let wish: unknown;
    try {
      came = turn.ended ?? (await settled(execute(call, "throw")));
      if (!(came instanceof LatchGateApprovalRequired)) turn.keep(came);
      // A graph counts the pauses of a node: what has paused once takes its answer, even if it is decided by now.
      const held = came instanceof LatchGateApprovalRequired ? came : turn.before;
      if (held === undefined) return answered(call, came);
      wish = await turn.ask(held, ask);
    } finally {
      turn.end();
    }
    if (!(came instanceof LatchGateApprovalRequired)) return answered(call, came);
    if (wish === "return") return answered(call, came);
    if (isObject(wish) && wish["resultType"] === "input_required") return { held: came, inputRequired: wish };
    const { signal, callId } = call;
    const decided =
      callId === undefined ? executor.waitForApproval(came, { signal, waitMs }) : execute(call, "wait");
    const result = await settled(decided);
    if (!(result instanceof LatchGateApprovalRequired)) turn.keep(result);
    return answered(call, result);
  };
}

/** Waits for something that goes on when the waiting ends. */
function untilAborted<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const giveUp = () => reject(stillUnderWay(signal));
    signal.addEventListener("abort", giveUp, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", giveUp));
  });
}

const stillUnderWay = ({ reason }: AbortSignal) =>
  new LatchGateOutcomeUnknown("the call is still under way: it may have run, and its id joins it again", {
    code: "aborted",
    cause: reason,
  });
