import { isObject, type Json } from "../../documents/document.ts";
import { type Difference, shown, typeName } from "./difference.ts";

/** A keyword that looks at one value alone; it says nothing of values of another type. */
type Rule = (rule: Json, value: Json) => Difference[];

/** What a keyword has to complain of; `at` is relative to the value. */
export function brokenRule(keyword: string, rule: Json, value: Json): Difference[] | "no such rule" {
  return RULES[keyword]?.(rule, value) ?? "no such rule";
}

const fine: Difference[] = [];

const amiss = (what: string): Difference[] => [{ kind: "value", at: "", what }];

const missing = (name: string): Difference => ({ kind: "missing", at: `.${name}`, what: "is missing" });

/** A rule about texts, numbers or arrays, by what it measures: how many or how much. */
function bound(
  measure: (value: Json) => number | undefined,
  fits: (size: number, limit: number) => boolean,
  words: string,
): Rule {
  return (rule, value) => {
    const size = measure(value);
    return size === undefined || fits(size, Number(rule))
      ? fine
      : amiss(`is ${shown(value)}: ${words} ${String(rule)}`);
  };
}

const lengthOf = (value: Json) => (typeof value === "string" ? [...value].length : undefined);
const amountOf = (value: Json) => (typeof value === "number" ? value : undefined);
const countOf = (value: Json) => (Array.isArray(value) ? value.length : undefined);
const least = (size: number, limit: number) => size >= limit;
const most = (size: number, limit: number) => size <= limit;

const RULES: Readonly<Record<string, Rule>> = {
  type(rule, value) {
    const types = (Array.isArray(rule) ? rule : [rule]).map(String);
    if (types.includes(typeName(value)) || (types.includes("integer") && Number.isInteger(value)))
      return fine;
    return [{ kind: "type", at: "", what: `is ${typeName(value)}, not ${types.join(" or ")}` }];
  },
  const: (rule, value) =>
    JSON.stringify(rule) === JSON.stringify(value) ? fine : amiss(`is ${shown(value)}, not ${shown(rule)}`),
  enum: (rule, value) =>
    Array.isArray(rule) && rule.some((entry) => JSON.stringify(entry) === JSON.stringify(value))
      ? fine
      : amiss(
          `is ${shown(value)}, which is none of ${Array.isArray(rule) ? rule.map(String).join(", ") : ""}`,
        ),
  pattern: (rule, value) =>
    typeof value !== "string" || new RegExp(String(rule), "u").test(value)
      ? fine
      : amiss(`is ${shown(value)}, which does not fit ${String(rule)}`),
  format(rule, value) {
    const test = FORMATS[String(rule)];
    if (test === undefined) throw new Error(`the format ${String(rule)} is not known`);
    return test(value) ? fine : amiss(`is ${shown(value)}, which is no ${String(rule)}`);
  },
  minLength: bound(lengthOf, least, "its length is at least"),
  maxLength: bound(lengthOf, most, "its length is at most"),
  minimum: bound(amountOf, least, "it is at least"),
  maximum: bound(amountOf, most, "it is at most"),
  minItems: bound(countOf, least, "it has at least so many entries:"),
  maxItems: bound(countOf, most, "it has at most so many entries:"),
  required: (rule, value) =>
    isObject(value) && Array.isArray(rule)
      ? rule
          .map(String)
          .filter((name) => !Object.hasOwn(value, name))
          .map(missing)
      : fine,
  dependentRequired: (rule, value) =>
    isObject(value) && isObject(rule)
      ? [
          ...new Set(
            Object.entries(rule).flatMap(([name, others]) =>
              Object.hasOwn(value, name) && Array.isArray(others) ? others.map(String) : [],
            ),
          ),
        ]
          .filter((name) => !Object.hasOwn(value, name))
          .map(missing)
      : fine,
};

const text = (test: (value: string) => boolean) => (value: Json) => typeof value !== "string" || test(value);

const FORMATS: Readonly<Record<string, (value: Json) => boolean>> = {
  uuid: text((value) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value)),
  "date-time": text(
    (value) =>
      /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i.test(value) &&
      !Number.isNaN(Date.parse(value)),
  ),
  int32: (value) => typeof value !== "number" || (Number.isInteger(value) && Math.abs(value) <= 2 ** 31),
  int64: (value) => typeof value !== "number" || Number.isInteger(value),
};
