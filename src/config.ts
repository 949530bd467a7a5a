import { findGateConfig, type GateConfig } from "./config-file.ts";
import { LatchGateInvalidRequest } from "./errors.ts";

/** TLS as a client sees it: PEM text or buffers. */
export interface TlsOptions {
  readonly ca?: string | Buffer | readonly (string | Buffer)[] | undefined;
  readonly cert?: string | Buffer | undefined;
  readonly key?: string | Buffer | undefined;
}

/** What this package uses of an undici dispatcher: the same in undici 6, 7 and 8, whose types do not fit each other. */
export interface DispatcherLike {
  request(options: {
    readonly origin: string;
    readonly path: string;
    readonly method: "GET" | "POST" | "DELETE";
    readonly headers: Record<string, string>;
    readonly body: string | null;
    readonly signal: AbortSignal;
    readonly headersTimeout: number;
    readonly bodyTimeout: number;
    readonly maxRedirections: 0;
  }): Promise<{
    readonly statusCode: number;
    readonly headers: Record<string, string | string[] | undefined>;
    readonly body: AsyncIterable<unknown>;
  }>;
}

/** Where the gate is. What is given here beats the environment; two that contradict each other are an error. */
export interface ConnectionOptions {
  /** Path of the gate's Unix socket. Default: `$XDG_RUNTIME_DIR/latchgate/gate.sock`, else `/tmp/latchgate-{uid}/gate.sock`. */
  readonly socket?: string | undefined;
  /** URL of a gate on TCP. Default: `LATCHGATE_URL`, where that is set. */
  readonly baseUrl?: string | undefined;
  /**
   * The gate's own `public_base_url`, which proofs name (`htu`) wherever the connection goes. Default:
   * `LATCHGATE_PUBLIC_URL` or `LATCHGATE_PUBLIC_BASE_URL`, else the base URL, else the gate's own default,
   * `http://localhost:3000`.
   */
  readonly publicBaseUrl?: string | undefined;
  /** For an `https` base URL: the CA, and a client certificate with its key. */
  readonly tls?: TlsOptions | undefined;
  /** Sends the requests in place of this package: a mock gate's `fetch`, or `(...a) => fetch(...a)` for msw. */
  readonly fetch?: typeof fetch | undefined;
  /** An undici dispatcher that sends the requests (then `socket` is not used). The client does not close it. */
  readonly dispatcher?: DispatcherLike | undefined;
  /** Answers larger than this are refused while they are read. Default 16 MiB. */
  readonly maxResponseBytes?: number | undefined;
}

/** Where the gate is, settled. */
export interface Route {
  /** What requests are sent to: scheme, authority, and a path prefix where there is one; no slash at the end. */
  readonly baseUrl: string;
  /** The base of `htu`. */
  readonly publicBaseUrl: string;
  readonly socket: string | undefined;
  readonly tls: TlsOptions | undefined;
  readonly fetch: typeof fetch | undefined;
  readonly dispatcher: DispatcherLike | undefined;
  readonly maxResponseBytes: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

const GATE_DEFAULT_PUBLIC_BASE_URL = "http://localhost:3000";
const DEFAULT_MAX_RESPONSE_BYTES = 16 * 1024 * 1024;

/**
 * Settles where the gate is: from the options, the environment, and, where neither names a place, the gate's own
 * configuration (contract agent.md 11, operator.md 1.5).
 */
export function resolveRoute(
  options: ConnectionOptions,
  environment: Environment = process.env,
  cwd: string = process.cwd(),
): Route {
  refuseContradictions(options);
  const { fetch, dispatcher, tls } = options;
  const named = namedUrl(options, environment);
  if (tls !== undefined && !/^https:/i.test(named ?? "")) throw wrongOptions("tls needs an https baseUrl");
  const bySocket = named === undefined && fetch === undefined && dispatcher === undefined;
  const baseUrl = named ?? (fetch === undefined ? "http://localhost" : GATE_DEFAULT_PUBLIC_BASE_URL);
  const config = bySocket && options.socket === undefined ? agentsConfig(environment, cwd) : undefined;
  return {
    baseUrl,
    publicBaseUrl:
      publicBaseUrlOf(options, environment) ??
      (config?.publicBaseUrl === undefined
        ? undefined
        : checkedUrl(config.publicBaseUrl, `public_base_url in ${config.path}`)) ??
      (bySocket ? GATE_DEFAULT_PUBLIC_BASE_URL : baseUrl),
    socket: bySocket ? (options.socket ?? config?.listenUdsPath ?? defaultSocket(environment)) : undefined,
    tls,
    fetch,
    dispatcher,
    maxResponseBytes: checkedSize(options.maxResponseBytes ?? DEFAULT_MAX_RESPONSE_BYTES),
  };
}

/**
 * Settles where an operator finds the gate. Another socket, no `LATCHGATE_URL` (that is the client's port), and a proof
 * names the gate's own `public_base_url` also on a port: the default of that is not the port's address.
 */
export function resolveOperatorRoute(
  options: ConnectionOptions,
  environment: Environment = process.env,
): Route {
  refuseContradictions(options);
  const { fetch, dispatcher, tls } = options;
  const named = options.baseUrl === undefined ? undefined : checkedUrl(options.baseUrl, "baseUrl");
  if (tls !== undefined && !/^https:/i.test(named ?? "")) throw wrongOptions("tls needs an https baseUrl");
  const bySocket = named === undefined && fetch === undefined && dispatcher === undefined;
  return {
    baseUrl: named ?? (fetch === undefined ? "http://localhost" : GATE_DEFAULT_PUBLIC_BASE_URL),
    publicBaseUrl: publicBaseUrlOf(options, environment) ?? GATE_DEFAULT_PUBLIC_BASE_URL,
    socket: bySocket ? (options.socket ?? defaultOperatorSocket(environment)) : undefined,
    tls,
    fetch,
    dispatcher,
    maxResponseBytes: checkedSize(options.maxResponseBytes ?? DEFAULT_MAX_RESPONSE_BYTES),
  };
}

/** An agent's own user may not read what holds an operator's api key, and needs not. */
function agentsConfig(environment: Environment, cwd: string): GateConfig | undefined {
  try {
    return findGateConfig(cwd, environment);
  } catch (error) {
    if (error instanceof LatchGateInvalidRequest && error.code === "config_forbidden") return undefined;
    throw error;
  }
}

/** Where a gate of this user puts its client socket (contract agent.md 11). */
export const defaultSocket = (environment: Readonly<Record<string, string | undefined>> = process.env) =>
  `${runtimeDirectory(environment)}/gate.sock`;

/** Where a gate of this user puts its operators' socket. */
export const defaultOperatorSocket = (
  environment: Readonly<Record<string, string | undefined>> = process.env,
) => `${runtimeDirectory(environment)}/gate-admin.sock`;

function runtimeDirectory(environment: Environment): string {
  const runtime = set(environment["XDG_RUNTIME_DIR"]);
  return runtime === undefined ? `/tmp/latchgate-${process.getuid?.() ?? 0}` : `${runtime}/latchgate`;
}

function refuseContradictions({ socket, baseUrl, fetch, dispatcher, tls }: ConnectionOptions): void {
  if (socket === "") throw wrongOptions("socket must not be empty");
  if (socket !== undefined && baseUrl !== undefined && dispatcher === undefined)
    throw wrongOptions("socket and baseUrl contradict each other: give one of them");
  if (fetch !== undefined && dispatcher !== undefined)
    throw wrongOptions("fetch and dispatcher contradict each other: give one of them");
  if (fetch !== undefined && socket !== undefined)
    throw wrongOptions("fetch and socket contradict each other: give one of them");
  if (tls !== undefined && (fetch !== undefined || dispatcher !== undefined))
    throw wrongOptions("tls can't be given to a fetch or dispatcher of yours: configure it there");
}

function namedUrl({ baseUrl, socket }: ConnectionOptions, environment: Environment): string | undefined {
  if (baseUrl !== undefined) return checkedUrl(baseUrl, "baseUrl");
  const fromEnvironment = socket === undefined ? set(environment["LATCHGATE_URL"]) : undefined;
  return fromEnvironment === undefined ? undefined : checkedUrl(fromEnvironment, "LATCHGATE_URL");
}

function publicBaseUrlOf(options: ConnectionOptions, environment: Environment): string | undefined {
  if (options.publicBaseUrl !== undefined) return checkedUrl(options.publicBaseUrl, "publicBaseUrl");
  const names = ["LATCHGATE_PUBLIC_URL", "LATCHGATE_PUBLIC_BASE_URL"] as const;
  const found = names.flatMap((name) => {
    const value = set(environment[name]);
    return value === undefined ? [] : [checkedUrl(value, name)];
  });
  if (new Set(found).size > 1)
    throw wrongOptions(`${names.join(" and ")} contradict each other: unset one of them`);
  return found[0];
}

/** A base URL without its slash at the end. What is wrong with one is said without quoting it: it may hold a password. */
function checkedUrl(text: string, name: string): string {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw wrongOptions(`${name} is not a URL`);
  }
  if (url.protocol !== "http:" && url.protocol !== "https:")
    throw wrongOptions(`${name} must begin with http:// or https://`);
  if (url.username !== "" || url.password !== "")
    throw wrongOptions(`${name} must not hold a user name or password`);
  if (url.search !== "" || url.hash !== "") throw wrongOptions(`${name} must not have a query or fragment`);
  // The parser mends much (a space, a backslash, one slash for two); the text is what requests and proofs are made of.
  if (!PLAIN_URL.test(text))
    throw wrongOptions(`${name} must be plain: scheme://host:port/path and nothing else`);
  return text.endsWith("/") ? text.slice(0, -1) : text;
}

const PLAIN_URL = /^https?:\/\/[^\s/?#@\\]+(\/[^\s?#\\]*)?$/i;

function checkedSize(bytes: number): number {
  if (!(Number.isFinite(bytes) && bytes > 0))
    throw wrongOptions("maxResponseBytes must be a positive number");
  return bytes;
}

/** An empty variable counts as unset. */
const set = (value: string | undefined) => (value === "" ? undefined : value);

const wrongOptions = (problem: string) =>
  new LatchGateInvalidRequest("<options>", problem, { code: "invalid_options" });

/** A base URL's own path. */
export const prefixOf = (baseUrl: string) => new URL(`${baseUrl}/`).pathname.slice(0, -1);
