import { expect, test } from "vitest";
import { compareDocuments } from "../../src/diff/compare.ts";
import type { Json } from "../../src/documents/document.ts";
import { BASE, documentOf, type Edit, edited, lines } from "./base.ts";

const STOPS: { readonly [where: string]: readonly [edit: Edit, said: RegExp] } = {
  "a schema": [
    ["set", "@Widget.note contentEncoding", "base64"],
    /the schema components\/schemas\/Widget\/properties\/note has contentEncoding/,
  ],
  "a schema in an array": [
    ["set", "@Widget.parts items", { unevaluatedItems: false }],
    /parts\/items has unevaluatedItems/,
  ],
  "a schema in a condition": [["set", "@Widget then", { contains: {} }], /Widget\/then has contains/],
  "a schema that nobody uses": [
    ["set", "@Unused", { patternProperties: {} }],
    /schemas\/Unused has patternProperties/,
  ],
  "OpenAPI 3.0": [["set", "@Widget.note nullable", true], /note has nullable/],
  "a parameter": [
    ["set", "#listWidgets parameters 0 content", {}],
    /the parameter paths\/\/v1\/widgets\/get\/parameters\/0 has content/,
  ],
  "an operation": [["set", "#getHealth callbacks", {}], /the operation paths\/\/healthz\/get has callbacks/],
  "an operation's extension": [["set", "#getHealth x-cost", 3], /has x-cost/],
  "an answer": [["set", "#getHealth responses 200 links", {}], /the response .*200 has links/],
  "a header": [["set", "#listWidgets responses 200 headers Age content", {}], /the header .*Age has content/],
  "a rule of an outcome": [["set", "#createWidget x-outcomes lost when", "now"], /the rule .*lost has when/],
  "the document": [["set", "jsonSchemaDialect", "x"], /the document # has jsonSchemaDialect/],
};

for (const [where, [edit, said]] of Object.entries(STOPS))
  test(`a keyword that is not known stops the run: ${where}`, () => {
    expect(() => lines(BASE, edited([edit]))).toThrow(said);
    expect(() => lines(edited([edit]), BASE)).toThrow(/which this comparison has no rule for/);
  });

test("an extension can be said to have no meaning here", () => {
  const one = (edits: readonly Edit[]) => new Map([["agent", documentOf(edited(edits))]]);
  expect(compareDocuments(one([]), one([["set", "#getHealth x-cost", 3]]), new Set(["x-cost"]))).toEqual([]);
});

test("names are no keywords: a member, a status or a schema may be called anything", () => {
  const named: Json = {
    type: "object",
    properties: { contains: { type: "string" }, $id: { type: "string" } },
  };
  expect(
    lines(edited([["set", "@patternProperties", named]]), edited([["set", "@patternProperties", named]])),
  ).toEqual([]);
});
