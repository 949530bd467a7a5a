import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

export const ROOT = resolve(import.meta.dirname, "../..");
export const read = (path: string) => readFileSync(resolve(ROOT, path), "utf8");

/** What is written for people: the README, the pages of `docs/`, and what lies beside them. */
export const PAGES = readdirSync(resolve(ROOT, "docs"))
  .filter((name) => name.endsWith(".md"))
  .map((name) => `docs/${name}`);
export const DOCUMENTS = [
  "README.md",
  "CONTRIBUTING.md",
  "SECURITY.md",
  "CHANGELOG.md",
  "bench/README.md",
  ...PAGES,
];

/** A fenced block: the language that it says, the line it begins at, its text. */
export interface Block {
  readonly language: string;
  readonly line: number;
  readonly text: string;
}

/** Every fenced block, whichever fence it has, and however far it is indented. */
export function blocksOf(markdown: string): Block[] {
  const blocks: Block[] = [];
  let open: { fence: string; language: string; line: number; text: string } | undefined;
  for (const [at, line] of markdown.split("\n").entries()) {
    const [, fence = "", info = ""] = /^[\s>]*(`{3,}|~{3,})\s*(.*)$/.exec(line) ?? [];
    if (open === undefined) {
      if (fence !== "") open = { fence, language: info.split(/[\s{]/)[0] ?? "", line: at + 1, text: "" };
    } else if (info === "" && fence.startsWith(open.fence)) {
      blocks.push(open);
      open = undefined;
    } else open.text += `${line}\n`;
  }
  if (open !== undefined) blocks.push(open);
  return blocks;
}

/** A link within the repository: the file it leads to, from the root, and the heading. */
export interface Link {
  readonly target: string;
  readonly heading: string | undefined;
}

/** The links of a document that lead into the repository. */
export const linksOf = (name: string): Link[] =>
  [...read(name).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)].map(([, file = "", heading]) => ({
    target: file === "" ? name : join(dirname(name), file),
    heading,
  }));

/** Links that lead nowhere. */
export const deadLinksOf = (name: string): string[] =>
  linksOf(name)
    .filter(
      ({ target, heading }) =>
        !existsSync(resolve(ROOT, target)) ||
        (heading !== undefined && !slugsOf(read(target)).includes(heading)),
    )
    .map(({ target, heading }) => `${target}${heading === undefined ? "" : `#${heading}`}`);

/** What a heading is called in links to it. */
const slugsOf = (markdown: string) =>
  [...markdown.matchAll(/^#+ (.*)$/gm)].map(([, title = ""]) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
