import type { components } from "../generated/operator.ts";
import { checkedOptions } from "../vocabulary/checked-options.ts";
import {
  LatchGateAuthError,
  LatchGateError,
  LatchGateInvalidRequest,
  LatchGateTransportError,
  LatchGateUnavailable,
} from "../vocabulary/errors.ts";
import type { Clock } from "../wire/send.ts";
import { createPauses, type WakeUp } from "./wake.ts";

export type ApprovalSummary = components["schemas"]["ApprovalSummary"];

export interface WatchOptions {
  /** Ends the watch: the loop over it ends, without an error. */
  readonly signal?: AbortSignal | undefined;
  /** How long to pause between two looks, in milliseconds. Default 2,000. */
  readonly pollMs?: number | undefined;
  /** Whether those are given too that wait already when the watch begins. Default true. */
  readonly includeExisting?: boolean | undefined;
  /**
   * What calls for a look at once, beside those that are due: the receiver of the gate's webhooks (`webhookReceiver` of
   * `latchgate-client/webhooks`). These get lost and come out of order, so they are a hint and no more. However many call, there
   * are ten looks a second at most.
   */
  readonly wake?: WakeUp | undefined;
  /** Hears of each look that failed. The watch goes on, at growing pauses. What it throws is ignored. */
  readonly onError?: ((error: LatchGateError) => void) | undefined;
}

const POLL_MS = 2_000;
const LONGEST_PAUSE_MS = 30_000;
/** An approval can be given for 300 s; what has left the list by then does not come back. */
const REMEMBERED_MS = 330_000;

/**
 * Gives each approval that waits for an operator once, the oldest first.
 * @param pending what waits now, the newest first, without what has expired
 */
export async function* watch(
  pending: (signal: AbortSignal | undefined) => Promise<readonly ApprovalSummary[]>,
  clock: Clock,
  options: WatchOptions,
): AsyncGenerator<ApprovalSummary, void, undefined> {
  const { signal, pollMs = POLL_MS, wake } = checkedOptions(options, "<approval>");
  if (!(pollMs > 0))
    throw new LatchGateInvalidRequest("<approval>", "pollMs must be a positive number of milliseconds", {
      code: "invalid_options",
    });
  if (wake !== undefined && typeof wake?.subscribe !== "function")
    throw new LatchGateInvalidRequest(
      "<approval>",
      "wake must be a receiver of webhooks, or have its subscribe()",
      {
        code: "invalid_options",
      },
    );
  const pauses = createPauses(wake, clock);
  try {
    yield* looks(
      pending,
      clock,
      options,
      (failures) => {
        const pause = Math.min(LONGEST_PAUSE_MS, pollMs * 2 ** Math.min(failures, 16));
        return pauses.pause(Math.max(pause, pollMs), failures > 0, signal);
      },
      pauses.forget,
    );
  } finally {
    pauses.end();
  }
}

async function* looks(
  pending: (signal: AbortSignal | undefined) => Promise<readonly ApprovalSummary[]>,
  clock: Clock,
  { signal, includeExisting = true, onError }: WatchOptions,
  pause: (failures: number) => Promise<void>,
  begin: () => void,
): AsyncGenerator<ApprovalSummary, void, undefined> {
  const seen = new Map<string, number>();
  let failures = 0;
  let everSeen = false;

  while (!signal?.aborted) {
    begin();
    const list = await pending(signal).catch((error: unknown) => {
      if (signal?.aborted) return undefined;
      if (!isPassing(error, everSeen)) throw error;
      failures += 1;
      quietly(onError, error);
      return undefined;
    });
    if (list !== undefined) {
      failures = 0;
      const now = clock.monotonic();
      for (const [id, at] of seen) if (now - at > REMEMBERED_MS) seen.delete(id);
      for (const approval of [...list].reverse()) {
        const isNew = !seen.has(approval.approval_id);
        seen.set(approval.approval_id, now);
        if (isNew && (everSeen || includeExisting)) yield approval;
        if (signal?.aborted) return;
      }
      everSeen = true;
    }
    await pause(failures);
  }
}

/** What may be over by the next look. A 401 covers an outage of the gate's replay store too; at the start it is a mistake. */
function isPassing(error: unknown, everSeen: boolean): error is LatchGateError {
  if (!(error instanceof LatchGateError)) return false;
  if (error instanceof LatchGateAuthError) return everSeen;
  if (error instanceof LatchGateTransportError) return error.code !== "closed";
  return error instanceof LatchGateUnavailable;
}

/** A listener that throws changes nothing for the watch that it heard of. */
function quietly(listener: ((error: LatchGateError) => void) | undefined, error: LatchGateError): void {
  try {
    listener?.(error);
  } catch {
    // Not ours to report.
  }
}
