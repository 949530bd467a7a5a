import type { AnySchema } from "ajv";
import { describe, expect, it } from "vitest";
import { createSchemaCheck } from "../../src/agent/schema-check.ts";

/** What is found in a value, and what was said not to be checked. */
async function checked(schema: unknown, ...values: unknown[]) {
  const unchecked: string[] = [];
  const check = await createSchemaCheck(schema as AnySchema, (what) => unchecked.push(what));
  return { found: values.map((value) => check(value).map(({ path }) => path)), unchecked };
}

const BASE = { type: "object", properties: { to: { type: "string" } }, required: ["to"] };

describe("a schema is checked in whichever draft", () => {
  it.each([
    "http://json-schema.org/draft-06/schema#",
    "http://json-schema.org/draft-07/schema#",
    "https://json-schema.org/draft-07/schema",
    "https://json-schema.org/draft/2019-09/schema",
    "https://json-schema.org/draft/2020-12/schema",
    "https://json-schema.org/draft/2020-12/schema#",
    "https://example.com/meta",
    "",
    5,
    null,
  ])("%j", async ($schema) => {
    expect(await checked({ $schema, ...BASE }, {}, { to: "a" }, { to: 5 })).toEqual({
      found: [[""], [], ["/to"]],
      unchecked: [],
    });
  });

  it.each([
    "http://json-schema.org/draft-06/schema#",
    "https://json-schema.org/draft/2019-09/schema",
    "https://example.com/meta",
  ])("with the keywords of that one: a list's items in %s", async ($schema) => {
    const schema = { $schema, properties: { pair: { items: [{ type: "string" }, { type: "number" }] } } };
    expect(await checked(schema, { pair: ["a", 1] }, { pair: ["a", "b"] })).toEqual({
      found: [[], ["/pair/1"]],
      unchecked: [],
    });
  });

  it("booleans too", async () => {
    expect((await checked(false, {})).found).toEqual([[""]]);
    expect((await checked(true, {})).found).toEqual([[]]);
  });
});

it.each(["constructor", "toString", "valueOf", "hasOwnProperty", "__proto__"])(
  "an optional parameter called %s may be absent, and a required one may not",
  async (name) => {
    const named = (json: string) => JSON.parse(json.replaceAll("NAME", name)) as object;
    const optional = named(
      '{"type":"object","properties":{"a":{"type":"string"},"NAME":{"type":"string"}},"required":["a"]}',
    );
    expect((await checked(optional, { a: "x" })).found).toEqual([[]]);
    const required = named('{"type":"object","required":["NAME"]}');
    expect((await checked(required, { a: "x" }, named('{"NAME":1}'))).found).toEqual([[""], []]);
  },
);

it("amounts are multiples of a cent as a person counts them", async () => {
  const schema = { properties: { amount: { multipleOf: 0.01 } } };
  const right = [19.99, 0.07, 1.1, 4.35, 1_000_000.01, 99_999_999.99, 0, -19.99];
  const wrong = [19.995, 0.001, 1_000_000.015];
  const amounts = [...right, ...wrong].map((amount) => ({ amount }));
  expect((await checked(schema, ...amounts)).found).toEqual([
    ...right.map(() => []),
    ...wrong.map(() => ["/amount"]),
  ]);
});

describe("what can't be checked is said, and nothing is refused for it", () => {
  it.each<[string, object]>([
    ["an id twice", { $defs: { a: { $id: "x", type: "string" }, b: { $id: "x", type: "number" } }, ...BASE }],
    ["a schema elsewhere", { $ref: "https://example.com/other.json" }],
    ["what is no schema", { type: "nothing" }],
  ])("%s", async (_what, schema) => {
    expect(await checked(schema, {})).toEqual({ found: [[]], unchecked: ["its schema can't be compiled"] });
  });

  it.each<[string, object]>([
    ["$dynamicRef", { $dynamicAnchor: "a", allOf: [{ $dynamicRef: "#a" }] }],
    ["$ref", { $defs: { a: { allOf: [{ $ref: "#/$defs/a" }] } }, $ref: "#/$defs/a" }],
  ])("a schema that refers to itself by %s alone", async (_what, schema) => {
    expect(await checked(schema, {})).toEqual({
      found: [[]],
      unchecked: ["its schema refers to itself without end"],
    });
  });

  it("a pattern without a counterpart, once, and the rest of the schema is checked", async () => {
    const schema = { properties: { a: { pattern: "(?x)a" }, b: { pattern: "^b$" } }, required: ["a"] };
    expect(await checked(schema, { a: "x", b: "x" }, { a: "y" }, {}, { a: "b", b: "b" })).toEqual({
      found: [["/b"], [], [""], []],
      unchecked: ['the pattern "(?x)a"'],
    });
  });

  it("a pattern that blows up over a text: a moment for all of them, and the rest is checked", async () => {
    const schema = { properties: { list: { items: { pattern: "^(a+)+$" } }, n: { type: "number" } } };
    const began = performance.now();
    const list = Array.from({ length: 100 }, () => `${"a".repeat(40)}!`);
    expect(await checked(schema, { list, n: "x" })).toEqual({
      found: [["/n"]],
      unchecked: ['the pattern "^(a+)+$"'],
    });
    expect(performance.now() - began).toBeLessThan(5_000);
  });

  it.each<[string, object]>([
    ["not", { properties: { a: { not: { pattern: "(?x)a" } } } }],
    ["oneOf", { properties: { a: { oneOf: [{ pattern: "(?x)a" }, { pattern: "(?x)b" }] } } }],
    ["if", { if: { properties: { a: { pattern: "(?x)a" } } }, else: { required: ["b"] } }],
    [
      "patternProperties",
      { patternProperties: { "(?x)a": { type: "number" } }, additionalProperties: false },
    ],
  ])("where it decides by not fitting, nothing is guessed: %s", async (_what, schema) => {
    const { found, unchecked } = await checked(schema, { a: "x" });
    expect(found).toEqual([[]]);
    expect(unchecked[0]).toMatch(/pattern/);
  });
});

it("two patterns of one schema are two", async () => {
  const schema = { properties: { a: { pattern: "^a$" }, b: { pattern: "^b$" } } };
  expect((await checked(schema, { a: "a", b: "b" }, { a: "b", b: "a" })).found).toEqual([[], ["/a", "/b"]]);
});
