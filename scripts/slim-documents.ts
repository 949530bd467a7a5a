import { isObject, type Json, OpenApiDocument } from "../src/documents/document.ts";

/**
 * A document as JSON, without what only people read: `latchgate-client check` of a built package needs no YAML parser then.
 * References to the other document lead to its JSON.
 */
export function slimDocument(file: string): string {
  return JSON.stringify(slim(new OpenApiDocument(file).root));
}

const FOR_PEOPLE = new Set([
  "description",
  "summary",
  "example",
  "examples",
  "x-outcomes",
  "x-outcome-rules",
  "tags",
]);

function slim(value: Json, named = false): Json {
  if (Array.isArray(value)) return value.map((entry) => slim(entry));
  if (!isObject(value))
    return typeof value === "string" ? value.replace(/^(agent|operator)\.yaml#/, "$1.json#") : value;
  return Object.fromEntries(
    Object.entries(value)
      // A member of somebody's answers may be called `description`.
      .filter(([name]) => named || !FOR_PEOPLE.has(name))
      .map(([name, entry]) => [name, slim(entry, !named && NAMING.has(name))]),
  );
}

/** Objects whose members are names and no keywords. */
const NAMING = new Set([
  "properties",
  "schemas",
  "responses",
  "headers",
  "parameters",
  "paths",
  "dependentRequired",
]);
