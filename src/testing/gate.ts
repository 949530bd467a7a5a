import { createRegistry, type MockAction } from "./actions.ts";
import { type AgentOperationId, agentHandlers, agentOperations } from "./agent.ts";
import { type Approval, createApprovals } from "./approvals.ts";
import { createBuckets, type RateLimits } from "./buckets.ts";
import { createBudgets } from "./budgets.ts";
import { builtinActions } from "./builtin.ts";
import { createClock } from "./clock.ts";
import { type ApproveOptions, approve, deny } from "./decisions.ts";
import { createDelivery, type ReceivedRequest } from "./deliver.ts";
import type { Operator } from "./execution.ts";
import { createFaults, type Fault, type FaultHandle, type FaultMatch } from "./faults.ts";
import { createFetch, createSend } from "./fetching.ts";
import { createLeases, type LeaseKey } from "./leases.ts";
import { type AuditEvent, createLedger } from "./ledger.ts";
import { createIndex, createLog } from "./log.ts";
import { createPolicy } from "./policy.ts";
import { createProofVerifier } from "./proof.ts";
import { createReceipts, type ReceiptKey } from "./receipts.ts";
import { createReplayStore } from "./replay.ts";
import { createRouter } from "./routes.ts";
import { createSchemas } from "./schemas.ts";
import { type GateServer, type ListenOptions, serve } from "./serve.ts";
import type { MockWeb } from "./web.ts";
import type { Answer, MockRequest, MockResponse } from "./wire.ts";
import { createWorkspace, type Workspace } from "./workspace.ts";
import { createSlots, type Effect, type Session, type World } from "./world.ts";

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
  /** The base that proofs have to name, whatever address the gate listens on. */
  readonly publicBaseUrl?: string;
  /** 300 by default, 3600 at most. */
  readonly leaseTtlSeconds?: number;
  /** Actions of one's own, by id. One with the id of a built-in action replaces it. */
  readonly actions?: Readonly<Record<string, MockAction>>;
  /** Whether the built-in actions are there (default). */
  readonly builtinActions?: boolean;
  /** The actions that may be called, by all or per principal (`*`: everybody). All actions when left out. */
  readonly grants?: readonly string[] | Readonly<Record<string, readonly string[]>>;
  /** Requests per second. A gate lets 20 executes of a session pass; `false` lets all pass. */
  readonly rateLimits?: RateLimits | false;
  /** Milliseconds since 1970, for a clock of one's own. `advance` adds to it. */
  readonly now?: () => number;
  /** Files that are there at the start, by path: absolute, or relative to the gate's root. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  /** The gate-wide root of files. */
  readonly root?: string;
  /** More directories that exist, so that a lease can have one of them for its `fs_root`. */
  readonly directories?: readonly string[];
  /** Below which directories a lease may have its `fs_root`. The parent of `root` and `directories` by default. */
  readonly fsRootPrefixes?: readonly string[];
  /** What the built-in `http_*` actions find in the web. */
  readonly web?: MockWeb;
  /** Names of the secrets that the gate has. */
  readonly secrets?: readonly string[];
  /** Further keys whose leases are believed: for leases that another gate has signed. */
  readonly trustedLeaseKeys?: readonly LeaseKey[];
  /** What `dev_mode` of an agent's audit events says. True by default. */
  readonly devMode?: boolean;
  /** How many requests `received` holds. 10,000 by default. */
  readonly receivedLimit?: number;
  /** How many receipts, audit events and effects are held. 100,000 each by default. */
  readonly historyLimit?: number;
  /** How many proofs the replay store takes before it refuses all. The gate's 100,000 by default. */
  readonly replayCapacity?: number;
  /** Loads Ajv; for tests of what happens without it. */
  readonly loadAjv?: () => Promise<unknown>;
}

/** An approval as a test sees it. */
export type ApprovalView = Pick<
  Approval,
  | "approvalId"
  | "actionId"
  | "params"
  | "state"
  | "riskLevel"
  | "createdAt"
  | "expiresAt"
  | "unresolvedDomains"
  | "unresolvedPaths"
  | "receiptId"
  | "denyReason"
  | "failure"
> & { readonly sessionId: string };

/** A session as a test sees it. */
export interface SessionView {
  readonly sessionId: string;
  readonly principal: string;
  readonly fsRoot: string | undefined;
  readonly callsLeft: number | undefined;
}

/** What an operator is answered. */
export interface OperatorAnswer {
  readonly status: number;
  readonly body: unknown;
}

const DEFAULT_BASE = "http://localhost:3000";
const DEFAULT_ROOT = "/srv/gate/ws";
const ROUTES = Object.entries(agentOperations).map(([operationId, { method, path }]) => ({
  operationId: operationId as AgentOperationId,
  method,
  path,
}));
const route = createRouter(ROUTES);

/**
 * A LatchGate gate in this process: leases are signed, proofs verified and never taken twice, policy decided,
 * budgets counted, risky calls held, receipts signed, and everything written into a hash chain, as the recorded
 * gate does it. Only the actions' effects are stand-ins.
 *
 * Of the 87 actions of a gate those ten are built in whose detail and schema were recorded: `fs_read`, `fs_write`,
 * `fs_delete`, `http_fetch`, `http_post`, `http_delete`, `http_sensitive_read`, `github_create_issue`,
 * `slack_post`, `stripe_create_invoice`. Files are in memory (`docs/notes.md` is there), the web is a function.
 *
 * ```ts
 * const gate = new MockGate({ actions: { send_mail: { riskLevel: "high", run: () => ({ ok: true }) } } });
 * const client = new LatchGateClient({ fetch: gate.fetch, agentId: "agent:test" });
 * ```
 */
export class MockGate {
  /** `fetch` with this gate at its other end; can be passed around. */
  readonly fetch: typeof globalThis.fetch;
  /** The same with light objects: no global `Request` or `Response` is made. Takes paths too. */
  readonly send: (request: MockRequest) => Promise<MockResponse>;
  /** The gate's time in milliseconds, as a client's `now` takes it. */
  readonly now: () => number;
  /** The base that proofs have to name. */
  readonly publicBaseUrl: string;

  readonly #world: World;
  readonly #trusted: readonly LeaseKey[];
  readonly #historyLimit: number;
  readonly #faults = createFaults();
  readonly #received: ReturnType<typeof createLog<ReceivedRequest<AgentOperationId>>>;
  readonly #deliver: ReturnType<typeof createDelivery<AgentOperationId>>;
  readonly #servers = new Set<GateServer>();

  constructor(options: MockGateOptions = {}) {
    this.#trusted = options.trustedLeaseKeys ?? [];
    this.#historyLimit = options.historyLimit ?? 100_000;
    this.#world = createWorld(options, this.#trusted, this.#historyLimit);
    this.#received = createLog(options.receivedLimit ?? 10_000);
    this.#deliver = createDelivery<AgentOperationId>({
      world: this.#world,
      route,
      handlers: agentHandlers,
      received: this.#received,
      faultFor: this.#faults.take,
    });
    const inProcess = (request: MockRequest) => this.#deliver(request, "in-process");
    this.fetch = createFetch(inProcess);
    this.send = createSend(inProcess);
    this.now = this.#world.clock.now;
    this.publicBaseUrl = this.#world.settings.publicBaseUrl;
  }

  /** Puts the gate on a Unix socket (mode 0600) or on a TCP port of 127.0.0.1. Both at once are fine. */
  async listen(options: ListenOptions): Promise<GateServer> {
    const server = await serve(this.#deliver, options);
    this.#servers.add(server);
    return server;
  }

  /** What an operator's approve does and is answered: the held call runs now, under its own session's budget. */
  async approve(
    approvalId: string,
    options: ApproveOptions & { operator?: string } = {},
  ): Promise<OperatorAnswer> {
    return spoken(await approve(this.#world, approvalId, operatorOf(options.operator), options, undefined));
  }

  /** What an operator's deny does and is answered. */
  async deny(
    approvalId: string,
    reason = "operator_denied",
    options: { operator?: string } = {},
  ): Promise<OperatorAnswer> {
    return spoken(deny(this.#world, approvalId, operatorOf(options.operator), reason));
  }

  /** Claims an approval and leaves it so, as an operator does whose connection is lost while the action runs. */
  claim(approvalId: string, options: { operator?: string } = {}): boolean {
    return this.#world.approvals.claim(approvalId, operatorOf(options.operator).id).state === "claimed";
  }

  /** Moves the gate's clock forward. */
  advance(ms: number): void {
    this.#world.clock.advance(ms);
  }

  /**
   * What a restart of the gate's process does: a new lease key, so that every lease is `invalid_lease`; sessions,
   * budgets, seen proofs, known keys, rate limits and drain are forgotten, connections cut. Approvals, receipts,
   * the ledger, and what was granted and learned are still there.
   */
  restart(): void {
    const world = this.#world;
    world.leases = createLeases(world.clock, this.#trusted);
    world.sessions = createIndex<Session>(this.#historyLimit);
    world.draining = false;
    world.startedMs = world.clock.now();
    for (const store of [world.budgets, world.replay, world.proofs, world.buckets]) store.forget();
    for (const server of this.#servers) server.cut();
  }

  /** From now on new leases and executes are 503 `draining`. Only a restart ends that. */
  drain(): void {
    this.#world.draining = true;
  }

  /** Lets a principal (everybody's: `*`) call these actions. */
  grant(principal: string, actionIds: readonly string[]): void {
    this.#world.policy.grant(principal, actionIds);
  }

  /** Takes back what was granted. */
  revoke(principal: string, actionIds: readonly string[]): void {
    this.#world.policy.revoke(principal, actionIds);
  }

  /** Lifts the hold for a principal's calls of an action, as an operator's allowlist does. */
  allow(actionId: string, principal = this.#world.settings.principal): void {
    this.#world.policy.allow(actionId, principal);
  }

  /** Ends what `allow` began. */
  disallow(actionId: string, principal = this.#world.settings.principal): void {
    this.#world.policy.disallow(actionId, principal);
  }

  /** Lets an action reach a domain (and what is below it) or touch a path glob from now on, as an operator's `domains add` does. */
  learn(actionId: string, what: { domain: string } | { path: string }): void {
    const { domains, paths } = this.#world.policy;
    const by = { actionId, addedBy: "default", source: "api", approvalId: null } as const;
    if ("domain" in what) domains.add({ ...by, value: what.domain });
    else paths.add({ ...by, value: what.path });
  }

  /** Makes one thing go wrong: `gate.fault("executeAction", { kind: "reset", when: "answered" })`. */
  fault(match: FaultMatch | AgentOperationId, fault: Fault): FaultHandle {
    return this.#faults.add(match, fault);
  }

  /** Every request that reached the gate, the oldest first; bounded by `receivedLimit`. */
  get received(): readonly ReceivedRequest<AgentOperationId>[] {
    return this.#received.entries;
  }

  /** What `run` was really made to do, the oldest first: the judge of every outcome. */
  get effects(): readonly Effect[] {
    return this.#world.effects.entries;
  }

  /** The audit ledger in the order in which it was written. */
  get auditEvents(): readonly AuditEvent[] {
    return this.#world.ledger.events;
  }

  /** All approvals, the newest first. */
  get approvals(): readonly ApprovalView[] {
    return this.#world.approvals
      .list()
      .map((approval) => ({ ...approval, sessionId: approval.lease.session_id }));
  }

  /** What an operator reads at `GET /v1/receipt-keys`: an agent has no way to them. */
  get receiptKeys(): { readonly keys: readonly ReceiptKey[] } {
    return this.#world.receipts.keys;
  }

  /** The files that the built-in `fs_*` actions see. */
  get workspace(): Workspace {
    return this.#world.files.workspace;
  }

  /** The sessions that the gate remembers, the oldest first. */
  get sessions(): readonly SessionView[] {
    return [...this.#world.sessions.values()].map(({ sessionId, principal, fsRoot }) => ({
      sessionId,
      principal,
      fsRoot,
      callsLeft: this.callsLeft(sessionId),
    }));
  }

  /** The calls that a session has left: `undefined` for one without a budget, and one that is forgotten. */
  callsLeft(sessionId: string): number | undefined {
    return this.#world.budgets.left(sessionId, true);
  }
}

function createWorld(options: MockGateOptions, trusted: readonly LeaseKey[], historyLimit: number): World {
  const clock = createClock(options.now);
  const root = options.root ?? DEFAULT_ROOT;
  const directories = options.directories ?? [];
  const files = createWorkspace({
    root,
    files: { "docs/notes.md": "# notes\n", ...options.files },
    directories: [...directories, `${root}/docs`, `${root}/src`],
    allowedPrefixes: options.fsRootPrefixes ?? [root.slice(0, root.lastIndexOf("/")) || root, ...directories],
  });
  const builtin = options.builtinActions === false ? {} : builtinActions(files, options.web ?? {});
  const actions = createRegistry({ ...builtin, ...options.actions });
  const principal = options.principal ?? "dev:anonymous";
  const publicBaseUrl = (options.publicBaseUrl ?? DEFAULT_BASE).replace(/\/+$/, "");
  const limits =
    options.rateLimits === false
      ? ({ leases: false, execute: false, anonymous: false } as const)
      : options.rateLimits;
  return {
    clock,
    settings: {
      principal,
      owner: options.owner,
      scopes: options.scopes,
      identity: options.identity ?? "none",
      publicBaseUrl,
      leaseTtlSeconds: options.leaseTtlSeconds ?? 300,
      rateLimits: { leases: 50, execute: 20, anonymous: 5, ...limits },
      secrets: options.secrets ?? [],
      devMode: options.devMode ?? true,
    },
    actions,
    schemas: createSchemas(options.loadAjv),
    files,
    policy: createPolicy(clock, grantsOf(options.grants, principal, [...actions.keys()])),
    approvals: createApprovals(clock),
    receipts: createReceipts(clock, historyLimit),
    ledger: createLedger(clock, historyLimit),
    effects: createLog<Effect>(historyLimit),
    proofs: createProofVerifier({ publicBaseUrl: () => publicBaseUrl, seconds: clock.seconds }),
    replay: createReplayStore(clock.now, options.replayCapacity ?? 100_000),
    budgets: createBudgets(clock),
    buckets: createBuckets(clock.seconds),
    sessions: createIndex<Session>(historyLimit),
    leases: createLeases(clock, trusted),
    draining: false,
    startedMs: clock.now(),
    slots: createSlots(),
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

/** The operator behind `gate.approve`: no key of a real one is at hand. */
function operatorOf(id = "default"): Operator {
  return { id, jkt: "in-process", proofJti: "in-process" };
}

function spoken(answer: Answer): OperatorAnswer {
  return { status: answer.status, body: answer.body === "" ? null : JSON.parse(answer.body) };
}
