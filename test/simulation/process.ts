import type { MockGate } from "latchgate-client/testing";
import { type Journal, type JournalEntry, LatchGateClient } from "../../src/index.ts";
import type { Chance } from "./chance.ts";
import type { Judge } from "./judge.ts";
import type { Network } from "./network.ts";
import { createProcessClock, type ProcessClock, type Timeline } from "./timeline.ts";
import { type Allowance, createWiretap, type Proofs, type Wiretap } from "./wiretap.ts";

/** A process with a client in it, that can crash. */
export interface SimulatedProcess {
  readonly client: LatchGateClient;
  readonly clock: ProcessClock;
  readonly wiretap: Wiretap;
  readonly allowance: Allowance;
  readonly alive: boolean;
  readonly closed: boolean;
  /** The journal fails at its next use, or does not know then what it was told (a replica that lags), or never answers it. */
  journalMisbehaves(how: JournalFault): void;
  close(): void;
  crash(): void;
}

export type JournalFault = "fails" | "lags" | "hangs";

/** What all processes of a run have in common. */
export interface Surroundings {
  readonly timeline: Timeline;
  readonly gate: MockGate;
  readonly network: Network;
  readonly judge: Judge;
  readonly proofs: Proofs;
  readonly chance: Chance;
  /** The journal's file, as it were: it outlives all processes. */
  readonly store: Map<string, JournalEntry>;
}

export function createProcess(
  around: Surroundings,
  options: { readonly maxCalls: number | undefined; readonly wallOffsetMs: number },
): SimulatedProcess {
  const { timeline, gate, network, judge, proofs, chance, store } = around;
  const clock = createProcessClock(timeline, chance, options.wallOffsetMs);
  const scopes = ["tools:call", "audit:read"];
  const allowance: Allowance = { maxCalls: options.maxCalls, scopes, connects: 0 };
  const wiretap = createWiretap(gate, judge, proofs, allowance, timeline.now);
  let alive = true;
  let closed = false;
  let fault: JournalFault | undefined;

  /** Every use takes a moment before and after what it does: a crash may fall into each. */
  async function use<Value>(callId: string, act: () => Value, lagging?: unknown): Promise<Value> {
    const befalling = fault;
    fault = undefined;
    if (befalling !== undefined)
      judge.markOf(Number(callId.replace("call-", ""))).doubts.add(`the journal ${befalling}`);
    if (befalling === "fails") throw new Error("the journal's disk is full");
    if (befalling === "hangs") return new Promise<never>(() => {});
    if (befalling === "lags") return lagging as Value;
    await pause();
    const value = act();
    await pause();
    return value;
  }

  const pause = () =>
    new Promise<void>((resolve) => {
      clock.timer(1, resolve);
    });

  const journal: Journal = {
    add: (callId, entry) =>
      use(
        callId,
        () => {
          if (store.has(callId)) return false;
          store.set(callId, entry);
          return true;
        },
        false,
      ),
    // A replica that lags knows that the id is taken, and not by what.
    get: (callId) => use(callId, () => store.get(callId), null),
    set: (callId, entry) => use(callId, () => void store.set(callId, entry)),
    delete: (callId) => use(callId, () => void store.delete(callId)),
  };
  const client = new LatchGateClient({
    fetch: network.fetchOf(wiretap, () => alive),
    agentId: "simulated",
    lease: { scopes, maxCalls: options.maxCalls },
    clock,
    journal,
  });
  return {
    client,
    clock,
    wiretap,
    allowance,
    get alive() {
      return alive;
    },
    get closed() {
      return closed;
    },
    journalMisbehaves(how) {
      fault = how;
    },
    close() {
      closed = true;
      void client.close();
    },
    crash() {
      alive = false;
      clock.kill();
      network.sweep();
    },
  };
}
