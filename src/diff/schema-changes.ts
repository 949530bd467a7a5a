import type { Part } from "./atom.ts";
import { createRelation, type Difference, HARMLESS, type Relation, type Side } from "./subset.ts";

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

/** What the two sides of an exchange are compared by. */
export type Relations = { readonly [Name in Side]: Relation };

export const createRelations = (): Relations => ({
  request: createRelation("request"),
  answer: createRelation("answer"),
});

/**
 * What changed between two schemas: a request is safe when every old one is still taken (old ⊆ new), an answer when every
 * new one could have come before (new ⊆ old). The same relation the other way round finds what became wider, or is gone.
 */
export function schemaChanges(side: Side, before: Part, after: Part, relations: Relations): SchemaChange[] {
  const { subset } = relations[side];
  const [one, other] = side === "request" ? [before, after] : [after, before];
  const against = subset(one, other);
  const broken = new Set(against.filter(({ code }) => SAME_SPOT.has(code)).map(spot));
  const along = subset(other, one).filter(
    (difference) => !(SAME_SPOT.has(difference.code) && broken.has(spot(difference))),
  );
  const judged = [
    ...against.map((difference) => changeOf(side, difference, side === "answer", severityAgainst)),
    ...along.map((difference) => changeOf(side, difference, side === "request", severityAlong)),
  ].filter((change) => change !== undefined);
  return renamed(judged, subset).map(({ change }) => change);
}

interface Judged {
  readonly change: SchemaChange;
  readonly difference: Difference;
  /** Of a member that one version has and the other one does not. */
  readonly became: "gone" | "new" | undefined;
}

/** A member that is gone, and one beside it that is new and takes the same values: one change, if no other fits. */
function renamed(all: readonly Judged[], subset: Relation["subset"]): Judged[] {
  const of = (became: Judged["became"]) => all.filter((one) => one.became === became);
  const parent = ({ difference: { root, path } }: Judged) => `${root ?? ""}${path.replace(/\.[^.[]*$/, "")}`;
  const isSame = (one: Judged, other: Judged) => {
    const [mine, theirs] = [one.difference.member, other.difference.member];
    if (mine === undefined || theirs === undefined || parent(one) !== parent(other)) return false;
    if (mine.required !== theirs.required) return false;
    return subset(mine.part, theirs.part).length === 0 && subset(theirs.part, mine.part).length === 0;
  };
  const taken = new Map<Judged, Judged>();
  for (const gone of of("gone")) {
    const matching = of("new").filter((one) => isSame(gone, one));
    const [only] = matching;
    if (only === undefined || matching.length > 1) continue;
    if (of("gone").filter((one) => isSame(one, only)).length === 1) taken.set(gone, only);
  }
  const news = new Set(taken.values());
  return all.flatMap((one) => {
    if (news.has(one)) return [];
    const other = taken.get(one);
    if (other === undefined) return [one];
    const graver = one.change.severity === "wire" ? one.change : other.change;
    const severity = graver.severity === "wire" ? "wire" : one.change.severity;
    const name = other.difference.path.split(".").at(-1) ?? "";
    return [{ ...one, change: { ...one.change, severity, what: `is called ${name} now` } }];
  });
}

/** Two directions of one change show at the same spot; values, words and alternatives come and go one by one. */
const SAME_SPOT: ReadonlySet<string> = new Set([
  "kind",
  "limit",
  "missing",
  "refused",
  "others",
  "undeclared",
  "hidden",
  "default",
]);
const spot = ({ code, root, path, what, when }: Difference) =>
  `${root ?? ""}${path}${code === "limit" || code === "default" ? ` ${what}` : ""}${when ?? ""}`;

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

function changeOf(side: Side, difference: Difference, oneIsNew: boolean, judge: Judge): Judged | undefined {
  const severity = judge(side, difference, oneIsNew);
  if (severity === undefined) return undefined;
  const { root, path, code, what, when, unsure } = difference;
  const word = code === "word" && what !== "" && oneIsNew && side === "answer" ? { word: what } : {};
  const doubt = unsure ? ", and whether each value still fits can't be told" : "";
  const said = `${sentence(side, difference, oneIsNew)}${when === undefined ? "" : `, where ${when}`}${doubt}`;
  const differs =
    code === "undeclared" || code === "refused" || (code === "missing" && what === "undeclared");
  const isGone = code === "refused" ? !oneIsNew : oneIsNew;
  return {
    change: { severity, root, path, what: said, ...word },
    difference,
    became: differs ? (isGone ? "gone" : "new") : undefined,
  };
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
    case "hidden":
      return oneIsNew
        ? said("is in answers too now", "is in requests too now")
        : said("is in requests only now", "is in answers only now");
    case "word":
      if (what === "") return oneIsNew ? "lists known words now" : "lists no known words any more";
      return oneIsNew ? `has a new word, ${what}` : `does not list ${what} any more`;
    case "deprecated":
      return "is deprecated now";
  }
}
