import type { Socket } from "node:net";
import type { Dispatcher } from "undici";
import { Attempt, type Carrier, neverSent } from "./attempt.ts";
import { createQuota, type RetryQuota } from "./backoff.ts";
import { type CertificateAlerts, createCertificateAlerts, refuseUnusable } from "./client-certificate.ts";
import {
  type ConnectionOptions,
  type DispatcherLike,
  type Route,
  resolveRoute,
  type TlsOptions,
} from "./config.ts";
import {
  type BufferedResponse,
  type Clock,
  createClock,
  type GateRequest,
  type ResponseHeaders,
  type Send,
  SendFailure,
} from "./send.ts";
import { buildConnector, Pool } from "./undici-pool.cjs";

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
  /** The undici dispatcher that this transport uses, or one to the same gate where it uses none. */
  readonly dispatcher: Dispatcher;
  /** Lets the calls under way finish, then closes what this transport has opened, and nothing that was given to it. */
  close(): Promise<void>;
}

/** Connecting takes at most this long; the call's own limit may be shorter. */
const CONNECT_TIMEOUT_MS = 10_000;

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
  const route = resolveRoute(options);
  if (route.tls !== undefined) refuseUnusable(route.tls);
  let own: OwnPool | undefined;
  let closed = false;
  const ownPool = () => {
    own ??= createPool(route);
    return own;
  };
  let underWay = 0;
  const idle: (() => void)[] = [];
  const ended = () => {
    underWay -= 1;
    if (underWay === 0) for (const resolve of idle.splice(0)) resolve();
  };
  const start = starter(route, ownPool);
  return {
    // A printed transport shows its route, and must not show a private key.
    route: { ...route, tls: undefined },
    quota: createQuota(),
    send: (request) =>
      new Promise((resolve, reject) => {
        if (closed) return reject(new SendFailure("closed", "the client is closed", { sent: false }));
        underWay += 1;
        const attempt = new Attempt(request, route, clock, { resolve, reject, ended });
        if (!attempt.done) start(attempt);
      }),
    get dispatcher() {
      // A caller's dispatcher is handed back as it came, whichever undici's types it has.
      return (route.dispatcher as Dispatcher | undefined) ?? ownPool().pool;
    },
    async close() {
      closed = true;
      // Cutting an execute off would leave its outcome unknown; each attempt has its own timer.
      if (underWay > 0) await new Promise<void>((resolve) => void idle.push(resolve));
      for (const socket of own?.connecting ?? []) socket.destroy();
      await own?.pool.destroy();
    },
  };
}

/** undici's pool, and the connections that it is waiting for. */
interface OwnPool {
  readonly pool: Pool;
  /** The base URL's own path. */
  readonly prefix: string;
  readonly connecting: ReadonlySet<Socket>;
  readonly alerts: CertificateAlerts;
}

function createPool({ baseUrl, tls, socket: socketPath }: Route): OwnPool {
  const connecting = new Set<Socket>();
  const alerts = createCertificateAlerts(tls);
  const secure = baseUrl.toLowerCase().startsWith("https:");
  const own = socketPath === undefined ? {} : { socketPath };
  const connect = buildConnector({ ...tlsOf(tls), timeout: CONNECT_TIMEOUT_MS, ...own });
  const pool = new Pool(new URL(baseUrl).origin, {
    connect(options, callback) {
      const socket = connect(options, (...result) => {
        connecting.delete(socket);
        socket.ref();
        callback(...result);
      });
      connecting.add(socket);
      if (secure) alerts.watch(socket);
    },
    // An attempt has one timer of its own; undici's are coarse and end at 300 s.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  return { pool, prefix: prefixOf(baseUrl), connecting, alerts };
}

function starter(route: Route, ownPool: () => OwnPool): (attempt: Attempt) => void {
  const { baseUrl, fetch, dispatcher } = route;
  if (fetch !== undefined) return (attempt) => void sendByFetch(attempt, baseUrl, fetch);
  if (dispatcher !== undefined) return (attempt) => void sendByDispatcher(attempt, baseUrl, dispatcher);
  return (attempt) => sendByPool(attempt, ownPool());
}

function sendByPool(attempt: Attempt, pool: OwnPool): void {
  const { target, method, headers, body } = attempt.request;
  const handler = new PoolHandler(attempt, pool);
  attempt.carrier = handler;
  pool.pool.dispatch({ path: `${pool.prefix}${target}`, method, headers, body: body ?? null }, handler);
}

/** What undici tells of one request. A class, for an object with five functions of its own costs a microsecond more. */
class PoolHandler implements Dispatcher.DispatchHandler, Carrier {
  readonly #attempt: Attempt;
  readonly #pool: OwnPool;
  #controller: Dispatcher.DispatchController | undefined;
  #status = 0;
  #headers: RawHeaders = NO_HEADERS;

  constructor(attempt: Attempt, pool: OwnPool) {
    this.#attempt = attempt;
    this.#pool = pool;
  }

  stop(reason: Error): void {
    if (this.#controller !== undefined) this.#controller.abort(reason);
    // undici goes on connecting for others; for one that was given up the process need not wait.
    else for (const socket of this.#pool.connecting) socket.unref();
  }

  /** Called just before the first byte is written: what is aborted here has not left. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#attempt.done) {
      controller.abort(new SendFailure("aborted", "given up before it was sent", { sent: false }));
      return;
    }
    this.#attempt.sent = true;
    this.#controller = controller;
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: RawHeaders): void {
    this.#attempt.answering = true;
    if (status < 200) return;
    this.#status = status;
    this.#headers = headers;
    this.#attempt.admits(headerOf(headers, "content-length"));
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#attempt.grow(chunk);
  }

  onResponseEnd(): void {
    this.#attempt.succeed(this.#status, new HeaderRecord(this.#headers));
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    const attempt = this.#attempt;
    const { alerts } = this.#pool;
    const refusal = attempt.answering ? undefined : alerts.refusal(error);
    if (refusal === undefined) {
      attempt.failFrom(error, attempt.sent, alerts.hint(error));
      return;
    }
    // Written, and read by nobody: the gate has refused the connection.
    attempt.sent = false;
    attempt.fail("client_certificate_refused", refusal, error);
  }
}

/** A caller's dispatcher, of whatever undici: only its public `request()` is the same in 6, 7 and 8. */
async function sendByDispatcher(
  attempt: Attempt,
  baseUrl: string,
  dispatcher: DispatcherLike,
): Promise<void> {
  const { request } = attempt;
  const controller = new AbortController();
  attempt.carrier = { stop: (reason) => controller.abort(reason) };
  // Until the promise settles nobody can tell how far it came.
  attempt.sent = true;
  try {
    const { statusCode, headers, body } = await dispatcher.request({
      origin: new URL(baseUrl).origin,
      path: `${prefixOf(baseUrl)}${request.target}`,
      method: request.method,
      headers: { ...request.headers },
      body: request.body ?? null,
      signal: controller.signal,
      headersTimeout: 0,
      bodyTimeout: 0,
      // Whatever the dispatcher does with other people's requests.
      maxRedirections: 0,
    });
    attempt.answering = true;
    if (attempt.admits(headerOf(headers, "content-length")))
      for await (const chunk of body) if (!attempt.grow(chunk)) break;
    attempt.succeed(statusCode, new HeaderRecord(headers));
  } catch (error) {
    attempt.failFrom(error, attempt.answering || !neverSent(error));
  }
}

/** A caller's `fetch`. It is taken to have sent the request unless its error says that it could not connect. */
async function sendByFetch(attempt: Attempt, baseUrl: string, fetch: typeof globalThis.fetch): Promise<void> {
  const { request } = attempt;
  const controller = new AbortController();
  attempt.carrier = { stop: (reason) => controller.abort(reason) };
  // Until the promise settles nobody can tell how far it came.
  attempt.sent = true;
  try {
    const response = await fetch(`${baseUrl}${request.target}`, {
      method: request.method,
      headers: { ...request.headers },
      ...(request.body === undefined ? {} : { body: request.body }),
      redirect: "manual",
      signal: controller.signal,
    });
    attempt.answering = true;
    if (response.redirected) {
      attempt.fail(
        "redirected",
        "the fetch that was given has followed a redirect: this is another's answer",
      );
      return;
    }
    if (attempt.admits(response.headers.get("content-length"))) await readBody(attempt, response);
    attempt.succeed(response.status, response.headers);
  } catch (error) {
    attempt.failFrom(error, attempt.answering || !neverSent(error));
  }
}

async function readBody(attempt: Attempt, response: Response): Promise<void> {
  // A stand-in for fetch may give an answer that has only text().
  if (response.body === undefined) attempt.grow(Buffer.from(await response.text()));
  else if (response.body !== null) for await (const chunk of response.body) if (!attempt.grow(chunk)) break;
}

type RawHeaders = Readonly<Record<string, string | string[] | undefined>>;

const NO_HEADERS: RawHeaders = {};

/** undici's headers as the rest of the package reads them. */
class HeaderRecord implements ResponseHeaders {
  readonly #raw: RawHeaders;

  constructor(raw: RawHeaders) {
    this.#raw = raw;
  }

  get(name: string): string | null {
    return headerOf(this.#raw, name);
  }

  *[Symbol.iterator](): Iterator<[string, string]> {
    for (const [name, value] of Object.entries(this.#raw))
      for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined) yield [name, one];
  }
}

const prefixOf = (baseUrl: string) => new URL(`${baseUrl}/`).pathname.slice(0, -1);

function headerOf(headers: RawHeaders, name: string): string | null {
  const value = headers[name.toLowerCase()];
  return (Array.isArray(value) ? value[0] : value) ?? null;
}

function tlsOf(tls: TlsOptions | undefined): Record<string, unknown> {
  return Object.fromEntries(Object.entries(tls ?? {}).filter(([, value]) => value !== undefined));
}
