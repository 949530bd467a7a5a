import { expect, test } from "vitest";
import { areApart, isWithinLengths, isWithinPattern, isWithinWords } from "../../src/diff/language.ts";

const within = (one: string, other: string) => isWithinPattern({ patterns: [one] }, other);

test.each([
  ["^[a-z]+$", "^[a-z0-9]+$"],
  ["^a", "a"],
  ["^$", ""],
  ["a|b", "[ab]"],
  ["(^|,)a", "a"],
  ["a(,|$)", "a"],
  ["^(?:a|b)*$", "^[ab]*$"],
  ["^(a+)+$", "^a+$"],
  ["^(?<hour>[01]\\d|2[0-3]):[0-5]\\d$", "^\\d\\d:\\d\\d$"],
  ["^\\d{1,64}$", "^[0-9]+?$"],
  ["^[A-Z]{2}[0-9]{3}$", "^[A-Z0-9]{5}$"],
  ["^\\x41\\u0042\\u{43}$", "^ABC$"],
  ["^[^\\n]$", "^[\\s\\S]$"],
])("each text of %s is one of %s", (one, other) => {
  expect(within(one, other)).toBe(true);
});

test.each([
  ["a", "^a"],
  ["", "^$"],
  ["^a|b$", "^(a|b)$"],
  ["^[a-z]{3}$", "^[a-z]{2}$"],
  ["^[\\s\\S]{0,5}$", "^.{0,5}$"],
  ["^(?:[01]\\d|2[0-3])$", "^[01]\\d$"],
])("not each text of %s is one of %s", (one, other) => {
  expect(within(one, other)).toBe(false);
});

test.each(["^(?=a)", "\\bfoo\\b", "^(a)\\1$", "^\\p{L}$", "^^a", "(?i)a", "(^a)*b", "["])(
  "of %s nothing is said that is not sure",
  (pattern) => {
    expect(within("^[a-z]+$", pattern)).toBeUndefined();
    // What can't be read limits; without it there are more texts, and these fit.
    expect(isWithinPattern({ patterns: [pattern, "^ab$"] }, "^a")).toBe(true);
    expect(within(pattern, "^zz$")).toBeUndefined();
  },
);

test("lengths and words are patterns, too", () => {
  expect(isWithinLengths(["^.{3}$"], 3, 3)).toBe(true);
  expect(isWithinLengths(["^.{3}"], 3, 3)).toBe(false);
  expect(isWithinPattern({ patterns: ["a"], maxLength: 1 }, "^a$")).toBe(true);
  expect(isWithinWords({ patterns: ["^(?:red|blue)$"] }, ["blue", "red", "green"])).toBe(true);
  expect(isWithinWords({ patterns: ["^(?:red|blue)$"] }, ["red"])).toBe(false);
  expect(areApart(["^a"], ["^b"])).toBe(true);
  expect(areApart(["a"], ["b"])).toBe(false);
});

test("an expression whose automaton would have millions of states is given up within seconds", () => {
  const began = process.cpuUsage().user;
  expect(within("(a|b)*a(a|b){20}$", "(a|b)*b(a|b){20}c$")).not.toBe(true);
  expect(within("^(?:a|b)*a(?:a|b){30}$", "^(?:a|b)*a(?:a|b){29}(?:a|b)$")).not.toBe(false);
  expect((process.cpuUsage().user - began) / 1000).toBeLessThan(3_000);
});
