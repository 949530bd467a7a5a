import { chmodSync, lstatSync, mkdirSync, rmSync } from "node:fs";
import type { AddressInfo, Server } from "node:net";
import { dirname, join } from "node:path";
import { createListener, type Deliver, type Face, type Listener, type RequestReport } from "./listener.ts";
import type { AdminTls } from "./mutual-tls.ts";

/**
 * Where a gate listens, one or more at once: `dir` is both Unix sockets as a gate lays them, the others are one
 * listener each. Ports are on 127.0.0.1 unless `host` says otherwise, and 0 is a free one.
 */
export interface ListenOptions {
  /** `gate.sock` and `gate-admin.sock` in this directory, which is made (mode 0700) if it is missing. */
  readonly dir?: string;
  /** The path of the client's Unix socket. */
  readonly socket?: string;
  /** The path of the operator's. */
  readonly adminSocket?: string;
  readonly port?: number;
  /** The operator's port, never the client's. */
  readonly adminPort?: number;
  readonly host?: string;
  /** Makes the operator's port take TLS with client certificates only. */
  readonly tls?: AdminTls;
  /** Hears of every request that is over. */
  readonly onRequest?: (report: RequestReport) => void;
}

/** A gate on its sockets. */
export interface GateServer extends AsyncDisposable {
  /** The path of the client's Unix socket; empty where there is none. */
  readonly socket: string;
  /** The path of the operator's. */
  readonly adminSocket: string;
  /** `http://127.0.0.1:PORT`; empty where there is no client port. */
  readonly url: string;
  /** The same for the operator; `https:` with client certificates. */
  readonly adminUrl: string;
  /** The TCP port; 0 where there is none. */
  readonly port: number;
  readonly adminPort: number;
  /** Stops at once, open connections included. */
  close(): Promise<void>;
  /** Cuts every open connection and goes on listening, as a restart does. */
  cut(): void;
}

/** Puts a gate on sockets of its own. */
export async function serve(
  faces: Readonly<Record<Face, Deliver>>,
  options: ListenOptions,
): Promise<GateServer> {
  check(options);
  const { dir, port, adminPort, host = "127.0.0.1", tls, onRequest } = options;
  const socket = options.socket ?? (dir === undefined ? undefined : join(dir, "gate.sock"));
  const adminSocket = options.adminSocket ?? (dir === undefined ? undefined : join(dir, "gate-admin.sock"));
  const listeners: Listener[] = [];

  const close = async () => {
    // One turn for a client in this process to see that its last write has ended: node:http throws otherwise.
    await new Promise((resolve) => setImmediate(resolve));
    await Promise.all(
      listeners.map(({ server, cut }) => {
        const closed = new Promise<void>((resolve) => server.close(() => resolve()));
        cut();
        return closed;
      }),
    );
  };
  const listener = (face: Face, transport: "uds" | "tcp", adminTls?: AdminTls) => {
    const made = createListener({ face, deliver: faces[face], transport, onRequest, tls: adminTls });
    listeners.push(made);
    return made.server;
  };
  const onPath = async (face: Face, path: string | undefined) => {
    if (path !== undefined) await layAt(path, listener(face, "uds"));
  };
  const onPort = async (face: Face, wanted: number | undefined, adminTls?: AdminTls) => {
    if (wanted === undefined) return undefined;
    const server = listener(face, "tcp", adminTls);
    await started(server, () => server.listen(wanted, host)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EACCES") throw error;
      throw new Error(
        "MockGate: no port may be listened on here (EACCES; the gate's sandbox allows none): listen({ dir }) makes sockets",
        { cause: error },
      );
    });
    return server.address() as AddressInfo;
  };

  try {
    await onPath("client", socket);
    await onPath("admin", adminSocket);
    const client = await onPort("client", port);
    const admin = await onPort("admin", adminPort, tls);
    return {
      socket: socket ?? "",
      adminSocket: adminSocket ?? "",
      url: client === undefined ? "" : urlOf("http", client),
      adminUrl: admin === undefined ? "" : urlOf(tls === undefined ? "http" : "https", admin),
      port: client?.port ?? 0,
      adminPort: admin?.port ?? 0,
      close,
      cut() {
        for (const { cut } of listeners) cut();
      },
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function check({ dir, socket, adminSocket, port, adminPort, tls }: ListenOptions): void {
  if ([dir, socket, adminSocket, port, adminPort].every((where) => where === undefined)) {
    throw new TypeError(
      "MockGate: listen() needs a place: { dir }, { socket }, { adminSocket }, { port } or { adminPort }",
    );
  }
  if (port !== undefined && port !== 0 && port === adminPort) {
    throw new TypeError(`MockGate: client and admin never share a port, and both are to be ${port}`);
  }
  if (tls !== undefined && adminPort === undefined) {
    throw new TypeError("MockGate: tls is for the operator's port, and there is no adminPort");
  }
}

/** A Unix socket as a gate lays it: mode 0600, in a directory of its own, in the place of a stale one. */
async function layAt(path: string, server: Server): Promise<void> {
  if (Buffer.byteLength(path) > MOST_PATH_BYTES) {
    throw new TypeError(
      `MockGate: a Unix socket's path is at most ${MOST_PATH_BYTES} bytes, and this one is longer: ${path}`,
    );
  }
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (there !== undefined && !there.isSocket()) {
    throw new Error(`MockGate: ${path} is there and is no socket; it is left alone`);
  }
  rmSync(path, { force: true });
  await started(server, () => server.listen(path));
  chmodSync(path, 0o600);
}

/** `sun_path` of Linux without its NUL; the smaller one of macOS is said by the system. */
const MOST_PATH_BYTES = 107;

async function started(server: Server, listen: () => void): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.once("listening", () => {
      server.removeListener("error", reject);
      resolve();
    });
    listen();
  });
}

function urlOf(scheme: string, { address, family, port }: AddressInfo): string {
  return `${scheme}://${family === "IPv6" ? `[${address}]` : address}:${port}`;
}
