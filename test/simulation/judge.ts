import type { Effect } from "latchgate-client/testing";
import {
  type ActionResult,
  LatchGateApprovalLost,
  LatchGateApprovalRequired,
  LatchGateError,
} from "../../src/index.ts";

/**
 * How one call ended, as its caller was told. `held`: nothing has run yet, an operator decides. `not_tried`: this run has
 * sent nothing, and without its journal it can't say a word about earlier ones.
 */
export type Verdict = "result" | "not_executed" | "executed" | "unknown" | "held" | "not_tried" | "crashed";

/** Everything about the calls that share a marker: one call, and its further runs with the same `callId`. */
export interface Mark {
  readonly marker: number;
  readonly held: boolean;
  readonly verdicts: Verdict[];
  /** What befell its requests, by name. */
  readonly events: Set<string>;
  /** Things that no client could see through; what was settled by a second copy is taken out again. */
  readonly doubts: Set<string>;
  /** How many runs of it have not ended. */
  running: number;
}

export interface Judge {
  readonly violations: string[];
  readonly marks: ReadonlyMap<number, Mark>;
  markOf(marker: number, held?: boolean): Mark;
  violation(rule: string, what: string): void;
  /**
   * Whether a client can have known of an effect: not of what something between has repeated, behind an early refusal, nor of
   * what an operator has approved again.
   */
  isCounted(effect: Effect): boolean;
  /** Judges what a caller was told, at the moment when it was told. */
  ended(marker: number, told: ActionResult | Error | "crashed"): void;
  /** Judges everything once more when nothing can happen any more. */
  finished(): void;
}

/** The judge knows what the gate's actions did, and believes no client. */
export function createJudge(effects: () => readonly Effect[]): Judge {
  const violations: string[] = [];
  const marks = new Map<number, Mark>();

  const effectsOf = (marker: number) =>
    effects().filter(({ params }) => (params as { marker?: unknown }).marker === marker);

  function violation(rule: string, what: string): void {
    violations.push(`${rule}: ${what}`);
  }

  function markOf(marker: number, held = false): Mark {
    let mark = marks.get(marker);
    if (mark === undefined) {
      mark = { marker, held, verdicts: [], events: new Set(), doubts: new Set(), running: 0 };
      marks.set(marker, mark);
    }
    return mark;
  }

  /** What must be true of the effects from the moment of the verdict on. */
  function check(marker: number, verdict: Verdict, told: string): void {
    const count = effectsOf(marker).length;
    const { events, verdicts } = markOf(marker);
    const faults = [...events].join(", ") || "no fault";
    // That nothing between repeats a POST is an assumption, written down where the outcome of an early refusal is: a run that
    // ended with one believes it, and so does the next.
    const assumed =
      [...events].some((event) => event.startsWith("repeated")) && verdicts.includes("not_executed");
    // An operator who approves again what was cut off runs it a second time: the gate does that, and no agent can know it.
    const twice = events.has("approved again") || assumed ? 2 : 1;
    if (count > twice) violation("never twice", `call ${marker} ran ${count} times (${told}; ${faults})`);
    if ((verdict === "result" || verdict === "executed") && count === 0)
      violation("a result is an effect", `call ${marker} did not run (${told}; ${faults})`);
    if (verdict === "not_executed" && count > 0 && !assumed)
      violation("not_executed is none", `call ${marker} ran (${told}; ${faults})`);
    if (verdict === "held" && effectsOf(marker).some(({ by }) => by !== "approved"))
      violation("a held call waits", `call ${marker} ran without an operator (${told}; ${faults})`);
  }

  return {
    violations,
    marks,
    markOf,
    violation,
    isCounted({ params }) {
      const { events } = markOf((params as { marker: number }).marker);
      return ![...events].some((event) => event.startsWith("repeated") || event === "approved again");
    },
    ended(marker, told) {
      const mark = markOf(marker);
      const verdict = verdictOf(told);
      if (verdict === undefined) {
        violation("errors are ours", `call ${marker} ended with ${describe(told)}`);
        return;
      }
      mark.verdicts.push(verdict);
      check(marker, verdict, describe(told));
      if (verdict === "unknown" && mark.doubts.size === 0 && !mark.held)
        violation(
          "precision",
          `call ${marker} ended as unknown though nothing stood in the way of knowing (${describe(told)}; ${[...mark.events].join(", ") || "no fault"})`,
        );
    },
    finished() {
      for (const { marker, verdicts } of marks.values()) {
        const all = verdicts.join(", ");
        const sure = verdicts.find((verdict) => verdict === "result" || verdict === "executed");
        if (sure !== undefined) check(marker, sure, `at the end; ${all}`);
        else if (verdicts.length > 0 && verdicts.every((verdict) => verdict === "not_executed"))
          check(marker, "not_executed", `at the end; ${all}`);
        else check(marker, "unknown", `at the end; ${all}`);
      }
    },
  };
}

function verdictOf(told: ActionResult | Error | "crashed"): Verdict | undefined {
  if (told === "crashed") return "crashed";
  if (!(told instanceof Error)) return "result";
  if (!(told instanceof LatchGateError)) return undefined;
  if (told instanceof LatchGateApprovalRequired && told.outcome === "not_executed") return "held";
  if (told.code === "journal_failed") return "not_tried";
  return told.outcome;
}

export function describe(told: ActionResult | Error | "crashed"): string {
  if (told === "crashed") return "crashed";
  if (told instanceof LatchGateApprovalLost) return `approval_lost ${told.outcome}`;
  if (told instanceof LatchGateError)
    return `${told.name} ${told.code} ${told.outcome} after ${told.attempts}`;
  return told instanceof Error ? `${told.name}: ${told.message}` : "a result";
}
