import { readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { LatchGateInvalidRequest } from "../vocabulary/errors.ts";
import { isPem } from "./pem.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** What of a gate's configuration its clients need. */
export interface GateConfig {
  readonly path: string;
  readonly mode: number;
  readonly publicBaseUrl: string | undefined;
  readonly listenUdsPath: string | undefined;
  readonly listenAdminUdsPath: string | undefined;
  readonly operatorCredentials: ReadonlyMap<string, { readonly apiKey: string; readonly dpopJkt: string }>;
}

/**
 * The configuration that a gate and its own command find from a directory (contract operator.md 1.5): `LATCHGATE_CONFIG`,
 * else `.latchgate/latchgate.toml` right there (no parent is looked into), else the user's; undefined without any.
 */
export function findGateConfig(cwd: string, environment: Environment): GateConfig | undefined {
  const named = environment["LATCHGATE_CONFIG"];
  if (named) {
    if (isPem(named))
      throw wrongConfig("LATCHGATE_CONFIG must be the path of a file, and holds the text of one");
    const found = readGateConfig(resolve(cwd, named));
    if (found === undefined) throw wrongConfig(`LATCHGATE_CONFIG names ${named}, and there is no such file`);
    return found;
  }
  const found = readGateConfig(join(cwd, ".latchgate", "latchgate.toml"));
  if (found !== undefined) return found;
  const userConfig = userConfigFolder(environment);
  return userConfig === undefined
    ? undefined
    : readGateConfig(join(userConfig, "latchgate", "latchgate.toml"));
}

/** A user whom the machine does not know (a container's, a sandbox's) has none where the environment names none. */
function userConfigFolder(environment: Environment): string | undefined {
  const { XDG_CONFIG_HOME: folder, HOME: home } = environment;
  if (folder) return folder;
  try {
    return join(home || homedir(), ".config");
  } catch {
    return undefined;
  }
}

function readGateConfig(path: string): GateConfig | undefined {
  let text: string;
  let mode: number;
  try {
    mode = statSync(path).mode;
    text = readFileSync(path, "utf8");
  } catch (error) {
    const { code = "unknown error" } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw wrongConfig(
      `the gate's configuration ${path} can't be read (${code})`,
      code === "EACCES" ? "config_forbidden" : "config_unreadable",
    );
  }
  return { path, mode, ...membersOf(parse(text, path), path) };
}

/** Only where there is a file: most agents have none, and do not wait for the parser. */
function loadParser(path: string): typeof import("smol-toml") {
  // A bundle in CommonJS has no URL of its own.
  const here = import.meta.url ?? join(process.cwd(), "bundle.cjs");
  try {
    return createRequire(here)("smol-toml") as typeof import("smol-toml");
  } catch {
    throw wrongConfig(
      `reading the gate's configuration ${path} needs the package smol-toml, which no bundle contains: npm install smol-toml beside it`,
      "package_missing",
    );
  }
}

function parse(text: string, path: string): Record<string, unknown> {
  const { parse: parseToml } = loadParser(path);
  try {
    return parseToml(text);
  } catch (error) {
    // The parser's own message quotes the lines around the mistake, and an api key may be on one.
    const { line } = error as { line?: unknown };
    throw wrongConfig(
      `the gate's configuration ${path} is no TOML${typeof line === "number" ? ` (line ${line})` : ""}`,
    );
  }
}

function membersOf(toml: Record<string, unknown>, path: string): Omit<GateConfig, "path" | "mode"> {
  const text = (name: string) => {
    const value = toml[name];
    if (value === undefined || typeof value === "string") return value;
    throw wrongConfig(`${name} in ${path} is no text`);
  };
  const credentials = toml["operator_credentials"] ?? {};
  if (typeof credentials !== "object" || Array.isArray(credentials))
    throw wrongConfig(`operator_credentials in ${path} is no table`);
  return {
    publicBaseUrl: text("public_base_url"),
    listenUdsPath: text("listen_uds_path"),
    listenAdminUdsPath: text("listen_admin_uds_path"),
    operatorCredentials: new Map(
      Object.entries(credentials as Record<string, unknown>).map(([id, entry]) => {
        const { api_key, dpop_jkt } = (entry ?? {}) as { api_key?: unknown; dpop_jkt?: unknown };
        return [
          id,
          {
            apiKey: typeof api_key === "string" ? api_key : "",
            dpopJkt: typeof dpop_jkt === "string" ? dpop_jkt : "",
          },
        ];
      }),
    ),
  };
}

const wrongConfig = (problem: string, code = "config_unreadable") =>
  new LatchGateInvalidRequest("<options>", problem, { code });
