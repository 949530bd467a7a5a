import type { AnswerFacts, OperationFacts, Outcome } from "./generated/operations.ts";

/** What a document says of each of its operations. */
export type OperationTable<Id extends string = string> = { readonly [Key in Id]: OperationFacts };

/** One operation of a table. */
export function operationOf(table: OperationTable, id: string): OperationFacts {
  const operation = table[id];
  if (operation === undefined) throw new TypeError(`the document has no operation ${id}`);
  return operation;
}

/** What the documents say of an answer with this status and `error` word: the narrowest rule that is there. */
export function answerFacts(
  operation: OperationFacts,
  status: number,
  code: string | undefined,
): AnswerFacts {
  const { answers } = operation;
  const facts =
    (code === undefined ? undefined : answers[`${status} ${code}`]) ??
    answers[status] ??
    answers[`${Math.floor(status / 100)}XX`] ??
    answers["default"];
  if (facts === undefined) throw new TypeError(`the document has no default for ${operation.path}`);
  return facts;
}

/** The gate's `error` word in an answer's body, where there is one. */
export function errorCodeOf(body: unknown): string | undefined {
  if (typeof body !== "object" || body === null) return undefined;
  const { error } = body as { error?: unknown };
  return typeof error === "string" ? error : undefined;
}

/** The word that tells answers of one status apart: an error's `error`, else what a result says of itself. */
function wordOf(body: unknown): string | undefined {
  if (typeof body !== "object" || body === null) return undefined;
  const { error, decision } = body as { error?: unknown; decision?: unknown };
  const word = error ?? decision;
  return typeof word === "string" ? word : undefined;
}

/** What a table says of an answer (its `error` or its `data`) of a low-level client: whether the action may have run. */
export function outcomeIn<Id extends string>(
  table: OperationTable<Id>,
): (operationId: Id, response: { readonly status: number }, body?: unknown) => Outcome {
  return (operationId, { status }, body) =>
    answerFacts(operationOf(table, operationId), status, wordOf(body)).outcome;
}
