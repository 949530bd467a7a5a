import type { CallState } from "../call/call-state.ts";
import { waitFor } from "../wire/patience.ts";
import { type Clock, SendFailure } from "../wire/send.ts";

/** How long a caller waits for what others may be waiting for too: as long as its call lasts. */
export type CallersTime = Pick<CallState, "deadline" | "signal">;

/** Work under way that several callers wait for, each as long as it can. It ends early when the last has given up. */
export interface Flight<Value> {
  readonly promise: Promise<Value>;
  /** Whether all who waited have given up: nobody is to join it any more. */
  readonly abandoned: boolean;
  /** Lets it go on to its end, whoever gives up. */
  keep(): void;
  /** Waits for it. The caller's own time or signal ends the waiting, and not the work as long as others wait. */
  join(time: CallersTime): Promise<Value>;
}

/**
 * @param late what is said when a caller's time is over before it has ended
 * @param work gets until when the most patient waits, as far as is known by then
 * @param first until when the one who begins it waits, on the monotonic clock
 */
export function createFlight<Value>(
  clock: Clock,
  late: string,
  work: (signal: AbortSignal, until: () => number) => Promise<Value>,
  first = clock.monotonic(),
): Flight<Value> {
  const controller = new AbortController();
  let latest = first;
  const promise = work(controller.signal, () => latest);
  // Whoever waits sees a failure; that nobody waits for work in the background is no crash.
  promise.catch(() => {});
  let waiting = 0;
  return {
    promise,
    get abandoned() {
      return controller.signal.aborted;
    },
    keep() {
      waiting += 1;
    },
    join({ deadline, signal }) {
      waiting += 1;
      latest = Math.max(latest, deadline);
      const timeoutMs = deadline - clock.monotonic();
      return waitFor(promise, clock, { signal, timeoutMs }, (code) => {
        waiting -= 1;
        if (waiting === 0) controller.abort();
        const message = code === "aborted" ? "the call was aborted by its signal" : late;
        return new SendFailure(code, message, { sent: false, cause: signal?.reason });
      });
    },
  };
}
