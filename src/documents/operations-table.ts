import { isObject, type Json, type JsonObject, type OpenApiDocument } from "./document.ts";
import { outcomesOf } from "./outcome-rules.ts";

/** The types at the top of `src/generated/operations.ts`: what the documents say of an operation beside its types. */
const DECLARATIONS = `
/** Whether the action may have run; of an operation that acts at the gate alone, whether the gate may have done it. */
export type Outcome = "not_executed" | "unknown" | "executed";

/** What one kind of answer says about the request that it answers (\`x-outcomes\` in the document). */
export interface AnswerFacts {
  readonly outcome: Outcome;
  /** Whether the gate can give this answer before it has stored the proof's \`jti\`. */
  readonly replayCheck: "before" | "after";
  /** Whether the request may be sent again, and what must be new about it. */
  readonly again: "never" | "backoff" | "new_lease" | "new_clock";
}

/** Limits of one path parameter. */
export interface ParameterFacts {
  readonly minLength: number;
  readonly maxLength: number;
  readonly pattern: string;
}

/** What the documents say of one operation. */
export interface OperationFacts {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  /** Who signs: nobody, the holder of a lease, or an operator. */
  readonly security: "none" | "lease" | "operator";
  readonly parameters: { readonly [name: string]: ParameterFacts };
  /** Where it acts: nowhere, at the gate alone, or in the world behind the gate. */
  readonly effect: "none" | "gate" | "world";
  /** What a connection means that was lost after the request was sent and before an answer. */
  readonly lost: { readonly outcome: Outcome; readonly again: "never" | "backoff" | "same_proof" };
  /**
   * By "status word", "status", "4XX" or "5XX", and "default": the first of these that is there holds. The word is the
   * body's \`error\`, or, where one success means several things ("200 already_denied"), its \`decision\`.
   */
  readonly answers: { readonly [answer: string]: AnswerFacts };
}

/** The ids in a table of what one must sign, or nobody: \`SignedBy<typeof agentOperations, "lease">\`. */
export type SignedBy<Table, Who extends OperationFacts["security"]> = {
  [Id in keyof Table]: Table[Id] extends { readonly security: Who } ? Id : never;
}[keyof Table];
`;

/**
 * The `operations.ts` text for the documents, by the name that each table is exported under. An operation that two documents
 * have is in the first one's table only, and two operations that are not the same don't have the same id.
 */
export function operationsTable(documents: { readonly [name: string]: OpenApiDocument }): string {
  const codes = new Set<string>();
  const told = new Map<string, string>();
  const tables = Object.entries(documents).map(([name, document]) => {
    const operations: JsonObject = {};
    for (const found of document.operations()) {
      if (found.document !== document && hasOperations(found.document)) continue;
      const facts = operationFacts(found, codes);
      const before = told.get(found.id);
      if (before === JSON.stringify(facts) && !Object.hasOwn(operations, found.id)) continue;
      if (before !== undefined)
        throw new Error(`${document.file}: ${found.id} is there twice, and not the same`);
      told.set(found.id, JSON.stringify(facts));
      operations[found.id] = facts;
    }
    const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}OperationId`;
    return [
      `export const ${name}Operations = ${JSON.stringify(operations, null, 2)} as const satisfies Record<string, OperationFacts>;`,
      `export type ${type} = keyof typeof ${name}Operations;`,
    ].join("\n\n");
  });
  const list = [...codes].sort();
  return [
    DECLARATIONS.trim(),
    ...tables,
    `/** Every \`error\` word that the documents know; a gate may send others. */\nexport const errorCodes = ${JSON.stringify(list, null, 2)} as const;`,
    "export type ErrorCode = (typeof errorCodes)[number];",
    "",
  ].join("\n\n");
}

/** Whether a file is an OpenAPI document itself, and no part of one. */
const hasOperations = ({ root }: OpenApiDocument) => isObject(root["paths"]);

type Found = ReturnType<OpenApiDocument["operations"]> extends Generator<infer Item> ? Item : never;

function operationFacts(
  { id, method, path, operation, parameters, document }: Found,
  codes: Set<string>,
): JsonObject {
  const known = knownWords(id, operation, document);
  for (const [status, list] of known) if (!isSuccess(status)) for (const code of list) codes.add(code);
  return {
    method,
    path,
    security: signer(id, operation),
    parameters: Object.fromEntries(
      parameters
        .filter((parameter) => parameter["in"] === "path")
        .map((parameter) => pathParameter(id, parameter)),
    ),
    ...outcomesOf(id, operation, document, known),
  };
}

function signer(id: string, operation: JsonObject): string {
  const security = operation["security"];
  if (!Array.isArray(security)) throw new Error(`${id} states no security of its own`);
  if (security.length === 0) return "none";
  const names = security.flatMap((requirement) => (isObject(requirement) ? Object.keys(requirement) : []));
  if (names.includes("lease")) return "lease";
  if (names.includes("operator")) return "operator";
  throw new Error(`${id} has a security that nobody here can meet: ${names.join(", ")}`);
}

function pathParameter(id: string, { name, schema }: JsonObject): [string, JsonObject] {
  const { minLength, maxLength, pattern } = isObject(schema) ? schema : {};
  if (
    typeof name !== "string" ||
    typeof minLength !== "number" ||
    typeof maxLength !== "number" ||
    typeof pattern !== "string"
  )
    throw new Error(`${id}: the path parameter ${String(name)} needs minLength, maxLength and a pattern`);
  return [name, { minLength, maxLength, pattern }];
}

const isSuccess = (status: string) => status.startsWith("2");

/** The `error` words of each JSON answer, of a success its `decision` words: "503" → ["draining", …]. */
export function knownWords(
  id: string,
  operation: JsonObject,
  document: OpenApiDocument,
): Map<string, string[]> {
  const byStatus = new Map<string, string[]>();
  for (const [status, response] of Object.entries(
    document.object(operation["responses"], `${id}'s responses`),
  )) {
    const { value, document: home } = document.resolve(response);
    const content =
      isObject(value) && isObject(value["content"]) ? value["content"]["application/json"] : undefined;
    const member = isSuccess(status) ? "decision" : "error";
    byStatus.set(status, isObject(content) ? words(member, content["schema"], home) : []);
  }
  return byStatus;
}

function words(
  member: string,
  schema: Json | undefined,
  document: OpenApiDocument,
  around: readonly Json[] = [],
): string[] {
  const { value, document: home } = document.resolve(schema);
  // A schema that is an alternative of itself has no more words than it had.
  if (!isObject(value) || around.includes(value)) return [];
  const parts = ["allOf", "oneOf", "anyOf"].flatMap((key) => (Array.isArray(value[key]) ? value[key] : []));
  const properties = isObject(value["properties"]) ? value["properties"] : {};
  const { value: word } = home.resolve(properties[member]);
  const own = isObject(word) && Array.isArray(word["x-extensible-enum"]) ? word["x-extensible-enum"] : [];
  const constant = isObject(word) && typeof word["const"] === "string" ? [word["const"]] : [];
  return [
    ...own.filter((word) => typeof word === "string"),
    ...constant,
    ...parts.flatMap((part) => words(member, part, home, [...around, value])),
  ];
}
