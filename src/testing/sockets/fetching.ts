import { loadFetchClasses } from "../formats/fetch-classes.ts";
import { type MockRequest, type MockResponse, responseOf } from "../formats/wire.ts";
import type { Delivery } from "./deliver.ts";
import { createTurns } from "./turns.ts";

type Deliver = (request: MockRequest) => Promise<Delivery>;

/** A `fetch` whose other end is a gate in this process. */
export function createFetch(deliver: Deliver): typeof globalThis.fetch {
  const due = createTurns();
  return async (input, init) => {
    loadFetchClasses();
    const request = await requestOf(input, init);
    const delivery = await whileWanted(request, deliver, due);
    return reply(delivery, request.url);
  };
}

/** The same without fetch's own objects. */
export function createSend(deliver: Deliver): (request: MockRequest) => Promise<MockResponse> {
  const due = createTurns();
  return async (request) => {
    const delivery = await whileWanted(request, deliver, due);
    if (delivery.state === "answer") {
      const { answer } = delivery;
      return responseOf(delivery.head ? { ...answer, body: "" } : answer);
    }
    if (delivery.state !== "cut") throw broken(delivery.state);
    const lost = async () => {
      throw terminated();
    };
    return { ...responseOf(delivery.answer), text: lost, json: lost };
  };
}

/** The delivery of a request, or its abort, whichever is first. */
async function whileWanted(
  request: MockRequest,
  deliver: Deliver,
  due: () => Promise<void> | undefined,
): Promise<Delivery> {
  const turn = due();
  if (turn !== undefined) await turn;
  const { signal } = request;
  if (!signal) return settled(await deliver(request));
  signal.throwIfAborted();
  let forget = () => {};
  const aborted = new Promise<never>((_, reject) => {
    const stop = () => reject(signal.reason as Error);
    signal.addEventListener("abort", stop, { once: true });
    forget = () => signal.removeEventListener("abort", stop);
  });
  try {
    return await Promise.race([deliver(request).then(settled), aborted]);
  } finally {
    forget();
  }
}

/** A hanging delivery never comes. */
async function settled(delivery: Delivery): Promise<Delivery> {
  return delivery.state === "hang" ? new Promise<never>(() => {}) : delivery;
}

function reply(delivery: Delivery, url: string): Response {
  if (delivery.state !== "answer" && delivery.state !== "cut") throw broken(delivery.state);
  const { status, headers, body } = delivery.answer;
  const content =
    delivery.state === "cut" ? cutBody(body, delivery.bytes) : delivery.head || body === "" ? null : body;
  const response = new Response(content, { status, headers });
  // As of a real fetch; a constructed Response has none.
  Object.defineProperty(response, "url", { value: url });
  return response;
}

function cutBody(body: string, bytes: number): ReadableStream<Uint8Array> {
  let sent = false;
  return new ReadableStream({
    pull(controller) {
      if (sent || bytes === 0) return controller.error(terminated());
      sent = true;
      controller.enqueue(new Uint8Array(Buffer.from(body).subarray(0, bytes)));
    },
  });
}

async function requestOf(
  input: Parameters<typeof globalThis.fetch>[0],
  init: Parameters<typeof globalThis.fetch>[1],
): Promise<MockRequest & { url: string }> {
  const body = init?.body;
  const plainBody =
    body === undefined || body === null || typeof body === "string" || body instanceof Uint8Array;
  if (input instanceof Request || !plainBody) {
    const request = new Request(input, init);
    const bytes = request.body === null ? null : new Uint8Array(await request.arrayBuffer());
    const { url, method, headers, signal } = request;
    return { url: addressOf(url), method, headers, body: bytes, signal };
  }
  const method = (init?.method ?? "GET").toUpperCase();
  if ((method === "GET" || method === "HEAD") && body != null) {
    throw new TypeError("Request with GET/HEAD method cannot have body.");
  }
  const headers = new Headers(init?.headers);
  if (typeof body === "string" && !headers.has("content-type"))
    headers.set("content-type", "text/plain;charset=UTF-8");
  return { url: addressOf(String(input)), method, headers, body, signal: init?.signal };
}

/** A URL as fetch sends it: dots resolved, the fragment gone. */
function addressOf(input: string): string {
  if (!URL.canParse(input)) throw new TypeError(`Failed to parse URL from ${input}`);
  const url = new URL(input);
  url.hash = "";
  return url.href;
}

function broken(state: "refused" | "reset" | "hang"): TypeError {
  const refused = state === "refused";
  const cause = Object.assign(new Error(refused ? "connect ECONNREFUSED" : "read ECONNRESET"), {
    code: refused ? "ECONNREFUSED" : "ECONNRESET",
    errno: refused ? -111 : -104,
    syscall: refused ? "connect" : "read",
  });
  return new TypeError("fetch failed", { cause });
}

function terminated(): TypeError {
  const cause = Object.assign(new Error("other side closed"), { code: "UND_ERR_SOCKET" });
  return new TypeError("terminated", { cause });
}
