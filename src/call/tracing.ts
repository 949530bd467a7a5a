import { tracingChannel } from "node:diagnostics_channel";
import type { Outcome } from "../generated/operations.ts";
import { tell } from "../vocabulary/listeners.ts";

/** What the package tells of what it does; the channels of `node:diagnostics_channel` are `latchgate:` and these. */
export type TraceName = "execute" | "attempt" | "lease" | "approval";

/**
 * What a subscriber gets: one object per happening, the same in all its phases, filled in as things become known. There is
 * no parameter, output, token or proof in it.
 */
export interface TraceContext {
  readonly operationId: string;
  /** The action, or a word in brackets such as `<connect>`. */
  readonly actionId: string;
  /** Of an attempt: the HTTP method. */
  readonly method?: string | undefined;
  sessionId?: string | undefined;
  /** Whether the action may have run; `not_executed` for what has no effect. */
  outcome?: Outcome | undefined;
  /** The error's code, where it failed; `approval_required` where the gate holds the call, which is no failure. */
  code?: string | undefined;
  status?: number | undefined;
  /** How many requests were sent: of an attempt, the how-manieth it is. */
  attempts?: number | undefined;
  /** What it failed with; absent where the call is held. */
  error?: unknown;
}

/** Takes the lines of one client: `console` is one. */
export interface Logger {
  debug(message: string): void;
  warn(message: string): void;
}

export interface Trace {
  /** Runs something and tells of it. `note` fills in what its success makes known. */
  run<Value>(
    name: TraceName,
    context: TraceContext,
    run: () => Promise<Value>,
    note?: (context: TraceContext, value: Value) => void,
  ): Promise<Value>;
  /** Whether anybody listens: where nobody does, there need be nothing to tell. */
  listens(name: TraceName): boolean;
}

const channels = {
  execute: tracingChannel<unknown, TraceContext>("latchgate:execute"),
  attempt: tracingChannel<unknown, TraceContext>("latchgate:attempt"),
  lease: tracingChannel<unknown, TraceContext>("latchgate:lease"),
  approval: tracingChannel<unknown, TraceContext>("latchgate:approval"),
} satisfies Record<TraceName, unknown>;

/** The trace of one client, for the channels and for its logger. Where nobody listens it is the run alone. */
export function createTrace(logger: Logger | undefined, now: () => number): Trace {
  const listens = (name: TraceName) => {
    const { start, asyncEnd, error } = channels[name];
    return logger !== undefined || start.hasSubscribers || asyncEnd.hasSubscribers || error.hasSubscribers;
  };
  return {
    listens,
    run(name, context, run, note) {
      if (!listens(name)) return run();
      const ended = (began: number) => log(logger, name, context, now() - began);
      return told(channels[name], context, run, note, ended, now());
    },
  };
}

/** The phases are those of `tracePromise`, which would hand the result to every subscriber: it may be a secret. */
async function told<Value>(
  channel: (typeof channels)[TraceName],
  context: TraceContext,
  run: () => Promise<Value>,
  note: ((context: TraceContext, value: Value) => void) | undefined,
  ended: (began: number) => void,
  began: number,
): Promise<Value> {
  // In the stores that subscribers have bound, so that one span can be the parent of the next.
  const running = channel.start.runStores(context, run);
  channel.end.publish(context);
  try {
    const value = await running;
    tell(() => note?.(context, value), undefined);
    return value;
  } catch (error) {
    const failure = failureOf(error);
    const isHeld = failure.code === "approval_required";
    // The error itself may hold an answer that quotes the request. A subscriber may have frozen the context.
    const told = { name: (error as Error | undefined)?.name, ...failure };
    tell(() => Object.assign(context, failure, isHeld ? {} : { error: told }), undefined);
    if (!isHeld) channel.error.publish(context);
    throw error;
  } finally {
    channel.asyncStart.publish(context);
    channel.asyncEnd.publish(context);
    ended(began);
  }
}

/** What an error of this package (or of a sending that failed) says of itself. */
function failureOf(error: unknown): Partial<TraceContext> {
  if (typeof error !== "object" || error === null) return {};
  const { code, outcome, status, attempts, sessionId } = error as Partial<TraceContext>;
  return Object.fromEntries(
    Object.entries({ code, outcome, status, attempts, sessionId }).filter(([, value]) => value !== undefined),
  );
}

function log(logger: Logger | undefined, name: TraceName, context: TraceContext, ms: number): void {
  if (logger === undefined) return;
  const { actionId, operationId, outcome, code, status, attempts, sessionId, error } = context;
  const facts = [
    code ?? outcome,
    status,
    attempts === undefined ? undefined : `attempt ${attempts}`,
    sessionId && `session ${sessionId}`,
  ];
  const line = `latchgate ${name} ${name === "execute" ? actionId : operationId}: ${facts.filter(Boolean).join(", ") || "ok"} (${Math.round(ms)} ms)`;
  tell((text) => (error === undefined ? logger.debug(text) : logger.warn(text)), line);
}

/** The logger of `LATCHGATE_DEBUG=1`: one line per happening on standard error. */
export function debugLogger(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Logger | undefined {
  if (environment["LATCHGATE_DEBUG"] !== "1") return undefined;
  const write = (line: string) => void process.stderr.write(`${line}\n`);
  return { debug: write, warn: write };
}
