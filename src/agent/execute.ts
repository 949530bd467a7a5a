import { unreadable } from "../call/answers.ts";
import type { Answer, Call } from "../call/call.ts";
import { type CallOptions, NO_OPTIONS, TIMEOUTS_MS } from "../call/call-state.ts";
import { type SentParameters, sentParameters } from "../call/sent-parameters.ts";
import type { operations } from "../generated/agent.ts";
import {
  checkedListener,
  checkedOptions,
  checkedSignal,
  checkedTimeout,
  checkedWait,
  checkedWord,
  wrongOptions,
} from "../vocabulary/checked-options.ts";
import {
  LatchGateApprovalRequired,
  type LatchGateError,
  LatchGateInvalidRequest,
  LatchGateOutcomeUnknown,
  type ParameterIssue,
} from "../vocabulary/errors.ts";
import { type ActionResult, actionResultFromJson } from "../vocabulary/models.ts";
import { leftOfTime } from "../wire/patience.ts";
import type { Clock } from "../wire/send.ts";
import type { ActionNames } from "./action-names.ts";
import type { Approvals, WaitOptions } from "./approvals.ts";
import { createOnce } from "./call-id.ts";
import type { Handover } from "./handover.ts";
import type { Journal } from "./journal.ts";
import type { Validator } from "./validation.ts";

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

/** Waits for what becomes of the call that has this id, whoever made it. */
export type Follow = (callId: string, options: WaitOptions) => Promise<ActionResult>;

/** How long looking up why a 422 came may take. */
const EXPLAIN_MS = 2_000;

/** The parts that an execute is made of. */
interface Parts {
  readonly call: Call<operations>;
  readonly approvals: Approvals;
  readonly validator: Validator;
  readonly journal: Journal;
  readonly handover: Handover | undefined;
  readonly gateUrl: string;
  readonly names: ActionNames;
  readonly clock: Clock;
  readonly closing: AbortSignal;
  /** How long a call may take where its options say nothing. */
  readonly timeoutMs: number | undefined;
}

export function createExecute({ validator, names, ...parts }: Parts): {
  readonly execute: Execute;
  readonly follow: Follow;
} {
  const { call, approvals, clock } = parts;

  async function post(
    actionId: string,
    body: SentParameters,
    options: ExecuteOptions,
  ): Promise<ActionResult> {
    const began = clock.monotonic();
    let remaining: CallOptions = options;
    if (options.validate === "before") {
      const issues = await checked(actionId, body, options);
      if (issues.length > 0) throw misfit(actionId, issues);
      remaining = { ...options, timeoutMs: leftOf(options, began) };
    }
    const mostOfLife = options.whenHeld === "wait";
    const input = { path: { action_id: actionId }, text: body.text, subject: actionId, mostOfLife };
    let answer: Answer<operations["executeAction"]>;
    try {
      answer = await call("executeAction", input, remaining);
    } catch (error) {
      if (isSchemaViolation(error)) throw await explained(error, actionId, body.value, options, began);
      throw names.explained(error);
    }
    if (answer.status === 202) throw approvals.hold(actionId, answer.body, answer);
    const { status, body: result, state } = answer;
    if (typeof result.receipt_id !== "string")
      throw unreadable(state, status, "no receipt_id in execute response");
    return actionResultFromJson(result, state.session?.sessionId ?? "");
  }

  async function checked(actionId: string, { value }: SentParameters, options: ExecuteOptions) {
    try {
      return await validator.issues(actionId, value, options);
    } catch (error) {
      throw names.explained(error);
    }
  }

  /** What is left of the time that the caller gives; at least a moment, to say that it is over. */
  const leftOf = ({ timeoutMs }: ExecuteOptions, began: number) =>
    leftOfTime(timeoutMs, clock.monotonic() - began);

  /** A 422 in the words of the commonest mistake: whether the parameters fit the action's schema, as it is now. */
  async function explained(
    error: LatchGateError,
    actionId: string,
    body: unknown,
    options: ExecuteOptions,
    began: number,
  ): Promise<LatchGateError> {
    validator.forget(actionId);
    if (options.validate === "before")
      return new LatchGateOutcomeUnknown(error.message, {
        ...error,
        hint: "the parameters were checked before they were sent: it is the action's answer that the gate refused, so it has most likely run",
        cause: error.cause,
      });
    const timeoutMs = Math.min(EXPLAIN_MS, leftOf(options, began) ?? EXPLAIN_MS);
    const reading = { signal: options.signal, timeoutMs, retry: false } as const;
    const words = await validator.issues(actionId, body, reading).then(
      (issues) =>
        issues.length === 0 && validator.isPartial(actionId) ? uncheckedWords(error) : wordsFor(issues),
      () => uncheckedWords(error),
    );
    return new LatchGateOutcomeUnknown(words.message, { ...error, hint: words.hint, cause: error.cause });
  }

  const once = createOnce({ post, ...parts });

  function start(
    actionId: string,
    params: Parameters<Execute>[1],
    given: ExecuteOptions,
  ): Promise<ActionResult> {
    const options = given === NO_OPTIONS ? given : checkedExecute(given, actionId);
    const body = sentParameters(params, actionId);
    const { callId, whenHeld } = options;
    if (callId !== undefined) {
      // A call that joins another one, and is made after all, has the time of one call for both.
      const timeoutMs = options.timeoutMs ?? parts.timeoutMs ?? EXECUTE_MS;
      return once.execute(callId, actionId, body, { ...options, timeoutMs });
    }
    const posted = post(actionId, body, options);
    if (whenHeld !== "wait") return posted;
    return posted.catch((error: unknown) => {
      if (error instanceof LatchGateApprovalRequired) return approvals.wait(error, options);
      throw error;
    });
  }

  return {
    execute(actionId, params, options) {
      try {
        return start(actionId, params, options);
      } catch (error) {
        return Promise.reject(error);
      }
    },

    async follow(callId, given) {
      const options = checkedOptions(given, "<call>");
      checkedSignal(options.signal, "<call>");
      checkedWait(options.waitMs, "<call>");
      checkedListener("onPoll", options.onPoll, "<call>");
      return once.follow(checkedCallId(callId, "<call>"), options);
    },
  };
}

const EXECUTE_MS = TIMEOUTS_MS["executeAction"] ?? 45_000;

function checkedCallId(callId: unknown, subject: string): string {
  if (typeof callId === "string" && callId !== "") return callId;
  throw wrongOptions("callId must be a text that is not empty", subject);
}

/** The options, checked before anything is sent: the same is said of them whichever way the call takes. */
function checkedExecute(given: ExecuteOptions, actionId: string): ExecuteOptions {
  const options = checkedOptions(given, actionId);
  checkedSignal(options.signal, actionId);
  checkedTimeout(options.timeoutMs, actionId);
  checkedWait(options.waitMs, actionId);
  checkedWord("whenHeld", options.whenHeld, ["throw", "wait"], actionId);
  checkedWord("validate", options.validate, ["before"], actionId);
  checkedListener("onPoll", options.onPoll, actionId);
  if (options.callId !== undefined) checkedCallId(options.callId, actionId);
  return options;
}

const listOf = (issues: readonly ParameterIssue[]) =>
  issues
    .slice(0, 5)
    .map(({ path, message }) => `${path || "they"} ${message}`)
    .join("; ");

const misfit = (actionId: string, issues: readonly ParameterIssue[]) =>
  new LatchGateInvalidRequest(actionId, `the parameters do not fit the action's schema: ${listOf(issues)}`, {
    code: "invalid_parameters",
    issues,
  });

const isSchemaViolation = (error: unknown): error is LatchGateError =>
  error instanceof LatchGateOutcomeUnknown && error.status === 422;

const CHECK_BEFORE =
  'with { validate: "before" } (it needs the package ajv) parameters are checked before anything is sent';
const CANNOT_ASK =
  "the gate can't be asked whether the action ran: it says the same (422 schema_violation) of an answer of the action that does not fit";

/** What is said of a 422 whose parameters could be looked at afterwards. */
function wordsFor(issues: readonly ParameterIssue[]): Pick<LatchGateError, "message" | "hint"> {
  if (issues.length === 0)
    return {
      message: `the gate answered 422 schema_violation, and the parameters fit the action's schema: ${CANNOT_ASK}`,
      hint: "the parameters fit the action's schema: it is most likely the action's answer that the gate refused, after it ran; an operator can tell by the audit event",
    };
  const list = listOf(issues);
  return {
    message: `the parameters do not fit the action's schema: ${list}. Most likely nothing ran, but ${CANNOT_ASK}`,
    hint: `the parameters do not fit the action's schema, so most likely nothing ran: ${list}; ${CHECK_BEFORE}`,
  };
}

const uncheckedWords = ({ hint }: LatchGateError): Pick<LatchGateError, "message" | "hint"> => ({
  message: `most often the parameters do not fit the action's schema, which could not be looked at, or not at all of it: ${CANNOT_ASK}`,
  hint: `${hint}; ${CHECK_BEFORE}`,
});
