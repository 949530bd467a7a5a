import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { findGateConfig, type GateConfig } from "../config-file.ts";
import { DPoPKeyPair } from "../dpop.ts";
import { LatchGateInvalidRequest } from "../errors.ts";
import type { OperatorOptions } from "./connection.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Where to look, and what to give the client beside what is found. What is given beats what is found. */
export interface DiscoverOptions extends Omit<OperatorOptions, "apiKey" | "privateKey"> {
  /** The directory whose `.latchgate` is looked into. Default: the current one. No parent is looked into. */
  readonly cwd?: string | undefined;
  /** Default: the process's own. */
  readonly env?: Environment | undefined;
}

/** An operator's options as the gate's own command finds them (contract operator.md 1.5). */
export async function discoverOptions(options: DiscoverOptions = {}): Promise<OperatorOptions> {
  const { cwd = process.cwd(), env = process.env, ...given } = options;
  const config = findGateConfig(cwd, env);
  const { apiKey, privateKey } = await findCredentials(config, cwd, env);
  const placed =
    given.socket !== undefined ||
    given.baseUrl !== undefined ||
    given.fetch !== undefined ||
    given.dispatcher !== undefined ||
    given.transport !== undefined;
  const socket = env["LATCHGATE_LISTEN_ADMIN_UDS_PATH"] || config?.listenAdminUdsPath;
  return {
    ...(placed || socket === undefined ? {} : { socket: resolve(cwd, socket) }),
    ...(given.transport === undefined ? publicBaseUrlOf(config, env) : {}),
    ...given,
    apiKey,
    privateKey,
  };
}

function publicBaseUrlOf(config: GateConfig | undefined, env: Environment): { publicBaseUrl?: string } {
  const publicBaseUrl =
    env["LATCHGATE_PUBLIC_BASE_URL"] || env["LATCHGATE_PUBLIC_URL"] || config?.publicBaseUrl;
  return publicBaseUrl === undefined ? {} : { publicBaseUrl };
}

interface Found {
  readonly apiKey: string;
  readonly privateKey: DPoPKeyPair;
}

async function findCredentials(
  config: GateConfig | undefined,
  cwd: string,
  env: Environment,
): Promise<Found> {
  const apiKey = env["LATCHGATE_OPERATOR_KEY"];
  const pemPath = env["LATCHGATE_OPERATOR_PRIVATE_KEY"];
  if (apiKey && pemPath) return { apiKey, privateKey: await DPoPKeyPair.fromPemFile(resolve(cwd, pemPath)) };
  if (apiKey)
    throw wrong(
      "LATCHGATE_OPERATOR_KEY is set without LATCHGATE_OPERATOR_PRIVATE_KEY, the path of the operator's PEM (LATCHGATE_OPERATOR_KEY is the api key here; latchgate-mcp takes a PEM path under that name)",
    );
  if (pemPath)
    throw wrong("LATCHGATE_OPERATOR_PRIVATE_KEY is set without LATCHGATE_OPERATOR_KEY, the api key");
  return configured(config, cwd, env);
}

/** The one credential of the gate's configuration, and its PEM, which is looked for beside the current directory alone. */
async function configured(config: GateConfig | undefined, cwd: string, env: Environment): Promise<Found> {
  const credentials = new Map(config?.operatorCredentials);
  // What the gate adds to its own configuration from its environment.
  const platformKey = env["LATCHGATE_OPERATOR_API_KEY"];
  if (platformKey)
    credentials.set("platform", { apiKey: platformKey, dpopJkt: env["LATCHGATE_OPERATOR_DPOP_JKT"] ?? "" });
  const [found, ...others] = credentials;
  const where = config?.path ?? "the environment";
  if (found === undefined)
    throw wrong(
      `there are no operator credentials: neither LATCHGATE_OPERATOR_KEY and LATCHGATE_OPERATOR_PRIVATE_KEY, nor ${config === undefined ? `a configuration (${join(cwd, ".latchgate", "latchgate.toml")}, or the user's)` : `any in ${where}`}`,
      "no_credentials",
    );
  if (others.length > 0)
    throw wrong(
      `there are several operator credentials in ${where} (${[...credentials.keys()].join(", ")}): choose one with LATCHGATE_OPERATOR_KEY and LATCHGATE_OPERATOR_PRIVATE_KEY`,
      "several_credentials",
    );
  const [id, { apiKey, dpopJkt }] = found;
  if (apiKey === "") throw wrong(`the operator credential ${id} in ${where} has no api_key`);
  if (config !== undefined) warnLooseConfig(config);
  const paths = [join(cwd, ".latchgate", "operators", `${id}.pem`), join(cwd, ".latchgate", `${id}.pem`)];
  const path = paths.find((candidate) => existsSync(candidate));
  if (path === undefined)
    throw wrong(
      `the private key of the operator credential ${id} is not there: neither ${paths.join(" nor ")}`,
      "no_private_key",
    );
  const privateKey = await DPoPKeyPair.fromPemFile(path);
  // Without a dpop_jkt the gate refuses everything: that is its answer to give.
  if (dpopJkt !== "" && (await privateKey.thumbprint()) !== dpopJkt)
    throw wrong(
      `the key in ${path} is not the one of the operator credential ${id}: its thumbprint is not the dpop_jkt in ${where}`,
      "wrong_private_key",
    );
  return { apiKey, privateKey };
}

const wrong = (problem: string, code = "invalid_credentials") =>
  new LatchGateInvalidRequest("<options>", problem, { code });

const warnedConfigs = new Set<string>();

function warnLooseConfig({ path, mode }: GateConfig): void {
  if ((mode & 0o077) === 0 || process.platform === "win32" || warnedConfigs.has(path)) return;
  warnedConfigs.add(path);
  process.emitWarning(
    `${path} has mode ${(mode & 0o777).toString(8)}: others can read the api key in it; chmod 600 it`,
    { code: "LATCHGATE_LOOSE_CONFIG_MODE" },
  );
}
