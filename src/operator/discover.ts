import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { DPoPKeyPair } from "../proof/dpop.ts";
import { LatchGateInvalidRequest } from "../vocabulary/errors.ts";
import { defaultOperatorSocket, operatorSocketIn, publicBaseUrlIn, publicBaseUrlOf } from "../wire/config.ts";
import { findGateConfig, type GateConfig } from "../wire/config-file.ts";
import { isPem } from "../wire/pem.ts";
import { inSandbox } from "../wire/sandbox.ts";
import type { OperatorOptions } from "./connection.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Where to look, and what to give the client beside what is found. What is given beats what is found. */
export interface DiscoverOptions extends Omit<OperatorOptions, "apiKey" | "privateKey"> {
  /** The directory whose `.latchgate` is looked into. Default: the current one. No parent is looked into. */
  readonly cwd?: string | undefined;
  /** Default: the process's own. */
  readonly env?: Environment | undefined;
}

/** An operator's options as the gate's own commands find them (contract operator.md 1.5, sandbox.md 2.1). */
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
  const publicBaseUrl = publicBaseUrlOf(given, env) ?? publicBaseUrlIn(config);
  return {
    ...(placed ? {} : { socket: socketOf(config, cwd, env) }),
    ...given,
    ...(given.transport !== undefined || publicBaseUrl === undefined ? {} : { publicBaseUrl }),
    apiKey,
    privateKey,
  };
}

/** The operators' socket: what the environment names, else the gate's configuration (its variable first), else the default. */
function socketOf(config: GateConfig | undefined, cwd: string, env: Environment): string {
  const configured = env["LATCHGATE_LISTEN_ADMIN_UDS_PATH"] || config?.listenAdminUdsPath;
  return (
    operatorSocketIn(env, cwd) ??
    (configured === undefined ? defaultOperatorSocket(env) : resolve(cwd, configured))
  );
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
  const named = credentialsIn(env);
  if (named === undefined) return configured(config, cwd, env);
  const { apiKey, pemPath, pemName } = named;
  const path = resolve(cwd, pemPath);
  // Whoever has mixed up the two has an api key where the path should be, and no error may show that.
  if (pemName === KEY && (isPem(pemPath) || !existsSync(path)))
    throw wrong(
      `${KEY} beside ${TOKEN} is the path of the operator's PEM (as latchgate-mcp has it), and there is no such file; where it is the api key, give ${PRIVATE_KEY} and no ${TOKEN}`,
    );
  return { apiKey, privateKey: await DPoPKeyPair.fromPemFile(path) };
}

const KEY = "LATCHGATE_OPERATOR_KEY";
const PRIVATE_KEY = "LATCHGATE_OPERATOR_PRIVATE_KEY";
const TOKEN = "LATCHGATE_OPERATOR_TOKEN";

/**
 * The credentials that the environment names. `LATCHGATE_OPERATOR_KEY` has two meanings among the gate's own programs, told
 * apart by what stands beside it: for its command it is the api key, with the PEM's path in `LATCHGATE_OPERATOR_PRIVATE_KEY`;
 * for latchgate-mcp it is the PEM's path, with the api key in `LATCHGATE_OPERATOR_TOKEN`.
 */
function credentialsIn(
  env: Environment,
): { readonly apiKey: string; readonly pemPath: string; readonly pemName: string } | undefined {
  const [key, pemPath, token] = [env[KEY], env[PRIVATE_KEY], env[TOKEN]];
  if (pemPath && token) {
    // Of the two meanings one agrees with the others, or `key` says a third thing.
    if (key && key !== pemPath && key !== token)
      throw wrong(
        `${KEY}, ${PRIVATE_KEY} and ${TOKEN} contradict each other: give the api key and the path of the PEM once each (${KEY} with ${PRIVATE_KEY}, or ${TOKEN} with ${KEY})`,
      );
    return { apiKey: token, pemPath, pemName: PRIVATE_KEY };
  }
  if (key && pemPath) return { apiKey: key, pemPath, pemName: PRIVATE_KEY };
  if (key && token) return { apiKey: token, pemPath: key, pemName: KEY };
  if (key)
    throw wrong(
      `${KEY} is set without ${PRIVATE_KEY}, the path of the operator's PEM (${KEY} is the api key then), and without ${TOKEN}, the api key (${KEY} is the path of the PEM then, as latchgate-mcp has it)`,
    );
  if (pemPath) throw wrong(`${PRIVATE_KEY} is set without ${KEY} or ${TOKEN}, the api key`);
  if (token)
    throw wrong(`${TOKEN}, the api key, is set without ${KEY} or ${PRIVATE_KEY}, the path of the PEM`);
  return undefined;
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
      inSandbox(env)
        ? "this is the gate's sandbox, where there is no operators' socket: decide outside"
        : undefined,
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

const wrong = (problem: string, code = "invalid_credentials", hint?: string) =>
  new LatchGateInvalidRequest("<options>", problem, { code, hint });

const warnedConfigs = new Set<string>();

function warnLooseConfig({ path, mode }: GateConfig): void {
  if ((mode & 0o077) === 0 || process.platform === "win32" || warnedConfigs.has(path)) return;
  warnedConfigs.add(path);
  process.emitWarning(
    `${path} has mode ${(mode & 0o777).toString(8)}: others can read the api key in it; chmod 600 it`,
    { code: "LATCHGATE_LOOSE_CONFIG_MODE" },
  );
}
