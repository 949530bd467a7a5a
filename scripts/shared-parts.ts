import { isDeepStrictEqual } from "node:util";
import { parse } from "yaml";
import { isObject, type Json, type JsonObject } from "../src/documents/document.ts";

/**
 * The parts of a document that another one has too are written once, in that other one, and copied from there letter by letter:
 * what is published refers to no other file. A place for them stands at the end of each list that may need some:
 *
 *     # From agent.yaml, by `npm run generate`:
 *     ...
 *     # So far from agent.yaml.
 */
const PLACE =
  /^( *)# From (\w+\.yaml), by `npm run generate`:\n((?:(?! *# So far from )[^\n]*\n)*) *# So far from \2\.\n/gm;

const LISTS = ["x-outcome-rules", "paths"] as const;
const COMPONENTS = [
  "securitySchemes",
  "parameters",
  "headers",
  "responses",
  "requestBodies",
  "schemas",
] as const;

type Listed = { readonly list: string; readonly name: string };

/** The document with its places filled: with every path of `source` that it does not have itself, and all that these need. */
export function withSharedParts(
  text: string,
  source: { readonly name: string; readonly text: string },
): string {
  const empty = text.replace(PLACE, (place, indent: string, name: string) =>
    name === source.name ? placeFor(indent, name, "") : place,
  );
  const [own, theirs] = [rootOf(empty, "the document"), rootOf(source.text, source.name)];
  const taken = partsNeeded(own, theirs, source.name);
  let list = "";
  const lines = empty.split("\n").map((line) => {
    const named = /^(?: {2})?([\w-]+):$/.exec(line);
    if (named?.[1] !== undefined) list = named[1];
    if (line.trimStart() !== `# From ${source.name}, by \`npm run generate\`:`) return line;
    const names = taken.filter((part) => part.list === list).map(({ name }) => name);
    return [
      line,
      ...blocksOf(source.text, list)
        .filter(({ name }) => names.includes(name))
        .map(({ text: block }) => block),
    ].join("\n");
  });
  const filled = lines.join("\n");
  checkCopies(rootOf(filled, "the document"), theirs, taken);
  return filled;
}

const placeFor = (indent: string, name: string, parts: string) =>
  `${indent}# From ${name}, by \`npm run generate\`:\n${parts}${indent}# So far from ${name}.\n`;

function rootOf(text: string, what: string): JsonObject {
  const root = parse(text) as Json;
  if (!isObject(root)) throw new Error(`${what} holds no object`);
  return root;
}

/** What of the source the document needs and does not have, in the order in which it was found. */
function partsNeeded(own: JsonObject, theirs: JsonObject, source: string): Listed[] {
  const taken: Listed[] = [];
  const need = (part: Listed) => {
    if (taken.some(({ list, name }) => list === part.list && name === part.name)) return;
    const [here, there] = [partOf(own, part), partOf(theirs, part)];
    if (here !== undefined) {
      if (there !== undefined && !isDeepStrictEqual(here, there) && part.list !== "paths")
        throw new Error(`${part.name} of ${part.list} is another one in ${source}`);
      return;
    }
    if (there === undefined) return;
    taken.push(part);
    for (const next of neededBy(there)) need(next);
  };
  for (const part of neededBy(own)) need(part);
  for (const name of Object.keys(listOf(theirs, "paths"))) need({ list: "paths", name });
  return taken;
}

/** The parts that a value refers to: by `$ref`, by the name of a security scheme, or by that of a rule of `x-outcomes`. */
function neededBy(value: Json): Listed[] {
  if (Array.isArray(value)) return value.flatMap(neededBy);
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([member, below]) => {
    if (member === "$ref" && typeof below === "string") {
      const [, list = "", name = ""] = /^#\/components\/(\w+)\/([^/]+)$/.exec(below) ?? [];
      return list === "" ? [] : [{ list, name }];
    }
    if (member === "security" && Array.isArray(below))
      return below
        .flatMap((way) => (isObject(way) ? Object.keys(way) : []))
        .map((name) => ({ list: "securitySchemes", name }));
    if (member === "x-outcomes" && isObject(below)) {
      const rules = [below["lost"], ...Object.values(isObject(below["answers"]) ? below["answers"] : {})];
      return rules.flatMap((rule) =>
        typeof rule === "string" ? [{ list: "x-outcome-rules", name: rule }] : [],
      );
    }
    return neededBy(below);
  });
}

function listOf(root: JsonObject, list: string): JsonObject {
  const components = isObject(root["components"]) ? root["components"] : {};
  const found = (LISTS as readonly string[]).includes(list) ? root[list] : components[list];
  return isObject(found) ? found : {};
}

const partOf = (root: JsonObject, { list, name }: Listed) => {
  const parts = listOf(root, list);
  return Object.hasOwn(parts, name) ? parts[name] : undefined;
};

/** The members of one list of a document, as they are written. */
function blocksOf(text: string, list: string): { name: string; text: string }[] {
  const indent = (COMPONENTS as readonly string[]).includes(list) ? "    " : "  ";
  const lines = text.split("\n");
  const start = lines.indexOf(`${indent.slice(2)}${list}:`);
  if (start < 0) return [];
  const blocks: { name: string; lines: string[] }[] = [];
  for (const line of lines.slice(start + 1)) {
    if (line !== "" && !line.startsWith(indent)) break;
    const key = line.startsWith(`${indent} `) ? null : /^ *("?)([^\s#].*?)\1:(?: |$)/.exec(line);
    if (key?.[2] !== undefined) blocks.push({ name: key[2], lines: [] });
    blocks.at(-1)?.lines.push(line);
  }
  return blocks.map(({ name, lines: block }) => ({ name, text: block.join("\n").trimEnd() }));
}

/** That what was copied means in the document what it means at its source, and that a place was there for all of it. */
function checkCopies(filled: JsonObject, theirs: JsonObject, taken: readonly Listed[]): void {
  for (const part of taken)
    if (!isDeepStrictEqual(partOf(filled, part), partOf(theirs, part)))
      throw new Error(
        `${part.list} of the document has no place for ${part.name}, or it could not be copied`,
      );
}
