import type { Part } from "./atom.ts";
import { type Difference, HARMLESS, subset } from "./subset.ts";

/** Whom a change breaks: `wire`, a program that runs today; `source`, one that is edited or compiled anew; nobody. */
export type Severity = "wire" | "source" | "notice";

/** A change of a schema, where it is and what it is. */
export interface SchemaChange {
  readonly severity: Severity;
  readonly root: string | undefined;
  readonly path: string;
  readonly what: string;
  /** A word that an open list has now. */
  readonly word?: string;
}

type Side = "request" | "answer";

/**
 * What changed between two schemas: a request is safe when every old one is still taken (old ⊆ new), an answer when every
 * new one could have come before (new ⊆ old). The same relation the other way round finds what became wider, or is gone.
 */
export function schemaChanges(side: Side, before: Part, after: Part): SchemaChange[] {
  const [one, other] = side === "request" ? [before, after] : [after, before];
  const against = subset(one.shape, other.shape);
  const broken = new Set(against.filter(({ code }) => SAME_SPOT.has(code)).map(spot));
  const along = subset(other.shape, one.shape).filter(
    (difference) => !(SAME_SPOT.has(difference.code) && broken.has(spot(difference))),
  );
  return [
    ...against.map((difference) => changeOf(side, difference, side === "answer", severityAgainst)),
    ...along.map((difference) => changeOf(side, difference, side === "request", severityAlong)),
  ].filter((change) => change !== undefined);
}

/** Two directions of one change show at the same spot; values, words and alternatives come and go one by one. */
const SAME_SPOT: ReadonlySet<string> = new Set([
  "kind",
  "limit",
  "missing",
  "refused",
  "others",
  "undeclared",
  "default",
]);
const spot = ({ code, root, path, what }: Difference) =>
  `${root ?? ""}${path}${code === "limit" || code === "default" ? ` ${what}` : ""}`;

type Judge = (side: Side, difference: Difference, oneIsNew: boolean) => Severity | undefined;

/** Where the relation should hold and does not, or holds and has something to say. */
const severityAgainst: Judge = (side, { code }, oneIsNew) => {
  if (!HARMLESS.has(code)) return "wire";
  if (code === "undeclared") return side === "answer" ? "source" : "notice";
  if (code === "default") return side === "request" ? "wire" : undefined;
  if (code === "deprecated") return oneIsNew ? "notice" : undefined;
  return "notice";
};

/** Where the relation need not hold: what became wider is a notice, what is gone must be taken out of programs. */
const severityAlong: Judge = (side, { code, what }, oneIsNew) => {
  if (code === "undeclared" || code === "missing")
    return side === "request" && (code === "undeclared" || what === "undeclared") ? "source" : "notice";
  if (code === "value" || code === "alternative" || code === "refused")
    return side === "answer" ? "source" : "notice";
  if (code === "default") return side === "request" ? "notice" : undefined;
  if (code === "deprecated") return oneIsNew ? "notice" : undefined;
  return "notice";
};

function changeOf(
  side: Side,
  difference: Difference,
  oneIsNew: boolean,
  judge: Judge,
): SchemaChange | undefined {
  const severity = judge(side, difference, oneIsNew);
  if (severity === undefined) return undefined;
  const { root, path, code, what } = difference;
  const word = code === "word" && what !== "" && oneIsNew && side === "answer" ? { word: what } : {};
  return { severity, root, path, what: sentence(side, difference, oneIsNew), ...word };
}

function sentence(side: Side, { code, what, one, other }: Difference, oneIsNew: boolean): string {
  const [was, is] = oneIsNew ? [other, one] : [one, other];
  const said = (answer: string, request: string) => (side === "answer" ? answer : request);
  switch (code) {
    case "kind":
    case "limit":
    case "default":
      return `${what} was ${was}, is ${is}`;
    case "value":
    case "alternative":
      return oneIsNew
        ? said(`may be ${what} now`, `takes ${what} now`)
        : said(`is never ${what} any more`, `refuses ${what} now`);
    case "missing":
      if (what === "undeclared") return oneIsNew ? "is gone" : said("is new", "is new, and required");
      return oneIsNew
        ? said("may be missing now", "is optional now")
        : said("is always there now", "is required now");
    case "refused":
      return oneIsNew
        ? said("is new, in a closed object", "is taken now")
        : said("is gone", "is refused now");
    case "others":
      return oneIsNew
        ? said("may have other members now", "takes other members now")
        : said("has no other members any more", "refuses other members now");
    case "undeclared":
      return oneIsNew ? "is gone" : "is new, and optional";
    case "word":
      if (what === "") return oneIsNew ? "lists known words now" : "lists no known words any more";
      return oneIsNew ? `has a new word, ${what}` : `does not list ${what} any more`;
    case "deprecated":
      return "is deprecated now";
  }
}
