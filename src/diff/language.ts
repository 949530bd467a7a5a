import { ANYTHING, type Chars, END, type Pattern, parsePattern, START } from "./pattern.ts";

/** What a text has to be: to match patterns, and to have a length. */
export interface Texts {
  readonly patterns: readonly string[];
  readonly minLength?: number | undefined;
  readonly maxLength?: number | undefined;
}

/**
 * Whether each text of the first kind matches the pattern; undefined where that can't be told. By derivatives (Brzozowski 1964):
 * what is left of an expression when a letter was read is an expression again, and there are finitely many of them.
 */
export const isWithinPattern = (one: Texts, pattern: string): Verdict =>
  once(["pattern", one.patterns, one.minLength, one.maxLength, pattern], () =>
    isWithin(one, parsed(pattern)),
  );

/** Whether each text that matches the patterns is one of these lengths. */
export const isWithinLengths = (patterns: readonly string[], least: number, most: number): Verdict =>
  once(["lengths", patterns, least, String(most)], () => isWithin({ patterns }, lengths(least, most)));

/** Whether each text of the first kind is one of these. */
export function isWithinWords(one: Texts, words: readonly string[]): Verdict {
  const parts = words.map(
    (word): Pattern => all(START, ...[...word].map((letter) => letter.codePointAt(0) ?? 0), END),
  );
  return isWithin(one, { kind: "any", parts });
}

/** Whether no text is of both kinds. */
export const areApart = (one: readonly string[], other: readonly string[]): Verdict =>
  once(["apart", one, other], () => hasNoText([...one, ...other].map(parsed), undefined));

type Verdict = boolean | undefined;

const asked = new Map<string, Verdict>();
/** The same patterns stand in many places. */
function once(question: readonly unknown[], answer: () => Verdict): Verdict {
  const key = JSON.stringify(question);
  if (!asked.has(key)) asked.set(key, answer());
  return asked.get(key);
}

const isWithin = (one: Texts, tree: Pattern | undefined): Verdict =>
  tree === undefined || counts(tree) > MOST_COUNTED ? undefined : hasNoText(expressionsOf(one), tree);

const all = (...letters: number[]): Pattern => ({
  kind: "all",
  parts: letters.map((letter) => ({ kind: "chars", chars: [[letter, letter]] })),
});

const LETTER: Pattern = { kind: "chars", chars: [[0, END - 1]] };
const anything: Pattern = {
  kind: "repeat",
  part: { kind: "chars", chars: ANYTHING },
  least: 0,
  most: Infinity,
};

const lengths = (least: number, most: number): Pattern => ({
  kind: "all",
  parts: [all(START), { kind: "repeat", part: LETTER, least, most }, all(END)],
});

function expressionsOf({ patterns, minLength = 0, maxLength = Infinity }: Texts): (Pattern | undefined)[] {
  const limits = minLength > 0 || maxLength < Infinity ? [lengths(minLength, maxLength)] : [];
  return [...patterns.map(parsed), ...limits];
}

/** A pattern matches where a part of the text does. */
function parsed(pattern: string): Pattern | undefined {
  const tree = parsePattern(pattern);
  return tree && { kind: "all", parts: [anything, tree, anything] };
}

/** So many times a letter is read. */
const MOST_READ = 100_000;
/** So many letters of a repetition are counted: expressions grow with them. */
const MOST_COUNTED = 1_000;

/** Whether there is no text that each of `these` takes, and `not` does not; undefined where that can't be told. */
function hasNoText(these: readonly (Pattern | undefined)[], not: Pattern | undefined): Verdict {
  // Fewer limits take more: without one that can't be read "there is none" still holds, and "there is one" may not.
  const known = these.filter((tree) => tree !== undefined && counts(tree) <= MOST_COUNTED) as Pattern[];
  const trees = not === undefined ? known : [...known, not];
  const algebra = createAlgebra();
  const letters = lettersOf(trees);
  const seen = new Set<string>();
  const open = [trees.map((tree) => algebra.derivative(algebra.of(tree), START))];
  const ends = (one: Expression) => algebra.derivative(one, END).mayEnd;
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    const key = state.map(({ id }) => id).join(" ");
    if (seen.has(key)) continue;
    if (algebra.reads > MOST_READ) return undefined;
    seen.add(key);
    const wanted = state.slice(0, known.length);
    if (wanted.includes(algebra.none)) continue;
    const refused = state[known.length];
    if (wanted.every(ends) && (refused === undefined || !ends(refused)))
      return known.length === these.length ? false : undefined;
    for (const letter of letters) open.push(state.map((one) => algebra.derivative(one, letter)));
  }
  return true;
}

function counts(tree: Pattern): number {
  if (tree.kind === "chars") return 1;
  if (tree.kind !== "repeat") return tree.parts.reduce((sum, part) => sum + counts(part), 0);
  return counts(tree.part) * Math.max(1, tree.least, Number.isFinite(tree.most) ? tree.most : 0);
}

/** One letter of each kind that the expressions tell apart. */
function lettersOf(trees: readonly Pattern[]): number[] {
  const edges = new Set([0]);
  const visit = (tree: Pattern): void => {
    if (tree.kind === "repeat") visit(tree.part);
    else if (tree.kind !== "chars") tree.parts.forEach(visit);
    else for (const [first, last] of tree.chars) edges.add(first).add(last + 1);
  };
  trees.forEach(visit);
  return [...edges].filter((edge) => edge >= 0 && edge < END);
}

/** What is left to be read. */
interface Expression {
  readonly id: number;
  /** Whether the text may end here. */
  readonly mayEnd: boolean;
  readonly read: (letter: number) => Expression;
}

function createAlgebra() {
  const made = new Map<string, Expression>();
  const read = new Map<string, Expression>();
  const make = (key: string, mayEnd: boolean, next: (letter: number) => Expression): Expression => {
    const known = made.get(key);
    if (known !== undefined) return known;
    const expression = { id: made.size, mayEnd, read: next };
    made.set(key, expression);
    return expression;
  };
  const none: Expression = make("none", false, () => none);
  const nothing: Expression = make("nothing", true, () => none);
  const everything: Expression = make("everything", true, () => everything);
  const options = new Map<Expression, readonly Expression[]>();

  function derivative(one: Expression, letter: number): Expression {
    const key = `${one.id} ${letter}`;
    const known = read.get(key);
    if (known !== undefined) return known;
    const found = one.read(letter);
    read.set(key, found);
    return found;
  }

  function either(given: readonly Expression[]): Expression {
    const set = new Set(given.flatMap((one) => options.get(one) ?? [one]));
    set.delete(none);
    if (set.has(everything)) return everything;
    const list = [...set].sort((one, other) => one.id - other.id);
    const [first, ...more] = list;
    if (first === undefined) return none;
    if (more.length === 0) return first;
    const expression = make(
      `either ${list.map(({ id }) => id).join(" ")}`,
      list.some(({ mayEnd }) => mayEnd),
      (letter) => either(list.map((one) => derivative(one, letter))),
    );
    options.set(expression, list);
    return expression;
  }

  function both(first: Expression, then: Expression): Expression {
    if (first === none || then === none) return none;
    if (first === nothing) return then;
    if (then === nothing) return first;
    if (first === everything && then === everything) return everything;
    return make(`both ${first.id} ${then.id}`, first.mayEnd && then.mayEnd, (letter) => {
      const onward = both(derivative(first, letter), then);
      return first.mayEnd ? either([onward, derivative(then, letter)]) : onward;
    });
  }

  function repeat(part: Expression, least: number, most: number): Expression {
    if (most === 0 || part === nothing) return nothing;
    if (part === none) return least === 0 ? nothing : none;
    return make(`repeat ${part.id} ${least} ${most}`, least === 0 || part.mayEnd, (letter) =>
      both(derivative(part, letter), repeat(part, Math.max(0, least - 1), most - 1)),
    );
  }

  const chars = (set: Chars): Expression =>
    make(`chars ${set.join(" ")}`, false, (letter) =>
      set.some(([first, last]) => first <= letter && letter <= last) ? nothing : none,
    );

  function of(tree: Pattern): Expression {
    switch (tree.kind) {
      case "chars":
        return chars(tree.chars);
      case "all":
        return tree.parts.map(of).reduceRight((then, first) => both(first, then), nothing);
      case "any":
        return either(tree.parts.map(of));
      case "repeat":
        return tree === anything ? everything : repeat(of(tree.part), tree.least, tree.most);
    }
  }

  return {
    none,
    of,
    derivative,
    /** How often a letter was read so far. */
    get reads() {
      return read.size;
    },
  };
}
