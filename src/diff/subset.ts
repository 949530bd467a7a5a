import type { Json } from "../documents/document.ts";
import { type Atom, memberOf, type Part, type Shape } from "./atom.ts";
import { equal, shown } from "./equal.ts";
import { disjoint, fits, isEmpty, partIsEmpty, type Verdict } from "./fits.ts";
import { areApart, isWithinPattern } from "./language.ts";
import { type Limit, limitsBeyond } from "./limits-beyond.ts";
import { piecesOf } from "./pieces.ts";
import { ANYTHING, partOfAtom } from "./shape.ts";
import { kindsText, sameTags, tagOf, tagsOf } from "./tags.ts";

/**
 * Why not every value of one schema fits another one. The last five are no such reasons: every value fits, and a person wants to know
 * (a member that only the other one describes, one that the other one has in the other direction only, a word that it does not
 * know, a default, a deprecation).
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
  | "hidden"
  | "word"
  | "default"
  | "deprecated";

export const HARMLESS: ReadonlySet<Code> = new Set(["undeclared", "hidden", "word", "default", "deprecated"]);

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
  /** It counts as a reason since it can't be told that it is none. */
  readonly unsure?: true;
  /** The condition under which it is one. */
  readonly when?: string;
  /** The member that one of them does not have. */
  readonly member?: { readonly part: Part; readonly required: boolean };
}

type Found = readonly Difference[];
/** A request has no members that are `readOnly`, an answer none that are `writeOnly`. */
export type Side = "request" | "answer";

const hard = (found: Found) => found.filter(({ code }) => !HARMLESS.has(code)).length;

const difference = (code: Code, path: string, what: string, one = "", other = ""): Difference => ({
  code,
  root: undefined,
  path,
  what,
  one,
  other,
});

/** So many comparisons of two atoms are made in a run; what is left then is said to be. */
const MOST_STEPS = 1_500_000;
/** Of the processor's time: a busy machine must not change what is found. */
const cpuMs = () => process.cpuUsage().user / 1000;
/** And so long: requests and answers are compared within half a minute together. */
const MOST_MS = 8_000;

/** Schemas are looked into so deep: what is made of schemas that contain themselves may have no end. */
const DEEPEST = 300;

const leftOut: Difference = {
  ...difference("limit", "", "what is too large to be compared", "there", "there"),
  unsure: true,
};

/** What keeps the values of one schema from being values of another one. */
export interface Relation {
  subset(one: Part, other: Part): Found;
  /** Whether there were too many comparisons to make them all. */
  readonly isExhausted: boolean;
}

/**
 * Without a reason in what is found, each value of `one` is one of `other`. It is exact where schemas can be compared member by
 * member; what can't be decided (two patterns) counts as a reason, and is marked.
 */
export function createRelation(side: Side): Relation {
  const settled = new WeakMap<Part, WeakMap<Part, Found>>();
  /** Pairs that are being decided, and what has been decided while they were: kept if they hold. */
  const deciding: { one: Part; other: Part; lowest: number; provisional: [Part, Part, Found][] }[] = [];
  const alone = new WeakMap<Atom, Part>();
  let steps = 0;
  let spentMs = 0;
  let spentBeforeMs = 0;
  let startedAt: number | undefined;
  const isExhausted = () => steps > MOST_STEPS || spentMs > MOST_MS;

  function keep(one: Part, other: Part, found: Found) {
    const table = settled.get(one) ?? new WeakMap<Part, Found>();
    settled.set(one, table);
    table.set(other, found);
  }

  /** Two parts, once each: parts are shared, and may contain themselves. */
  function subsetOfParts(one: Part, other: Part): Found {
    if (one === other) return [];
    const known = settled.get(one)?.get(other);
    if (known !== undefined) return known;
    if (isExhausted()) return [leftOut];
    for (const [depth, entry] of deciding.entries()) {
      // While it is being decided it holds: a schema that contains itself is decided by the rest of it.
      if (entry.one === one && entry.other === other) return assumed(depth, []);
      const before = entry.provisional.find(([mine, theirs]) => mine === one && theirs === other);
      if (before !== undefined) return assumed(depth, before[2]);
    }
    const depth = deciding.length;
    if (depth > DEEPEST) return [leftOut];
    deciding.push({ one, other, lowest: depth, provisional: [] });
    const found = subset(one.shape, other.shape);
    const entry = deciding.pop();
    if (entry === undefined) return found;
    const above = deciding.at(-1);
    if (entry.lowest >= depth) {
      keep(one, other, found);
      // What leaned on it holds if it does; else it is asked again where it is needed.
      if (hard(found) === 0) for (const [mine, theirs, what] of entry.provisional) keep(mine, theirs, what);
    } else if (above !== undefined) {
      above.lowest = Math.min(above.lowest, entry.lowest);
      deciding[entry.lowest]?.provisional.push([one, other, found], ...entry.provisional);
    }
    return found;
  }

  function assumed(depth: number, found: Found): Found {
    const last = deciding.at(-1);
    if (last !== undefined) last.lowest = Math.min(last.lowest, depth);
    return found;
  }

  function subset(one: Shape, other: Shape): Found {
    const found: Difference[] = [];
    const [mine, theirs] = [one, other].map(({ atoms }) => atoms.filter((atom) => !emptyAtom(atom))) as [
      Atom[],
      Atom[],
    ];
    const kinds = new Set(theirs.map(({ kind }) => kind));
    if (mine.some(({ kind }) => !kinds.has(kind)))
      found.push(difference("kind", "", "type", kindsText(mine), kindsText(theirs)));
    for (const atom of mine) if (kinds.has(atom.kind)) found.push(...withinAny(atom, mine, theirs));
    if (one.default !== undefined && !equal(one.default, other.default))
      found.push(difference("default", "", "default", shown(one.default), shown(other.default)));
    if (one.deprecated && !other.deprecated) found.push(difference("deprecated", "", "deprecated"));
    const root = one.name !== undefined && one.name === other.name ? one.name : undefined;
    return distinct(named(root, found));
  }

  function withinAny(atom: Atom, from: readonly Atom[], into: readonly Atom[]): Found {
    const candidates = into.filter(({ kind }) => kind === atom.kind);
    if (atom.values !== undefined) return valuesWithin(atom, atom.values, candidates);
    // Most alternatives are told apart by a tag: what has another one is asked only where none with the same fits.
    const likely = candidates.filter((candidate) => sameTags(atom, candidate) === true);
    if (likely.length > 0 && likely.length < candidates.length) {
      const fits = likely.map((candidate) => ({ found: within(atom, candidate) }));
      const holding = fits.filter(({ found }) => hard(found) === 0);
      if (holding.length > 0) return least(holding);
    }
    const tried = candidates.map((candidate) => ({ candidate, found: within(atom, candidate) }));
    const own = partners(atom, tried, from);
    const fitting = tried.filter(({ found }) => hard(found) === 0);
    const best = own.filter(({ found }) => hard(found) === 0);
    if (best.length > 0) return least(best);
    // An alternative that says nothing of a member takes anything there; the one that speaks of it is the one to compare with.
    const honest = fitting.filter(
      ({ candidate }) => own.length === 0 || !absorbs(candidate, atom, own[0]?.candidate),
    );
    if (honest.length > 0) return least(honest);
    if (splitFits(atom, candidates) || piecesFit(atom, candidates)) return [];
    if (own.length > 0) return least(own);
    const alike = tried.filter(({ candidate }) => sameTags(atom, candidate) !== false);
    const many = tried.length > 1 || from.filter(({ kind }) => kind === atom.kind).length > 1;
    if (many && alike.length === 0) return [difference("alternative", "", tagOf(atom))];
    const tagged = alike.filter(({ candidate }) => sameTags(atom, candidate) === true);
    return least(tagged.length > 0 ? tagged : alike.length > 0 ? alike : tried);
  }

  interface Tried {
    readonly candidate: Atom;
    readonly found: Found;
  }

  /** The alternatives of the other schema that are the same one: of one name, of one tag, or with the most members in common. */
  function partners(atom: Atom, tried: readonly Tried[], from: readonly Atom[]): Tried[] {
    if (tried.length < 2 && from.filter(({ kind }) => kind === atom.kind).length < 2) return [];
    const byName = tried.filter(({ candidate }) => atom.name !== undefined && candidate.name === atom.name);
    if (byName.length > 0) return byName;
    const byTag = tried.filter(({ candidate }) => sameTags(atom, candidate) === true);
    if (byTag.length > 0) return byTag;
    if (atom.kind !== "object" || tagsOf(atom).size > 0) return [];
    const shared = ({ candidate }: Tried) =>
      candidate.name !== undefined && atom.name !== undefined
        ? 0
        : [...atom.properties.keys()].filter((name) => candidate.properties.has(name)).length;
    const most = Math.max(0, ...tried.map(shared));
    return most === 0 ? [] : tried.filter((one) => shared(one) === most);
  }

  const absorbs = (candidate: Atom, atom: Atom, own: Atom | undefined) =>
    candidate !== own &&
    [...atom.properties.keys()].some(
      (name) => memberOf(candidate, name) === undefined && own?.properties.has(name),
    );

  /** Whether it fits when it is cut by the values of a member that tells the alternatives apart. */
  function splitFits(atom: Atom, candidates: readonly Atom[]): boolean {
    if (candidates.length < 2) return false;
    for (const [name, part] of atom.properties) {
      const [only, ...more] = part.shape.atoms;
      const values = more.length === 0 ? only?.values : undefined;
      if (values === undefined || values.length < 2 || values.length > 50 || !atom.required.has(name))
        continue;
      const tells = candidates.some((candidate) =>
        candidate.properties.get(name)?.shape.atoms.some((one) => one.values),
      );
      if (!tells || only === undefined) continue;
      const cut = (value: Json): Atom => ({
        ...atom,
        properties: new Map(atom.properties).set(name, partOfAtom({ ...only, values: [value] })),
      });
      return values.every((value) =>
        candidates.some((candidate) => hard(within(cut(value), candidate)) === 0),
      );
    }
    return false;
  }

  /** Whether it fits when it is cut where the alternatives begin and end. */
  function piecesFit(atom: Atom, candidates: readonly Atom[]): boolean {
    if (candidates.length < 2) return false;
    const pieces = piecesOf(atom, candidates);
    return (
      pieces.length > 1 &&
      pieces.every((piece) => candidates.some((candidate) => hard(within(piece, candidate)) === 0))
    );
  }

  function within(one: Atom, other: Atom): Found {
    steps += 1;
    // To ask for the time costs more than a small comparison.
    if (startedAt !== undefined && steps % 32 === 0) spentMs = spentBeforeMs + cpuMs() - startedAt;
    if (isExhausted()) return [leftOut];
    const own = [
      ...limitsBeyond(one, other).map(limitDifference),
      ...items(one, other),
      ...members(one, other),
      ...words(one, other),
      ...rules(one, other),
      ...nots(one, other),
    ];
    const found = [...(hard(own) === 0 ? own : excused(own, one, other)), ...also(one, other)];
    return named(one.name === other.name ? one.name : undefined, found);
  }

  /** Without what another schema that must fit too keeps: each of them may keep some of the limits. */
  function excused(found: Found, one: Atom, other: Atom): Found {
    if (one.also.length === 0) return found;
    const key = ({ code, path, what, when }: Difference) => [code, path, what, when].join("\n");
    const wanted = alone.get(other) ?? partOfAtom({ ...other, also: [] });
    alone.set(other, wanted);
    return one.also.reduce((left, part) => {
      const broken = new Set(subsetOfParts(part, wanted).map(key));
      return left.filter(
        (item) => HARMLESS.has(item.code) || broken.has("kind\n\ntype\n") || broken.has(key(item)),
      );
    }, found);
  }

  function items(one: Atom, other: Atom): Found {
    const count = Math.max(one.prefixItems.length, other.prefixItems.length);
    const longest = one.bounds.maxItems ?? Infinity;
    const first = Array.from({ length: count }, (_, index) => {
      const theirs = other.prefixItems[index] ?? other.items;
      const mine = one.prefixItems[index] ?? one.items;
      return theirs === undefined || index >= longest ? [] : below(`[${index}]`, subsetOfPart(mine, theirs));
    });
    const rest =
      other.items === undefined || longest <= count ? [] : below("[]", subsetOfPart(one.items, other.items));
    const found = [...rest, ...first.flat()];
    for (const { part, least, most } of other.contains) {
      const same = one.contains.some(
        (mine) =>
          (least <= 0 || (mine.least >= least && hard(subsetOfParts(mine.part, part)) === 0)) &&
          (most === Infinity || (mine.most <= most && hard(subsetOfParts(part, mine.part)) === 0)),
      );
      const all =
        least <= (one.bounds.minItems ?? 0) &&
        most >= longest &&
        (least <= 0 ||
          (one.items !== undefined &&
            one.prefixItems.length === 0 &&
            hard(subsetOfParts(one.items, part)) === 0));
      if (!same && !all && (least > 0 || most < longest))
        found.push({
          ...difference("limit", "", "contains", one.contains.length === 0 ? "none" : "as it is", "another"),
          ...(one.contains.length === 0 ? {} : { unsure: true as const }),
        });
    }
    return found;
  }

  const subsetOfPart = (one: Part | undefined, other: Part): Found =>
    one === undefined ? subset(ANYTHING, other.shape) : subsetOfParts(one, other);

  const isHidden = (part: Part | false | undefined) =>
    part !== undefined && part !== false && (side === "request" ? part.shape.readOnly : part.shape.writeOnly);
  const requires = (atom: Atom, name: string) => atom.required.has(name) && !isHidden(memberOf(atom, name));

  function members(one: Atom, other: Atom): Found {
    if (one.kind !== "object") return [];
    const found: Difference[] = [];
    for (const name of new Set([...other.required, ...other.properties.keys()])) {
      const path = `.${name}`;
      const [mine, theirs] = [memberOf(one, name), memberOf(other, name)];
      const part = one.properties.get(name);
      const isMine =
        (part !== undefined && !isHidden(part)) ||
        (part === undefined && mine !== undefined && mine !== false);
      const mayLack = requires(other, name) && !requires(one, name);
      const member =
        theirs === undefined || theirs === false
          ? {}
          : { member: { part: theirs, required: requires(other, name) } };
      if (isHidden(theirs)) {
        if (isMine && part !== undefined) found.push({ ...difference("hidden", path, name), ...member });
        continue;
      }
      if (mayLack)
        found.push({ ...difference("missing", path, isMine ? "optional" : "undeclared"), ...member });
      else if (
        !isMine &&
        other.properties.has(name) &&
        (mine !== false || part === undefined) &&
        one.additional !== false &&
        !isNever(theirs)
      )
        found.push({ ...difference("undeclared", path, name), ...member });
      if (
        theirs === undefined ||
        theirs === false ||
        mine === false ||
        (mine === undefined && !isNever(theirs))
      )
        continue;
      if (isHidden(part)) continue;
      if (isNever(theirs)) {
        if (mine === undefined || !isNever(mine))
          found.push({
            ...difference("refused", path, name),
            ...(mine === undefined ? {} : { member: { part: mine, required: requires(one, name) } }),
          });
        continue;
      }
      if (mine === undefined) continue;
      // A default of what is always there is never used.
      const both = requires(one, name) && requires(other, name);
      const differing = subsetOfParts(mine, theirs);
      found.push(
        ...below(
          path,
          both ? differing.filter(({ code, path: at }) => code !== "default" || at !== "") : differing,
        ),
      );
    }
    for (const [name, part] of one.properties) {
      if (other.properties.has(name) || isHidden(part) || partIsEmptyPart(part)) continue;
      const theirs = memberOf(other, name);
      if (theirs === false)
        found.push({
          ...difference("refused", `.${name}`, name),
          member: { part, required: requires(one, name) },
        });
      else if (theirs !== undefined && !other.required.has(name))
        found.push(...below(`.${name}`, subsetOfParts(part, theirs)));
    }
    found.push(...patterned(one, other));
    if (other.additional === false && one.additional !== false)
      found.push(difference("others", "", "other members"));
    else if (other.additional && one.additional !== false)
      found.push(...below(".*", subsetOfPart(one.additional, other.additional)));
    if (other.names !== undefined) found.push(...named(undefined, memberNames(one, other.names)));
    for (const pair of other.dependent) {
      const [when = "", then = ""] = pair.split("→");
      if (!comesWith(one, when).has(then) && !isForbidden(one, when))
        found.push(difference("limit", "", `dependentRequired ${pair}`, "none", "there"));
    }
    return found;
  }

  const isNever = (part: Part | false | undefined) =>
    part === false || (part !== undefined && partIsEmptyPart(part));
  const isForbidden = (atom: Atom, name: string) => isNever(memberOf(atom, name));

  /** Members by pattern. What a name has that matches two patterns is not looked into. */
  function patterned(one: Atom, other: Atom): Found {
    const found: Difference[] = [];
    const namesOf = (pattern: string, atom: Atom) =>
      isWithinPattern({ patterns: [pattern] }, eitherOf([...atom.patternProperties.keys()]));
    for (const [pattern, theirs] of other.patternProperties) {
      const path = `.(${pattern})`;
      const mine = one.patternProperties.get(pattern);
      if (mine !== undefined) {
        found.push(...below(path, subsetOfParts(mine, theirs)));
        continue;
      }
      for (const [name, part] of one.patternProperties) {
        const apart = areApart([name], [pattern]);
        if (apart === true || hard(subsetOfParts(part, theirs)) === 0) continue;
        const limit = difference("limit", "", `members by the pattern ${pattern}`, "others", "there");
        found.push(apart === undefined ? { ...limit, unsure: true } : limit);
      }
      if (one.additional !== false && namesOf(pattern, one) !== true)
        found.push(...below(path, subsetOfPart(one.additional, theirs)));
    }
    for (const [pattern, mine] of one.patternProperties) {
      if (other.patternProperties.has(pattern) || namesOf(pattern, other) === true) continue;
      if (other.additional === false) {
        const unsure = other.patternProperties.size > 0 && namesOf(pattern, other) === undefined;
        if (!partIsEmptyPart(mine))
          found.push({ ...difference("refused", `.(${pattern})`, pattern), ...(unsure ? { unsure } : {}) });
      } else if (other.additional !== undefined)
        found.push(...below(`.(${pattern})`, subsetOfParts(mine, other.additional)));
    }
    return found;
  }

  /** A name that matches none of no patterns. */
  const eitherOf = (patterns: readonly string[]) =>
    patterns.length === 0 ? "[^\\s\\S]" : patterns.map((pattern) => `(?:${pattern})`).join("|");

  function memberNames(one: Atom, names: Part): Found {
    const refused = [...one.properties]
      .filter(([, part]) => !partIsEmptyPart(part))
      .map(([name]) => name)
      .filter((name) => names.shape.atoms.every((atom) => fits(atom, name) === false))
      .map((name) => difference("refused", `.${name}`, name));
    if (one.additional === false && one.patternProperties.size === 0) {
      const unknown = [...one.properties.keys()].some(
        (name) => !names.shape.atoms.some((atom) => fits(atom, name, one.names?.shape.atoms[0]) === true),
      );
      return unknown && refused.length === 0 && one.names !== names
        ? below(".(name)", subsetOfPart(one.names, names)).map((item) => ({ ...item, unsure: true as const }))
        : refused;
    }
    const text: Shape = { ...ANYTHING, atoms: ANYTHING.atoms.filter(({ kind }) => kind === "string") };
    return below(
      ".(name)",
      one.names === undefined ? subset(text, names.shape) : subsetOfParts(one.names, names),
    );
  }

  /** Each rule of the other one must hold here: under its condition, what follows from it. */
  function rules(one: Atom, other: Atom): Found {
    return other.rules.flatMap((rule) => {
      const mine = one.rules.find(({ condition }) => condition === rule.condition);
      const rest = partOfAtom({ ...one, rules: one.rules.filter((item) => item !== mine) });
      const branch = (given: Part, theirs: Part | undefined, when: string): Found =>
        theirs === undefined
          ? []
          : subsetOfParts(given, theirs)
              .filter(({ code }) => !HARMLESS.has(code))
              .map((item) => ({
                ...item,
                when: item.when === undefined ? when : `${when} and ${item.when}`,
              }));
      const met = rest.and(rule.when);
      return [
        ...branch(mine?.met === undefined ? met : met.and(mine.met), rule.met, rule.phrase),
        ...branch(
          mine?.unmet === undefined ? rest : rest.and(mine.unmet),
          rule.unmet,
          `not (${rule.phrase})`,
        ),
      ];
    });
  }

  /** What must not fit the other one must not fit here either, or have nothing in common with it. */
  function nots(one: Atom, other: Atom): Found {
    return other.nots.flatMap(({ part, phrase }) => {
      if (one.nots.some((mine) => hard(subsetOfParts(part, mine.part)) === 0)) return [];
      if (part.shape.atoms.every((atom) => disjoint(one, atom, 0) === true)) return [];
      const same = one.nots.some((mine) => mine.phrase === phrase);
      const [was, is] = same ? ["as it is", "another"] : ["none", "there"];
      const sure = one.nots.length === 0 ? {} : { unsure: true as const };
      return [{ ...difference("limit", "", `the rule ${phrase}`, was, is), ...sure }];
    });
  }

  /** Schemas that were not multiplied out: each is compared with those of the other side, and with the rest. */
  function also(one: Atom, other: Atom): Found {
    return other.also.flatMap((part) => {
      const choices = [...one.also, partOfAtom({ ...one, also: [] })];
      let best: Found | undefined;
      for (const mine of choices) {
        const found = subsetOfParts(mine, part);
        if (hard(found) === 0) return found.filter(({ code }) => code !== "undeclared");
        if (best === undefined || weight(found) < weight(best)) best = found;
      }
      return (best ?? [])
        .filter(({ code }) => !HARMLESS.has(code))
        .map((item) => ({ ...item, unsure: true as const }));
    });
  }

  return {
    subset(one, other) {
      startedAt = cpuMs();
      try {
        return subsetOfParts(one, other);
      } finally {
        spentBeforeMs += cpuMs() - startedAt;
        startedAt = undefined;
      }
    },
    get isExhausted() {
      return isExhausted();
    },
  };
}

const empty = new WeakMap<Atom, boolean>();
function emptyAtom(atom: Atom): boolean {
  const known = empty.get(atom);
  if (known !== undefined) return known;
  const is = isEmpty(atom);
  empty.set(atom, is);
  return is;
}

const emptyParts = new WeakMap<Part, boolean>();
function partIsEmptyPart(part: Part): boolean {
  const known = emptyParts.get(part);
  if (known !== undefined) return known;
  const is = partIsEmpty(part, 1);
  emptyParts.set(part, is);
  return is;
}

/** The members that are there where this one is: by way of others, too. */
function comesWith({ required, dependent }: Atom, when: string): ReadonlySet<string> {
  const there = new Set([when, ...required]);
  const pairs = [...dependent].map((pair) => pair.split("→"));
  for (const name of there) for (const [from, to = ""] of pairs) if (from === name) there.add(to);
  return there;
}

const limitDifference = ({ what, one, other, unsure }: Limit): Difference => ({
  ...difference("limit", "", what, one, other),
  ...(unsure ? { unsure: true } : {}),
});

const below = (step: string, found: Found): Found =>
  found.map((item) => (item.root === undefined ? { ...item, path: `${step}${item.path}` } : item));

const weight = (found: Found) => hard(found) * 1000 + found.length;

/** The differences from the candidate that fits best. */
function least(tried: readonly { readonly found: Found }[]): Found {
  const [first, ...more] = tried.map(({ found }) => found);
  return more.reduce((best, found) => (weight(found) < weight(best) ? found : best), first ?? []);
}

function valuesWithin(atom: Atom, values: readonly Json[], candidates: readonly Atom[]): Found {
  const { values: _, ...rest } = atom;
  return values.flatMap((value) => {
    const mine: Verdict = fits(rest, value);
    if (mine === false) return [];
    const verdicts = candidates.map((candidate) => ({ candidate, verdict: fits(candidate, value, atom) }));
    const fitting = verdicts.filter(({ verdict }) => verdict === true);
    if (fitting.length === 0) {
      const unsure = mine === undefined || verdicts.some(({ verdict }) => verdict === undefined);
      return [{ ...difference("value", "", shown(value)), ...(unsure ? { unsure: true as const } : {}) }];
    }
    const unknown = fitting.every(
      ({ candidate: { words } }) => words !== undefined && !words.includes(String(value)),
    );
    return unknown ? [difference("word", "", shown(value))] : [];
  });
}

/** Differences in a schema with a name are told by it. */
const named = (root: string | undefined, found: Found): Found =>
  root === undefined ? found : found.map((item) => ({ ...item, root: item.root ?? root }));

function words(one: Atom, other: Atom): Found {
  if (one.words === undefined) return [];
  if (other.words === undefined) return other.values === undefined ? [difference("word", "", "")] : [];
  return one.words.filter((word) => !other.words?.includes(word)).map((word) => difference("word", "", word));
}

function distinct(found: Found): Found {
  const keys = new Set<string>();
  return found.filter((item) => {
    const key = [item.code, item.root, item.path, item.what, item.when].join("\n");
    return keys.has(key) ? false : keys.add(key);
  });
}
