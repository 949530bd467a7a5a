import { isObject, type Json, type JsonObject, type OpenApiDocument } from "../documents/document.ts";
import {
  type Atom,
  type Contains,
  KINDS,
  type Kind,
  kindOf,
  limitless,
  matches,
  type Part,
  type Rule,
} from "./atom.ts";
import { canonical } from "./equal.ts";
import { phraseOf, written } from "./phrase.ts";

type MakePart = (schema: Json) => Part;

/** The atoms of what a schema says itself, without its `$ref` and unions. `part` makes the schemas within it. */
export function atomsOf(schema: JsonObject, document: OpenApiDocument, part: MakePart): Atom[] {
  const opaque = new Map<string, string>();
  for (const [keyword, says] of Object.entries(schema))
    if (!KNOWN.has(keyword) && !keyword.startsWith("x-")) opaque.set(keyword, written(says, document));
  return kindsOf(schema).map((kind) => {
    const atom = atomOf(kind, schema, document, part);
    const own = [...opaque].filter(([keyword]) => kind === "string" || !keyword.startsWith("content"));
    return own.length === 0 ? atom : { ...atom, opaque: new Map(own) };
  });
}

/** Keywords that there is a rule for, here or in the shape, and those that limit nothing. Any other is compared for being the same. */
const KNOWN = new Set([
  ...["$ref", "$dynamicRef", "$recursiveRef", "allOf", "anyOf", "oneOf", "not", "if", "then", "else"],
  ...["type", "enum", "const", "format", "pattern", "required", "multipleOf", "uniqueItems", "nullable"],
  ...["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength", "maxLength"],
  ...["minItems", "maxItems", "minProperties", "maxProperties", "items", "prefixItems", "additionalItems"],
  ...["contains", "minContains", "maxContains", "properties", "patternProperties", "additionalProperties"],
  ...["propertyNames", "dependentRequired", "dependentSchemas", "dependencies"],
  ...["unevaluatedProperties", "unevaluatedItems", "discriminator", "default", "deprecated"],
  ...["readOnly", "writeOnly", "title", "description", "example", "examples", "externalDocs"],
  ...["$schema", "$id", "id", "$anchor", "$dynamicAnchor", "$recursiveAnchor", "$vocabulary", "$comment"],
  ...["$defs", "definitions"],
]);

function kindsOf(schema: JsonObject): Kind[] {
  const { type } = schema;
  const types = type === undefined ? [...KINDS] : Array.isArray(type) ? type : [type];
  const listed = listedIn(schema);
  return KINDS.filter(
    (kind) =>
      (types.includes(kind) || (kind === "number" && types.includes("integer"))) &&
      (listed === undefined || listed.some((value) => kindOf(value) === kind)) &&
      (schema["x-extensible-enum"] === undefined || kind === "string"),
  );
}

const listedIn = (schema: JsonObject): readonly Json[] | undefined => {
  const all = Array.isArray(schema["enum"]) ? schema["enum"] : undefined;
  if (schema["const"] === undefined) return all;
  const only = [schema["const"]];
  return all === undefined
    ? only
    : only.filter((value) => all.some((other) => canonical(other) === canonical(value)));
};

function atomOf(kind: Kind, schema: JsonObject, document: OpenApiDocument, part: MakePart): Atom {
  const listed = listedIn(schema);
  const values = kind === "null" ? undefined : listed?.filter((value) => kindOf(value) === kind);
  return {
    ...limitless(kind),
    ...(values === undefined ? {} : { values }),
    ...(kind === "null" || kind === "boolean" ? {} : limitsOf(kind, schema, document, part)),
    rules: conditionOf(schema, document, part).concat(kind === "object" ? dependentRules(schema, part) : []),
    nots:
      schema["not"] === undefined || (kind === "object" && forbiddenMember(schema) !== undefined)
        ? []
        : [{ part: part(schema["not"]), phrase: `not (${phraseOf(schema["not"], document)})` }],
  };
}

/** The member that `not: { required: [member] }` forbids. */
function forbiddenMember({ not }: JsonObject): string | undefined {
  if (
    !isObject(not) ||
    Object.keys(not).some((keyword) => keyword !== "required" && keyword !== "description")
  )
    return undefined;
  const [name, ...more] = listOf(not["required"]);
  return more.length === 0 && typeof name === "string" ? name : undefined;
}

function limitsOf(
  kind: keyof typeof boundsOf,
  schema: JsonObject,
  document: OpenApiDocument,
  part: MakePart,
): Partial<Atom> {
  const optional = (value: Json | undefined) => (saysNothing(value) ? undefined : part(value ?? {}));
  const bounds = Object.fromEntries(
    Object.entries(schema).filter(
      ([name, value]) =>
        typeof value === "number" && boundsOf[kind].test(name) && !(/^min[LIP]/.test(name) && value <= 0),
    ),
  );
  // OpenAPI 3.0, and drafts before 6: `exclusiveMinimum: true` speaks of `minimum`.
  for (const [exclusive, plain] of [
    ["exclusiveMinimum", "minimum"],
    ["exclusiveMaximum", "maximum"],
  ] as const)
    if (kind === "number" && schema[exclusive] === true && bounds[plain] !== undefined) {
      bounds[exclusive] = bounds[plain];
      delete bounds[plain];
    }
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
        patterns:
          typeof schema["pattern"] === "string" && !ANY_TEXT.has(schema["pattern"])
            ? [schema["pattern"]]
            : [],
        ...(Array.isArray(words) ? { words: words.map(String) } : {}),
      };
    }
    case "array":
      return { ...itemsOf(schema, part, optional), bounds, uniqueItems: schema["uniqueItems"] === true };
    case "object":
      return { ...membersOf(schema, document, part, optional), bounds };
  }
}

/** Patterns that each text matches. */
const ANY_TEXT = new Set(["", ".*", "^", "$", "^.*", ".*$", "^[\\s\\S]*$", "[\\s\\S]*", "(.*)", "^[^]*$"]);

const saysNothing = (value: Json | undefined) =>
  value === undefined || value === true || (isObject(value) && Object.keys(value).length === 0);

const boundsOf: { readonly [K in "number" | "string" | "array" | "object"]: RegExp } = {
  number: /imum$/,
  string: /^(min|max)Length$/,
  array: /^(min|max)Items$/,
  object: /^(min|max)Properties$/,
};

function itemsOf(
  schema: JsonObject,
  part: MakePart,
  optional: (value: Json | undefined) => Part | undefined,
): Partial<Atom> {
  const { items, prefixItems, contains } = schema;
  // Drafts before 2020-12: a list of items, and what comes after it.
  const isOldTuple = Array.isArray(items);
  const first = listOf(isOldTuple ? items : prefixItems).map(part);
  const rest = isOldTuple ? schema["additionalItems"] : items;
  const count = (name: string, otherwise: number) =>
    typeof schema[name] === "number" ? schema[name] : otherwise;
  const needed: Contains[] =
    contains === undefined
      ? []
      : [{ part: part(contains), least: count("minContains", 1), most: count("maxContains", Infinity) }];
  return {
    items: optional(rest),
    prefixItems: first,
    contains: needed,
    looked: new Set(rest === undefined ? [] : (["items"] as const)),
  };
}

function membersOf(
  schema: JsonObject,
  document: OpenApiDocument,
  part: MakePart,
  optional: (value: Json | undefined) => Part | undefined,
): Partial<Atom> {
  const given = isObject(schema["patternProperties"]) ? schema["patternProperties"] : {};
  const patterns = Object.entries(given).map(([pattern, value]): [string, Part] => [pattern, part(value)]);
  const properties = Object.entries(isObject(schema["properties"]) ? schema["properties"] : {}).map(
    ([name, value]): [string, Part] => [
      name,
      // Both hold of a member: what is said by its name, and by patterns.
      patterns
        .filter(([pattern]) => matches(pattern, name) === true)
        .reduce((all, [, more]) => all.and(more), part(value)),
    ],
  );
  const forbidden = forbiddenMember(schema);
  if (forbidden !== undefined) properties.push([forbidden, part(false)]);
  const unreadable = patterns.filter(([pattern]) => matches(pattern, "") === undefined);
  const additional = schema["additionalProperties"];
  return {
    properties: new Map(properties),
    patternProperties: new Map(patterns),
    required: new Set(listOf(schema["required"]).map(String)),
    additional: additional === false ? false : optional(additional),
    names: optional(schema["propertyNames"]),
    dependent: new Set(dependentNames(schema)),
    looked: new Set(additional === undefined ? [] : (["properties"] as const)),
    ...(unreadable.length === 0
      ? {}
      : { opaque: new Map([["patternProperties", written(given, document)]]) }),
  };
}

function dependentNames(schema: JsonObject): string[] {
  return ["dependentRequired", "dependencies"].flatMap((keyword) =>
    Object.entries(isObject(schema[keyword]) ? schema[keyword] : {}).flatMap(([when, then]) =>
      listOf(then).map((name) => `${when}→${String(name)}`),
    ),
  );
}

function dependentRules(schema: JsonObject, part: MakePart): Rule[] {
  return ["dependentSchemas", "dependencies"].flatMap((keyword) =>
    Object.entries(isObject(schema[keyword]) ? schema[keyword] : {}).flatMap(([name, then]): Rule[] =>
      Array.isArray(then)
        ? []
        : [
            {
              condition: canonical({ required: [name] }),
              phrase: `${name} is there`,
              when: part({ required: [name] }),
              met: part(then),
              unmet: undefined,
            },
          ],
    ),
  );
}

function conditionOf(schema: JsonObject, document: OpenApiDocument, part: MakePart): Rule[] {
  const { if: when, then, else: otherwise } = schema;
  if (when === undefined || (then === undefined && otherwise === undefined)) return [];
  return [
    {
      condition: written(when, document),
      phrase: phraseOf(when, document),
      when: part(when),
      met: then === undefined ? undefined : part(then),
      unmet: otherwise === undefined ? undefined : part(otherwise),
    },
  ];
}

export const listOf = (value: Json | undefined): Json[] => (Array.isArray(value) ? value : []);
