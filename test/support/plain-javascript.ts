import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import ts from "typescript";

const ROOT = resolve(import.meta.dirname, "../..");

/**
 * The package's sources as JavaScript, for a process whose limits leave no room for what runs TypeScript (tsx needs
 * WebAssembly). Gives the folder of the modules; whoever asks removes it by `remove`.
 */
export function plainJavaScript(): { readonly folder: string; remove(): void } {
  const cache = join(ROOT, "node_modules/.cache");
  mkdirSync(cache, { recursive: true });
  const root = mkdtempSync(join(cache, "latchgate-plain-"));
  cpSync(join(ROOT, "package.json"), join(root, "package.json"));
  for (const file of readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" })) {
    if (!/\.(ts|cjs|json)$/.test(file)) continue;
    const from = join(ROOT, "src", file);
    const to = join(root, "src", file);
    mkdirSync(dirname(to), { recursive: true });
    if (!file.endsWith(".ts")) cpSync(from, to);
    else writeFileSync(to.replace(/\.ts$/, ".js"), javaScriptOf(readFileSync(from, "utf8")));
  }
  return { folder: join(root, "src"), remove: () => rmSync(root, { recursive: true, force: true }) };
}

const javaScriptOf = (source: string) =>
  ts.transpileModule(source, {
    compilerOptions: {
      module: ts.ModuleKind.ESNext,
      target: ts.ScriptTarget.ES2022,
      rewriteRelativeImportExtensions: true,
      verbatimModuleSyntax: true,
    },
  }).outputText;
