import { createHash } from "node:crypto";
import canonicalize from "canonicalize";

/**
 * The lower-case hex SHA-256 of a JSON value's canonical form (RFC 8785). Members that are undefined are none.
 * @throws TypeError when there is no such form: NaN, Infinity, half a surrogate pair, what JSON would change or drop
 * @throws RangeError when the value is nested too deep to be hashed
 */
export function canonicalHash(value: unknown): string {
  if (!isJson(value)) throw new TypeError("what is no JSON has no canonical form");
  return createHash("sha256")
    .update(canonicalize(value) ?? "")
    .digest("hex");
}

/** The canonicalizer takes what a toJSON method makes of a value for it, and a Map for {}. */
function isJson(value: unknown): boolean {
  if (typeof value === "string") return value.isWellFormed();
  if (typeof value === "number") return Number.isFinite(value);
  if (typeof value !== "object") return typeof value === "boolean";
  if (value === null) return true;
  if (typeof (value as { toJSON?: unknown }).toJSON === "function") return false;
  if (Array.isArray(value)) return value.every(isJson);
  if (Object.prototype.toString.call(value) !== "[object Object]") return false;
  return Object.entries(value).every(
    ([name, member]) => name.isWellFormed() && (member === undefined || isJson(member)),
  );
}
