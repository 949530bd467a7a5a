import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const read = (name: string) => readFileSync(join(import.meta.dirname, name), "utf8");

test("the page's table shows the versions of the tools that CI tries, each of them", () => {
  const npm = JSON.parse(read("tools/tools.json")) as { [name: string]: string };
  const python = [...read("tools/requirements.txt").matchAll(/^(\S+)==(\S+)$/gm)];
  const versions = new Map([
    ...Object.entries(npm),
    ...python.map(([, name = "", version = ""]) => [name, version] as const),
  ]);
  // What the tools, or what they make, need besides.
  for (const name of ["@zodios/core", "axios", "typescript", "zod", "ruff"]) versions.delete(name);
  const rows = [...read("../../docs/documents.md").matchAll(/^\| (\S+) \| (\d\S+) \| ok/gm)];
  expect(new Map(rows.map(([, name = "", version = ""]) => [name, version]))).toEqual(versions);
});
