import { type Api, createApi } from "../call/api.ts";
import { type Call, createCall } from "../call/call.ts";
import { type CallOptions, type CallRequest, type CallState, callState } from "../call/call-state.ts";
import { createSending, type Sessions } from "../call/sending.ts";
import { createTrace, debugLogger, type Logger, type Trace, type TraceContext } from "../call/tracing.ts";
import type { operations, paths } from "../generated/agent.ts";
import { agentOperations } from "../generated/operations.ts";
import { createProofClock, createSign } from "../proof/dpop.ts";
import { createLeases, type LeaseEvent, type LeaseOptions, type Leases } from "../session/lease.ts";
import { checkedLease } from "../session/session.ts";
import { checkedListener, checkedOptions, checkedWord, wrongOptions } from "../vocabulary/checked-options.ts";
import { tell } from "../vocabulary/listeners.ts";
import type { ActionResult } from "../vocabulary/models.ts";
import type { OperationTable } from "../vocabulary/outcomes.ts";
import { type RetryOptions, retryPolicy } from "../wire/backoff.ts";
import { agentIdIn, type ConnectionOptions } from "../wire/config.ts";
import { type BufferedResponse, type Clock, createClock, type Send } from "../wire/send.ts";
import { createTransport, givenTransport, type Transport } from "../wire/transport.ts";
import { type ActionNames, createActionNames } from "./action-names.ts";
import { type Approvals, createApprovals } from "./approvals.ts";
import { createExecute, type Execute, type Follow } from "./execute.ts";
import { createHandover, type HandoverOptions } from "./handover.ts";
import { createMemoryJournal, type Journal } from "./journal.ts";
import { createValidator, type Validator } from "./validation.ts";

export interface ClientOptions extends ConnectionOptions {
  /**
   * A label of the caller's own, any text. It is never sent (the gate tells callers apart by their transport). Giving it
   * lets the client take a lease by itself with the first call that needs one. Default: `LATCHGATE_AGENT_ID`.
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
  /**
   * Lets other processes that have the journal and this key take up calls that are held: what they need (the lease, its key)
   * is kept in the journal then, sealed. Without it nothing secret is stored.
   */
  readonly handover?: HandoverOptions | undefined;
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

/** The parts of one client, put together. */
export interface Agent {
  readonly call: Call<operations>;
  readonly approvals: Approvals;
  readonly execute: Execute;
  readonly follow: Follow;
  readonly validator: Validator;
  readonly validate: "before" | undefined;
  readonly leases: Leases;
  readonly names: ActionNames;
  readonly transport: Transport;
  readonly clock: Clock;
  /** The state of a wait for a lease. */
  waiting(options: CallOptions): CallState;
  api<Paths extends object = paths>(table?: OperationTable): Api<Paths>;
  close(): Promise<void>;
}

export function createAgent(given: ClientOptions): Agent {
  const options = checkedOptions(given);
  const onEvent = checkedListener("onEvent", options.onEvent);
  checkedWord("validate", options.validate, ["before"], "<options>");
  if (options.agentId !== undefined && (typeof options.agentId !== "string" || options.agentId === ""))
    throw wrongOptions("agentId must be a text that is not empty");
  const clock = options.clock ?? createClock(options.now);
  const transport = givenTransport(options) ?? createTransport(options, clock);
  const { route } = transport;
  const defaults = { timeoutMs: options.timeoutMs, retry: retryPolicy(options.retry) };
  const proofClock = createProofClock(clock.now);
  const trace = createTrace(options.logger ?? debugLogger(), clock.monotonic);
  const closing = new AbortController();
  const sessions: Sessions = {
    signs: "lease",
    ready: (asking) => leases.ready(asking),
    async acquire(asking) {
      if (leases.current?.budget.left === 0) await approvals.settleEnded();
      return leases.acquire(asking);
    },
    refuse: (session) => leases.refuse(session),
    recount: () => approvals.settleEnded(),
  };
  const pipe = createSending({
    send: tracedAttempts(trace, transport.send),
    sign: createSign(route.publicBaseUrl, proofClock.now),
    sessions,
    proofClock,
    quota: transport.quota,
    clock,
    closing: closing.signal,
  });
  const call = createCall<operations>(pipe, agentOperations, defaults, clock);
  const leases = createLeases(
    (body, own) =>
      trace.run(
        "lease",
        { operationId: "createLease", actionId: "<connect>" },
        async () => checkedLease((await call("createLease", { body, subject: "<connect>" }, own)).body),
        (context, { session_id }) =>
          Object.assign(context, { sessionId: session_id, outcome: "not_executed" }),
      ),
    clock,
    (options.agentId ?? agentIdIn()) === undefined ? undefined : (options.lease ?? {}),
    onEvent === undefined ? undefined : (event) => tell(onEvent, event),
  );
  const connecting = {
    operationId: "createLease",
    operation: agentOperations.createLease,
    subject: "<connect>",
    path: agentOperations.createLease.path,
  } as const;
  const approvals = tracedApprovals(
    trace,
    createApprovals({ call, clock, gateNow: proofClock.now, closing: closing.signal }),
  );
  const journal = options.journal ?? createMemoryJournal();
  const handover = options.handover === undefined ? undefined : createHandover(options.handover);
  const validator = createValidator(call, clock, options.timeoutMs);
  const names = createActionNames();
  const { execute, follow } = createExecute({
    ...{ call, approvals, validator, journal, handover, names, clock },
    gateUrl: route.publicBaseUrl,
    closing: closing.signal,
    timeoutMs: options.timeoutMs,
  });
  return {
    call,
    approvals,
    execute: tracedExecute(trace, execute),
    follow,
    validator,
    names,
    validate: options.validate,
    leases,
    transport,
    clock,
    waiting: (own) => callState(connecting, own, defaults, clock),
    api: <Paths extends object = paths>(table: OperationTable = agentOperations) =>
      createApi<Paths>(pipe, table, route, defaults, clock),
    close: async () => {
      closing.abort();
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

function tracedAttempts(trace: Trace, send: Transport["send"]): Send<CallRequest, BufferedResponse> {
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
