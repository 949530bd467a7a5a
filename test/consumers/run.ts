/**
 * Packs the package, and runs the programs in the folders beside this file with it: `npm run test:consumers`, or with the names
 * of some of them.
 */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { cleanEnvironment, createTarball } from "./tarball.ts";

const all = readdirSync(import.meta.dirname, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);
const chosen = process.argv.slice(2);
const unknown = chosen.filter((name) => !all.includes(name));
if (unknown.length > 0) throw new Error(`there is no consumer ${unknown.join(", ")}: ${all.join(", ")}`);

using tarball = createTarball();
let failed = 0;
const names = chosen.length > 0 ? chosen : all;
for (const name of names) {
  const began = performance.now();
  const folder = tarball.install(name);
  const { status, stdout, stderr } = spawnSync("npm", ["test", "--silent"], {
    cwd: folder,
    env: cleanEnvironment(),
    encoding: "utf8",
    timeout: 180_000,
  });
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  console.log(`${status === 0 ? "ok  " : "FAIL"} ${name} (${seconds} s)`);
  if (status === 0) continue;
  failed += 1;
  console.log(`${stdout}${stderr}`);
}
console.log(`consumers: ${names.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
