import type { ErrorCode } from "../../generated/operations.ts";
import type { BodyOf, Extra, OperationId, Printed } from "./bodies.ts";
import { int64Json } from "./canonical.ts";

/** What the mock takes for a request: the parts of fetch's `Request` that a gate looks at. */
export interface MockRequest {
  readonly url: string;
  readonly method: string;
  readonly headers?:
    | Headers
    | Iterable<readonly [string, string]>
    | Readonly<Record<string, string | undefined>>
    | undefined;
  readonly body?: string | Uint8Array | null | undefined;
  readonly signal?: AbortSignal | null | undefined;
  /** Where an in-process request comes from, as a socket would know it: for gates that tell callers apart. */
  readonly from?: Caller | undefined;
}

/** What a socket knows of a caller. */
export interface Caller {
  /** `tcp` has no peer that could be identified. In process when left out, which counts as a Unix socket. */
  readonly transport?: Transport;
  /** The UID of a Unix socket's peer; this process's own when left out. */
  readonly uid?: number;
}

/** What the mock answers: the parts of fetch's `Response` that a client needs. */
export interface MockResponse {
  readonly status: number;
  readonly ok: boolean;
  readonly headers: { get(name: string): string | null };
  text(): Promise<string>;
  json(): Promise<unknown>;
}

/** An answer before it is put on a wire; no body is the empty string. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The transport by which a request came. */
export type Transport = "in-process" | "uds" | "tcp";

/** The answer of an operation, which has to be named: its body is what the document says. */
export function json<Id extends OperationId = never, Status extends number = 200>(
  status: Status,
  body: BodyOf<Id, Status>,
): Answer {
  return jsonText(status, JSON.stringify(body));
}

/** An answer that passes through the gate's free JSON: members in order, a 64-bit integer with all its digits. */
export function ordered<Id extends OperationId = never>(body: Printed<BodyOf<Id>>): Answer {
  return jsonText(200, int64Json(body));
}

/** A refusal with its word. One that says more names the operations that say it, and their status. */
export function failure<Id extends OperationId = OperationId, Status extends number = number>(
  status: Status,
  error: ErrorCode,
  extra?: Extra<Id, Status>,
  headers: Record<string, string> = {},
): Answer {
  return jsonText(status, JSON.stringify({ error, ...extra }), headers);
}

export function jsonText(status: number, body: string, headers: Record<string, string> = {}): Answer {
  return { status, headers: { "content-type": "application/json", ...headers }, body };
}

export function plain(status: number, body: string): Answer {
  return { status, headers: { "content-type": "text/plain; charset=utf-8" }, body };
}

export function empty(status: number, headers: Record<string, string> = {}): Answer {
  return { status, headers, body: "" };
}

/** The framework's refusal of a body above 1 MiB. */
export function tooLarge(): Answer {
  return plain(413, "Failed to buffer the request body: length limit exceeded");
}

/** Header names in lower case; of a repeated header the first value counts, as in the gate. */
export function headersOf(headers: MockRequest["headers"]): Map<string, string> {
  const found = new Map<string, string>();
  if (headers === undefined) return found;
  const entries =
    Symbol.iterator in headers
      ? (headers as Iterable<readonly [string, string]>)
      : Object.entries(headers as Record<string, string | undefined>);
  for (const [name, value] of entries) {
    if (value !== undefined && !found.has(name.toLowerCase())) found.set(name.toLowerCase(), value);
  }
  return found;
}

/** An {@link Answer} as a {@link MockResponse}. */
export function responseOf(answer: Answer): MockResponse {
  return {
    status: answer.status,
    ok: answer.status >= 200 && answer.status < 300,
    headers: { get: (name) => answer.headers[name.toLowerCase()] ?? null },
    text: async () => answer.body,
    json: async () => JSON.parse(answer.body),
  };
}
