import { createContext, Script } from "node:vm";

/** What Ajv asks of a regular expression. */
interface Pattern {
  test(text: string): boolean;
  /** By which Ajv tells patterns apart. */
  toString(): string;
}

/** A pattern that the gate decides and that can't be decided here: that is nobody's refusal. */
export class UndecidedPattern extends Error {
  constructor(source: string, why: string) {
    super(`its pattern ${JSON.stringify(source)} ${why}`);
  }
}

/** How long one text may take, and how short one of a single repetition needs no watching. */
const MOST_MS = 200;
const CERTAINLY_QUICK = 1_000;

/**
 * A pattern of a schema. The gate's expressions (crates regex and fancy-regex, to which the spelling of ECMA-262 is translated) take
 * linear time, and know `(?i)`, `\A`, `\z` and `(?P<name>`: JavaScript's are asked for these by another spelling, and with a limit of time.
 */
function patternOf(source: string): Pattern {
  const expression = compiled(source);
  const mayBlowUp = /\)[*+{]|[*+}].*[*+{]|\\[1-9k]/s.test(source);
  return {
    test: (text) =>
      mayBlowUp || text.length > CERTAINLY_QUICK
        ? testInTime(expression, text, source)
        : expression.test(text),
    toString: () => source,
  };
}

/** As Ajv wants to be given its patterns. */
export const patternEngine = Object.assign((source: string) => patternOf(source), { code: "patternOf" });

function compiled(source: string): RegExp {
  const asIt = tried(source);
  if (asIt !== undefined) return asIt;
  const [prefix = "", flags = ""] = /^\(\?([ims]+)\)/.exec(source) ?? [];
  const expression = tried(respelled(source.slice(prefix.length)), flags);
  if (expression === undefined) throw new UndecidedPattern(source, "has no counterpart in JavaScript");
  return expression;
}

function tried(source: string, flags = ""): RegExp | undefined {
  try {
    return new RegExp(source, `${flags}u`);
  } catch {
    return undefined;
  }
}

const SPELLINGS: Readonly<Record<string, string>> = {
  "\\A": "(?<![^])",
  "\\z": "(?![^])",
  "(?P<": "(?<",
};

/** A sign that needs no backslash must have none in JavaScript's strict syntax; a hyphen may have one in a class. */
function respelled(source: string): string {
  let inClass = false;
  return source.replace(/\\.|\(\?P<|[[\]]/gs, (token) => {
    if (token === "[") inClass = true;
    else if (token === "]") inClass = false;
    const needless = inClass ? /^\\[ !"#%&',:;<=>@_`~]$/ : /^\\[ !"#%&',:;<=>@_`~-]$/;
    return SPELLINGS[token] ?? (needless.test(token) ? token.slice(1) : token);
  });
}

let watched: { readonly script: Script; readonly context: { test?: () => boolean } } | undefined;

/** Another context's script can be interrupted, a regular expression of its own among them. On a busy machine its time goes by unused: then it has another turn. */
function testInTime(expression: RegExp, text: string, source: string): boolean {
  watched ??= { script: new Script("test()"), context: createContext({}) };
  const { script, context } = watched;
  context.test = () => expression.test(text);
  const began = process.cpuUsage();
  try {
    for (;;) {
      try {
        return script.runInContext(context, { timeout: MOST_MS }) === true;
      } catch {
        const { user, system } = process.cpuUsage(began);
        if ((user + system) / 1000 >= MOST_MS)
          throw new UndecidedPattern(source, `takes longer than ${MOST_MS} ms in JavaScript`);
      }
    }
  } finally {
    delete context.test;
  }
}
