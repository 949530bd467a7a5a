import { createHook } from "node:async_hooks";
import type { Clock } from "../../src/index.ts";

/** A clock on which nothing happens unless a test lets time pass, and then everything that was due, in its order. */
export interface VirtualClock extends Clock {
  /** Lets time pass, up to a timer at a time, with all that follows from it. */
  pass(ms: number): Promise<void>;
  /** The same `fetch`, whose requests this clock waits for before it lets time pass. */
  watch(fetch: typeof globalThis.fetch): typeof globalThis.fetch;
  /** Lets time pass until the promise settles, an hour at most. */
  until<Value>(promise: Promise<Value>): Promise<Value>;
  readonly pending: number;
}

const ciphers = new Set<number>();

/** From now on virtual clocks wait for what WebCrypto encrypts and decrypts: it does so in another thread, in no time of theirs. */
export function awaitCiphers(): void {
  createHook({
    init: (id, type) => void (type === "CIPHERREQUEST" && ciphers.add(id)),
    after: (id) => void ciphers.delete(id),
  }).enable();
}

export function virtualClock(start = Date.UTC(2026, 10, 24), random: () => number = () => 0.5): VirtualClock {
  let time = start;
  let timers: { readonly at: number; readonly run: () => void }[] = [];

  const underWay = new Set<{ readonly since: number }>();
  /** Whether a request is being answered. One that takes so long hangs: only time moves it. */
  const isBusy = () => ciphers.size > 0 || [...underWay].some(({ since }) => performance.now() - since < 500);

  /** Everything that needs no more time: promises, the event loop's own turns, and requests that are being answered. */
  async function settle(): Promise<void> {
    for (let calm = 0; calm < 3; calm = isBusy() ? 0 : calm + 1)
      await new Promise((resolve) => setImmediate(resolve));
  }

  async function step(limit: number): Promise<void> {
    await settle();
    const next = timers.reduce((earliest, { at }) => Math.min(earliest, at), Number.POSITIVE_INFINITY);
    time = Math.max(time, Math.min(limit, next));
    const due = timers.filter(({ at }) => at <= time);
    timers = timers.filter(({ at }) => at > time);
    for (const { run } of due) run();
    await settle();
  }

  return {
    now: () => time,
    monotonic: () => time,
    random,
    timer(ms, run) {
      const timer = { at: time + Math.max(0, ms), run };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    watch: (fetch) => async (input, init) => {
      const request = { since: performance.now() };
      underWay.add(request);
      try {
        return await fetch(input, init);
      } finally {
        underWay.delete(request);
      }
    },
    async pass(ms) {
      const end = time + ms;
      while (time < end) await step(end);
    },
    async until(promise) {
      let settled = false;
      const end = time + 3_600_000;
      const done = promise.finally(() => {
        settled = true;
      });
      done.catch(() => {});
      await settle();
      while (!settled && time < end) await step(end);
      if (!settled) throw new Error("an hour passed, and nothing came of it");
      return done;
    },
    get pending() {
      return timers.length;
    },
  };
}
