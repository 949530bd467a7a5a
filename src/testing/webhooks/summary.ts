import { type JsonNode, parseJson } from "../formats/serde.ts";
import type { Printable } from "./events.ts";
import { Digits } from "./json.ts";

const DEEPEST = 5;
const MOST_ITEMS = 10;
const LONGEST_BYTES = 256;
const KEPT_CHARACTERS = 200;

/** A member whose name contains one of these is hidden: `author`, `monkey` and `shipping` too. */
const HIDDEN = [
  ...["password", "passwd", "secret", "token", "key", "credential", "auth", "api_key", "apikey"],
  ...["private", "bearer", "cookie", "session", "pin", "cvv", "ssn"],
];

/**
 * What `approval.pending` shows of a request: hidden by the names of members, never by values, and cut by depth,
 * number and length. `secrets`: the names that the action declares.
 */
export function requestSummary(body: string, secrets: readonly string[]): Printable {
  const declared = new Set(secrets.map(lower));
  const isHidden = (name: string) => declared.has(name) || HIDDEN.some((part) => name.includes(part));

  function shown(node: JsonNode, depth: number): Printable {
    if (depth > DEEPEST) return "***TRUNCATED (max depth)***";
    if (node.kind === "object") {
      const members = [...node.members].map(([name, value]): [string, Printable] => [
        name,
        isHidden(lower(name)) ? "***REDACTED***" : shown(value, depth + 1),
      ]);
      return new Map(members);
    }
    if (node.kind === "array") {
      const items = node.items.slice(0, MOST_ITEMS).map((item) => shown(item, depth + 1));
      const left = node.items.length - MOST_ITEMS;
      return left > 0 ? [...items, `…[${left} more items]`] : items;
    }
    if (node.kind === "string") return shortened(node.value);
    if (node.kind === "number") return new Digits(node.number.text);
    return node.kind === "null" ? null : node.value;
  }

  return shown(parseJson(body === "" ? "{}" : body), 0);
}

/** Counted in bytes, cut in characters: one of 129 two-byte characters is shown whole, and says that it was not. */
function shortened(text: string): string {
  const bytes = Buffer.byteLength(text);
  if (bytes <= LONGEST_BYTES) return text;
  return `${[...text].slice(0, KEPT_CHARACTERS).join("")}…[${bytes} bytes total]`;
}

/** ASCII alone, as the gate compares. */
function lower(name: string): string {
  return name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
