import { readdirSync, readFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import ts from "typescript";
import { expect, it } from "vitest";

const SOURCE = resolve(import.meta.dirname, "../src");

/** The house of the package, from the ground up: what is in a folder may import from folders of lower floors. */
const FLOORS = [
  ["generated", "documents", "testing"],
  ["vocabulary", "diff"],
  ["wire", "evidence", "webhooks"],
  ["proof"],
  ["call"],
  ["session", "operator"],
  ["agent"],
  ["tools", "journals"],
  ["client"],
  ["cli"],
];

/** What programs import, and the command: the only files that lie in `src/` itself. */
const ENTRIES = ["index.ts", "operator.ts", "tools.ts", "webhooks.ts", "journals.ts", "cli.ts"];

/** The mock gate's own house, in `testing/`. */
const MOCK_FLOORS = [
  ["formats"],
  ["stores"],
  ["actions", "webhooks"],
  ["decisions"],
  ["operator", "sockets"],
  ["gate"],
  ["conformance"],
  ["twins"],
];

/** Packages that one file knows and no other. */
const KEEPERS: Record<string, string[]> = {
  undici: ["wire/transport.ts", "wire/pool.ts"],
  "openapi-fetch": ["call/api.ts"],
  canonicalize: ["evidence/canonical.ts"],
  "smol-toml": ["wire/config-file.ts"],
  msw: ["testing/sockets/msw.ts"],
};

const files = readdirSync(SOURCE, { recursive: true, encoding: "utf8" }).filter((file) =>
  file.endsWith(".ts"),
);

it("every source file lies in a folder that has a floor, or is an entry", () => {
  const places = [...FLOORS.flat(), ...ENTRIES, ...MOCK_FLOORS.flat().map((folder) => `testing/${folder}`)];
  expect([...new Set(files.map(folderOf))].sort()).toEqual(places.sort());
});

it("folders import from lower floors only", () => {
  const climbing = arrows().filter(([from, to]) => floorOf(to) >= floorOf(from));
  expect(climbing.map(([from, to]) => `${from} → ${to}`)).toEqual([]);
});

it("what lies in `src/` itself is imported by nobody", () => {
  expect(arrows().filter(([, to]) => ENTRIES.includes(to))).toEqual([]);
});

it("CONTRIBUTING's picture of the house is the house (`npx vitest run test/floors.test.ts -u` draws it anew)", async () => {
  const page = resolve(SOURCE, "../CONTRIBUTING.md");
  const [before, after] = readFileSync(page, "utf8").split(/```mermaid\n[^`]*```/, 2);
  await expect(`${before}${picture()}${after}`).toMatchFileSnapshot(page);
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

/** The folder that a file lies in, of the mock gate's the one within `testing/`; an entry stands for itself. */
function folderOf(file: string): string {
  const [top, within, rest] = file.split("/");
  return top === "testing" && rest !== undefined ? `${top}/${within}` : `${top}`;
}

function floorOf(folder: string): number {
  if (folder.startsWith("testing/")) return MOCK_FLOORS.findIndex((names) => names.includes(folder.slice(8)));
  if (ENTRIES.includes(folder)) return FLOORS.length;
  return FLOORS.findIndex((names) => names.includes(folder));
}

/** Which folder imports from which, of the client's and of the mock gate's each. */
function arrows(): [from: string, to: string][] {
  const found = new Map<string, [string, string]>();
  for (const file of files)
    for (const target of importsOf(file)) {
      if (!target.startsWith("src:") || target.startsWith("src:..")) continue;
      const [from, to] = [folderOf(file), folderOf(target.slice(4))];
      const inside = from.startsWith("testing/") !== to.startsWith("testing/");
      if (from !== to && !inside) found.set(`${from} → ${to}`, [from, to]);
    }
  return [...found.values()].sort(([a, b], [c, d]) => `${a} ${b}`.localeCompare(`${c} ${d}`));
}

/** The client's folders without what is generated. An arrow that others make needless is left out. */
function picture(): string {
  const all = arrows().filter((arrow) => !arrow.some((end) => /^(generated|testing.*)$/.test(end)));
  const next = (folder: string) => all.filter(([from]) => from === folder).map(([, to]) => to);
  const leadsTo = (from: string, to: string): boolean =>
    next(from).some((step) => step === to || leadsTo(step, to));
  const lines = all
    .filter(([from, to]) => !next(from).some((step) => step !== to && leadsTo(step, to)))
    .map(([from, to]) => `  ${drawn(from)} --> ${drawn(to)}`);
  return ["```mermaid", "flowchart TD", ...lines, "```"].join("\n");
}

function drawn(folder: string): string {
  return ENTRIES.includes(folder) ? `${folder}([${folder}])` : `${folder}[${folder}/]`;
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
