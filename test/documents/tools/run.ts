/**
 * `npm run test:documents`: what other people's tools make of the documents, as a table. With names of tools these alone, with
 * `--folder` the documents there.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { MockGate } from "latchgate-client/testing";
import { OpenApiDocument } from "../../../src/documents/document.ts";
import { judgedByPrism } from "./prism.ts";
import { TOOLS, type Tried } from "./tools.ts";

const PRISM = "@stoplight/prism-cli";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { folder: { type: "string", default: resolve(import.meta.dirname, "../../../openapi") } },
});
const names = [...Object.keys(TOOLS), PRISM];
const unknown = positionals.filter((name) => !names.includes(name));
if (unknown.length > 0) throw new Error(`there is no tool ${unknown.join(", ")}: ${names.join(", ")}`);

const gate = new MockGate({ secrets: ["API_BEARER_TOKEN"] });
const server = await gate.listen({ port: 0, adminPort: 0 });
const tried: Tried[] = [
  { name: "agent.yaml", url: server.url },
  { name: "operator.yaml", url: server.adminUrl },
  { name: "webhooks.yaml", url: undefined },
].map(({ name, url }) => {
  const file = join(resolve(values.folder), name);
  return { name, file, url, ids: operationsIn(file) };
});
const versions = versionsOf();
const failures: string[] = [];
console.log(`| tool | version | ${tried.map(({ name }) => name).join(" | ")} |`);
console.log(`|---|---|${tried.map(() => "---").join("|")}|`);
for (const name of positionals.length > 0 ? positionals : names) {
  const cells = name === PRISM ? await prismCells() : await cellsOf(name);
  console.log(`| ${name} | ${versions[name]} | ${cells.join(" | ")} |`);
}
await server.close();
for (const failure of failures) console.error(`\n${failure.slice(0, 4000)}`);
process.exitCode = failures.length === 0 ? 0 : 1;

async function cellsOf(name: string): Promise<string[]> {
  const cells: string[] = [];
  for (const document of tried)
    cells.push(
      await cell(`${name}, ${document.name}`, async () => {
        const folder = mkdtempSync(join(tmpdir(), "latchgate-documents-"));
        try {
          await TOOLS[name]?.(document, folder);
          return "ok";
        } finally {
          rmSync(folder, { recursive: true });
        }
      }),
    );
  return cells;
}

/** One run through two documents; a webhook is sent by a gate, and no proxy stands before that. */
async function prismCells(): Promise<string[]> {
  const placed = (at: number) => ({ file: tried[at]?.file ?? "", url: tried[at]?.url ?? "" });
  const found = await cell(PRISM, async () => {
    const { exchanges, violations } = await judgedByPrism({ gate, agent: placed(0), operator: placed(1) });
    if (violations.length > 0) throw new Error(violations.join("\n"));
    return `ok (${exchanges} exchanges of both)`;
  });
  return [found, found, "–"];
}

async function cell(what: string, run: () => Promise<string>): Promise<string> {
  try {
    return await run();
  } catch (error) {
    failures.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
    return "**fails**";
  }
}

function operationsIn(file: string): string[] {
  const document = new OpenApiDocument(file);
  return [...document.operations()].map(({ id }) => id);
}

function versionsOf(): { readonly [name: string]: string } {
  const read = (name: string) => readFileSync(join(import.meta.dirname, name), "utf8");
  const python = [...read("requirements.txt").matchAll(/^(\S+)==(\S+)$/gm)].map(
    ([, name = "", version = ""]) => [name, version],
  );
  return { ...(JSON.parse(read("tools.json")) as { [name: string]: string }), ...Object.fromEntries(python) };
}
