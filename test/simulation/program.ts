import type { RetryOptions } from "../../src/index.ts";
import { type Chance, createChance } from "./chance.ts";
import { drawFault, type NetworkFault } from "./faults.ts";

export type FaultyOperation = "executeAction" | "createLease" | "pollApproval" | "getReceipt";

/** How one call of a program is made. Two with the same `marker` are the same call, run again. */
export interface PlannedCall {
  readonly marker: number;
  readonly held: boolean;
  /** How long the action takes at the gate. */
  readonly runMs: number;
  readonly ending: "ok" | "throws" | "odd";
  readonly withCallId: boolean;
  readonly whenHeld: "throw" | "wait";
  readonly waitMs: number | undefined;
  readonly timeoutMs: number | undefined;
  readonly abortAfterMs: number | undefined;
  readonly retry: RetryOptions | false | undefined;
}

/** One thing that happens. `client` is a process's number, `nth` an approval's (by age, wrapping round). */
export type Step = { readonly thenMs: number } & (
  | { readonly what: "execute"; readonly client: number; readonly call: PlannedCall }
  | { readonly what: "fault"; readonly operation: FaultyOperation; readonly fault: NetworkFault }
  | { readonly what: "approve" | "approve_lost" | "deny" | "claim"; readonly nth: number }
  | { readonly what: "poll" | "wait"; readonly client: number; readonly nth: number }
  | {
      readonly what: "connect" | "close" | "crash" | "journal_fails" | "journal_lags" | "journal_hangs";
      readonly client: number;
    }
  | { readonly what: "client_clock"; readonly client: number; readonly ms: number }
  | { readonly what: "gate_clock"; readonly ms: number }
  | { readonly what: "restart" | "drain" | "finish_calls" }
);

export interface Program {
  readonly seed: number;
  readonly leaseTtlSeconds: number;
  readonly executesPerSecond: number | false;
  readonly leasesPerSecond: number | false;
  readonly maxCalls: number | undefined;
  /** How far the clients' wall clocks are from the gate's. */
  readonly wallOffsetMs: number;
  readonly steps: readonly Step[];
}

const PAUSES = [0, 0, 0, 1, 3, 10, 100, 500, 1_000, 2_000, 5_000, 30_000];
const WALL_OFFSETS = [0, 0, 0, 0, 0, 0, 0, 0, 4_000, -4_000, 30_000, -70_000, 500_000, -86_400_000];

/** The program that a seed stands for. */
export function drawProgram(seed: number): Program {
  const chance = createChance(seed);
  const calls: PlannedCall[] = [];
  const length = 20 + chance.below(25);
  const steps: Step[] = [];
  while (steps.length < length) steps.push(...drawSteps(chance, calls));
  return {
    seed,
    leaseTtlSeconds: chance.pick([3, 3, 10, 60, 300, 300, 900]),
    executesPerSecond: chance.pick([false, false, false, 20, 3, 1]),
    leasesPerSecond: chance.pick([false, false, false, 50, 1]),
    maxCalls: chance.pick([undefined, undefined, undefined, undefined, 2, 5, 12]),
    wallOffsetMs: chance.pick(WALL_OFFSETS),
    steps,
  };
}

function drawSteps(chance: Chance, calls: PlannedCall[]): Step[] {
  const client = chance.below(2);
  const thenMs = chance.pick(PAUSES);
  const nth = chance.below(4);
  const roll = chance.below(100);
  if (roll < 38) {
    const call = drawCall(chance, calls.length);
    calls.push(call);
    const execute: Step = { what: "execute", client, call, thenMs };
    // Most faults are meant for a call: right before one they find it.
    return chance.happens(0.55) ? [drawFaultStep(chance, "executeAction"), execute] : [execute];
  }
  if (roll < 47) {
    const again = calls.filter(({ withCallId }) => withCallId);
    if (again.length === 0) return [];
    const call = { ...chance.pick(again), ...drawManner(chance) };
    return [{ what: "execute", client, call, thenMs }];
  }
  if (roll < 55)
    return [
      drawFaultStep(chance, chance.pick(["createLease", "pollApproval", "pollApproval", "getReceipt"])),
    ];
  if (roll < 63) return [{ what: "approve", nth, thenMs }];
  if (roll < 65) return drawLostApprove(chance, nth);
  if (roll < 68) return [{ what: "deny", nth, thenMs }];
  if (roll < 69) return [{ what: "claim", nth, thenMs }];
  if (roll < 72) return [{ what: "poll", client, nth, thenMs }];
  if (roll < 75) return [{ what: "wait", client, nth, thenMs }];
  if (roll < 77) return [{ what: "connect", client, thenMs }];
  if (roll < 79) return [{ what: "close", client, thenMs }];
  if (roll < 82) return [{ what: "crash", client, thenMs }];
  if (roll < 83)
    return [{ what: chance.pick(["journal_fails", "journal_lags", "journal_hangs"]), client, thenMs }];
  if (roll < 86)
    return [
      { what: "client_clock", client, ms: (chance.next() - 0.5) * 10 ** (3 + chance.below(5)), thenMs },
    ];
  if (roll < 89) return [{ what: "gate_clock", ms: chance.pick([1_000, 30_000, 100_000, 400_000]), thenMs }];
  if (roll < 92) return [{ what: "restart", thenMs }];
  if (roll < 93) {
    // Only a restart ends it, and what comes after that is worth more than another refusal.
    const drain: Step = { what: "drain", thenMs };
    return chance.happens(0.2)
      ? [drain]
      : [drain, ...drawSteps(chance, calls), { what: "restart", thenMs: 0 }];
  }
  if (roll < 97) return [{ what: "finish_calls", thenMs: chance.pick([0, 2_000, 60_000, 310_000]) }];
  return [{ what: "finish_calls", thenMs: 0 }];
}

/** An operator whose approve is cut off while the action runs, and who decides again when the gate takes it: 120 s later. */
function drawLostApprove(chance: Chance, nth: number): Step[] {
  const again = chance.pick(["deny", "deny", "approve"] as const);
  return [
    { what: "approve_lost", nth, thenMs: chance.pick([119_000, 121_000, 125_000, 200_000]) },
    { what: again, nth, thenMs: chance.pick(PAUSES) },
  ];
}

const drawFaultStep = (chance: Chance, operation: FaultyOperation): Step => ({
  what: "fault",
  operation,
  fault: drawFault(chance, operation),
  thenMs: 0,
});

function drawCall(chance: Chance, marker: number): PlannedCall {
  return {
    marker,
    held: chance.happens(0.25),
    runMs: chance.pick([0, 0, 0, 5, 200, 3_000, 12_000]),
    ending: chance.pick(["ok", "ok", "ok", "ok", "ok", "ok", "ok", "throws", "odd"]),
    withCallId: chance.happens(0.35),
    ...drawManner(chance),
  };
}

/** What may differ when a call is run again. */
function drawManner(chance: Chance) {
  return {
    whenHeld: chance.pick(["throw", "wait", "wait"] as const),
    waitMs: chance.pick([undefined, undefined, 3_000, 60_000]),
    timeoutMs: chance.pick([undefined, undefined, undefined, undefined, 50, 2_000, 10_000]),
    abortAfterMs: chance.happens(0.12) ? chance.pick([0, 1, 2, 3, 4, 50, 500, 4_000, 20_000]) : undefined,
    retry: chance.pick([
      undefined,
      undefined,
      undefined,
      undefined,
      false,
      { resend: false },
      { attempts: 5 },
    ]),
  } satisfies Partial<PlannedCall>;
}
