import { setImmediate } from "node:timers";

/** So many requests in a row are answered without a turn of the event loop. */
const IN_A_ROW = 64;

// Taken now: a test may put a clock of its own in their place.
const later = setImmediate;

/**
 * Gives a turn of the event loop when it is due. Nothing here waits for a network, so a client that repeats for ever would
 * keep all timers waiting, those too by which a test runner ends a test that takes too long. Each door counts for itself:
 * what is asked of one gate does not move the answers of another.
 */
export function createTurns(): () => Promise<void> | undefined {
  let answered = 0;
  const forget = () => {
    answered = 0;
  };
  return () => {
    if (answered === 0) later(forget).unref();
    answered += 1;
    return answered > IN_A_ROW ? new Promise((resolve) => later(resolve)) : undefined;
  };
}
