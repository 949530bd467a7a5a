import { type Decoder, decode, problemOf } from "../formats/decode.ts";
import { JsonShapeError, JsonSyntaxError } from "../formats/serde.ts";
import { type Answer, plain, tooLarge } from "../formats/wire.ts";
import type { Call } from "./world.ts";

/** What a request says, or the framework's refusal of it: text, and before anybody is authenticated. */
export type Extracted<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly answer: Answer };

/** Reads a JSON body. Whichever is first, what is no JSON or what has another shape, is what is refused. */
export function jsonBody<Value>(call: Call, decoder: Decoder<Value>): Extracted<Value> {
  const type = (call.headers.get("content-type") ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  if (!/^application\/(?:[^/]+\+)?json$/.test(type)) {
    return { ok: false, answer: plain(415, "Expected request with `Content-Type: application/json`") };
  }
  if (call.tooLarge) return { ok: false, answer: tooLarge() };
  try {
    return { ok: true, value: decode(call.bytes, decoder) };
  } catch (error) {
    if (error instanceof JsonSyntaxError) {
      return {
        ok: false,
        answer: plain(400, `Failed to parse the request body as JSON: ${problemOf(error, { paths: true })}`),
      };
    }
    if (error instanceof JsonShapeError) {
      const text = `Failed to deserialize the JSON body into the target type: ${problemOf(error, { paths: true })}`;
      return { ok: false, answer: plain(422, text) };
    }
    throw error;
  }
}

/** How the parameters of a query are read: by what each must be. */
export type QueryShape = Readonly<Record<string, "string" | "required" | "count" | readonly string[]>>;

type QueryOf<Shape extends QueryShape> = {
  readonly [Name in keyof Shape]?: Shape[Name] extends "count" ? number : string;
};

/** Reads the parameters of a query that are known; others are not looked at, and none may come twice. */
export function queryOf<Shape extends QueryShape>(call: Call, shape: Shape): Extracted<QueryOf<Shape>> {
  const found: Record<string, string | number> = {};
  const refuse = (problem: string): Extracted<never> => ({
    ok: false,
    answer: plain(400, `Failed to deserialize query string: ${problem}`),
  });
  // Lossy about bytes that are no UTF-8, `+` a space: as the gate decodes it (measured).
  for (const [name, value] of new URLSearchParams(call.query)) {
    const kind = Object.hasOwn(shape, name) ? shape[name] : undefined;
    if (kind === undefined) continue;
    if (name in found) return refuse(`duplicate field \`${name}\``);
    if (kind === "count") {
      const problem = countProblem(value);
      if (problem !== undefined) return refuse(`${name}: ${problem}`);
      found[name] = Number(value);
    } else if (typeof kind !== "string" && !kind.includes(value)) {
      const expected = kind.map((word) => `\`${word}\``).join(", ");
      return refuse(`${name}: unknown variant \`${value}\`, expected one of ${expected}`);
    } else found[name] = value;
  }
  for (const [name, kind] of Object.entries(shape)) {
    if (kind === "required" && !(name in found)) return refuse(`missing field \`${name}\``);
  }
  return { ok: true, value: found as QueryOf<Shape> };
}

/** What Rust says of a text that is no `usize`. */
function countProblem(text: string): string | undefined {
  if (text === "") return "cannot parse integer from empty string";
  if (!/^\+?\d+$/.test(text)) return "invalid digit found in string";
  return BigInt(text) < 2n ** 64n ? undefined : "number too large to fit in target type";
}
