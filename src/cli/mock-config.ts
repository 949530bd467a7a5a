import { readFile } from "node:fs/promises";
import { extname } from "node:path";
import { pathToFileURL } from "node:url";
import type { MockGateOptions } from "../testing/index.ts";

/** Every option of a mock gate: a new one stops the build here, and a misspelt one the command. */
const OPTIONS = {
  principal: true,
  owner: true,
  scopes: true,
  identity: true,
  peers: true,
  operators: true,
  publicBaseUrl: true,
  leaseTtlSeconds: true,
  actions: true,
  builtinActions: true,
  grants: true,
  rateLimits: true,
  now: true,
  timer: true,
  files: true,
  root: true,
  directories: true,
  fsRootPrefixes: true,
  web: true,
  secrets: true,
  approvalStore: true,
  trustedLeaseKeys: true,
  devMode: true,
  webhooks: true,
  webhookSettings: true,
  receivedLimit: true,
  historyLimit: true,
  replayCapacity: true,
  loadAjv: true,
} satisfies Record<keyof MockGateOptions, true>;

/** The options of a mock gate from a file: JSON, or the default export of a module. */
export async function loadConfig(file: string): Promise<MockGateOptions> {
  const options: unknown = extname(file) === ".json" ? await fromJson(file) : await fromModule(file);
  if (!isRecord(options)) {
    throw new Error(`${file} does not hold the options of a MockGate (an object${exportHint(file)})`);
  }
  const unknown = Object.keys(options).filter((name) => !Object.hasOwn(OPTIONS, name));
  if (unknown.length > 0) {
    throw new Error(
      `${file}: a MockGate has no option ${unknown.join(", ")}; it has ${Object.keys(OPTIONS).join(", ")}`,
    );
  }
  const { actions } = options;
  for (const [actionId, action] of isRecord(actions) ? Object.entries(actions) : []) {
    for (const name of ["run", "targets"]) {
      const value = isRecord(action) ? action[name] : undefined;
      if (value !== undefined && typeof value !== "function")
        throw new Error(`${file}: ${name} of the action ${actionId} is a function, which needs a module`);
    }
  }
  return options;
}

async function fromJson(file: string): Promise<unknown> {
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw unreadable(file, cause);
  });
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Error(`${file} is no JSON: ${messageOf(cause)}`, { cause });
  }
}

async function fromModule(file: string): Promise<unknown> {
  // What is not there is told apart from what it imports and is not there.
  await readFile(file).catch((cause: unknown) => {
    throw unreadable(file, cause);
  });
  try {
    const module = (await import(pathToFileURL(file).href)) as { default?: unknown };
    return module.default;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ERR_UNKNOWN_FILE_EXTENSION") {
      throw new Error(
        `${file}: Node ${process.versions.node} can't load this kind of file; take .js, .mjs or .json, or for TypeScript a Node from 22.18 on, or one with tsx (NODE_OPTIONS="--import tsx")`,
        { cause },
      );
    }
    throw new Error(`${file} can't be loaded: ${messageOf(cause)}`, { cause });
  }
}

function exportHint(file: string): string {
  return extname(file) === ".json" ? "" : " that is the module's default export";
}

function unreadable(file: string, cause: unknown): Error {
  return new Error(`${file} can't be read: ${messageOf(cause)}`, { cause });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
