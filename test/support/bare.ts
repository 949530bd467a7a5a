import { type KeyObject, randomBytes, sign } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import { createServer as createTlsServer, type ServerOptions } from "node:https";
import type { AddressInfo, Server, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { onTestFinished } from "vitest";

/** One request as it arrived, its header names in the case that they were sent in. */
export interface Arrived {
  readonly method: string;
  readonly path: string;
  readonly rawHeaders: readonly string[];
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

export type Answer = (request: Arrived, response: ServerResponse, nth: number) => void;

/** A server that hands out leases, answers all else as it is told, and remembers what arrived. */
export interface BareGate {
  readonly baseUrl: string;
  readonly socket: string;
  readonly arrived: readonly Arrived[];
  /** What arrived beside requests for a lease. */
  readonly calls: readonly Arrived[];
  readonly server: Server;
  readonly connections: ReadonlySet<Socket>;
}

export const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A token of the form of a lease. */
export function leaseToken({
  life = 300,
  key,
  ...claims
}: { life?: number; key?: KeyObject } & Record<string, unknown> = {}): string {
  const iat = Math.floor(Date.now() / 1000);
  const input = `${encode({ typ: "JWT", alg: "ES256", kid: "0123456789abcdef" })}.${encode({
    iss: "latchgate",
    aud: "latchgate",
    sub: "dev:anonymous",
    iat,
    nbf: iat,
    exp: iat + life,
    jti: "01a20b78-9109-77a1-be39-558bf9076c9c",
    session_id: "01a20b78-9109-77a1-be39-5571fe431537",
    scope: ["tools:call"],
    ...claims,
  })}`;
  const signature = key === undefined ? randomBytes(64) : sign("sha256", Buffer.from(input), key);
  return `${input}.${signature.toString("base64url")}`;
}

export function leaseBody(token = leaseToken()): Record<string, unknown> {
  return {
    lease_jwt: token,
    session_id: "01a20b78-9109-77a1-be39-5571fe431537",
    lease_jti: "01a20b78-9109-77a1-be39-558bf9076c9c",
    expires_at: new Date(Date.now() + 300_000).toISOString(),
  };
}

export const executed = {
  decision: "executed",
  trace_id: "01a20b78-912e-7822-b5a8-15dac0990000",
  action_id: "echo",
  grant_id: "01a20b78-912e-7822-b5a8-15dac0991967",
  receipt_id: "01a20b78-9135-73d1-b60a-96ca386fced1",
  output: { ok: true },
  verification_outcome: "verified",
  verification: { outcome: "verified", is_fully_successful: true },
  runtime: { duration_ms: 1, exit_code: 0, fuel_consumed: 1 },
};

export function answerJson(response: ServerResponse, status: number, body: unknown, headers = {}): void {
  const text = JSON.stringify(body);
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(text);
}

export const answerExecuted: Answer = (_request, response) => answerJson(response, 200, executed);

/** Listens until the test ends. `at`: a Unix socket; else a port of the loopback interface. */
export async function bareGate(
  answer: Answer,
  { at, tls, lease = leaseBody }: { at?: string; tls?: ServerOptions; lease?: () => unknown } = {},
): Promise<BareGate> {
  const arrived: Arrived[] = [];
  const calls: Arrived[] = [];
  const listener: RequestListener = (request, response) => {
    const chunks: Buffer[] = [];
    request.on("error", () => {});
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { method = "", url: path = "", rawHeaders, headers } = request;
      const one: Arrived = { method, path, rawHeaders, headers, body: Buffer.concat(chunks).toString() };
      arrived.push(one);
      if (path === "/v1/leases") answerJson(response, 200, lease());
      else answer(one, response, calls.push(one));
    });
  };
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  const { port, connections } = await listening(server, at);
  return {
    baseUrl: `http${tls === undefined ? "" : "s"}://localhost:${port}`,
    socket: at ?? "",
    arrived,
    calls,
    server,
    connections,
  };
}

/** Starts a server that is gone, with all its connections, when the test is. */
export async function listening(
  server: Server,
  at?: string,
): Promise<{ port: number; connections: Set<Socket> }> {
  const connections = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    connections.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => connections.delete(socket));
  });
  await new Promise<void>((resolve) =>
    at ? server.listen(at, resolve) : server.listen(0, "localhost", resolve),
  );
  onTestFinished(async () => {
    for (const socket of connections) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  return {
    port: typeof address === "object" ? ((address as AddressInfo | null)?.port ?? 0) : 0,
    connections,
  };
}

/** A folder that is gone when the test is. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "lg-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The tokens and proofs that arrived. */
export function secretsIn(arrived: readonly Arrived[]): string[] {
  return arrived.flatMap(({ headers }) => {
    const proof = headers["dpop"];
    const token = headers.authorization?.replace(/^DPoP /, "");
    return [proof, token].filter((text): text is string => typeof text === "string" && text !== "");
  });
}

/** Everything that a program or a log could get out of a value as text. */
export function everythingOf(value: unknown): string {
  const seen = new Set<unknown>();
  const parts: string[] = [];
  const add = (at: unknown): void => {
    if (seen.has(at)) return;
    seen.add(at);
    if (typeof at !== "object" || at === null) {
      parts.push(String(at));
      return;
    }
    if (at instanceof Error) parts.push(String(at));
    parts.push(inspect(at, { showHidden: true, depth: null }), jsonOf(at));
    for (const key of Reflect.ownKeys(at)) add(Reflect.get(at, key));
  };
  add(value);
  return parts.join("\n");
}

function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? "";
  } catch {
    return "(no JSON)";
  }
}

/** What a promise rejects with; an error of the test if it does not. */
export function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => {
      throw new Error(`it did not reject, but gave ${inspect(value)}`);
    },
    (error: unknown) => error,
  );
}
