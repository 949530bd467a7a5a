import { isObject, type Json } from "../documents/document.ts";

/** A JSON value as text that does not depend on the order of its members. */
export function canonical(value: Json | undefined): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (!isObject(value)) return JSON.stringify(value) ?? "undefined";
  const members = Object.keys(value).sort();
  return `{${members.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(",")}}`;
}

export const equal = (one: Json | undefined, other: Json | undefined) => canonical(one) === canonical(other);

/** A value as a message shows it. */
export const shown = (value: Json | undefined) =>
  typeof value === "string" && /^[\w.-]+$/.test(value) ? value : (JSON.stringify(value) ?? "nothing");
