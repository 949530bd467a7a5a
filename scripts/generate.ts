/**
 * Writes `src/generated/` and `openapi/lock.json` from the OpenAPI documents, and into these what they have in common; with `--check` writes nothing, says what moved,
 * lists every file that is not what the documents give, and fails if there is one.
 */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { OpenApiDocument } from "../src/documents/document.ts";
import { DOCUMENTS, generateFiles, type Source } from "../src/documents/generate.ts";
import { lockOf, lockText, readLock, whatMoved } from "../src/documents/lock.ts";
import { withSharedParts } from "./shared-parts.ts";

const GENERATED = "src/generated";
const LOCK = "openapi/lock.json";

/** The documents of a checkout. */
export function sourcesIn(root: string): Source[] {
  return DOCUMENTS.map((name) => ({
    name,
    title: `openapi/${name}.yaml`,
    file: join(root, "openapi", `${name}.yaml`),
  }))
    .filter(({ file }) => existsSync(file))
    .map(({ name, title, file }) => ({ name, title, document: new OpenApiDocument(file) }));
}

/** The documents that take parts from the agent's, by their path in the checkout, with these parts as they are there now. */
export function documentsWithSharedParts(root: string): Map<string, string> {
  const source = { name: "agent.yaml", text: readFileSync(join(root, "openapi/agent.yaml"), "utf8") };
  const paths = ["openapi/operator.yaml"].filter((path) => existsSync(join(root, path)));
  return new Map(
    paths.map((path) => [path, withSharedParts(readFileSync(join(root, path), "utf8"), source)]),
  );
}

/** The generated files and the lock, by their path in the checkout, for the documents in `root/openapi`. */
export async function generate(root: string): Promise<Map<string, string>> {
  const sources = sourcesIn(root);
  const files = await generateFiles(sources, "npm run generate");
  return new Map([
    ...[...files].map(([name, text]): [string, string] => [`${GENERATED}/${name}`, text]),
    [LOCK, lockText(lockOf(sources))],
  ]);
}

/** The same with other texts of some documents: those on disk may disagree until what they share is copied. */
async function generateWith(
  root: string,
  documents: ReadonlyMap<string, string>,
): Promise<Map<string, string>> {
  const folder = mkdtempSync(join(tmpdir(), "latchgate-generate-"));
  try {
    cpSync(join(root, "openapi"), join(folder, "openapi"), { recursive: true });
    write(folder, documents);
    return await generate(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What differs between the checkout and what the documents give: one line each, empty when nothing does. */
export async function stale(root: string): Promise<string[]> {
  const documents = documentsWithSharedParts(root);
  const wanted = new Map([...documents, ...(await generateWith(root, documents))]);
  const folder = join(root, GENERATED);
  const present = existsSync(folder) ? readdirSync(folder).map((name) => `${GENERATED}/${name}`) : [];
  const states = [...wanted].map(([path, text]) => {
    const file = join(root, path);
    if (!existsSync(file)) return `${path} is missing`;
    return readFileSync(file, "utf8") === text ? "" : `${path} is stale`;
  });
  const foreign = present
    .filter((path) => !wanted.has(path))
    .map((path) => `${path} is generated from nothing`);
  return [...states, ...foreign].filter((line) => line !== "").sort();
}

/** Why files are stale: which of documents, generator, TypeScript and options moved since they were written. */
export function moved(root: string): string[] {
  const lines = whatMoved(readLock(join(root, LOCK)), lockOf(sourcesIn(root)));
  return lines.length > 0
    ? lines
    : ["neither the API nor the generator's versions moved: a file was edited, or this generator's own code"];
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { check: { type: "boolean" }, root: { type: "string", default: "." } },
  });
  const root = resolve(values.root);
  if (values.check === true) {
    const lines = await stale(root);
    for (const line of lines.length > 0 ? [...moved(root), ...lines] : []) console.error(line);
    if (lines.length > 0) process.exitCode = 1;
    else console.log("src/generated is what openapi/ gives");
    return;
  }
  // The types are made of the documents as they are on disk.
  const written = [write(root, documentsWithSharedParts(root)), write(root, await generate(root))].flat();
  console.log(`wrote ${written.join(", ")}`);
}

export function write(root: string, files: ReadonlyMap<string, string>): string[] {
  for (const [path, text] of files) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return [...files.keys()];
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href)
  await main().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });
