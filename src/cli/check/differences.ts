import { isObject, type Json, type JsonObject, type OpenApiDocument } from "../../documents/document.ts";
import { type Difference, shown, typeName } from "./difference.ts";
import { brokenRule } from "./rules.ts";

/** What a schema says of one value, and which of an object's members it names: `all` where it leaves them open. */
interface Seen {
  readonly differences: Difference[];
  readonly named: Set<string> | "all";
}

const ANNOTATIONS = new Set(["description", "default", "discriminator", "example", "title", "deprecated"]);
const APPLICATORS = new Set([
  ...["$ref", "properties", "additionalProperties", "items", "allOf", "anyOf", "oneOf"],
  ...["if", "then", "else", "not", "x-extensible-enum"],
]);

/**
 * Where a value differs from a schema of a document: as a validator sees it, and beyond that the members and words that the
 * schema does not know. A keyword that is not known here is an error, since nothing may pass unseen.
 */
export function differencesOf(value: Json, schema: Json | undefined, home: OpenApiDocument): Difference[] {
  return whole(value, schema, home, "");
}

/** A value with all that is said of it looked at: only now it is clear which of its members nobody has named. */
function whole(value: Json, schema: Json | undefined, home: OpenApiDocument, at: string): Difference[] {
  const { differences, named } = look(value, schema, home, at);
  if (!isObject(value) || named === "all" || named.size === 0) return differences;
  const strangers = Object.keys(value).filter((name) => !named.has(name));
  return [
    ...differences,
    ...strangers.map((name) => ({
      kind: "unknown" as const,
      at: member(at, name),
      what: `is not described (${typeName(value[name] ?? null)})`,
    })),
  ];
}

function look(value: Json, given: Json | undefined, from: OpenApiDocument, at: string): Seen {
  if (given === true || given === undefined) return { differences: [], named: "all" };
  if (!isObject(given)) throw new Error(`${from.file}: ${JSON.stringify(given)} is no schema`);
  const parts: Seen[] = [];
  if (given["$ref"] !== undefined) {
    const { value: target, document } = from.resolve(given);
    parts.push(look(value, target, document, at));
  }
  for (const [keyword, rule] of Object.entries(given)) {
    if (APPLICATORS.has(keyword) || ANNOTATIONS.has(keyword)) continue;
    const broken = brokenRule(keyword, rule, value);
    if (broken === "no such rule") throw new Error(`${from.file}: the keyword ${keyword} is not known`);
    parts.push({
      differences: broken.map((difference) => ({
        ...difference,
        at: at === "" ? difference.at.replace(/^\./, "") : at + difference.at,
      })),
      named: new Set(),
    });
  }
  parts.push(
    word(value, given["x-extensible-enum"], at),
    members(value, given, from, at),
    items(value, given, from, at),
  );
  for (const part of list(given["allOf"])) parts.push(look(value, part, from, at));
  for (const keyword of ["anyOf", "oneOf"])
    if (given[keyword] !== undefined)
      parts.push(choice(value, list(given[keyword]), keyword, given, from, at));
  if (given["not"] !== undefined && look(value, given["not"], from, at).differences.length === 0)
    parts.push(one("value", at, "is what it must not be"));
  if (given["if"] !== undefined) {
    const branch = look(value, given["if"], from, at).differences.length === 0 ? "then" : "else";
    if (given[branch] !== undefined) parts.push(look(value, given[branch], from, at));
  }
  return merged(parts);
}

function members(value: Json, schema: JsonObject, from: OpenApiDocument, at: string): Seen {
  if (!isObject(value)) return merged([]);
  const { properties, additionalProperties } = schema;
  const named = isObject(properties) ? Object.keys(properties) : [];
  const differences = named
    .filter((name) => Object.hasOwn(value, name))
    .flatMap((name) =>
      whole(value[name] ?? null, isObject(properties) ? properties[name] : true, from, member(at, name)),
    );
  if (additionalProperties === undefined) return { differences, named: new Set(named) };
  const others = Object.keys(value).filter((name) => !named.includes(name));
  const more = others.flatMap((name) =>
    additionalProperties === false
      ? [{ kind: "unknown" as const, at: member(at, name), what: "must not be there" }]
      : whole(value[name] ?? null, additionalProperties, from, member(at, name)),
  );
  return { differences: [...differences, ...more], named: "all" };
}

function items(value: Json, { items }: JsonObject, from: OpenApiDocument, at: string): Seen {
  if (items === undefined || !Array.isArray(value)) return merged([]);
  return {
    differences: value.flatMap((entry, index) => whole(entry, items, from, `${at}[${index}]`)),
    named: new Set(),
  };
}

/** One of several descriptions: the one that fits; else that which the discriminator names, or that which comes nearest. */
function choice(
  value: Json,
  branches: readonly Json[],
  keyword: string,
  schema: JsonObject,
  from: OpenApiDocument,
  at: string,
): Seen {
  const seen = branches.map((branch) => look(value, branch, from, at));
  const fitting = seen.filter(({ differences }) => differences.length === 0);
  if (fitting.length > 1 && keyword === "oneOf")
    return merged([...fitting, one("value", at, `fits ${fitting.length} of the descriptions at once`)]);
  if (fitting.length > 0) return merged(fitting);
  const byName = discriminated(value, branches, schema, at);
  if (byName !== undefined) return "differences" in byName ? byName : (seen[byName.branch] ?? merged([]));
  const [nearest = merged([])] = [...seen].sort((one, other) => distance(one) - distance(other));
  return nearest;
}

function discriminated(
  value: Json,
  branches: readonly Json[],
  { discriminator }: JsonObject,
  at: string,
): Seen | { readonly branch: number } | undefined {
  if (!isObject(discriminator) || !isObject(value)) return undefined;
  const { propertyName, mapping } = discriminator;
  if (typeof propertyName !== "string" || !isObject(mapping)) return undefined;
  const tag = value[propertyName];
  if (typeof tag !== "string") return undefined;
  const target = Object.hasOwn(mapping, tag) ? mapping[tag] : undefined;
  const branch = branches.findIndex((entry) => isObject(entry) && entry["$ref"] === target);
  if (branch >= 0) return { branch };
  const known = `is ${JSON.stringify(tag)}; described are ${Object.keys(mapping).join(", ")}`;
  return { ...one("value", member(at, propertyName), known), named: "all" };
}

/** A fixed word that is another one tells descriptions apart more than whatever else is amiss. */
function distance({ differences }: Seen): number {
  return differences.reduce((sum, { kind }) => sum + (kind === "value" || kind === "type" ? 10 : 1), 0);
}

/** Open lists are open to clients; here a new word is news. */
function word(value: Json, known: Json | undefined, at: string): Seen {
  if (known === undefined || typeof value !== "string" || list(known).includes(value)) return merged([]);
  return one("word", at, `is ${shown(value)}, which is none of ${list(known).join(", ")}`);
}

const one = (kind: Difference["kind"], at: string, what: string): Seen => ({
  differences: [{ kind, at, what }],
  named: new Set(),
});

function merged(parts: readonly Seen[]): Seen {
  const named = new Set<string>();
  for (const part of parts) if (part.named !== "all") for (const name of part.named) named.add(name);
  return {
    differences: parts.flatMap(({ differences }) => differences),
    named: parts.some((part) => part.named === "all") ? "all" : named,
  };
}

const list = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : []);

const member = (at: string, name: string) => (at === "" ? name : `${at}.${name}`);
