/**
 * Runs the hello example and the plain consumers in Bun and in Deno, against a mock gate in Node over TCP, a Unix socket and the
 * runtime's own fetch: `npm run test:runtimes`.
 */
import { spawnSync } from "node:child_process";
import { binaryOf } from "./binaries.ts";
import { cleanEnvironment, createTarball } from "./tarball.ts";

const RUNTIMES = [
  { name: "Bun 1.4.5", command: [binaryOf("@oven/bun-linux-x64", "1.4.5", "bin/bun")] },
  {
    name: "Deno 2.9.6",
    command: [
      binaryOf("@deno/linux-x64-glibc", "2.9.6", "deno"),
      ...["run", "--allow-all", "--node-modules-dir=manual"],
    ],
  },
];

using tarball = createTarball();
const plain = ["esm", "cjs", "two-copies"].map((name) => ({ name, folder: tarball.install(name) }));
const hello = tarball.install("runtimes");
let passed = 0;
let failed = 0;
for (const { name, command } of RUNTIMES) {
  say(`${name}, hello`, process.execPath, ["drive.js", ...command], hello);
  const [binary = "", ...args] = command;
  for (const { name: consumer, folder } of plain)
    say(`${name}, ${consumer}`, binary, [...args, "main.js"], folder);
}
console.log(`runtimes: ${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

function say(what: string, binary: string, args: string[], cwd: string): void {
  const { status, stdout, stderr } = spawnSync(binary, args, {
    cwd,
    env: cleanEnvironment(),
    encoding: "utf8",
    timeout: 180_000,
  });
  console.log(`${status === 0 ? "ok  " : "FAIL"} ${what}`);
  if (status === 0) passed += 1;
  else failed += 1;
  if (status !== 0) console.log(`${stdout}${stderr}`);
}
