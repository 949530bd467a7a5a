import { createHmac, timingSafeEqual } from "node:crypto";
import { onlyHeader, type WebhookHeaders } from "./headers.ts";
import { LatchGateWebhookError } from "./webhook-error.ts";

/** How old a webhook may be, and by which clock. */
export interface VerifyOptions {
  /** How long ago it may have been signed, in seconds. Default 300. Each attempt is signed anew: retries do not age. */
  readonly toleranceSeconds?: number | undefined;
  /** How far its clock may be ahead of this one, in seconds. Default 5. */
  readonly forwardToleranceSeconds?: number | undefined;
  /** The time, in milliseconds since 1970. Default `Date.now`. */
  readonly now?: (() => number) | undefined;
}

/** The options, looked at. */
export interface Tolerance {
  readonly back: number;
  readonly forward: number;
  readonly now: () => number;
}

export function toleranceOf(options: VerifyOptions): Tolerance {
  if (typeof options !== "object" || options === null) throw wrong("the options must be an object");
  const { toleranceSeconds: back = 300, forwardToleranceSeconds: forward = 5, now = Date.now } = options;
  for (const [name, seconds] of Object.entries({ toleranceSeconds: back, forwardToleranceSeconds: forward }))
    if (typeof seconds !== "number" || !(seconds >= 0))
      throw wrong(`${name} must be a number of seconds from 0`);
  if (typeof now !== "function") throw wrong("now must be a function that gives milliseconds");
  return { back, forward, now };
}

/** Refuses what no holder of one of the secrets signed a short time ago: headers, then age, then signature. */
export function checkSignature(
  body: Uint8Array | string,
  headers: WebhookHeaders,
  secrets: readonly string[],
  tolerance: Tolerance,
): void {
  const signature = onlyHeader(headers, "X-LatchGate-Signature");
  const timestamp = onlyHeader(headers, "X-LatchGate-Timestamp");
  if (!/^sha256=[0-9a-fA-F]{64}$/.test(signature))
    throw new LatchGateWebhookError(
      "malformed_header",
      "the webhook's X-LatchGate-Signature is not sha256= and 64 hex digits",
    );
  if (!/^[0-9]+$/.test(timestamp))
    throw new LatchGateWebhookError(
      "malformed_header",
      "the webhook's X-LatchGate-Timestamp is not a number of seconds",
    );
  checkAge(Number(timestamp), tolerance);
  const given = Buffer.from(signature.slice(7), "hex");
  let holds = false;
  // Every secret is tried, so that the time says nothing about which one it was.
  for (const secret of secrets) {
    const made = createHmac("sha256", secret).update(`${timestamp}.`, "utf8").update(body).digest();
    holds = timingSafeEqual(made, given) || holds;
  }
  if (!holds)
    throw new LatchGateWebhookError(
      "signature",
      "no known secret has signed this webhook: another secret, other bytes than those that were sent, or not a gate",
    );
}

/** The gate's clock gives whole seconds; both limits are part of what is accepted. */
function checkAge(signedAt: number, { back, forward, now }: Tolerance): void {
  const age = Math.floor(now() / 1_000) - signedAt;
  if (age > back)
    throw new LatchGateWebhookError(
      "too_old",
      `the webhook was signed ${age} s ago, and ${back} s are accepted: an old one sent again, or a clock is wrong`,
    );
  // Also where the clock gives no number.
  if (!(-age <= forward))
    throw new LatchGateWebhookError(
      "from_the_future",
      `the webhook is signed ${-age} s ahead of this clock, and ${forward} s are accepted: a clock is wrong`,
    );
}

const wrong = (problem: string) => new LatchGateWebhookError("invalid_options", problem);
