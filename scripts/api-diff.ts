/**
 * `npm run api:diff [-- REF | OLD NEW]`: what changed in `openapi/` since a commit (by default the last tag, or the first
 * commit with both documents), or between two versions on disk.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { Command, CommanderError } from "@commander-js/extra-typings";
import { type ApiDiffValues, compareVersions, takesDiffOptions } from "../src/cli/api-diff.ts";
import { type Terminal, UsageError } from "../src/cli/command.ts";
import { loadDocuments } from "../src/diff/load.ts";
import { readSurface } from "./surface.ts";

/** Runs it for a checkout; gives the exit code. */
export async function apiDiff(root: string, args: readonly string[], terminal: Terminal): Promise<number> {
  let code = 0;
  const command = takesDiffOptions(
    new Command("npm run api:diff --")
      .argument("[reference-or-old]", "a commit; the last tag when left out. Or one of two versions on disk")
      .argument("[new]", "and the other"),
  )
    .exitOverride()
    .configureOutput({ writeOut: (text) => terminal.out(text.trimEnd()), writeErr() {} })
    .action(async (first, second, values) => {
      code = await compared(root, first, second, values, terminal);
    });
  try {
    await command.parseAsync([...args], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode !== 0) throw new UsageError(error.message.replace(/^error: /, ""));
  }
  return code;
}

async function compared(
  root: string,
  first: string | undefined,
  second: string | undefined,
  values: ApiDiffValues,
  terminal: Terminal,
): Promise<number> {
  const accepted = join(root, "openapi/accepted.json");
  const known = values.accepted === undefined && existsSync(accepted) ? { ...values, accepted } : values;
  if (first !== undefined && second !== undefined) {
    const [before, after] = [first, second].map((path) => loadDocuments(resolve(terminal.cwd, path)));
    if (before === undefined || after === undefined)
      throw new UsageError("two versions are compared: OLD NEW");
    return await compareVersions(before, after, known, readSurface(root), terminal);
  }
  const folder = mkdtempSync(join(tmpdir(), "latchgate-api-diff-"));
  try {
    const reference = first ?? lastPublished(root);
    extract(root, reference, folder);
    const [before, after] = [loadDocuments(folder), loadDocuments(root)];
    return await compareVersions(before, after, known, readSurface(root), terminal);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const git = (root: string, ...args: string[]) =>
  execFileSync("git", args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();

/** The last tag, or the first commit that has both documents. */
function lastPublished(root: string): string {
  try {
    return git(root, "describe", "--tags", "--abbrev=0");
  } catch {
    const added = git(root, "log", "--diff-filter=A", "--format=%H", "--", "openapi/operator.yaml")
      .split("\n")
      .at(-1);
    if (added === undefined || added === "") throw new Error("no commit has both documents: give a REF");
    return added;
  }
}

/** Lays the documents of a commit into a folder. */
function extract(root: string, reference: string, folder: string): void {
  const files = git(root, "ls-tree", "-r", "--name-only", reference, "openapi/").split("\n");
  mkdirSync(join(folder, "openapi"));
  for (const file of files.filter((name) => name.endsWith(".yaml")))
    writeFileSync(join(folder, file), git(root, "show", `${reference}:${file}`));
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const terminal: Terminal = {
    out: (line) => console.log(line),
    err: (line) => console.error(line),
    cwd: process.cwd(),
    env: process.env,
  };
  try {
    process.exitCode = await apiDiff(resolve(import.meta.dirname, ".."), process.argv.slice(2), terminal);
  } catch (error) {
    console.error(`api:diff: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = error instanceof UsageError ? 2 : 1;
  }
}
