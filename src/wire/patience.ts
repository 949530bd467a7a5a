import { type Clock, onAbort } from "./send.ts";

/** Which of the two ended a waiting. */
export type GivenUp = "aborted" | "timeout";

/** How long a caller waits: until its signal is aborted, or its time (in milliseconds) is over. */
export interface Patience {
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number | undefined;
}

/** What is left of a time after so much of it; at least a moment, to say that it is over. */
export const leftOfTime = (timeoutMs: number | undefined, passedMs: number): number | undefined =>
  timeoutMs === undefined || timeoutMs === null ? undefined : Math.max(1, timeoutMs - passedMs);

/**
 * Waits for something that goes on without its caller: the caller's patience ends the waiting, and not the work. Leaves
 * neither timer nor listener behind.
 * @param over called once when the patience is at its end: gives what the waiting is rejected with
 */
export function waitFor<Value>(
  work: Promise<Value>,
  clock: Clock,
  { signal, timeoutMs }: Patience,
  over: (code: GivenUp) => unknown,
): Promise<Value> {
  return new Promise((resolve, reject) => {
    let waiting = true;
    let forget = () => {};
    let callOff = () => {};
    const end = () => {
      const first = waiting;
      waiting = false;
      forget();
      callOff();
      return first;
    };
    const giveUp = (code: GivenUp) => {
      if (end()) reject(over(code));
    };
    // First of all, for work that fails must have somebody who hears of it.
    work.then(
      (value) => void (end() && resolve(value)),
      (error: unknown) => void (end() && reject(error)),
    );
    if (signal?.aborted) return giveUp("aborted");
    if (signal !== undefined) forget = onAbort(signal, () => giveUp("aborted"));
    if (timeoutMs !== undefined && timeoutMs !== Number.POSITIVE_INFINITY)
      callOff = clock.timer(timeoutMs, () => giveUp("timeout"));
  });
}
