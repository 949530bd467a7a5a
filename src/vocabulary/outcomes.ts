import { type AnswerFacts, errorCodes, type OperationFacts, type Outcome } from "../generated/operations.ts";

/** What a document says of each of its operations. */
export type OperationTable<Id extends string = string> = { readonly [Key in Id]: OperationFacts };

/** One operation of a table. */
export function operationOf(table: OperationTable, id: string): OperationFacts {
  const operation = table[id];
  if (operation === undefined) throw new TypeError(`the document has no operation ${id}`);
  return operation;
}

/**
 * What the documents say of an answer: the narrowest rule that is there.
 * @param word the gate's word, or the form of an answer without one; undefined where it is neither
 */
export function answerFacts(
  operation: OperationFacts,
  status: number,
  word: string | undefined,
): AnswerFacts {
  const { answers } = operation;
  const kind = `${Math.floor(status / 100)}XX`;
  const facts =
    (word === undefined ? undefined : answers[`${status} ${word}`]) ??
    answers[status] ??
    (isGateWord(word) ? answers[`${kind} (word)`] : undefined) ??
    answers[kind] ??
    answers["default"];
  if (facts === undefined) throw new TypeError(`the document has no default for ${operation.path}`);
  return facts;
}

/** A word that is none of these may be of something between: it says nothing about the gate. */
const WORDS: ReadonlySet<string> = new Set(errorCodes);
export const isGateWord = (word: string | undefined) => word !== undefined && WORDS.has(word);

/** JSON's value, and undefined (which no JSON is) where there is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The gate's `error` word in an answer's body, where there is one. */
export function errorCodeOf(body: unknown): string | undefined {
  if (typeof body !== "object" || body === null) return undefined;
  const { error } = body as { error?: unknown };
  return typeof error === "string" ? error : undefined;
}

/** An answer as far as its outcome depends on it: a `Response` is one. */
interface Answered {
  readonly status: number;
  readonly headers?: { get(name: string): string | null } | undefined;
}

/**
 * What tells answers of one status apart: an error's `error`, or what a result says of itself (`decision`); where the body is no
 * JSON, the form in which the gate's framework answers, `(empty)` or `(text)`. Undefined for all else: that is another's.
 */
function wordOf(answer: Answered, json: unknown, text: unknown): string | undefined {
  if (typeof json === "object" && json !== null) {
    const { error, decision } = json as { error?: unknown; decision?: unknown };
    const word = error ?? decision;
    return typeof word === "string" ? word : undefined;
  }
  if (json !== undefined || typeof text !== "string") return undefined;
  const type = answer.headers?.get("content-type") ?? null;
  if (text === "") return type === null ? "(empty)" : undefined;
  return type !== null && /^text\/plain\b/i.test(type) && FRAMEWORK_TEXT.test(text) ? "(text)" : undefined;
}

/** How the texts begin that the gate's framework refuses a request with (contract agent.md 2.2 and 2.3). */
const FRAMEWORK_TEXT =
  /^(?:Invalid URL: |Failed to (?:buffer the request body|parse the request body as JSON|deserialize )|Expected request with `Content-Type: )/;

/** @param body the answer's JSON, undefined where it is none */
export const wordOfAnswer = (answer: Answered & { readonly body: string }, body: unknown) =>
  wordOf(answer, body, answer.body);

/** What a table says of an answer (its `error` or its `data`) of a low-level client: whether the action may have run. */
export function outcomeIn<Id extends string>(
  table: OperationTable<Id>,
): (
  operationId: Id,
  response: {
    readonly status: number;
    /** They tell an answer in a form of the gate's framework from a page of something between. */
    readonly headers?: { get(name: string): string | null } | undefined;
  },
  body?: unknown,
) => Outcome {
  return (operationId, answer, body) => {
    // openapi-fetch gives JSON as its value, other text as text, and nothing for an answer without a body.
    const isText = typeof body === "string" || body === undefined;
    const word = isText ? wordOf(answer, undefined, body ?? "") : wordOf(answer, body, undefined);
    return answerFacts(operationOf(table, operationId), answer.status, word).outcome;
  };
}
