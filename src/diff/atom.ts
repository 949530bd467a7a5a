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
  readonly items: Part | undefined;
  readonly prefixItems: readonly Part[];
  readonly properties: ReadonlyMap<string, Part>;
  readonly required: ReadonlySet<string>;
  /** Other members: undefined where anything may be there. */
  readonly additional: Part | false | undefined;
  readonly names: Part | undefined;
  /** "when this member is there, that one is": `a→b`. */
  readonly dependent: ReadonlySet<string>;
  /** `not`, and `if` without a comparison of its own, as text: compared for being the same. */
  readonly rules: readonly Rule[];
}

/** What is allowed only under a condition. */
export interface Rule {
  readonly condition: string;
  readonly met: Part | undefined;
  readonly unmet: Part | undefined;
}

/** A schema, ready to be compared. */
export interface Shape {
  readonly atoms: readonly Atom[];
  readonly default: Json | undefined;
  readonly deprecated: boolean;
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
  properties: new Map(),
  required: new Set(),
  additional: undefined,
  names: undefined,
  dependent: new Set(),
  rules: [],
};

/** All values of one kind. */
export const limitless = (kind: Kind): Atom => ({
  ...LIMITLESS,
  kind,
  ...(kind === "boolean" ? { values: [false, true] } : {}),
});

/** What fits both, which are of one kind. */
export function bothAtoms(one: Atom, other: Atom): Atom {
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
  const properties = new Map(one.properties);
  for (const [name, part] of other.properties) properties.set(name, properties.get(name)?.and(part) ?? part);
  const joined = (mine: Part | undefined, theirs: Part | undefined) =>
    mine === undefined ? theirs : theirs === undefined ? mine : mine.and(theirs);
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
    items: joined(one.items, other.items),
    prefixItems: one.prefixItems.length > 0 ? one.prefixItems : other.prefixItems,
    properties,
    required: new Set([...one.required, ...other.required]),
    additional:
      one.additional === false || other.additional === false
        ? false
        : joined(one.additional, other.additional),
    names: joined(one.names, other.names),
    dependent: new Set([...one.dependent, ...other.dependent]),
    rules: [...one.rules, ...other.rules],
  };
}
