import { bytesOfNode, bytesOfRequest, type NodeRequest } from "./body.ts";
import {
  type EventKind,
  type EventOf,
  eventOf,
  isKnown,
  type UnknownEvent,
  type WebhookEvent,
} from "./event.ts";
import type { WebhookHeaders } from "./headers.ts";
import { createReports, quietly } from "./reports.ts";
import { secretsOf } from "./secrets.ts";
import { createMemorySeenStore, type SeenStore } from "./seen.ts";
import { checkSignature, toleranceOf, type VerifyOptions } from "./signature.ts";
import { LatchGateWebhookError, type WebhookErrorCode } from "./webhook-error.ts";

export interface WebhookReceiverOptions extends VerifyOptions {
  /** The endpoint's secret, whole; several for as long as it is being changed. */
  readonly secrets: string | readonly string[];
  /** What to do with an event, by its kind. Kinds without a handler are taken and forgotten. */
  readonly on?: { readonly [Kind in EventKind]?: (event: EventOf<Kind>) => unknown } | undefined;
  /** What to do with an event of a kind that this package does not know. */
  readonly onUnknown?: ((event: UnknownEvent) => unknown) | undefined;
  /**
   * Hears of each request that was refused and of each handler that threw (`code` "handler"). Without it they are warnings of
   * the process, of each reason for a refusal the first one. What it throws is ignored.
   */
  readonly onError?: ((error: LatchGateWebhookError) => void) | undefined;
  /** What has been taken already. Default: `createMemorySeenStore()`. */
  readonly seen?: SeenStore | undefined;
  /**
   * Answers when the handler is done, and 500 when it threw, so that the gate tries again. The gate waits `timeout_seconds` (5 by
   * default) and by default tries four times; a handler has to be quick then. Default false: answered before the work
   * begins, and a handler's throw is told to `onError` only.
   */
  readonly retryWhenHandlerThrows?: boolean | undefined;
}

/** What a receiver needs of Node's `ServerResponse`. */
export interface NodeResponse {
  statusCode: number;
  readonly headersSent: boolean;
  setHeader(name: string, value: string): unknown;
  end(whenSent?: () => void): unknown;
  on(event: "close", listener: () => void): unknown;
}

/** Takes a gate's webhooks: verifies, drops doubles, answers, and hands each event to its handler once. */
export interface WebhookReceiver {
  /**
   * For whatever speaks `Request` and `Response`: Hono, Next, Bun, Deno, Workers. `context` is a Worker's, which would
   * end with the answer otherwise. Never rejects.
   */
  fetch(request: Request, context?: unknown): Promise<Response>;
  /** For `node:http` and Express, in front of any body parser. Resolves when the answer is given. Never rejects. */
  node(request: NodeRequest, response: NodeResponse): Promise<void>;
  /** Hears of each new event just before its handler does: `operator.approvals.watch({ wake: receiver })`. Gives what ends it. */
  subscribe(listener: (event: WebhookEvent) => void): () => void;
  /** Resolves when no handler is at work. */
  idle(): Promise<void>;
}

interface Answer {
  readonly status: number;
  /** What is done once the answer is given. */
  readonly work?: () => Promise<void>;
  /** Whether the rest of the request is not worth reading. */
  readonly hangUp?: boolean;
}

/** One that is given its own kind only. */
type Handler = (event: WebhookEvent) => unknown;
type ReadBody = () => Promise<Uint8Array | string | undefined>;

const TAKEN: Answer = { status: 204 };

/** What strangers are told, and what the gate makes of it: a 4xx is final, a 5xx is tried again. */
const STATUS = {
  missing_header: 401,
  repeated_header: 401,
  malformed_header: 401,
  too_old: 401,
  from_the_future: 401,
  signature: 401,
  not_json: 400,
  not_an_event: 400,
  too_large: 413,
  parsed_body: 500,
  handler: 500,
  invalid_options: 500,
  seen_store: 503,
} as const satisfies Record<WebhookErrorCode, number>;

/**
 * Makes a receiver. Strangers are told a status and no reason: 401 for what is not signed, 400 for what is no event, 413 over
 * 1 MiB, 405 for other methods; 500 where a body parser has eaten the bytes, 503 where `seen` fails: these two the gate sends again.
 *
 * @throws {LatchGateWebhookError} where there is no secret, or an option is none
 * @example
 * const receiver = webhookReceiver({
 *   secrets: process.env.HOOK_SECRET ?? "",
 *   on: { "approval.pending": ({ data }) => notify(data.approval_id) },
 * });
 * createServer(receiver.node).listen(80);
 */
export function webhookReceiver(options: WebhookReceiverOptions): WebhookReceiver {
  const tolerance = toleranceOf(options);
  const secrets = secretsOf(options.secrets);
  const { seen = createMemorySeenStore(), retryWhenHandlerThrows = false } = options;
  const handlerOf = handlersOf(options);
  const report = createReports(options.onError);
  const listeners = new Set<(event: WebhookEvent) => void>();
  /** Events whose handler is at work, and how each will be answered. */
  const underWay = new Map<string, Promise<Answer>>();
  const working = new Set<Promise<unknown>>();

  async function answerTo(
    method: string | undefined,
    headers: WebhookHeaders,
    read: ReadBody,
  ): Promise<Answer> {
    if (method !== "POST") return { status: 405, hangUp: true };
    try {
      const body = await read();
      if (body === undefined) return { status: 400, hangUp: true };
      checkSignature(body, headers, secrets, tolerance);
      return await take(eventOf(body));
    } catch (cause) {
      const error =
        cause instanceof LatchGateWebhookError
          ? cause
          : new LatchGateWebhookError("invalid_options", "what was given to the receiver threw", { cause });
      report(error);
      return { status: STATUS[error.code], hangUp: error.code === "too_large" };
    }
  }

  /** Lets an event in once, and says how it is answered. */
  async function take(event: WebhookEvent): Promise<Answer> {
    const key = keyOf(event);
    // A double while the handler is at work is answered as it ends.
    const isNew = !underWay.has(key) && (await isNewTo(seen, key));
    if (!isNew) return (await underWay.get(key)) ?? TAKEN;
    if (!retryWhenHandlerThrows) return { ...TAKEN, work: async () => void (await handle(event)) };
    const answer = handle(event).then(async (done): Promise<Answer> => {
      if (done) return TAKEN;
      await forget(key);
      return { status: STATUS.handler };
    });
    underWay.set(key, answer);
    return await answer.finally(() => underWay.delete(key));
  }

  /** Whether all went well; what did not is told. */
  async function handle(event: WebhookEvent): Promise<boolean> {
    for (const listener of listeners) quietly(() => listener(event));
    const { handler, name } = handlerOf(event);
    try {
      await handler?.(event);
      return true;
    } catch (cause) {
      report(new LatchGateWebhookError("handler", `the webhook handler for ${name} threw`, { cause }));
      return false;
    }
  }

  async function forget(key: string): Promise<void> {
    try {
      await seen.delete(key);
    } catch (cause) {
      report(storeFailed(cause));
    }
  }

  /** Keeps {@link idle} waiting. */
  function track(work: Promise<unknown>): void {
    working.add(work);
    void work.finally(() => working.delete(work));
  }

  async function idle(): Promise<void> {
    while (working.size > 0) await Promise.all(working);
  }

  return {
    async fetch(request, context) {
      const { status, work } = await answerTo(request.method, request.headers, () => bytesOfRequest(request));
      if (work !== undefined) {
        // A timer, for the answer is on its way only when this function has given it.
        const done = new Promise<void>((resolve) => setTimeout(resolve, 0)).then(work);
        track(done);
        outlive(context, done);
      }
      return new Response(null, { status, headers: status === 405 ? { allow: "POST" } : {} });
    },
    async node(request, response) {
      const read = async () => bytesOfNode(request);
      const { status, work, hangUp } = await answerTo(request.method, request.headers, read);
      const given = answered(response, status, hangUp === true);
      // Where the connection is lost the event is dealt with all the same: when it comes again it is a double.
      if (work !== undefined) track(given.then(work));
      await given;
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    idle,
  };
}

/** The handler of an event, and what to call its kind in a message. A kind may be called `constructor`: own members only. */
function handlersOf({ on = {}, onUnknown }: WebhookReceiverOptions) {
  const handlers = on as { readonly [Kind in EventKind]?: Handler };
  return (event: WebhookEvent): { handler: Handler | undefined; name: string } =>
    isKnown(event)
      ? { handler: Object.hasOwn(handlers, event.type) ? handlers[event.type] : undefined, name: event.type }
      : { handler: onUnknown as Handler | undefined, name: "unknown kinds" };
}

/** A restarted gate tells of an expired approval again, with a new id. */
function keyOf(event: WebhookEvent): string {
  return event.type === "approval.expired" ? `${event.type} ${event.data.approval_id}` : event.id;
}

async function isNewTo(seen: SeenStore, key: string): Promise<boolean> {
  try {
    return await seen.add(key);
  } catch (cause) {
    throw storeFailed(cause);
  }
}

const storeFailed = (cause: unknown) =>
  new LatchGateWebhookError("seen_store", "the store of what was seen failed", { cause });

/** A Worker ends with its answer, unless its context is told of what is still to be done. */
function outlive(context: unknown, done: Promise<void>): void {
  const { waitUntil } = (context ?? {}) as { waitUntil?: unknown };
  if (typeof waitUntil === "function") waitUntil.call(context, done);
}

/** Resolves when the answer has left, or can't. */
function answered(response: NodeResponse, status: number, hangUp: boolean): Promise<void> {
  return new Promise((resolve) => {
    response.on("close", resolve);
    if (response.headersSent) return resolve();
    response.statusCode = status;
    if (status === 405) response.setHeader("allow", "POST");
    if (hangUp) response.setHeader("connection", "close");
    response.end(resolve);
  });
}
