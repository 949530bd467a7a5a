import { isObject, type Json, type JsonObject } from "../../documents/document.ts";
import { referencesOf, stepsOf } from "../../documents/references.ts";

/** A request schema with its definitions apart, all named so that those of many actions fit into one file. */
export interface NamedSchema {
  readonly schema: JsonObject;
  readonly definitions: Readonly<Record<string, Json>>;
}

/** What is said to a reader, and goes into a comment. */
const TEXTS = ["title", "description", "format", "deprecated", "example"] as const;

/** The types that JSON Schema knows. */
const TYPES = new Set(["null", "boolean", "integer", "number", "string", "array", "object"]);

/**
 * A JSON Schema of draft 4 to 2020-12 in the few words that openapi-typescript translates well: own members, unions and
 * references stand in an `allOf` each, so that they are intersected; tuples are `prefixItems`; definitions are schemas of
 * their own. What types can't say (a pattern, `not`, `if`) is left out: the gate checks it. Throws, with a sentence, where a `$ref`
 * leads out of the schema or nowhere.
 */
export function namedSchema(action: string, given: Json): NamedSchema {
  if (!isObject(given)) throw new Error("it is no object");
  const root: JsonObject = given;
  const references = referencesOf(root);
  const definitions: Record<string, Json> = {};
  const wanted = new Map<Json, string>();
  const refStandsAlone = /draft-0[3-7]/.test(String(root["$schema"]));

  /** The name of what a `$ref` leads to. */
  function named(reference: string, holder: JsonObject): string {
    const target = references.find(reference, holder);
    if (target === undefined)
      throw new Error(`its $ref leads ${reference.startsWith("#") ? "nowhere" : "elsewhere"}: ${reference}`);
    const known = wanted.get(target);
    if (known !== undefined && isObject(target)) return known;
    const last = stepsOf(reference).at(-1) ?? reference.replace(/^.*[#/]/, "");
    // Names without marks: `Record<string>` is written in one way in a reference and in another as a member.
    const plain = last.replaceAll(/[^\w.-]+/g, "_").replaceAll(/^_+|_+$/g, "");
    const name = target === root ? action : `${action}.${plain === "" ? "definition" : plain}`;
    let free = name;
    for (let n = 2; free in definitions; n++) free = `${name}.${n}`;
    wanted.set(target, free);
    definitions[free] = null;
    definitions[free] = plainSchema(target);
    return free;
  }

  function plainSchema(value: Json): Json {
    if (!isObject(value)) return value;
    const parts: Json[] = [];
    if (typeof value["$ref"] === "string") parts.push({ $ref: pathOf(named(value["$ref"], value)) });
    if (typeof value["$dynamicRef"] === "string")
      parts.push({ $ref: pathOf(named(value["$dynamicRef"], value)) });
    if (parts.length > 0 && refStandsAlone) return described(parts[0] ?? true, value);
    const own = ownMembers(value);
    if (!saysNothing(own)) parts.push(own);
    if (value["allOf"] !== undefined) parts.push(...listOf(value["allOf"], "allOf").map(plainSchema));
    for (const union of ["anyOf", "oneOf"] as const) {
      if (value[union] === undefined) continue;
      const branches = listOf(value[union], union).map(plainSchema);
      // Of which nothing is said in one branch, nothing can be said at all.
      if (!branches.some(saysNothing)) parts.push({ anyOf: branches });
    }
    const saying = parts.filter((part) => !saysNothing(part));
    const [only] = saying;
    if (only === undefined) return textsOf(value);
    return described(saying.length === 1 ? only : { allOf: saying }, value);
  }

  /** What a schema says without its references and unions. */
  function ownMembers(value: JsonObject): JsonObject {
    if (value["const"] !== undefined)
      return value["const"] === null ? { type: "null" } : { const: value["const"] };
    if (Array.isArray(value["enum"])) return { enum: value["enum"] };
    const types = [value["type"]].flat().filter((type) => TYPES.has(String(type))) as string[];
    const object = objectMembers(value);
    const array = arrayMembers(value);
    // openapi-typescript asks for a type before it looks at what only arrays have.
    const type = types.length > 0 ? types : Object.keys(array).length > 0 ? ["array"] : [];
    return {
      ...(type.length === 0 ? {} : { type: type.length === 1 ? (type[0] ?? null) : type }),
      ...(type.length === 0 || type.includes("object") ? object : {}),
      ...(type.includes("array") ? array : {}),
    };
  }

  function objectMembers(value: JsonObject): JsonObject {
    const given = isObject(value["properties"]) ? value["properties"] : {};
    const additional = value["additionalProperties"];
    const patterns = isObject(value["patternProperties"])
      ? Object.values(value["patternProperties"]).map(plainSchema)
      : [];
    const others = [
      ...patterns,
      ...(additional === false
        ? []
        : [additional === undefined || additional === true ? true : plainSchema(additional)]),
    ];
    const properties = Object.fromEntries(
      Object.entries(given).map(([name, schema]) => {
        if (!isObject(schema) && typeof schema !== "boolean") throw new Error(`invalid property ${name}`);
        return [name, plainSchema(schema)];
      }),
    );
    const required = Array.isArray(value["required"]) ? value["required"].map(String) : [];
    for (const name of required) properties[name] ??= others.length === 1 ? (others[0] ?? true) : true;
    const isNamed = Object.keys(properties).length > 0;
    // An open object with members of its own: a slip of the pen is told, as for any object that is written out.
    const isOpen = patterns.length === 0 && (additional === undefined || additional === true);
    const index =
      others.length === 0 || (isOpen && (isNamed || additional === undefined))
        ? undefined
        : unionOf([...others, ...Object.values(properties)]);
    return {
      ...(isNamed ? { properties } : {}),
      ...(required.length === 0 ? {} : { required }),
      ...(index === undefined ? {} : { additionalProperties: index }),
    };
  }

  function arrayMembers(value: JsonObject): JsonObject {
    const { items } = value;
    const tuple = Array.isArray(value["prefixItems"])
      ? value["prefixItems"]
      : Array.isArray(items)
        ? items
        : undefined;
    if (tuple !== undefined && tuple.length > 0) return { prefixItems: tuple.map(plainSchema) };
    if (items === undefined || Array.isArray(items)) return {};
    return { items: plainSchema(items) };
  }

  const schema = plainSchema(root);
  return { schema: isObject(schema) ? schema : {}, definitions };
}

/** Other members stand beside named ones in a type: what any of them may be. Of what is no plain type, anything. */
function unionOf(schemas: readonly Json[]): Json {
  const types = new Set<string>();
  if (schemas.length === 1) return schemas[0] ?? true;
  for (const schema of schemas) {
    const type = isObject(schema) ? schema["type"] : undefined;
    if (typeof type !== "string" || ["object", "array"].includes(type)) return true;
    types.add(type);
  }
  return { type: [...types].sort() };
}

const pathOf = (name: string) =>
  `#/components/schemas/${name.replaceAll("~", "~0").replaceAll("/", "~1").replaceAll("%", "%25")}`;

const textsOf = (value: JsonObject): JsonObject =>
  Object.fromEntries(
    TEXTS.flatMap((name): [string, Json][] => (value[name] === undefined ? [] : [[name, value[name]]])),
  );

function described(schema: Json, value: JsonObject): Json {
  if (!isObject(schema)) return schema;
  if (schema["$ref"] === undefined) return { ...schema, ...textsOf(value) };
  const { description } = value;
  return description === undefined ? schema : { ...schema, description };
}

const saysNothing = (schema: Json): boolean =>
  schema === true ||
  (isObject(schema) && Object.keys(schema).every((name) => TEXTS.some((text) => text === name)));

function listOf(value: Json, name: string): Json[] {
  if (!Array.isArray(value)) throw new Error(`its ${name} is not a list`);
  return value;
}
