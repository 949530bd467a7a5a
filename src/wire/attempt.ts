import { statSync } from "node:fs";
import { types } from "node:util";
import { redactText, secretsIn } from "../vocabulary/redaction.ts";
import type { Route } from "./config.ts";
import { Pieces } from "./pieces.ts";
import { inSandbox, SANDBOX_SOCKET } from "./sandbox.ts";
import {
  BufferedResponse,
  type Clock,
  type FailureCode,
  type GateRequest,
  onAbort,
  type ResponseHeaders,
  SendFailure,
} from "./send.ts";

/** Who hears how an attempt ended: `resolve` or `reject`, and `ended` before either. */
interface AttemptOutcome {
  resolve(response: BufferedResponse): void;
  reject(failure: SendFailure): void;
  ended(): void;
}

/** What carries an attempt's bytes. */
export interface Carrier {
  stop(reason: Error): void;
}

const doNothing = () => {};

/** One request under way: its timer, its signal, how far it came, and its answer as it grows. */
export class Attempt {
  readonly request: GateRequest;
  /** The request may have left. */
  sent = false;
  /** The answer has begun. */
  answering = false;
  done = false;
  /** Set as soon as there is something to stop. */
  carrier: Carrier | undefined;
  readonly #route: Route;
  readonly #outcome: AttemptOutcome;
  readonly #pieces = new Pieces();
  readonly #callOffTimer: () => void = doNothing;
  readonly #forgetSignal: () => void = doNothing;

  constructor(request: GateRequest, route: Route, clock: Clock, outcome: AttemptOutcome) {
    this.request = request;
    this.#route = route;
    this.#outcome = outcome;
    const { signal, timeoutMs } = request;
    if (signal?.aborted) this.#aborted();
    else if (timeoutMs <= 0) this.#timedOut();
    // A clock that was given may be made of timers, which end at once where they should never.
    else if (timeoutMs !== Number.POSITIVE_INFINITY)
      this.#callOffTimer = clock.timer(timeoutMs, () => this.#timedOut());
    if (signal !== undefined && !this.done) this.#forgetSignal = onAbort(signal, () => this.#aborted());
  }

  /** One more piece of the answer; false when it is more than is allowed, or not wanted any more. */
  grow(piece: unknown): boolean {
    if (this.done) return false;
    this.answering = true;
    const chunk = bytesOf(piece);
    if (this.#pieces.size + chunk.byteLength > this.#route.maxResponseBytes) {
      this.fail(
        "answer_too_large",
        `the answer is larger than ${this.#route.maxResponseBytes} bytes (maxResponseBytes)`,
      );
      return false;
    }
    this.#pieces.push(chunk);
    return true;
  }

  /** Refuses an answer by its announced length, before any of it is read. */
  admits(contentLength: string | null): boolean {
    if (contentLength === null || Number(contentLength) <= this.#route.maxResponseBytes) return true;
    this.fail(
      "answer_too_large",
      `the answer is larger than ${this.#route.maxResponseBytes} bytes (maxResponseBytes)`,
    );
    return false;
  }

  succeed(status: number, headers: ResponseHeaders): void {
    if (!this.#finish()) return;
    this.#outcome.resolve(new BufferedResponse(status, headers, decoder.decode(this.#pieces.bytes())));
  }

  fail(code: FailureCode, message: string, cause?: unknown, hint?: string): void {
    const { sent, answering } = this;
    if (!this.#finish()) return;
    const failure = new SendFailure(code, message, {
      sent,
      answering,
      cause: safeCause(cause, this.request.headers),
      hint,
    });
    this.carrier?.stop(failure);
    this.#outcome.reject(failure);
  }

  /** Fails with whatever the carrier of the bytes has thrown. */
  failFrom(error: unknown, sent: boolean, hint?: string): void {
    this.sent = sent;
    const [code, message] = sent
      ? ["lost" as const, lostMessage(this.#route)]
      : connectFailure(error, this.#route);
    this.fail(code, message, error, hint);
  }

  #timedOut(): void {
    const ms = Math.round(this.request.timeoutMs);
    this.fail("timeout", ms > 0 ? `no complete answer within ${ms} ms` : "the call's time was over");
  }

  #aborted(): void {
    this.fail("aborted", "the call was aborted by its signal", this.request.signal?.reason);
  }

  #finish(): boolean {
    if (this.done) return false;
    this.done = true;
    this.#callOffTimer();
    this.#forgetSignal();
    this.#outcome.ended();
    return true;
  }
}

const decoder = new TextDecoder();

/** A stand-in for fetch may give text for bytes. */
function bytesOf(piece: unknown): Uint8Array {
  if (piece instanceof Uint8Array) return piece;
  if (typeof piece === "string") return Buffer.from(piece);
  throw new TypeError("the answer's body is made of neither bytes nor text");
}

/** A MockAgent has no intercept for the request, or a mock gate no way to answer it. */
const MOCK_NOT_MATCHED = "UND_MOCK_ERR_MOCK_NOT_MATCHED";

/** What an error says that comes about before there is a connection. */
const NEVER_SENT = new Set([
  "ECONNREFUSED",
  "ENOENT",
  "EACCES",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EADDRNOTAVAIL",
  "EMFILE",
  "ENOTFOUND",
  "EAI_AGAIN",
  "UND_ERR_CONNECT_TIMEOUT",
  MOCK_NOT_MATCHED,
]);

const CERTIFICATE =
  /^(ERR_TLS_|ERR_OSSL_X509_|CERT_|UNABLE_TO_|SELF_SIGNED_CERT|DEPTH_ZERO_SELF_SIGNED|HOSTNAME_MISMATCH)/;

/** Whether the error says that no connection came about. */
export function neverSent(error: unknown): boolean {
  const { code, syscall } = origin(error);
  // The same codes come from reading and writing on a connection that stood, and from files.
  if (typeof syscall === "string") return syscall === "connect" || syscall === "getaddrinfo";
  return NEVER_SENT.has(code) || CERTIFICATE.test(code);
}

/** The innermost error that has a code: fetch wraps what happened in a TypeError. */
function origin(error: unknown): { code: string; syscall: unknown; message: string } {
  let found = { code: "", syscall: undefined as unknown, message: "" };
  let at = error;
  try {
    // No instanceof: a test runner's errors may come from another realm than its modules.
    for (let depth = 0; depth < 8 && typeof at === "object" && at !== null; depth += 1) {
      const { code, syscall, message, cause } = at as Partial<Record<string, unknown>>;
      if (typeof code === "string") found = { code, syscall, message: String(message) };
      at = cause;
    }
  } catch {
    // What can't be read says nothing.
  }
  return found;
}

const whereOf = ({ socket, baseUrl }: Route) => socket ?? baseUrl;

const lostMessage = (route: Route) =>
  `the connection to ${whereOf(route)} was lost after the request was sent`;

function connectFailure(error: unknown, route: Route): [FailureCode, string] {
  const [code, message] = plainConnectFailure(error, route);
  const { socket, fetch, dispatcher } = route;
  const isOurs = fetch === undefined && dispatcher === undefined && code !== "certificate_refused";
  const more =
    isOurs && socket !== SANDBOX_SOCKET && inSandbox()
      ? ` (this is the gate's sandbox: the gate is reached at ${SANDBOX_SOCKET} alone)`
      : "";
  return [code, `${message}${more}`];
}

function plainConnectFailure(error: unknown, route: Route): [FailureCode, string] {
  const where = whereOf(route);
  const { code, message } = origin(error);
  // What a mock gate misses is said in its own words; undici's mocks quote the request's headers in theirs.
  if (code === MOCK_NOT_MATCHED && message.startsWith("MockGate: ")) return ["connect_failed", message];
  if (code === "ENOENT")
    return ["no_socket", `there is no socket at ${where}: is the gate up, and is this its socket?`];
  if (code === "EACCES")
    return [
      "permission_denied",
      `no permission to connect to ${where}${route.socket === undefined ? "" : ": only the gate's own user may open its socket (mode 0600)"}`,
    ];
  const instead = route.socket === undefined ? undefined : insteadOfSocket(route.socket);
  if (instead !== undefined) return ["connect_failed", `${where} is ${instead}: name the socket itself`];
  if (NO_TLS.has(code))
    return ["connect_failed", `${where} answers, but not by TLS: is it a plain port (http://)?`];
  if (code === "ECONNREFUSED")
    return ["connection_refused", `${where} refused the connection: is the gate up?`];
  if (code === "ENOTFOUND" || code === "EAI_AGAIN")
    return ["name_not_resolved", `the host name in ${where} can't be resolved`];
  if (CERTIFICATE.test(code))
    return ["certificate_refused", `the certificate of ${where} was refused (${code}): is its CA in tls.ca?`];
  return ["connect_failed", `no connection to ${where}${code === "" ? "" : ` (${code})`}`];
}

/** What OpenSSL says of a handshake that is answered in plain HTTP. */
const NO_TLS = new Set(["ERR_SSL_WRONG_VERSION_NUMBER", "ERR_SSL_PACKET_LENGTH_TOO_LONG"]);

/** What lies at a path where a socket should be. */
function insteadOfSocket(path: string): string | undefined {
  try {
    const stats = statSync(path);
    if (stats.isSocket()) return undefined;
    return stats.isDirectory() ? "a folder" : "a file, and no socket";
  } catch {
    return undefined;
  }
}

/**
 * A foreign error as it may be kept: name, message, code and stack, without fields that nobody here knows (an HTTP
 * library may put the request's headers there) and without this request's token and proof.
 */
function safeCause(error: unknown, headers: GateRequest["headers"], depth = 0): unknown {
  try {
    return copyOf(error, headers, depth);
  } catch {
    // A getter of it has thrown.
    return undefined;
  }
}

function copyOf(error: unknown, headers: GateRequest["headers"], depth: number): unknown {
  if (error === undefined || error instanceof SendFailure) return undefined;
  const redact = (text: unknown) =>
    typeof text === "object" ? "" : redactText(String(text), secretsIn(headers));
  if (!(error instanceof Error || types.isNativeError(error)))
    return typeof error === "object" ? undefined : redact(error);
  const cause = depth > 4 ? undefined : safeCause(error.cause, headers, depth + 1);
  const copy = new Error(redact(error.message), cause === undefined ? undefined : { cause });
  copy.name = redact(error.name);
  copy.stack = redact(error.stack ?? "");
  const { code } = error as NodeJS.ErrnoException;
  return typeof code === "string" ? Object.assign(copy, { code: redact(code) }) : copy;
}
