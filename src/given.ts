import { LatchGateInvalidRequest } from "./errors.ts";

/** What programs without types may give for options: what is no object is said to be none, before anything is done. */
export function checkedOptions<Options extends object>(options: Options, subject = "<options>"): Options {
  if (areOptions(options)) return options;
  throw wrongOptions("the options must be an object", subject);
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

/** A signal that can be listened to. No instanceof: a framework's may come from another realm. */
export function checkedSignal(signal: AbortSignal | undefined, subject: string): AbortSignal | undefined {
  if (signal === undefined || typeof signal?.addEventListener === "function") return signal;
  throw wrongOptions("signal must be an AbortSignal", subject);
}
