import { LatchGateWebhookError } from "./webhook-error.ts";

/** What a receiver needs of Node's `IncomingMessage`, of Express's `Request` too. */
export interface NodeRequest {
  readonly method?: string | undefined;
  readonly headers: { readonly [name: string]: string | string[] | undefined };
  readonly readableEnded: boolean;
  on(event: "data", listener: (chunk: Uint8Array) => void): unknown;
  on(event: "end" | "close", listener: () => void): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
  off(event: "data", listener: (chunk: Uint8Array) => void): unknown;
  pause(): unknown;
}

/** The most that a receiver reads. What a gate sends is smaller. */
const MOST_BYTES = 1024 * 1024;

/** The body's bytes of a `Request`; undefined where the connection was lost. */
export async function bytesOfRequest(request: Request): Promise<Uint8Array | undefined> {
  if (request.bodyUsed) throw parsed();
  refuseAnnounced(request.headers.get("content-length"));
  const reader = request.body?.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const next = reader === undefined ? END : await reader.read().catch(() => undefined);
    if (next === undefined) return undefined;
    if (next.value === undefined) return joined(chunks, size);
    size += next.value.byteLength;
    if (size > MOST_BYTES) {
      // Not waited for: whoever sends without end may keep it open.
      reader?.cancel().catch(() => {});
      throw tooLarge();
    }
    chunks.push(next.value);
  }
}

const END = { value: undefined };

/** The body's bytes of Node's request; undefined where the connection was lost. */
export function bytesOfNode(request: NodeRequest): Promise<Uint8Array | string | undefined> {
  const kept = keptBytes(request);
  if (kept !== undefined) return Promise.resolve(kept);
  const length = request.headers["content-length"];
  refuseAnnounced(typeof length === "string" ? length : null);
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let size = 0;
    const onData = (chunk: Uint8Array) => {
      size += chunk.byteLength;
      if (size <= MOST_BYTES) return void chunks.push(chunk);
      chunks.length = 0;
      request.off("data", onData);
      request.pause();
      reject(tooLarge());
    };
    request.on("data", onData);
    request.on("end", () => resolve(joined(chunks, size)));
    request.on("close", () => resolve(undefined));
    request.on("error", () => resolve(undefined));
  });
}

/** What a body parser has left: the bytes (`express.raw`, a `rawBody`), or nothing that can be verified. */
function keptBytes(request: NodeRequest): Uint8Array | string | undefined {
  const { body, rawBody } = request as { readonly body?: unknown; readonly rawBody?: unknown };
  for (const kept of [rawBody, body]) if (kept instanceof Uint8Array || typeof kept === "string") return kept;
  if (body !== undefined || request.readableEnded) throw parsed();
  return undefined;
}

function refuseAnnounced(length: string | null): void {
  if (Number(length ?? 0) > MOST_BYTES) throw tooLarge();
}

function joined(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const [only] = chunks;
  if (chunks.length === 1 && only !== undefined) return only;
  const whole = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  return whole;
}

const tooLarge = () =>
  new LatchGateWebhookError(
    "too_large",
    `the webhook has more than ${MOST_BYTES} bytes, which no gate sends`,
  );

const parsed = () =>
  new LatchGateWebhookError(
    "parsed_body",
    "the webhook's bytes are gone, and without them its signature can't be verified: a body parser has read them. " +
      'Put the receiver in front of it (before app.use(express.json())), or keep the bytes (express.raw({ type: "application/json" }))',
  );
