import type { OpenApiDocument } from "../documents/document.ts";
import { typesOf } from "../documents/generate.ts";
import { optional } from "../documents/optional.ts";
import { type Change, type Documents, withSiblings } from "./compare.ts";
import { operationsOf } from "./model.ts";

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
  for (const [name, old] of before) {
    const now = after.get(name);
    if (now === undefined || textsOf(old) === textsOf(now)) continue;
    refusals.push(...(await refusalsOf(name, old, now)));
  }
  return refusals;
}

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
  const ts = await optional("typescript", "comparing types");
  const checks = checksOf(old, now);
  const files = new Map([
    ["/old.ts", await typesOf(old)],
    ["/new.ts", await typesOf(now)],
    ["/lib.d.ts", LIBRARY],
    ["/check.ts", [IMPORTS, ...checks.map(({ code }) => code)].join("\n")],
  ]);
  const options = {
    strict: true,
    noEmit: true,
    noLib: true,
    skipLibCheck: true,
    exactOptionalPropertyTypes: true,
    types: [],
  };
  const host = ts.createCompilerHost(options);
  host.getSourceFile = (file, language) => {
    const text = files.get(file);
    return text === undefined ? undefined : ts.createSourceFile(file, text, language);
  };
  host.fileExists = (file) => files.has(file);
  host.readFile = (file) => files.get(file);
  host.getCurrentDirectory = () => "/";
  const program = ts.createProgram([...files.keys()], options, host);
  const source = program.getSourceFile("/check.ts");
  return program.getSemanticDiagnostics(source).flatMap(({ start, messageText }) => {
    if (source === undefined || start === undefined) return [];
    const check = checks[source.getLineAndCharacterOfPosition(start).line - 1];
    const message = ts.flattenDiagnosticMessageText(messageText, " ").replaceAll(/\s+/g, " ");
    return check === undefined
      ? []
      : [{ document: name, operation: check.operation, part: check.part, message }];
  });
}

const IMPORTS =
  'import type { operations as Old } from "./old.ts"; import type { operations as New } from "./new.ts";';

/** What the compiler's own library would say, as far as generated types need it. */
const LIBRARY = `
interface Array<T> { length: number; [n: number]: T }
interface Boolean {} interface CallableFunction {} interface Function {} interface IArguments {} interface NewableFunction {}
interface Number {} interface Object {} interface RegExp {} interface String {}
type Record<K extends string | number | symbol, T> = { [P in K]: T };
type NonNullable<T> = T & {};
`;

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
    const [from, to] = [`Old[${JSON.stringify(old.id)}]`, `New[${JSON.stringify(now.id)}]`];
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
