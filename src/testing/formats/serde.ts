/**
 * JSON as the gate's own parser (serde_json) reads it: byte by byte, so that what is wrong first is what is said, and with the position
 * that its refusals name. Columns count bytes, from 1, up to and with the culprit.
 */

import { isUtf8 } from "node:buffer";

/** A JSON value as it was written. */
export type JsonNode =
  | { readonly kind: "null" }
  | { readonly kind: "boolean"; readonly value: boolean }
  | { readonly kind: "number"; readonly number: JsonNumber }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "array"; readonly items: readonly JsonNode[] }
  /** Of a member that comes twice the last one counts. */
  | { readonly kind: "object"; readonly members: ReadonlyMap<string, JsonNode> };

/** A number's text, and what the gate holds it in: a 64-bit integer, with a sign or without, or a double. */
export interface JsonNumber {
  readonly text: string;
  readonly type: "unsigned" | "signed" | "double";
}

/** Where in a body something is wrong: a member, an index, or a member whose name could not be read. */
export type Segment = string | number | typeof UNREAD;
export const UNREAD = Symbol("a member whose name could not be read");

/** What is wrong with a text that is not JSON, in the words of the gate's parser. */
export class JsonSyntaxError extends Error {
  readonly path: readonly Segment[];

  constructor(message: string, path: readonly Segment[]) {
    super(message);
    this.path = path;
  }
}

/** What is wrong with JSON of another shape than the one expected. */
export class JsonShapeError extends Error {
  readonly path: readonly Segment[];
  /** Where the parser stood when it gave up. */
  position: string | undefined;

  constructor(message: string, path: readonly Segment[]) {
    super(message);
    this.path = path;
  }
}

export type JsonReader = ReturnType<typeof createReader>;

/** Reads one JSON text as any value, or throws a {@link JsonSyntaxError}. */
export function parseJson(text: string | Uint8Array): JsonNode {
  const reader = createReader(text);
  const node = reader.any();
  reader.end();
  return node;
}

/** serde_json's own limit: the 128th level is refused. */
const DEPTH = 128;

const [QUOTE, BACKSLASH, MINUS, ZERO, NINE] = [0x22, 0x5c, 0x2d, 0x30, 0x39];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];
const [COMMA, COLON, POINT, PLUS] = [0x2c, 0x3a, 0x2e, 0x2b];
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};

/** A parser at the beginning of a text. */
export function createReader(text: string | Uint8Array) {
  const bytes = Buffer.from(text as string);
  const path: Segment[] = [];
  let at = 0;
  let depth = 0;

  function position(offset: number): string {
    const before = bytes.subarray(0, Math.min(offset, bytes.length));
    const lineStart = before.lastIndexOf(0x0a) + 1;
    let line = 1;
    for (const byte of before) if (byte === 0x0a) line += 1;
    return `line ${line} column ${before.length - lineStart}`;
  }

  function syntax(what: string, offset: number): never {
    throw new JsonSyntaxError(`${what} at ${position(offset)}`, [...path]);
  }
  /** Wrong is what was read last. */
  const failed = (what: string): never => syntax(what, at);
  /** Wrong is what comes next. */
  const ahead = (what: string): never => syntax(what, at + 1);

  /** The next byte that is no white space. */
  function peek(): number | undefined {
    for (;;) {
      const byte = bytes[at];
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x09 && byte !== 0x0d) return byte;
      at += 1;
    }
  }

  function skip() {
    at += 1;
  }

  function word(rest: string) {
    for (const letter of rest) {
      const byte = bytes[at];
      if (byte === undefined) failed("EOF while parsing a value");
      at += 1;
      if (byte !== letter.charCodeAt(0)) failed("expected ident");
    }
  }

  /** The rest of a string whose quote has been read. `checked`: as text, not only skipped. */
  function string(checked = true): string {
    const parts: Buffer[] = [];
    let start = at;
    const take = () => {
      if (checked) parts.push(bytes.subarray(start, at));
    };
    for (;;) {
      const byte = bytes[at];
      if (byte === undefined) failed("EOF while parsing a string");
      else if (byte === QUOTE) {
        take();
        at += 1;
        const whole = Buffer.concat(parts);
        if (checked && !isUtf8(whole)) failed("invalid unicode code point");
        return whole.toString();
      } else if (byte === BACKSLASH) {
        take();
        at += 1;
        const read = escaped(checked);
        if (checked) parts.push(Buffer.from(read));
        start = at;
      } else if (byte < 0x20) {
        at += 1;
        failed("control character (\\u0000-\\u001F) found while parsing a string");
      } else at += 1;
    }
  }

  function escaped(checked: boolean): string {
    const byte = bytes[at];
    if (byte === undefined) return failed("EOF while parsing a string");
    at += 1;
    const letter = String.fromCharCode(byte);
    const plain = ESCAPES[letter];
    if (plain !== undefined) return plain;
    if (letter !== "u") return failed("invalid escape");
    const first = hex();
    if (!checked || first < 0xd800 || first > 0xdfff) return String.fromCharCode(first);
    if (first >= 0xdc00) return failed("lone leading surrogate in hex escape");
    for (const expected of [BACKSLASH, 0x75]) {
      const next = bytes[at];
      if (next === undefined) return failed("EOF while parsing a string");
      at += 1;
      if (next !== expected) return failed("unexpected end of hex escape");
    }
    const second = hex();
    if (second < 0xdc00 || second > 0xdfff) return failed("lone leading surrogate in hex escape");
    return String.fromCharCode(first, second);
  }

  function hex(): number {
    const digits = bytes.subarray(at, at + 4).toString("latin1");
    at = Math.min(at + 4, bytes.length);
    if (digits.length < 4) return failed("EOF while parsing a string");
    return /^[0-9a-fA-F]{4}$/.test(digits) ? Number.parseInt(digits, 16) : failed("invalid escape");
  }

  const isDigit = (byte: number | undefined) => byte !== undefined && byte >= ZERO && byte <= NINE;

  function digits() {
    while (isDigit(bytes[at])) at += 1;
  }

  function number(): JsonNumber {
    const start = at;
    if (bytes[at] === MINUS) at += 1;
    const first = bytes[at];
    if (first === undefined) failed("EOF while parsing a value");
    at += 1;
    if (!isDigit(first)) failed("invalid number");
    if (first === ZERO && isDigit(bytes[at])) ahead("invalid number");
    digits();
    let integer = true;
    if (bytes[at] === POINT) {
      integer = false;
      at += 1;
      if (!isDigit(bytes[at]))
        ahead(bytes[at] === undefined ? "EOF while parsing a value" : "invalid number");
      digits();
    }
    if (bytes[at] === 0x65 || bytes[at] === 0x45) {
      integer = false;
      at += 1;
      if (bytes[at] === PLUS || bytes[at] === MINUS) at += 1;
      const digit = bytes[at];
      if (digit === undefined) failed("EOF while parsing a value");
      at += 1;
      if (!isDigit(digit)) failed("invalid number");
      digits();
    }
    const text = bytes.subarray(start, at).toString("latin1");
    if (!Number.isFinite(Number(text))) failed("number out of range");
    return { text, type: integer ? typeOf(text) : "double" };
  }

  /** Enters an array or an object. */
  function enter() {
    depth += 1;
    if (depth >= DEPTH) ahead("recursion limit exceeded");
    at += 1;
  }

  /** Whether a list has another item; it stands before it then. */
  function nextItem(first: boolean): boolean {
    const next = peek();
    if (next === undefined) ahead("EOF while parsing a list");
    if (next === CLOSE_LIST) return false;
    if (first) return true;
    if (next !== COMMA) ahead("expected `,` or `]`");
    at += 1;
    const after = peek();
    if (after === undefined) ahead("EOF while parsing a value");
    return after === CLOSE_LIST ? ahead("trailing comma") : true;
  }

  /** The name of an object's next member, if there is one. */
  function nextName(first: boolean): string | undefined {
    path.push(UNREAD);
    let next = peek();
    if (next === undefined) ahead("EOF while parsing an object");
    if (next === CLOSE_OBJECT) {
      path.pop();
      return undefined;
    }
    if (!first) {
      if (next !== COMMA) ahead("expected `,` or `}`");
      at += 1;
      next = peek();
      if (next === undefined) ahead("EOF while parsing a value");
      if (next === CLOSE_OBJECT) ahead("trailing comma");
    }
    if (next !== QUOTE) ahead("key must be a string");
    at += 1;
    const name = string();
    path.pop();
    return name;
  }

  function colon() {
    const next = peek();
    if (next === undefined) ahead("EOF while parsing an object");
    if (next !== COLON) ahead("expected `:`");
    at += 1;
  }

  /** Leaves an array: what is still in it is too much. */
  function endList() {
    depth -= 1;
    const next = peek();
    if (next === undefined) ahead("EOF while parsing a list");
    if (next === COMMA) {
      at += 1;
      ahead(peek() === CLOSE_LIST ? "trailing comma" : "trailing characters");
    }
    if (next !== CLOSE_LIST) ahead("trailing characters");
    at += 1;
  }

  function endObject() {
    depth -= 1;
    const next = peek();
    if (next === undefined) ahead("EOF while parsing an object");
    if (next === COMMA) ahead("trailing comma");
    if (next !== CLOSE_OBJECT) ahead("trailing characters");
    at += 1;
  }

  /** What comes next, as a refusal names it; scalars are read for that. */
  function unexpected(): string {
    const next = peek();
    if (next === OPEN_LIST) return "sequence";
    if (next === OPEN_OBJECT) return "map";
    if (next === QUOTE) {
      at += 1;
      return `string ${debugText(string())}`;
    }
    if (next === MINUS || isDigit(next)) return describeNumber(number());
    const literal = next === undefined ? undefined : LITERALS[String.fromCharCode(next)];
    if (literal === undefined) return ahead("expected value");
    at += 1;
    word(literal.rest);
    return literal.node.kind === "null" ? "null" : `boolean \`${literal.node.value}\``;
  }

  function any(): JsonNode {
    const next = peek();
    if (next === undefined) return ahead("EOF while parsing a value");
    if (next === QUOTE) {
      at += 1;
      return { kind: "string", value: string() };
    }
    if (next === MINUS || isDigit(next)) return { kind: "number", number: number() };
    if (next === OPEN_LIST) {
      enter();
      const items: JsonNode[] = [];
      while (nextItem(items.length === 0)) items.push(any());
      endList();
      return { kind: "array", items };
    }
    if (next === OPEN_OBJECT) {
      enter();
      const members = new Map<string, JsonNode>();
      for (let name = nextName(true); name !== undefined; name = nextName(false)) {
        colon();
        members.set(name, any());
      }
      endObject();
      return { kind: "object", members };
    }
    const literal = LITERALS[String.fromCharCode(next)];
    if (literal === undefined) return ahead("expected value");
    at += 1;
    word(literal.rest);
    return literal.node;
  }

  /** Skips a value that nobody asked for: however deep it is. */
  function ignore() {
    const open: number[] = [];
    for (;;) {
      const next = peek();
      if (next === undefined) ahead("EOF while parsing a value");
      let entered = false;
      if (next === QUOTE) {
        at += 1;
        string(false);
      } else if (next === MINUS || isDigit(next)) number();
      else if (next === OPEN_LIST || next === OPEN_OBJECT) {
        at += 1;
        open.push(next);
        entered = true;
      } else {
        const literal = next === undefined ? undefined : LITERALS[String.fromCharCode(next)];
        if (literal === undefined) ahead("expected value");
        else {
          at += 1;
          word(literal.rest);
        }
      }
      if (!closed(open, entered)) continue;
      return;
    }
  }

  /** Closes what ends here; whether nothing is left open. */
  function closed(open: number[], entered: boolean): boolean {
    let comma = !entered;
    for (;;) {
      const frame = open.at(-1);
      if (frame === undefined) return true;
      const next = peek();
      if (next === undefined) ahead(`EOF while parsing ${frame === OPEN_LIST ? "a list" : "an object"}`);
      if (next === (frame === OPEN_LIST ? CLOSE_LIST : CLOSE_OBJECT)) {
        at += 1;
        open.pop();
        comma = true;
        continue;
      }
      if (comma) {
        if (next !== COMMA) ahead(`expected \`,\` or \`${frame === OPEN_LIST ? "]" : "}"}\``);
        at += 1;
      }
      if (frame === OPEN_OBJECT) {
        if (peek() === undefined) ahead("EOF while parsing an object");
        if (peek() !== QUOTE) ahead("key must be a string");
        at += 1;
        string(false);
        colon();
      }
      return false;
    }
  }

  return {
    path,
    peek,
    skip,
    word,
    string,
    number,
    any,
    ignore,
    unexpected,
    enter,
    nextItem,
    nextName,
    colon,
    endList,
    endObject,
    /** Where the parser stands. */
    here: () => position(at),
    end() {
      if (peek() !== undefined) ahead("trailing characters");
    },
  };
}

const LITERALS: Readonly<
  Record<
    string,
    { rest: string; node: { readonly kind: "null" } | { readonly kind: "boolean"; readonly value: boolean } }
  >
> = {
  n: { rest: "ull", node: { kind: "null" } },
  t: { rest: "rue", node: { kind: "boolean", value: true } },
  f: { rest: "alse", node: { kind: "boolean", value: false } },
};

function typeOf(integer: string): JsonNumber["type"] {
  if (integer.startsWith("-")) {
    // The gate keeps the sign of zero, which an integer has not.
    if (/^-0+$/.test(integer)) return "double";
    return BigInt(integer) >= -(2n ** 63n) ? "signed" : "double";
  }
  return BigInt(integer) < 2n ** 64n ? "unsigned" : "double";
}

/** How a refusal names a number. */
export function describeNumber(number: JsonNumber): string {
  return number.type === "double"
    ? `floating point \`${doubleText(Number(number.text))}\``
    : `integer \`${number.text}\``;
}

/** A double as the gate prints it: never without a point or an exponent, and with an exponent from 1e16 on. */
export function doubleText(value: number): string {
  const [digits = "0", exponent = "0"] = Math.abs(value).toExponential().split("e");
  const sign = value < 0 || Object.is(value, -0) ? "-" : "";
  const power = Number(exponent);
  if (value !== 0 && (power >= 16 || power < -5)) return `${sign}${digits}e${power > 0 ? "+" : ""}${power}`;
  const plain = Math.abs(value).toFixed(Math.max(0, (digits.length > 1 ? digits.length - 2 : 0) - power));
  return `${sign}${plain.includes(".") ? plain : `${plain}.0`}`;
}

/** A value as the gate prints its JSON: compact, members in order. */
export function nodeText(node: JsonNode): string {
  switch (node.kind) {
    case "null":
      return "null";
    case "boolean":
      return String(node.value);
    case "string":
      return JSON.stringify(node.value);
    case "number":
      return node.number.type === "double" ? doubleText(Number(node.number.text)) : node.number.text;
    case "array":
      return `[${node.items.map(nodeText).join(",")}]`;
    case "object": {
      const names = [...node.members.keys()].sort();
      const members = names.map(
        (name) => `${JSON.stringify(name)}:${nodeText(node.members.get(name) as JsonNode)}`,
      );
      return `{${members.join(",")}}`;
    }
  }
}

/** A text as Rust's `{:?}` prints it. */
export function debugText(text: string): string {
  const escaped = text.replace(
    /[\\"\0\t\r\n]|[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu,
    (found) => {
      const short = { "\\": "\\\\", '"': '\\"', "\0": "\\0", "\t": "\\t", "\r": "\\r", "\n": "\\n" }[found];
      return short ?? `\\u{${found.codePointAt(0)?.toString(16)}}`;
    },
  );
  return `"${escaped}"`;
}
