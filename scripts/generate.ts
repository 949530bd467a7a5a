/**
 * Writes `src/generated/` from the OpenAPI documents; with `--check` writes nothing, lists every file that is not what
 * the documents give, and fails if there is one.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import openapiTS, { astToString, type OpenAPI3 } from "openapi-typescript";
import ts from "typescript";
import { OpenApiDocument, sha256 } from "./documents.ts";
import { operationsTable } from "./operations-table.ts";

const DOCUMENTS = ["agent", "operator"] as const;

/** The three generated files, by name, for the documents in `root/openapi`. */
export async function generate(root: string): Promise<Map<string, string>> {
  const names = DOCUMENTS.filter((name) => existsSync(join(root, "openapi", `${name}.yaml`)));
  const documents = Object.fromEntries(
    names.map((name) => [name, new OpenApiDocument(join(root, "openapi", `${name}.yaml`))]),
  );
  const files = new Map<string, string>();
  for (const name of names) {
    const sources = names.filter((other) => other === name || documents[name]?.refersTo(`${other}.yaml`));
    files.set(`${name}.ts`, header(root, documents, sources) + (await types(root, name)));
  }
  files.set("operations.ts", header(root, documents, names) + operationsTable(documents));
  return files;
}

/** What differs between `root/src/generated` and what the documents give: one line each, empty when nothing does. */
export async function stale(root: string): Promise<string[]> {
  const wanted = await generate(root);
  const folder = join(root, "src/generated");
  const present = existsSync(folder) ? readdirSync(folder) : [];
  const missing = [...wanted.keys()].filter((name) => !present.includes(name));
  const foreign = present.filter((name) => !wanted.has(name));
  const different = present.filter(
    (name) => wanted.has(name) && readFileSync(join(folder, name), "utf8") !== wanted.get(name),
  );
  return [
    ...missing.map((name) => `src/generated/${name} is missing`),
    ...different.map((name) => `src/generated/${name} is stale`),
    ...foreign.map((name) => `src/generated/${name} is generated from nothing`),
  ].sort();
}

function header(
  root: string,
  documents: { [name: string]: OpenApiDocument },
  names: readonly string[],
): string {
  const sources = names.map((name) => {
    const document = documents[name];
    if (document === undefined) throw new Error(`no ${name}.yaml in ${root}/openapi`);
    return `openapi/${name}.yaml (sha256 ${sha256(document.text)})`;
  });
  return `// Generated from ${sources.join(" and ")} by \`npm run generate\`: do not edit.\n\n`;
}

async function types(root: string, name: string): Promise<string> {
  const ast = await openapiTS(pathToFileURL(join(root, "openapi", `${name}.yaml`)), {
    emptyObjectsUnknown: true,
    silent: true,
    transform: (schema) => openList(schema),
  });
  return astToString(ast);
}

/** An open list keeps its known words in the type: `"a" | "b" | (string & {})`. */
function openList(schema: object): ts.TypeNode | undefined {
  const known: unknown = (schema as OpenAPI3)["x-extensible-enum"];
  if (!Array.isArray(known)) return undefined;
  const anyString = ts.factory.createIntersectionTypeNode([
    ts.factory.createKeywordTypeNode(ts.SyntaxKind.StringKeyword),
    ts.factory.createTypeLiteralNode([]),
  ]);
  return ts.factory.createUnionTypeNode([
    ...known.map((word) => ts.factory.createLiteralTypeNode(ts.factory.createStringLiteral(String(word)))),
    ts.factory.createParenthesizedType(anyString),
  ]);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { check: { type: "boolean" }, root: { type: "string", default: "." } },
  });
  const root = resolve(values.root);
  if (values.check === true) {
    const lines = await stale(root);
    for (const line of lines) console.error(line);
    if (lines.length > 0) process.exitCode = 1;
    else console.log("src/generated is what openapi/ gives");
    return;
  }
  const files = await generate(root);
  mkdirSync(join(root, "src/generated"), { recursive: true });
  for (const [name, text] of files) writeFileSync(join(root, "src/generated", name), text);
  console.log(`wrote ${[...files.keys()].map((name) => `src/generated/${name}`).join(", ")}`);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) await main();
