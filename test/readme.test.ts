import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { LatchGateClient, LatchGateInvalidRequest } from "latchgate-client";
import { MockGate } from "latchgate-client/testing";
import ts from "typescript";
import { expect, it, onTestFinished, vi } from "vitest";

const ROOT = resolve(import.meta.dirname, "..");
const read = (path: string) => readFileSync(resolve(ROOT, path), "utf8");

/** A fenced block: the language that it says, the line it begins at, its text. */
interface Block {
  readonly language: string;
  readonly line: number;
  readonly text: string;
}

/** Every fenced block, whichever fence it has, and however far it is indented. */
function blocksOf(markdown: string): Block[] {
  const blocks: Block[] = [];
  let open: { fence: string; language: string; line: number; text: string } | undefined;
  for (const [at, line] of markdown.split("\n").entries()) {
    const [, fence = "", info = ""] = /^[\s>]*(`{3,}|~{3,})\s*(.*)$/.exec(line) ?? [];
    if (open === undefined) {
      if (fence !== "") open = { fence, language: info.split(/[\s{]/)[0] ?? "", line: at + 1, text: "" };
    } else if (info === "" && fence.startsWith(open.fence)) {
      blocks.push(open);
      open = undefined;
    } else open.text += `${line}\n`;
  }
  if (open !== undefined) blocks.push(open);
  return blocks;
}

const EXAMPLES = readdirSync(resolve(ROOT, "examples")).map((name) => read(`examples/${name}`));

/** What is shown without being code of ours: commands, and what they print; pictures. */
const SHOWN = ["", "sh", "mermaid"];

/**
 * What is wrong with a document's blocks. `ts` is compiled here, `typescript` is a file of `examples/`, which `npm run
 * check:types` compiles; a block that is neither, and could be code, is wrong too.
 */
function problemsIn(name: string, markdown: string): string[] {
  const blocks = blocksOf(markdown);
  const compiled = blocks.filter(({ language }) => language === "ts");
  const sources = compiled.map(({ line, text }): [string, string] => [
    resolve(ROOT, `${name}.${line}.ts`),
    text,
  ]);
  const unchecked = blocks.flatMap(({ language, line, text }) => {
    if (language === "ts") return [];
    if (language === "typescript")
      return EXAMPLES.includes(text) ? [] : [`${name}:${line}: no file of examples/ is this`];
    const isShown = SHOWN.includes(language) && !/\bfrom "|\brequire\(/.test(text);
    return isShown ? [] : [`${name}:${line}: a block of "${language}" is not checked`];
  });
  return [...unchecked, ...(sources.length === 0 ? [] : compilerErrors(new Map(sources)))];
}

const PAGES = existsSync(resolve(ROOT, "docs")) ? readdirSync(resolve(ROOT, "docs")) : [];
const DOCUMENTS = [
  "README.md",
  "CONTRIBUTING.md",
  "SECURITY.md",
  "CHANGELOG.md",
  ...PAGES.filter((name) => name.endsWith(".md")).map((name) => `docs/${name}`),
];

it.each(DOCUMENTS)(
  "every code block of %s compiles under strict, or is an example that does",
  { timeout: 60_000 },
  (name) => {
    const markdown = read(name);
    if (name === "README.md") expect(blocksOf(markdown).length).toBeGreaterThan(25);
    expect(problemsIn(name, markdown)).toEqual([]);
  },
);

it("what the README executes of a gate's own actions are parameters that they take", async () => {
  const gate = new MockGate();
  const client = new LatchGateClient({ fetch: gate.fetch, agentId: "t", now: gate.now, validate: "before" });
  const known = new Set((await client.actions()).map(({ action_id }) => action_id));
  const calls = blocksOf(read("README.md"))
    .filter(({ language }) => language.startsWith("t"))
    .flatMap(({ text }) => executes(text))
    .filter(({ actionId }) => known.has(actionId));
  for (const { actionId, params } of calls) {
    const error = await client.execute(actionId, params).catch((thrown: unknown) => thrown);
    expect(error, `${actionId} ${JSON.stringify(params)}`).not.toBeInstanceOf(LatchGateInvalidRequest);
  }
  expect(new Set(calls.map(({ actionId }) => actionId)).size).toBeGreaterThan(1);
});

/** The calls of `execute` with an id and parameters that stand there; what is no literal is any text. */
function executes(source: string): { actionId: string; params: Record<string, unknown> }[] {
  const found: { actionId: string; params: Record<string, unknown> }[] = [];
  const visit = (node: ts.Node): void => {
    ts.forEachChild(node, visit);
    if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return;
    const [id, params] = node.arguments;
    if (node.expression.name.text !== "execute" || id === undefined || !ts.isStringLiteral(id)) return;
    const members = params !== undefined && ts.isObjectLiteralExpression(params) ? params.properties : [];
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
  for (const [, file = "", heading] of read(name).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)) {
    const target = file === "" ? name : join(dirname(name), file);
    expect(existsSync(resolve(ROOT, target)), target).toBe(true);
    if (heading !== undefined) expect(slugsOf(read(target))).toContain(heading);
  }
});

it.each(DOCUMENTS)("every file of this repository that %s names is there", (name) => {
  const named = read(name).matchAll(/`((?:src|test|scripts|examples|openapi|bench)\/[\w./-]+)`/g);
  expect([...named].map(([, path = ""]) => path).filter((path) => !existsSync(resolve(ROOT, path)))).toEqual(
    [],
  );
});

/** What a heading is called in links to it. */
const slugsOf = (markdown: string) =>
  [...markdown.matchAll(/^#+ (.*)$/gm)].map(([, title = ""]) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );

it.each([
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
])("a block that %s would be noticed", { timeout: 60_000 }, (_what, fence, text) => {
  const end = /`+|~+/.exec(fence)?.[0];
  expect(problemsIn("README.md", `# A title\n\n${fence}\n${text}\n${end}\n`)).not.toEqual([]);
});

it("the trace that the README shows is what examples/trace.ts prints", { timeout: 30_000 }, async () => {
  const lines: string[] = [];
  const log = vi.spyOn(console, "log").mockImplementation((line: string) => void lines.push(line));
  onTestFinished(() => log.mockRestore());
  await import("../examples/trace.ts");
  log.mockRestore();
  const sameEachTime = (text: string) =>
    text.replace(/session [0-9a-f-]{36}/g, "session ID").replace(/\(\d+ ms\)/g, "(N ms)");
  const shown = blocksOf(read("README.md")).filter(({ text }) => text.startsWith("latchgate attempt"));
  expect(shown.map(({ text }) => sameEachTime(text))).toEqual([sameEachTime(`${lines.join("\n")}\n`)]);
  expect(lines).toHaveLength(11);
});

function compilerErrors(sources: ReadonlyMap<string, string>): string[] {
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
      ({ messageText }) => `${file}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`,
    );
  });
}
