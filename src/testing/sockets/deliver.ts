import { isUtf8 } from "node:buffer";
import type { Handler } from "../decisions/agent.ts";
import { ClientGone } from "../decisions/plan.ts";
import type { Call, World } from "../decisions/world.ts";
import type { ProofClaims } from "../formats/proof.ts";
import {
  type Answer,
  empty,
  headersOf,
  jsonText,
  type MockRequest,
  plain,
  type Transport,
} from "../formats/wire.ts";
import type { Fault } from "../stores/faults.ts";
import type { createRouter } from "./routes.ts";

/** A request that reached the gate. */
export interface ReceivedRequest<OperationId extends string = string> {
  /** The gate's time in milliseconds. */
  readonly at: number;
  readonly transport: Transport;
  /** Which of the two sockets. */
  readonly face: "client" | "admin";
  readonly method: string;
  /** The raw path, without its query. */
  readonly path: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly operationId: OperationId | undefined;
  /** The claims of its proof, checked or not; `undefined` where there is none that can be read. */
  readonly proof: Partial<ProofClaims> | undefined;
  /** The session of its lease, once that was believed. */
  readonly sessionId: string | undefined;
  /** What the gate answered; `undefined` while it works, and when nobody is there to be answered. */
  readonly status: number | undefined;
  /** The `error` of the answer. */
  readonly code: string | undefined;
  /** The fault that befell it. */
  readonly fault: Fault["kind"] | undefined;
}

/** What becomes of a request on its wire. */
export type Delivery =
  | { readonly state: "answer"; readonly answer: Answer; readonly head: boolean }
  | { readonly state: "cut"; readonly answer: Answer; readonly bytes: number }
  | { readonly state: "refused" | "reset" | "hang" };

/** A socket of mode 0600 has peers of this process's own UID only. */
const OWN_UID = process.getuid?.() ?? 0;

const MOST_BYTES = 1_048_576;

/** Takes requests to their operations, and faults to their requests. One of these per socket. */
export function createDelivery<OperationId extends string>(options: {
  readonly face: "client" | "admin";
  readonly world: World;
  readonly route: ReturnType<typeof createRouter<OperationId>>;
  readonly handlers: Readonly<Record<OperationId, Handler>>;
  readonly received: { add(request: ReceivedRequest<OperationId>): unknown };
  readonly faultFor: (operationId: string | undefined) => Fault | undefined;
}) {
  const { world, route } = options;

  async function deliver(request: MockRequest, transport: Transport): Promise<Delivery> {
    const { path, query } = targetOf(request.url);
    const method = request.method.toUpperCase();
    const match = route(method, path);
    const operationId = match.state === "found" ? match.operationId : undefined;
    const fault = options.faultFor(operationId);
    if (fault?.kind === "refuse") return { state: "refused" };
    const bytes =
      typeof request.body === "string" ? Buffer.from(request.body) : Buffer.from(request.body ?? []);
    const entry = createEntry(request, {
      at: world.clock.now(),
      transport,
      face: options.face,
      method,
      path,
      query,
      operationId,
      fault,
    });
    entry.body = isUtf8(bytes) ? bytes.toString() : `\ufffd${bytes.toString()}`; // so that it is no JSON
    options.received.add(entry);
    if (fault?.kind === "reset" && fault.when === "unread") return { state: "reset" };
    if (fault?.kind === "hang" && fault.when === "unread") return { state: "hang" };
    if (fault?.kind === "delay") {
      await new Promise<void>((resolve) => void world.settings.timer(fault.ms, resolve));
    }

    const act = () => answerTo(match, request, entry, bytes, transport, fault);
    let answer: Answer;
    try {
      const first = fault?.kind === "answer" ? answerOf(fault) : await act();
      answer = fault?.kind === "duplicate" && fault.hears !== "first" ? await act() : first;
      if (fault?.kind === "duplicate" && fault.hears === "first") await act();
    } catch (error) {
      if (error instanceof ClientGone) return { state: "reset" };
      throw error;
    }
    if (fault?.kind === "garbage") answer = garbage(fault);
    answer = { ...answer, headers: { ...answer.headers, ...usualHeaders(answer) } };
    entry.status = answer.status;
    entry.code = codeOf(answer);
    if (fault?.kind === "reset") return { state: "reset" };
    if (fault?.kind === "hang") return { state: "hang" };
    if (fault?.kind === "truncate") {
      return { state: "cut", answer, bytes: fault.bytes ?? Math.floor(Buffer.byteLength(answer.body) / 2) };
    }
    return { state: "answer", answer, head: method === "HEAD" };
  }

  async function answerTo(
    match: ReturnType<typeof route>,
    request: MockRequest,
    entry: Entry<OperationId>,
    bytes: Uint8Array,
    transport: Transport,
    fault: Fault | undefined,
  ): Promise<Answer> {
    if (match.state === "no_route") return empty(404);
    if (match.state === "wrong_method") return empty(405, { allow: match.allow });
    if (match.state === "bad_parameter") return plain(400, `Invalid URL: Invalid UTF-8 in \`${match.name}\``);
    const call: Call = {
      headers: entry.headerMap,
      parameters: match.parameters,
      query: entry.query,
      body: entry.body,
      bytes,
      tooLarge: bytes.length > MOST_BYTES,
      signal: request.signal ?? undefined,
      transport,
      uid: request.from?.uid ?? OWN_UID,
      goneAfterRun: fault?.kind === "reset" && fault.when === "running",
      unwritten: fault?.kind === "unwritten" ? fault : undefined,
    };
    const answer = await options.handlers[match.operationId](world, call);
    entry.sessionId = call.sessionId;
    return answer;
  }

  function usualHeaders(answer: Answer): Record<string, string> {
    return {
      "content-length": String(Buffer.byteLength(answer.body)),
      date: new Date(world.clock.now()).toUTCString(),
    };
  }

  return deliver;
}

/** The path and query of a request target: an absolute one counts by its path, a fragment not at all. */
function targetOf(url: string): { path: string; query: string } {
  const target = (url.split("#")[0] ?? "").replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?]*/i, "");
  const mark = target.indexOf("?");
  const path = mark < 0 ? target : target.slice(0, mark);
  return { path: path === "" ? "/" : path, query: mark < 0 ? "" : target.slice(mark + 1) };
}

type Entry<OperationId extends string> = {
  -readonly [Name in keyof ReceivedRequest<OperationId>]: ReceivedRequest<OperationId>[Name];
} & { readonly headerMap: ReadonlyMap<string, string> };

function createEntry<OperationId extends string>(
  request: MockRequest,
  known: Pick<
    ReceivedRequest<OperationId>,
    "at" | "transport" | "face" | "method" | "path" | "query" | "operationId"
  > & {
    fault: Fault | undefined;
  },
): Entry<OperationId> {
  const headerMap = headersOf(request.headers);
  const entry: Entry<OperationId> = {
    ...known,
    headers: Object.fromEntries(headerMap),
    body: "",
    // Read when asked for: most requests are never looked at.
    get proof() {
      return claimsOf(headerMap.get("dpop"));
    },
    sessionId: undefined,
    status: undefined,
    code: undefined,
    fault: known.fault?.kind,
    headerMap,
  };
  Object.defineProperty(entry, "headerMap", { enumerable: false });
  return entry;
}

function claimsOf(proof: string | undefined): Partial<ProofClaims> | undefined {
  try {
    return JSON.parse(
      Buffer.from(proof?.split(".")[1] ?? "", "base64url").toString(),
    ) as Partial<ProofClaims>;
  } catch {
    return undefined;
  }
}

function codeOf(answer: Answer): string | undefined {
  if (answer.status < 400 || answer.headers["content-type"] !== "application/json") return undefined;
  try {
    return (JSON.parse(answer.body) as { error?: string }).error;
  } catch {
    return undefined;
  }
}

function answerOf(fault: Fault & { kind: "answer" }): Answer {
  const { status, code, body, headers = {} } = fault;
  const answer =
    code !== undefined
      ? jsonText(status, JSON.stringify({ error: code }))
      : body === undefined
        ? empty(status)
        : { status, headers: {}, body };
  const given = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
  return { ...answer, headers: { ...answer.headers, ...Object.fromEntries(given) } };
}

function garbage(fault: Fault & { kind: "garbage" }): Answer {
  const {
    status = 200,
    contentType = "text/html",
    body = "<html><body>Welcome to the guest network</body></html>",
  } = fault;
  return { status, headers: { "content-type": contentType }, body };
}
