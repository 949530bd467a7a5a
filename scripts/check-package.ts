/**
 * Looks at the package as it would be published: two builds give the same tarball, nothing in it runs when it is installed, it
 * holds what it should and nothing else, and each entry loads no more than it may.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");

/** What an import of each entry may load of this package, in KiB and not minified; what `import()` brings later does not count. */
const BUDGETS: Readonly<Record<string, { kib: number; of: string }>> = {
  index: {
    kib: 315,
    of: "68 of it are the tables made of both documents, two carriers, 16 what takes up held calls, the rest is the client",
  },
  operator: { kib: 260, of: "the same tables and transport, and the operator's methods" },
  testing: {
    kib: 380,
    of: "a whole gate, what checks clients and journals, with the ten actions that most tests use; no code of the client",
  },
  tools: { kib: 115, of: "what makes tools of a client that is given; no transport, no undici" },
  webhooks: { kib: 32, of: "what verifies and receives; no client, no transport" },
  journals: { kib: 40, of: "three stores by shape, and the errors of wrong options; no client of a store" },
  cli: { kib: 140, of: "commander and what fits text to a terminal; each command is loaded when called" },
};

/** What is read only when it is asked for, in KiB. */
const LATER: Readonly<Record<string, { kib: number; of: string }>> = {
  "gate-actions.json": { kib: 60, of: "what a gate tells of the other 77 actions" },
};

/** The whole package, unpacked: half of it are declarations and the documents. */
const UNPACKED_KIB = 2_700;

const FILES =
  /^(dist\/.+\.(c?js|d\.c?ts|json)|dist\/third-party-licences\.txt|openapi\/\w+\.yaml|docs\/[\w-]+\.md|(README|CHANGELOG|SECURITY)\.md|LICENSE|package\.json)$/;
const INSTALL_SCRIPTS = ["preinstall", "install", "postinstall", "prepare", "prepublish"];

interface Packed {
  readonly filename: string;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}

const failures: string[] = [];

const first = packed();
const second = packed();
const { files, unpackedSize } = first.about;
say(first.hash === second.hash, `two builds give one tarball: sha256 ${first.hash}, and ${second.hash}`);

const strange = files.map(({ path }) => path).filter((path) => !FILES.test(path));
say(strange.length === 0, `${files.length} files, strangers among them: ${strange.join(", ") || "none"}`);

const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: object };
const installing = INSTALL_SCRIPTS.filter((name) => name in scripts);
say(installing.length === 0, `scripts that run at an installation: ${installing.join(", ") || "none"}`);

const whole = Math.ceil(unpackedSize / 1024);
say(whole <= UNPACKED_KIB, `the whole package: ${whole} KiB of ${UNPACKED_KIB}`);
for (const [entry, { kib, of }] of Object.entries(BUDGETS)) {
  const loaded = Math.ceil(
    [...loadedBy(`${entry}.js`)].reduce((sum, file) => sum + statSync(join(root, "dist", file)).size, 0) /
      1024,
  );
  say(loaded <= kib, `${entry}: ${loaded} KiB of ${kib} (${of})`);
}
for (const [file, { kib, of }] of Object.entries(LATER)) {
  const size = Math.ceil(statSync(join(root, "dist", file)).size / 1024);
  say(size <= kib, `${file}: ${size} KiB of ${kib} (${of})`);
}
if (failures.length > 0) {
  console.error(`check-package: ${failures.length} failed`);
  process.exitCode = 1;
}

function say(holds: boolean, what: string): void {
  console.log(`${holds ? "ok  " : "FAIL"} ${what}`);
  if (!holds) failures.push(what);
}

function packed(): { about: Packed; hash: string } {
  const folder = mkdtempSync(join(tmpdir(), "latchgate-packed-"));
  try {
    const run = (args: string[]) =>
      execFileSync("npm", args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
    run(["run", "--silent", "build", "--", "--logLevel", "silent"]);
    const [about] = JSON.parse(
      run(["pack", "--json", "--ignore-scripts", "--pack-destination", folder]),
    ) as Packed[];
    if (about === undefined) throw new Error("npm pack has made nothing");
    const bytes = readFileSync(join(folder, about.filename));
    return { about, hash: createHash("sha256").update(bytes).digest("hex") };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A built file, and all that it imports at once. */
function loadedBy(file: string, found = new Set<string>()): Set<string> {
  if (found.has(file)) return found;
  found.add(file);
  const text = readFileSync(join(root, "dist", file), "utf8");
  for (const [, next = ""] of text.matchAll(/^(?:import|export)\b[^;]*?"\.\/([^"]+)";/gm))
    loadedBy(next, found);
  return found;
}
