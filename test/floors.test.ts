import { readdirSync, readFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import ts from "typescript";
import { expect, it } from "vitest";

const SOURCE = resolve(import.meta.dirname, "../src");

/** The house of the package: a file may import from its own floor and from those below. */
const FLOORS = [
  [
    "version",
    "tracing",
    "send",
    "errors",
    "outcomes",
    "refusals",
    "backoff",
    "canonical",
    "evidence/i-json",
    "nesting",
    "pem",
    "models",
    "receipts",
    "config",
    "config-file",
    "wire/place",
    "wire/sandbox",
    "given",
    "listeners",
    "retry-after",
    "patience",
    "audit",
  ],
  [
    ...["webhook-error", "headers", "secrets", "seen", "reports"].map((noun) => `webhooks/${noun}`),
    ...["event", "signature", "verify", "body", "receiver"].map((noun) => `webhooks/${noun}`),
    ...["attempt", "client-certificate", "raw-headers", "pool", "given-carriers", "transport", "dpop"],
    ...["call-state", "parameters", "call/sent-parameters", "answers", "failures", "call"],
    ...["judgement", "redaction", "sending"],
    ...["node-http", "own-connections", "interim", "web-assembly", "pieces"].map((noun) => `wire/${noun}`),
  ],
  [
    ...[
      "session",
      "flight",
      "lease",
      "api",
      "approval-endings",
      "approvals",
      "journal",
      "agent/patterns",
      "agent/schema-check",
      "validation",
      "once",
      "execute",
    ],
    ...["context", "parameters", "answers", "actions", "pauses", "running", "tools"].map(
      (noun) => `tools/${noun}`,
    ),
  ],
  [
    "agent",
    "client",
    "methods",
    ...[
      ...["values", "credentials", "connection", "decisions", "learning", "learned", "policy"],
      ...["approve", "wake", "watch", "explain", "audit", "approvals", "discover", "operator"],
    ].map((noun) => `operating/${noun}`),
  ],
  ["index", "operator", "tools", "webhooks", "cli"],
];

/** Packages that one file knows and no other. */
const KEEPERS: Record<string, string[]> = {
  undici: ["transport.ts", "pool.ts"],
  "openapi-fetch": ["api.ts"],
  canonicalize: ["canonical.ts"],
  "smol-toml": ["config-file.ts"],
  msw: ["testing/msw.ts"],
};

const files = readdirSync(SOURCE, { recursive: true, encoding: "utf8" }).filter((file) =>
  file.endsWith(".ts"),
);

it("every source file has a floor of the house", () => {
  const housed = new Set(FLOORS.flat().map((name) => `${name}.ts`));
  const outside = files.filter((file) => !/^(generated|testing|documents|diff|cli)\//.test(file));
  expect(outside.filter((file) => !housed.has(file))).toEqual([]);
});

it("imports go down the floors only", () => {
  const climbing = files.flatMap((file) =>
    importsOf(file)
      .filter((target) => target.startsWith("src:") && floorOf(target.slice(4)) > floorOf(file))
      .map((target) => `${file} → ${target.slice(4)}`),
  );
  expect(climbing).toEqual([]);
});

it("no file imports itself by way of others", () => {
  expect(files.filter((file) => reachable(file).has(file))).toEqual([]);
});

it("the mock gate shares no code with the client", () => {
  const shared = files
    .filter((file) => file.startsWith("testing/"))
    .flatMap((file) => importsOf(file).map((target) => ({ file, target })))
    .filter(({ target }) => target.startsWith("src:") && !/^src:(testing|generated)\//.test(target))
    .map(({ file, target }) => `${file} → ${target}`);
  expect(shared).toEqual([]);
});

it("what reads and compares documents imports nothing of the client, and the client nothing of it", () => {
  const apart = /^(documents|diff)\//;
  const crossing = files
    .filter((file) => !file.startsWith("cli/"))
    .flatMap((file) => importsOf(file).map((target) => ({ file, target })))
    .filter(({ target }) => target.startsWith("src:"))
    .filter(({ file, target }) => apart.test(file) !== apart.test(target.slice(4)))
    .map(({ file, target }) => `${file} → ${target}`);
  expect(crossing).toEqual([]);
});

it("nothing but the command imports the mock gate", () => {
  const leaning = files
    .filter((file) => !/^(testing|cli)\//.test(file))
    .filter((file) => importsOf(file).some((target) => target.startsWith("src:testing/")));
  expect(leaning).toEqual([]);
});

it("the command loads the mock gate when it is asked for one, and not before", () => {
  const eager = files
    .filter((file) => /^cli[./]/.test(file))
    .filter((file) => /^import (?!type )[^;]*\btesting\//m.test(readFileSync(resolve(SOURCE, file), "utf8")));
  expect(eager).toEqual([]);
});

it("each package has one file that knows it", () => {
  const strangers = files.flatMap((file) =>
    importsOf(file)
      .map((target) => packageOf(target))
      .filter((name) => name !== undefined && KEEPERS[name] !== undefined && !KEEPERS[name].includes(file))
      .map((name) => `${file} → ${name}`),
  );
  expect(strangers).toEqual([]);
});

function floorOf(file: string): number {
  if (/^(generated|testing|documents|diff)\//.test(file)) return 0;
  if (file.startsWith("cli/")) return FLOORS.length - 1;
  return FLOORS.findIndex((names) => names.includes(file.replace(/\.ts$/, "")));
}

/** What a file imports, types and dynamic imports too: `src:` and the path, or the package's specifier. */
function importsOf(file: string): string[] {
  const known = imports.get(file) ?? readImports(file);
  imports.set(file, known);
  return known;
}

const imports = new Map<string, string[]>();

function readImports(file: string): string[] {
  const path = resolve(SOURCE, file);
  const { importedFiles } = ts.preProcessFile(readFileSync(path, "utf8"), true, true);
  return importedFiles.map(({ fileName }) =>
    fileName.startsWith(".") ? `src:${relative(SOURCE, resolve(dirname(path), fileName))}` : fileName,
  );
}

function packageOf(specifier: string): string | undefined {
  if (specifier.startsWith("src:") || specifier.startsWith("node:")) return undefined;
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

function reachable(from: string): Set<string> {
  const found = new Set<string>();
  const queue = [from];
  for (let file = queue.pop(); file !== undefined; file = queue.pop())
    for (const target of importsOf(file)) {
      const next = target.slice(4);
      if (!target.startsWith("src:") || found.has(next)) continue;
      found.add(next);
      queue.push(next);
    }
  return found;
}
