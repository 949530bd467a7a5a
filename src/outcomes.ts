import {
  type AgentOperationId,
  type AnswerFacts,
  agentOperations,
  type OperationFacts,
  type Outcome,
} from "./generated/operations.ts";

export type OperationId = AgentOperationId;

/** What the documents say of each operation. */
export const operations: { readonly [Id in OperationId]: OperationFacts } = agentOperations;

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

/**
 * What the documents' table says of an answer that the low-level client returned: whether the action may have run.
 *
 * @example
 * const { error, response } = await api.POST("/v1/actions/{action_id}/execute", { params, body });
 * if (outcomeOf("executeAction", response, error) === "not_executed") …
 */
export function outcomeOf(
  operationId: OperationId,
  response: { readonly status: number },
  error?: unknown,
): Outcome {
  return answerFacts(operations[operationId], response.status, errorCodeOf(error)).outcome;
}
