import type { CallState } from "./call-state.ts";
import { type Clock, onAbort, SendFailure } from "./send.ts";

/** How long a caller waits for what others may be waiting for too. */
export type Patience = Pick<CallState, "deadline" | "signal">;

/** Work under way that several callers wait for, each as long as it can. It ends early when the last has given up. */
export interface Flight<Value> {
  readonly promise: Promise<Value>;
  /** Whether all who waited have given up: nobody is to join it any more. */
  readonly abandoned: boolean;
  /** Lets it go on to its end, whoever gives up. */
  keep(): void;
  /** Waits for it. The caller's own time or signal ends the waiting, and not the work as long as others wait. */
  join(patience: Patience): Promise<Value>;
}

export function createFlight<Value>(
  clock: Clock,
  work: (signal: AbortSignal) => Promise<Value>,
): Flight<Value> {
  const controller = new AbortController();
  const promise = work(controller.signal);
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
    join: ({ deadline, signal }) =>
      new Promise((resolve, reject) => {
        let over = false;
        let forget = () => {};
        const end = (settle: () => void) => {
          if (over) return;
          over = true;
          waiting -= 1;
          callOff();
          forget();
          settle();
        };
        const giveUp = (failure: SendFailure) => {
          end(() => reject(failure));
          if (waiting === 0) controller.abort();
        };
        const aborted = () =>
          giveUp(
            new SendFailure("aborted", "the call was aborted by its signal", {
              sent: false,
              cause: signal?.reason,
            }),
          );
        waiting += 1;
        const callOff = clock.timer(deadline - clock.monotonic(), () =>
          giveUp(new SendFailure("timeout", "no lease within the time of the call", { sent: false })),
        );
        if (signal?.aborted) return aborted();
        if (signal !== undefined) forget = onAbort(signal, aborted);
        promise.then(
          (value) => end(() => resolve(value)),
          (error: unknown) => end(() => reject(error)),
        );
      }),
  };
}
