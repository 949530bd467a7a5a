import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { sha256 } from "./document.ts";
import { GENERATOR_OPTIONS, type Source } from "./generate.ts";

/** What the generated files were made of: when they differ, this says why. */
export interface Lock {
  /** sha256 of each document. */
  readonly documents: { readonly [title: string]: string };
  readonly "openapi-typescript": string;
  readonly typescript: string;
  readonly options: { readonly [name: string]: unknown };
}

export function lockOf(sources: readonly Source[]): Lock {
  return {
    documents: Object.fromEntries(sources.map(({ title, document }) => [title, sha256(document.text)])),
    "openapi-typescript": versionOf("openapi-typescript"),
    typescript: versionOf("typescript"),
    options: GENERATOR_OPTIONS,
  };
}

export const lockText = (lock: Lock) => `${JSON.stringify(lock, null, 2)}\n`;

/** The lock in a file, or undefined where there is none that can be read. */
export function readLock(file: string): Lock | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Lock;
  } catch {
    return undefined;
  }
}

/** Which of the four moved since the lock was written, a sentence each: the documents, the generator, TypeScript, the options. */
export function whatMoved(before: Lock | undefined, now: Lock): string[] {
  if (before === undefined) return ["there is no openapi/lock.json that says what the files were made of"];
  const titles = [...new Set([...Object.keys(before.documents ?? {}), ...Object.keys(now.documents)])];
  const documents = titles.filter((title) => before.documents?.[title] !== now.documents[title]).sort();
  const tools = (["openapi-typescript", "typescript"] as const)
    .filter((name) => before[name] !== now[name])
    .map((name) => `${name} ${before[name]} → ${now[name]}`);
  if (JSON.stringify(before.options) !== JSON.stringify(now.options))
    tools.push(`options ${JSON.stringify(before.options)} → ${JSON.stringify(now.options)}`);
  const api = documents.length === 0 ? [] : [`the API changed: ${documents.join(", ")}`];
  if (tools.length === 0) return api;
  return [
    ...api,
    `${api.length === 0 ? "only the generator did" : "the generator too"}: ${tools.join(", ")}`,
  ];
}

function versionOf(name: string): string {
  const require = createRequire(import.meta.url);
  return (require(`${name}/package.json`) as { version: string }).version;
}
