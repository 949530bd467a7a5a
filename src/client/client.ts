import { inspect } from "node:util";
import { type Agent, type ClientOptions, createAgent } from "../agent/agent.ts";
import type { WaitOptions } from "../agent/approvals.ts";
import type { ActionsLike, AnyActions, ExecuteArguments, ExecuteOptions } from "../agent/execute.ts";
import type { Api } from "../call/api.ts";
import { type CallOptions, NO_OPTIONS } from "../call/call-state.ts";
import { unsentError } from "../call/failures.ts";
import type { components, paths } from "../generated/agent.ts";
import { type AgentOperationId, agentOperations } from "../generated/operations.ts";
import type { LeaseOptions } from "../session/lease.ts";
import type { SessionView } from "../session/session.ts";
import type { GateTool, ToolOptions } from "../tools/tools.ts";
import { areOptions } from "../vocabulary/checked-options.ts";
import { type LatchGateApprovalRequired, LatchGateInvalidRequest } from "../vocabulary/errors.ts";
import {
  type ActionResult,
  type ApprovalStatus,
  type EgressProfile,
  type ExecutionReceipt,
  egressProfileFromJson,
  receiptFromJson,
} from "../vocabulary/models.ts";
import { type OperationTable, outcomeIn } from "../vocabulary/outcomes.ts";
import type { Transport } from "../wire/transport.ts";

type Schemas = components["schemas"];

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
  const agent = createAgent({ ...options, agentId: options.agentId ?? "api" });
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
    try {
      await this.#agent.leases.connect(given, state);
    } catch (error) {
      throw unsentError(state, error);
    }
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
  execute(actionId: string, params?: unknown, options: unknown = NO_OPTIONS): Promise<ActionResult> {
    // What the compiler was told of this gate's actions ends here.
    return this.#run(actionId, params as Record<string, unknown> | undefined, options as ExecuteOptions);
  }

  #run(
    actionId: string,
    params: Record<string, unknown> | undefined,
    options: ExecuteOptions = NO_OPTIONS,
  ): Promise<ActionResult> {
    const { validate } = this.#agent;
    return this.#agent.execute(
      actionId,
      params,
      validate === undefined || !areOptions(options) ? options : { validate, ...options },
    );
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
    if (typeof target !== "string" && typeof target?.approvalId !== "string")
      throw new LatchGateInvalidRequest(
        "<approval>",
        "what is waited for must be the error, or an approval's id",
        {
          code: "invalid_identifier",
        },
      );
    return this.#agent.approvals.wait(target, options);
  }

  /**
   * Waits for what becomes of the call that was made with this `callId`, by this process or by another one with the same
   * journal, and gives its result. It never sends the call: its parameters need not be known. A call that was held in another
   * process is followed in that one's session, which takes `handover`.
   * @throws LatchGateNotFound with the code `no_such_call` when the journal has none
   * @throws LatchGateOutcomeUnknown when it may have run, and nobody has noted an answer
   * @throws LatchGateApprovalDenied, LatchGateApprovalExpired, LatchGateApprovalLost, LatchGateApprovalRequired, LatchGateJournalError
   *
   * @example
   * const result = await client.follow("order-4711", { waitMs: 60_000 });
   */
  async follow(callId: string, options: WaitOptions = {}): Promise<ActionResult> {
    return this.#agent.follow(callId, options);
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
    const { actions } = (await this.#agent.call("listActions", { subject: "<actions>" }, options)).body;
    this.#agent.names.heard(actions);
    return actions;
  }

  /** One action in detail. Needs no lease. */
  async action(actionId: string, options: CallOptions = {}): Promise<Schemas["ActionDetail"]> {
    const input = { path: { action_id: actionId }, subject: actionId };
    try {
      return (await this.#agent.call("getAction", input, options)).body;
    } catch (error) {
      throw this.#agent.names.explained(error);
    }
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
    const { createTools } = await import("../tools/tools.ts");
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
