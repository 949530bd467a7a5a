import { schemaProblem } from "../formats/schema-problems.ts";
import type { createSchemas } from "../formats/schemas.ts";
import { JsonSyntaxError, parseJson } from "../formats/serde.ts";
import type { RegisteredAction } from "../stores/actions.ts";

/** The body of an execute, or why it is refused: the audit ledger says so, the agent is only told `schema_violation`. */
export type ParamsVerdict =
  | { readonly ok: true; readonly params: unknown }
  | { readonly ok: false; readonly reason: string };

const MAX_DEPTH = 10;
const MAX_ITEMS = 100;

/** The checks of a body, in the gate's order (agent.md 3.8): JSON, size, depth, arrays, schema. */
export async function checkParams(
  { body, bytes }: { readonly body: string; readonly bytes: Uint8Array },
  action: RegisteredAction,
  schemas: ReturnType<typeof createSchemas>,
): Promise<ParamsVerdict> {
  const text = body === "" ? "{}" : body;
  let params: unknown;
  try {
    params = JSON.parse(text);
    // To the gate these are no JSON: 1e999, half of a surrogate pair, the 128th level.
    if (/[eE]\+?\d{3}|\d{309}|\\u[dD]/.test(text) || depthOf(params) > MAX_DEPTH) parseJson(bytes);
  } catch (error) {
    return { ok: false, reason: `invalid JSON body: ${syntaxProblem(error, bytes)}` };
  }
  const broken = (detail: string): ParamsVerdict => ({ ok: false, reason: `request schema: ${detail}` });
  const size = Buffer.byteLength(JSON.stringify(params));
  const most = action.detail.io.max_request_bytes;
  if (size > most) return broken(`request exceeds size limit (${size} > ${most} bytes)`);
  const shape = limitsOf(params, "request");
  if (shape !== undefined) return broken(shape);
  if (action.requestSchema !== undefined) {
    const findings = await schemas.check(action.detail.action_id, action.requestSchema, params);
    if (findings.length > 0) return broken(schemaProblem(findings, text));
  }
  return { ok: true, params };
}

/** Why an output is refused, after the effect: size, depth, arrays, a boolean `ok`, the response schema. */
export async function checkOutput(
  output: unknown,
  action: RegisteredAction,
  schemas: ReturnType<typeof createSchemas>,
): Promise<string | undefined> {
  const size = Buffer.byteLength(JSON.stringify(output) ?? "");
  const most = action.detail.io.max_response_bytes;
  const wrong = (detail: string) => `response schema violation: ${detail}`;
  if (size > most) return wrong(`response exceeds size limit (${size} > ${most} bytes)`);
  const shape = limitsOf(output, "response");
  if (shape !== undefined) return wrong(shape);
  const ok = (output as { ok?: unknown } | null | undefined)?.ok;
  if (ok === undefined) return wrong("schema validation failed: response must contain an 'ok' field");
  if (typeof ok !== "boolean")
    return wrong("schema validation failed: response 'ok' field must be a boolean");
  if (action.responseSchema === undefined || Object.keys(action.responseSchema).length === 0)
    return undefined;
  const findings = await schemas.check(action.detail.action_id, action.responseSchema, output);
  return findings.length === 0 ? undefined : wrong(schemaProblem(findings, JSON.stringify(output)));
}

function limitsOf(value: unknown, what: "request" | "response"): string | undefined {
  const depth = depthOf(value);
  if (depth > MAX_DEPTH) return `${what} exceeds nesting depth limit (${depth} > ${MAX_DEPTH})`;
  const items = longestArray(value);
  if (items > MAX_ITEMS) return `${what} exceeds array size limit (${items} items > ${MAX_ITEMS})`;
  return undefined;
}

/** How deep a value is nested; what is deeper than any parser of the gate goes is not looked at. */
function depthOf(value: unknown, level = 0): number {
  if (value === null || typeof value !== "object" || level > 128) return level;
  let deepest = level + 1;
  for (const inner of Object.values(value)) deepest = Math.max(deepest, depthOf(inner, level + 1));
  return deepest;
}

function longestArray(value: unknown): number {
  if (value === null || typeof value !== "object") return 0;
  let longest = Array.isArray(value) ? value.length : 0;
  for (const inner of Object.values(value)) longest = Math.max(longest, longestArray(inner));
  return longest;
}

/** What the gate's parser says; JavaScript's own says it in other words. */
function syntaxProblem(error: unknown, bytes: Uint8Array): string {
  if (error instanceof JsonSyntaxError) return error.message;
  try {
    parseJson(bytes);
    return "invalid JSON";
  } catch (found) {
    return (found as Error).message;
  }
}
