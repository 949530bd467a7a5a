import type { Json } from "../documents/document.ts";
import { type Atom, kindOf, LOWER, type Part, type Shape, UPPER } from "./atom.ts";
import { equal, shown } from "./equal.ts";
import { ANYTHING } from "./shape.ts";

/**
 * Why not every value of one schema fits another one. The last four are no such reasons: every value fits, and a person wants to know
 * (a member that only the other one describes, a word that it does not know, a default, a deprecation).
 */
export type Code =
  | "kind"
  | "value"
  | "alternative"
  | "limit"
  | "missing"
  | "refused"
  | "others"
  | "undeclared"
  | "word"
  | "default"
  | "deprecated";

export const HARMLESS: ReadonlySet<Code> = new Set(["undeclared", "word", "default", "deprecated"]);

/** One difference; `one` and `other` are what each schema says there. */
export interface Difference {
  readonly code: Code;
  /** The named schema that it is in, where it has a name. */
  readonly root: string | undefined;
  /** Where in there: `.keys[].kid`. */
  readonly path: string;
  /** What is limited, or the value, the word, the alternative. */
  readonly what: string;
  readonly one: string;
  readonly other: string;
}

type Found = readonly Difference[];
const hard = (found: Found) => found.filter(({ code }) => !HARMLESS.has(code)).length;

const difference = (code: Code, path: string, what: string, one = "", other = ""): Difference => ({
  code,
  root: undefined,
  path,
  what,
  one,
  other,
});

/**
 * What keeps the values of `one` from being values of `other`; without a reason in it, each of them is. It is exact where
 * schemas can be compared member by member; what can't be decided (two patterns) counts as a reason.
 */
export function subset(one: Shape, other: Shape): Found {
  const found: Difference[] = [];
  const kinds = new Set(other.atoms.map(({ kind }) => kind));
  const strangers = [...new Set(one.atoms.map(({ kind }) => kind).filter((kind) => !kinds.has(kind)))];
  if (strangers.length > 0) found.push(difference("kind", "", "type", kindsOf(one), kindsOf(other)));
  for (const atom of one.atoms) if (kinds.has(atom.kind)) found.push(...withinAny(atom, one, other));
  if (one.default !== undefined && !equal(one.default, other.default))
    found.push(difference("default", "", "default", shown(one.default), shown(other.default)));
  if (one.deprecated && !other.deprecated) found.push(difference("deprecated", "", "deprecated"));
  const root = one.name !== undefined && one.name === other.name ? one.name : undefined;
  return distinct(named(root, found));
}

const seen = new WeakMap<Part, WeakMap<Part, Found>>();

/** Two parts, once each: parts are shared, and may contain themselves. */
function subsetOfParts(one: Part, other: Part): Found {
  if (one === other) return [];
  const known = seen.get(one)?.get(other);
  if (known !== undefined) return known;
  const table = seen.get(one) ?? new WeakMap<Part, Found>();
  seen.set(one, table);
  // While it is being decided it holds: a schema that contains itself is decided by the rest of it.
  table.set(other, []);
  const found = subset(one.shape, other.shape);
  table.set(other, found);
  return found;
}

const below = (step: string, found: Found): Found =>
  found.map((item) => (item.root === undefined ? { ...item, path: `${step}${item.path}` } : item));

function withinAny(atom: Atom, from: Shape, into: Shape): Found {
  const candidates = into.atoms.filter(({ kind }) => kind === atom.kind);
  if (atom.values !== undefined) return valuesWithin(atom.values, candidates);
  const tried = candidates.map((candidate) => ({ candidate, found: within(atom, candidate) }));
  const fitting = tried.filter(({ found }) => hard(found) === 0);
  if (fitting.length > 0) return least(fitting);
  const alike = tried.filter(({ candidate }) => sameTags(atom, candidate) !== false);
  const many = tried.length > 1 || from.atoms.filter(({ kind }) => kind === atom.kind).length > 1;
  if (many && alike.length === 0) return [difference("alternative", "", tagOf(atom))];
  const tagged = alike.filter(({ candidate }) => sameTags(atom, candidate) === true);
  return least(tagged.length > 0 ? tagged : alike.length > 0 ? alike : tried);
}

/** The differences from the candidate that fits best. */
function least(tried: readonly { readonly found: Found }[]): Found {
  const [first, ...more] = tried.map(({ found }) => found);
  const weight = (found: Found) => hard(found) * 1000 + found.length;
  return more.reduce((best, found) => (weight(found) < weight(best) ? found : best), first ?? []);
}

function valuesWithin(values: readonly Json[], candidates: readonly Atom[]): Found {
  return values.flatMap((value) => {
    const fitting = candidates.filter((candidate) => accepts(candidate, value));
    if (fitting.length === 0) return [difference("value", "", shown(value))];
    const unknown = fitting.every(({ words }) => words !== undefined && !words.includes(String(value)));
    return unknown ? [difference("word", "", shown(value))] : [];
  });
}

/** Whether one value fits; of objects and arrays only those that are listed, or where anything goes. */
function accepts(atom: Atom, value: Json): boolean {
  if (kindOf(value) !== atom.kind) return false;
  if (atom.values !== undefined) return atom.values.some((candidate) => equal(candidate, value));
  const { bounds } = atom;
  const size = typeof value === "string" ? [...value].length : value;
  if (typeof size !== "number")
    return Object.keys(bounds).length === 0 && atom.required.size === 0 && atom.items === undefined;
  const [low, high] =
    typeof value === "string" ? [bounds.minLength, bounds.maxLength] : [bounds.minimum, bounds.maximum];
  return (
    size >= (low ?? -Infinity) &&
    size <= (high ?? Infinity) &&
    (typeof value === "string" ||
      (size > (bounds.exclusiveMinimum ?? -Infinity) && size < (bounds.exclusiveMaximum ?? Infinity))) &&
    (!atom.integer || Number.isInteger(value)) &&
    atom.multipleOf.every((step) => Number.isInteger(size / step)) &&
    (atom.formats.length === 0 || typeof value === "number") &&
    atom.patterns.every((pattern) => new RegExp(pattern, "u").test(String(value)))
  );
}

/** Members with one value only, `status: denied`: whether both have the same ones; undefined where they share none. */
function sameTags(one: Atom, other: Atom): boolean | undefined {
  const theirs = tagsOf(other);
  const shared = [...tagsOf(one)].filter(([name]) => theirs.has(name));
  return shared.length === 0 ? undefined : shared.every(([name, value]) => theirs.get(name) === value);
}

function tagsOf({ properties }: Atom): Map<string, string> {
  const tags = new Map<string, string>();
  for (const [name, { shape }] of properties) {
    const [only, ...more] = shape.atoms;
    const [value, ...others] = only?.values ?? [];
    if (more.length === 0 && others.length === 0 && value !== undefined) tags.set(name, shown(value));
  }
  return tags;
}

const tagOf = (atom: Atom) =>
  [...tagsOf(atom)].map(([name, value]) => `${name}: ${value}`).join(", ") || `another ${atom.kind}`;

const kindsOf = ({ atoms }: Shape) =>
  atoms.length >= 6 && ANYTHING.atoms.every(({ kind }) => atoms.some((atom) => atom.kind === kind))
    ? "anything"
    : [...new Set(atoms.map(({ kind, integer }) => (integer ? "integer" : kind)))]
        .sort((one, other) => Number(one === "null") - Number(other === "null") || (one < other ? -1 : 1))
        .join(" | ");

function within(one: Atom, other: Atom): Found {
  const found = [...limits(one, other), ...items(one, other), ...members(one, other), ...words(one, other)];
  return named(one.name === other.name ? one.name : undefined, found);
}

/** Differences in a schema with a name are told by it. */
const named = (root: string | undefined, found: Found): Found =>
  root === undefined ? found : found.map((item) => ({ ...item, root: item.root ?? root }));

function limits(one: Atom, other: Atom): Found {
  const found: Difference[] = [];
  const limit = (what: string, mine: unknown, theirs: unknown) =>
    found.push(difference("limit", "", what, text(mine), text(theirs)));
  if (other.values !== undefined) limit("values", one.words ?? "anything", other.values);
  if (other.integer && !one.integer) limit("type", "number", "integer");
  for (const name of LOWER) {
    const mine = one.bounds[name] ?? (/^min[LIP]/.test(name) ? 0 : -Infinity);
    if (other.bounds[name] !== undefined && mine < other.bounds[name])
      limit(name, one.bounds[name], other.bounds[name]);
  }
  for (const name of UPPER)
    if (other.bounds[name] !== undefined && (one.bounds[name] ?? Infinity) > other.bounds[name])
      limit(name, one.bounds[name], other.bounds[name]);
  const lists = [
    [
      "format",
      one.formats,
      other.formats.filter((format) => !(format === "int64" && one.formats.includes("int32"))),
    ],
    ["pattern", one.patterns, other.patterns],
    ["multipleOf", one.multipleOf, other.multipleOf],
  ] as const;
  for (const [what, mine, theirs] of lists)
    if (theirs.some((item) => !mine.some((candidate) => candidate === item)))
      limit(what, mine.join(" and "), theirs.join(" and "));
  if (other.uniqueItems && !one.uniqueItems) limit("uniqueItems", "", "true");
  return found;
}

const text = (value: unknown) =>
  value === undefined || value === ""
    ? "none"
    : Array.isArray(value)
      ? value.map((item) => shown(item)).join(" | ")
      : String(value);

function items(one: Atom, other: Atom): Found {
  const rest = other.items === undefined ? [] : below("[]", subsetOfPart(one.items, other.items));
  const count = Math.max(one.prefixItems.length, other.prefixItems.length);
  const first = Array.from({ length: count }, (_, index) => {
    const theirs = other.prefixItems[index] ?? other.items;
    const mine = one.prefixItems[index] ?? one.items;
    return theirs === undefined ? [] : below(`[${index}]`, subsetOfPart(mine, theirs));
  });
  return [...rest, ...first.flat()];
}

const subsetOfPart = (one: Part | undefined, other: Part): Found =>
  one === undefined ? subset(ANYTHING, other.shape) : subsetOfParts(one, other);

function members(one: Atom, other: Atom): Found {
  const found: Difference[] = [];
  for (const name of new Set([...other.required, ...other.properties.keys()])) {
    const path = `.${name}`;
    const part = one.properties.get(name);
    const mayLack = other.required.has(name) && !one.required.has(name);
    const described = part !== undefined || !(one.additional === undefined || one.additional === false);
    if (mayLack) found.push(difference("missing", path, described ? "optional" : "undeclared"));
    else if (!described && one.additional !== false) found.push(difference("undeclared", path, name));
    const theirs = other.properties.get(name);
    const mine = part ?? (one.additional === false ? undefined : one.additional);
    if (theirs !== undefined && mine !== undefined) found.push(...below(path, subsetOfParts(mine, theirs)));
  }
  for (const [name, part] of one.properties) {
    if (other.properties.has(name)) continue;
    if (other.additional === false) found.push(difference("refused", `.${name}`, name));
    else if (other.additional !== undefined)
      found.push(...below(`.${name}`, subsetOfParts(part, other.additional)));
  }
  if (other.additional === false && one.additional !== false)
    found.push(difference("others", "", "other members"));
  else if (other.additional && one.additional !== false)
    found.push(...below(".*", subsetOfPart(one.additional, other.additional)));
  if (other.names !== undefined) found.push(...below(".(name)", subsetOfPart(one.names, other.names)));
  for (const pair of other.dependent) {
    const [when = "", then = ""] = pair.split("→");
    if (
      !one.dependent.has(pair) &&
      !one.required.has(then) &&
      !comingWith(when, one.dependent).has(then) &&
      !(one.additional === false && !one.properties.has(when))
    )
      found.push(difference("limit", "", `dependentRequired ${pair}`, "none", "there"));
  }
  return [...found, ...rules(one, other)];
}

/** The members that are there where one is, by `dependentRequired`, those that come with others of them too. */
function comingWith(member: string, dependent: ReadonlySet<string>): Set<string> {
  const found = new Set([member]);
  for (const name of found)
    for (const pair of dependent) {
      const [when, then = ""] = pair.split("→");
      if (when === name) found.add(then);
    }
  return found;
}

/** Each rule of the other one must hold here: the same condition, with what follows from it being as narrow or narrower. */
function rules(one: Atom, other: Atom): Found {
  return other.rules.flatMap((rule) => {
    const mine = one.rules.find(({ condition }) => condition === rule.condition);
    if (mine === undefined) return [difference("limit", "", `the rule ${rule.condition}`, "none", "there")];
    const branches = (["met", "unmet"] as const).flatMap((branch) =>
      rule[branch] === undefined ? [] : subsetOfPart(mine[branch], rule[branch]),
    );
    return branches.some(({ code }) => !HARMLESS.has(code))
      ? [difference("limit", "", `what follows from the rule ${rule.condition}`, "as it is", "narrower")]
      : [];
  });
}

function words(one: Atom, other: Atom): Found {
  if (one.words === undefined) return [];
  if (other.words === undefined) return other.values === undefined ? [difference("word", "", "")] : [];
  return one.words.filter((word) => !other.words?.includes(word)).map((word) => difference("word", "", word));
}

function distinct(found: Found): Found {
  const keys = new Set<string>();
  return found.filter((item) => {
    const key = [item.code, item.root, item.path, item.what].join("\n");
    return keys.has(key) ? false : keys.add(key);
  });
}
