import { errorCodes, type Outcome } from "../generated/operations.ts";
import {
  LatchGateApprovalDenied,
  LatchGateApprovalExpired,
  LatchGateApprovalRequired,
  LatchGateBudgetExhausted,
  LatchGateDenied,
  type LatchGateError,
  LatchGateInvalidRequest,
  LatchGateNotFound,
  LatchGateTooLarge,
  LatchGateUnavailable,
} from "../vocabulary/errors.ts";
import type { ActionResult } from "../vocabulary/models.ts";
import { isNestedDeeper } from "../vocabulary/nesting.ts";

/**
 * What a tool answers. As JSON it is what a model sees: no id of a lease, approval or receipt, and no reason of an operator.
 * `result` and `error` are for programs, and not enumerable.
 */
export interface ToolAnswer {
  /** The action ran, and did what it should. */
  readonly ok: boolean;
  /** Whether it ran. After `unknown` and `executed` it must not be called again for the same purpose. */
  readonly outcome: Outcome;
  /** Set while an operator has not decided. */
  readonly held?: true;
  /** What a model is to make of it, where it is not plain success. */
  readonly message?: string;
  /** What the action put out; where that is nested more than 500 levels deep, a sentence that says so. */
  readonly output?: unknown;
  /** The whole result, where it ran. Not enumerable. */
  readonly result?: ActionResult;
  /** What went wrong. Not enumerable. */
  readonly error?: LatchGateError;
}

/** What a model is told while an operator has not decided. */
export const HELD =
  "An operator has to approve this call, and has not decided yet. Nothing has been done so far. Don't call the tool again for it: the request stands, and a second call would be a second request. Say that it waits for approval.";

const STILL_HELD =
  "An operator has to approve this call, and nobody waits for the decision any more. It may still be approved, and is done then. Don't call the tool again for it: that could do it twice.";

const UNKNOWN =
  "It is not known whether this was done. Don't call the tool again for it: that could do it twice. Look at the effect itself by other means, or ask a person to.";

const RAN_UNSEEN =
  "This was done, but its result could not be read. Don't call the tool again for it: that would do it twice. Look at the effect itself by other means.";

const RAN_BADLY =
  "This ran, and did not succeed. Part of it may have been done: look at the output and at the effect itself before you try anything again.";

const JOINED =
  "This call was made before, with the same id and the same input. Nothing was done now: this is the result of then.";

/** Frameworks write answers as JSON, which fails from some thousand levels on. */
const MAX_OUTPUT_DEPTH = 500;
const TOO_DEEP = `left out: it is nested more than ${MAX_OUTPUT_DEPTH} levels deep`;

export function answerOfResult(result: ActionResult): ToolAnswer {
  const { ok } = result;
  const output = isNestedDeeper(result.output, MAX_OUTPUT_DEPTH) ? TOO_DEEP : result.output;
  const message = [ok ? [] : RAN_BADLY, result.joined === true ? JOINED : []].flat().join(" ");
  const answer: ToolAnswer = { ok, outcome: "executed", ...(message === "" ? {} : { message }), output };
  return Object.defineProperty(answer, "result", { value: result });
}

/** @param more what the program adds to the standard sentence */
export function answerOfError(error: LatchGateError, more?: string | undefined): ToolAnswer {
  const held = error instanceof LatchGateApprovalRequired ? { held: true as const } : {};
  const sentence = sentenceOf(error);
  const message = more === undefined || more === "" ? sentence : `${sentence} ${more}`;
  const answer: ToolAnswer = { ok: false, outcome: error.outcome, ...held, message };
  return Object.defineProperty(answer, "error", { value: error });
}

function sentenceOf(error: LatchGateError): string {
  if (error instanceof LatchGateApprovalRequired) return error.outcome === "not_executed" ? HELD : STILL_HELD;
  if (error.outcome === "executed") return RAN_UNSEEN;
  if (error.outcome === "unknown") return UNKNOWN;
  return `Nothing was done: ${whyNot(error)}`;
}

/** Why nothing ran, and what a model can do about it. A message of the error's own may name ids, hosts or reasons. */
function whyNot(error: LatchGateError): string {
  if (error instanceof LatchGateInvalidRequest) return whatIsWrong(error);
  if (error instanceof LatchGateTooLarge)
    return "the parameters are too large. Call the tool again with smaller ones.";
  if (error instanceof LatchGateApprovalDenied)
    return "an operator has refused this call. Don't call the tool again for it unless the user asks for that.";
  if (error instanceof LatchGateApprovalExpired)
    return "nobody approved this call in time. Ask the user before you call the tool again.";
  if (error instanceof LatchGateBudgetExhausted)
    return "the budget of calls is used up. Don't call this or other tools of the gate again.";
  if (error instanceof LatchGateNotFound) return "the gate does not know this action any more.";
  if (error instanceof LatchGateDenied)
    return `the gate's policy does not allow this call${codeOf(error)}. Don't repeat it unchanged.`;
  if (error instanceof LatchGateUnavailable)
    return `the gate can't do it now${codeOf(error)}. ${laterOf(error)}`;
  return `the gate could not be asked${codeOf(error)}. A person has to look at the program that calls it.`;
}

const MOST_ISSUES = 5;
const LONGEST_ISSUE = 200;

function whatIsWrong(error: LatchGateInvalidRequest): string {
  if (error.issues.length > 0) {
    const list = error.issues
      .slice(0, MOST_ISSUES)
      .map(({ path, message }) => `${path || "the parameters"} ${message}`.slice(0, LONGEST_ISSUE));
    return `the parameters do not fit: ${list.join("; ")}. Mend them, and call the tool again.`;
  }
  if (error.code === "call_id_reused")
    return "the id of this call belongs to another one. Call the tool again as a new call.";
  if (error.code === "invalid_options")
    return "the program that calls the tool gives it something wrong. A person has to look at that program.";
  return "the call is not one that the gate takes. The parameters must be an object, as the schema says.";
}

const KNOWN_CODES: ReadonlySet<string> = new Set(errorCodes);

/** The gate's word where it is one of its vocabulary: any other text of it stays out of a model's sight. */
const codeOf = ({ code }: LatchGateError) => (KNOWN_CODES.has(code) ? ` (${code})` : "");

function laterOf({ retryAfterMs }: LatchGateError): string {
  if (retryAfterMs === undefined) return "The tool may be called again later.";
  return `The tool may be called again in ${Math.max(1, Math.ceil(retryAfterMs / 1000))} s.`;
}
