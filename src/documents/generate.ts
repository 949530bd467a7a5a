import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { SchemaObject } from "openapi-typescript";
import { type OpenApiDocument, sha256 } from "./document.ts";
import { operationsTable } from "./operations-table.ts";
import { optional } from "./optional.ts";

/** What decides, beside the documents and the versions, how the types look. */
export const GENERATOR_OPTIONS = {
  emptyObjectsUnknown: true,
  openLists: "string, with the known words in the comment",
} as const;

/** One document, and the name of the file that is generated from it. */
export interface Source {
  readonly name: "agent" | "operator";
  /** As the first line of a generated file calls it. */
  readonly title: string;
  readonly document: OpenApiDocument;
}

/**
 * The generated files by name: the types of each document, and `operations.ts` with the facts of all of them. `command` is
 * what their first line names.
 */
export async function generateFiles(
  sources: readonly Source[],
  command: string,
): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const { name, document } of sources) {
    const used = sources.filter(
      (other) => other.document === document || leadsInto(document, other.document),
    );
    files.set(`${name}.ts`, header(used, command) + (await typesOf(document)));
  }
  const table = operationsTable(Object.fromEntries(sources.map(({ name, document }) => [name, document])));
  files.set("operations.ts", header(sources, command) + table);
  return files;
}

function leadsInto(document: OpenApiDocument, other: OpenApiDocument): boolean {
  return document.referredFiles().includes(resolve(other.file));
}

function header(sources: readonly Source[], command: string): string {
  const from = sources.map(({ title, document }) => `${title} (sha256 ${sha256(document.text)})`);
  return `// Generated from ${from.join(" and ")} by \`${command}\`: do not edit.\n\n`;
}

/** The types that openapi-typescript makes of a document. */
export async function typesOf({ file }: Pick<OpenApiDocument, "file">): Promise<string> {
  const { default: openapiTS, astToString } = await optional("openapi-typescript", "generating types");
  const ts = await optional("typescript", "generating types");
  const string = () => ts.factory.createKeywordTypeNode(ts.SyntaxKind.StringKeyword);
  const ast = await openapiTS(pathToFileURL(file), {
    emptyObjectsUnknown: GENERATOR_OPTIONS.emptyObjectsUnknown,
    silent: true,
    transform: (schema) => (describeKnownWords(schema) ? string() : undefined),
  });
  return astToString(ast);
}

const described = new WeakSet<object>();

/**
 * An open list is a plain string, and its known words stand in the comment: a union with `string & {}` turns into an object
 * with a string's methods in `Readable<>` of openapi-fetch's types. The comment is written from the same object afterwards.
 */
function describeKnownWords(schema: SchemaObject): boolean {
  const words = (schema as { "x-extensible-enum"?: unknown })["x-extensible-enum"];
  if (!Array.isArray(words)) return false;
  if (!described.has(schema)) {
    described.add(schema);
    const known = `Known: ${words.join(", ")}.`;
    schema.description =
      schema.description === undefined ? known : `${schema.description.trimEnd()} ${known}`;
  }
  return true;
}
