import { type LatchGateApprovalRequired, LatchGateError } from "../vocabulary/errors.ts";
import { isObject } from "./context.ts";

/** One run of a call, from before it is executed until it needs no answer of the graph any more. */
export interface Turn {
  /** What it paused for when it ran before; undefined where it has not. */
  readonly before: LatchGateApprovalRequired | undefined;
  /** How it ended in an earlier run; a denied call is no call to be made again. */
  readonly ended: LatchGateError | undefined;
  /** Keeps how a call ended that has paused. */
  keep(came: unknown): void;
  /** Asks the program what to do, after the calls that paused before this one and run again beside it. */
  ask(held: LatchGateApprovalRequired, ask: (held: LatchGateApprovalRequired) => unknown): Promise<unknown>;
  end(): void;
}

/** The calls that have paused a graph. */
export interface Pauses {
  take(callId: string | undefined): Turn;
}

interface Paused {
  readonly held: LatchGateApprovalRequired;
  readonly order: number;
  ended?: LatchGateError;
}

/** So many paused calls are remembered. */
const MOST_PAUSED = 10_000;

/**
 * LangGraph runs a node again from its start, and gives the answers of `interrupt` to whoever calls it first, second, third. So each
 * call that has paused calls it again, in the order of the first time: else an answer that was given for one call would be
 * taken by another one that is still held.
 */
export function createPauses(): Pauses {
  const paused = new Map<string, Paused>();
  const running = new Map<Paused, { readonly asked: Promise<void>; readonly done: () => void }>();
  let order = 0;

  function remember(callId: string, held: LatchGateApprovalRequired): void {
    if (paused.has(callId)) return;
    paused.set(callId, { held, order: order++ });
    const [oldest] = paused.keys();
    if (paused.size > MOST_PAUSED && oldest !== undefined) paused.delete(oldest);
  }

  return {
    take(callId) {
      const mine = callId === undefined ? undefined : paused.get(callId);
      let done = () => {};
      const asked = new Promise<void>((resolve) => {
        done = resolve;
      });
      const entry = { asked, done };
      if (mine !== undefined) running.set(mine, entry);
      return {
        before: mine?.held,
        ended: mine?.ended,
        keep(came) {
          if (mine !== undefined && came instanceof LatchGateError) mine.ended = came;
        },
        async ask(held, ask) {
          const earlier = [...running].filter(([other]) => other.order < (mine?.order ?? Infinity));
          await Promise.all(earlier.map(([, { asked }]) => asked));
          try {
            return await ask(held);
          } catch (error) {
            if (callId !== undefined && isPause(error)) remember(callId, held);
            throw error;
          } finally {
            done();
          }
        },
        end() {
          done();
          if (mine !== undefined && running.get(mine) === entry) running.delete(mine);
        },
      };
    },
  };
}

/** What LangGraph's `interrupt` throws (its class is `GraphBubbleUp`, of which there may be two copies). */
const isPause = (error: unknown) => isObject(error) && error["is_bubble_up"] === true;
