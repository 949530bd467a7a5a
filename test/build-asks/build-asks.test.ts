import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, expectTypeOf, test } from "vitest";
import { documentsWithSharedParts, generate, write } from "../../scripts/generate.ts";
import type { AgentMethods, OperatorMethods } from "../../src/client/methods.ts";
import type { AgentOperationId, OperatorOperationId } from "../../src/generated/operations.ts";
import { CHANGES } from "./changes.ts";

const REPOSITORY = join(import.meta.dirname, "../..");

/** Each takes seconds of the compiler: one of them in `npm test`, all by `npm run test:build-asks`. */
const changes = Object.entries(CHANGES).filter(
  ([, { always }]) => always || process.env["BUILD_ASKS"] === "all",
);

let root: string;
let checked: { readonly files: readonly string[]; readonly options: ts.CompilerOptions };
let program: ts.Program | undefined;
const sources = new Map<string, ts.SourceFile>();

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "latchgate-build-asks-"));
  for (const name of ["src", "openapi", "package.json", "tsconfig.json"])
    cpSync(join(REPOSITORY, name), join(root, name), { recursive: true });
  symlinkSync(join(REPOSITORY, "node_modules"), join(root, "node_modules"));
  const { config } = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const files = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => join(root, "src", file));
  checked = { files, options };
});

afterAll(() => rmSync(root, { recursive: true }));

describe("a change of the API stops the build in the files that must decide, and in no other", () => {
  for (const [title, { document, edit, asks }] of changes)
    test(title, async () => {
      for (const name of ["agent.yaml", "operator.yaml"])
        cpSync(join(REPOSITORY, "openapi", name), join(root, "openapi", name));
      const file = join(root, "openapi", `${document}.yaml`);
      const before = readFileSync(file, "utf8");
      const after = edit(before);
      expect(after).not.toBe(before);
      writeFileSync(file, after);
      write(root, documentsWithSharedParts(root));
      write(root, await generate(root));
      expect(filesThatStop()).toEqual(asks);
    }, 120_000);
});

/** The files that `tsc` reports on. What did not change is parsed once. */
function filesThatStop(): string[] {
  const { files, options } = checked;
  const host = ts.createCompilerHost(options);
  const { getSourceFile } = host;
  host.getSourceFile = (file, ...rest) => {
    const known = file.includes("/src/generated/") ? undefined : sources.get(file);
    const source = known ?? getSourceFile(file, ...rest);
    if (source !== undefined) sources.set(file, source);
    return source;
  };
  program = ts.createProgram(files, options, host, program);
  const stopped = files.filter((file) => {
    const source = program?.getSourceFile(file);
    return source !== undefined && (program?.getSemanticDiagnostics(source).length ?? 0) > 0;
  });
  return stopped.map((file) => relative(root, file)).sort();
}

test("every operation has a method", () => {
  expectTypeOf<keyof AgentMethods>().toEqualTypeOf<AgentOperationId>();
  expectTypeOf<keyof OperatorMethods>().toEqualTypeOf<OperatorOperationId>();
});
