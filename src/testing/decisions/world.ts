import type { createWorkspace } from "../actions/workspace.ts";
import type { Clock, Timer } from "../formats/clock.ts";
import type { createProofVerifier } from "../formats/proof.ts";
import type { createSchemas } from "../formats/schemas.ts";
import type { Transport } from "../formats/wire.ts";
import type { RegisteredAction } from "../stores/actions.ts";
import type { createApprovals } from "../stores/approvals.ts";
import type { createBuckets, RateLimits } from "../stores/buckets.ts";
import type { createBudgets } from "../stores/budgets.ts";
import type { createLeases } from "../stores/leases.ts";
import type { createLedger } from "../stores/ledger.ts";
import type { createIndex, createLog } from "../stores/log.ts";
import type { createMetrics } from "../stores/metrics.ts";
import type { createOperators } from "../stores/operators.ts";
import type { MockPeer } from "../stores/peers.ts";
import type { createReceipts } from "../stores/receipts.ts";
import type { createReplayStore } from "../stores/replay.ts";
import type { createWebhooks } from "../webhooks/dispatcher.ts";
import type { createPolicy } from "./policy.ts";

/** What `run` was made to do: one entry per run that was dispatched, whatever the caller was told of it. */
export interface Effect {
  /** Its place among all effects of the gate, from 0: stays what it is when older ones are forgotten. */
  readonly index: number;
  readonly actionId: string;
  readonly params: unknown;
  /** The gate's time in milliseconds at which it was dispatched. */
  readonly at: number;
  /** Who made it run: the agent's own call, or an operator's approve of it. */
  readonly by: "direct" | "approved";
  readonly approvalId?: string;
  readonly principal: string;
  readonly sessionId: string;
  readonly traceId: string;
  /**
   * What came of it: `receipted`; `refused` (its output did not fit: 422); `failed` (it threw: 502); `dropped`
   * (the client went away, or the store wrote nothing: no audit event, no receipt); `running`.
   */
  readonly ending: "running" | "receipted" | "refused" | "failed" | "dropped";
  readonly receiptId?: string;
}

/** Everything that a gate knows. What a restart forgets is replaced as a whole. */
export interface World {
  readonly clock: Clock;
  readonly settings: Settings;
  readonly actions: ReadonlyMap<string, RegisteredAction>;
  readonly schemas: ReturnType<typeof createSchemas>;
  readonly files: ReturnType<typeof createWorkspace>;
  readonly policy: ReturnType<typeof createPolicy>;
  readonly approvals: ReturnType<typeof createApprovals>;
  readonly receipts: ReturnType<typeof createReceipts>;
  readonly ledger: ReturnType<typeof createLedger>;
  readonly effects: ReturnType<typeof createLog<Effect>>;
  /** How many effects there were, forgotten ones too. */
  effectCount: number;
  readonly proofs: ReturnType<typeof createProofVerifier>;
  readonly replay: ReturnType<typeof createReplayStore>;
  readonly budgets: ReturnType<typeof createBudgets>;
  readonly buckets: ReturnType<typeof createBuckets>;
  readonly operators: ReturnType<typeof createOperators>;
  metrics: ReturnType<typeof createMetrics>;
  /** Roots of sessions that asked for one of their own. */
  sessions: ReturnType<typeof createIndex<Session>>;
  leases: ReturnType<typeof createLeases>;
  draining: boolean;
  /** The revocation epoch: process memory, as in the gate. */
  epoch: number;
  startedMs: number;
  readonly slots: ReturnType<typeof createSlots>;
  readonly webhooks: ReturnType<typeof createWebhooks>;
}

/** A session as the gate remembers it beside its lease. */
export interface Session {
  readonly sessionId: string;
  readonly principal: string;
  readonly fsRoot: string | undefined;
  readonly forgottenMs: number;
}

/** What the options of a gate come to. */
export interface Settings {
  readonly principal: string;
  readonly owner: string | undefined;
  readonly scopes: readonly string[] | undefined;
  readonly identity: "none" | "peercred" | "unmapped";
  readonly publicBaseUrl: string;
  readonly leaseTtlSeconds: number;
  readonly rateLimits: Required<RateLimits>;
  readonly secrets: readonly string[];
  readonly devMode: boolean;
  readonly peers: Readonly<Record<number, MockPeer>> | undefined;
  readonly timer: Timer;
}

/** What a store refuses to write. */
export interface Unwritten {
  readonly what: "evidence" | "refund";
  readonly error?: string;
}

/** One request on its way through the gate. */
export interface Call {
  readonly headers: ReadonlyMap<string, string>;
  readonly parameters: Readonly<Record<string, string>>;
  readonly query: string;
  readonly body: string;
  /** The body as it came, which may be no text. */
  readonly bytes: Uint8Array;
  /** More than 1 MiB: refused by those operations that read a body, and by no other. */
  readonly tooLarge: boolean;
  readonly signal: AbortSignal | undefined;
  readonly transport: Transport;
  /** The UID of the caller, where its transport tells it. */
  readonly uid: number;
  /** A fault: the client is gone when `run` has done its work and before anything is written down. */
  readonly goneAfterRun?: boolean | undefined;
  /** A fault: what the store refuses to write, and in which words. */
  readonly unwritten?: Unwritten | undefined;
  /** Set by the lease check, for `received`. */
  sessionId?: string;
}

const CONCURRENT_RUNS = 4;

/** At most four provider runs at a time; the rest wait without bound. */
export function createSlots() {
  const waiting: (() => void)[] = [];
  let busy = 0;

  return {
    busy: () => busy,
    async enter() {
      if (busy >= CONCURRENT_RUNS) await new Promise<void>((resolve) => waiting.push(resolve));
      else busy += 1;
    },
    leave() {
      const next = waiting.shift();
      if (next === undefined) busy -= 1;
      else next();
    },
  };
}
