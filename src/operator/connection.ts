import { type Api, createApi } from "../call/api.ts";
import { type Call, createCall } from "../call/call.ts";
import { createSending } from "../call/sending.ts";
import {
  type AgentOperationId,
  agentOperations,
  type OperationFacts,
  type OperatorOperationId,
  operatorOperations,
} from "../generated/operations.ts";
import type { operations, paths } from "../generated/operator.ts";
import { createProofClock, createSign, type PrivateKeySource } from "../proof/dpop.ts";
import { checkedOptions } from "../vocabulary/checked-options.ts";
import type { OperationTable } from "../vocabulary/outcomes.ts";
import { type RetryOptions, retryPolicy } from "../wire/backoff.ts";
import { type ConnectionOptions, resolveOperatorRoute } from "../wire/config.ts";
import { type Clock, createClock } from "../wire/send.ts";
import { createTransport, givenTransport, type Transport } from "../wire/transport.ts";
import { OperatorCredentials, refuseLeased } from "./credentials.ts";

export interface OperatorOptions extends Omit<ConnectionOptions, "socket" | "baseUrl"> {
  /** The `api_key` of one of the gate's `operator_credentials`. */
  readonly apiKey: string;
  /** The key whose thumbprint the gate has as `dpop_jkt`: PEM text (PKCS#8 or SEC1), a JWK, a `KeyObject`, a `DPoPKeyPair`. */
  readonly privateKey: PrivateKeySource;
  /** Path of the operators' Unix socket. Default: `LATCHGATE_ADMIN_SOCKET`, else `gate-admin.sock` beside the client's default. */
  readonly socket?: string | undefined;
  /** URL of an operators' port, `http:` or, behind client certificates, `https:` (see `tls`); or `unix:///path`. */
  readonly baseUrl?: string | undefined;
  /** How long one call may take, in milliseconds. Default 30,000, and 120,000 for `approvals.approve`. */
  readonly timeoutMs?: number | undefined;
  /** How often a call that surely did nothing is made again; `false`: nothing is ever sent twice. Default 3 tries. */
  readonly retry?: RetryOptions | false | undefined;
  /** A transport from `createTransport`, shared with other clients and closed by whoever made it. */
  readonly transport?: Transport | undefined;
  /** The clock, in milliseconds since the epoch, that proofs are dated by. Default: the system's. */
  readonly now?: (() => number) | undefined;
  /** Time, timers and chance altogether, for tests. In place of `now`. */
  readonly clock?: Clock | undefined;
}

/** Every operation of the operators' socket: its own, and those of the client's that need no lease. */
export type OperatorApiOperationId = OperatorOperationId | Exclude<AgentOperationId, "getReceipt">;

const { getReceipt: _theAgentsOwn, ...shared } = agentOperations;

export const operatorApiOperations: { readonly [Id in OperatorApiOperationId]: OperationFacts } = {
  ...shared,
  ...operatorOperations,
};

/** The parts of one operator's client, put together. */
export interface Connection {
  readonly call: Call<operations>;
  readonly clock: Clock;
  readonly transport: Transport;
  /** Aborted when the client is closed. */
  readonly closing: AbortSignal;
  api<Paths extends object = paths>(table?: OperationTable): Api<Paths>;
  close(): Promise<void>;
}

export function connect(options: OperatorOptions): Connection {
  checkedOptions(options);
  const clock = options.clock ?? createClock(options.now);
  const credentials = new OperatorCredentials(options.apiKey, options.privateKey);
  const transport = givenTransport(options) ?? ownTransport(options, clock);
  const { route, quota } = transport;
  const defaults = { timeoutMs: options.timeoutMs, retry: retryPolicy(options.retry) };
  const proofClock = createProofClock(clock.now);
  const closing = new AbortController();
  const pipe = createSending({
    send: transport.send,
    sign: createSign(route.publicBaseUrl, proofClock.now),
    sessions: {
      signs: "operator",
      ready: () => credentials,
      acquire: async () => credentials,
      refuse: () => {},
    },
    proofClock,
    quota,
    clock,
    closing: closing.signal,
  });
  return {
    call: createCall<operations>(pipe, operatorApiOperations, defaults, clock),
    clock,
    transport,
    api: <Paths extends object = paths>(table: OperationTable = operatorApiOperations) =>
      createApi<Paths>(pipe, table, route, defaults, clock, refuseLeased),
    closing: closing.signal,
    close: async () => {
      closing.abort();
      if (options.transport === undefined) await transport.close();
    },
  };
}

/** The operator socket where nothing else is named. */
function ownTransport(options: OperatorOptions, clock: Clock): Transport {
  const { socket, ...route } = resolveOperatorRoute(options);
  return createTransport(socket === undefined ? route : { ...route, baseUrl: undefined, socket }, clock);
}
