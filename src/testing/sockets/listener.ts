import { createServer, type IncomingMessage, type ServerResponse, STATUS_CODES } from "node:http";
import type { Server, Socket } from "node:net";
import type { Answer, MockRequest, Transport } from "../formats/wire.ts";
import type { Delivery } from "./deliver.ts";
import { type AdminTls, createTlsFront } from "./mutual-tls.ts";

/** Takes a request to the gate. */
export type Deliver = (request: MockRequest, transport: Transport) => Promise<Delivery>;

/** Which of a gate's two faces. */
export type Face = "client" | "admin";

/** A request that is over, without anything secret: no query, no header, no body. */
export interface RequestReport {
  readonly face: Face;
  readonly method: string;
  /** The raw path as it was sent. */
  readonly path: string;
  /** What the client was answered; `undefined` when it was not, or not wholly. */
  readonly status: number | undefined;
  /** The `error` of the answer. */
  readonly code: string | undefined;
  /** How long it took by the real clock. */
  readonly ms: number;
}

/** A face of the gate with a connection to it. */
export interface Listener {
  readonly server: Server;
  /** Cuts every open connection. */
  cut(): void;
}

const MOST_BYTES = 1_048_576;
const MOST_HEAD_BYTES = 417_792;
const MOST_HEADERS = 100;
const MOST_URI_BYTES = 65_534;

/** HTTP as a gate speaks it, with something that can be made to listen in front; `tls` asks for client certificates. */
export function createListener(options: {
  readonly face: Face;
  readonly deliver: Deliver;
  readonly transport: Transport;
  readonly tls?: AdminTls | undefined;
  readonly onRequest?: ((report: RequestReport) => void) | undefined;
}): Listener {
  const open = new Set<Socket>();
  const below = new WeakMap<object, Socket>();
  const underWay = new WeakMap<object, { request: IncomingMessage; response: ServerResponse }>();
  const http = createServer({ maxHeaderSize: MOST_HEAD_BYTES }, (request, response) => {
    underWay.set(request.socket, { request, response });
    void answer(options, request, response, below.get(request.socket) ?? request.socket);
  });
  // The gate looks at what follows a request once it has answered that; node:http refuses it at once, and the answer is lost.
  http.on("clientError", (error: NodeJS.ErrnoException & { rawPacket?: Buffer }, socket) => {
    const refuse = async () => {
      const answered = await answerToStrangeMethod(error, options);
      if (answered !== undefined) return void socket.end(answered);
      const status = REFUSED_BYTES[error.code ?? ""] ?? "400 Bad Request";
      if (socket.writable) socket.write(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`);
      socket.destroy();
    };
    const { request, response } = underWay.get(socket) ?? {};
    if (request?.complete && response?.writableFinished === false)
      response.once("close", () => void refuse());
    else void refuse();
  });
  // The gate has no time limit on a connection and sends no Keep-Alive header.
  http.keepAliveTimeout = 0;
  http.headersTimeout = 0;
  http.requestTimeout = 0;
  http.maxHeadersCount = 0;

  const server =
    options.tls === undefined
      ? http
      : createTlsFront(options.tls, (socket, raw) => {
          below.set(socket, raw);
          http.emit("connection", socket);
        });
  server.on("connection", (socket: Socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
  });
  return {
    server,
    cut() {
      for (const socket of open) socket.destroy();
    },
  };
}

/** What node:http itself answers to bytes that are no request; 400 to all others. */
const REFUSED_BYTES: { readonly [code: string]: string } = {
  HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
  HPE_CHUNK_EXTENSIONS_OVERFLOW: "413 Payload Too Large",
};

/** What node:http tells of bytes that it can't read. */
interface StrangeBytes {
  readonly code?: string | undefined;
  readonly rawPacket?: Buffer;
  readonly bytesParsed?: number;
}

/** node:http knows a list of methods and refuses all others; the gate takes any word and answers as to a wrong method. */
async function answerToStrangeMethod(
  { code, rawPacket, bytesParsed = 0 }: StrangeBytes,
  { deliver, transport }: Parameters<typeof createListener>[0],
): Promise<string | undefined> {
  if (code !== "HPE_INVALID_METHOD") return undefined;
  const packet = rawPacket?.toString("latin1") ?? "";
  // What stands before it in the packet is a request that was understood.
  const before = packet.lastIndexOf("\r\n\r\n", bytesParsed);
  const line = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) (\S+) HTTP\/1\.1\r\n/.exec(
    before < 0 ? packet : packet.slice(before + 4),
  );
  const [, method, url] = line ?? [];
  if (method === undefined || url === undefined) return undefined;
  const delivery = await deliver({ url, method, headers: [], body: null }, transport);
  if (delivery.state !== "answer") return undefined;
  const { status, headers } = delivery.answer;
  const lines = Object.entries({ ...headers, connection: "close" }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n${lines.join("")}\r\n`;
}

async function answer(
  { deliver, transport, onRequest, face }: Parameters<typeof createListener>[0],
  request: IncomingMessage,
  response: ServerResponse,
  raw: Socket,
): Promise<void> {
  const began = performance.now();
  const gone = new AbortController();
  let delivery: Delivery | undefined;
  response.on("close", () => {
    const answered = response.writableFinished;
    if (!answered) gone.abort();
    onRequest?.({
      face,
      method: request.method ?? "",
      path: (request.url ?? "").split(/[?#]/)[0] ?? "",
      status: answered ? response.statusCode : undefined,
      code: answered && delivery?.state === "answer" ? codeOf(delivery.answer) : undefined,
      ms: performance.now() - began,
    });
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
    delivery = await deliver({ url, method, headers, body, signal: gone.signal }, transport);
    send(delivery, request, response, raw);
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

function send(delivery: Delivery, request: IncomingMessage, response: ServerResponse, raw: Socket): void {
  if (delivery.state === "hang") return;
  if (delivery.state !== "answer" && delivery.state !== "cut") {
    // A Unix socket knows no reset.
    if (raw.remoteAddress === undefined) raw.destroy();
    else raw.resetAndDestroy();
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
  response.write(Buffer.from(body).subarray(0, delivery.bytes), () => raw.destroy());
}

function codeOf({ status, headers, body }: Answer): string | undefined {
  if (status < 400 || headers["content-type"] !== "application/json") return undefined;
  try {
    return (JSON.parse(body) as { error?: string }).error;
  } catch {
    return undefined;
  }
}
