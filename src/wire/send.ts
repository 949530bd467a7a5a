/** What one attempt is: a request, its answer or how it failed, and the clock by which it is made. */

import { setTimeout as nodeTimeout } from "node:timers";

/** What one attempt sends: the parts of fetch's `Request` that are needed. */
export interface GateRequest {
  /** Path and query as they travel: what follows the gate's base URL. */
  readonly target: string;
  readonly method: "GET" | "POST" | "DELETE";
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  readonly signal: AbortSignal | undefined;
  /** How long this attempt may take, in milliseconds, from connecting to the last byte of the answer. */
  readonly timeoutMs: number;
}

/** What came back: the parts of fetch's `Response` that are needed, so that a `Response` is one. */
export interface GateResponse {
  readonly status: number;
  readonly ok: boolean;
  readonly headers: { get(name: string): string | null };
  text(): Promise<string>;
  json(): Promise<unknown>;
}

export type Send<Request extends GateRequest = GateRequest, Response extends GateResponse = GateResponse> = (
  request: Request,
) => Promise<Response>;

/** An answer's headers: `get` for the layers, the pairs for whoever builds a `Response` of them. */
export interface ResponseHeaders extends Iterable<[string, string]> {
  get(name: string): string | null;
}

/** An answer that is in memory as a whole: a transport resolves only when the last byte is there. */
export class BufferedResponse implements GateResponse {
  readonly status: number;
  readonly headers: ResponseHeaders;
  readonly body: string;

  constructor(status: number, headers: ResponseHeaders, body: string) {
    this.status = status;
    this.headers = headers;
    this.body = body;
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300;
  }

  async text(): Promise<string> {
    return this.body;
  }

  async json(): Promise<unknown> {
    return JSON.parse(this.body);
  }
}

/** Why an attempt has no usable answer. */
export type FailureCode =
  | "connection_refused"
  | "no_socket"
  | "permission_denied"
  | "name_not_resolved"
  | "connect_failed"
  | "certificate_refused"
  | "client_certificate_refused"
  | "timeout"
  | "aborted"
  | "lost"
  | "answer_too_large"
  | "redirected"
  | "closed";

/** An attempt without a usable answer, and how far it came: the layers above decide what that means for the call. */
export class SendFailure extends Error {
  readonly code: FailureCode;
  /** Whether a byte of the request may have left this process. */
  readonly sent: boolean;
  /** Whether a byte of the answer has arrived. */
  readonly answering: boolean;
  /** What may be behind it, for a person. */
  readonly hint: string | undefined;

  constructor(
    code: FailureCode,
    message: string,
    progress: { sent: boolean; answering?: boolean; cause?: unknown; hint?: string | undefined },
  ) {
    super(message, progress.cause === undefined ? undefined : { cause: progress.cause });
    this.name = "SendFailure";
    this.code = code;
    this.sent = progress.sent;
    this.answering = progress.answering ?? false;
    this.hint = progress.hint;
  }
}

/** Where time and chance come from, so that a test can pass its own. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds that never go back, from an arbitrary start. */
  monotonic(): number;
  /** Runs something later; gives the way to call it off. */
  timer(ms: number, run: () => void): () => void;
  /** From 0 to below 1. */
  random(): number;
}

/** Node's timers end at 2^31 ms; a longer one would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

function systemTimer(ms: number, run: () => void): () => void {
  const wholeMs = Math.min(Math.max(0, Math.ceil(ms)), MAX_TIMER_MS);
  keepTimerList(wholeMs);
  const timer = setTimeout(run, wholeMs);
  return () => clearTimeout(timer);
}

/** Durations for which a timer stays; calls have very few. */
const keptDurations = new Set<number>();
const MAX_KEPT_DURATIONS = 8;
const LONGEST_KEPT_MS = 120_000;

/**
 * Node keeps its timers in one list per duration, which a call that is alone would make and unmake: a twentieth of the time
 * that it takes. A timer that stays in the list saves that. It does nothing, and keeps no process alive.
 */
function keepTimerList(ms: number): void {
  if (ms < 1_000 || ms > LONGEST_KEPT_MS || keptDurations.has(ms)) return;
  if (keptDurations.size >= MAX_KEPT_DURATIONS) return;
  keptDurations.add(ms);
  // Node's own: a test's fake timers need not know of it, and a host's may have no `unref`.
  nodeTimeout(() => keptDurations.delete(ms), ms).unref();
}

/** The system's clock. `now`, where it is given, is what time it is; how much of it has passed is measured all the same. */
export function createClock(now?: () => number): Clock {
  return {
    now: now ?? Date.now,
    monotonic: () => performance.now(),
    timer: systemTimer,
    random: Math.random,
  };
}

/** What waits for a signal: many calls may share one, and from ten listeners on Node warns of a leak. */
const waiting = new WeakMap<AbortSignal, Set<() => void>>();

/** Runs something when the signal is aborted; gives the way to call it off. A signal has one listener of this package at most. */
export function onAbort(signal: AbortSignal, run: () => void): () => void {
  const runs = waiting.get(signal) ?? listen(signal);
  runs.add(run);
  return () => {
    runs.delete(run);
    if (runs.size > 0 || waiting.get(signal) !== runs) return;
    waiting.delete(signal);
    signal.removeEventListener("abort", runAll);
  };
}

function listen(signal: AbortSignal): Set<() => void> {
  const runs = new Set<() => void>();
  waiting.set(signal, runs);
  signal.addEventListener("abort", runAll, { once: true });
  return runs;
}

function runAll(this: AbortSignal): void {
  const runs = waiting.get(this);
  waiting.delete(this);
  for (const run of runs ?? []) run();
}

/**
 * Resolves after `ms`, and rejects at once when the signal is aborted, or the client closed; leaves neither timer nor
 * listener behind.
 */
export function sleep(
  clock: Clock,
  ms: number,
  signal: AbortSignal | undefined,
  closing?: AbortSignal | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const forgets: (() => void)[] = [];
    const end = () => {
      for (const forget of forgets) forget();
    };
    const given = (by: AbortSignal, code: FailureCode, message: string) => {
      const over = () => {
        end();
        reject(new SendFailure(code, message, { sent: false, cause: by.reason }));
      };
      if (by.aborted) over();
      else forgets.push(onAbort(by, over));
      return by.aborted;
    };
    if (signal !== undefined && given(signal, "aborted", "the call was aborted by its signal")) return;
    if (closing !== undefined && given(closing, "closed", "the client is closed")) return;
    forgets.push(
      clock.timer(ms, () => {
        end();
        resolve();
      }),
    );
  });
}
