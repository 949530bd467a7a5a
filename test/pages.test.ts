import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";
import { DOCUMENTS, linksOf, PAGES, ROOT, read } from "./support/markdown.ts";

const MOST_LINES = 200;
/** It grows with each version. */
const LONG = ["CHANGELOG.md"];

it.each(DOCUMENTS.filter((name) => !LONG.includes(name)))("%s is read in one sitting", (name) => {
  expect(read(name).trimEnd().split("\n").length).toBeLessThanOrEqual(MOST_LINES);
});

it.each(PAGES)("%s begins with what one can do after reading it", (name) => {
  expect(read(name)).toMatch(/^# \S.*\n\nAfter this page \S/);
});

it("the README leads to every page", () => {
  const reached = new Set(linksOf("README.md").map(({ target }) => target));
  expect(PAGES.filter((page) => !reached.has(page))).toEqual([]);
});

it("what the packed pages link to is packed too", { timeout: 60_000 }, () => {
  const [packed] = JSON.parse(
    execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
      cwd: ROOT,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }),
  ) as { files: { path: string }[] }[];
  const files = new Set(packed?.files.map(({ path }) => path));
  const pages = DOCUMENTS.filter((name) => files.has(name));
  expect(pages).toContain("README.md");
  const astray = pages.flatMap((name) =>
    linksOf(name)
      .filter(({ target }) => !files.has(target))
      .map(({ target }) => `${name}: ${target}`),
  );
  expect(astray).toEqual([]);
});
