import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { NODE, npmTools, pythonTools, said } from "./installed.ts";

/** A document, the ids of the operations that clients have methods for, and a gate that serves them. */
export interface Tried {
  readonly name: string;
  readonly file: string;
  readonly ids: readonly string[];
  /** Where nothing is asked (webhooks): undefined. */
  readonly url: string | undefined;
}

/** Takes a document in an empty folder; throws what is wrong with that. */
type Tool = (tried: Tried, folder: string) => Promise<unknown>;

const node = (folder: string, script: string, ...args: string[]) =>
  said(NODE(), [join(npmTools(), "node_modules", script), ...args], folder);
const evaluated = (folder: string, code: string, file: string) => {
  const program = join(npmTools(), `run-${process.pid}.mjs`);
  writeFileSync(program, code);
  return said(NODE(), [program, file], folder);
};

/** By the name in the table, which is the package's. */
export const TOOLS: { readonly [name: string]: Tool } = {
  yaml: ({ file }, folder) =>
    evaluated(
      folder,
      'import { readFileSync } from "node:fs"; import { parse } from "yaml"; parse(readFileSync(process.argv[2], "utf8"));',
      file,
    ),
  "@stoplight/spectral-cli": async ({ file }, folder) => {
    writeFileSync(join(folder, "rules.yaml"), 'extends: ["spectral:oas"]\n');
    const script = "@stoplight/spectral-cli/dist/index.js";
    await node(folder, script, "lint", file, "--ruleset", "rules.yaml", "--fail-severity", "warn");
  },
  "@apidevtools/swagger-parser": ({ file }, folder) =>
    evaluated(
      folder,
      'import parser from "@apidevtools/swagger-parser"; await parser.validate(process.argv[2]);',
      file,
    ),
  "@hey-api/openapi-ts": async ({ file, ids }, folder) => {
    await node(
      folder,
      "@hey-api/openapi-ts/bin/run.js",
      "-i",
      file,
      "-o",
      "client",
      "-c",
      "@hey-api/client-fetch",
    );
    complete(folder, ids, (id) => `export const ${id} = `);
    await compiled(folder);
  },
  orval: async ({ file, ids }, folder) => {
    await node(
      folder,
      "orval/dist/bin/orval.mjs",
      "--input",
      file,
      "--output",
      "api.ts",
      "--client",
      "fetch",
    );
    complete(folder, ids, (id) => `export const ${id} = async`);
    await compiled(folder);
  },
  "swagger-typescript-api": async ({ file, ids }, folder) => {
    await node(
      folder,
      "swagger-typescript-api/dist/cli.mjs",
      "generate",
      "-p",
      file,
      "-o",
      ".",
      "-n",
      "api.ts",
    );
    complete(folder, ids, (id) => `@name ${id.replace(/^./, (first) => first.toUpperCase())}\n`);
    await compiled(folder);
  },
  "openapi-zod-client": async ({ file, ids }, folder) => {
    await node(folder, "openapi-zod-client/bin.js", file, "-o", "api.ts", "--export-schemas");
    complete(folder, ids, (id) => `alias: "${id}"`);
    await compiled(folder);
  },
  "openapi-python-client": async ({ file, ids, url }, folder) => {
    const bin = pythonTools();
    // Its own way to say that a media type is text.
    writeFileSync(
      join(folder, "options.yaml"),
      "content_type_overrides:\n  application/openmetrics-text: text/plain\n",
    );
    const options = [
      "generate",
      "--path",
      file,
      "--config",
      "options.yaml",
      "--meta",
      "none",
      "--output-path",
      "client",
    ];
    const output = await said(join(bin, "openapi-python-client"), options, folder, bin);
    if (/warning|unable/i.test(output)) throw new Error(output);
    const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
    const left = ids.filter((id) => !files.some((name) => name.endsWith(`/${snake(id)}.py`)));
    if (left.length > 0) throw new Error(`left out: ${left.join(", ")}`);
    await said(
      join(bin, "python"),
      [join(import.meta.dirname, "call.py"), "client", ...(url === undefined ? [] : [url])],
      folder,
    );
  },
  "datamodel-code-generator": async ({ file }, folder) => {
    const bin = pythonTools();
    const type = ["--output-model-type", "pydantic_v2.BaseModel", "--formatters", "builtin"];
    const options = ["--input", file, "--input-file-type", "openapi", "--output", "models.py", ...type];
    await said(join(bin, "datamodel-codegen"), options, folder, bin);
    await said(join(bin, "python"), ["-c", "import models"], folder);
  },
};

const snake = (id: string) => id.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** That what was made has every operation. */
function complete(folder: string, ids: readonly string[], written: (id: string) => string): void {
  const texts = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => readFileSync(join(folder, name), "utf8"));
  const left = ids.filter((id) => !texts.some((text) => text.includes(written(id))));
  if (left.length > 0) throw new Error(`left out: ${left.join(", ")}`);
}

/** That the compiler takes what was made; the packages that it imports are those of the tools. */
async function compiled(folder: string): Promise<void> {
  const modules = join(npmTools(), "node_modules");
  const options = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    target: "es2022",
    lib: ["es2023", "dom", "dom.iterable"],
    module: "esnext",
    moduleResolution: "bundler",
    types: [],
    paths: { "*": [`${modules}/*`] },
  };
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({ compilerOptions: options, include: ["**/*.ts"] }),
  );
  await node(folder, "typescript/bin/tsc", "--project", folder);
}
