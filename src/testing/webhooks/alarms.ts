import type { Clock, Timer } from "../formats/clock.ts";

/** The longest that `setTimeout` waits; beyond that it does not wait at all. */
const LONGEST_MS = 2 ** 31 - 1;

/** A timer that keeps no process alive: a gate that is gone sends nothing. */
export const quietTimer: Timer = (ms, run) => {
  const handle = setTimeout(run, ms);
  handle.unref();
  return () => clearTimeout(handle);
};

/** What is to happen at a time of the gate's clock, whether that passes by itself or is moved on. */
export function createAlarms(clock: Clock, timer: Timer) {
  let waiting: { readonly at: number; readonly run: () => void }[] = [];
  let disarm = () => {};

  function next() {
    return waiting.reduce<(typeof waiting)[number] | undefined>(
      (first, each) => (first === undefined || each.at < first.at ? each : first),
      undefined,
    );
  }

  function arm(): void {
    disarm();
    disarm = () => {};
    const first = next();
    if (first === undefined) return;
    disarm = timer(Math.min(LONGEST_MS, Math.max(0, Math.ceil(first.at - clock.now()))), ring);
  }

  /** Lets happen what is due, the earliest first; whether anything was. */
  function ring(): boolean {
    let rang = false;
    for (let first = next(); first !== undefined && first.at <= clock.now(); first = next()) {
      const due = first;
      waiting = waiting.filter((each) => each !== due);
      due.run();
      rang = true;
    }
    arm();
    return rang;
  }

  return {
    /** Gives back what calls it off. */
    at(time: number, run: () => void): () => void {
      const entry = { at: time, run };
      waiting.push(entry);
      arm();
      return () => {
        waiting = waiting.filter((each) => each !== entry);
        arm();
      };
    },
    ring,
    clear(): void {
      waiting = [];
      arm();
    },
  };
}
