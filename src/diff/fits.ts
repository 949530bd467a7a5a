import { isObject, type Json } from "../documents/document.ts";
import { type Atom, kindOf, matches, memberOf, type Part, type Shape } from "./atom.ts";
import { equal } from "./equal.ts";
import { areApart } from "./language.ts";

/** Yes, no, or undefined: it can't be told. */
export type Verdict = boolean | undefined;

const DEEPEST = 6;

/** All of them yes, or one of them no. */
function every<Item>(items: Iterable<Item>, judge: (item: Item) => Verdict): Verdict {
  let all: Verdict = true;
  for (const item of items) {
    const verdict = judge(item);
    if (verdict === false) return false;
    if (verdict === undefined) all = undefined;
  }
  return all;
}

/** One of them yes, or all of them no. */
function some<Item>(items: Iterable<Item>, judge: (item: Item) => Verdict): Verdict {
  const none = every(items, (item) => not(judge(item)));
  return not(none);
}

const not = (verdict: Verdict): Verdict => (verdict === undefined ? undefined : !verdict);

/** Whether one value fits a schema. */
export const fitsShape = ({ atoms }: Shape, value: Json, depth = 0): Verdict =>
  some(atoms, (atom) => fits(atom, value, undefined, depth));

/**
 * Whether one value fits. What can't be told of a value by itself (a format) holds where `known`, which the value fits, says the
 * same.
 */
export function fits(atom: Atom, value: Json, known?: Atom | undefined, depth = 0): Verdict {
  if (kindOf(value) !== atom.kind) return false;
  if (depth > DEEPEST) return undefined;
  if (atom.values !== undefined && !atom.values.some((candidate) => equal(candidate, value))) return false;
  const within = (part: Part) => (item: Json) => fitsShape(part.shape, item, depth + 1);
  return every(
    [
      () => own(atom, value, known, within),
      () => every(atom.opaque, ([keyword, says]) => known?.opaque.get(keyword) === says || undefined),
      () => every(atom.nots, ({ part }) => not(within(part)(value))),
      () => every(atom.also, (part) => within(part)(value)),
      () =>
        every(atom.rules, ({ when, met, unmet }) => {
          const holds = within(when)(value);
          const results = [
            holds === false || met === undefined ? true : within(met)(value),
            holds === true || unmet === undefined ? true : within(unmet)(value),
          ];
          // Of a condition that can't be told, only what follows either way is sure.
          const all = every(results, (result) => result);
          return holds === undefined && all === false ? undefined : all;
        }),
    ],
    (judge) => judge(),
  );
}

type Within = (part: Part) => (value: Json) => Verdict;

function own(atom: Atom, value: Json, known: Atom | undefined, within: Within): Verdict {
  const { bounds } = atom;
  const size = (low: number | undefined, high: number | undefined, count: number) =>
    count >= (low ?? 0) && count <= (high ?? Infinity);
  if (typeof value === "number")
    return every(
      [
        value >= (bounds.minimum ?? -Infinity) && value <= (bounds.maximum ?? Infinity),
        value > (bounds.exclusiveMinimum ?? -Infinity) && value < (bounds.exclusiveMaximum ?? Infinity),
        !atom.integer || Number.isInteger(value),
        atom.multipleOf.every((step) => isMultiple(value, step)),
      ],
      (verdict) => verdict,
    );
  if (typeof value === "string")
    return every(
      [
        size(bounds.minLength, bounds.maxLength, [...value].length),
        every(atom.patterns, (pattern) => known?.patterns.includes(pattern) || matches(pattern, value)),
        every(atom.formats, (format) => known?.formats.includes(format) || undefined),
      ],
      (verdict) => verdict,
    );
  if (Array.isArray(value))
    return ofItems(atom, value, within) && size(bounds.minItems, bounds.maxItems, value.length);
  if (isObject(value)) {
    const names = Object.keys(value);
    const fitting = every(
      [
        size(bounds.minProperties, bounds.maxProperties, names.length),
        [...atom.required].every((name) => names.includes(name)),
        [...atom.dependent].every((pair) => {
          const [when = "", then = ""] = pair.split("→");
          return !names.includes(when) || names.includes(then);
        }),
      ],
      (verdict) => verdict,
    );
    if (fitting === false) return false;
    return every(names, (name) => {
      const part = memberOf(atom, name);
      if (part === false) return false;
      return every(
        [
          part === undefined || within(part)(value[name] ?? null),
          atom.names === undefined || within(atom.names)(name),
        ],
        (verdict) => verdict,
      );
    });
  }
  return true;
}

function ofItems(atom: Atom, items: readonly Json[], within: Within): Verdict {
  const texts = items.map((item) => JSON.stringify(item));
  if (atom.uniqueItems && new Set(texts).size < texts.length) return false;
  const placed = every(items.entries(), ([index, item]) => {
    const part = atom.prefixItems[index] ?? atom.items;
    return part === undefined || within(part)(item);
  });
  if (placed === false) return false;
  const counted = every(atom.contains, ({ part, least, most }) => {
    const verdicts = items.map(within(part));
    const sure = verdicts.filter((verdict) => verdict === true).length;
    const possible = verdicts.filter((verdict) => verdict !== false).length;
    if (possible < least || sure > most) return false;
    return sure >= least && possible <= most ? true : undefined;
  });
  return counted === true ? placed : counted;
}

/** `0.3` is a multiple of `0.1`, whatever floating point makes of it. */
export function isMultiple(value: number, step: number): boolean {
  if (step === 0) return false;
  const quotient = value / step;
  return Math.abs(quotient - Math.round(quotient)) < 1e-9 * Math.max(1, Math.abs(quotient));
}

/** Whether no value fits both. */
export function disjoint(one: Atom, other: Atom, depth: number): Verdict {
  if (one.kind !== other.kind) return true;
  if (depth > DEEPEST) return undefined;
  for (const [mine, theirs] of [
    [one, other],
    [other, one],
  ] as const) {
    if (mine.values === undefined) continue;
    const shared = some(mine.values, (value) =>
      every(
        [fits(mine, value, undefined, depth), fits(theirs, value, undefined, depth)],
        (verdict) => verdict,
      ),
    );
    return not(shared);
  }
  if (isEmpty(one, depth) || isEmpty(other, depth)) return true;
  const range = (name: string, floor: number): boolean => {
    const low = (atom: Atom) => (atom.bounds as Record<string, number | undefined>)[`min${name}`] ?? floor;
    const high = (atom: Atom) =>
      (atom.bounds as Record<string, number | undefined>)[`max${name}`] ?? Infinity;
    return low(one) > high(other) || low(other) > high(one);
  };
  switch (one.kind) {
    case "null":
    case "boolean":
      return plain(one) && plain(other) ? false : undefined;
    case "number":
      if (apart(one, other) || apart(other, one)) return true;
      return plain(one) &&
        plain(other) &&
        one.multipleOf.length + other.multipleOf.length === 0 &&
        !one.integer &&
        !other.integer
        ? false
        : undefined;
    case "string":
      if (range("Length", 0)) return true;
      if (one.patterns.length > 0 && other.patterns.length > 0 && areApart(one.patterns, other.patterns))
        return true;
      return plain(one) &&
        plain(other) &&
        !one.patterns.length &&
        !other.patterns.length &&
        !one.formats.length &&
        !other.formats.length
        ? false
        : undefined;
    case "array": {
      if (range("Items", 0)) return true;
      const both = Math.max(one.bounds.minItems ?? 0, other.bounds.minItems ?? 0);
      for (let index = 0; index < Math.min(both, 20); index++) {
        const mine = one.prefixItems[index] ?? one.items;
        const theirs = other.prefixItems[index] ?? other.items;
        if (mine && theirs && partsApart(mine, theirs, depth + 1)) return true;
      }
      return undefined;
    }
    case "object": {
      if (range("Properties", 0)) return true;
      for (const name of new Set([...one.required, ...other.required])) {
        const [mine, theirs] = [memberOf(one, name), memberOf(other, name)];
        if (mine === false || theirs === false) return true;
        if (mine !== undefined && theirs !== undefined && partsApart(mine, theirs, depth + 1)) return true;
      }
      return undefined;
    }
  }
}

/** Whether nothing but what its own kind has limits it. */
const plain = ({ nots, rules, also, opaque }: Atom) =>
  nots.length + rules.length + also.length + opaque.size === 0;

const partsApart = (one: Part, other: Part, depth: number): boolean =>
  one.shape.atoms.every((mine) =>
    other.shape.atoms.every((theirs) => disjoint(mine, theirs, depth) === true),
  );

/** Whether each number of one is below each of the other. */
function apart({ bounds: one }: Atom, { bounds: other }: Atom): boolean {
  const [high, open] = upper(one);
  const [low, openToo] = lower(other);
  return high < low || (high === low && (open || openToo) && Number.isFinite(high));
}

/** The integers that bounds leave: above 4 is at least 5. */
export const integersOf = ({ bounds }: Atom) => ({
  first: Math.max(
    Math.ceil(bounds.minimum ?? -Infinity),
    Math.floor(bounds.exclusiveMinimum ?? -Infinity) + 1,
  ),
  last: Math.min(Math.floor(bounds.maximum ?? Infinity), Math.ceil(bounds.exclusiveMaximum ?? Infinity) - 1),
});

type Bounds = Atom["bounds"];
const upper = ({ maximum = Infinity, exclusiveMaximum = Infinity }: Bounds): [number, boolean] =>
  exclusiveMaximum <= maximum ? [exclusiveMaximum, true] : [maximum, false];
const lower = ({ minimum = -Infinity, exclusiveMinimum = -Infinity }: Bounds): [number, boolean] =>
  exclusiveMinimum >= minimum ? [exclusiveMinimum, true] : [minimum, false];

/** Whether surely no value fits. */
export function isEmpty(atom: Atom, depth = 0): boolean {
  const { bounds, kind, values } = atom;
  if (depth > 3) return false;
  if (values !== undefined)
    return values.every((value) => fits({ ...atom, nots: [] }, value) === false) || forbidden(atom, depth);
  const crossed = (low: number | undefined, high: number | undefined) =>
    low !== undefined && high !== undefined && low > high;
  if (
    kind === "number" &&
    apart({ ...atom, bounds: { ...upperOf(bounds) } }, { ...atom, bounds: { ...lowerOf(bounds) } })
  )
    return true;
  if (kind === "number" && atom.integer && integersOf(atom).first > integersOf(atom).last) return true;
  if (crossed(bounds.minLength, bounds.maxLength) || crossed(bounds.minItems, bounds.maxItems)) return true;
  if (crossed(bounds.minProperties, bounds.maxProperties)) return true;
  if (
    kind === "object" &&
    [...atom.required].some((name) => {
      const part = memberOf(atom, name);
      return part === false || (part !== undefined && partIsEmpty(part, depth + 1));
    })
  )
    return true;
  const wanted = bounds.minItems ?? 0;
  if (kind === "array")
    for (let index = 0; index < Math.min(wanted, 20); index++) {
      const part = atom.prefixItems[index] ?? atom.items;
      if (part !== undefined && partIsEmpty(part, depth + 1)) return true;
    }
  return forbidden(atom, depth);
}

/** `not` of anything. */
const forbidden = ({ nots, kind }: Atom, depth: number) =>
  depth < 2 &&
  nots.some(({ part }) => part.shape.atoms.some((atom) => atom.kind === kind && isLimitless(atom)));

export const isLimitless = (atom: Atom): boolean =>
  plain(atom) &&
  (atom.values === undefined || (atom.kind === "boolean" && atom.values.length === 2)) &&
  !atom.integer &&
  !atom.uniqueItems &&
  Object.keys(atom.bounds).length === 0 &&
  [atom.formats, atom.patterns, atom.multipleOf, atom.prefixItems, atom.contains].every(
    (list) => list.length === 0,
  ) &&
  [atom.properties, atom.patternProperties, atom.required, atom.dependent].every(({ size }) => size === 0) &&
  [atom.items, atom.additional, atom.names].every((part) => part === undefined);

export const partIsEmpty = (part: Part, depth = 0): boolean =>
  part.shape.atoms.every((atom) => isEmpty(atom, depth));

const upperOf = ({ maximum, exclusiveMaximum }: Bounds) => ({
  ...(maximum === undefined ? {} : { maximum }),
  ...(exclusiveMaximum === undefined ? {} : { exclusiveMaximum }),
});
const lowerOf = ({ minimum, exclusiveMinimum }: Bounds) => ({
  ...(minimum === undefined ? {} : { minimum }),
  ...(exclusiveMinimum === undefined ? {} : { exclusiveMinimum }),
});
