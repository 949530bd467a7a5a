import { parseJson } from "./answers.ts";
import { type CallState, detailsOf } from "./call-state.ts";
import {
  type ErrorDetails,
  LatchGateError,
  LatchGateOutcomeUnknown,
  LatchGateTransportError,
} from "./errors.ts";
import { isNestedDeeper } from "./nesting.ts";
import { doubtAbout, refusalError } from "./refusals.ts";
import { type BufferedResponse, SendFailure } from "./send.ts";

/** What an attempt without a usable answer means for its call. */
export function failureError(state: CallState, error: unknown): LatchGateError {
  if (error instanceof LatchGateError) return error;
  if (!(error instanceof SendFailure)) throw error;
  const outcome = error.sent ? state.operation.lost.outcome : "not_executed";
  const details: ErrorDetails = {
    ...detailsOf(state),
    code: error.code,
    outcome,
    hint: error.hint,
    cause: laterError(state) ?? error.cause,
  };
  if (outcome === "not_executed") return new LatchGateTransportError(error.message, details);
  return new LatchGateOutcomeUnknown(`${error.message}: ${doubtAbout(state.operation)}`, details);
}

/** The error of the last try, where it is not the one that stands. */
function laterError(state: CallState): LatchGateError | undefined {
  const { lastFailure } = state;
  if (lastFailure === undefined) return undefined;
  const alone = { ...state, lastFailure: undefined };
  return lastFailure instanceof SendFailure ? failureError(alone, lastFailure) : refused(alone, lastFailure);
}

const MAX_REFUSAL_LENGTH = 64 * 1024;
/** Some thousand levels would be too many for `JSON.stringify`, and a log that fails hides the error. */
const MAX_REFUSAL_DEPTH = 32;
/** What a person would read. */
const MAX_TEXT_LENGTH = 1000;

/** The error for an answer that is no result. */
export function refused(state: CallState, response: BufferedResponse): LatchGateError {
  const { status, headers } = response;
  // A lease (or any token) where none belongs is a secret all the same.
  const text = response.body.replace(TOKEN, "[redacted]");
  const body = keptOf(parseJson(text), text) ?? (text === "" ? undefined : text.slice(0, MAX_TEXT_LENGTH));
  const { operationId, operation, subject, clock } = state;
  const details = { ...detailsOf(state), cause: laterError(state) };
  return refusalError({
    operationId,
    operation,
    subject,
    status,
    body,
    headers,
    receivedAt: clock.now(),
    details,
  });
}

/**
 * What an error keeps of a refusal's JSON. The gate's own are short and flat; of any other its words alone are kept, for
 * they say what became of the call.
 */
function keptOf(parsed: unknown, text: string): unknown {
  if (text.length <= MAX_REFUSAL_LENGTH && !isNestedDeeper(parsed, MAX_REFUSAL_DEPTH))
    return withoutToken(parsed);
  const words = WORDS.flatMap((name) => {
    const value: unknown = (parsed as Record<string, unknown> | null | undefined)?.[name];
    if (typeof value === "number") return [[name, value]];
    return typeof value === "string" ? [[name, value.slice(0, MAX_TEXT_LENGTH)]] : [];
  });
  return words.length === 0 ? undefined : Object.fromEntries(words);
}

/** The members that a refusal is understood by. */
const WORDS = ["error", "deny_reason", "message", "retry_after_seconds"];

/** A lease with a status that none has (of a proxy, of a mock) is a secret all the same. */
function withoutToken(body: unknown): unknown {
  if (typeof body !== "object" || body === null || !("lease_jwt" in body)) return body;
  return { ...body, lease_jwt: "[redacted]" };
}

/** A signed token (RFC 7515, compact): they all begin so, because their headers are JSON objects. */
const TOKEN = /eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,}/g;
