import { isDeepStrictEqual } from "node:util";
import {
  type ErrorDetails,
  type LatchGateError,
  LatchGateOutcomeUnknown,
  LatchGateTransportError,
} from "../vocabulary/errors.ts";
import { isNestedDeeper } from "../vocabulary/nesting.ts";
import { redactText, redactValue, secretsIn } from "../vocabulary/redaction.ts";
import { type BufferedResponse, SendFailure } from "../wire/send.ts";
import { type CallState, detailsOf } from "./call-state.ts";
import { withCaller } from "./caller.ts";
import { doubtAbout, refusalError } from "./refusals.ts";
import { judgeFailure, type Verdict } from "./retry-decision.ts";

/** What kept a call from being made at all. */
export function unsentError(state: CallState, error: unknown): unknown {
  return error instanceof SendFailure
    ? errorOf(state, judgeFailure(state.operation, error))
    : withCaller(error);
}

/** The error of a call without a result. Its outcome is the judgement's, and what it shows has nothing secret in it. */
export function errorOf(state: CallState, standing: Verdict): LatchGateError {
  const { judgement } = state;
  const isJudged = judgement?.standing === standing;
  const cause = isJudged && judgement.other !== undefined ? errorOfOne(state, judgement.other) : undefined;
  const outcome = isJudged ? judgement.outcome : standing.outcome;
  return errorOfOne(state, { ...standing, outcome }, cause);
}

function errorOfOne(
  state: CallState,
  { result, body, outcome }: Verdict,
  cause?: LatchGateError,
): LatchGateError {
  if (result instanceof SendFailure) return failureError(state, result, outcome, cause);
  const secrets = secretsIn(state.headers);
  const details = { ...detailsOf(state), cause };
  const { operationId, operation, subject, clock } = state;
  return refusalError({
    operationId,
    operation,
    subject,
    status: result.status,
    outcome,
    body: shownOf(result, body, secrets),
    headers: result.headers,
    receivedAt: clock.now(),
    details,
  });
}

function failureError(
  state: CallState,
  { code, message, hint, cause }: SendFailure,
  outcome: Verdict["outcome"],
  later: LatchGateError | undefined,
): LatchGateError {
  const details: ErrorDetails = { ...detailsOf(state), code, outcome, hint, cause: later ?? cause };
  if (outcome === "not_executed") return new LatchGateTransportError(message, details);
  const accepted = later?.code === "replay_detected" ? ", and the gate says that it had accepted it" : "";
  return new LatchGateOutcomeUnknown(`${message}${accepted}: ${doubtAbout(state.operation)}`, details);
}

const MAX_REFUSAL_LENGTH = 64 * 1024;
/** Some thousand levels would be too many for `JSON.stringify`, and a log that fails hides the error. */
const MAX_REFUSAL_DEPTH = 32;
/** What a person would read. */
const MAX_TEXT_LENGTH = 1000;

/** A refusal's text for whoever takes answers as they are: nothing of the request that is secret is left in it. */
export function shownText({ body: text }: BufferedResponse, parsed: unknown, state: CallState): string {
  const secrets = secretsIn(state.headers);
  if (parsed === undefined || isNestedDeeper(parsed, MAX_REFUSAL_DEPTH)) return redactText(text, secrets);
  const shown = redactValue(parsed, secrets);
  return isDeepStrictEqual(shown, parsed) ? text : JSON.stringify(shown);
}

/** What an error shows of an answer: parsed where it was JSON, else the beginning of its text. */
function shownOf({ body: text }: BufferedResponse, parsed: unknown, secrets: readonly string[]): unknown {
  if (text === "") return undefined;
  const kept = keptOf(parsed, text);
  if (kept !== undefined) return redactValue(kept, secrets);
  return redactText(text.slice(0, MAX_REFUSAL_LENGTH), secrets).slice(0, MAX_TEXT_LENGTH);
}

/**
 * What an error keeps of a refusal's JSON. The gate's own are short and flat; of any other its words alone are kept, for
 * they say what became of the call.
 */
function keptOf(parsed: unknown, text: string): unknown {
  if (text.length <= MAX_REFUSAL_LENGTH && !isNestedDeeper(parsed, MAX_REFUSAL_DEPTH)) return parsed;
  const words = WORDS.flatMap((name) => {
    const value: unknown = (parsed as Record<string, unknown> | null | undefined)?.[name];
    if (typeof value === "number") return [[name, value]];
    return typeof value === "string" ? [[name, value.slice(0, MAX_TEXT_LENGTH)]] : [];
  });
  return words.length === 0 ? undefined : Object.fromEntries(words);
}

/** The members that a refusal is understood by. */
const WORDS = ["error", "deny_reason", "message", "retry_after_seconds"];
