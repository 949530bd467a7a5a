import { LatchGateError } from "../vocabulary/errors.ts";

const seen = new WeakSet<LatchGateError>();

/**
 * An error of work that callers share (a lease, a schema), or that was made many calls deep, has no line of the program that sees
 * it: the lines from here to there are added, those of the first who sees it. To be called where an error passes in an
 * async function that is awaited: from there V8 knows who awaits.
 */
export function withCaller(error: unknown): unknown {
  if (!(error instanceof LatchGateError) || typeof error.stack !== "string" || seen.has(error)) return error;
  seen.add(error);
  const known = new Set(error.stack.split("\n"));
  // The first line is no place, the second is this function.
  const here = (new Error().stack ?? "").split("\n").slice(2);
  const more = here.filter((line) => !known.has(line));
  if (more.length > 0) error.stack = [error.stack, ...more].join("\n");
  return error;
}
