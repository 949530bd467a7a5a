import { inspect } from "node:util";
import type { Api } from "../call/api.ts";
import type { CallOptions } from "../call/call-state.ts";
import type { ReceiptKey } from "../evidence/receipts.ts";
import type { components, paths } from "../generated/operator.ts";
import { type ExecutionReceipt, receiptFromJson } from "../vocabulary/models.ts";
import { type OperationTable, outcomeIn } from "../vocabulary/outcomes.ts";
import type { Transport } from "../wire/transport.ts";
import { createOperatorApprovals, type OperatorApprovals } from "./approvals.ts";
import { type Audit, createAudit } from "./audit.ts";
import {
  type Connection,
  connect,
  type OperatorApiOperationId,
  type OperatorOptions,
  operatorApiOperations,
} from "./connection.ts";
import { type DiscoverOptions, discoverOptions } from "./discover.ts";
import {
  createLearnedDomains,
  createLearnedPaths,
  type LearnedDomains,
  type LearnedPaths,
} from "./learned.ts";
import { createPolicy, type Policy } from "./policy.ts";

type Schemas = components["schemas"];

/**
 * What the document says of an answer that `createOperatorApi` returned (its `error`, or its `data`: `already_denied` is a
 * 200): whether the action may have run; of a write, whether the gate may have done it.
 */
export const outcomeOf = outcomeIn<OperatorApiOperationId>(operatorApiOperations);

/** The low-level client of a gate's operators' socket: openapi-fetch, typed by `openapi/operator.yaml`, that signs by itself. */
export type OperatorApi<Paths extends object = paths> = Api<Paths> &
  AsyncDisposable & { close(): Promise<void> };

/**
 * An answer of the gate is returned, whatever its status; what has no usable answer is thrown as a `LatchGateError`. An
 * approve by this way is sent without a look at the approval: see `LatchGateOperator` for what that can do.
 *
 * Where your gate's API differs, `latchgate-client generate` makes `paths` and `operatorOperations` from its document: give
 * the first as the type and the second as `operations`.
 *
 * @example
 * const api = createOperatorApi({ apiKey, privateKey });
 * const { data, error, response } = await api.GET("/v1/approvals", { params: { query: { status: "pending" } } });
 */
export function createOperatorApi<Paths extends object = paths>({
  operations,
  ...options
}: OperatorOptions & { readonly operations?: OperationTable | undefined }): OperatorApi<Paths> {
  const connection = connect(options);
  return Object.assign(connection.api<Paths>(operations), {
    close: connection.close,
    [Symbol.asyncDispose]: connection.close,
  });
}

/**
 * Decides on held actions, reads the audit ledger, and says what a gate allows, from an operator's program.
 *
 * @example
 * const operator = await LatchGateOperator.discover();
 * for await (const approval of operator.approvals.watch({ signal })) await operator.approvals.deny(approval.approval_id, "not today");
 */
export class LatchGateOperator implements AsyncDisposable {
  readonly #connection: Connection;
  #api: Api<paths> | undefined;
  /** Held actions, and deciding on them. */
  readonly approvals: OperatorApprovals;
  /** The ledger of everything that was decided. */
  readonly audit: Audit;
  /** The domains that actions may reach beside those of their manifests. */
  readonly domains: LearnedDomains;
  /** The path globs that approved actions may touch. */
  readonly paths: LearnedPaths;
  /** Who may execute what. */
  readonly policy: Policy;

  constructor(options: OperatorOptions) {
    const connection = connect(options);
    const { call, clock } = connection;
    this.#connection = connection;
    this.approvals = Object.freeze(createOperatorApprovals(call, clock));
    this.audit = Object.freeze(createAudit(call));
    this.domains = Object.freeze(createLearnedDomains(call));
    this.paths = Object.freeze(createLearnedPaths(call));
    this.policy = Object.freeze(createPolicy(call));
  }

  /**
   * An operator's client for the gate of this machine, found with its credentials as the gate's own command finds them: the
   * environment (`LATCHGATE_OPERATOR_KEY`, the api key, with `LATCHGATE_OPERATOR_PRIVATE_KEY`, the path of a PEM), else the
   * one credential of the gate's configuration with its PEM in `.latchgate/operators/`.
   * @throws LatchGateInvalidRequest that says what is missing, or lists the credentials where there are several
   */
  static async discover(options: DiscoverOptions = {}): Promise<LatchGateOperator> {
    return new LatchGateOperator(await discoverOptions(options));
  }

  /** The gate's public base URL, as proofs name it. */
  get gateUrl(): string {
    return this.#connection.transport.route.publicBaseUrl;
  }

  /** The undici dispatcher that reaches this gate. */
  get httpDispatcher(): Transport["dispatcher"] {
    return this.#connection.transport.dispatcher;
  }

  /** The low-level typed client, with this operator's credentials. */
  get api(): Api<paths> {
    this.#api ??= this.#connection.api();
    return this.#api;
  }

  /** What a printer shows. */
  [inspect.custom](): Record<string, unknown> {
    const { baseUrl, socket } = this.#connection.transport.route;
    return { gateUrl: this.gateUrl, ...(socket === undefined ? { baseUrl } : { socket }) };
  }

  /** How the gate is. */
  async status(options?: CallOptions): Promise<Schemas["GateStatus"]> {
    return (await this.#connection.call("getStatus", { subject: "<gate>" }, options)).body;
  }

  /** The revocation epoch, which begins at 0 with each start of the gate. Each read is an audit event. */
  async epoch(options?: CallOptions): Promise<Schemas["Epoch"]> {
    return (await this.#connection.call("getEpoch", { subject: "<gate>" }, options)).body;
  }

  /** Ends the grants that are being executed. Leases and approvals that wait stay as they are. */
  async revokeAll(options?: CallOptions): Promise<Schemas["Revocation"]> {
    return (await this.#connection.call("revokeAll", { subject: "<gate>" }, options)).body;
  }

  /** Lets the gate take no more leases, executes and approves. **Only a restart of the gate ends it.** */
  async drain(options?: CallOptions): Promise<Schemas["GateDraining"]> {
    return (await this.#connection.call("drain", { subject: "<gate>" }, options)).body;
  }

  /** Reads manifests and policy data again; not the configuration, and not the credentials. */
  async reload(options?: CallOptions): Promise<Schemas["GateReloaded"]> {
    return (await this.#connection.call("reload", { subject: "<gate>" }, options)).body;
  }

  /** The gate's metrics, as OpenMetrics text. */
  async metrics(options?: CallOptions): Promise<string> {
    return (await this.#connection.call("getMetrics", { subject: "<gate>" }, options)).body;
  }

  /** A receipt by its id. @throws LatchGateNotFound */
  async receipt(receiptId: string, options?: CallOptions): Promise<ExecutionReceipt> {
    const input = { path: { receipt_id: receiptId }, subject: receiptId };
    return receiptFromJson((await this.#connection.call("getReceiptAsOperator", input, options)).body);
  }

  /** The keys that receipts are signed with, for `verifyReceipt`. Each read is an audit event. */
  async receiptKeys(options?: CallOptions): Promise<readonly (ReceiptKey & Schemas["ReceiptKey"])[]> {
    return (await this.#connection.call("listReceiptKeys", { subject: "<receipt>" }, options)).body.keys;
  }

  /** Whether the gate can work, and what keeps it from it: a gate that is not ready is an answer here and no error. */
  async ready(options?: CallOptions): Promise<Schemas["Readiness"]> {
    const input = { subject: "<gate>", accept: [200, 503] as const };
    return (await this.#connection.call("getReadiness", input, options)).body;
  }

  /** Closes the connections that this client has opened, and nothing that was given to it. */
  async close(): Promise<void> {
    await this.#connection.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
