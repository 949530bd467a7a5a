import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { DiscoverOptions } from "../operator/discover.ts";
import { LatchGateOperator } from "../operator/operator.ts";
import { isPem } from "../wire/pem.ts";
import { socketOf } from "../wire/place.ts";
import { type Terminal, UsageError } from "./command.ts";

/** Where the operators' side of a gate is, as the options say it. */
export interface OperatorValues {
  readonly adminSocket?: string | undefined;
  readonly adminUrl?: string | undefined;
  readonly publicBaseUrl?: string | undefined;
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/** The operator of this directory and environment. */
export async function findOperator(values: OperatorValues, terminal: Terminal): Promise<LatchGateOperator> {
  return LatchGateOperator.discover(await discoveryOf(values, terminal));
}

export async function discoveryOf(values: OperatorValues, { cwd, env }: Terminal): Promise<DiscoverOptions> {
  const { adminSocket: socket, adminUrl: baseUrl, publicBaseUrl } = values;
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
