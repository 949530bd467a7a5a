import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import ts from "typescript";
import { expect, it } from "vitest";

const ROOT = resolve(import.meta.dirname, "..");
const README = resolve(ROOT, "README.md");

/** The TypeScript blocks of the README as files beside it, each with the line it begins at. */
function blocks(): Map<string, string> {
  const text = readFileSync(README, "utf8");
  const found = [...text.matchAll(/^```ts\n(.*?)^```$/gms)];
  return new Map(
    found.map((match) => [
      resolve(ROOT, `README.${text.slice(0, match.index).split("\n").length}.ts`),
      match[1] ?? "",
    ]),
  );
}

it("every TypeScript block of the README compiles under strict", () => {
  const sources = blocks();
  expect(sources.size).toBeGreaterThan(4);
  expect(problems(sources)).toEqual([]);
});

it("a block that uses what is not there would be noticed", () => {
  const wrong =
    'import { LatchGateClient } from "latchgate-client";\nnew LatchGateClient().doEverything();\n';
  expect(problems(new Map([[resolve(ROOT, "README.wrong.ts"), wrong]]))).toHaveLength(1);
});

function problems(sources: ReadonlyMap<string, string>): string[] {
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
