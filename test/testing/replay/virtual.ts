export type VirtualTime = ReturnType<typeof createVirtualTime>;

/** Time that only moves when it is told to, and the timers on it. */
export function createVirtualTime(start: number) {
  let time = start;
  let timers: { at: number; run: () => void }[] = [];

  /** Everything that can go on without time passing has gone on. */
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

  return {
    now: () => time,
    settle,
    timer(ms: number, run: () => void): () => void {
      const entry = { at: time + ms, run };
      timers.push(entry);
      return () => {
        timers = timers.filter((other) => other !== entry);
      };
    },
    async advanceTo(target: number): Promise<void> {
      for (;;) {
        const next = timers.filter(({ at }) => at <= target).sort((one, other) => one.at - other.at)[0];
        if (next === undefined) break;
        timers = timers.filter((other) => other !== next);
        time = Math.max(time, next.at);
        next.run();
        await settle();
      }
      time = Math.max(time, target);
    },
  };
}
