import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { compareDocuments } from "../../src/diff/compare.ts";
import { loadDocuments } from "../../src/diff/load.ts";
import type { Json } from "../../src/documents/document.ts";
import { temporaryFolder } from "../support/bare.ts";
import { BASE, documentOf, type Edit, edited, line, lines } from "./base.ts";

const UNKNOWN: { readonly [where: string]: readonly [edit: Edit, said: RegExp] } = {
  "a schema": [
    ["set", "@Widget.note contentEncoding", "base64"],
    /Widget\.note contentEncoding was none, is "base64", and whether each value still fits can't be told/,
  ],
  "a word that no draft has": [["set", "@Widget.note colour", { red: true }], /Widget\.note colour was none/],
  "a schema in an array": [["set", "@Widget.parts items odd", 1], /Part odd was none, is 1, .*can't be told/],
  "a parameter": [
    ["set", "#listWidgets parameters 0 odd", true],
    /parameters\/0\/odd was nothing, is true, and what that changes can't be told/,
  ],
  "an operation": [["set", "#getHealth odd", {}], /get\/odd was nothing, .*can't be told/],
  "an answer": [["set", "#getHealth responses 200 odd", {}], /200\/odd was nothing, .*can't be told/],
  "a header": [
    ["set", "#listWidgets responses 200 headers Age odd", 1],
    /Age\/odd was nothing, .*can't be told/,
  ],
  "a media type": [
    ["set", "#createWidget requestBody content application/json encoding", { a: {} }],
    /encoding was nothing, .*can't be told/,
  ],
  "the document": [["set", "odd", {}], /^wire odd was nothing, .*can't be told/],
};

for (const [where, [edit, said]] of Object.entries(UNKNOWN))
  test(`a keyword without a rule is a wire change that can't be told, in either direction: ${where}`, () => {
    for (const found of [lines(BASE, edited([edit])), lines(edited([edit]), BASE)]) {
      expect(found.filter((text) => !text.startsWith("notice"))).toHaveLength(1);
      expect(found.join("\n")).toMatch(/^wire .*can't be told$/m);
    }
    expect(lines(BASE, edited([edit])).join("\n")).toMatch(said);
    expect(lines(edited([edit]), edited([edit]))).toEqual([]);
  });

const SILENT: { readonly [where: string]: Edit } = {
  "an extension of an operation": ["set", "#getHealth x-cost", 3],
  "an extension of a schema": ["set", "@Widget.note x-order", 3],
  externalDocs: ["set", "@Widget externalDocs", { url: "https://example.com" }],
  "servers of a path": ["set", "paths /healthz servers", [{ url: "https://example.com" }]],
  "a schema that nobody uses": ["set", "@Unused", { patternProperties: {} }],
  "definitions that nobody uses": ["set", "@Widget $defs", { a: { type: "string" } }],
  "an $id and an $anchor": ["set", "@Widget.note $anchor", "note"],
  links: ["set", "#getHealth responses 200 links", { next: { operationId: "getHealth" } }],
  "a style in words that is the default": ["set", "#listWidgets parameters 0 style", "form"],
  "a bearer format": ["set", "components securitySchemes lease bearerFormat", "JWT"],
};

for (const [where, edit] of Object.entries(SILENT))
  test(`what changes nothing on the wire is no wire change: ${where}`, () => {
    const told = [...lines(BASE, edited([edit])), ...lines(edited([edit]), BASE)];
    expect(told.filter((text) => !text.startsWith("notice") && !/Unused is gone/.test(text))).toEqual([]);
  });

test("a member outside of schemas can be said to have no meaning here", () => {
  const one = (edits: readonly Edit[]) => new Map([["agent", documentOf(edited(edits))]]);
  expect(compareDocuments(one([]), one([["set", "#getHealth x-cost", 3]]), new Set(["x-cost"]))).toEqual([]);
});

test("names are no keywords: a member, a status or a schema may be called anything", () => {
  const named: Json = {
    type: "object",
    properties: { contains: { type: "string" }, $id: { type: "string" }, $ref: { type: "string" } },
  };
  expect(
    lines(edited([["set", "@patternProperties", named]]), edited([["set", "@patternProperties", named]])),
  ).toEqual([]);
});

/** Documents of several files, the first of which is the document. */
function documents(files: { readonly [name: string]: Json }) {
  const folder = temporaryFolder();
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), JSON.stringify(content));
  }
  return loadDocuments(join(folder, Object.keys(files)[0] ?? ""));
}
const compared = (before: { [name: string]: Json }, after: { [name: string]: Json }) =>
  compareDocuments(documents(before), documents(after)).map(line);

const asking = (schema: Json, more: { [name: string]: Json } = {}): Json => ({
  openapi: "3.1.0",
  info: { title: "t", version: "1" },
  paths: {
    "/x": {
      post: {
        operationId: "op",
        requestBody: { content: { "application/json": { schema } } },
        responses: { "200": { description: "ok" } },
      },
    },
  },
  ...more,
});

test("a schema in another file is looked at as one in the document, its own references too", () => {
  const files = (pattern: string): { [name: string]: Json } => ({
    "agent.json": asking({ $ref: "defs/s.json#/components/schemas/A" }),
    "defs/s.json": { components: { schemas: { A: { $ref: "t.json" } } } },
    "defs/t.json": { type: "object", patternProperties: { "^x-": { type: pattern } } },
  });
  expect(compared(files("string"), files("integer"))).toEqual(["wire A.(^x-) type was string, is integer"]);
  expect(compared(files("string"), files("string"))).toEqual([]);
});

test("files that refer to each other are read once, and compared", () => {
  const files = (type: string): { [name: string]: Json } => ({
    "a.json": asking(
      { $ref: "b.json" },
      { components: { schemas: { Leaf: { type: "object", properties: { v: { type } } } } } },
    ),
    "b.json": {
      type: "object",
      properties: { next: { $ref: "b.json" }, leaf: { $ref: "a.json#/components/schemas/Leaf" } },
    },
  });
  expect(compared(files("string"), files("number"))).toEqual(["wire Leaf.v type was string, is number"]);
});

test("everything that can't be read is listed at once, with places", () => {
  const broken = asking(
    { $ref: "#/components/schemas/N" },
    {
      components: {
        schemas: {
          N: { $ref: "#/components/schemas/N" },
          M: { properties: { a: { $ref: "#/components/schemas/Gone" }, b: { $ref: "gone.json#/x" } } },
        },
      },
    },
  );
  let said = "";
  try {
    compared({ "agent.json": broken }, { "agent.json": asking({}) });
  } catch (error) {
    said = (error as Error).message;
  }
  expect(said).toMatch(/agent\.json can't be compared, for \d reasons:/);
  expect(said).toContain("#/components/schemas/N: the $ref #/components/schemas/N leads to itself");
  expect(said).toContain("#/components/schemas/M/properties/a: nothing at #/components/schemas/Gone");
  expect(said).toMatch(
    /#\/components\/schemas\/M\/properties\/b: the \$ref gone\.json#\/x leads to a file that is not there/,
  );
});

test("Swagger 2 and what is no OpenAPI are refused, with what to do", () => {
  const of = (root: Json) => () => compared({ "a.json": root }, { "a.json": asking({}) });
  expect(of({ swagger: "2.0", paths: {} })).toThrow(/Swagger 2\.0: convert it to OpenAPI 3/);
  expect(of({ paths: {} })).toThrow(
    /no document of OpenAPI 3\.0, 3\.1 or 3\.2: its member openapi is not there/,
  );
});
