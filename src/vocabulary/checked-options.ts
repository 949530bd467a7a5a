import { LatchGateInvalidRequest } from "./errors.ts";

/**
 * What programs without types may give for options, read once: what is no object, or can't be read, is said to be none, before
 * anything is done.
 */
export function checkedOptions<Options extends object>(options: Options, subject = "<options>"): Options {
  if (!areOptions(options)) throw wrongOptions("the options must be an object", subject);
  const read: Record<string, unknown> = {};
  try {
    for (const name in options) read[name] = (options as Record<string, unknown>)[name];
  } catch {
    // Whatever a getter of the program's has thrown is the program's.
    throw wrongOptions("the options can't be read: one of their getters throws", subject);
  }
  return read as Options;
}

export const areOptions = (options: unknown): boolean => typeof options === "object" && options !== null;

export const wrongOptions = (problem: string, subject = "<options>") =>
  new LatchGateInvalidRequest(subject, problem, { code: "invalid_options" });

/** How long something may take, in milliseconds; undefined where nothing is said. */
export function checkedTimeout(timeoutMs: number | undefined, subject: string): number | undefined {
  const given = timeoutMs ?? undefined;
  if (given === undefined || (typeof given === "number" && given > 0)) return given;
  throw wrongOptions("timeoutMs must be a positive number of milliseconds", subject);
}

/** A signal that can be listened to, and left again. No instanceof: a framework's may come from another realm. */
export function checkedSignal(signal: AbortSignal | undefined, subject: string): AbortSignal | undefined {
  if (signal === undefined || isSignal(signal)) return signal;
  throw wrongOptions("signal must be an AbortSignal", subject);
}

function isSignal(signal: Partial<AbortSignal> | null): boolean {
  try {
    return (
      typeof signal?.addEventListener === "function" &&
      typeof signal.removeEventListener === "function" &&
      typeof signal.aborted === "boolean"
    );
  } catch {
    return false;
  }
}

/** One of a few words, where one is given. */
export function checkedWord<Word extends string>(
  name: string,
  word: Word | undefined,
  words: readonly Word[],
  subject: string,
): Word | undefined {
  if (word === undefined || words.includes(word)) return word;
  throw wrongOptions(`${name} must be ${words.map((known) => JSON.stringify(known)).join(" or ")}`, subject);
}

/** How long to wait, in milliseconds; undefined where nothing is said. */
export function checkedWait(waitMs: number | undefined, subject: string): number | undefined {
  if (waitMs === undefined || (typeof waitMs === "number" && waitMs > 0)) return waitMs;
  throw wrongOptions("waitMs must be a positive number of milliseconds", subject);
}

/** A function to be called back, where one is given. */
export function checkedListener<Listener>(
  name: string,
  listener: Listener | undefined,
  subject = "<options>",
): Listener | undefined {
  if (listener === undefined || listener === null || typeof listener === "function")
    return listener ?? undefined;
  throw wrongOptions(`${name} must be a function`, subject);
}
