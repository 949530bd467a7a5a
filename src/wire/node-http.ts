import { Agent, ClientRequest, type IncomingMessage } from "node:http";
import { isIP, type Socket, connect as tcpConnect } from "node:net";
import { clearTimeout, setImmediate, setTimeout } from "node:timers";
import { connect as tlsConnect } from "node:tls";
import type { Attempt, Carrier } from "./attempt.ts";
import { type CertificateAlerts, createCertificateAlerts } from "./client-certificate.ts";
import { prefixOf, type Route } from "./config.ts";
import { CONNECT_TIMEOUT_MS, type OwnConnections, tlsOf } from "./own-connections.ts";
import { HeaderRecord, headerOf, type RawHeaders } from "./raw-headers.ts";

/** How long a connection is kept that nobody uses: as undici keeps its own. */
const KEEP_ALIVE_MS = 4_000;
const KEEP_ALIVE_MAX_MS = 600_000;
/** A server closes a connection when it has said that it would; a request must not meet it on the way. */
const KEEP_ALIVE_MARGIN_MS = 2_000;
const SWEEP_MS = 1_000;

/**
 * Connections of this package's own that are read by Node's parser, which is native: undici's is WebAssembly, for which the
 * gate's sandbox leaves no memory. One request at a time on each, and no agent of the host's.
 */
export function createNodeHttp(route: Route): OwnConnections {
  const url = new URL(route.baseUrl);
  const gate: Gate = {
    host: url.host,
    prefix: prefixOf(route.baseUrl),
    alerts: createCertificateAlerts(route.tls),
    idle: [],
    keep(connection) {
      gate.idle.push(connection);
      sweepLater();
    },
  };
  const open = opener(route, url);
  const all = new Set<Socket>();
  let sweep: NodeJS.Timeout | undefined;

  function connect(attempt: Attempt): void {
    let socket: Socket;
    try {
      socket = open();
    } catch (error) {
      attempt.failFrom(error, false);
      return;
    }
    all.add(socket);
    attempt.carrier = { stop: () => void socket.destroy() };
    const timer = setTimeout(() => socket.destroy(connectTimeout()), CONNECT_TIMEOUT_MS);
    let failure: unknown;
    socket.once("error", (error) => {
      failure = error;
    });
    const refused = () => {
      clearTimeout(timer);
      const refusal = gate.alerts.refusal(failure ?? {});
      if (refusal === undefined) attempt.failFrom(failure, false);
      else attempt.fail("client_certificate_refused", refusal, failure);
    };
    socket.once("close", () => all.delete(socket));
    socket.once("close", refused);
    socket.once(url.protocol === "https:" ? "secureConnect" : "connect", () => {
      clearTimeout(timer);
      socket.off("close", refused);
      const connection = new Connection(socket, gate);
      if (attempt.done) connection.rest();
      else new Exchange(attempt, connection, gate).begin();
    });
  }

  /** Closes what nobody has used for long; one timer for all, that keeps no process alive. */
  function sweepLater(): void {
    sweep ??= setTimeout(() => {
      sweep = undefined;
      const now = performance.now();
      for (const connection of [...gate.idle]) if (connection.keptUntil <= now) connection.socket.destroy();
      if (gate.idle.length > 0) sweepLater();
    }, SWEEP_MS).unref();
  }

  function send(attempt: Attempt): void {
    const connection = kept(gate);
    if (connection === undefined) {
      connect(attempt);
      return;
    }
    // What has come meanwhile (an end, a reset, bytes that nobody asked for) is heard before anything is written. The second
    // turn is the first that begins with a look at all connections.
    setImmediate(setImmediate, () => {
      if (!connection.isOpen) {
        if (!attempt.done) send(attempt);
      } else if (attempt.done) connection.rest();
      else new Exchange(attempt, connection, gate).begin();
    });
  }

  return {
    send,
    async close() {
      clearTimeout(sweep);
      for (const socket of all) socket.destroy();
    },
  };
}

/** What the connections to one gate share. */
interface Gate {
  /** As in the header `Host`. */
  readonly host: string;
  /** The base URL's own path. */
  readonly prefix: string;
  readonly alerts: CertificateAlerts;
  readonly idle: Connection[];
  keep(connection: Connection): void;
}

function opener({ socket: path, tls }: Route, { protocol, hostname, port }: URL): () => Socket {
  if (path !== undefined) return () => tcpConnect({ path });
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  if (protocol !== "https:") return () => tcpConnect({ host, port: Number(port || 80), noDelay: true });
  const own = {
    host,
    port: Number(port || 443),
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ALPNProtocols: ["http/1.1"],
    ...tlsOf(tls),
  };
  return () => tlsConnect(own).setNoDelay();
}

const connectTimeout = () =>
  Object.assign(new Error(`no connection within ${CONNECT_TIMEOUT_MS} ms`), {
    code: "ETIMEDOUT",
    syscall: "connect",
  });

/** The connection that was used last, of those that can be used again. */
function kept({ idle }: Gate): Connection | undefined {
  const now = performance.now();
  for (let connection = idle.pop(); connection !== undefined; connection = idle.pop()) {
    if (connection.isOpen && connection.keptUntil > now) {
      connection.wake();
      return connection;
    }
    connection.socket.destroy();
  }
  return undefined;
}

/** One connection: busy with an exchange, or kept for the next. */
class Connection extends Agent {
  readonly socket: Socket;
  readonly #gate: Gate;
  /** What ended it: its first error, for the ones that follow say less. */
  error: Error | undefined;
  /** Whether anything was ever answered on it. */
  answered = false;
  keptUntil = 0;
  keepMs = KEEP_ALIVE_MS;
  #busy = true;

  constructor(socket: Socket, gate: Gate) {
    super({ keepAlive: true });
    this.socket = socket;
    this.#gate = gate;
    socket.on("error", (error) => {
      this.error ??= error;
    });
    // Node says so of a connection whose exchange is over, and that can have another.
    socket.on("free", () => this.rest());
    const unasked = () => {
      if (!this.#busy) socket.destroy();
    };
    socket.on("data", unasked);
    socket.on("end", unasked);
    socket.on("close", () => {
      const at = gate.idle.indexOf(this);
      if (at >= 0) gate.idle.splice(at, 1);
    });
  }

  get isOpen(): boolean {
    return !this.socket.destroyed && this.socket.readable && this.socket.writable;
  }

  wake(): void {
    this.socket.ref();
  }

  occupy(): void {
    this.#busy = true;
  }

  /** Keeps it for the next exchange, without keeping the process alive. */
  rest(): void {
    this.#busy = false;
    if (!this.isOpen || this.keepMs <= 0) {
      this.socket.destroy();
      return;
    }
    this.socket.unref();
    this.keptUntil = performance.now() + this.keepMs;
    this.#gate.keep(this);
  }

  /** What Node asks an agent for: a connection for a request. Here it is this one. */
  addRequest(request: ClientRequest): void {
    request.onSocket(this.socket);
  }
}

/** One request on one connection. A class, for an object with functions of its own costs more. */
class Exchange implements Carrier {
  readonly #attempt: Attempt;
  readonly #connection: Connection;
  readonly #gate: Gate;
  #request: ClientRequest | undefined;

  constructor(attempt: Attempt, connection: Connection, gate: Gate) {
    this.#attempt = attempt;
    this.#connection = connection;
    this.#gate = gate;
  }

  stop(reason: Error): void {
    this.#request?.destroy(reason);
    this.#connection.socket.destroy();
  }

  begin(): void {
    const attempt = this.#attempt;
    const { target, method, headers, body } = attempt.request;
    const { host, prefix } = this.#gate;
    attempt.carrier = this;
    this.#connection.occupy();
    try {
      this.#request = new ClientRequest({
        agent: this.#connection,
        method,
        path: `${prefix}${target}`,
        headers: {
          Host: host,
          ...headers,
          ...(body === undefined ? {} : { "Content-Length": Buffer.byteLength(body) }),
        },
      });
    } catch (error) {
      this.#connection.socket.destroy();
      attempt.failFrom(error, false);
      return;
    }
    this.#request
      .once("socket", () => this.#write())
      .on("information", ({ statusCode }) => {
        if (statusCode !== 100) attempt.answering = true;
      })
      .once("response", (response) => this.#read(response))
      .on("error", (error) => this.#lost(error))
      .once("close", () => this.#lost(undefined));
  }

  /** Called just before the first byte is written: what is given up here has not left. */
  #write(): void {
    const attempt = this.#attempt;
    if (attempt.done) {
      this.#request?.destroy();
      return;
    }
    attempt.sent = true;
    this.#request?.end(attempt.request.body);
  }

  #read(response: IncomingMessage): void {
    const attempt = this.#attempt;
    const { statusCode = 0 } = response;
    attempt.answering = true;
    this.#connection.answered = true;
    if (statusCode < 200) {
      // A 101 that nobody asked for.
      this.#connection.socket.destroy();
      return;
    }
    const headers = recordOf(response.rawHeaders);
    this.#connection.keepMs = keepMsIn(headerOf(headers, "keep-alive"));
    response.on("error", (error) => this.#lost(error));
    if (!attempt.admits(headerOf(headers, "content-length"))) return;
    response.on("data", (chunk: Buffer) => void attempt.grow(chunk));
    response.on("end", () => attempt.succeed(statusCode, new HeaderRecord(headers)));
  }

  #lost(error: unknown): void {
    const attempt = this.#attempt;
    if (attempt.done) return;
    const { alerts } = this.#gate;
    const cause = this.#connection.error ?? error;
    const refusal = attempt.answering || cause === undefined ? undefined : alerts.refusal(cause);
    if (refusal === undefined) {
      attempt.failFrom(cause, attempt.sent, alerts.hint(cause, !this.#connection.answered));
      return;
    }
    // Written, and read by nobody: the gate has refused the connection.
    attempt.sent = false;
    attempt.fail("client_certificate_refused", refusal, cause);
  }
}

/** Headers as undici gives them: Node's own record drops what comes twice. */
function recordOf(raw: readonly string[]): RawHeaders {
  const headers: Record<string, string | string[]> = Object.create(null);
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = (raw[at] ?? "").toLowerCase();
    const value = raw[at + 1] ?? "";
    const before = headers[name];
    headers[name] = before === undefined ? value : [...(Array.isArray(before) ? before : [before]), value];
  }
  return headers;
}

function keepMsIn(header: string | null): number {
  const [, seconds] = /timeout=(\d+)/i.exec(header ?? "") ?? [];
  if (seconds === undefined) return KEEP_ALIVE_MS;
  return Math.min(Number(seconds) * 1_000 - KEEP_ALIVE_MARGIN_MS, KEEP_ALIVE_MAX_MS);
}
