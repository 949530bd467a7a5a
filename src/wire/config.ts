import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { wrongOptions } from "../vocabulary/checked-options.ts";
import { LatchGateInvalidRequest } from "../vocabulary/errors.ts";
import { findGateConfig, type GateConfig } from "./config-file.ts";
import { type Place, placeOf, socketOf, urlOf } from "./place.ts";
import { SANDBOX_SOCKET } from "./sandbox.ts";

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

/** What moves the bytes of this package's own connections. */
export type CarrierName = "undici" | "node:http";

/** Where the gate is. What is given here beats the environment; two that contradict each other are an error. */
export interface ConnectionOptions {
  /**
   * Path of the gate's Unix socket. Default: what `LATCHGATE_URL`, `LATCHGATE_SOCKET` or the gate's configuration names,
   * else `$XDG_RUNTIME_DIR/latchgate/gate.sock`, else `/tmp/latchgate-{uid}/gate.sock`.
   */
  readonly socket?: string | undefined;
  /** URL of a gate: `http(s)://host[:port]`, or `unix:///path` for a socket. Default: `LATCHGATE_URL`, where that is set. */
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
  /**
   * What moves the bytes: undici's pool, or `node:http`, which needs no WebAssembly. Default: undici's, the faster of the
   * two, unless WebAssembly can get no memory here, as in the gate's own sandbox.
   */
  readonly carrier?: CarrierName | undefined;
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
  readonly carrier: CarrierName | undefined;
}

/** Where a client finds its gate: a socket or a URL, and the base of its proofs' `htu`. */
export type FoundGate = Place & { readonly publicBaseUrl: string };

/**
 * Where a client with these options finds its gate, by the rules that it follows itself; nothing is connected.
 *
 * @example
 * const { socket, baseUrl } = findGate();
 * console.log(`using the gate at ${socket ?? baseUrl}`);
 */
export function findGate(
  options: ConnectionOptions = {},
  environment: Readonly<Record<string, string | undefined>> = process.env,
  cwd: string = process.cwd(),
): FoundGate {
  const { socket, baseUrl, publicBaseUrl } = resolveRoute(options, environment, cwd);
  return { ...(socket === undefined ? { baseUrl } : { socket }), publicBaseUrl };
}

type Environment = Readonly<Record<string, string | undefined>>;

const GATE_DEFAULT_PUBLIC_BASE_URL = "http://localhost:3000";
const DEFAULT_MAX_RESPONSE_BYTES = 16 * 1024 * 1024;

/**
 * Settles where the gate is: from the options, the environment, and, where neither names a place, the gate's own
 * configuration (contract agent.md 11, operator.md 1.5, sandbox.md 2).
 */
export function resolveRoute(
  options: ConnectionOptions,
  environment: Environment = process.env,
  cwd: string = process.cwd(),
): Route {
  const given = givenPlace(options);
  const named = given ?? placeInEnvironment(environment, cwd);
  const { fetch, dispatcher } = options;
  const bySocket = named?.baseUrl === undefined && fetch === undefined && dispatcher === undefined;
  const config = bySocket && named === undefined ? agentsConfig(environment, cwd) : undefined;
  const socket = () =>
    named?.socket ?? configuredSocket(config, environment, cwd) ?? usualSocket(environment);
  const baseUrl = named?.baseUrl ?? placeless(options);
  return {
    ...settled(options, baseUrl, bySocket ? socket() : undefined),
    publicBaseUrl:
      publicBaseUrlOf(options, environment) ??
      publicBaseUrlIn(config) ??
      (bySocket ? GATE_DEFAULT_PUBLIC_BASE_URL : baseUrl),
  };
}

/**
 * Settles where an operator finds the gate. Another socket, no `LATCHGATE_URL` (that is the client's port), and a proof
 * names the gate's own `public_base_url` also on a port: the default of that is not the port's address.
 */
export function resolveOperatorRoute(
  options: ConnectionOptions,
  environment: Environment = process.env,
  cwd: string = process.cwd(),
): Route {
  const given = givenPlace(options);
  const { fetch, dispatcher } = options;
  const bySocket = given?.baseUrl === undefined && fetch === undefined && dispatcher === undefined;
  const socket = () =>
    given?.socket ?? operatorSocketIn(environment, cwd) ?? defaultOperatorSocket(environment);
  return {
    ...settled(options, given?.baseUrl ?? placeless(options), bySocket ? socket() : undefined),
    publicBaseUrl: publicBaseUrlOf(options, environment) ?? GATE_DEFAULT_PUBLIC_BASE_URL,
  };
}

/** The operators' socket that the environment names. */
export function operatorSocketIn(environment: Environment, cwd: string): string | undefined {
  const path = set(environment["LATCHGATE_ADMIN_SOCKET"]);
  return path === undefined ? undefined : socketOf(path, "LATCHGATE_ADMIN_SOCKET", cwd);
}

/** The label of an agent that gives none. */
export const agentIdIn = (environment: Environment = process.env): string | undefined =>
  set(environment["LATCHGATE_AGENT_ID"]);

/** What a `fetch` or dispatcher is given to address where no URL is named; over a socket it is what HTTP wants. */
const placeless = ({ fetch }: ConnectionOptions) =>
  fetch === undefined ? "http://localhost" : GATE_DEFAULT_PUBLIC_BASE_URL;

function settled(
  options: ConnectionOptions,
  baseUrl: string,
  socket: string | undefined,
): Omit<Route, "publicBaseUrl"> {
  const { tls, fetch, dispatcher } = options;
  if (tls !== undefined && !/^https:/i.test(baseUrl)) throw wrongOptions("tls needs an https baseUrl");
  const maxResponseBytes = checkedSize(options.maxResponseBytes ?? DEFAULT_MAX_RESPONSE_BYTES);
  const carrier = checkedCarrier(options);
  return { baseUrl, socket, tls, fetch, dispatcher, maxResponseBytes, carrier };
}

/** The place that the options name; undefined: none. */
function givenPlace({ socket, baseUrl, fetch, dispatcher, tls }: ConnectionOptions): Place | undefined {
  const path = socket === undefined ? undefined : socketOf(socket, "socket");
  const place = baseUrl === undefined ? undefined : placeOf(baseUrl, "baseUrl");
  if (path !== undefined && place !== undefined && dispatcher === undefined && place.socket !== path)
    throw wrongOptions("socket and baseUrl contradict each other: give one of them");
  if (fetch !== undefined && dispatcher !== undefined)
    throw wrongOptions("fetch and dispatcher contradict each other: give one of them");
  if (fetch !== undefined && (path ?? place?.socket) !== undefined)
    throw wrongOptions(
      `fetch and ${path === undefined ? "a baseUrl that names a socket" : "socket"} contradict each other: give one of them`,
    );
  if (tls !== undefined && (fetch !== undefined || dispatcher !== undefined))
    throw wrongOptions("tls can't be given to a fetch or dispatcher of yours: configure it there");
  return place ?? (path === undefined ? undefined : { socket: path });
}

/** The place that a program's environment names for its agents. */
function placeInEnvironment(environment: Environment, cwd: string): Place | undefined {
  const [url, path] = [set(environment["LATCHGATE_URL"]), set(environment["LATCHGATE_SOCKET"])];
  const place = url === undefined ? undefined : placeOf(url, "LATCHGATE_URL");
  const socket = path === undefined ? undefined : socketOf(path, "LATCHGATE_SOCKET", cwd);
  if (place !== undefined && socket !== undefined && place.socket !== socket)
    throw wrongOptions("LATCHGATE_URL and LATCHGATE_SOCKET contradict each other: unset one of them");
  return place ?? (socket === undefined ? undefined : { socket });
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

/** Where a gate listens by its configuration, which its own variables override. */
function configuredSocket(
  config: GateConfig | undefined,
  environment: Environment,
  cwd: string,
): string | undefined {
  const path = set(environment["LATCHGATE_LISTEN_UDS_PATH"]);
  return path === undefined ? config?.listenUdsPath : resolve(cwd, path);
}

/** The default socket, or the one that the gate's sandbox has in place of it. */
function usualSocket(environment: Environment): string {
  const socket = defaultSocket(environment);
  return !existsSync(socket) && existsSync(SANDBOX_SOCKET) ? SANDBOX_SOCKET : socket;
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

/** The gate's public base URL as the options or the environment name it. */
export function publicBaseUrlOf(
  options: Pick<ConnectionOptions, "publicBaseUrl">,
  environment: Environment,
): string | undefined {
  if (options.publicBaseUrl !== undefined) return urlOf(options.publicBaseUrl, "publicBaseUrl");
  const names = ["LATCHGATE_PUBLIC_URL", "LATCHGATE_PUBLIC_BASE_URL"] as const;
  const found = names.flatMap((name) => {
    const value = set(environment[name]);
    return value === undefined ? [] : [urlOf(value, name)];
  });
  if (new Set(found).size > 1)
    throw wrongOptions(`${names.join(" and ")} contradict each other: unset one of them`);
  return found[0];
}

/** The gate's public base URL as its configuration names it. */
export function publicBaseUrlIn(config: GateConfig | undefined): string | undefined {
  if (config?.publicBaseUrl === undefined) return undefined;
  return urlOf(config.publicBaseUrl, `public_base_url in ${config.path}`);
}

function checkedCarrier({ carrier, fetch, dispatcher }: ConnectionOptions): CarrierName | undefined {
  if (carrier === undefined) return undefined;
  if (carrier !== "undici" && carrier !== "node:http")
    throw wrongOptions('carrier must be "undici" or "node:http"');
  if (fetch === undefined && dispatcher === undefined) return carrier;
  throw wrongOptions(
    `carrier and ${fetch === undefined ? "dispatcher" : "fetch"} contradict each other: give one of them`,
  );
}

function checkedSize(bytes: number): number {
  if (!(Number.isFinite(bytes) && bytes > 0))
    throw wrongOptions("maxResponseBytes must be a positive number");
  return bytes;
}

/** An empty variable counts as unset. */
const set = (value: string | undefined) => (value === "" ? undefined : value);

/** A base URL's own path. */
export const prefixOf = (baseUrl: string) => new URL(`${baseUrl}/`).pathname.slice(0, -1);
