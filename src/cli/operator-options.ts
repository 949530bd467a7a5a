import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { DiscoverOptions } from "../operator/discover.ts";
import { LatchGateOperator } from "../operator/operator.ts";
import { LatchGateError } from "../vocabulary/errors.ts";
import { isPem } from "../wire/pem.ts";
import { socketOf } from "../wire/place.ts";
import { type Terminal, UsageError } from "./command.ts";
import { plain } from "./show.ts";

/** Where the operators' side of a gate is, for `parseArgs`. */
export const operatorOptions = {
  "admin-socket": { type: "string" },
  "admin-url": { type: "string" },
  "public-base-url": { type: "string" },
  ca: { type: "string" },
  cert: { type: "string" },
  key: { type: "string" },
} as const;

export const operatorUsage = `  --admin-socket PATH      the operators' socket; by LATCHGATE_ADMIN_SOCKET or the gate's configuration when left out
  --admin-url URL          the operators' port, with --ca, --cert and --key (PEM files) behind TLS; or unix:///path
  --public-base-url URL    what the gate takes for its own URL, where the configuration does not say it
Credentials: LATCHGATE_OPERATOR_KEY (the api key) and LATCHGATE_OPERATOR_PRIVATE_KEY (the path of a PEM), or as
latchgate-mcp has them LATCHGATE_OPERATOR_TOKEN (the api key) and LATCHGATE_OPERATOR_KEY (the path), else the one
of .latchgate/latchgate.toml with its PEM in .latchgate/operators/`;

export type OperatorValues = { readonly [Name in keyof typeof operatorOptions]?: string | undefined };

/** The operator of this directory and environment. */
export async function findOperator(values: OperatorValues, terminal: Terminal): Promise<LatchGateOperator> {
  return LatchGateOperator.discover(await discoveryOf(values, terminal));
}

export async function discoveryOf(values: OperatorValues, { cwd, env }: Terminal): Promise<DiscoverOptions> {
  const { "admin-socket": socket, "admin-url": baseUrl, "public-base-url": publicBaseUrl } = values;
  const pem = async (path: string | undefined) =>
    path === undefined ? undefined : readFile(resolve(cwd, path), "utf8").catch(unreadable(path));
  const [ca, cert, key] = await Promise.all([values.ca, values.cert, values.key].map(pem));
  const tls = ca ?? cert ?? key;
  return {
    cwd,
    env,
    ...(socket === undefined ? {} : { socket: socketOf(socket, "--admin-socket", cwd) }),
    ...(baseUrl === undefined ? {} : { baseUrl }),
    ...(publicBaseUrl === undefined ? {} : { publicBaseUrl }),
    ...(tls === undefined ? {} : { tls: { ca, cert, key } }),
  };
}

const unreadable = (path: string) => (error: NodeJS.ErrnoException) => {
  if (isPem(path)) throw new UsageError("what is given is the PEM itself, and must be the path of its file");
  throw new UsageError(`${path} can't be read (${error.code ?? "unknown error"})`);
};

/** Runs a command, and says of an error of this package what to do about it. */
export async function reported(
  name: string,
  json: boolean,
  terminal: Terminal,
  run: () => Promise<number>,
): Promise<number> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof LatchGateError)) throw error;
    if (json) terminal.out(JSON.stringify({ error }));
    else {
      terminal.err(`latchgate-client ${name}: ${plain(error.message)}`);
      if (error.hint !== undefined) terminal.err(`  ${plain(error.hint)}`);
      if (error.outcome !== "not_executed") terminal.err(`  outcome: ${error.outcome}`);
    }
    return 1;
  }
}
