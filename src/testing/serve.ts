import { chmodSync, mkdirSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname } from "node:path";
import type { Delivery } from "./deliver.ts";
import type { MockRequest, Transport } from "./wire.ts";

/** Where a gate listens: a Unix socket (mode 0600, as the gate's own), or a TCP port (0: a free one). */
export type ListenOptions =
  | { readonly socket: string; readonly port?: undefined }
  | { readonly port: number; readonly host?: string; readonly socket?: undefined };

/** A gate on a socket. */
export interface GateServer extends AsyncDisposable {
  /** The path of the Unix socket; empty on TCP. */
  readonly socket: string;
  /** `http://127.0.0.1:PORT`; empty on a Unix socket. */
  readonly url: string;
  /** The TCP port; 0 on a Unix socket. */
  readonly port: number;
  /** Stops at once, open connections included. */
  close(): Promise<void>;
  /** Cuts every open connection and goes on listening, as a restart does. */
  cut(): void;
}

const MOST_BYTES = 1_048_576;
const MOST_HEAD_BYTES = 417_792;
const MOST_HEADERS = 100;
const MOST_URI_BYTES = 65_534;

/** Puts a gate on a socket of its own. */
export async function serve(
  deliver: (request: MockRequest, transport: Transport) => Promise<Delivery>,
  options: ListenOptions,
): Promise<GateServer> {
  const transport: Transport = options.socket === undefined ? "tcp" : "uds";
  const server = createServer({ maxHeaderSize: MOST_HEAD_BYTES }, (request, response) => {
    void answer(deliver, transport, request, response);
  });
  // The gate has no time limit on a connection and sends no Keep-Alive header.
  server.keepAliveTimeout = 0;
  server.headersTimeout = 0;
  server.requestTimeout = 0;
  server.maxHeadersCount = 0;

  if (options.socket !== undefined) {
    mkdirSync(dirname(options.socket), { recursive: true, mode: 0o700 });
    rmSync(options.socket, { force: true });
  }
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    const listening = () => {
      server.removeListener("error", reject);
      resolve();
    };
    if (options.socket !== undefined) server.listen(options.socket, listening);
    else server.listen(options.port, options.host ?? "127.0.0.1", listening);
  });
  if (options.socket !== undefined) chmodSync(options.socket, 0o600);

  const address = options.socket === undefined ? (server.address() as AddressInfo) : undefined;
  const close = async () => {
    // One turn for a client in this process to see that its last write has ended: node:http throws otherwise.
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  };
  return {
    socket: options.socket ?? "",
    url: address === undefined ? "" : `http://${address.address}:${address.port}`,
    port: address?.port ?? 0,
    close,
    cut: () => server.closeAllConnections(),
    [Symbol.asyncDispose]: close,
  };
}

async function answer(
  deliver: (request: MockRequest, transport: Transport) => Promise<Delivery>,
  transport: Transport,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const gone = new AbortController();
  response.on("close", () => {
    if (!response.writableFinished) gone.abort();
  });
  const excess =
    (request.url ?? "").length > MOST_URI_BYTES
      ? 414
      : request.rawHeaders.length / 2 > MOST_HEADERS
        ? 431
        : undefined;
  if (excess !== undefined) {
    response.writeHead(excess, { "content-length": "0", connection: "close" });
    response.end();
    return;
  }
  const body = await bodyOf(request);
  if (body === undefined) return;
  try {
    const { url = "/", method = "GET" } = request;
    const headers = Object.entries(request.headersDistinct).map(
      ([name, values]) => [name, values?.[0] ?? ""] as const,
    );
    send(await deliver({ url, method, headers, body, signal: gone.signal }, transport), request, response);
  } catch (error) {
    // Something is wrong with the test's set-up, not with the request. No gate answers 501: it can't be mistaken.
    response.writeHead(501, { "content-type": "text/plain; charset=utf-8" });
    response.end(error instanceof Error ? error.message : String(error));
  }
}

/**
 * The body, up to the first chunk that is too much; `undefined` when the client went away while sending it. The gate
 * answers 413 while the rest is still on its way, and whether that answer is seen is then chance: here the rest is read.
 */
async function bodyOf(request: IncomingMessage): Promise<Uint8Array | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      if (length <= MOST_BYTES) chunks.push(chunk);
      length += chunk.length;
    }
  } catch {
    return undefined;
  }
  return Buffer.concat(chunks);
}

function send(delivery: Delivery, request: IncomingMessage, response: ServerResponse): void {
  if (delivery.state === "hang") return;
  if (delivery.state !== "answer" && delivery.state !== "cut") {
    if (request.socket.remoteAddress === undefined) request.socket.destroy();
    else request.socket.resetAndDestroy();
    return;
  }
  const { status, headers, body } = delivery.answer;
  const closing = request.headers.connection?.toLowerCase() === "close";
  // The gate names the connection only where it was asked to close it.
  if (!closing) response.removeHeader("connection");
  response.writeHead(status, closing ? { ...headers, connection: "close" } : headers);
  if (delivery.state === "answer") {
    response.end(body);
    return;
  }
  response.write(Buffer.from(body).subarray(0, delivery.bytes), () => request.socket.destroy());
}
