import type { WebhookKind } from "./events.ts";
import type { WebhookFault } from "./faults.ts";

/**
 * What became of an attempt. `delivered`: a 2xx. `refused`: a 4xx, which is final. `retried`: it failed, and another one
 * follows. `failed`: it was the last one. `unreachable`: nothing was sent, since the host can't be found or the gate does
 * not go there; final. `dropped`: the gate's process ended. `lost`: a fault. `sending`: nothing is known yet.
 */
export type AttemptOutcome =
  | "sending"
  | "delivered"
  | "refused"
  | "retried"
  | "failed"
  | "unreachable"
  | "dropped"
  | "lost";

/** One attempt of a gate to tell one endpoint of one event. */
export interface WebhookDelivery {
  /** The endpoint's name. */
  readonly endpoint: string;
  /** The same for all endpoints and all attempts. */
  readonly eventId: string;
  readonly type: WebhookKind | "test";
  /** From 1. */
  readonly attempt: number;
  /** The gate's time in milliseconds. */
  readonly at: number;
  /** Without user info and fragment. */
  readonly url: string;
  /** As they go out: in order, in lower case, some of them twice; a character for each byte. Empty where nothing was sent. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
  readonly outcome: AttemptOutcome;
  /** What the receiver answered, where that came in time. */
  readonly status: number | undefined;
  /** Why there is no status. */
  readonly error: string | undefined;
  /** The fault that befell the event. */
  readonly fault: WebhookFault["kind"] | undefined;
}

/** How a test event went, as `latchgate config test-webhook --json` prints it. */
export interface WebhookTest {
  readonly name: string;
  readonly ok: boolean;
  /** 0 where there was no answer. */
  readonly statusCode: number;
  readonly elapsedMs: number;
  readonly error: string | null;
}
