import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { discoverOptions } from "../../operator/discover.ts";
import { DPoPKeyPair } from "../../proof/dpop.ts";
import { LatchGateInvalidRequest } from "../../vocabulary/errors.ts";
import {
  type ConnectionOptions,
  operatorSocketIn,
  type Route,
  resolveOperatorRoute,
  resolveRoute,
  type TlsOptions,
} from "../../wire/config.ts";
import { socketOf } from "../../wire/place.ts";
import { createTransport, type Transport } from "../../wire/transport.ts";
import { type Terminal, UsageError } from "../command.ts";
import type { Signer } from "./signing.ts";

/** The options by which a command is told where a gate is. */
export const PLACE_OPTIONS = {
  socket: { type: "string" },
  url: { type: "string" },
  "admin-socket": { type: "string" },
  "admin-url": { type: "string" },
  "public-base-url": { type: "string" },
  "admin-tls-ca": { type: "string" },
  "admin-tls-cert": { type: "string" },
  "admin-tls-key": { type: "string" },
} as const;

export type PlaceValues = { readonly [Name in keyof typeof PLACE_OPTIONS]?: string | undefined };

/** A gate as far as this command can reach it. Whoever asked for it closes it. */
export interface Places {
  readonly agent: Transport;
  /** The operator's socket, where one was named or lies beside the client's. */
  readonly operator: Transport | undefined;
  readonly credentials: Signer | undefined;
  /** Why there are no credentials, or no operator's socket. */
  readonly without: string | undefined;
  /** Whether the operator's side was asked for, so that not asking there is a failure. */
  readonly operatorWanted: boolean;
  close(): Promise<void>;
}

/** Where the gate is, from a command's options, its environment, and the gate's own configuration. */
export async function findPlaces(values: PlaceValues, { cwd, env }: Terminal): Promise<Places> {
  const at = (file: string | undefined) => (file === undefined ? undefined : resolve(cwd, file));
  const publicBaseUrl = values["public-base-url"];
  const base = publicBaseUrl === undefined ? {} : { publicBaseUrl };
  const socketAt = (name: "socket" | "admin-socket") =>
    settled(() => (values[name] === undefined ? undefined : socketOf(values[name], `--${name}`, cwd)));
  const client = { socket: socketAt("socket"), baseUrl: values.url };
  const admin = { socket: socketAt("admin-socket"), baseUrl: values["admin-url"] };
  const operatorWanted = admin.socket !== undefined || admin.baseUrl !== undefined;
  const agentAt = (named = publicBaseUrl) =>
    connected(() =>
      resolveRoute({ ...client, ...(named === undefined ? {} : { publicBaseUrl: named }) }, env, cwd),
    );
  const route = settled(() => resolveRoute({ ...client, ...base }, env, cwd));
  const named = settled(() => operatorSocketIn(env, cwd));
  const beside = route.socket === undefined ? undefined : join(dirname(route.socket), "gate-admin.sock");
  const nearby =
    named !== undefined
      ? { socket: named }
      : beside !== undefined && existsSync(beside)
        ? { socket: beside }
        : undefined;
  const place: ConnectionOptions | undefined = operatorWanted ? { ...admin, ...tlsOf(values, at) } : nearby;
  if (place === undefined) {
    const without = "no operator's socket is named or lies beside the client's";
    return places(agentAt(), undefined, undefined, without, false);
  }
  const operatorAt = (named = publicBaseUrl) =>
    connected(() =>
      resolveOperatorRoute({ ...place, ...(named === undefined ? {} : { publicBaseUrl: named }) }, env),
    );
  try {
    const found = await discoverOptions({ cwd, env, ...place, ...base });
    const credentials = { key: DPoPKeyPair.from(found.privateKey), token: found.apiKey };
    // It is one gate, and its configuration tells what proofs name on both sockets.
    const { publicBaseUrl: named } = found;
    return places(agentAt(named), operatorAt(named), credentials, undefined, operatorWanted);
  } catch (error) {
    if (!(error instanceof LatchGateInvalidRequest)) throw error;
    // Credentials that are there and wrong were meant to be used.
    const wanted = operatorWanted || error.code !== "no_credentials";
    return places(agentAt(), operatorAt(), undefined, problemOf(error), wanted);
  }
}

function places(
  agent: Transport,
  operator: Transport | undefined,
  credentials: Signer | undefined,
  without: string | undefined,
  operatorWanted: boolean,
): Places {
  return {
    ...{ agent, operator, credentials, without, operatorWanted },
    async close() {
      await Promise.all([agent.close(), operator?.close()]);
    },
  };
}

function connected(route: () => Route): Transport {
  const { socket, ...rest } = settled(route);
  return createTransport(socket === undefined ? rest : { ...rest, baseUrl: undefined, socket });
}

function settled<Value>(route: () => Value): Value {
  try {
    return route();
  } catch (error) {
    if (error instanceof LatchGateInvalidRequest) throw new UsageError(problemOf(error));
    throw error;
  }
}

function tlsOf(
  values: PlaceValues,
  at: (file: string | undefined) => string | undefined,
): { tls?: TlsOptions } {
  const read = (name: keyof PlaceValues) => {
    const file = at(values[name]);
    return file === undefined ? undefined : readFileSync(file);
  };
  const [ca, cert, key] = [read("admin-tls-ca"), read("admin-tls-cert"), read("admin-tls-key")];
  return ca === undefined && cert === undefined && key === undefined ? {} : { tls: { ca, cert, key } };
}

/** The sentence of an error of ours, without its subject. */
function problemOf(error: Error): string {
  return error.message.replace(/^.*?<(options|key)>:? */, "");
}
