import type { Socket } from "node:net";
import { inspect } from "node:util";
import type { Dispatcher, Pool } from "undici";
import type { Attempt, Carrier } from "./attempt.ts";
import { type CertificateAlerts, createCertificateAlerts } from "./client-certificate.ts";
import { prefixOf, type Route } from "./config.ts";
import { withoutContinue } from "./interim.ts";
import { CONNECT_TIMEOUT_MS, type OwnConnections, tlsOf } from "./own-connections.ts";
import { HeaderRecord, headerOf, NO_HEADERS, type RawHeaders } from "./raw-headers.ts";
import { SendFailure } from "./send.ts";
import { loadPool } from "./undici-pool.cjs";

/** undici's pool, and the connections that it is waiting for. */
export interface OwnPool extends OwnConnections {
  readonly pool: Pool;
}

interface PoolParts {
  readonly pool: Pool;
  /** The base URL's own path. */
  readonly prefix: string;
  readonly connecting: ReadonlySet<Socket>;
  readonly alerts: CertificateAlerts;
}

export function createPool({ baseUrl, tls, socket: socketPath }: Route): OwnPool {
  const { Pool, buildConnector } = loadPool();
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
        withoutContinue(socket);
        callback(...result);
      });
      connecting.add(socket);
      if (secure) alerts.watch(socket);
    },
    // An attempt has one timer of its own; undici's are coarse and end at 300 s.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  // undici keeps the last requests of a connection, headers and all: they are not printed with it.
  Object.defineProperty(pool, inspect.custom, { value: () => ({ pool: baseUrl }) });
  const parts = { pool, prefix: prefixOf(baseUrl), connecting, alerts };
  return {
    pool,
    send: (attempt) => sendByPool(attempt, parts),
    async close() {
      for (const socket of connecting) socket.destroy();
      await pool.destroy();
    },
  };
}

function sendByPool(attempt: Attempt, pool: PoolParts): void {
  const { target, method, headers, body } = attempt.request;
  const handler = new PoolHandler(attempt, pool);
  attempt.carrier = handler;
  pool.pool.dispatch({ path: `${pool.prefix}${target}`, method, headers, body: body ?? null }, handler);
}

/** What undici tells of one request. A class, for an object with five functions of its own costs a microsecond more. */
class PoolHandler implements Dispatcher.DispatchHandler, Carrier {
  readonly #attempt: Attempt;
  readonly #pool: PoolParts;
  #controller: Dispatcher.DispatchController | undefined;
  #status = 0;
  #headers: RawHeaders = NO_HEADERS;

  constructor(attempt: Attempt, pool: PoolParts) {
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
