import { createContext, Script } from "node:vm";

/** A pattern of a schema, as far as it can be asked here. */
export interface Pattern {
  /** Whether the text fits; undefined when that can't be told, or not in a tenth of a second. */
  fits(text: string): boolean | undefined;
}

/** How long one pattern may keep the process. */
const MOST_MS = 100;
/** So many steps take no time, as a power of two. */
const CHEAP_STEPS = 20;

/**
 * A schema's pattern. The gate's regular expressions are not JavaScript's own: `(?i)`, `\A` and `\-` are understood, what has
 * no counterpart fits or not as the gate says. A pattern that may take longer than linear time has its time counted.
 */
export function createPattern(source: string): Pattern {
  const expression = compiled(source) ?? compiled(...translated(source));
  if (expression === undefined) return { fits: () => undefined };
  const steps = stepsOf(source);
  let isTooSlow = false;
  return {
    fits(text) {
      if (isTooSlow) return undefined;
      if (steps(text.length) <= CHEAP_STEPS) return expression.test(text);
      const fits = testInTime(expression, text);
      isTooSlow = fits === undefined;
      return fits;
    },
  };
}

function compiled(source: string, flags = ""): RegExp | undefined {
  try {
    return new RegExp(source, `${flags}u`);
  } catch {
    return undefined;
  }
}

/** What a backtracking engine may do at most, as a power of two: each repetition may begin and end anywhere in the text. */
function stepsOf(source: string): (length: number) => number {
  // A repeated group may hold repetitions, and a back reference a text of any length.
  if (/\)[*+{]|\\[1-9k]/.test(source)) return () => Number.POSITIVE_INFINITY;
  const repetitions = source.match(/[*+{]/g)?.length ?? 0;
  const choices = source.match(/[?|]/g)?.length ?? 0;
  return (length) => (repetitions + 1) * Math.log2(length + 2) + choices;
}

const SCRIPT = new Script("test()");
let context: { test?: () => boolean } | undefined;

/** So often a pattern is asked again that had no time because others had the machine. */
const MOST_TRIES = 5;

function testInTime(expression: RegExp, text: string): boolean | undefined {
  context ??= createContext({}) as { test?: () => boolean };
  context.test = () => expression.test(text);
  try {
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      const before = process.cpuUsage();
      const fits = runInTime(context);
      const { user, system } = process.cpuUsage(before);
      if (fits !== undefined || (user + system) / 1_000 > MOST_MS / 2) return fits;
    }
    return undefined;
  } finally {
    delete context.test;
  }
}

function runInTime(within: object): boolean | undefined {
  try {
    return SCRIPT.runInContext(within, { timeout: MOST_MS }) === true;
  } catch {
    return undefined;
  }
}

/** The pattern in JavaScript's spelling, with its flags; what has none is left for the compiler to refuse. */
function translated(source: string): [source: string, flags: string] {
  const [prefix = "", flags = ""] = /^\(\?([ims]+)\)/.exec(source) ?? [];
  const tokens = source.slice(prefix.length).match(TOKEN) ?? [];
  let isInClass = false;
  const spelled = tokens.map((token, at) => {
    if (!isInClass) {
      isInClass = token === "[";
      return SPELLINGS[token] ?? unescaped(token);
    }
    isInClass = token !== "]";
    if (token === "\\-") return token;
    // Beside a class such as \w a hyphen is itself.
    const isBesideClass = CLASS.test(tokens[at - 1] ?? "") || CLASS.test(tokens[at + 1] ?? "");
    return token === "-" && isBesideClass ? "\\-" : unescaped(token);
  });
  return [spelled.join(""), flags];
}

const TOKEN = /\\[pP]\{[^}]{0,50}\}|\\.|\(\?P<|./gs;
const CLASS = /^\\[dDwWsSpP]/;
const SPELLINGS: Readonly<Record<string, string>> = {
  "\\A": "(?<![^])",
  "\\z": "(?![^])",
  "(?P<": "(?<",
};

/** A sign that needs no backslash, and must not have one in JavaScript's strict syntax. */
const unescaped = (token: string) => (/^\\[ !"#%&',:;<=>@_`~-]$/.test(token) ? token.slice(1) : token);
