import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const ROOT = resolve(import.meta.dirname, "../..");

/** The package as programs get it: built, packed, and installed by npm into folders that are not below the repository. */
export interface Tarball extends Disposable {
  /** A copy of a consumer's folder with its packages; the folder lies beside this file unless `from` says where. */
  install(consumer: string, from?: string): string;
}

/** What a program started from here inherits: nothing that was meant for this one. */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _, TSX_TSCONFIG_PATH: __, NODE_PATH: ___, ...env } = process.env;
  return env;
}

export function createTarball(): Tarball {
  const folder = mkdtempSync(join(tmpdir(), "latchgate-consumers-"));
  npm(ROOT, "run", "--silent", "build", "--", "--logLevel", "silent");
  npm(ROOT, "pack", "--ignore-scripts", "--pack-destination", folder);
  const [packed = ""] = readdirSync(folder);
  renameSync(join(folder, packed), join(folder, "latchgate-client.tgz"));
  return {
    install(consumer, from = import.meta.dirname) {
      const path = join(folder, consumer);
      cpSync(join(from, consumer), path, { recursive: true });
      npm(
        path,
        "install",
        "--ignore-scripts",
        "--no-package-lock",
        "--prefer-offline",
        "--no-audit",
        "--no-fund",
      );
      return path;
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** @throws an error with what npm said */
export function npm(cwd: string, ...args: string[]): void {
  execFileSync("npm", args, {
    cwd,
    env: cleanEnvironment(),
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 300_000,
  });
}
