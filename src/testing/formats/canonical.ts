import { createHash } from "node:crypto";

/** RFC 8785: members by UTF-16 code units, numbers and strings as ECMAScript prints them, every number a double. */
export function canonical(value: unknown): string {
  if (value === null || typeof value !== "object") return JSON.stringify(value) ?? "null";
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  const members = value as Record<string, unknown>;
  let text = "";
  for (const name of Object.keys(members).sort()) {
    if (members[name] === undefined) continue;
    text += `${text === "" ? "" : ","}${JSON.stringify(name)}:${canonical(members[name])}`;
  }
  return `{${text}}`;
}

/** The same value with every object's members in order, as the gate prints what it holds as free JSON. */
export function sorted<Value>(value: Value): Value {
  return JSON.parse(canonical(value)) as Value;
}

/** i64::MAX as a double: what an unlimited budget is in here. */
const INT64_MAX = 2 ** 63;

/** JSON with every object's members in order, and i64::MAX and every `bigint` with all digits, as the gate prints it. */
export function int64Json(value: unknown): string {
  if (value === INT64_MAX) return "9223372036854775807";
  if (typeof value === "bigint") return String(value);
  if (value === null || typeof value !== "object") return JSON.stringify(value) ?? "null";
  if (Array.isArray(value)) return `[${value.map(int64Json).join(",")}]`;
  const members = value as Record<string, unknown>;
  const printed = Object.keys(members)
    .sort()
    .filter((name) => members[name] !== undefined)
    .map((name) => `${JSON.stringify(name)}:${int64Json(members[name])}`);
  return `{${printed.join(",")}}`;
}

/** Lower-case hex of SHA-256. */
export function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

/** `sha256:` and the hex of the canonical form: request_hash, response_hash, prev_hash. */
export function hashOf(value: unknown): string {
  return `sha256:${sha256(canonical(value))}`;
}
