import { isObject, type Json, type JsonObject, type OpenApiDocument } from "./document.ts";

const OUTCOMES = ["not_executed", "unknown", "executed"];
const EFFECTS = ["none", "gate", "world"];

/** The words of a rule, by member: of an answer, and of a connection that was lost before one. */
const ANSWER = {
  outcome: OUTCOMES,
  replayCheck: ["before", "after"],
  again: ["never", "backoff", "new_lease", "new_clock"],
};
const LOST = { outcome: OUTCOMES, again: ["never", "backoff", "same_proof"] };
type Vocabulary = { readonly [member: string]: readonly string[] };

/** An answer's form, where its body is no JSON with a word: `"404 (empty)"`, `"400 (text)"`. */
const FORMS = ["(empty)", "(text)"];

/**
 * An operation's `x-outcomes`, the names in it replaced by the rules that `x-outcome-rules` of its document defines. Throws
 * where something is missing or wrong, and says what to write; `known` are the words of each of its answers.
 */
export function outcomesOf(
  id: string,
  operation: JsonObject,
  document: OpenApiDocument,
  known: ReadonlyMap<string, readonly string[]>,
): JsonObject {
  const wrong = (what: string, words: readonly string[]) =>
    new Error(`${id}: x-outcomes ${what}\n${words.join("\n")}`);
  const stated = operation["x-outcomes"];
  if (!isObject(stated) || !isObject(stated["answers"]))
    throw new Error(
      `${id} has no x-outcomes; it says what each answer means:\n${howToWrite(known, document)}`,
    );
  const { effect, lost, answers } = withRules(stated, document) as { [member: string]: Json } & {
    answers: JsonObject;
  };
  if (typeof effect !== "string" || !EFFECTS.includes(effect))
    throw wrong(`has as effect ${shown(effect)}`, [`effect is one of ${EFFECTS.join(", ")}`]);
  if (!isRule(lost, LOST)) throw wrong(`has as lost ${shown(lost)}`, ruleWords(document, LOST));
  const missing: string[] = [];
  for (const [answer, rule] of Object.entries(answers)) {
    if (!isRule(rule, ANSWER))
      throw wrong(`says of ${answer} ${shown(rule)}, which is no rule`, ruleWords(document, ANSWER));
    checkAnswer(id, answer, known);
  }
  const speaksOf = (status: string) =>
    Object.keys(answers).filter((answer) => answer.startsWith(`${status} `));
  const speaksOfWords = (status: string) => speaksOf(status).some((answer) => !isForm(answer));
  for (const [status, words] of known) {
    if (answers[status] === undefined && speaksOf(status).length === 0) missing.push(status);
    // Where one word of a status has a rule of its own, the plain status is for answers without a known word only.
    if (speaksOfWords(status) || answers[status] === undefined)
      missing.push(
        ...words.map((word) => `${status} ${word}`).filter((answer) => answers[answer] === undefined),
      );
  }
  if (answers["default"] === undefined) missing.push("default");
  if (missing.length > 0)
    throw wrong(`has nothing to say of ${missing.join(", ")}`, ruleWords(document, ANSWER));
  return { effect, lost: lost as Json, answers };
}

/** What `x-outcomes` says, its names replaced by what they stand for; a name that its document does not define stays. */
export function withRules(stated: JsonObject, document: OpenApiDocument): JsonObject {
  const rules = rulesOf(document);
  const rule = (value: Json) =>
    typeof value === "string" && Object.hasOwn(rules, value) ? (rules[value] as Json) : value;
  const { lost, answers } = stated;
  return {
    ...stated,
    ...(lost === undefined ? {} : { lost: rule(lost) }),
    ...(isObject(answers)
      ? {
          answers: Object.fromEntries(
            Object.entries(answers).map(([answer, value]) => [answer, rule(value)]),
          ),
        }
      : {}),
  };
}

function rulesOf({ root }: OpenApiDocument): JsonObject {
  const rules = root["x-outcome-rules"];
  return isObject(rules) ? rules : {};
}

function isRule(value: Json | undefined, vocabulary: Vocabulary): value is JsonObject {
  return (
    isObject(value) &&
    Object.entries(vocabulary).every(([member, words]) => words.includes(String(value[member])))
  );
}

/** What the router answers, whatever the operation (`x-unrouted`). */
const UNROUTED = ["404 (empty)", "405 (empty)"];

const isForm = (answer: string) => FORMS.includes(answer.slice(answer.indexOf(" ") + 1));

/** That an answer is one which the operation has: a response of it, and a word or form of that. */
function checkAnswer(id: string, answer: string, known: ReadonlyMap<string, readonly string[]>): void {
  const [status = "", ...rest] = answer.split(" ");
  if (/^\dXX$/.test(status) || status === "default") {
    if (rest.length > 0 && answer !== "4XX (word)")
      throw new Error(`${id}: x-outcomes speaks of ${answer}: ${status} has no words`);
    return;
  }
  const words = known.get(status) ?? (UNROUTED.includes(answer) ? [] : undefined);
  if (words === undefined)
    throw new Error(
      `${id}: x-outcomes speaks of ${status}, which is no response of it: ${[...known.keys()].join(", ")}, 4XX, 5XX or default`,
    );
  if (rest.length > 0 && !isForm(answer) && !words.includes(rest.join(" ")))
    throw new Error(
      `${id}: x-outcomes speaks of ${answer}, which is no word of it: ${[...words, ...FORMS].join(", ")}`,
    );
}

const shown = (value: Json | undefined) => (value === undefined ? "nothing" : JSON.stringify(value));

/** The rules that a document defines for this place, and how to write another. */
function ruleWords(document: OpenApiDocument, vocabulary: Vocabulary): string[] {
  const named = Object.entries(rulesOf(document))
    .filter(([, rule]) => isRule(rule, vocabulary) && "replayCheck" in rule === "replayCheck" in vocabulary)
    .map(([name, rule]) => `  ${name}: ${members(rule as JsonObject, (word) => String(word))}`);
  const written = `{ ${Object.entries(vocabulary)
    .map(([member, words]) => `${member}: ${words.join(" | ")}`)
    .join(", ")} }`;
  return named.length === 0
    ? [`a rule is ${written}`]
    : ["a rule is one of x-outcome-rules,", ...named, `or ${written}`];
}

const members = (rule: JsonObject, word: (value: Json) => string) =>
  Object.entries(rule)
    .map(([member, value]) => `${member} ${word(value)}`)
    .join(", ");

/** The whole of an `x-outcomes`, to be filled in. */
function howToWrite(known: ReadonlyMap<string, readonly string[]>, document: OpenApiDocument): string {
  const answers = [...known].flatMap(([status, words]) => [
    ...words.map((word) => `"${status} ${word}"`),
    `"${status}"`,
  ]);
  return [
    "x-outcomes:",
    `  effect: ${EFFECTS.join(" | ")}`,
    "  lost: a rule, of a connection that ends before an answer",
    "  answers:",
    ...[...answers, "4XX", "5XX", "default"].map((answer) => `    ${answer}: a rule`),
    "of an answer",
    ...ruleWords(document, ANSWER),
    "of a lost connection",
    ...ruleWords(document, LOST),
  ].join("\n");
}
