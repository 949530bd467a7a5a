import { setImmediate } from "node:timers";

/** So many requests in a row are answered without a turn of the event loop. */
const IN_A_ROW = 64;

// Taken now: a test may put a clock of its own in their place.
const later = setImmediate;
let answered = 0;

/**
 * A turn of the event loop, when it is due. Nothing here waits for a network, so a client that repeats for ever would keep
 * all timers waiting, those too by which a test runner ends a test that takes too long.
 */
export function dueTurn(): Promise<void> | undefined {
  if (answered === 0) later(forget).unref();
  answered += 1;
  return answered > IN_A_ROW ? new Promise((resolve) => later(resolve)) : undefined;
}

function forget(): void {
  answered = 0;
}
