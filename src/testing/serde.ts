/**
 * JSON as the gate's own parser reads it: with positions, because its refusals name the column, and with
 * duplicate members kept, because it refuses those. Columns count bytes, from 1, up to and with the culprit.
 */

/** A JSON value and where it ends. */
export type JsonNode = { readonly end: number } & (
  | { readonly kind: "null" }
  | { readonly kind: "boolean"; readonly value: boolean }
  | { readonly kind: "number"; readonly text: string }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "array"; readonly items: readonly JsonNode[] }
  | { readonly kind: "object"; readonly members: readonly JsonMember[] }
);

/** One member of an object, in the order in which it was sent. */
export interface JsonMember {
  readonly name: string;
  readonly nameEnd: number;
  readonly value: JsonNode;
}

/** What is wrong with a text that is not JSON, in the words of the gate's parser. */
export class JsonSyntaxError extends Error {}

/** What is wrong with JSON of another shape than the one expected, in the words of the gate's parser. */
export class JsonShapeError extends Error {}

/** Parses one JSON text, or throws a {@link JsonSyntaxError}. */
export function parseJson(text: string): JsonNode {
  const parser = createParser(text);
  const node = parser.value();
  parser.end();
  return node;
}

/** "line 1 column 7" of an offset. */
export function position(text: string, offset: number): string {
  const before = text.slice(0, offset);
  const line = before.split("\n").length;
  const column = Buffer.byteLength(before.slice(before.lastIndexOf("\n") + 1));
  return `line ${line} column ${column}`;
}

/** How the gate's parser names a value of a wrong type. */
export function describe(node: JsonNode): string {
  if (node.kind === "null") return "null";
  if (node.kind === "boolean") return `boolean \`${node.value}\``;
  if (node.kind === "string") return `string ${JSON.stringify(node.value)}`;
  if (node.kind === "array") return "sequence";
  if (node.kind === "object") return "map";
  return /[.eE]/.test(node.text) ? `floating point \`${node.text}\`` : `integer \`${node.text}\``;
}

const LITERALS = [
  ["null", { kind: "null" }],
  ["true", { kind: "boolean", value: true }],
  ["false", { kind: "boolean", value: false }],
] as const;

// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON has none in a string
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

/** serde_json's own limit: the 128th level is refused. */
const RECURSION_LIMIT = 128;

function createParser(text: string) {
  let at = 0;
  let depth = 0;

  function fail(what: string, offset = at + 1): never {
    throw new JsonSyntaxError(`${what} at ${position(text, Math.min(offset, text.length))}`);
  }

  function skipSpace() {
    while (at < text.length && " \t\r\n".includes(text.charAt(at))) at += 1;
  }

  function match(pattern: RegExp): string | undefined {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    if (found !== undefined) at += found.length;
    return found;
  }

  function string(): string {
    const start = at;
    const found = match(STRING);
    if (found !== undefined) return JSON.parse(found) as string;
    at = start;
    return text.indexOf('"', at + 1) < 0
      ? fail("EOF while parsing a string", text.length)
      : fail("invalid escape");
  }

  function array(): JsonNode {
    const items: JsonNode[] = [];
    at += 1;
    skipSpace();
    while (text[at] !== "]") {
      if (at >= text.length) fail("EOF while parsing a list");
      if (items.length > 0) {
        if (text[at] !== ",") fail("expected `,` or `]`");
        at += 1;
      }
      items.push(value());
      skipSpace();
    }
    at += 1;
    return { kind: "array", items, end: at };
  }

  function object(): JsonNode {
    const members: JsonMember[] = [];
    at += 1;
    skipSpace();
    while (text[at] !== "}") {
      if (at >= text.length) fail("EOF while parsing an object");
      if (members.length > 0) {
        if (text[at] !== ",") fail("expected `,` or `}`");
        at += 1;
        skipSpace();
      }
      if (at >= text.length) fail("EOF while parsing an object");
      if (text[at] !== '"') fail("key must be a string");
      const name = string();
      const nameEnd = at;
      skipSpace();
      if (at >= text.length) fail("EOF while parsing an object");
      if (text[at] !== ":") fail("expected `:`");
      at += 1;
      members.push({ name, nameEnd, value: value() });
      skipSpace();
    }
    at += 1;
    return { kind: "object", members, end: at };
  }

  function nested(inner: () => JsonNode): JsonNode {
    depth += 1;
    if (depth >= RECURSION_LIMIT) fail("recursion limit exceeded");
    const node = inner();
    depth -= 1;
    return node;
  }

  function value(): JsonNode {
    skipSpace();
    const next = text[at];
    if (next === undefined) fail("EOF while parsing a value");
    if (next === "{") return nested(object);
    if (next === "[") return nested(array);
    if (next === '"') {
      const found = string();
      return { kind: "string", value: found, end: at };
    }
    for (const [word, node] of LITERALS) {
      if (text.startsWith(word, at)) {
        at += word.length;
        return { ...node, end: at };
      }
    }
    const number = match(NUMBER);
    if (number === undefined) fail("expected value");
    if (!Number.isFinite(Number(number))) fail("number out of range", at);
    return { kind: "number", text: number, end: at };
  }

  function end() {
    skipSpace();
    if (at < text.length) fail("trailing characters");
  }

  return { value, end };
}

/** Reads the members of an object as a struct does: known names only where `strict`, none twice, none missing. */
export function readStruct(
  text: string,
  node: JsonNode,
  shape: {
    name: string;
    fields: Readonly<Record<string, "required" | "optional">>;
    /** Other names of a field. */
    aliases?: Readonly<Record<string, string>>;
    strict?: boolean;
    path?: string;
  },
): Map<string, JsonNode> {
  const path = shape.path === undefined ? "" : `${shape.path}: `;
  const names = Object.keys(shape.fields);
  if (node.kind === "array") {
    // A struct's fields in their order are a struct, too.
    if (node.items.length === names.length)
      return new Map(names.map((name, index) => [name, node.items[index] as JsonNode]));
    throw new JsonShapeError(
      `${path}invalid length ${node.items.length}, expected struct ${shape.name} with ${names.length} elements at ${position(text, node.end)}`,
    );
  }
  if (node.kind !== "object") throw wrongType(text, node, `struct ${shape.name}`, shape.path);
  const found = new Map<string, JsonNode>();
  for (const member of node.members) {
    const where = position(text, member.nameEnd);
    const name = shape.aliases?.[member.name] ?? member.name;
    if (!Object.hasOwn(shape.fields, name)) {
      if (!shape.strict) continue;
      const expected = names.map((name) => `\`${name}\``).join(", ");
      throw new JsonShapeError(
        `${path}${member.name}: unknown field \`${member.name}\`, expected one of ${expected} at ${where}`,
      );
    }
    if (found.has(name)) throw new JsonShapeError(`${path}duplicate field \`${name}\` at ${where}`);
    found.set(name, member.value);
  }
  for (const name of names) {
    if (shape.fields[name] === "required" && !found.has(name)) {
      throw new JsonShapeError(`${path}missing field \`${name}\` at ${position(text, node.end)}`);
    }
  }
  return found;
}

/** The refusal of a value whose type is not the one expected. */
export function wrongType(text: string, node: JsonNode, expected: string, path?: string): JsonShapeError {
  const prefix = path === undefined ? "" : `${path}: `;
  return new JsonShapeError(
    `${prefix}invalid type: ${describe(node)}, expected ${expected} at ${position(text, node.end)}`,
  );
}
