import { createChance } from "./chance.ts";
import { drawFault, isTellable, type NetworkFault, nameOf } from "./faults.ts";
import type { PlannedCall, Program, Step } from "./program.ts";
import { run } from "./run.ts";
import { count, emptyTally, type Tally } from "./tally.ts";

/** Faults of every kind, each once. */
function everyFault(): readonly NetworkFault[] {
  const chance = createChance(1);
  const found = new Map<string, NetworkFault>();
  for (let draws = 0; draws < 2_000; draws += 1) {
    const fault = drawFault(chance, "executeAction");
    // A delay that outlasts a call is a timeout, and a gate that asks for more patience than a call has is not asked again.
    const mild = { ...fault, ...("ms" in fault ? { ms: Math.min(fault.ms, 3_000) } : {}) };
    if (mild.kind === "answer") delete (mild as { retryAfter?: string }).retryAfter;
    found.set(nameOf(mild), mild);
  }
  return [...found.values()];
}

/** What befalls calls beside the network: told apart by the gate, and never a reason not to know. */
const TROUBLES: Readonly<Record<string, readonly Step[]>> = {
  "restart while idle": [{ what: "restart", thenMs: 0 }],
  "the lease has expired": [{ what: "gate_clock", ms: 400_000, thenMs: 0 }],
  draining: [{ what: "drain", thenMs: 0 }],
  "the client's clock is late": [{ what: "client_clock", client: 0, ms: -90_000, thenMs: 0 }],
  "the client's clock is a day off": [{ what: "client_clock", client: 0, ms: 86_400_000, thenMs: 0 }],
};

const CALL: PlannedCall = {
  marker: 0,
  held: false,
  runMs: 5,
  ending: "ok",
  withCallId: false,
  whenHeld: "throw",
  waitMs: undefined,
  timeoutMs: undefined,
  abortAfterMs: undefined,
  retry: undefined,
};

/** One call that goes well, then one that meets this and nothing else. */
function programOf(seed: number, befalling: readonly Step[]): Program {
  const execute = (marker: number): Step => ({
    what: "execute",
    client: 0,
    call: { ...CALL, marker },
    thenMs: 0,
  });
  const finish: Step = { what: "finish_calls", thenMs: 0 };
  return {
    seed,
    leaseTtlSeconds: 300,
    executesPerSecond: false,
    leasesPerSecond: false,
    maxCalls: undefined,
    wallOffsetMs: 0,
    steps: [execute(0), finish, ...befalling, execute(1), finish],
  };
}

/**
 * How calls end that meet one thing and nothing else. Where the gate or the socket can tell what became of a call, none may
 * be unknown.
 */
export async function measurePrecision(runsEach: number): Promise<{ tally: Tally; imprecise: string[] }> {
  const tally = emptyTally();
  const imprecise: string[] = [];
  const faults = everyFault().map((fault) => ({
    name: nameOf(fault),
    tellable: isTellable(fault),
    befalling: [{ what: "fault", operation: "executeAction", fault, thenMs: 0 }] satisfies Step[],
  }));
  const troubles = Object.entries(TROUBLES).map(([name, befalling]) => ({ name, tellable: true, befalling }));
  for (const { name, tellable, befalling } of [...faults, ...troubles])
    for (let seed = 1; seed <= runsEach; seed += 1) {
      const report = await run(programOf(seed, befalling));
      const mark = report.marks.find(({ marker }) => marker === 1);
      if (mark === undefined) continue;
      count(tally, seed, { ...report, marks: [{ ...mark, events: new Set([name]), doubts: new Set() }] });
      if (tellable && mark.verdicts.includes("unknown")) imprecise.push(`${name}, seed ${seed}`);
    }
  return { tally, imprecise };
}
