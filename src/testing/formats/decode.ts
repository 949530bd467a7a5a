import {
  createReader,
  describeNumber,
  type JsonReader,
  JsonShapeError,
  JsonSyntaxError,
  type Segment,
  UNREAD,
} from "./serde.ts";

/** Reads one value of a type, as the code that serde derives for that type does, or throws. */
export type Decoder<Value> = (reader: JsonReader) => Value;

/** A member of a struct: what it is, and what becomes of one that is not there. */
interface Field<Value> {
  readonly decode: Decoder<Value>;
  /** Whether it may be missing in an object. */
  readonly optional: boolean;
  /** Whether an array in the place of the struct may end before it. */
  readonly defaulted: boolean;
}

type Fields = Readonly<Record<string, Field<unknown>>>;
type StructOf<Of extends Fields> = {
  readonly [Name in keyof Of]: Of[Name] extends Field<infer Value> ? Value : never;
};

/** Reads a whole text, or throws a {@link JsonSyntaxError} or a {@link JsonShapeError}. */
export function decode<Value>(text: string | Uint8Array, decoder: Decoder<Value>): Value {
  const reader = createReader(text);
  const value = decoder(reader);
  reader.end();
  return value;
}

/** The sentence of a refusal. `paths`: beginning with where it is, as the framework's JSON extractor says it. */
export function problemOf(error: JsonSyntaxError | JsonShapeError, { paths }: { paths: boolean }): string {
  const message =
    error instanceof JsonShapeError && error.position !== undefined
      ? `${error.message} at ${error.position}`
      : error.message;
  const known = error.path.some((segment) => segment !== UNREAD);
  return paths && known ? `${pathText(error.path)}: ${message}` : message;
}

function pathText(path: readonly Segment[]): string {
  let text = "";
  for (const segment of path) {
    if (typeof segment === "number") text += `[${segment}]`;
    else text += `${text === "" ? "" : "."}${segment === UNREAD ? "?" : segment}`;
  }
  return text;
}

export const text: Decoder<string> = (reader) => {
  if (reader.peek() !== 0x22) return wrongType(reader, "a string");
  reader.skip();
  return reader.string();
};

/** An unsigned integer of 64 bits, as its digits. */
export const unsigned: Decoder<string> = (reader) => {
  if (!startsNumber(reader)) return wrongType(reader, "u64");
  const number = reader.number();
  if (number.type === "unsigned") return number.text;
  const wrong = number.type === "signed" ? "value" : "type";
  return refuse(reader, `invalid ${wrong}: ${describeNumber(number)}, expected u64`);
};

/** A signed integer of 64 bits. */
export const signed: Decoder<number> = (reader) => {
  if (!startsNumber(reader)) return wrongType(reader, "i64");
  const number = reader.number();
  if (number.type === "signed" || (number.type === "unsigned" && BigInt(number.text) < 2n ** 63n))
    return Number(number.text);
  const wrong = number.type === "unsigned" ? "value" : "type";
  return refuse(reader, `invalid ${wrong}: ${describeNumber(number)}, expected i64`);
};

/** `null` is `undefined`. */
export function nullable<Value>(inner: Decoder<Value>): Decoder<Value | undefined> {
  return (reader) => {
    if (reader.peek() !== 0x6e) return inner(reader);
    reader.skip();
    reader.word("ull");
    return undefined;
  };
}

export function list<Value>(inner: Decoder<Value>): Decoder<Value[]> {
  return (reader) => {
    if (reader.peek() !== 0x5b) return wrongType(reader, "a sequence");
    reader.enter();
    const items: Value[] = [];
    while (reader.nextItem(items.length === 0)) {
      reader.path.push(items.length);
      items.push(inner(reader));
      reader.path.pop();
    }
    reader.endList();
    return items;
  };
}

/** A member that must be there. */
export function required<Value>(decoder: Decoder<Value>): Field<Value> {
  return { decode: decoder, optional: false, defaulted: false };
}

/** A member that may be missing or `null`. */
export function optional<Value>(decoder: Decoder<Value>): Field<Value | undefined> {
  return { decode: nullable(decoder), optional: true, defaulted: false };
}

/** The same, which an array in the place of the struct may leave out too. */
export function defaulted<Value>(decoder: Decoder<Value>): Field<Value | undefined> {
  return { decode: nullable(decoder), optional: true, defaulted: true };
}

/** How a struct is read. */
interface StructOptions {
  /** Other names of a field. */
  readonly aliases?: Readonly<Record<string, string>>;
  /** Whether a member that is not known is refused. */
  readonly strict?: boolean;
}

/** A struct: an object, of which none of the members may come twice, or an array of its fields in their order. */
export function struct<Of extends Fields>(
  name: string,
  fields: Of,
  { aliases = {}, strict = false }: StructOptions = {},
): Decoder<StructOf<Of>> {
  const names = Object.keys(fields);

  function fromArray(reader: JsonReader): Record<string, unknown> {
    const found: Record<string, unknown> = {};
    for (const [index, field] of names.entries()) {
      if (reader.nextItem(index === 0)) {
        reader.path.push(index);
        found[field] = fields[field]?.decode(reader);
        reader.path.pop();
      } else if (!fields[field]?.defaulted) {
        const elements = names.length === 1 ? "element" : "elements";
        const expected = `struct ${name} with ${names.length} ${elements}`;
        throw new JsonShapeError(`invalid length ${index}, expected ${expected}`, [...reader.path]);
      } else break;
    }
    return found;
  }

  function fromObject(reader: JsonReader): Record<string, unknown> {
    const found = new Map<string, unknown>();
    for (let member = reader.nextName(true); member !== undefined; member = reader.nextName(false)) {
      const field = aliases[member] ?? member;
      const known = Object.hasOwn(fields, field);
      if (!known && strict) {
        const expected = names.map((each) => `\`${each}\``).join(", ");
        const problem = `unknown field \`${member}\`, expected one of ${expected}`;
        throw new JsonShapeError(problem, [...reader.path, member]);
      }
      if (found.has(field)) throw new JsonShapeError(`duplicate field \`${field}\``, [...reader.path]);
      reader.path.push(member);
      reader.colon();
      if (known) found.set(field, fields[field]?.decode(reader));
      else reader.ignore();
      reader.path.pop();
    }
    const missing = names.find((each) => !found.has(each) && !fields[each]?.optional);
    if (missing !== undefined) throw new JsonShapeError(`missing field \`${missing}\``, [...reader.path]);
    return Object.fromEntries(found);
  }

  return (reader) => {
    const next = reader.peek();
    if (next !== 0x5b && next !== 0x7b) return wrongType(reader, `struct ${name}`);
    const isList = next === 0x5b;
    reader.enter();
    const end = isList ? reader.endList : reader.endObject;
    let found: Record<string, unknown>;
    try {
      found = isList ? fromArray(reader) : fromObject(reader);
    } catch (error) {
      // The parser goes on to the end of the struct, if that is what comes next, and says where it stands then.
      if (error instanceof JsonShapeError && error.position === undefined) {
        ignoring(end);
        error.position = reader.here();
      }
      throw error;
    }
    end();
    return found as StructOf<Of>;
  };
}

function ignoring(end: () => void): void {
  try {
    end();
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
  }
}

function startsNumber(reader: JsonReader): boolean {
  const next = reader.peek();
  return next === 0x2d || (next !== undefined && next >= 0x30 && next <= 0x39);
}

function wrongType(reader: JsonReader, expected: string): never {
  if (reader.peek() === undefined) reader.any();
  return refuse(reader, `invalid type: ${reader.unexpected()}, expected ${expected}`);
}

function refuse(reader: JsonReader, message: string): never {
  const error = new JsonShapeError(message, [...reader.path]);
  error.position = reader.here();
  throw error;
}
