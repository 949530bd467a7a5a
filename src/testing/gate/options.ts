import { builtinActions, shippedAction } from "../actions/builtin.ts";
import type { FileContent } from "../actions/file-tree.ts";
import type { MockWeb } from "../actions/web.ts";
import { createWorkspace } from "../actions/workspace.ts";
import { createPolicy } from "../decisions/policy.ts";
import { createSlots, type Effect, type Session, type World } from "../decisions/world.ts";
import { createClock, realTimer, type Timer } from "../formats/clock.ts";
import { createProofVerifier } from "../formats/proof.ts";
import { createSchemas } from "../formats/schemas.ts";
import { createRegistry, type MockAction } from "../stores/actions.ts";
import { createApprovals } from "../stores/approvals.ts";
import { createBuckets, type RateLimits } from "../stores/buckets.ts";
import { createBudgets } from "../stores/budgets.ts";
import { createLeases, type LeaseKey } from "../stores/leases.ts";
import { createLedger } from "../stores/ledger.ts";
import { createIndex, createLog } from "../stores/log.ts";
import { createMetrics } from "../stores/metrics.ts";
import { createOperators, type MockOperator } from "../stores/operators.ts";
import type { MockPeer } from "../stores/peers.ts";
import { createReceipts } from "../stores/receipts.ts";
import { createReplayStore } from "../stores/replay.ts";
import { quietTimer } from "../webhooks/alarms.ts";
import { createWebhooks } from "../webhooks/dispatcher.ts";
import type { WebhookSettings } from "../webhooks/settings.ts";
import type { MockWebhook } from "../webhooks/start.ts";

/** Options of a {@link MockGate}. Every one has the gate's own default. */
export interface MockGateOptions {
  /** Who every lease is for. `dev:anonymous`, as at a gate without an identity provider. */
  readonly principal?: string;
  readonly owner?: string;
  /** A ceiling: scopes outside it are dropped from a lease without a word. None when left out or empty. */
  readonly scopes?: readonly string[];
  /**
   * `none` (the default): whoever asks gets a lease. `peercred`: only on a Unix socket or in process, not over TCP.
   * `unmapped`: nobody does (403 `identity_forbidden`).
   */
  readonly identity?: "none" | "peercred" | "unmapped";
  /** With `peercred`: who the peers of a Unix socket are, by UID. Everybody is `principal` when left out. */
  readonly peers?: Readonly<Record<number, MockPeer>>;
  /** The operators by their ids. One called `default`, with a new key, when left out. */
  readonly operators?: Readonly<Record<string, MockOperator>>;
  /** The base that proofs have to name, whatever address the gate listens on. */
  readonly publicBaseUrl?: string;
  /** 300 by default, 3600 at most. */
  readonly leaseTtlSeconds?: number;
  /** Actions of one's own, by id. One with the id of a built-in action replaces it. */
  readonly actions?: Readonly<Record<string, MockAction>>;
  /**
   * The actions of a gate 0.2.0, all 87 as a gate has them (default), those that are named, or none. What they do to
   * the world is a stand-in: files in memory, and `web`.
   */
  readonly builtinActions?: boolean | readonly string[];
  /** The actions that may be called, by all or per principal (`*`: everybody). All actions when left out. */
  readonly grants?: readonly string[] | Readonly<Record<string, readonly string[]>>;
  /** Requests per second. A gate lets 20 executes of a session pass; `false` lets all pass. */
  readonly rateLimits?: RateLimits | false;
  /** Milliseconds since 1970, for a clock of one's own. `advance` adds to it. */
  readonly now?: () => number;
  /** Waits for `delay` faults and for an action's time limit: `setTimeout`, or a clock of one's own. */
  readonly timer?: Timer;
  /** Files and links (`{ link: "notes.md" }`) that are there at the start, by path: absolute, or relative to the gate's root. */
  readonly files?: Readonly<Record<string, FileContent>>;
  /** The gate-wide root of files. */
  readonly root?: string;
  /** More directories that exist, so that a lease can have one of them for its `fs_root`. */
  readonly directories?: readonly string[];
  /** Below which directories a lease may have its `fs_root`. The parent of `root` and `directories` by default. */
  readonly fsRootPrefixes?: readonly string[];
  /** What the built-in `http_*` actions find in the web. */
  readonly web?: MockWeb;
  /** What holds approvals, and so what becomes of old ones. The gate's default is `sqlite`. */
  readonly approvalStore?: "sqlite" | "redis";
  /** Names of the secrets that the gate has. */
  readonly secrets?: readonly string[];
  /** Further keys whose leases are believed: for leases that another gate has signed. */
  readonly trustedLeaseKeys?: readonly LeaseKey[];
  /**
   * Whether the gate is relaxed: what `dev_mode` of an agent's audit events says, and whether a webhook may go to this
   * host, by `http:` too. True by default.
   */
  readonly devMode?: boolean;
  /** Who is told of what happens. A gate that does not start with them is a `MockGateStartError`. */
  readonly webhooks?: readonly MockWebhook[];
  /** How webhooks leave the gate. */
  readonly webhookSettings?: WebhookSettings;
  /** How many requests `received` holds, and how many attempts `deliveries`. 10,000 by default. */
  readonly receivedLimit?: number;
  /** How many receipts, audit events and effects are held. 100,000 each by default. */
  readonly historyLimit?: number;
  /** How many proofs the replay store takes before it refuses all. The gate's 100,000 by default. */
  readonly replayCapacity?: number;
  /** Loads Ajv; for tests of what happens without it. */
  readonly loadAjv?: (path: string) => Promise<unknown>;
}

const DEFAULT_BASE = "http://localhost:3000";
const RATE_LIMITS = { leases: 50, execute: 20, anonymous: 5, operatorRead: 100, operatorWrite: 20 } as const;
const DEFAULT_ROOT = "/srv/gate/ws";

/** How many receipts, audit events and effects a gate holds when nothing is said. */
export const HISTORY_LIMIT = 100_000;

/** A gate as it is when its process begins. */
export function createWorld(options: MockGateOptions): World {
  const historyLimit = options.historyLimit ?? HISTORY_LIMIT;
  const clock = createClock(options.now);
  const root = options.root ?? DEFAULT_ROOT;
  const directories = options.directories ?? [];
  const files = createWorkspace({
    root,
    files: { "docs/notes.md": "# notes\n", ...options.files },
    directories: [...directories, `${root}/docs`, `${root}/src`],
    allowedPrefixes: options.fsRootPrefixes ?? [root.slice(0, root.lastIndexOf("/")) || root, ...directories],
  });
  const standIns = { files, web: options.web ?? {} };
  const builtin = builtinActions(options.builtinActions ?? true, standIns);
  const given = Object.entries(options.actions ?? {}).map(([actionId, action]) => [
    actionId,
    shippedAction(actionId, action, standIns),
  ]);
  const actions = createRegistry({ ...builtin.atOnce, ...Object.fromEntries(given) }, builtin.later);
  const principal = options.principal ?? "dev:anonymous";
  const publicBaseUrl = (options.publicBaseUrl ?? DEFAULT_BASE).replace(/\/+$/, "");
  const limits =
    options.rateLimits === false
      ? ({
          leases: false,
          execute: false,
          anonymous: false,
          operatorRead: false,
          operatorWrite: false,
        } as const)
      : options.rateLimits;
  const approvals = createApprovals(clock, options.approvalStore);
  const startedMs = clock.now();
  const devMode = options.devMode ?? true;
  return {
    clock,
    settings: {
      principal,
      owner: options.owner,
      scopes: options.scopes,
      identity: options.identity ?? "none",
      publicBaseUrl,
      leaseTtlSeconds: options.leaseTtlSeconds ?? 300,
      rateLimits: { ...RATE_LIMITS, ...limits },
      secrets: options.secrets ?? [],
      devMode,
      peers: options.peers,
      timer: options.timer ?? realTimer,
    },
    actions,
    schemas: createSchemas(options.loadAjv),
    files,
    policy: createPolicy(clock, grantsOf(options.grants, principal, [...actions.keys()]), actions),
    approvals,
    receipts: createReceipts(clock, historyLimit),
    ledger: createLedger(clock, historyLimit),
    effects: createLog<Effect>(historyLimit),
    effectCount: 0,
    proofs: createProofVerifier({ publicBaseUrl: () => publicBaseUrl, seconds: clock.seconds }),
    replay: createReplayStore(clock.now, options.replayCapacity ?? 100_000),
    budgets: createBudgets(clock),
    buckets: createBuckets(clock.seconds),
    sessions: createIndex<Session>(historyLimit),
    leases: createLeases(clock, options.trustedLeaseKeys),
    operators: createOperators(options.operators, publicBaseUrl),
    metrics: createMetrics(),
    draining: false,
    epoch: 0,
    startedMs,
    slots: createSlots(),
    webhooks: createWebhooks(options.webhooks ?? [], options.webhookSettings ?? {}, {
      clock,
      timer: options.timer ?? quietTimer,
      relaxed: devMode,
      startedMs,
      approvals,
      limit: options.receivedLimit ?? 10_000,
    }),
  };
}

function grantsOf(
  grants: MockGateOptions["grants"],
  principal: string,
  all: readonly string[],
): Readonly<Record<string, readonly string[]>> {
  if (grants === undefined) return { [principal]: all };
  return isList(grants) ? { [principal]: grants } : grants;
}

function isList(grants: NonNullable<MockGateOptions["grants"]>): grants is readonly string[] {
  return Array.isArray(grants);
}
