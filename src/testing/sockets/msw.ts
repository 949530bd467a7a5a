import { createRequire } from "node:module";
import type { HttpHandler, http } from "msw";

/** Under which URLs the handlers answer: origins, as `http://localhost:3000`. */
export interface MswOptions {
  /** The client's half; the gate's `publicBaseUrl` when left out. */
  readonly baseUrl?: string;
  /** The operator's half; `http://127.0.0.1:3001`, a gate's own default, when left out. */
  readonly adminBaseUrl?: string;
}

/** The parts of a `MockGate` that are needed. */
export interface MswGate {
  readonly fetch: typeof globalThis.fetch;
  readonly operatorFetch: typeof globalThis.fetch;
  readonly publicBaseUrl: string;
}

const DEFAULT_ADMIN_BASE = "http://127.0.0.1:3001";

/**
 * Handlers of [msw](https://mswjs.io) with a gate behind them, for a set-up of one's own: everything below the two
 * base URLs is the gate's, its 404, 405 and HEAD too. Needs the optional peer `msw`.
 *
 * ```ts
 * const server = setupServer(...mswHandlers(gate));
 * server.listen();
 * new LatchGateClient({ baseUrl: gate.publicBaseUrl, fetch: (...a) => fetch(...a), agentId: "agent:test" });
 * ```
 */
export function mswHandlers(gate: MswGate, options: MswOptions = {}): HttpHandler[] {
  const client = originOf(options.baseUrl ?? gate.publicBaseUrl);
  const admin = originOf(options.adminBaseUrl ?? DEFAULT_ADMIN_BASE);
  if (client === admin) {
    throw new TypeError(`mswHandlers: client and admin never share a base URL, and both are ${client}`);
  }
  const { all } = loadHttp();
  // An expression and not a path: msw would decode a path's segments, and trips over one that is not UTF-8.
  return [
    all(below(client), ({ request }) => answer(gate.fetch, request)),
    all(below(admin), ({ request }) => answer(gate.operatorFetch, request)),
  ];
}

/** msw, when handlers are asked for and not before. */
function loadHttp(): typeof http {
  try {
    return (createRequire(import.meta.url)("msw/core/http") as { http: typeof http }).http;
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    // Under Jest below Node 24.9 it is there, and can't be required.
    const what =
      code === "MODULE_NOT_FOUND" || code === "ERR_PACKAGE_PATH_NOT_EXPORTED"
        ? "is not installed: npm install --save-dev msw"
        : `can't be loaded here: ${cause instanceof Error ? cause.message : String(cause)}`;
    throw new Error(`mswHandlers needs the package "msw" (2.x), which ${what}`, { cause });
  }
}

function originOf(base: string): string {
  const { origin, pathname, search } = new URL(base);
  if (origin === "null" || pathname !== "/" || search !== "") {
    throw new TypeError(`mswHandlers: a base URL is a scheme, a host and a port, and not ${base}`);
  }
  return origin;
}

function below(origin: string): RegExp {
  return new RegExp(`^${origin.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")}(?:/|$)`);
}

async function answer(fetch: typeof globalThis.fetch, request: Request): Promise<Response> {
  try {
    return await fetch(request);
  } catch (error) {
    // A connection that broke: msw tells it as fetch does, and would answer 500 to anything thrown.
    if (request.signal.aborted || (error instanceof TypeError && error.message === "fetch failed"))
      return Response.error();
    // Something is wrong with the test's set-up, not with the request. No gate answers 501: it can't be mistaken.
    return new Response(error instanceof Error ? error.message : String(error), { status: 501 });
  }
}
