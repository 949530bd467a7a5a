import { inspect } from "node:util";
import { type Api, createApi } from "./api.ts";
import { type Approvals, createApprovals, type WaitOptions } from "./approvals.ts";
import { type RetryOptions, retryPolicy } from "./backoff.ts";
import { type Call, createCall } from "./call.ts";
import { type CallOptions, type CallRequest, type CallState, callState, type Pipe } from "./call-state.ts";
import type { ConnectionOptions } from "./config.ts";
import { createProofClock, signed } from "./dpop.ts";
import { type LatchGateApprovalRequired, LatchGateInvalidRequest } from "./errors.ts";
import {
  type ActionsLike,
  type AnyActions,
  createExecute,
  type Execute,
  type ExecuteArguments,
  type ExecuteOptions,
} from "./execute.ts";
import { failureError } from "./failures.ts";
import type { components, operations, paths } from "./generated/agent.ts";
import { type AgentOperationId, agentOperations } from "./generated/operations.ts";
import { createMemoryJournal, type Journal } from "./journal.ts";
import { createLeases, type LeaseEvent, type LeaseOptions, type Leases, leased } from "./lease.ts";
import {
  type ActionResult,
  type ApprovalStatus,
  type EgressProfile,
  type ExecutionReceipt,
  egressProfileFromJson,
  receiptFromJson,
} from "./models.ts";
import { type OperationTable, outcomeIn } from "./outcomes.ts";
import { resending, retrying } from "./retry.ts";
import { type Clock, createClock } from "./send.ts";
import { checkedLease, type SessionView } from "./session.ts";
import type { GateTool, ToolOptions } from "./tools/tools.ts";
import { createTrace, debugLogger, type Logger, type Trace, type TraceContext } from "./tracing.ts";
import { createTransport, type Transport } from "./transport.ts";
import { createValidator, type Validator } from "./validation.ts";

type Schemas = components["schemas"];

export interface ClientOptions extends ConnectionOptions {
  /**
   * A label of the caller's own, any text. It is never sent (the gate tells callers apart by their transport). Giving it
   * lets the client take a lease by itself with the first call that needs one.
   */
  readonly agentId?: string | undefined;
  /** How long one call may take, in milliseconds. Default 30,000, and 45,000 for `execute`. */
  readonly timeoutMs?: number | undefined;
  /** How often a call that surely did nothing is made again; `false`: nothing is ever sent twice. Default 3 tries. */
  readonly retry?: RetryOptions | false | undefined;
  /** `before`: parameters are checked before they are sent; see `ExecuteOptions.validate`. */
  readonly validate?: "before" | undefined;
  /** Where calls with a `callId` are remembered. Default: in memory. */
  readonly journal?: Journal | undefined;
  /** What a lease is asked for when the client takes it by itself. */
  readonly lease?: LeaseOptions | undefined;
  /** A transport from `createTransport`, shared with other clients and closed by whoever made it. */
  readonly transport?: Transport | undefined;
  /** Gets one line for each execute, attempt, lease and wait: `console` is one. `LATCHGATE_DEBUG=1` prints them without. */
  readonly logger?: Logger | undefined;
  /** Hears of new sessions, and of renewals that failed in the background. What it throws is ignored. */
  readonly onEvent?: ((event: LeaseEvent) => void) | undefined;
  /** The clock, in milliseconds since the epoch: the time in proofs and the age of leases. Default: the system's. */
  readonly now?: (() => number) | undefined;
  /** Time, timers and chance altogether, for tests that let minutes pass in no time. In place of `now`. */
  readonly clock?: Clock | undefined;
}

export interface ConnectOptions extends LeaseOptions {
  /** Like `ClientOptions.agentId`; has no effect here. */
  readonly agentId?: string | undefined;
}

/**
 * What the document says of an answer that `createAgentApi` returned: whether the action may have run.
 *
 * @example
 * const { error, response } = await api.POST("/v1/actions/{action_id}/execute", { params, body });
 * if (outcomeOf("executeAction", response, error) === "not_executed") …
 */
export const outcomeOf = outcomeIn<AgentOperationId>(agentOperations);

/**
 * The low-level client of a gate's client socket: openapi-fetch, typed by `openapi/agent.yaml`, that signs and leases by
 * itself. An answer of the gate is returned, whatever its status (`outcomeOf` says what it means for the effect); what
 * has no usable answer is thrown as a `LatchGateError`.
 */
export type AgentApi<Paths extends object = paths> = Api<Paths> &
  AsyncDisposable & { close(): Promise<void> };

/**
 * Where your gate's API differs, `latchgate-client generate` makes `paths` and `agentOperations` from its document: give the
 * first as the type and the second as `operations`.
 *
 * @example
 * const api = createAgentApi({ baseUrl });
 * const { data, error, response } = await api.POST("/v1/actions/{action_id}/execute", {
 *   params: { path: { action_id: "http_fetch" } },
 *   body: { url },
 * });
 */
export function createAgentApi<Paths extends object = paths>({
  operations,
  ...options
}: ClientOptions & { readonly operations?: OperationTable | undefined } = {}): AgentApi<Paths> {
  const agent = createAgent({ ...options, agentId: options.agentId ?? "" });
  return Object.assign(agent.api<Paths>(operations), {
    close: agent.close,
    [Symbol.asyncDispose]: agent.close,
  });
}

/**
 * Calls a gate from an agent's program: takes a lease, signs, executes actions, reads receipts.
 *
 * @example
 * const client = new LatchGateClient({ agentId: "agent:my-bot" });
 * const result = await client.execute("http_fetch", { url });
 * if (result.ok) …
 */
export class LatchGateClient<Actions extends ActionsLike<Actions> = AnyActions> implements AsyncDisposable {
  readonly #agent: Agent;
  #api: Api<paths> | undefined;

  constructor(options: ClientOptions = {}) {
    this.#agent = createAgent(options);
  }

  /** The gate's public base URL, as proofs name it. */
  get gateUrl(): string {
    return this.#agent.transport.route.publicBaseUrl;
  }

  /** The undici dispatcher that reaches this gate. */
  get httpDispatcher(): Transport["dispatcher"] {
    return this.#agent.transport.dispatcher;
  }

  /** The current session's id; null before there is one. */
  get sessionId(): string | null {
    return this.#agent.leases.current?.sessionId ?? null;
  }

  get leaseJti(): string | null {
    return this.#agent.leases.current?.leaseJti ?? null;
  }

  /** The current session, without its token; null before there is one. */
  get session(): SessionView | null {
    return this.#agent.leases.current?.view() ?? null;
  }

  /** As in 0.2.0: programs read it, though it was never meant for them. */
  protected get leaseJwt(): string | null {
    return this.#agent.leases.current?.token ?? null;
  }

  /** What a printer shows: one that calls getters would find the token. */
  [inspect.custom](): Record<string, unknown> {
    return { gateUrl: this.gateUrl, session: this.session };
  }

  /** The low-level typed client, on this client's session. */
  get api(): Api<paths> {
    this.#api ??= this.#agent.api();
    return this.#api;
  }

  /**
   * Takes a lease: a new session with a new budget. Without options it asks for the same as the last time, with the full
   * budget. Not needed when `agentId` was given.
   * @throws LatchGateInvalidRequest, LatchGateDenied (the gate refused), LatchGateUnavailable, LatchGateTransportError
   */
  async connect(options?: ConnectOptions, callOptions: CallOptions = {}): Promise<void> {
    const { agentId: _, ...lease } = options ?? {};
    const given = Object.values(lease).some((value) => value !== undefined) ? lease : undefined;
    const state = this.#agent.waiting(callOptions);
    await this.#agent.leases.connect(given, state).catch((error: unknown) => {
      throw failureError(state, error);
    });
  }

  /**
   * Executes an action. That it resolves means that it ran, not that it succeeded: see `result.ok`.
   * @throws LatchGateApprovalRequired when it is held: nothing has run, and it must not be executed again
   * @throws LatchGateOutcomeUnknown when it may have run: it must not be repeated
   * @throws LatchGateInvalidRequest before anything is sent, when the call is wrong
   * @throws LatchGateApprovalDenied, LatchGateApprovalExpired, LatchGateApprovalLost with `whenHeld: "wait"`
   * @throws LatchGateDenied, LatchGateBudgetExhausted, LatchGateAuthError, LatchGateUnavailable, LatchGateTransportError
   */
  execute<Id extends keyof Actions & string>(
    actionId: Id,
    ...paramsAndOptions: ExecuteArguments<Actions[Id]>
  ): Promise<ActionResult>;
  execute(actionId: string, params?: unknown, options: unknown = {}): Promise<ActionResult> {
    // What the compiler was told of this gate's actions ends here.
    return this.#run(actionId, params as Record<string, unknown> | undefined, options as ExecuteOptions);
  }

  #run(
    actionId: string,
    params: Record<string, unknown> | undefined,
    options: ExecuteOptions = {},
  ): Promise<ActionResult> {
    const { validate } = this.#agent;
    return this.#agent.execute(actionId, params, validate === undefined ? options : { validate, ...options });
  }

  /**
   * Waits until an operator has decided about a held action, and gives the result of what the gate executed then. The
   * approval is polled with the session that opened it, at the gate's pace.
   * @param target the error that `execute` threw, or an approval's id
   * @throws LatchGateApprovalDenied, LatchGateApprovalExpired (nothing has run)
   * @throws LatchGateApprovalLost when the lease of that session ends first: what became of it is not known
   * @throws LatchGateApprovalRequired with the code `aborted` or `wait_timeout` when the caller ends the wait
   * @throws LatchGateOutcomeUnknown when the approved action failed: it may have run
   */
  async waitForApproval(
    target: string | LatchGateApprovalRequired,
    options: WaitOptions = {},
  ): Promise<ActionResult> {
    return this.#agent.approvals.wait(target, options);
  }

  /**
   * A receipt by its id. Any lease may read any receipt.
   * @throws LatchGateNotFound
   */
  async getReceipt(receiptId: string, options: CallOptions = {}): Promise<ExecutionReceipt> {
    const { body } = await this.#agent.call(
      "getReceipt",
      { path: { receipt_id: receiptId }, subject: "<receipt>" },
      options,
    );
    return receiptFromJson(body);
  }

  /**
   * Where an approval stands. The gate shows it to the session that opened it alone, so it is asked for with that one as
   * long as its lease lives, whatever session is current by now.
   * @throws LatchGateApprovalLost when that lease has ended
   * @throws LatchGateNotFound when the gate knows no such approval of this session
   */
  async getApprovalStatus(approvalId: string, options: CallOptions = {}): Promise<ApprovalStatus> {
    return this.#agent.approvals.status(approvalId, options);
  }

  /** Which hosts an action may talk to. Public at the gate: needs no lease. */
  async getActionEgress(actionId: string, options: CallOptions = {}): Promise<EgressProfile> {
    return egressProfileFromJson((await this.action(actionId, options)).egress);
  }

  /** The gate's actions. Needs no lease. */
  async actions(options: CallOptions = {}): Promise<readonly Schemas["ActionSummary"][]> {
    return (await this.#agent.call("listActions", { subject: "<actions>" }, options)).body.actions;
  }

  /** One action in detail. Needs no lease. */
  async action(actionId: string, options: CallOptions = {}): Promise<Schemas["ActionDetail"]> {
    return (
      await this.#agent.call("getAction", { path: { action_id: actionId }, subject: actionId }, options)
    ).body;
  }

  /** The JSON Schema of an action's parameters. Needs no lease. @throws LatchGateNotFound where there is none */
  async actionSchema(actionId: string, options: CallOptions = {}): Promise<unknown> {
    const input = { path: { action_id: actionId }, subject: actionId };
    return (await this.#agent.call("getActionRequestSchema", input, options)).body;
  }

  /**
   * The gate's actions as tools of any agent framework: plain objects, see `GateTool`. Reading them needs no lease.
   * @throws LatchGateInvalidRequest when an action that `only` or `except` names is not there
   *
   * @example
   * const tools = await client.tools({ maxRisk: "medium", onHeld: "wait" });
   */
  async tools(options: ToolOptions = {}): Promise<GateTool[]> {
    const { createTools } = await import("./tools/tools.ts");
    return createTools(
      {
        actions: (reading) => this.actions(reading),
        action: (actionId, reading) => this.action(actionId, reading),
        actionSchema: (actionId, reading) => this.actionSchema(actionId, reading),
        execute: (actionId, params, how) => this.#run(actionId, params, how),
        waitForApproval: (held, waiting) => this.waitForApproval(held, waiting),
        issues: (actionId, params) => this.#agent.validator.issues(actionId, params),
      },
      options,
    );
  }

  /** Whether the gate's process answers. */
  async health(options: CallOptions = {}): Promise<Schemas["Health"]> {
    return (await this.#agent.call("getHealth", { subject: "<health>" }, options)).body;
  }

  /** Whether the gate can work, and what keeps it from it: a gate that is not ready is an answer here and no error. */
  async ready(options: CallOptions = {}): Promise<Schemas["Readiness"]> {
    const input = { subject: "<ready>", accept: [200, 503] as const };
    return (await this.#agent.call("getReadiness", input, options)).body;
  }

  /** The key that the gate signs leases with. */
  async leaseKeys(options: CallOptions = {}): Promise<Schemas["LeaseKeySet"]> {
    return (await this.#agent.call("getLeaseKeys", { subject: "<keys>" }, options)).body;
  }

  /** Closes the connections that this client has opened, and nothing that was given to it. */
  async close(): Promise<void> {
    await this.#agent.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** The parts of one client, put together. */
interface Agent {
  readonly call: Call<operations>;
  readonly approvals: Approvals;
  readonly execute: Execute;
  readonly validator: Validator;
  readonly validate: "before" | undefined;
  readonly leases: Leases;
  readonly transport: Transport;
  readonly clock: Clock;
  /** The state of a wait for a lease. */
  waiting(options: CallOptions): CallState;
  api<Paths extends object = paths>(table?: OperationTable): Api<Paths>;
  close(): Promise<void>;
}

function createAgent(options: ClientOptions): Agent {
  const clock = options.clock ?? createClock(options.now);
  const transport = transportOf(options, clock);
  const { route, quota } = transport;
  const defaults = { timeoutMs: options.timeoutMs, retry: retryPolicy(options.retry) };
  const proofClock = createProofClock(clock.now);
  const trace = createTrace(options.logger ?? debugLogger(), clock.monotonic);
  const attempt = signed<CallRequest>(
    route.publicBaseUrl,
    proofClock.now,
    ({ call }) => call.session,
    resending(clock, tracedAttempts(trace, transport.send)),
  );
  const ask = createCall<operations>(
    retrying(quota, proofClock, clock, attempt),
    agentOperations,
    defaults,
    clock,
  );
  const leases = createLeases(
    (body, own) =>
      trace.run(
        "lease",
        { operationId: "createLease", actionId: "<connect>" },
        async () => checkedLease((await ask("createLease", { body, subject: "<connect>" }, own)).body),
        (context, { session_id }) =>
          Object.assign(context, { sessionId: session_id, outcome: "not_executed" }),
      ),
    clock,
    options.agentId === undefined ? undefined : (options.lease ?? {}),
    quietly(options.onEvent),
  );
  const pipe = retrying(quota, proofClock, clock, leased(leases, clock, attempt));
  const connecting = {
    operationId: "createLease",
    operation: agentOperations.createLease,
    subject: "<connect>",
    path: agentOperations.createLease.path,
  } as const;
  const call = createCall<operations>(pipe, agentOperations, defaults, clock);
  const approvals = tracedApprovals(trace, createApprovals(call, clock));
  const journal = options.journal ?? createMemoryJournal();
  const validator = createValidator(call);
  return {
    call,
    approvals,
    execute: tracedExecute(trace, createExecute({ call, approvals, validator, journal, clock })),
    validator,
    validate: options.validate,
    leases,
    transport,
    clock,
    waiting: (own) => callState(connecting, own, defaults, clock),
    api: <Paths extends object = paths>(table: OperationTable = agentOperations) =>
      createApi<Paths>(pipe, table, route, defaults, clock),
    close: async () => {
      if (options.transport === undefined) await transport.close();
    },
  };
}

const ran = (context: TraceContext, { sessionId }: ActionResult) =>
  Object.assign(context, { sessionId, outcome: "executed" });

function tracedExecute(trace: Trace, execute: Execute): Execute {
  return (actionId, params, options) => {
    const run = () => execute(actionId, params, options);
    return trace.listens("execute")
      ? trace.run("execute", { operationId: "executeAction", actionId }, run, ran)
      : run();
  };
}

function tracedApprovals(trace: Trace, approvals: Approvals): Approvals {
  return {
    ...approvals,
    wait(target, options) {
      const actionId = typeof target === "string" ? "<approval>" : target.actionId;
      return trace.run(
        "approval",
        { operationId: "pollApproval", actionId },
        () => approvals.wait(target, options),
        ran,
      );
    },
  };
}

function tracedAttempts(trace: Trace, send: Transport["send"]): Pipe {
  return (request) => {
    if (!trace.listens("attempt")) return send(request);
    const { operationId, subject, session, attempts } = request.call;
    const { method } = request;
    const context = { operationId, actionId: subject, method, sessionId: session?.sessionId, attempts };
    return trace.run(
      "attempt",
      context,
      () => send(request),
      (told, { status }) => Object.assign(told, { status }),
    );
  };
}

const CONNECTION_OPTIONS = [
  "socket",
  "baseUrl",
  "publicBaseUrl",
  "tls",
  "fetch",
  "dispatcher",
  "maxResponseBytes",
] as const;

function transportOf(options: ClientOptions, clock: Clock): Transport {
  if (options.transport === undefined) return createTransport(options, clock);
  const also = CONNECTION_OPTIONS.filter((name) => options[name] !== undefined);
  if (also.length === 0) return options.transport;
  throw new LatchGateInvalidRequest(
    "<options>",
    `transport and ${also.join(", ")} contradict each other: give them to createTransport`,
    {
      code: "invalid_options",
    },
  );
}

/** A listener that throws changes nothing for the call that it heard of. */
function quietly(
  listener: ((event: LeaseEvent) => void) | undefined,
): ((event: LeaseEvent) => void) | undefined {
  if (listener === undefined) return undefined;
  return (event) => {
    try {
      listener(event);
    } catch {
      // Not ours to report.
    }
  };
}
