import { domainAllowed, hostOf, type RunContext } from "../stores/actions.ts";

/** A request that a built-in `http_*` action sends into the mock's web. */
export interface WebRequest {
  readonly method: string;
  readonly url: string;
  readonly body: string;
  /** The headers that the action's template sets; there are more on the wire. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** What the web answers. A body that is no string is what the gate calls `<binary>`. */
export interface WebAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/**
 * The web behind the gate: by URL or origin, an answer, a function, or `"unreachable"` (no such host, connection
 * refused: the gate then answers 422). What is not named answers as the recorded web did, a small httpbin.
 */
export type MockWeb = Readonly<
  Record<string, WebAnswer | "unreachable" | ((request: WebRequest) => WebAnswer | Promise<WebAnswer>)>
>;

/** What the http provider's fuel goes on, per byte of a body. One of 70 kB ends well, one of 100 kB has been sent when the fuel is gone, one of 200 kB has not (measured.md). */
const FUEL = { beforeSent: 28, afterAnswer: 30 };

/** Sends one request through the gate's egress and gives the provider's output. */
export async function callWeb(web: MockWeb, request: WebRequest, context: RunContext): Promise<unknown> {
  const host = hostOf(request.url);
  // The provider's own refusals have no `ok`: the gate turns each into a 422 (agent.md 3.8).
  if (host === undefined) return { error: `unsupported URL: ${request.url}` };
  if (/[A-Z]/.test(request.url.split("/")[2] ?? "")) return { error: `blocked sink: ${host}` };
  if (!domainAllowed(host, context.allowedDomains, [])) return { error: `blocked sink: ${host}` };
  const named = web[request.url] ?? web[new URL(request.url).origin] ?? web[host];
  context.burn(FUEL.beforeSent * request.body.length);
  if (named === "unreachable") return { error: `cannot reach ${host}` };
  const answer =
    typeof named === "function" ? await named(request) : (named ?? (await recordedWeb(request, context)));
  context.burn(FUEL.afterAnswer * request.body.length);
  const status = answer.status ?? 200;
  context.observe({ http_status: status });
  const body = answer.body ?? "";
  const text = typeof body === "string";
  return {
    data: {
      body: text ? body : "<binary>",
      // As the recorded web sent them.
      headers: {
        connection: "keep-alive",
        ...(text
          ? { "content-length": String(Buffer.byteLength(body)) }
          : { "transfer-encoding": "chunked" }),
        "content-type": text ? "application/json" : "application/octet-stream",
        date: new Date(context.now()).toUTCString(),
        "keep-alive": "timeout=5",
        ...answer.headers,
      },
      status_code: status,
      url: request.url,
    },
    ok: true,
  };
}

/** `/status/N`, `/bytes/N`, `/delay/S`, `/number`, and an echo for everything else. */
async function recordedWeb(request: WebRequest, context: RunContext): Promise<WebAnswer> {
  const url = new URL(request.url);
  const [, kind, value] = url.pathname.split("/");
  if (kind === "status") return { status: Number(value), body: JSON.stringify({ status: Number(value) }) };
  if (kind === "bytes") return { body: Buffer.alloc(Math.min(Number(value), 1_048_576), 0xff) };
  if (kind === "delay") {
    await context.wait(Number(value) * 1000);
    return { body: JSON.stringify({ delayed: Number(value) }) };
  }
  if (kind === "number")
    return { body: '{"pi":3.141592653589793,"tiny":5e-324,"big":12345678901234567000,"e":1e+21}' };
  return {
    body: JSON.stringify({
      args: Object.fromEntries(url.searchParams),
      data: request.body,
      method: request.method,
      headers: { host: url.host, "user-agent": "latchgate/0.1", ...request.headers },
      url: request.url,
    }),
  };
}
