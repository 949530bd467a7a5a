import { unreadable } from "./answers.ts";
import type { Approvals, WaitOptions } from "./approvals.ts";
import type { Call, InputOf } from "./call.ts";
import type { CallOptions } from "./call-state.ts";
import {
  LatchGateApprovalRequired,
  type LatchGateError,
  LatchGateInvalidRequest,
  LatchGateOutcomeUnknown,
  type ParameterIssue,
} from "./errors.ts";
import type { operations } from "./generated/agent.ts";
import { checkedOptions, checkedSignal, checkedTimeout, wrongOptions } from "./given.ts";
import type { Journal } from "./journal.ts";
import { type ActionResult, actionResultFromJson } from "./models.ts";
import { createOnce } from "./once.ts";
import { jsonText } from "./parameters.ts";
import { leftOfTime } from "./patience.ts";
import type { Clock } from "./send.ts";
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

/** The actions of a client that was told nothing of its gate's: any id, any parameters. */
export type AnyActions = Record<string, Record<string, unknown>>;

/** Parameters by action id, as `latchgate-client types` writes them. */
export type ActionsLike<Actions> = { readonly [Id in keyof Actions]: object };

/** What `execute` takes after the action's id: the parameters may be left out where none of them is required. */
export type ExecuteArguments<Parameters> =
  Record<never, never> extends Parameters
    ? [params?: Parameters | undefined, options?: ExecuteOptions | undefined]
    : [params: Parameters, options?: ExecuteOptions | undefined];

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
  readonly clock: Clock;
}

export function createExecute({ call, approvals, validator, journal, clock }: Parts): Execute {
  const send = (input: InputOf<operations["executeAction"]>, options: CallOptions) =>
    call("executeAction", input, options);

  async function post(
    actionId: string,
    params: Parameters<Execute>[1],
    options: ExecuteOptions,
  ): Promise<ActionResult> {
    const given = bodyOf(actionId, params);
    const began = clock.monotonic();
    // What is checked is what is sent, whatever the caller does with its object meanwhile.
    const body: Record<string, unknown> =
      options.validate === "before" ? JSON.parse(jsonText(given, actionId)) : given;
    const tooMuch = limitIssues(body);
    // What has no JSON text at all (a cycle is deep without end) is said as that.
    if (tooMuch.length > 0) jsonText(body, actionId);
    refuseIssues(actionId, tooMuch, "what the gate takes");
    let remaining = options;
    if (options.validate === "before") {
      refuseIssues(actionId, await validator.issues(actionId, body, options), "the action's schema");
      remaining = { ...options, timeoutMs: leftOf(options, began) };
    }
    const mostOfLife = options.whenHeld === "wait";
    const input = { path: { action_id: actionId }, body, subject: actionId, mostOfLife };
    let answer: Awaited<ReturnType<typeof send>>;
    try {
      answer = await send(input, remaining);
    } catch (error) {
      throw isSchemaViolation(error) ? await explained(error, actionId, body, options, began) : error;
    }
    if (answer.status === 202) throw approvals.hold(actionId, answer.body, answer.state);
    const { status, body: result, state } = answer;
    if (typeof result.receipt_id !== "string")
      throw unreadable(state, status, "no receipt_id in execute response");
    return actionResultFromJson(result, state.session?.sessionId ?? "");
  }

  /** What is left of the time that the caller gives; at least a moment, to say that it is over. */
  const leftOf = ({ timeoutMs }: ExecuteOptions, began: number) =>
    leftOfTime(timeoutMs, clock.monotonic() - began);

  /** A 422 again, with the hint whether the parameters fit the action's schema as it is now. */
  async function explained(
    error: LatchGateError,
    actionId: string,
    body: unknown,
    options: ExecuteOptions,
    began: number,
  ): Promise<LatchGateError> {
    validator.forget(actionId);
    const timeoutMs = Math.min(EXPLAIN_MS, leftOf(options, began) ?? EXPLAIN_MS);
    const hint =
      options.validate === "before"
        ? "the parameters were checked before they were sent: it is the action's answer that the gate refused, so it has most likely run"
        : await validator
            .issues(actionId, body, { signal: options.signal, timeoutMs, retry: false })
            .then(hintOf, () => error.hint);
    return new LatchGateOutcomeUnknown(error.message, { ...error, hint, cause: error.cause });
  }

  const once = createOnce({ post, call, approvals, journal, clock });

  const withId = async (callId: string, ...[actionId, params, options]: Parameters<Execute>) =>
    once(callId, actionId, bodyOf(actionId, params), options);

  return (actionId, params, options) => {
    const problem = problemWith(actionId, options);
    if (problem !== undefined) return Promise.reject(problem);
    const { callId, whenHeld } = options;
    if (callId !== undefined) return withId(callId, actionId, params, options);
    const posted = post(actionId, params, options);
    if (whenHeld !== "wait") return posted;
    return posted.catch((error: unknown) => {
      if (error instanceof LatchGateApprovalRequired) return approvals.wait(error, options);
      throw error;
    });
  };
}

/** What is wrong with the options: the same is said of them whichever way the call takes. */
function problemWith(actionId: string, options: ExecuteOptions): unknown {
  try {
    const { signal, timeoutMs, waitMs } = checkedOptions(options, actionId);
    checkedSignal(signal, actionId);
    checkedTimeout(timeoutMs, actionId);
    if (waitMs === undefined || waitMs > 0) return undefined;
    return wrongOptions("waitMs must be a positive number of milliseconds", actionId);
  } catch (error) {
    return error;
  }
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
