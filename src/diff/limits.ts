import { isObject, type Json, type JsonObject, type OpenApiDocument } from "../documents/document.ts";
import { type Atom, KINDS, type Kind, kindOf, limitless, type Part, type Rule } from "./atom.ts";
import { canonical } from "./equal.ts";

/** The atoms of what a schema says itself, without its `$ref` and unions. `part` makes the schemas within it. */
export function atomsOf(schema: JsonObject, document: OpenApiDocument, part: (schema: Json) => Part): Atom[] {
  return kindsOf(schema).map((kind) => atomOf(kind, schema, document, part));
}

function kindsOf(schema: JsonObject): Kind[] {
  const { type } = schema;
  const types = type === undefined ? [...KINDS] : Array.isArray(type) ? type : [type];
  const listed = schema["const"] !== undefined ? [schema["const"]] : schema["enum"];
  return KINDS.filter(
    (kind) =>
      (types.includes(kind) || (kind === "number" && types.includes("integer"))) &&
      (!Array.isArray(listed) || listed.some((value) => kindOf(value) === kind)) &&
      (schema["x-extensible-enum"] === undefined || kind === "string"),
  );
}

function atomOf(
  kind: Kind,
  schema: JsonObject,
  document: OpenApiDocument,
  part: (schema: Json) => Part,
): Atom {
  const listed = schema["const"] !== undefined ? [schema["const"]] : schema["enum"];
  const values =
    Array.isArray(listed) && kind !== "null" ? listed.filter((value) => kindOf(value) === kind) : undefined;
  return {
    ...limitless(kind),
    ...(values === undefined ? {} : { values }),
    ...(kind === "null" || kind === "boolean" ? {} : limitsOf(kind, schema, document, part)),
  };
}

function limitsOf(
  kind: keyof typeof boundsOf,
  schema: JsonObject,
  document: OpenApiDocument,
  part: (schema: Json) => Part,
): Partial<Atom> {
  const optional = (value: Json | undefined) =>
    value === undefined || value === true || (isObject(value) && Object.keys(value).length === 0)
      ? undefined
      : part(value);
  const bounds = Object.fromEntries(
    Object.entries(schema).filter(([name, value]) => typeof value === "number" && boundsOf[kind].test(name)),
  );
  const formats = typeof schema["format"] === "string" ? [schema["format"]] : [];
  switch (kind) {
    case "number":
      return {
        bounds,
        formats,
        integer: [schema["type"]].flat().includes("integer") && ![schema["type"]].flat().includes("number"),
        multipleOf: typeof schema["multipleOf"] === "number" ? [schema["multipleOf"]] : [],
      };
    case "string": {
      const words = schema["x-extensible-enum"];
      return {
        bounds,
        formats,
        patterns: typeof schema["pattern"] === "string" ? [schema["pattern"]] : [],
        ...(Array.isArray(words) ? { words: words.map(String) } : {}),
      };
    }
    case "array":
      return {
        bounds,
        uniqueItems: schema["uniqueItems"] === true,
        items: optional(schema["items"]),
        prefixItems: listOf(schema["prefixItems"]).map(part),
      };
    case "object": {
      const properties = Object.entries(isObject(schema["properties"]) ? schema["properties"] : {});
      const dependent = Object.entries(
        isObject(schema["dependentRequired"]) ? schema["dependentRequired"] : {},
      );
      return {
        bounds,
        properties: new Map(properties.map(([name, value]) => [name, part(value)])),
        required: new Set(listOf(schema["required"]).map(String)),
        additional:
          schema["additionalProperties"] === false ? false : optional(schema["additionalProperties"]),
        names: optional(schema["propertyNames"]),
        dependent: new Set(
          dependent.flatMap(([when, then]) => listOf(then).map((name) => `${when}→${String(name)}`)),
        ),
        rules: rulesOf(schema, document, part),
      };
    }
  }
}

const boundsOf: { readonly [K in "number" | "string" | "array" | "object"]: RegExp } = {
  number: /imum$/,
  string: /Length$/,
  array: /Items$/,
  object: /Properties$/,
};

function rulesOf(schema: JsonObject, document: OpenApiDocument, part: (schema: Json) => Part): Rule[] {
  const optional = (value: Json | undefined) => (value === undefined ? undefined : part(value));
  const rules: Rule[] = [];
  // What is under `not` and `if` is compared as it is written, references followed.
  if (schema["not"] !== undefined)
    rules.push({ condition: `not ${written(schema["not"], document)}`, met: undefined, unmet: undefined });
  if (schema["if"] !== undefined)
    rules.push({
      condition: `if ${written(schema["if"], document)}`,
      met: optional(schema["then"]),
      unmet: optional(schema["else"]),
    });
  return rules;
}

function written(value: Json | undefined, document: OpenApiDocument): string {
  const inlined = (value: Json | undefined, home: OpenApiDocument): Json => {
    const target = home.resolve(value);
    if (Array.isArray(target.value)) return target.value.map((item) => inlined(item, target.document));
    if (!isObject(target.value)) return target.value ?? null;
    const members = Object.entries(target.value).filter(
      ([name]) => name !== "description" && name !== "title",
    );
    return Object.fromEntries(
      members.map(([name, below]) => {
        // One way to say it: lists without an order, one value as a list of one.
        if (name === "const") return ["enum", [below]];
        if (name === "type" || name === "enum" || name === "required")
          return [name, [below].flat().sort((one, other) => (canonical(one) < canonical(other) ? -1 : 1))];
        return [name, inlined(below, target.document)];
      }),
    );
  };
  return canonical(inlined(value, document));
}

export const listOf = (value: Json | undefined): Json[] => (Array.isArray(value) ? value : []);
