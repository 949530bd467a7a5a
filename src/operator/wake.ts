import { type Clock, onAbort, sleep } from "../wire/send.ts";

/** Whatever tells its listeners that there may be something new to see: a receiver of webhooks, for instance. */
export interface WakeUp {
  /** Gives what ends it. */
  subscribe(listener: () => void): () => void;
}

/** Between two looks, where calls come faster. */
const SHORTEST_PAUSE_MS = 100;
/** And where the last look failed. */
const SHORTEST_AFTER_FAILURE_MS = 1_000;

/** Pauses that end early when somebody calls. */
export function createPauses(wake: WakeUp | undefined, clock: Clock) {
  let called = false;
  let current: AbortController | undefined;
  const end = wake?.subscribe(() => {
    called = true;
    current?.abort();
  });

  return {
    /** To be said before a look: what calls while it is under way may have come too late for it. */
    forget: () => {
      called = false;
    },

    /** Resolves after `ms`, with the signal, or when somebody has called since the last `forget`. */
    async pause(ms: number, failed: boolean, signal: AbortSignal | undefined): Promise<void> {
      if (wake === undefined) return await sleep(clock, ms, signal).catch(() => {});
      const shortest = Math.min(ms, failed ? SHORTEST_AFTER_FAILURE_MS : SHORTEST_PAUSE_MS);
      await sleep(clock, shortest, signal).catch(() => {});
      if (called || signal?.aborted) return;
      const sleeping = new AbortController();
      current = sleeping;
      const callOff = signal === undefined ? undefined : onAbort(signal, () => sleeping.abort());
      await sleep(clock, ms - shortest, sleeping.signal).catch(() => {});
      callOff?.();
      current = undefined;
    },

    end: () => end?.(),
  };
}
