import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import ts from "typescript";
import { beforeAll, describe, expect, test } from "vitest";
import { declarationsOf } from "../../src/cli/types/declarations.ts";
import type { Json } from "../../src/documents/document.ts";
import { MockGate, type MockGateOptions } from "../../src/testing/index.ts";
import { command } from "../check/tampered.ts";
import { temporaryFolder } from "../support/bare.ts";

const run = () => ({ ok: true });

/** An action as a draft-7 schema writes it, with all that such schemas have. */
const DRAFT_7 = {
  $schema: "http://json-schema.org/draft-07/schema#",
  $id: "https://example.com/mail.json",
  title: "Sends a mail",
  description: "To one person.\nNot to a list: */ ends no comment.",
  type: "object",
  additionalProperties: false,
  required: ["to", "parts"],
  properties: {
    to: { $ref: "#/definitions/address" },
    parts: { type: "array", items: { $ref: "#/definitions/part" } },
    size: { type: "array", items: [{ type: "integer" }, { type: "integer" }] },
    priority: { enum: ["low", "high"], default: "low", description: "How soon." },
    definitions: { type: ["string", "null"] },
  },
  definitions: {
    address: { type: "string", format: "email" },
    part: {
      type: "object",
      required: ["text"],
      properties: {
        text: { type: "string" },
        parts: { type: "array", items: { $ref: "#/definitions/part" } },
      },
    },
  },
};

const DRAFT_2020 = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  oneOf: [
    {
      type: "object",
      required: ["kind", "at"],
      properties: { kind: { const: "point" }, at: { $ref: "#/$defs/pair" } },
    },
    { type: "object", required: ["kind"], properties: { kind: { const: "all" } } },
  ],
  $defs: { pair: { type: "array", prefixItems: [{ type: "number" }, { type: "number" }], items: false } },
};

const ACTIONS: NonNullable<MockGateOptions["actions"]> = {
  send_mail: { riskLevel: "medium", requestSchema: DRAFT_7, run },
  "draw-shape": { requestSchema: DRAFT_2020, run },
  ping: { run },
  no_parameters: { requestSchema: { type: "object", additionalProperties: false }, run },
  elsewhere: { requestSchema: { $ref: "https://example.com/other.json" }, run },
};

/** The types of a mock gate with these actions, by the command. */
async function typesOf(actions: NonNullable<MockGateOptions["actions"]>, ...args: string[]) {
  const dir = temporaryFolder();
  const gate = new MockGate({ actions });
  await using server = await gate.listen({ dir });
  return await command(["types", "--socket", server.socket, ...args], {}, dir);
}

const ROOT = resolve(import.meta.dirname, "../..");

/** What the compiler says under `strict`, as `file:line`. */
function complaints(sources: Readonly<Record<string, string>>): string[] {
  const { config } = ts.readConfigFile(join(ROOT, "tsconfig.json"), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT);
  const settings = { ...options, skipLibCheck: false, noUnusedLocals: false, types: ["node"] };
  const files = new Map(Object.entries(sources).map(([name, text]) => [join(ROOT, name), text]));
  const host = ts.createCompilerHost(settings);
  const { readFile, fileExists, getSourceFile } = host;
  host.readFile = (file) => files.get(file) ?? readFile(file);
  host.fileExists = (file) => files.has(file) || fileExists(file);
  host.getSourceFile = (file, language, ...rest) => {
    const text = files.get(file);
    return text === undefined
      ? getSourceFile(file, language, ...rest)
      : ts.createSourceFile(file, text, language);
  };
  const program = ts.createProgram([...files.keys()], settings, host);
  return [...files.keys()].flatMap((file) => {
    const source = program.getSourceFile(file);
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
      ({ start = 0, messageText }) => {
        const line = source?.getLineAndCharacterOfPosition(start).line ?? 0;
        const text = (sources[file.slice(ROOT.length + 1)] ?? "").split("\n")[line]?.trim();
        return `${text} → ${ts.flattenDiagnosticMessageText(messageText, " ").slice(0, 90)}`;
      },
    );
  });
}

const GOOD = `
await client.execute("http_fetch", { url: "https://httpbin.org/get" });
await client.execute("http_fetch", { url: "https://httpbin.org/get" }, { whenHeld: "wait" });
await client.execute("fs_write", { operation: "write", path: "a", content_base64: "", mode: "create" });
await client.execute("send_mail", { to: "a@example.com", parts: [{ text: "x", parts: [{ text: "y" }] }], size: [1, 2] });
await client.execute("send_mail", { to: "a@example.com", parts: [], priority: "high", definitions: null });
await client.execute("draw-shape", { kind: "point", at: [1, 2] });
await client.execute("draw-shape", { kind: "all" });
await client.execute("ping");
await client.execute("ping", { anything: 1 }, { timeoutMs: 5 });
await client.execute("no_parameters");
await client.execute("no_parameters", {}, { timeoutMs: 5 });
await client.execute("elsewhere", { anything: 1 });
const id: keyof ActionMap = "fs_read";
const anyClient: LatchGateClient = new LatchGateClient();
const result: Promise<ActionResult> = anyClient.execute(String(id), { anything: 1 }, { callId: "1" });
const params: Record<string, unknown> | undefined = undefined;
await anyClient.execute("whatever", params);
const named: (actionId: string, params?: Record<string, unknown>) => Promise<ActionResult> = anyClient.execute.bind(anyClient);
async function twice<Actions extends ActionsLike<Actions>>(any: LatchGateClient<Actions>): Promise<void> { await any.close(); }
await twice(client);
await twice(anyClient);
`;

const BAD = [
  'await client.execute("http_fetsh", { url: "https://httpbin.org/get" });',
  'await client.execute("http_fetch");',
  'await client.execute("http_fetch", {});',
  'await client.execute("http_fetch", { url: 5 });',
  'await client.execute("http_fetch", { url: "x", method: "GET" });',
  'await client.execute("fs_write", { operation: "write", path: "a", content_base64: "", mode: "append" });',
  'await client.execute("fs_read", { operation: "write", path: "a" });',
  'await client.execute("send_mail", { to: "a", parts: [{ text: "x", parts: [{}] }] });',
  'await client.execute("send_mail", { to: "a", parts: [], size: ["1", 2] });',
  'await client.execute("draw-shape", { kind: "point" });',
  'await client.execute("draw-shape", { kind: "line" });',
  'await client.execute("no_parameters", { a: 1 });',
  'await client.execute(String("ping"), {});',
  'await client.execute("ping", "text");',
  'await client.execute("ping", {}, { whenHeld: "run" });',
  'await new LatchGateClient().execute("ping", "text");',
  "await new LatchGateClient().execute(5);",
];

describe("types", () => {
  const HEAD = `import { type ActionResult, type ActionsLike, LatchGateClient } from "latchgate-client";
import type { ActionMap } from "./made-by-a-test.js";
const client = new LatchGateClient<ActionMap>();
`;
  let declarations: string;
  let said: string[];

  beforeAll(async () => {
    const dir = mkdtempSync(join(tmpdir(), "lg-types-"));
    const gate = new MockGate({ actions: ACTIONS });
    await using server = await gate.listen({ dir });
    declarations = (await command(["types", "--socket", server.socket])).out;
    said = complaints({
      "made-by-a-test.d.ts": declarations,
      "good.ts": `${HEAD}${GOOD}`,
      "bad.ts": `${HEAD}${BAD.join("\n")}\nexport {};\n`,
    });
    rmSync(dir, { recursive: true });
    // A compiler on a machine that does other things too.
  }, 60_000);

  test("of the mock gate's actions compile under strict, and so do the calls that fit them", () => {
    expect(said.filter((line) => !BAD.some((bad) => line.startsWith(bad)))).toEqual([]);
  });

  test.each(BAD)("stop %s", (bad) => {
    expect(said.filter((line) => line.startsWith(bad))).toHaveLength(1);
  });

  test("say of each action what it is, how risky, and what it does", () => {
    expect(declarations).toContain(`  /**
   * Sends a mail
   * To one person.
   * Not to a list: *\\/ ends no comment.
   * Risk: medium. Side effects: none. Version 1.0.0.
   */
  send_mail: {`);
    expect(declarations).toContain(
      "  /** Risk: critical. Side effects: fs_delete. Version 1.0.0. */\n  fs_delete: {",
    );
    expect(declarations).toContain("It has no request schema.");
  });

  test("are parameters of any kind, with the reason, where a schema can't be translated", () => {
    expect(declarations).toMatch(
      /could not be translated: its \$ref leads elsewhere: https:\/\/example\.com\/other\.json\.\n {3}\*\/\n {2}elsewhere: Record<string, unknown>;/,
    );
  });

  test.each<[string, Json, string]>([
    ["a list", { type: "array", items: { type: "string" } }, "it is not a schema of an object"],
    ["a text", { type: "string" }, "it is not a schema of an object"],
    ["true", true, "it is no object"],
    ["a reference to nothing", { properties: { a: { $ref: "#/definitions/b" } } }, "its $ref leads nowhere"],
    ["a property that is no schema", { type: "object", properties: { a: 5 } }, "invalid property a"],
    ["a list of all", { allOf: 5 }, "is not"],
  ])("never fail: %s", async (_, schema, why) => {
    const text = await declarationsOf([
      { id: "odd", version: "1", riskLevel: "low", sideEffects: [], schema },
    ]);
    expect(text).toContain("odd: Record<string, unknown>;");
    expect(text).toContain(`could not be translated: `);
    expect(text).toContain(why);
  });
});

describe("the command types", () => {
  test("writes only what --only names, and knows no others", async () => {
    const { code, out } = await typesOf({}, "--only", "fs_read,http_fetch");
    expect([code, out.match(/^ {2}\w+(?=: )/gm)]).toEqual([0, ["  fs_read", "  http_fetch"]]);
    const unknown = await typesOf({}, "--only", "fs_read,nothing");
    expect(unknown).toMatchObject({
      code: 1,
      out: "",
      err: "latchgate-client types: the gate has no action nothing",
    });
  });

  test("says with --check whether a file is stale, and by which actions", async () => {
    const folder = temporaryFolder();
    const file = join(folder, "actions.d.ts");
    writeFileSync(file, `${(await typesOf({ ping: { run } })).out}\n`);
    expect(await typesOf({ ping: { run } }, "--check", file)).toMatchObject({ code: 0, err: "" });

    const other = { pong: { run }, fs_read: { run, requestSchema: DRAFT_7 } };
    const { code, err, out } = await typesOf(other, "--check", file);
    expect([code, out]).toEqual([1, ""]);
    expect(err.replaceAll(`${file} is stale: `, "").split("\n")).toEqual([
      "fs_read has changed",
      "ping is gone",
      "what the parameters refer to has changed",
      "pong is new",
    ]);
    writeFileSync(file, readFileSync(file, "utf8").replace("do not edit", "edited"));
    const edited = await typesOf({ ping: { run } }, "--check", file);
    expect([edited.code, edited.err]).toEqual([
      1,
      expect.stringContaining("another version of this command, or edited"),
    ]);
  });

  test("says what is wrong where there is no gate", async () => {
    const { code, out, err } = await command(["types", "--socket", "/nowhere/gate.sock"]);
    expect([code, out]).toEqual([1, ""]);
    expect(err).toContain("/nowhere/gate.sock");
  });
});
