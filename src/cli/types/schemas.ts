import { isObject, type Json, type JsonObject } from "../../documents/document.ts";

/** A request schema with its definitions apart, all named so that those of many actions fit into one file. */
export interface NamedSchema {
  readonly schema: JsonObject;
  readonly definitions: Readonly<Record<string, Json>>;
}

/** Members of a draft that say something about the schema as a document, or that types can't say. */
const DROPPED = new Set(["$schema", "$id", "$comment", "id", "definitions", "$defs", "default"]);

/** Keywords whose members are named by the schema's author. */
const NAMING = new Set(["properties", "patternProperties", "dependentSchemas", "definitions", "$defs"]);

/** Keywords whose value is data and no schema. */
const DATA = new Set(["const", "enum", "examples", "required"]);

/**
 * A JSON Schema of draft 7 or 2020-12 as openapi-typescript takes it: tuples are `prefixItems`, definitions (`definitions` and
 * `$defs`, at the top or deeper) are schemas of their own, and `$ref`s lead to these. Throws, with a sentence, where a `$ref`
 * leads out of the schema or nowhere.
 */
export function namedSchema(action: string, given: Json): NamedSchema {
  if (!isObject(given)) throw new Error("it is no object");
  const root: JsonObject = given;
  const definitions: Record<string, Json> = {};
  const wanted = new Map<string, string>();

  /** The name of what a `$ref` leads to. */
  function named(reference: string): string {
    if (!reference.startsWith("#")) throw new Error(`its $ref leads elsewhere: ${reference}`);
    const known = wanted.get(reference);
    if (known !== undefined) return known;
    const target = at(root, reference);
    const name = reference === "#" ? action : `${action}.${reference.split("/").at(-1) ?? ""}`;
    const free = [name, ...[2, 3, 4, 5, 6, 7, 8, 9].map((n) => `${name}.${n}`)].find(
      (one) => !(one in definitions),
    );
    if (free === undefined) throw new Error(`too many definitions are called ${name}`);
    wanted.set(reference, free);
    definitions[free] = null;
    definitions[free] = translated(target);
    return free;
  }

  function translated(value: Json): Json {
    if (Array.isArray(value)) return value.map(translated);
    if (!isObject(value)) return value;
    const { $ref, ...rest } = value;
    if (typeof $ref === "string") {
      const reference = {
        $ref: `#/components/schemas/${named($ref).replaceAll("~", "~0").replaceAll("/", "~1")}`,
      };
      const others = members(rest);
      // Beside a $ref draft 7 ignores everything, and 2020-12 nothing that narrows.
      const { description } = others;
      return description === undefined ? reference : { ...reference, description };
    }
    return members(value);
  }

  function members(value: JsonObject): JsonObject {
    const entries = Object.entries(value)
      .filter(([keyword]) => !DROPPED.has(keyword))
      .map(([keyword, rule]): [string, Json] => {
        if (DATA.has(keyword)) return [keyword, rule];
        if (keyword === "items" && Array.isArray(rule)) return ["prefixItems", rule.map(translated)];
        if (NAMING.has(keyword) && isObject(rule))
          return [
            keyword,
            Object.fromEntries(Object.entries(rule).map(([name, entry]) => [name, translated(entry)])),
          ];
        return [keyword, translated(rule)];
      });
    return typed(Object.fromEntries(entries));
  }

  const schema = translated(root);
  return { schema: isObject(schema) ? schema : {}, definitions };
}

/** openapi-typescript asks for a `type` before it looks at what only values of that type have. */
function typed(schema: JsonObject): JsonObject {
  if (schema["type"] !== undefined || schema["enum"] !== undefined) return schema;
  if (schema["prefixItems"] !== undefined || schema["items"] !== undefined)
    return { type: "array", ...schema };
  return schema;
}

function at(root: JsonObject, reference: string): Json {
  const tokens = reference.split("/").slice(1);
  const found = tokens
    .map((token) => decodeURIComponent(token).replaceAll("~1", "/").replaceAll("~0", "~"))
    .reduce<Json | undefined>(
      (value, token) =>
        isObject(value) ? value[token] : Array.isArray(value) ? value[Number(token)] : undefined,
      root,
    );
  if (found === undefined) throw new Error(`its $ref leads nowhere: ${reference}`);
  return found;
}
