import { LatchGateWebhookError } from "./webhook-error.ts";

/**
 * Remembers what a receiver has taken, so that a webhook that comes twice is dealt with once. One store may serve several
 * processes. Keep a key for a day: at the least for as long as a gate may try an event again (by default 36 s and four time-outs).
 */
export interface SeenStore {
  /** Adds a key unless it is there, and says whether it did. It must be atomic. A store that throws makes the gate try again. */
  add(key: string): boolean | Promise<boolean>;
  /** Forgets a key whose handler threw, where the gate is to try again (`retryWhenHandlerThrows`). */
  delete(key: string): unknown;
}

/** The newest keys in memory, 10,000 unless told otherwise: as safe as this process lives long. */
export function createMemorySeenStore({ limit = 10_000 }: { readonly limit?: number } = {}): SeenStore {
  if (!(Number.isInteger(limit) && limit > 0))
    throw new LatchGateWebhookError("invalid_options", "limit must be a number of keys, at least 1");
  const keys = new Set<string>();
  return {
    add(key) {
      if (keys.has(key)) return false;
      keys.add(key);
      const [oldest] = keys;
      if (keys.size > limit && oldest !== undefined) keys.delete(oldest);
      return true;
    },
    delete(key) {
      keys.delete(key);
    },
  };
}
