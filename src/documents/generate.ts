import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { OpenAPI3, SchemaObject } from "openapi-typescript";
import { diagnosticsOf } from "./compile.ts";
import { type OpenApiDocument, sha256 } from "./document.ts";
import { operationsTable } from "./operations-table.ts";
import { optional } from "./optional.ts";
import { typedDocument } from "./typed-document.ts";

/** What decides, beside the documents and the versions, how the types look. */
export const GENERATOR_OPTIONS = {
  emptyObjectsUnknown: true,
  openLists: "string, with the known words in the comment",
} as const;

/** What is described: the gate's two sockets, and what it sends by itself. */
export const DOCUMENTS = ["agent", "operator", "webhooks"] as const;

/** One document, and the name of the file that is generated from it. */
export interface Source {
  readonly name: (typeof DOCUMENTS)[number];
  /** As the first line of a generated file calls it. */
  readonly title: string;
  readonly document: OpenApiDocument;
}

/**
 * The generated files by name: the types of each document, and `operations.ts` with the facts of those that can be asked.
 * `command` is what their first line names.
 */
export async function generateFiles(
  sources: readonly Source[],
  command: string,
): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  // Without these nothing can be generated, whatever the documents say.
  await Promise.all([
    optional("openapi-typescript", "generating types"),
    optional("typescript", "generating types"),
  ]);
  // Made first: what it says of a document that is wrong names the place.
  const asked = sources.filter(({ name }) => name !== "webhooks");
  const documents = Object.fromEntries(asked.map(({ name, document }) => [name, document]));
  const table = asked.length === 0 ? undefined : operationsTable(documents);
  for (const { name, document } of sources) {
    const used = sources.filter(
      (other) => other.document === document || leadsInto(document, other.document),
    );
    files.set(`${name}.ts`, header(used, command) + (await typesOf(document)));
  }
  if (table !== undefined) files.set("operations.ts", header(asked, command) + table);
  return files;
}

/** Refuses types that don't compile, of schemas that contain themselves at once, with what the compiler says. */
export async function checkTypes(types: string, { file }: OpenApiDocument): Promise<void> {
  const said = await diagnosticsOf(new Map([["/types.ts", types]]), ["/types.ts"], "generating types");
  if (said.length === 0) return;
  const lines = types.split("\n");
  const list = said.slice(0, 5).map(({ line, message }) => `${lines[line]?.trim()} (${message})`);
  const more = said.length > 5 ? `, and ${said.length - 5} more` : "";
  throw new Error(`${file}: the types made of it do not compile: ${list.join("; ")}${more}`);
}

function leadsInto(document: OpenApiDocument, other: OpenApiDocument): boolean {
  return document.referredFiles().includes(resolve(other.file));
}

function header(sources: readonly Source[], command: string): string {
  const from = sources.map(({ title, document }) => `${title} (sha256 ${sha256(document.text)})`);
  return `// Generated from ${from.join(" and ")} by \`${command}\`: do not edit.\n\n`;
}

/** The types that openapi-typescript makes of a document: of one that refers to no other file, once for the same text. */
export async function typesOf(document: OpenApiDocument): Promise<string> {
  if (document.referredFiles().length > 0) return madeOf(document);
  const key = sha256(document.text);
  const known = made.get(key) ?? (await madeOf(document));
  made.delete(key);
  made.set(key, known);
  for (const [oldest] of made) if (made.size > MOST_MADE) made.delete(oldest);
  return known;
}

const made = new Map<string, string>();
const MOST_MADE = 8;

async function madeOf(document: OpenApiDocument): Promise<string> {
  const { default: openapiTS, astToString } = await optional("openapi-typescript", "generating types");
  const ts = await optional("typescript", "generating types");
  const string = () => ts.factory.createKeywordTypeNode(ts.SyntaxKind.StringKeyword);
  const file = pathToFileURL(document.file);
  const plain = typedDocument(document);
  try {
    return astToString(
      await openapiTS(plain === undefined ? file : (plain as unknown as OpenAPI3), {
        cwd: new URL(".", file),
        emptyObjectsUnknown: GENERATOR_OPTIONS.emptyObjectsUnknown,
        silent: true,
        transform: (schema) => (describeKnownWords(schema) ? string() : undefined),
      }),
    );
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`${document.file}: openapi-typescript makes no types of it: ${why}`, { cause: error });
  }
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
