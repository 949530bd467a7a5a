import type { Json } from "../documents/document.ts";
import { equal } from "./equal.ts";

/** The kinds of a JSON value; an integer is a number. */
export const KINDS = ["null", "boolean", "number", "string", "array", "object"] as const;
export type Kind = (typeof KINDS)[number];

/** A constraint with a number: what is smaller is narrower, or wider. */
export const LOWER = ["minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"] as const;
export const UPPER = ["maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"] as const;
export type Bound = (typeof LOWER)[number] | (typeof UPPER)[number];

/** Values of one kind, with all that limits them. A schema is a list of these: a value fits it that fits one of them. */
export interface Atom {
  readonly kind: Kind;
  /** The component that it is in a union. */
  readonly name?: string;
  /** The only values, where they are listed. */
  readonly values?: readonly Json[];
  /** The known words of an open list: others are allowed. */
  readonly words?: readonly string[];
  readonly integer: boolean;
  readonly bounds: { readonly [Name in Bound]?: number };
  readonly formats: readonly string[];
  readonly patterns: readonly string[];
  readonly multipleOf: readonly number[];
  readonly uniqueItems: boolean;
  /** Items after the first ones. */
  readonly items: Part | undefined;
  readonly prefixItems: readonly Part[];
  readonly contains: readonly Contains[];
  /** The members by name, each with all that is said of it. One that nothing fits is forbidden. */
  readonly properties: ReadonlyMap<string, Part>;
  /** Members that have no name of their own here and whose name matches. */
  readonly patternProperties: ReadonlyMap<string, Part>;
  readonly required: ReadonlySet<string>;
  /** The remaining members: undefined where anything may be there. */
  readonly additional: Part | false | undefined;
  readonly names: Part | undefined;
  /** "when this member is there, that one is": `a→b`. */
  readonly dependent: ReadonlySet<string>;
  readonly rules: readonly Rule[];
  /** What must not fit: `not`, and of a `oneOf` the other alternatives. */
  readonly nots: readonly Not[];
  /** Schemas that must fit too, and are not multiplied out: the product would be too large. */
  readonly also: readonly Part[];
  /** Keywords that can only be compared for being the same, with what they say. */
  readonly opaque: ReadonlyMap<string, string>;
  /** Whether `additionalProperties` or `items` has looked at every one, so that none is left for `unevaluated…`. */
  readonly looked: ReadonlySet<"properties" | "items">;
}

/** What is allowed only under a condition. */
export interface Rule {
  readonly condition: string;
  /** For a person. */
  readonly phrase: string;
  readonly when: Part;
  readonly met: Part | undefined;
  readonly unmet: Part | undefined;
}

/** What must not fit. */
export interface Not {
  readonly part: Part;
  /** For a person: `not …`, or `only one of …`. */
  readonly phrase: string;
}

/** So many items must fit. */
export interface Contains {
  readonly part: Part;
  readonly least: number;
  readonly most: number;
}

/** A schema, ready to be compared. */
export interface Shape {
  readonly atoms: readonly Atom[];
  readonly default: Json | undefined;
  readonly deprecated: boolean;
  /** A member that stands in answers only, and one that stands in requests only. */
  readonly readOnly: boolean;
  readonly writeOnly: boolean;
  /** The component that it is, where it has a name. */
  readonly name: string | undefined;
}

/** A schema within another one; its shape is looked at when needed, since schemas may contain themselves. */
export interface Part {
  readonly shape: Shape;
  /** What fits both. */
  and(other: Part): Part;
}

export function kindOf(value: Json): Kind {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  const type = typeof value;
  return type === "object" || type === "boolean" || type === "number" ? type : "string";
}

const LIMITLESS: Omit<Atom, "kind"> = {
  integer: false,
  bounds: {},
  formats: [],
  patterns: [],
  multipleOf: [],
  uniqueItems: false,
  items: undefined,
  prefixItems: [],
  contains: [],
  properties: new Map(),
  patternProperties: new Map(),
  required: new Set(),
  additional: undefined,
  names: undefined,
  dependent: new Set(),
  rules: [],
  nots: [],
  also: [],
  opaque: new Map(),
  looked: new Set(),
};

/** All values of one kind. */
export const limitless = (kind: Kind): Atom => ({
  ...LIMITLESS,
  kind,
  ...(kind === "boolean" ? { values: [false, true] } : {}),
});

/** Whether a name or a text matches a pattern; undefined where the pattern is none of JavaScript's. */
export function matches(pattern: string, text: string): boolean | undefined {
  for (const flags of ["u", ""])
    try {
      return new RegExp(pattern, flags).test(text);
    } catch {
      // The other spelling, or none.
    }
  return undefined;
}

/**
 * What an object's schema says of the member with this name: undefined where nothing, false where it must not be there. What it
 * says by patterns that can't be read is left out.
 */
export function memberOf(atom: Atom, name: string): Part | false | undefined {
  const own = atom.properties.get(name);
  if (own !== undefined) return own;
  const matching = [...atom.patternProperties].filter(([pattern]) => matches(pattern, name) === true);
  const [first, ...more] = matching.map(([, part]) => part);
  if (first !== undefined) return more.reduce((all, part) => all.and(part), first);
  return atom.additional;
}

const joined = (mine: Part | undefined, theirs: Part | undefined) =>
  mine === undefined ? theirs : theirs === undefined || theirs === mine ? mine : mine.and(theirs);

/** What fits both, which are of one kind. `never` is the schema that nothing fits. */
export function bothAtoms(one: Atom, other: Atom, never: Part): Atom {
  const values =
    one.values === undefined
      ? other.values
      : other.values === undefined
        ? one.values
        : one.values.filter((value) => other.values?.some((candidate) => equal(value, candidate)));
  const words = one.words ?? other.words;
  const bounds: { [Name in Bound]?: number } = { ...one.bounds };
  for (const name of LOWER)
    if (other.bounds[name] !== undefined)
      bounds[name] = Math.max(other.bounds[name], bounds[name] ?? -Infinity);
  for (const name of UPPER)
    if (other.bounds[name] !== undefined)
      bounds[name] = Math.min(other.bounds[name], bounds[name] ?? Infinity);
  const name = one.name ?? other.name;
  return {
    kind: one.kind,
    ...(name === undefined ? {} : { name }),
    ...(values === undefined ? {} : { values }),
    ...(words === undefined || values !== undefined ? {} : { words }),
    integer: one.integer || other.integer,
    bounds,
    formats: [...new Set([...one.formats, ...other.formats])],
    patterns: [...new Set([...one.patterns, ...other.patterns])],
    multipleOf: [...new Set([...one.multipleOf, ...other.multipleOf])],
    uniqueItems: one.uniqueItems || other.uniqueItems,
    ...bothItems(one, other),
    contains: [...one.contains, ...other.contains],
    ...bothMembers(one, other, never),
    required: new Set([...one.required, ...other.required]),
    names: joined(one.names, other.names),
    dependent: new Set([...one.dependent, ...other.dependent]),
    rules: [...new Set([...one.rules, ...other.rules])],
    nots: [...new Set([...one.nots, ...other.nots])],
    also: [...new Set([...one.also, ...other.also])],
    looked: new Set([...one.looked, ...other.looked]),
  };
}

/** Items of one schema hold for all places that it names no schema of its own for. */
function bothItems(one: Atom, other: Atom): Pick<Atom, "items" | "prefixItems"> {
  const count = Math.max(one.prefixItems.length, other.prefixItems.length);
  const first = Array.from({ length: count }, (_, index) =>
    joined(one.prefixItems[index] ?? one.items, other.prefixItems[index] ?? other.items),
  );
  return {
    items: joined(one.items, other.items),
    prefixItems: first.filter((part) => part !== undefined),
  };
}

/** `additionalProperties` sees the members of its own schema only: each schema is asked of each name, and both hold. */
function bothMembers(
  one: Atom,
  other: Atom,
  never: Part,
): Pick<Atom, "properties" | "patternProperties" | "additional" | "opaque"> {
  const properties = new Map<string, Part>();
  for (const name of new Set([...one.properties.keys(), ...other.properties.keys()])) {
    const [mine, theirs] = [memberOf(one, name), memberOf(other, name)];
    if (mine === false || theirs === false) properties.set(name, never);
    else {
      const part = joined(mine, theirs);
      if (part !== undefined) properties.set(name, part);
    }
  }
  const patternProperties = new Map<string, Part>();
  for (const pattern of new Set([...one.patternProperties.keys(), ...other.patternProperties.keys()])) {
    const of = (atom: Atom, unnamed: Atom) =>
      atom.patternProperties.get(pattern) ??
      // Whose names these are is not known where both have patterns.
      (unnamed.patternProperties.size > 0 && atom.patternProperties.size > 0 ? undefined : atom.additional);
    const [mine, theirs] = [of(one, other), of(other, one)];
    const part = mine === false || theirs === false ? never : joined(mine, theirs);
    if (part !== undefined) patternProperties.set(pattern, part);
  }
  const opaque = new Map([...one.opaque, ...other.opaque]);
  for (const [keyword, says] of one.opaque) {
    const theirs = other.opaque.get(keyword);
    if (theirs !== undefined && theirs !== says) opaque.set(keyword, [says, theirs].sort().join(" and "));
  }
  const patterns = ({ patternProperties }: Atom) => [...patternProperties.keys()].sort().join(" ");
  const mixed =
    one.patternProperties.size > 0 &&
    other.patternProperties.size > 0 &&
    (one.additional !== undefined || other.additional !== undefined) &&
    patterns(one) !== patterns(other);
  if (mixed) opaque.set("patternProperties", [patterns(one), patterns(other)].sort().join(" and "));
  return {
    properties,
    patternProperties,
    additional:
      one.additional === false || other.additional === false
        ? false
        : joined(one.additional, other.additional),
    opaque,
  };
}
