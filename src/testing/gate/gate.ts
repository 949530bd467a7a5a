import type { Workspace } from "../actions/workspace.ts";
import { type AgentOperationId, agentHandlers, agentOperations } from "../decisions/agent.ts";
import { type ApproveOptions, approve, deny } from "../decisions/approve-deny.ts";
import type { Operator } from "../decisions/plan.ts";
import type { Effect, Session, World } from "../decisions/world.ts";
import type { Answer, MockRequest, MockResponse } from "../formats/wire.ts";
import { type AdminOperationId, adminHandlers, adminOperations } from "../operator/operations.ts";
import { createDelivery, type ReceivedRequest } from "../sockets/deliver.ts";
import { createFetch, createSend } from "../sockets/fetching.ts";
import { createRouter } from "../sockets/routes.ts";
import { type GateServer, type ListenOptions, serve } from "../sockets/serve.ts";
import type { Approval } from "../stores/approvals.ts";
import {
  createFaults,
  type Fault,
  type FaultHandle,
  type FaultMatch,
  type MockOperationId,
} from "../stores/faults.ts";
import { createLeases } from "../stores/leases.ts";
import type { AuditEvent } from "../stores/ledger.ts";
import { createIndex, createLog } from "../stores/log.ts";
import { createMetrics } from "../stores/metrics.ts";
import type { OperatorCredentials } from "../stores/operators.ts";
import type { ReceiptKey } from "../stores/receipts.ts";
import type { WebhookDelivery, WebhookTest } from "../webhooks/delivery.ts";
import type { WebhookFault, WebhookFaultMatch } from "../webhooks/faults.ts";
import { createWorld, HISTORY_LIMIT, type MockGateOptions } from "./options.ts";

/** An approval as a test sees it. */
export interface ApprovalView
  extends Pick<
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
  > {
  readonly sessionId: string;
}

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

const clientRoute = createRouter(routesOf<AgentOperationId>(agentOperations));
const adminRoute = createRouter(routesOf<AdminOperationId>(adminOperations));

/**
 * A LatchGate gate in this process: leases are signed, proofs verified and never taken twice, policy decided,
 * budgets counted, risky calls held, receipts signed, and everything written into a hash chain, as the recorded
 * gate does it. Only the actions' effects are stand-ins.
 *
 * The 87 actions that a gate ships are built in, as a gate tells of them; files are in memory (`docs/notes.md` is there),
 * the web is a function.
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
  /** `fetch` with the gate's operator socket at its other end. */
  readonly operatorFetch: typeof globalThis.fetch;
  /** The same with light objects. */
  readonly operatorSend: (request: MockRequest) => Promise<MockResponse>;
  /** The gate's time in milliseconds, as a client's `now` takes it. */
  readonly now: () => number;
  /** The base that proofs have to name. */
  readonly publicBaseUrl: string;

  readonly #world: World;
  readonly #options: MockGateOptions;
  readonly #faults = createFaults();
  readonly #received: ReturnType<typeof createLog<ReceivedRequest<MockOperationId>>>;
  readonly #client: ReturnType<typeof createDelivery<AgentOperationId>>;
  readonly #admin: ReturnType<typeof createDelivery<AdminOperationId>>;
  readonly #servers = new Set<GateServer>();

  constructor(options: MockGateOptions = {}) {
    this.#options = options;
    this.#world = createWorld(options);
    this.#received = createLog(options.receivedLimit ?? 10_000);
    const shared = { world: this.#world, received: this.#received, faultFor: this.#faults.take };
    this.#client = createDelivery<AgentOperationId>({
      ...shared,
      face: "client",
      route: clientRoute,
      handlers: agentHandlers,
    });
    this.#admin = createDelivery<AdminOperationId>({
      ...shared,
      face: "admin",
      route: adminRoute,
      handlers: adminHandlers,
    });
    const client = (request: MockRequest) => this.#client(request, request.from?.transport ?? "in-process");
    const admin = (request: MockRequest) => this.#admin(request, request.from?.transport ?? "in-process");
    this.fetch = createFetch(client);
    this.send = createSend(client);
    this.operatorFetch = createFetch(admin);
    this.operatorSend = createSend(admin);
    this.now = this.#world.clock.now;
    this.publicBaseUrl = this.#world.settings.publicBaseUrl;
  }

  /**
   * Puts the gate on real sockets: `{ dir }` lays `gate.sock` and `gate-admin.sock` (mode 0600) as a gate does,
   * `{ port, adminPort }` are on 127.0.0.1, `{ adminPort, tls }` takes client certificates only.
   */
  async listen(options: ListenOptions): Promise<GateServer> {
    const server = await serve({ client: this.#client, admin: this.#admin }, options);
    this.#servers.add(server);
    return server;
  }

  /**
   * What an operator's approve does and is answered: the held call runs now, under its own session's budget. An id under which
   * no call was ever held is a test's mistake: it rejects.
   */
  async approve(
    approvalId: string,
    options: ApproveOptions & { operator?: string } = {},
  ): Promise<OperatorAnswer> {
    this.#mustBeOpened(approvalId);
    return spoken(await approve(this.#world, approvalId, operatorOf(options.operator), options));
  }

  /** What an operator's deny does and is answered. Rejects like `approve`. */
  async deny(
    approvalId: string,
    reason = "operator_denied",
    options: { operator?: string } = {},
  ): Promise<OperatorAnswer> {
    this.#mustBeOpened(approvalId);
    return spoken(deny(this.#world, approvalId, operatorOf(options.operator), reason));
  }

  #mustBeOpened(approvalId: string): void {
    const { approvals } = this.#world;
    if (approvals.wasOpened(approvalId)) return;
    const held = approvals.list().map((approval) => `${approval.approvalId} (${approval.actionId})`);
    throw new Error(
      `no call was held under the approval id ${JSON.stringify(approvalId)}; gate.approvals has ${held.join(", ") || "none"}`,
    );
  }

  /** Claims an approval and leaves it so, as an operator does whose connection is lost while the action runs. */
  claim(approvalId: string, options: { operator?: string } = {}): boolean {
    return this.#world.approvals.claim(approvalId, operatorOf(options.operator).id).state === "claimed";
  }

  /** Moves the gate's clock forward, and lets happen what that makes due: retries of webhooks, their timeouts, expiries. */
  advance(ms: number): void {
    this.#world.clock.advance(ms);
    this.#world.webhooks.advanced();
  }

  /**
   * What a restart of the gate's process does: a new lease key, so that every lease is `invalid_lease`; sessions,
   * budgets, seen proofs, known keys, rate limits and drain are forgotten, connections cut. Approvals, receipts,
   * the ledger, and what was granted and learned are still there. Webhooks that are on their way or wait for a retry are
   * lost, as when the process is killed.
   */
  restart(): void {
    const world = this.#world;
    world.leases = createLeases(world.clock, this.#options.trustedLeaseKeys);
    world.sessions = createIndex<Session>(this.#options.historyLimit ?? HISTORY_LIMIT);
    world.draining = false;
    world.epoch = 0;
    world.metrics = createMetrics();
    world.startedMs = world.clock.now();
    world.webhooks.restart(world.startedMs);
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
  fault(match: FaultMatch | MockOperationId, fault: Fault): FaultHandle {
    return this.#faults.add(match, fault);
  }

  /** Makes one webhook go wrong: `gate.webhookFault({ event: "approval.pending" }, { kind: "lost" })`. */
  webhookFault(match: WebhookFaultMatch, fault: WebhookFault): FaultHandle {
    return this.#world.webhooks.fault(match, fault);
  }

  /**
   * When no webhook is on its way any more and none is due. One that waits for a retry goes on waiting: `advance` makes
   * it due.
   */
  async webhooksSettled(): Promise<void> {
    await this.#world.webhooks.settled();
  }

  /**
   * What `latchgate config test-webhook` does: one `test` event to each endpoint, or to one, signed with the secret as it
   * was given (`${NAME}` is not substituted), disabled ones too, and never tried again.
   */
  async testWebhooks(
    name?: string,
  ): Promise<{ readonly ok: boolean; readonly results: readonly WebhookTest[] }> {
    return this.#world.webhooks.test(name);
  }

  /** Every attempt to deliver a webhook, the oldest first; bounded by `receivedLimit`. */
  get deliveries(): readonly WebhookDelivery[] {
    return this.#world.webhooks.deliveries;
  }

  /** The credentials of the first operator: `new LatchGateOperator({ fetch: gate.operatorFetch, ...gate.operatorCredentials })`. */
  get operatorCredentials(): OperatorCredentials {
    return this.#world.operators.credentials();
  }

  /** Every request that reached the gate, on either socket, the oldest first; bounded by `receivedLimit`. */
  get received(): readonly ReceivedRequest<MockOperationId>[] {
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

function routesOf<OperationId extends string>(
  operations: Readonly<Record<OperationId, { readonly method: string; readonly path: string }>>,
) {
  return (Object.keys(operations) as OperationId[]).map((operationId) => ({
    operationId,
    method: operations[operationId].method,
    path: operations[operationId].path,
  }));
}

/** The operator behind `gate.approve`: no key of a real one is at hand. */
function operatorOf(id = "default"): Operator {
  return { id, jkt: "in-process", proofJti: "in-process" };
}

function spoken(answer: Answer): OperatorAnswer {
  return { status: answer.status, body: answer.body === "" ? null : JSON.parse(answer.body) };
}
