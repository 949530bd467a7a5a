import type { Clock } from "../../src/index.ts";
import type { Chance } from "./chance.ts";

/** One line of virtual time for all parts of a run: nothing passes until everything that needs no time has happened. */
export interface Timeline {
  now(): number;
  /** Runs something later, in the order of time and then of asking. */
  at(ms: number, run: () => void): () => void;
  sleep(ms: number): Promise<void>;
  /** Lets this much time pass, with all that follows from it. */
  pass(ms: number): Promise<void>;
  /** Goes from event to event until the condition holds; false when nothing is left to happen, or the limit is reached. */
  until(condition: () => boolean, limitMs: number): Promise<boolean>;
  /** Says that something is under way that needs turns of the event loop and no virtual time. */
  readonly busy: { begin(): void; end(): void };
}

interface Timer {
  readonly at: number;
  readonly run: () => void;
}

/**
 * So many turns of the event loop pass before time does, if something is busy: a request at the gate needs few and no
 * thread. What is busy for longer waits for time itself, as one that waits for a free place to run in.
 */
const MOST_TURNS = 10;

export function createTimeline(start: number): Timeline {
  let time = start;
  let busy = 0;
  // Sorted by time; of equal times the older comes first.
  const timers: Timer[] = [];

  async function settle(): Promise<void> {
    await turn();
    if (busy === 0) return;
    for (let turns = 0; busy > 0 && turns < MOST_TURNS; turns += 1) await turn();
    await turn();
  }

  function at(ms: number, run: () => void): () => void {
    const timer = { at: time + Math.max(0, ms), run };
    let index = timers.length;
    while (index > 0 && (timers[index - 1] as Timer).at > timer.at) index -= 1;
    timers.splice(index, 0, timer);
    return () => {
      const found = timers.indexOf(timer);
      if (found >= 0) timers.splice(found, 1);
    };
  }

  /** The next event, if it comes by then. */
  async function step(limit: number): Promise<boolean> {
    const [next] = timers;
    if (next === undefined || next.at > limit) return false;
    timers.shift();
    time = Math.max(time, next.at);
    next.run();
    await settle();
    return true;
  }

  return {
    now: () => time,
    at,
    sleep: (ms) => new Promise((resolve) => at(ms, resolve)),
    async pass(ms) {
      const end = time + ms;
      await settle();
      while (await step(end));
      time = end;
    },
    async until(condition, limitMs) {
      const end = time + limitMs;
      await settle();
      while (!condition()) if (!(await step(end))) return condition();
      return true;
    },
    busy: {
      begin: () => {
        busy += 1;
      },
      end: () => {
        busy -= 1;
      },
    },
  };
}

/** All promises, and one turn of the event loop. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** One process's view of the time: a wall clock that may be wrong, and timers that die with the process. */
export interface ProcessClock extends Clock {
  readonly pending: number;
  /** Sets the wall clock forward, or back. */
  jump(ms: number): void;
  /** The process is gone: nothing of it ever happens again. */
  kill(): void;
}

export function createProcessClock(timeline: Timeline, chance: Chance, wallOffset: number): ProcessClock {
  const own = new Set<() => void>();
  let offset = wallOffset;
  let alive = true;
  return {
    now: () => timeline.now() + offset,
    // Another start than the wall clock's: whoever mixes the two up is far off.
    monotonic: () => timeline.now() - 1_000_000_000,
    random: chance.next,
    timer(ms, run) {
      if (!alive) return () => {};
      const callOff = timeline.at(ms, () => {
        own.delete(callOff);
        run();
      });
      own.add(callOff);
      return () => {
        own.delete(callOff);
        callOff();
      };
    },
    get pending() {
      return own.size;
    },
    jump(ms) {
      offset += ms;
    },
    kill() {
      alive = false;
      for (const callOff of own) callOff();
      own.clear();
    },
  };
}
