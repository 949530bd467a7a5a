import { existsSync, readdirSync } from "node:fs";
import { resolve } from "node:path";
import { LatchGateClient, LatchGateInvalidRequest } from "latchgate-client";
import { MockGate } from "latchgate-client/testing";
import ts from "typescript";
import { expect, it, onTestFinished, vi } from "vitest";
import { blocksOf, DOCUMENTS, deadLinksOf, ROOT, read } from "./support/markdown.ts";

const EXAMPLES = ["examples", "test/engines"].flatMap((folder) =>
  readdirSync(resolve(ROOT, folder))
    .filter((name) => name.endsWith(".ts"))
    .map((name) => read(`${folder}/${name}`)),
);

/** What is shown without being code of ours: commands, what they print, and diagrams. */
const SHOWN = ["", "sh", "mermaid"];

/**
 * What is wrong with the blocks of documents, by their names. `ts` is compiled here, all at once; `typescript` is a file of
 * `examples/`, which `npm run check:types` compiles, or of `test/engines/`, which `npm run engines` compiles and runs; a block that is neither, and could be code, is wrong too.
 */
function problemsIn(documents: ReadonlyMap<string, string>): Map<string, string[]> {
  const sources = new Map<string, string>();
  const problems = new Map<string, string[]>();
  for (const [name, markdown] of documents) {
    const unchecked: string[] = [];
    problems.set(name, unchecked);
    for (const { language, line, text } of blocksOf(markdown)) {
      const isShown = SHOWN.includes(language) && !/\bfrom "|\brequire\(/.test(text);
      if (language === "ts") sources.set(resolve(ROOT, `${name}.${line}.ts`), text);
      else if (language === "typescript" && !EXAMPLES.includes(text))
        unchecked.push(`${name}:${line}: no file of examples/ is this`);
      else if (language !== "typescript" && !isShown)
        unchecked.push(`${name}:${line}: a block of "${language}" is not checked`);
    }
  }
  for (const [file, error] of compilerErrors(sources)) {
    const [name] = [...documents.keys()].filter((name) => file.startsWith(`${resolve(ROOT, name)}.`));
    problems.get(name ?? "")?.push(`${file}: ${error}`);
  }
  return problems;
}

const CONTENTS = new Map(DOCUMENTS.map((name) => [name, read(name)]));
let found: Map<string, string[]> | undefined;

it.each(DOCUMENTS)(
  "every code block of %s compiles under strict, or is an example that does",
  { timeout: 120_000 },
  (name) => {
    found ??= problemsIn(CONTENTS);
    expect(found.get(name)).toEqual([]);
  },
);

it("there are blocks to look at", () => {
  const blocks = [...CONTENTS.values()].flatMap(blocksOf);
  expect(blocks.filter(({ language }) => language === "ts").length).toBeGreaterThan(25);
});

it("what the pages execute of a gate's own actions are parameters that they take", async () => {
  const gate = new MockGate();
  const client = new LatchGateClient({ fetch: gate.fetch, agentId: "t", now: gate.now, validate: "before" });
  const known = new Set((await client.actions()).map(({ action_id }) => action_id));
  const calls = [...CONTENTS.values()]
    .flatMap(blocksOf)
    .filter(({ language }) => language.startsWith("t"))
    .flatMap(({ text }) => executes(text))
    .filter(({ actionId }) => known.has(actionId));
  for (const { actionId, params } of calls) {
    const error = await client.execute(actionId, params).catch((thrown: unknown) => thrown);
    expect(error, `${actionId} ${JSON.stringify(params)}`).not.toBeInstanceOf(LatchGateInvalidRequest);
  }
  expect(new Set(calls.map(({ actionId }) => actionId)).size).toBeGreaterThan(1);
});

/** The calls of `execute` with an id and parameters that stand there; a member that is no literal is any text. */
function executes(source: string): { actionId: string; params: Record<string, unknown> }[] {
  const found: { actionId: string; params: Record<string, unknown> }[] = [];
  const visit = (node: ts.Node): void => {
    ts.forEachChild(node, visit);
    if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return;
    const [id, params] = node.arguments;
    if (node.expression.name.text !== "execute" || id === undefined || !ts.isStringLiteral(id)) return;
    if (params !== undefined && !ts.isObjectLiteralExpression(params)) return;
    const members = params?.properties ?? [];
    const entries = members.flatMap((member): [string, unknown][] => {
      if (member.name === undefined || !("text" in member.name)) return [];
      const value = ts.isPropertyAssignment(member) ? member.initializer : undefined;
      const text = value !== undefined && ts.isStringLiteral(value) ? value.text : ANY_TEXT;
      return [[String(member.name.text), text]];
    });
    found.push({ actionId: id.text, params: Object.fromEntries(entries) });
  };
  visit(ts.createSourceFile("block.ts", source, ts.ScriptTarget.Latest));
  return found;
}

/** Good for a URL, a path and a body. */
const ANY_TEXT = "https://httpbin.org/get";

it.each(DOCUMENTS)("every link of %s within this repository leads somewhere", (name) => {
  expect(deadLinksOf(name)).toEqual([]);
});

it.each(DOCUMENTS)("every file of this repository that %s names is there", (name) => {
  const named = read(name).matchAll(/`((?:src|test|scripts|examples|openapi|bench)\/[\w./-]+)`/g);
  expect([...named].map(([, path = ""]) => path).filter((path) => !existsSync(resolve(ROOT, path)))).toEqual(
    [],
  );
});

const CLASSES = new Set(
  (
    await Promise.all([
      import("latchgate-client"),
      import("latchgate-client/operator"),
      import("latchgate-client/testing"),
      import("latchgate-client/webhooks"),
    ])
  ).flatMap((entry) => Object.keys(entry)),
);

it.each(DOCUMENTS)("every class that %s names, also in a picture, is one that programs get", (name) => {
  const named = new Set([...read(name).matchAll(/\bLatchGate[A-Z]\w+/g)].map(([word]) => word));
  expect([...named].filter((word) => !CLASSES.has(word))).toEqual([]);
});

it("the page on errors says of every class what to do", () => {
  const classes = [...CLASSES].filter((name) => /^LatchGate(?!Client$|Operator$|Error$)/.test(name));
  const page = read("docs/errors.md");
  expect(classes.length).toBeGreaterThan(15);
  expect(classes.filter((name) => !new RegExp(`^\\| [^|]*\`${name}\``, "m").test(page))).toEqual([]);
});

it("the page on agents has each option of a client, and no other", { timeout: 60_000 }, () => {
  const [, table = ""] = /\| option \|(.*?)\n## /s.exec(read("docs/agents.md")) ?? [];
  const names = [...table.matchAll(/^\| ((?:`\w+`(?:, )?)+) \|/gm)].flatMap(([, cell = ""]) =>
    cell.match(/\w+/g),
  );
  const source = `import type { ClientOptions } from "latchgate-client";
    export const options: Record<keyof ClientOptions, 1> = { ${names.map((name) => `${name}: 1`).join(", ")} };`;
  expect(compilerErrors(new Map([[resolve(ROOT, "options.ts"), source]]))).toEqual([]);
});

it("the page on agents names every method and member of a client", () => {
  const members = Object.getOwnPropertyNames(LatchGateClient.prototype).filter(
    (name) => !["constructor", "leaseJwt"].includes(name),
  );
  const [, table = ""] = read("docs/agents.md").split("## Methods");
  expect(members.length).toBeGreaterThan(15);
  expect(members.filter((name) => !new RegExp(`\`${name}\\b`).test(table))).toEqual([]);
});

const WRONG: readonly (readonly [string, string, string | undefined])[] = [
  [
    "uses what is not there",
    "```ts",
    'import { LatchGateClient } from "latchgate-client";\nnew LatchGateClient().all();',
  ],
  ["is no TypeScript", "```ts", "const = 1;"],
  ["is not the example that it was", "```typescript", EXAMPLES[0]?.replace("import", "import ")],
  ["says another language", "```js", "doEverything();"],
  ["has a word after its language", "```tsx title", "doEverything();"],
  ["has tildes for its fence", "~~~~ts", "doEverything();"],
  ["stands in a list", "   ```ts", "   doEverything();"],
  ["says no language", "```", 'import { LatchGateClient } from "latchgate-client";'],
];

it("a block that is wrong in any of these ways would be noticed", { timeout: 60_000 }, () => {
  const documents = WRONG.map(([what, fence, text], at): [string, string] => {
    const end = /`+|~+/.exec(fence)?.[0];
    return [`docs/${at}.md`, `# It ${what}\n\n${fence}\n${text}\n${end}\n`];
  });
  const unnoticed = [...problemsIn(new Map(documents)).values()].flatMap((problems, at) =>
    problems.length === 0 ? [WRONG[at]?.[0]] : [],
  );
  expect(unnoticed).toEqual([]);
});

it("the trace that docs/tracing.md shows is what examples/trace.ts prints", { timeout: 30_000 }, async () => {
  const lines: string[] = [];
  const log = vi.spyOn(console, "log").mockImplementation((line: string) => void lines.push(line));
  onTestFinished(() => log.mockRestore());
  await import("../examples/trace.ts");
  log.mockRestore();
  const sameEachTime = (text: string) =>
    text.replace(/session [0-9a-f-]{36}/g, "session ID").replace(/\(\d+ ms\)/g, "(N ms)");
  const shown = blocksOf(read("docs/tracing.md")).filter(({ text }) => text.startsWith("latchgate attempt"));
  expect(shown.map(({ text }) => sameEachTime(text))).toEqual([sameEachTime(`${lines.join("\n")}\n`)]);
  expect(lines).toHaveLength(11);
});

/** What the compiler says of each source. */
function compilerErrors(sources: ReadonlyMap<string, string>): [string, string][] {
  if (sources.size === 0) return [];
  const { config } = ts.readConfigFile(resolve(ROOT, "tsconfig.json"), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT);
  // A block shows one thing: what it leaves unused is no mistake of it.
  const settings = { ...options, noUnusedLocals: false };
  const host = ts.createCompilerHost(settings);
  const { readFile, fileExists, getSourceFile } = host;
  host.readFile = (file) => sources.get(file) ?? readFile(file);
  host.fileExists = (file) => sources.has(file) || fileExists(file);
  host.getSourceFile = (file, language, ...rest) => {
    const text = sources.get(file);
    return text === undefined
      ? getSourceFile(file, language, ...rest)
      : ts.createSourceFile(file, text, language);
  };
  const program = ts.createProgram([...sources.keys()], settings, host);
  return [...sources.keys()].flatMap((file) => {
    const source = program.getSourceFile(file);
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
      ({ messageText }): [string, string] => [file, ts.flattenDiagnosticMessageText(messageText, " ")],
    );
  });
}
