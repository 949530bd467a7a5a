/**
 * `npm run check:openapi`: redocly's lint of the documents, one line for each thing that is wrong. Of an example of a union redocly
 * says what keeps it from being each of the members, thirty things for one wrong name: here it is compared with the member
 * that its tag names.
 */
import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { differencesOf } from "../src/cli/check/differences.ts";
import { isObject, type Json, OpenApiDocument } from "../src/documents/document.ts";

/** What redocly says, as far as it is used. */
interface Problem {
  readonly ruleId: string;
  readonly severity: "error" | "warn";
  readonly message: string;
  readonly location: readonly {
    readonly source: { readonly ref: string };
    readonly pointer?: string;
    readonly start?: { readonly line: number; readonly col: number };
  }[];
}

/** A line for each problem, with its place. */
export async function lint(files: readonly string[], root: string): Promise<string[]> {
  const problems = (await Promise.all(files.map((file) => redoclyProblems(file, root)))).flat();
  const documents = new Map<string, OpenApiDocument>();
  const documentOf = (file: string) => {
    const known = documents.get(file) ?? new OpenApiDocument(resolve(root, file));
    documents.set(file, known);
    return known;
  };
  return [...grouped(problems).values()].map((group) => lineFor(group, documentOf));
}

async function redoclyProblems(file: string, root: string): Promise<Problem[]> {
  const redocly = createRequire(import.meta.url).resolve("@redocly/cli/package.json");
  const args = [resolve(dirname(redocly), "bin/cli.js"), "lint", file, "--format", "json"];
  return new Promise((done, failed) => {
    execFile(process.execPath, args, { cwd: root, maxBuffer: 2 ** 28 }, (error, stdout, stderr) => {
      // What it can't read at all it says in words. Some wrong thing ends it with an exit code, too.
      const [report] = /\{.*\}/s.exec(stdout) ?? [];
      if (report === undefined) failed(new Error(`${file}: ${stderr || error?.message}`));
      else done((JSON.parse(report) as { problems: Problem[] }).problems);
    });
  });
}

/** The problems of one example are one problem. */
function grouped(problems: readonly Problem[]): Map<string, Problem[]> {
  const groups = new Map<string, Problem[]>();
  for (const [at, problem] of problems.entries()) {
    const example = exampleOf(problem);
    const key = example === undefined ? String(at) : `${problem.location[0]?.source.ref} ${example.pointer}`;
    groups.set(key, [...(groups.get(key) ?? []), problem]);
  }
  return groups;
}

/** Where the example lies that a problem is about, and what holds its schema. */
function exampleOf({ ruleId, location }: Problem): { pointer: string; holder: string } | undefined {
  if (!ruleId.endsWith("-examples")) return undefined;
  const [, pointer, holder] =
    /^#((.*)\/(?:example|examples\/[^/]+\/value))(?=\/|$)/.exec(location[0]?.pointer ?? "") ?? [];
  return pointer === undefined || holder === undefined ? undefined : { pointer, holder };
}

function lineFor(group: readonly Problem[], documentOf: (file: string) => OpenApiDocument): string {
  const [first] = group;
  if (first === undefined) return "";
  const example = exampleOf(first);
  const { source, start } = (
    group.find(({ location }) => location[0]?.pointer === `#${example?.pointer}`) ?? first
  ).location[0] ?? { source: { ref: "?" } };
  const place = [source.ref, start?.line, start?.col].filter((part) => part !== undefined).join(":");
  if (example === undefined || group.length === 1) return `${place} ${first.message} (${first.ruleId})`;
  const document = documentOf(source.ref);
  const holder = at(document.root, example.holder);
  const schema = isObject(holder) ? holder["schema"] : undefined;
  const value = at(document.root, example.pointer);
  const differences = value === undefined ? [] : differencesOf(value, schema, document);
  const words = differences.map(({ at: where, what }) => `${where === "" ? "it" : where} ${what}`).join(", ");
  return `${place} the example does not fit its schema: ${words || first.message} (${first.ruleId})`;
}

/** What a JSON Pointer leads to. */
function at(root: Json, pointer: string): Json | undefined {
  let found: Json | undefined = root;
  for (const step of pointer.split("/").slice(1)) {
    const name = step.replaceAll("~1", "/").replaceAll("~0", "~");
    found = Array.isArray(found) ? found[Number(name)] : isObject(found) ? found[name] : undefined;
  }
  return found;
}

const DOCUMENTS = ["agent", "operator", "webhooks"].map((name) => `openapi/${name}.yaml`);

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const lines = await lint(DOCUMENTS, resolve(import.meta.dirname, ".."));
  for (const line of lines) console.error(line);
  if (lines.length === 0) console.log(`${DOCUMENTS.join(", ")}: nothing is wrong`);
  process.exitCode = lines.length === 0 ? 0 : 1;
}
