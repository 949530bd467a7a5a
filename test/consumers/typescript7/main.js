/** A program with TypeScript 7 alone: what makes types says what it needs in one sentence, and the command in it works. */
import assert from "node:assert/strict";
import { execSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";

const openapi = "node_modules/latchgate-client/openapi";
const commands = [
  ["generate", "--agent", `${openapi}/agent.yaml`, "--out", "generated"],
  ["api-diff", `${openapi}/agent.yaml`, `${openapi}/agent.yaml`],
];
const latchgate = "node_modules/latchgate-client/dist/cli.js";

const { stderr, status } = spawnSync(process.execPath, [latchgate, ...commands[0]], { encoding: "utf8" });
assert.equal(status, 1);
assert.match(stderr, /made and compared by TypeScript 5, and 7\.0\.2 is installed here/);
assert.doesNotMatch(stderr, /createKeywordTypeNode|\n +at /);
// What needs no types does without.
assert.match(
  execSync(`node ${latchgate} ${commands[1].join(" ")}`, { encoding: "utf8" }),
  /The API is the same/,
);

const [install, run] = stderr.slice(stderr.indexOf("npm install")).trim().split(" && ");
const [tarball] = JSON.parse(readFileSync("package.json", "utf8"))
  .dependencies["latchgate-client"].split("file:")
  .slice(1);
execSync(install.replace(" latchgate-client ", ` ${resolve(tarball)} `), { stdio: "pipe" });
for (const command of commands) execSync(`${run} ${command.join(" ")}`, { stdio: "pipe" });
assert.ok(existsSync("generated/agent.ts"));
