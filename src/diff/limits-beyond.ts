import { type Atom, matches } from "./atom.ts";
import { shown } from "./equal.ts";
import { fits, integersOf, isMultiple, partIsEmpty } from "./fits.ts";
import { isWithinLengths, isWithinPattern, isWithinWords, type Texts } from "./language.ts";

/** A limit that one schema has, and another one does not keep. */
export interface Limit {
  readonly what: string;
  readonly one: string;
  readonly other: string;
  readonly unsure?: boolean;
}

/** The limits of `other` that values of `one` may be beyond: numbers, lengths, patterns, formats, and what has no rule here. */
export function limitsBeyond(one: Atom, other: Atom): Limit[] {
  const found: Limit[] = [];
  const limit = (what: string, mine: unknown, theirs: unknown, unsure = false) =>
    found.push({ what, one: text(mine), other: text(theirs), unsure });
  if (other.values !== undefined && !isListed(one, other))
    limit("values", one.words ?? "anything", other.values);
  if (other.integer && !one.integer && !one.multipleOf.some(Number.isInteger))
    limit("type", "number", "integer");
  for (const [name, keeps] of boundsOf(one, other))
    if (!keeps) limit(name, one.bounds[name], other.bounds[name]);
  const formats = other.formats.filter((format) => !one.formats.some((mine) => isWithin(mine, format)));
  if (formats.length > 0) limit("format", one.formats.join(" and "), other.formats.join(" and "));
  const steps = other.multipleOf.filter(
    (step) => !one.multipleOf.some((mine) => isMultiple(mine, step)) && !(one.integer && isMultiple(1, step)),
  );
  if (steps.length > 0) limit("multipleOf", one.multipleOf.join(" and "), other.multipleOf.join(" and "));
  const verdicts = other.patterns
    .filter((pattern) => !one.patterns.includes(pattern))
    .map((pattern) => isWithinPattern(textsOf(one), pattern) ?? (misses(one, pattern) ? false : undefined))
    .filter((verdict) => verdict !== true);
  if (verdicts.length > 0)
    limit(
      "pattern",
      one.patterns.join(" and "),
      other.patterns.join(" and "),
      one.patterns.length > 0 && !verdicts.includes(false),
    );
  if (other.uniqueItems && !one.uniqueItems && (one.bounds.maxItems ?? Infinity) > 1)
    limit("uniqueItems", "", "true");
  for (const keyword of new Set([...other.opaque.keys(), ...one.opaque.keys()])) {
    const [mine, theirs] = [one.opaque.get(keyword), other.opaque.get(keyword)];
    // What a keyword means that nobody knows may be more as well as less; these two are known to limit.
    const limits = keyword === "unevaluated" || keyword === "patternProperties";
    if (mine !== theirs && !(limits && theirs === undefined))
      limit(keyword, short(mine), short(theirs), true);
  }
  return found;
}

const LONGEST = 60;
const short = (says: string | undefined) =>
  says !== undefined && says.length > LONGEST ? `${says.slice(0, LONGEST)}…` : says;

const text = (value: unknown) =>
  value === undefined || value === ""
    ? "none"
    : Array.isArray(value)
      ? value.map((item) => shown(item)).join(" | ")
      : String(value);

type Name = keyof Atom["bounds"];

const textsOf = ({ patterns, bounds: { minLength, maxLength } }: Atom): Texts => ({
  patterns,
  minLength,
  maxLength,
});

/** So many numbers are counted out. */
const MOST_NUMBERS = 1_000;

/** Whether each value of this one, which lists none, is one of those that the other one lists. */
function isListed(one: Atom, other: Atom): boolean {
  const values = other.values ?? [];
  if (one.kind === "string")
    return one.patterns.length > 0 && isWithinWords(textsOf(one), values.map(String)) === true;
  const { first, last } = integersOf(one);
  if (!one.integer || !(last - first < MOST_NUMBERS)) return false;
  for (let value = first; value <= last; value++)
    if (!values.includes(value) && fits(one, value) !== false) return false;
  return true;
}

/** Each bound that the other one has, and whether this one keeps it. */
function boundsOf(one: Atom, other: Atom): [Name, boolean][] {
  const { bounds: mine } = one;
  const low = Math.max(mine.minimum ?? -Infinity, mine.exclusiveMinimum ?? -Infinity);
  const high = Math.min(mine.maximum ?? Infinity, mine.exclusiveMaximum ?? Infinity);
  const least: { [Key in Name]?: number } = {
    minItems: Math.max(mine.minItems ?? 0, ...one.contains.map((contained) => contained.least)),
    minProperties: Math.max(mine.minProperties ?? 0, one.required.size),
  };
  const isClosed = one.additional === false && one.patternProperties.size === 0;
  const most: { [Key in Name]?: number } = {
    maxItems: Math.min(
      mine.maxItems ?? Infinity,
      one.items !== undefined && partIsEmpty(one.items, 1) ? one.prefixItems.length : Infinity,
    ),
    maxProperties: Math.min(mine.maxProperties ?? Infinity, isClosed ? one.properties.size : Infinity),
  };
  const { first, last } = one.integer ? integersOf(one) : { first: low, last: high };
  const isOpen = {
    low: !one.integer && low === mine.exclusiveMinimum,
    high: !one.integer && high === mine.exclusiveMaximum,
  };
  return (Object.entries(other.bounds) as [Name, number][]).map(([name, bound]) => {
    switch (name) {
      case "minimum":
        return [name, first >= bound];
      case "exclusiveMinimum":
        return [name, first > bound || (isOpen.low && first >= bound)];
      case "maximum":
        return [name, last <= bound];
      case "exclusiveMaximum":
        return [name, last < bound || (isOpen.high && last <= bound)];
      case "minLength":
      case "maxLength":
        return [name, keepsLength(one, name, bound)];
      default:
        return [
          name,
          name.startsWith("min") ? (least[name] ?? 0) >= bound : (most[name] ?? Infinity) <= bound,
        ];
    }
  });
}

/** A pattern may keep a length too. */
function keepsLength({ patterns, bounds }: Atom, name: "minLength" | "maxLength", bound: number): boolean {
  const [least, most] = name === "minLength" ? [bound, Infinity] : [0, bound];
  return (
    ((bounds.minLength ?? 0) >= least && (bounds.maxLength ?? Infinity) <= most) ||
    (patterns.length > 0 && isWithinLengths(patterns, least, most) === true)
  );
}

/** Formats that are within others. */
const isWithin = (one: string, other: string) =>
  one === other || (one === "int32" && other === "int64") || (one === "float" && other === "double");

/** Whether a text that the first patterns take is surely not one of the second; only a few are tried. */
function misses({ patterns }: Atom, pattern: string): boolean {
  const plain = patterns.map((one) => one.replaceAll(/^\^|\$$/g, ""));
  return [...plain, ...SAMPLES].some(
    (sample) => patterns.every((one) => matches(one, sample) === true) && matches(pattern, sample) === false,
  );
}

const SAMPLES = [
  ...[
    "",
    "a",
    "A",
    "0",
    "ab",
    "aB",
    "a1",
    "1a",
    "abc",
    "ABC",
    "123",
    "-",
    "_",
    "a-b",
    "a_b",
    "a.b",
    "a b",
    "1.5",
  ],
  ...["abc123", "abcdefghijkl", "x@y.z", "2020-01-01", "https://example.com", "w1", "é", "#", "/a/b"],
];
