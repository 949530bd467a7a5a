import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test, vi } from "vitest";
import { run } from "../../src/cli/dispatch.ts";
import { diagnosticsOf } from "../../src/documents/compile.ts";
import type { Json } from "../../src/documents/document.ts";
import { temporaryFolder } from "../support/bare.ts";

// Types are made and compiled: seconds on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const rule = { outcome: "not_executed", replayCheck: "before", again: "never" };
const OUTCOMES = {
  effect: "none",
  lost: { outcome: "not_executed", again: "backoff" },
  answers: { "200": rule, default: rule },
};
const operation = (operationId: string, schema: Json = {}) => ({
  operationId,
  security: [],
  responses: { "200": { description: "ok", content: { "application/json": { schema } } } },
  "x-outcomes": OUTCOMES,
});
const document = (paths: Json, schemas: Json = {}) => ({
  openapi: "3.1.0",
  info: { title: "t", version: "1" },
  paths,
  components: { schemas },
});

/** Generates from files (the first is the document); gives what was said, and what was written. */
async function generated(files: { readonly [name: string]: Json }) {
  const cwd = temporaryFolder();
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(cwd, name)), { recursive: true });
    writeFileSync(join(cwd, name), JSON.stringify(content));
  }
  const said: string[] = [];
  const say = (line: string) => void said.push(line);
  const [first = ""] = Object.keys(files);
  const code = await run(["generate", "--agent", first, "--out", "out"], {
    out: say,
    err: say,
    cwd,
    env: {},
  });
  const read = (name: string) => (code === 0 ? readFileSync(join(cwd, "out", name), "utf8") : "");
  const types = read("agent.ts");
  const broken = await diagnosticsOf(new Map([["/agent.ts", types]]), ["/agent.ts"], "a test");
  expect(broken).toEqual([]);
  return { code, said: said.join("\n"), types, operations: read("operations.ts") };
}

test("references of an operation that is one are looked for beside its own file", async () => {
  const { operations } = await generated({
    "main.json": document({ "/a": { get: { $ref: "sub/a.json" } } }),
    "sub/a.json": { ...operation("readA"), parameters: [{ $ref: "params.json#/q" }] },
    "sub/params.json": { q: { name: "q", in: "query", schema: { type: "string" } } },
  });
  expect(operations).toContain('"readA": {');
});

test("one operation at two paths is told, not left out", async () => {
  const { code, said } = await generated({
    "main.json": document({ "/a": { $ref: "paths/a.json" }, "/b": { $ref: "paths/a.json" } }),
    "paths/a.json": { get: operation("readA") },
  });
  expect(code).toBe(1);
  expect(said).toMatch(/readA is there twice/);
});

test("ten path items in ten files are ten operations", async () => {
  const names = Array.from({ length: 10 }, (_, index) => `p${index}`);
  const { operations } = await generated({
    "main.json": document(
      Object.fromEntries(names.map((name) => [`/${name}`, { $ref: `paths/${name}.json` }])),
    ),
    ...Object.fromEntries(
      names.map((name) => [
        `paths/${name}.json`,
        { parameters: [{ $ref: "../shared.json#/q" }], get: operation(name) },
      ]),
    ),
    "shared.json": { q: { name: "q", in: "query", schema: { type: "string" } } },
  });
  expect(operations.match(/"method": "GET"/g)).toHaveLength(10);
});

test("the operations of another whole document are in that document's table", async () => {
  const { operations } = await generated({
    "main.json": document({ "/a": { get: operation("readA") }, "/b": { $ref: "other.json#/paths/~1b" } }),
    "other.json": document({ "/b": { get: operation("readB") } }),
  });
  expect(operations).toContain('"readA": {');
  expect(operations).not.toContain('"readB": {');
});

test("a file that is not there is named, with the reference", async () => {
  const { code, said } = await generated({
    "main.json": document({ "/a": { get: { $ref: "gone/a.json" } } }),
  });
  expect(code).toBe(1);
  expect(said).toMatch(
    /main\.json: the \$ref gone\/a\.json leads to a file that is not there, .*gone\/a\.json/,
  );
});

test("a reference that leads to itself is named", async () => {
  const { code, said } = await generated({
    "main.json": document({ "/a": { get: { $ref: "#/paths/~1a/get" } } }),
  });
  expect(code).toBe(1);
  expect(said).toMatch(/the \$ref #\/paths\/~1a\/get leads to itself/);
});

const tagged = (name: string, tag: Json) => ({
  type: "object",
  required: ["commentType"],
  properties: { commentType: tag, [name]: { type: "string" } },
});

test("the values of a discriminator are those that the schemas state, by const, by enum, and through allOf", async () => {
  const { types } = await generated({
    "main.json": document(
      {
        "/a": {
          get: operation("readA", {
            oneOf: ["Text", "Quote", "Link"].map((name) => ({ $ref: `#/components/schemas/${name}Comment` })),
            discriminator: { propertyName: "commentType" },
          }),
        },
      },
      {
        TextComment: tagged("t", { type: "string", enum: ["text"] }),
        QuoteComment: tagged("q", { const: "quote" }),
        LinkComment: { allOf: [{ type: "object" }, tagged("l", { const: "link" })] },
      },
    ),
  });
  expect(types.match(/commentType: "\w+"/g)).toEqual([
    'commentType: "text"',
    'commentType: "quote"',
    'commentType: "link"',
  ]);
});

test("a discriminator with a mapping, and one whose values nobody states, stay as they were", async () => {
  const open = { type: "object", required: ["t"], properties: { t: { type: "string" } } };
  const { types } = await generated({
    "main.json": document(
      {
        "/a": {
          get: operation("readA", {
            oneOf: [{ $ref: "#/components/schemas/A" }, { $ref: "#/components/schemas/B" }],
            discriminator: {
              propertyName: "t",
              mapping: { a: "#/components/schemas/A", b: "#/components/schemas/B" },
            },
          }),
        },
      },
      { A: open, B: open },
    ),
  });
  expect(types.match(/t: "\w+"/g)).toEqual(['t: "a"', 't: "b"']);
});

test("a base with oneOf of its own children gives types that compile, with the child's members", async () => {
  const { types, code } = await generated({
    "main.json": document(
      { "/a": { get: operation("readA", { $ref: "#/components/schemas/Pet" }) } },
      {
        Pet: {
          type: "object",
          discriminator: { propertyName: "t", mapping: { cat: "#/components/schemas/Cat" } },
          properties: { t: { type: "string" } },
          required: ["t"],
          oneOf: [{ $ref: "#/components/schemas/Cat" }],
        },
        Cat: {
          allOf: [
            { $ref: "#/components/schemas/Pet" },
            { type: "object", properties: { m: { type: "boolean" } }, required: ["m"] },
          ],
        },
      },
    ),
  });
  expect(code).toBe(0);
  const use = `import type { components } from "./agent.ts";
export const cat = (pet: components["schemas"]["Pet"]): boolean => pet.m;`;
  const files = new Map([
    ["/agent.ts", types],
    ["/use.ts", use],
  ]);
  expect(await diagnosticsOf(files, ["/use.ts"], "a test")).toEqual([]);
});

test("types that would not compile are refused in a sentence, and nothing is written", async () => {
  const { code, said } = await generated({
    "main.json": document(
      { "/a": { get: operation("readA", { $ref: "#/components/schemas/A" }) } },
      {
        A: { allOf: [{ $ref: "#/components/schemas/B" }] },
        B: { allOf: [{ $ref: "#/components/schemas/A" }] },
      },
    ),
  });
  expect(code).toBe(1);
  expect(said).toMatch(/main\.json: the types made of it do not compile: .*in its own type annotation/);
});
