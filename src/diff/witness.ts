import { diagnosticsOf } from "../documents/compile.ts";
import type { OpenApiDocument } from "../documents/document.ts";
import { typesOf } from "../documents/generate.ts";

import { type Change, type Documents, withSiblings } from "./compare.ts";
import { type Operation, operationsOf } from "./model.ts";

/** One assignment that the compiler refuses: an operation's part whose old type and new type don't fit. */
export interface Refusal {
  readonly document: string;
  readonly operation: string;
  /** `answer 200`, `body`, `parameters`, `delivery`. */
  readonly part: string;
  /** What the compiler says. */
  readonly message: string;
}

/**
 * The second witness: types are generated from both versions, and `tsc` is asked whether each new answer is an old one and
 * each old request a new one. It sees less than the relation over schemas (no limits, no formats), by other means.
 */
export async function askCompiler(before: Documents, after: Documents): Promise<Refusal[]> {
  const refusals: Refusal[] = [];
  const size = [...before.values(), ...after.values()].reduce((sum, { text }) => sum + text.length, 0);
  if (size > MOST_TEXT)
    throw new Error(`the documents are too large for it (${(size / 1e6).toFixed(1)} MB together)`);
  for (const [name, old] of before) {
    const now = after.get(name);
    if (now === undefined || textsOf(old) === textsOf(now)) continue;
    refusals.push(...(await refusalsOf(name, old, now)));
  }
  return refusals;
}

/** Types of documents up to this size, in characters, are made and compared within seconds. */
const MOST_TEXT = 3_000_000;

/** A document's text, and those of the documents that it refers to. */
const textsOf = (document: OpenApiDocument) =>
  withSiblings(document)
    .map(({ text }) => text)
    .join("\n");

/** The refusals for which no change was found that breaks something there: what one witness saw and the other did not. */
export function unseen(refusals: readonly Refusal[], changes: readonly Change[]): Refusal[] {
  return refusals.filter(
    ({ document, operation, part }) =>
      !changes.some(
        (change) =>
          change.document === document &&
          change.severity !== "notice" &&
          change.operations.includes(operation) &&
          (part === "parameters" ? change.where.includes("parameter") : change.where.includes(part)),
      ),
  );
}

/** Whether the compiler saw it too. */
export const confirmed = (change: Change, refusals: readonly Refusal[]) =>
  refusals.some(
    ({ document, operation, part }) =>
      change.document === document &&
      change.operations.includes(operation) &&
      change.where.includes(part.replace(/s$/, "")),
  );

async function refusalsOf(name: string, old: OpenApiDocument, now: OpenApiDocument): Promise<Refusal[]> {
  const checks = checksOf(old, now);
  const files = new Map([
    ["/old.ts", await typesOf(old)],
    ["/new.ts", await typesOf(now)],
    ["/check.ts", [IMPORTS, ...checks.map(({ code }) => code)].join("\n")],
  ]);
  return (await diagnosticsOf(files, ["/check.ts"], "comparing types")).flatMap(({ line, message }) => {
    const check = checks[line - 1];
    return check === undefined
      ? []
      : [{ document: name, operation: check.operation, part: check.part, message }];
  });
}

const IMPORTS = 'import type * as Old from "./old.ts"; import type * as New from "./new.ts";';

interface Check {
  readonly operation: string;
  readonly part: string;
  readonly code: string;
}

/** One line of TypeScript for each part that both versions have. */
function checksOf(before: OpenApiDocument, after: OpenApiDocument): Check[] {
  const checks: Check[] = [];
  const operations = operationsOf(after);
  for (const [key, old] of operationsOf(before)) {
    const now = operations.get(key);
    // What both only take over from another document is asked there.
    if (now === undefined || (old.home !== before && now.home !== after)) continue;
    // By path and method: an operation need not have an id.
    const typeOf = (versions: string, typed: Operation["typed"]) =>
      typed && `${versions}.${typed.member}[${JSON.stringify(typed.path)}][${JSON.stringify(typed.method)}]`;
    const [from, to] = [typeOf("Old", old.typed), typeOf("New", now.typed)];
    if (from === undefined || to === undefined) continue;
    const add = (part: string, given: string, wanted: string) =>
      checks.push({ operation: now.id, part, code: `((given: ${given}): ${wanted} => given);` });
    if (now.asker === "gate") {
      const sent = (of: string, type: string) =>
        `[${of}["parameters"], NonNullable<${of}["requestBody"]>["content"][${JSON.stringify(type)}]]`;
      for (const type of old.body?.content.keys() ?? [])
        if (now.body?.content.has(type)) add("delivery", sent(to, type), sent(from, type));
      continue;
    }
    for (const [status, { content }] of old.answers)
      for (const type of content.keys())
        if (now.answers.get(status)?.content.has(type)) {
          const path = `["responses"][${/^\d+$/.test(status) ? status : JSON.stringify(status)}]["content"][${JSON.stringify(type)}]`;
          add(`answer ${status}`, `${to}${path}`, `${from}${path}`);
        }
    for (const type of old.body?.content.keys() ?? [])
      if (now.body?.content.has(type)) {
        const path = (of: string) => `NonNullable<${of}["requestBody"]>["content"][${JSON.stringify(type)}]`;
        add("body", path(from), path(to));
      }
    if (now.parameters.length > 0) add("parameters", `${from}["parameters"]`, `${to}["parameters"]`);
  }
  return checks;
}
