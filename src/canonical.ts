import { createHash } from "node:crypto";
import canonicalize from "canonicalize";

/** The lower-case hex SHA-256 of a JSON value's canonical form (RFC 8785). */
export function canonicalHash(value: unknown): string {
  return createHash("sha256")
    .update(canonicalize(value) ?? "")
    .digest("hex");
}
