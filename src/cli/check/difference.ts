import type { Json } from "../../documents/document.ts";

/** One way in which a value is not what a schema says. */
export interface Difference {
  /** `unknown`: a member that is not described. `word`: one that an open list does not have. `value`: all that is narrower than a type. */
  readonly kind: "missing" | "unknown" | "type" | "value" | "word";
  /** Where, as in `actions[3].risk_level`; empty for the value itself. */
  readonly at: string;
  readonly what: string;
}

/** A value for a line of a report: nothing long, and nothing that might be a token. */
export function shown(value: Json): string {
  if (typeof value === "string" && (value.length > 60 || value.includes("eyJ")))
    return `a text of ${value.length} characters`;
  const text = JSON.stringify(value);
  return text.length > 60 ? `${typeName(value)} of ${text.length} characters` : text;
}

export function typeName(value: Json): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}
