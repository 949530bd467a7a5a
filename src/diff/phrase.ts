import { isObject, type Json, type OpenApiDocument } from "../documents/document.ts";
import { canonical, shown } from "./equal.ts";

/** Members of a schema that are for people only. */
const TEXTS = new Set(["description", "title", "$comment", "example", "examples", "externalDocs"]);

/** A schema as text, references followed, without what is for people: the same text means the same. */
export function written(value: Json | undefined, document: OpenApiDocument): string {
  const inlined = (value: Json | undefined, home: OpenApiDocument, around: readonly Json[]): Json => {
    const target = home.resolve(value);
    if (Array.isArray(target.value))
      return target.value.map((item) => inlined(item, target.document, around));
    if (!isObject(target.value)) return target.value ?? null;
    // A schema that contains itself is named where it comes again.
    if (around.includes(target.value)) return isObject(value) ? (value["$ref"] ?? "itself") : "itself";
    const within = [...around, target.value];
    const members = Object.entries(target.value).filter(([name]) => !TEXTS.has(name));
    return Object.fromEntries(
      members.map(([name, below]) => {
        // One way to say it: lists without an order, one value as a list of one.
        if (name === "const") return ["enum", [below]];
        if (name === "type" || name === "enum" || name === "required")
          return [name, [below].flat().sort((one, other) => (canonical(one) < canonical(other) ? -1 : 1))];
        return [name, inlined(below, target.document, within)];
      }),
    );
  };
  return canonical(inlined(value, document, []));
}

const LONGEST = 80;

/** What a condition says, in a few words for a person: `kind is round`, `at and tone are there`. */
export function phraseOf(value: Json | undefined, document: OpenApiDocument): string {
  const said = parts(value, document, "", 0);
  const text = said.length === 0 ? written(value, document) : said.join(" and ");
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;
}

function parts(value: Json | undefined, document: OpenApiDocument, path: string, depth: number): string[] {
  const { value: schema, document: home } = document.resolve(value);
  if (!isObject(schema) || depth > 5) return [];
  const subject = path === "" ? "it" : path.slice(1);
  const said: string[] = [];
  const spoken = new Set<string>();
  for (const [name, below] of Object.entries(isObject(schema["properties"]) ? schema["properties"] : {})) {
    const own = parts(below, home, `${path}.${name}`, depth + 1);
    if (own.length > 0) spoken.add(name);
    said.push(...own);
  }
  // A condition on a member that need not be there holds where it is not.
  const required = Array.isArray(schema["required"]) ? schema["required"].map(String) : [];
  const others = required.filter((name) => !spoken.has(name)).map((name) => `${path}.${name}`.slice(1));
  if (others.length > 0) said.push(`${others.join(" and ")} ${others.length > 1 ? "are" : "is"} there`);
  if (schema["const"] !== undefined) said.push(`${subject} is ${shown(schema["const"])}`);
  else if (Array.isArray(schema["enum"]))
    said.push(`${subject} is ${schema["enum"].map((item) => shown(item)).join(" or ")}`);
  else if (schema["type"] !== undefined && said.length === 0)
    said.push(`${subject} is of type ${[schema["type"]].flat().map(String).join(" or ")}`);
  if (schema["not"] !== undefined) {
    const inner = parts(schema["not"], home, path, depth + 1);
    if (inner.length > 0) said.push(`not (${inner.join(" and ")})`);
  }
  for (const [union, word] of [
    ["allOf", " and "],
    ["anyOf", " or "],
    ["oneOf", " or "],
  ] as const) {
    const branches = Array.isArray(schema[union]) ? schema[union] : [];
    const inner = branches.map((branch) => parts(branch, home, path, depth + 1).join(" and "));
    if (inner.length > 0 && inner.every((text) => text !== "")) said.push(inner.join(word));
  }
  const known = ["properties", "required", "const", "enum", "type", "not", "allOf", "anyOf", "oneOf"];
  for (const [keyword, limit] of Object.entries(schema))
    if (!known.includes(keyword) && !TEXTS.has(keyword) && typeof limit !== "object")
      said.push(`${path === "" ? "" : `${subject} `}${keyword} ${shown(limit)}`);
  return said;
}
