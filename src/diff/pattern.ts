/** The regular expressions of JSON Schema as trees: those whose language is regular, and whose anchors can be read as letters. */

/** Code points, as ranges that are apart and in order. */
export type Chars = readonly (readonly [first: number, last: number])[];

export type Pattern =
  | { readonly kind: "chars"; readonly chars: Chars }
  | { readonly kind: "all" | "any"; readonly parts: readonly Pattern[] }
  | { readonly kind: "repeat"; readonly part: Pattern; readonly least: number; readonly most: number };

/** `^` and `$` are letters that stand before and behind each text, and nowhere else. */
export const START = -1;
export const END = 0x110000;
const LAST = 0x10ffff;

/** The tree of a pattern; undefined where it is none, or has something that is not read here (a look ahead, `\b`, `\1`, `\p`). */
export function parsePattern(source: string): Pattern | undefined {
  try {
    new RegExp(source, "u");
  } catch {
    return undefined;
  }
  const reader = new Reader(source);
  try {
    const pattern = reader.alternatives();
    return reader.isAtEnd && isAnchoredOnce(pattern) ? pattern : undefined;
  } catch (error) {
    if (error instanceof Unread) return undefined;
    throw error;
  }
}

class Unread extends Error {}

class Reader {
  readonly #points: readonly string[];
  #at = 0;

  constructor(source: string) {
    this.#points = [...source];
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#points.length;
  }

  alternatives(): Pattern {
    const parts = [this.#sequence()];
    while (this.#take("|")) parts.push(this.#sequence());
    return { kind: "any", parts };
  }

  #sequence(): Pattern {
    const parts: Pattern[] = [];
    while (!this.isAtEnd && !"|)".includes(this.#peek())) parts.push(this.#quantified());
    return { kind: "all", parts };
  }

  #quantified(): Pattern {
    const part = this.#single();
    const [least, most] = this.#quantifier() ?? [1, 1];
    // Which way it goes first changes nothing of what it matches.
    if (most !== 1 || least !== 1) this.#take("?");
    return least === 1 && most === 1 ? part : { kind: "repeat", part, least, most };
  }

  #quantifier(): [number, number] | undefined {
    if (this.#take("*")) return [0, Infinity];
    if (this.#take("+")) return [1, Infinity];
    if (this.#take("?")) return [0, 1];
    if (!this.#take("{")) return undefined;
    const [, least = "", comma, most = ""] = /^(\d+)(,?)(\d*)$/.exec(this.#until("}")) ?? [];
    if (least === "") throw new Unread();
    const low = Number(least);
    return [low, comma === "" ? low : most === "" ? Infinity : Number(most)];
  }

  #single(): Pattern {
    const point = this.#next();
    switch (point) {
      case "^":
        return { kind: "chars", chars: [[START, START]] };
      case "$":
        return { kind: "chars", chars: [[END, END]] };
      case ".":
        return { kind: "chars", chars: without(LINE_ENDS) };
      case "(":
        return this.#group();
      case "[":
        return { kind: "chars", chars: this.#class() };
      case "\\":
        return { kind: "chars", chars: this.#escape() };
      default:
        return { kind: "chars", chars: only(point) };
    }
  }

  #group(): Pattern {
    if (this.#take("?")) {
      if (this.#take("<")) {
        if ("=!".includes(this.#peek())) throw new Unread();
        this.#until(">");
      } else if (!this.#take(":")) throw new Unread();
    }
    const inner = this.alternatives();
    if (!this.#take(")")) throw new Unread();
    return inner;
  }

  #class(): Chars {
    const isNegated = this.#take("^");
    const ranges: (readonly [number, number])[] = [];
    while (!this.#take("]")) {
      const first = this.#inClass();
      const [low, more] = first;
      if (more === undefined && low?.[0] === low?.[1] && this.#peek() === "-" && this.#peek(1) !== "]") {
        this.#next();
        const [[, high] = [0, 0]] = this.#inClass();
        ranges.push([low?.[0] ?? 0, high]);
      } else ranges.push(...first);
    }
    return isNegated ? without(ranges) : united(ranges);
  }

  #inClass(): Chars {
    const point = this.#next();
    if (point !== "\\") return only(point);
    return this.#take("b") ? [[8, 8]] : this.#take("-") ? only("-") : this.#escape();
  }

  #escape(): Chars {
    const letter = this.#next();
    const known = ESCAPES[letter];
    if (known !== undefined) return known;
    if (letter === "x") return hex(this.#next() + this.#next());
    if (letter === "u") {
      const digits = this.#take("{")
        ? this.#until("}")
        : Array.from({ length: 4 }, () => this.#next()).join("");
      return hex(digits);
    }
    if (/[A-Za-z0-9]/.test(letter)) throw new Unread();
    return only(letter);
  }

  #peek(ahead = 0): string {
    return this.#points[this.#at + ahead] ?? "";
  }

  #next(): string {
    const point = this.#points[this.#at];
    if (point === undefined) throw new Unread();
    this.#at += 1;
    return point;
  }

  #take(point: string): boolean {
    if (this.#points[this.#at] !== point) return false;
    this.#at += 1;
    return true;
  }

  #until(end: string): string {
    let text = "";
    for (let point = this.#next(); point !== end; point = this.#next()) text += point;
    return text;
  }
}

const only = (point: string): Chars => {
  const code = point.codePointAt(0) ?? 0;
  return [[code, code]];
};

function hex(digits: string): Chars {
  const code = Number.parseInt(digits, 16);
  // Half of a pair that is written in two escapes.
  if (code >= 0xd800 && code <= 0xdfff) throw new Unread();
  return [[code, code]];
}

/** In order, and apart. */
function united(ranges: Chars): Chars {
  const sorted = [...ranges].sort(([one], [other]) => one - other);
  const apart: [number, number][] = [];
  for (const [first, last] of sorted) {
    const before = apart.at(-1);
    if (before !== undefined && first <= before[1] + 1) before[1] = Math.max(before[1], last);
    else apart.push([first, last]);
  }
  return apart;
}

/** Every letter but these. */
function without(ranges: Chars): Chars {
  const left: [number, number][] = [];
  let next = 0;
  for (const [first, last] of united(ranges)) {
    if (first > next) left.push([next, first - 1]);
    next = last + 1;
  }
  if (next <= LAST) left.push([next, LAST]);
  return left;
}

const LINE_ENDS: Chars = [
  [10, 10],
  [13, 13],
  [0x2028, 0x2029],
];
const DIGITS: Chars = [[48, 57]];
const WORD: Chars = united([...DIGITS, [65, 90], [95, 95], [97, 122]]);
/** ECMA-262, WhiteSpace and LineTerminator. */
const SPACE: Chars = united([
  [9, 13],
  [32, 32],
  [0xa0, 0xa0],
  [0x1680, 0x1680],
  [0x2000, 0x200a],
  [0x2028, 0x2029],
  [0x202f, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
  [0xfeff, 0xfeff],
]);
const ESCAPES: { readonly [letter: string]: Chars | undefined } = {
  d: DIGITS,
  D: without(DIGITS),
  w: WORD,
  W: without(WORD),
  s: SPACE,
  S: without(SPACE),
  t: [[9, 9]],
  n: [[10, 10]],
  v: [[11, 11]],
  f: [[12, 12]],
  r: [[13, 13]],
  0: [[0, 0]],
};

/** Every text, and what stands before and behind it. */
export const ANYTHING: Chars = [[START, END]];

/** A letter that stands once before a text can be read once only: `(^|,)a` is fine, `^(^a)` and `(^a)*` are not. */
function isAnchoredOnce(pattern: Pattern): boolean {
  const holds = (part: Pattern, letter: number): boolean =>
    part.kind === "chars"
      ? part.chars.some(([first, last]) => first === letter && last === letter)
      : part.kind === "repeat"
        ? holds(part.part, letter)
        : part.parts.some((below) => holds(below, letter));
  switch (pattern.kind) {
    case "chars":
      return true;
    case "repeat":
      return (
        isAnchoredOnce(pattern.part) &&
        (pattern.most <= 1 || ![START, END].some((letter) => holds(pattern.part, letter)))
      );
    case "any":
      return pattern.parts.every(isAnchoredOnce);
    case "all":
      return (
        pattern.parts.every(isAnchoredOnce) &&
        [START, END].every((letter) => pattern.parts.filter((part) => holds(part, letter)).length <= 1)
      );
  }
}
