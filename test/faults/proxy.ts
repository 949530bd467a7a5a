import { connect, createServer, type Server, type Socket } from "node:net";
import { createSecureContext, TLSSocket } from "node:tls";
import { operationIn, requestLength, reset, Stream, type WireFault } from "./wire.ts";

/** Where the proxy listens, or where it finds the gate. */
export type Place = { readonly path: string } | { readonly port: number };

export interface ProxyOptions {
  readonly front: Place;
  readonly gate: Place;
  /** The client speaks TLS to the proxy, and the proxy plain HTTP to the gate. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
  /** What a fault `restart` does. */
  readonly restart: () => void;
}

/** One request and its answer, as they passed. */
interface Exchange {
  readonly operation: string;
  readonly fault: WireFault | undefined;
  readonly request: Buffer[];
  requestBytes: number;
  readonly toGate: Stream;
  readonly toClient: Stream;
}

interface Connection {
  readonly front: Socket;
  /** What a reset is done to: under TLS the socket below. */
  readonly raw: Socket;
  back: Socket;
  /** Whether what the gate side says is passed on. */
  heard: Socket;
  exchange: Exchange | undefined;
  answering: boolean;
}

export interface FaultyProxy {
  /** The next exchanges of the operation meet these faults, one each. */
  arm(operation: string, faults: readonly WireFault[]): void;
  /** From now on, until `disarm`, nobody listens, and there is no connection. */
  goDown(): Promise<void>;
  /** No more faults; what was held back is let go. */
  disarm(): Promise<void>;
  /** Ends every connection, so that the next request needs a new one. */
  dropAll(): Promise<void>;
  /** How many exchanges met their fault since the last `arm`. */
  readonly struck: number;
  /** How many bytes the last exchange of an operation had each way. */
  lengths(operation: string): { readonly request: number; readonly answer: number };
  readonly port: number;
  close(): Promise<void>;
}

const turn = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** A proxy that does to one exchange what it is told, at the byte that it is told. */
export async function createProxy({ front, gate, tls, restart }: ProxyOptions): Promise<FaultyProxy> {
  const context = tls && createSecureContext(tls);
  const connections = new Set<Connection>();
  const strays = new Set<Socket>();
  const lengths = new Map<string, { request: number; answer: number }>();
  let armed: { operation: string; faults: WireFault[] } | undefined;
  let held: (() => void)[] = [];
  let struck = 0;
  let server: Server;
  let port = "port" in front ? front.port : 0;

  function accept(raw: Socket): void {
    raw.setNoDelay(true);
    const socket =
      context === undefined ? raw : new TLSSocket(raw, { isServer: true, secureContext: context });
    const back = dial();
    const connection: Connection = {
      front: socket,
      raw,
      back,
      heard: back,
      exchange: undefined,
      answering: false,
    };
    connections.add(connection);
    raw.on("error", () => {});
    socket.on("error", () => {});
    // A broken record ends a connection; a TLSSocket without a tls.Server says so by this event alone.
    socket.on("_tlsError", () => setImmediate(() => raw.destroy()));
    socket.on("data", (chunk: Buffer) => fromClient(connection, chunk));
    socket.on("end", () => connection.back.end());
    socket.on("close", () => {
      connections.delete(connection);
      if (!strays.has(connection.back)) connection.back.destroy();
    });
    listen(connection, back);
  }

  function dial(): Socket {
    const socket = "path" in gate ? connect(gate.path) : connect(gate.port, "127.0.0.1");
    socket.setNoDelay(true);
    socket.on("error", () => {});
    return socket;
  }

  function listen(connection: Connection, back: Socket): void {
    back.on("data", (chunk: Buffer) => {
      if (connection.heard !== back) return;
      connection.answering = true;
      const { exchange } = connection;
      if (exchange === undefined) return;
      exchange.toClient.push(chunk);
    });
    back.on("close", () => {
      if (connection.heard === back && !connection.front.destroyed) connection.front.end();
    });
  }

  function fromClient(connection: Connection, chunk: Buffer): void {
    if (connection.exchange === undefined || connection.answering) begin(connection, chunk);
    const { exchange } = connection;
    if (exchange === undefined) return;
    exchange.request.push(chunk);
    exchange.requestBytes += chunk.length;
    exchange.toGate.push(chunk);
  }

  function begin(connection: Connection, first: Buffer): void {
    note(connection.exchange);
    const operation = operationIn(first);
    const fault = armed?.operation === operation ? armed.faults.shift() : undefined;
    const write = (socket: Socket) => (bytes: Buffer) => {
      if (socket.writable) socket.write(bytes);
    };
    const strike = () => strikeOn(connection, fault);
    const { front: client, back } = connection;
    connection.answering = false;
    connection.exchange = {
      operation,
      fault,
      request: [],
      requestBytes: 0,
      toGate: new Stream(fault?.way === "request" ? fault : undefined, write(back), strike),
      toClient: new Stream(fault?.way === "answer" ? fault : undefined, write(client), strike),
    };
  }

  function note(exchange: Exchange | undefined): void {
    if (exchange === undefined || exchange.fault !== undefined) return;
    lengths.set(exchange.operation, { request: exchange.requestBytes, answer: exchange.toClient.passed });
  }

  function strikeOn(connection: Connection, fault: WireFault | undefined): "stop" | "hold" {
    struck += 1;
    const { front: client, raw, back } = connection;
    switch (fault?.kind) {
      case "cut":
        reset(raw);
        reset(back);
        return "stop";
      case "close":
        client.end();
        back.end();
        return "stop";
      case "truncate":
        back.end();
        return "stop";
      case "restart":
        restart();
        return "stop";
      case "refuse":
        server.close();
        reset(raw);
        reset(back);
        return "stop";
      case "late":
      case "race":
        return goOnWithoutClient(connection, fault.kind);
      case "duplicate":
      case "interleave":
      case "interleave2":
        return copy(connection, fault.kind);
      default:
        return "stop";
    }
  }

  /** The whole request is taken from the client before its connection is cut; the gate gets the rest all the same. */
  function goOnWithoutClient(connection: Connection, kind: "late" | "race"): "hold" {
    const { back, exchange, raw } = connection;
    strays.add(back);
    const release = () => {
      exchange?.toGate.release();
    };
    whenWhole(connection, () => {
      reset(raw);
      if (kind === "race") setImmediate(release);
      else held.push(release);
    });
    return "hold";
  }

  function copy(connection: Connection, kind: "duplicate" | "interleave" | "interleave2"): "hold" {
    const first = connection.back;
    strays.add(first);
    const second = dial();
    if (kind !== "interleave") {
      connection.heard = second;
      listen(connection, second);
    }
    const { exchange } = connection;
    whenWhole(connection, () => {
      if (kind === "duplicate") reset(first);
      // The first goes on when the second has been answered; with `interleave` it is the one that is heard.
      else second.once("data", () => exchange?.toGate.release());
      second.write(Buffer.concat(exchange?.request ?? []));
    });
    if (kind === "interleave") strays.add(second);
    else {
      second.once("data", () => {
        // What the client sends next goes where its answer came from.
        connection.back = second;
      });
    }
    return "hold";
  }

  function whenWhole(connection: Connection, then: () => void): void {
    const look = () => {
      const { exchange } = connection;
      if (exchange === undefined) return;
      const length = requestLength(Buffer.concat(exchange.request));
      if (length !== undefined && exchange.requestBytes >= length) then();
      else setImmediate(look);
    };
    setImmediate(look);
  }

  async function dropAll(): Promise<void> {
    for (const { raw } of connections) raw.destroy();
    for (const socket of strays) socket.destroy();
    strays.clear();
    // The client, in this process too, must have seen it.
    for (let count = 0; count < 2; count += 1) {
      await turn(1);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async function open(tries = 200): Promise<void> {
    server = createServer({ allowHalfOpen: true }, accept);
    try {
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        if ("path" in front) server.listen(front.path, resolve);
        else server.listen(port, "127.0.0.1", resolve);
      });
    } catch (error) {
      // While it was down, a connection of another test may have been given its port as its own end.
      if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE" || tries === 0) throw error;
      await turn(25);
      return open(tries - 1);
    }
    const address = server.address();
    if (typeof address === "object" && address !== null) port = address.port;
  }

  await open();
  return {
    get port() {
      return port;
    },
    get struck() {
      return struck;
    },
    arm(operation, faults) {
      struck = 0;
      armed = { operation, faults: [...faults] };
    },
    async goDown() {
      struck += 1;
      server.close();
      await dropAll();
    },
    async disarm() {
      armed = undefined;
      const releases = held;
      held = [];
      for (const release of releases) release();
      if (!server.listening) await open();
    },
    dropAll,
    lengths(operation) {
      for (const { exchange } of connections) note(exchange);
      const found = lengths.get(operation);
      if (found === undefined) throw new Error(`no exchange of ${operation} has passed without a fault`);
      return found;
    },
    async close() {
      for (const { raw, back } of connections) {
        raw.destroy();
        back.destroy();
      }
      for (const socket of strays) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
