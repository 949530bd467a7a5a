import type { Dispatcher } from "undici";
import { checkedOptions } from "../vocabulary/checked-options.ts";
import { LatchGateInvalidRequest } from "../vocabulary/errors.ts";
import { Attempt } from "./attempt.ts";
import { createQuota, type RetryQuota } from "./backoff.ts";
import { refuseUnusable } from "./client-certificate.ts";
import { type CarrierName, type ConnectionOptions, type Route, resolveRoute } from "./config.ts";
import { sendByDispatcher, sendByFetch } from "./given-carriers.ts";
import { createNodeHttp } from "./node-http.ts";
import type { OwnConnections } from "./own-connections.ts";
import { createPool, type OwnPool } from "./pool.ts";
import {
  type BufferedResponse,
  type Clock,
  createClock,
  type GateRequest,
  type Send,
  SendFailure,
} from "./send.ts";
import { hasRoomForWebAssembly } from "./web-assembly.ts";

/** How a client's bytes travel. Several clients may share one; whoever made it closes it. */
export interface Transport {
  /** @internal */
  readonly route: Route;
  /**
   * What an outage may cost in repetitions, for all who share this transport.
   * @internal
   */
  readonly quota: RetryQuota;
  /** @internal */
  readonly send: Send<GateRequest, BufferedResponse>;
  /** What moves the bytes: undici's pool, `node:http`, or what the caller has given. */
  readonly carrier: CarrierName | "fetch" | "dispatcher";
  /** The undici dispatcher that this transport uses, or one to the same gate where it uses none. */
  readonly dispatcher: Dispatcher;
  /** Lets the calls under way finish, then closes what this transport has opened, and nothing that was given to it. */
  close(): Promise<void>;
}

/**
 * A transport of one's own, to share between clients of one gate.
 *
 * @example
 * const transport = createTransport({ socket });
 * const clients = agents.map((agentId) => new LatchGateClient({ agentId, transport }));
 * …
 * await transport.close();
 */
export function createTransport(options: ConnectionOptions = {}, clock: Clock = createClock()): Transport {
  const route = resolveRoute(checkedOptions(options));
  if (route.tls !== undefined) refuseUnusable(route.tls);
  let pool: OwnPool | undefined;
  let own: OwnConnections | undefined;
  let closed = false;
  const ownPool = () => {
    pool ??= createPool(route);
    return pool;
  };
  const ownConnections = () => {
    own ??= carrierOf(route) === "undici" ? ownPool() : createNodeHttp(route);
    return own;
  };
  let underWay = 0;
  const idle: (() => void)[] = [];
  const ended = () => {
    underWay -= 1;
    if (underWay === 0) for (const resolve of idle.splice(0)) resolve();
  };
  const start = starter(route, ownConnections);
  return {
    // A printed transport shows its route, and must not show a private key.
    route: { ...route, tls: undefined },
    quota: createQuota(),
    send: (request) =>
      new Promise((resolve, reject) => {
        if (closed) return reject(new SendFailure("closed", "the client is closed", { sent: false }));
        underWay += 1;
        let attempt: Attempt;
        try {
          attempt = new Attempt(request, route, clock, { resolve, reject, ended });
        } catch (error) {
          // A clock of the caller's has thrown: nothing is under way that could end.
          ended();
          throw error;
        }
        if (!attempt.done) start(attempt);
      }),
    get carrier() {
      if (route.fetch !== undefined) return "fetch";
      return route.dispatcher === undefined ? carrierOf(route) : "dispatcher";
    },
    get dispatcher() {
      // A caller's dispatcher is handed back as it came, whichever undici's types it has.
      return (route.dispatcher as Dispatcher | undefined) ?? ownPool().pool;
    },
    async close() {
      closed = true;
      // Cutting an execute off would leave its outcome unknown; each attempt has its own timer.
      if (underWay > 0) await new Promise<void>((resolve) => void idle.push(resolve));
      await Promise.all([own?.close(), pool === own ? undefined : pool?.close()]);
    },
  };
}

/** undici's pool is the faster; where its parser gets no memory Node's own serves. */
const carrierOf = ({ carrier }: Route): CarrierName =>
  carrier ?? (hasRoomForWebAssembly() ? "undici" : "node:http");

function starter(route: Route, own: () => OwnConnections): (attempt: Attempt) => void {
  const { baseUrl, fetch, dispatcher } = route;
  if (fetch !== undefined) return (attempt) => void sendByFetch(attempt, baseUrl, fetch);
  if (dispatcher !== undefined) return (attempt) => void sendByDispatcher(attempt, baseUrl, dispatcher);
  return (attempt) => own().send(attempt);
}

/** What a transport of one's own settles already. */
const CONNECTION_OPTIONS = [
  "socket",
  "baseUrl",
  "publicBaseUrl",
  "tls",
  "fetch",
  "dispatcher",
  "maxResponseBytes",
  "carrier",
] as const;

/** The transport that a client's options give; undefined: it has to make one. */
export function givenTransport(
  options: Pick<ConnectionOptions, (typeof CONNECTION_OPTIONS)[number]> & {
    readonly transport?: Transport | undefined;
  },
): Transport | undefined {
  if (options.transport === undefined) return undefined;
  const also = CONNECTION_OPTIONS.filter((name) => options[name] !== undefined);
  if (also.length === 0) return options.transport;
  throw new LatchGateInvalidRequest(
    "<options>",
    `transport and ${also.join(", ")} contradict each other: give them to createTransport`,
    { code: "invalid_options" },
  );
}
