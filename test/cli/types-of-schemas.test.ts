import { Ajv } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import { beforeAll, describe, expect, test } from "vitest";
import { declarationsOf } from "../../src/cli/types/declarations.ts";
import { diagnosticsOf } from "../../src/documents/compile.ts";
import type { Json, JsonObject } from "../../src/documents/document.ts";

/** A schema as its author's tool prints it, values that fit it, and values that a type should stop. */
interface Case {
  readonly schema: JsonObject;
  readonly good: readonly JsonObject[];
  readonly bad?: readonly JsonObject[];
  /** Ajv reads it otherwise than the standard. */
  readonly unjudged?: true;
}

const DRAFT_7 = { $schema: "http://json-schema.org/draft-07/schema#" };
const text = { type: "string" };
const number = { type: "number" };

const CASES: { readonly [title: string]: Case } = {
  "an anchor": {
    schema: {
      type: "object",
      properties: { to: { $ref: "#mail" } },
      required: ["to"],
      $defs: { mail: { $anchor: "mail", type: "string" } },
    },
    good: [{ to: "a" }],
    bad: [{ to: 1 }, { to: { to: "a" } }],
  },
  "an anchor as draft 7 writes it": {
    schema: {
      ...DRAFT_7,
      type: "object",
      properties: { to: { $ref: "#mail" } },
      definitions: { mail: { $id: "#mail", type: "string" } },
    },
    good: [{ to: "a" }],
    bad: [{ to: 1 }],
  },
  "a reference by $id": {
    schema: {
      $id: "https://example.com/pay.json",
      type: "object",
      properties: { to: { $ref: "mail.json" }, from: { $ref: "/mail.json#/$defs/host" } },
      $defs: { mail: { $id: "mail.json", type: "string", $defs: { host: number } } },
    },
    good: [{ to: "a", from: 1 }],
    bad: [{ to: 1 }, { from: "a" }],
  },
  "a member called $id, and one called $anchor": {
    schema: { type: "object", properties: { $id: text, $anchor: { type: "string" } }, required: ["$id"] },
    good: [{ $id: "a" }],
    bad: [{}],
  },
  "a reference that is percent-encoded": {
    schema: {
      type: "object",
      properties: { env: { $ref: "#/definitions/Record%3Cstring%2Cstring%3E" } },
      required: ["env"],
      definitions: { "Record<string,string>": { type: "object", additionalProperties: text } },
    },
    good: [{ env: { a: "b" } }],
    bad: [{ env: { a: 1 } }],
  },
  "definitions whose names differ in marks only": {
    schema: {
      type: "object",
      properties: { a: { $ref: "#/$defs/a~1b" }, b: { $ref: "#/$defs/a b" }, c: { $ref: "#/$defs/a%25b" } },
      $defs: { "a/b": text, "a b": number, "a%b": { type: "boolean" } },
    },
    good: [{ a: "x", b: 1, c: true }],
    bad: [{ a: 1 }, { b: "x" }, { c: "x" }],
  },
  "other members of one type beside named ones": {
    schema: { type: "object", properties: { a: text }, required: ["a"], additionalProperties: number },
    good: [{ a: "x", b: 1 }, { a: "x" }],
    bad: [{ b: 1 }, { a: "x", b: { c: 1 } }],
  },
  "members by pattern beside named ones": {
    schema: {
      type: "object",
      properties: { id: text },
      required: ["id"],
      patternProperties: { "^x-": number },
      additionalProperties: false,
    },
    good: [{ id: "a", "x-b": 1 }],
    bad: [{ "x-b": 1 }],
  },
  "members by pattern alone": {
    schema: { type: "object", patternProperties: { "^x-": number }, additionalProperties: false },
    good: [{ "x-a": 1 }, {}],
    bad: [{ "x-a": "b" }],
  },
  "members by pattern in an open object": {
    schema: { type: "object", properties: { id: text }, patternProperties: { "^x-": number } },
    good: [{ id: "a", "x-a": 1, other: [true] }],
    bad: [{ id: 1 }],
  },
  "objects beside others of one type": {
    schema: {
      type: "object",
      properties: { a: { type: "object", properties: { b: text } } },
      additionalProperties: text,
    },
    good: [{ a: { b: "x" }, c: "y" }],
    bad: [{ a: { b: 1 } }],
  },
  "anyOf of required beside properties": {
    schema: {
      type: "object",
      properties: { id: text, name: text },
      anyOf: [{ required: ["id"] }, { required: ["name"] }],
      additionalProperties: false,
    },
    good: [{ id: "a" }, { name: "b" }],
    bad: [{ id: 1 }, { other: "a" }],
  },
  "oneOf of required, and a description in one branch": {
    schema: {
      properties: { id: text, name: text },
      oneOf: [{ required: ["id"], description: "By its id." }, { required: ["name"] }],
    },
    good: [{ id: "a" }, { name: "b" }],
    bad: [{ id: 1 }],
  },
  "oneOf beside properties": {
    schema: {
      type: "object",
      properties: { at: text },
      required: ["at"],
      oneOf: [
        { properties: { mail: text }, required: ["mail"] },
        { properties: { phone: number }, required: ["phone"] },
      ],
    },
    good: [
      { at: "now", mail: "a" },
      { at: "now", phone: 1 },
    ],
    bad: [{ mail: "a" }, { at: "now" }, { at: "now", phone: "1" }],
  },
  "anyOf beside properties": {
    schema: {
      type: "object",
      properties: { at: text },
      required: ["at"],
      anyOf: [{ type: "object", properties: { mail: text }, required: ["mail"] }, { $ref: "#/$defs/phone" }],
      $defs: { phone: { type: "object", properties: { phone: number }, required: ["phone"] } },
    },
    good: [{ at: "now", mail: "a" }],
    bad: [{ mail: "a" }, { at: "now" }],
  },
  "required of what stands in a reference": {
    schema: {
      allOf: [{ $ref: "#/$defs/mail" }],
      required: ["to"],
      $defs: { mail: { type: "object", properties: { to: text, cc: text } } },
    },
    good: [{ to: "a" }],
    bad: [{}, { to: 1 }, { cc: "a" }],
  },
  "required of what no schema describes": {
    schema: { type: "object", required: ["any"] },
    good: [{ any: [1] }],
    bad: [{}],
  },
  "required of a map": {
    schema: { type: "object", required: ["a"], additionalProperties: number },
    good: [{ a: 1, b: 2 }],
    bad: [{ b: 2 }, { a: "x" }],
  },
  "what stands beside a reference": {
    schema: {
      type: "object",
      properties: { to: { $ref: "#/$defs/mail", properties: { cc: text }, required: ["cc"] } },
      $defs: { mail: { type: "object", properties: { to: text } } },
    },
    good: [{ to: { to: "a", cc: "b" } }],
    bad: [{ to: { to: "a" } }],
  },
  "what stands beside a reference in draft 7, where it says nothing": {
    schema: {
      ...DRAFT_7,
      type: "object",
      properties: { to: { $ref: "#/definitions/mail", type: "number" } },
      definitions: { mail: text },
    },
    good: [{ to: "a" }],
    bad: [{ to: 1 }],
    unjudged: true,
  },
  "a condition": {
    schema: {
      type: "object",
      properties: { kind: { enum: ["a", "b"] }, more: text },
      if: { properties: { kind: { const: "a" } } },
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
      then: { required: ["more"] },
    },
    good: [{ kind: "a", more: "x" }, { kind: "b" }],
    bad: [{ kind: "c" }],
  },
  "nothing, or one of a list": {
    schema: {
      type: "object",
      properties: { a: { type: ["string", "null"], enum: ["x", null] }, b: { const: null } },
    },
    good: [{ a: "x" }, { a: null, b: null }],
    bad: [{ a: "y" }, { b: 1 }],
  },
  "what OpenAPI 3.0 calls nullable is no word of JSON Schema": {
    schema: { type: "object", properties: { a: { type: "string", nullable: true } } },
    good: [{ a: "x" }],
    bad: [{ a: null }],
  },
  "a schema that contains itself": {
    schema: {
      type: "object",
      properties: { children: { type: "array", items: { $ref: "#" } }, name: text },
      required: ["name"],
    },
    good: [{ name: "a", children: [{ name: "b" }] }],
    bad: [{ name: "a", children: [{}] }],
  },
  "a dynamic reference to its anchor": {
    schema: {
      type: "object",
      properties: { next: { $dynamicRef: "#node" }, v: number },
      $dynamicAnchor: "node",
    },
    good: [{ next: { next: {}, v: 1 } }],
    bad: [{ next: { v: "x" } }],
  },
};

/** Schemas of which no type can be made; each says why, and harms no other. */
const UNTYPED: { readonly [title: string]: readonly [schema: Json, why: RegExp] } = {
  "nothing at the anchor": [{ properties: { a: { $ref: "#nobody" } } }, /\$ref leads nowhere: #nobody/],
  "another file": [
    { properties: { a: { $ref: "other.json#/a" } } },
    /\$ref leads elsewhere: other\.json#\/a/,
  ],
  "an object or nothing": [
    { anyOf: [{ properties: { a: text } }, { type: "null" }] },
    /not a schema of an object/,
  ],
  "a reference to itself": [{ $ref: "#" }, /does not compile|not a schema of an object/],
  "two that refer to each other": [
    { $ref: "#/$defs/a", $defs: { a: { $ref: "#/$defs/b" }, b: { $ref: "#/$defs/a" } } },
    /does not compile|not a schema of an object/,
  ],
};

const facts = { version: "1", riskLevel: "low", sideEffects: [] };
const quoted = (title: string) => JSON.stringify(title);

let file: string;
let refused: Set<string>;

beforeAll(async () => {
  const schemas = {
    ...Object.fromEntries(Object.entries(CASES).map(([title, { schema }]) => [title, schema])),
  };
  for (const [title, [schema]] of Object.entries(UNTYPED)) schemas[title] = schema as JsonObject;
  file = await declarationsOf(Object.entries(schemas).map(([id, schema]) => ({ id, schema, ...facts })));
  const lines = Object.entries(CASES).flatMap(([title, { good, bad = [] }]) =>
    [...good, ...bad].map(
      (value) => `((given: ActionMap[${quoted(title)}]) => given)(${JSON.stringify(value)});`,
    ),
  );
  const all = `import type { ActionMap } from "./actions.ts";\n${lines.join("\n")}`;
  const said = await diagnosticsOf(
    new Map([
      ["/actions.ts", file],
      ["/calls.ts", all],
    ]),
    ["/actions.ts", "/calls.ts"],
    "a test",
  );
  expect(said.filter((diagnostic) => diagnostic.file === "/actions.ts")).toEqual([]);
  refused = new Set(said.map(({ line }) => lines[line - 1] ?? ""));
}, 60_000);

const isRefused = (title: string, value: JsonObject) =>
  refused.has(`((given: ActionMap[${quoted(title)}]) => given)(${JSON.stringify(value)});`);

describe("the type of a schema with", () => {
  for (const [title, { schema, good, bad = [], unjudged }] of Object.entries(CASES))
    test(`${title}: takes what fits, and stops what does not`, () => {
      const ajv =
        schema["$schema"] === undefined ? new Ajv2020({ strict: false }) : new Ajv({ strict: false });
      const fits = ajv.compile(schema);
      if (!unjudged) expect(good.filter((value) => !fits(value))).toEqual([]);
      expect(good.filter((value) => isRefused(title, value))).toEqual([]);
      expect(bad.filter((value) => !isRefused(title, value))).toEqual([]);
    });
});

describe("a schema that has no type", () => {
  for (const [title, [, why]] of Object.entries(UNTYPED))
    test(`is told, and takes nothing from the others: ${title}`, () => {
      const [, comment = ""] =
        file.split(`${quoted(title)}: Record<string, unknown>;`)[0]?.split(/^.*\n(?= {2}\/\*\*)/s) ?? [];
      expect(comment).toMatch(why);
    });
});

test("all these actions together leave a client typed for each of them", async () => {
  const client = `import type { ActionMap } from "./actions.ts";
type ActionsLike<Actions> = { readonly [Id in keyof Actions]: object };
export type Checked<Actions extends ActionsLike<Actions>> = Actions;
export type Used = Checked<ActionMap>;`;
  const files = new Map([
    ["/actions.ts", file],
    ["/client.ts", client],
  ]);
  expect(await diagnosticsOf(files, ["/client.ts"], "a test")).toEqual([]);
});
