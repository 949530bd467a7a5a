import { type RetryOptions, type RetryPolicy, retryPolicy } from "./backoff.ts";
import type { Credentials, SignableRequest } from "./dpop.ts";
import type { ErrorDetails } from "./errors.ts";
import type { OperationFacts } from "./generated/operations.ts";
import { checkedOptions, checkedSignal, checkedTimeout } from "./given.ts";
import type { BufferedResponse, Clock, Send, SendFailure } from "./send.ts";
import { USER_AGENT } from "./version.ts";

/** What every method takes as its last argument. */
export interface CallOptions {
  /** Gives the call up. What was sent by then may have run: the error says so. */
  readonly signal?: AbortSignal | undefined;
  /** How long the call may take with everything it needs (a lease, retries), in milliseconds. */
  readonly timeoutMs?: number | undefined;
  /** How often a call that surely did nothing is made again; `false`: nothing is ever sent twice. */
  readonly retry?: RetryOptions | false | undefined;
}

/** What the layers of the pipe know and note about one call. */
export interface CallState {
  readonly operationId: string;
  readonly operation: OperationFacts;
  /** The action's id, or a word in brackets such as `<receipt>`. */
  readonly subject: string;
  readonly path: string;
  readonly clock: Clock;
  /** On the monotonic clock, in milliseconds. */
  readonly deadline: number;
  readonly signal: AbortSignal | undefined;
  readonly policy: RetryPolicy;
  /** The only session that can make this call; any, if undefined. */
  readonly pinned: CallSession | undefined;
  readonly mostOfLife: boolean;
  /** The session of the last attempt. */
  session: CallSession | undefined;
  attempts: number;
  /** What the last try gave, where an earlier failure stands for the call. */
  lastFailure: BufferedResponse | SendFailure | undefined;
}

/** A session as the pipe sees it. */
export interface CallSession extends Credentials {
  readonly sessionId: string;
}

export interface CallRequest extends SignableRequest {
  readonly call: CallState;
}

/** The pipe, from its top: a request of a call to the gate's answer, whatever its status. */
export type Pipe = Send<CallRequest, BufferedResponse>;

const DEFAULT_TIMEOUT_MS = 30_000;

/** Where the gate itself may take longer: an action has 30 s there. */
const TIMEOUTS_MS: { readonly [operationId: string]: number } = {
  executeAction: 45_000,
  // It waits without limit for one of four places before those 30 s begin (contract operator.md 2.3).
  approveApproval: 120_000,
};

/** What a client says of all its calls. */
export interface CallDefaults {
  readonly timeoutMs: number | undefined;
  readonly retry: RetryPolicy;
}

/** A new call's state; its time begins to run out now. */
export function callState(
  call: Pick<CallState, "operationId" | "operation" | "subject" | "path"> &
    Partial<Pick<CallState, "pinned" | "mostOfLife">>,
  options: CallOptions,
  defaults: CallDefaults,
  clock: Clock,
): CallState {
  const { operationId, operation, subject, path, pinned, mostOfLife = false } = call;
  checkedOptions(options, subject);
  const own = checkedTimeout(options.timeoutMs ?? defaults.timeoutMs, subject);
  const timeoutMs = own ?? TIMEOUTS_MS[operationId] ?? DEFAULT_TIMEOUT_MS;
  return {
    operationId,
    operation,
    subject,
    path,
    pinned,
    mostOfLife,
    clock,
    deadline: clock.monotonic() + timeoutMs,
    signal: checkedSignal(options.signal, subject),
    policy: policyOf(options.retry, defaults.retry),
    session: undefined,
    attempts: 0,
    lastFailure: undefined,
  };
}

/** One call's own numbers; whether a lost call is sent once more is the client's word unless they say it. */
function policyOf(own: CallOptions["retry"], clients: RetryPolicy): RetryPolicy {
  if (own === undefined) return clients;
  return retryPolicy(own === false ? false : { ...own, resend: own.resend ?? clients.resend });
}

const BARE_HEADERS = { "User-Agent": USER_AGENT };
const JSON_HEADERS = { "Content-Type": "application/json", "User-Agent": USER_AGENT };

/** A request of a call, for its first attempt. `target`: path and query as they travel. */
export function callRequest(state: CallState, body: string | undefined, target: string): CallRequest {
  const { operation, path, signal } = state;
  return {
    target,
    method: operation.method,
    path,
    headers: body === undefined ? BARE_HEADERS : JSON_HEADERS,
    body,
    signal,
    timeoutMs: attemptMs(state, 1),
    call: state,
  };
}

/** A read that hangs is given up and tried again before the whole call's time is over. */
const READ_ATTEMPT_MS = 10_000;

/** How long this try may take: all that is left, but for a read that could be tried again. */
export function attemptMs({ deadline, operation, policy, clock }: CallState, tries: number): number {
  const left = deadline - clock.monotonic();
  return operation.effect === "none" && tries < policy.attempts ? Math.min(left, READ_ATTEMPT_MS) : left;
}

/** What an error of this call can say of it. */
export function detailsOf(state: CallState): ErrorDetails {
  const { operation, path, attempts, session } = state;
  return { request: { method: operation.method, path }, attempts, sessionId: session?.sessionId };
}
