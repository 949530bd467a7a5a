import type { Outcome } from "../generated/operations.ts";
import { LatchGateError } from "../vocabulary/errors.ts";

/**
 * Which step of a webhook's verification failed.
 *
 * | code | what |
 * |---|---|
 * | `missing_header`, `repeated_header`, `malformed_header` | signature or timestamp is not there, there several times, or is none |
 * | `too_old`, `from_the_future` | the attempt was signed too long ago, or is ahead of this clock |
 * | `signature` | no secret signed these bytes at that time |
 * | `not_json`, `not_an_event` | the signature holds, and the body can't be read, or is of another format than `generic` |
 * | `too_large` | more than a receiver reads |
 * | `parsed_body` | the bytes are gone: something in front has parsed the body |
 * | `seen_store` | the store of a receiver failed; the gate is asked to try again |
 * | `handler` | a handler of a receiver threw: that is in `cause` |
 * | `invalid_options` | the call itself is wrong: no secret, a tolerance that is none |
 */
export type WebhookErrorCode =
  | "missing_header"
  | "repeated_header"
  | "malformed_header"
  | "too_old"
  | "from_the_future"
  | "signature"
  | "not_json"
  | "not_an_event"
  | "too_large"
  | "parsed_body"
  | "seen_store"
  | "handler"
  | "invalid_options";

/** A webhook that was not accepted, or not dealt with; `code` says why. Nothing of its body and no secret is in it. */
export class LatchGateWebhookError extends LatchGateError {
  protected static override readonly brand = "LatchGateWebhookError";
  protected static override readonly defaults = { code: "webhook", outcome: "not_executed" as Outcome };

  declare readonly code: WebhookErrorCode;

  constructor(code: WebhookErrorCode, message: string, details: { readonly cause?: unknown } = {}) {
    super(message, { ...details, code });
  }
}
