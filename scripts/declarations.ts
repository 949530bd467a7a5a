import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import ts from "typescript";

/**
 * Writes the declarations of the entries and of all that they import, a file for each source. Bundlers of declarations cut them
 * into chunks by chance, and two builds gave two packages.
 */
export function writeDeclarations(entries: readonly string[], folder: string): void {
  const config = ts.getParsedCommandLineOfConfigFile(
    "tsconfig.json",
    { noEmit: false, declaration: true, emitDeclarationOnly: true },
    { ...ts.sys, onUnRecoverableConfigFileDiagnostic: (problem) => fail([problem]) },
  );
  const program = ts.createProgram(entries, {
    ...config?.options,
    paths: {},
    outDir: folder,
    rootDir: "src",
  });
  const { diagnostics, emitSkipped } = program.emit(undefined, (path, text) => {
    if (relative(resolve(folder), resolve(path)).startsWith("..")) return;
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, published(text));
  });
  if (emitSkipped || diagnostics.length > 0) fail(diagnostics);
  copyFileSync("src/wire/undici-pool.d.cts", join(folder, "wire/undici-pool.d.cts"));
}

function published(text: string): string {
  return (
    text
      // As everywhere outside this package's own sources.
      .replace(/(from |import\()"(\.[^"]*)\.ts"/g, '$1"$2.js"')
      // Without msw its type is `any`, and not an error in a program that never asks for handlers.
      .replace(/^(?=import .* from "msw";$)/m, "// @ts-ignore msw is an optional peer\n")
  );
}

function fail(problems: readonly ts.Diagnostic[]): never {
  throw new Error(
    problems.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n")).join("\n"),
  );
}
