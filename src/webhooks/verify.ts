import { eventOf, type WebhookEvent } from "./event.ts";
import type { WebhookHeaders } from "./headers.ts";
import { secretsOf } from "./secrets.ts";
import { checkSignature, toleranceOf, type VerifyOptions } from "./signature.ts";
import { LatchGateWebhookError } from "./webhook-error.ts";

/** A request's body as it came: bytes, or their text. */
export type RawBody = Uint8Array | ArrayBuffer | string;

/**
 * The event that a request is, if one of the secrets signed it a short time ago. A pure function: it remembers nothing, and a
 * delivery that comes twice is accepted twice (`webhookReceiver` drops doubles).
 *
 * @param rawBody the bytes as they came, or their text; never an object that something has parsed
 * @param secret the endpoint's whole secret, `whsec_` included; several for as long as it is being changed
 * @throws {LatchGateWebhookError} whose `code` says which step failed; nothing of the body and no secret is in it
 * @example
 * const event = verifyWebhook(await request.text(), request.headers, process.env.HOOK_SECRET ?? "");
 */
export function verifyWebhook(
  rawBody: RawBody,
  headers: WebhookHeaders,
  secret: string | readonly string[],
  options: VerifyOptions = {},
): WebhookEvent {
  const body = bytesOf(rawBody);
  checkSignature(body, headers, secretsOf(secret), toleranceOf(options));
  return eventOf(body);
}

/**
 * Refuses a request that none of the secrets signed a short time ago, as {@link verifyWebhook} does, and looks no further: for
 * endpoints of the formats `slack`, `discord` and `pagerduty`, whose bodies are no events.
 * @throws {LatchGateWebhookError}
 */
export function verifyWebhookSignature(
  rawBody: RawBody,
  headers: WebhookHeaders,
  secret: string | readonly string[],
  options: VerifyOptions = {},
): void {
  checkSignature(bytesOf(rawBody), headers, secretsOf(secret), toleranceOf(options));
}

/** What was signed. A parsed body written again is something else. */
export function bytesOf(rawBody: RawBody): Uint8Array | string {
  if (typeof rawBody === "string" || rawBody instanceof Uint8Array) return rawBody;
  // No instanceof alone: what is of another realm (a test runner's) is no instance of ours.
  if (ArrayBuffer.isView(rawBody)) {
    const { buffer, byteOffset, byteLength } = rawBody as ArrayBufferView;
    return new Uint8Array(buffer, byteOffset, byteLength);
  }
  if (Object.prototype.toString.call(rawBody) === "[object ArrayBuffer]") return new Uint8Array(rawBody);
  throw new LatchGateWebhookError(
    "parsed_body",
    'a webhook is verified by the bytes that came, and this is no text and no Uint8Array: a body parser has read them. Put the receiver in front of it, or keep the bytes (express.raw({ type: "application/json" }))',
  );
}
