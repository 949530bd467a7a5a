import { isObject, type Json, type JsonObject } from "../documents/document.ts";
import type { Severity } from "./schema-changes.ts";

/** A change of what `x-outcomes` says, in words. */
export interface OutcomeChange {
  readonly severity: Severity;
  readonly what: string;
}

type Order = (before: Json | undefined, after: Json | undefined) => boolean;

/** Whether a program that believes the old word does nothing wrong under the new one. */
const SAFE: { readonly [fact: string]: Order } = {
  // Who believes "unknown" is right whatever it is.
  outcome: (before) => before === "unknown",
  // Who does not repeat is right too.
  again: (before) => before === "never",
  // Who takes an answer for one that came before the replay check leaves the call in doubt.
  replayCheck: (before) => before === "before",
  effect: (before, after) => EFFECTS.indexOf(String(after)) < EFFECTS.indexOf(String(before)),
};
const EFFECTS = ["none", "gate", "world"];

/** What became of the facts about an operation's answers; a rule that says what the plain status said before is no change. */
export function outcomeChanges(
  before: JsonObject | undefined,
  after: JsonObject | undefined,
): OutcomeChange[] {
  if (before === undefined && after === undefined) return [];
  if (before === undefined)
    return [{ severity: "notice", what: "says what its answers mean now (x-outcomes)" }];
  if (after === undefined)
    return [{ severity: "source", what: "does not say any more what its answers mean (x-outcomes)" }];
  const changes: OutcomeChange[] = [];
  const compare = (
    where: string,
    one: Json | undefined,
    other: Json | undefined,
    facts: readonly string[],
  ) => {
    for (const fact of facts) {
      const [was, is] = [memberOf(one, fact), memberOf(other, fact)];
      if (was === is) continue;
      const safe = SAFE[fact]?.(was, is) ?? false;
      changes.push({
        severity: safe ? "notice" : "wire",
        what: `${where}${fact} was ${word(was)}, is ${word(is)}`,
      });
    }
  };
  compare("", before, after, ["effect"]);
  compare("lost connection: ", before["lost"], after["lost"], ["outcome", "again"]);
  const keys = new Set([...Object.keys(answersOf(before)), ...Object.keys(answersOf(after))]);
  for (const key of keys) {
    const [was, is] = [ruleFor(answersOf(before), key), ruleFor(answersOf(after), key)];
    if (was === undefined || is === undefined) continue;
    const known = changes.length;
    compare(`${key}: `, was, is, ["outcome", "again", "replayCheck"]);
    // A word that is new is told where it is; here only if what old programs take it for is not safe.
    if (answersOf(before)[key] === undefined)
      changes.push(...changes.splice(known).filter(({ severity }) => severity === "wire"));
  }
  return changes;
}

/** The rule that holds of an answer: "503 draining", else "503", else 5XX, else default. */
export function ruleFor(answers: JsonObject, key: string): JsonObject | undefined {
  const status = key.split(" ")[0] ?? "";
  for (const name of [key, status, `${status.slice(0, 1)}XX`, "default"]) {
    const rule = answers[name];
    if (isObject(rule)) return rule;
  }
  return undefined;
}

/** What a table says of an answer, for a person. */
export function ruleText(outcomes: JsonObject | undefined, status: string, code: string | undefined): string {
  if (outcomes === undefined) return "no table says whether the action may have run";
  const answers = answersOf(outcomes);
  const own = code === undefined ? answers[status] : answers[`${status} ${code}`];
  const rule = ruleFor(answers, code === undefined ? status : `${status} ${code}`);
  const says = rule === undefined ? "nothing" : `${word(rule["outcome"])}, again ${word(rule["again"])}`;
  return isObject(own)
    ? `x-outcomes says: ${says}`
    : `x-outcomes has no rule of its own for it, and falls back to: ${says}; is that so?`;
}

const answersOf = (outcomes: JsonObject): JsonObject =>
  isObject(outcomes["answers"]) ? outcomes["answers"] : {};
const memberOf = (value: Json | undefined, name: string) => (isObject(value) ? value[name] : undefined);
const word = (value: Json | undefined) => (typeof value === "string" ? value : "nothing");
