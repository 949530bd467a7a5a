import type { OperationFacts } from "../generated/operations.ts";
import type { Credentials, SignableRequest } from "../proof/dpop.ts";
import { checkedOptions, checkedSignal, checkedTimeout } from "../vocabulary/checked-options.ts";
import type { ErrorDetails } from "../vocabulary/errors.ts";
import { USER_AGENT } from "../vocabulary/version.ts";
import { type RetryOptions, type RetryPolicy, retryPolicyOf } from "../wire/backoff.ts";
import type { Clock } from "../wire/send.ts";
import type { Copy, Judged, Judgement, Verdict } from "./retry-decision.ts";

/** What every method takes as its last argument. */
export interface CallOptions {
  /** Gives the call up. What was sent by then may have run: the error says so. */
  readonly signal?: AbortSignal | undefined;
  /** How long the call may take with everything it needs (a lease, retries), in milliseconds. */
  readonly timeoutMs?: number | undefined;
  /** How often a call that surely did nothing is made again; `false`: nothing is ever sent twice. */
  readonly retry?: RetryOptions | false | undefined;
}

/** What a call of this package's own may be told beside. */
export interface OwnCallOptions extends CallOptions {
  /** Until when it may take, in place of `timeoutMs`: that may become later while it is under way. */
  readonly until?: () => number;
}

/** One call: what it is, how long it may take, and the ledger of its attempts. */
export interface CallState extends Judged {
  readonly operationId: string;
  readonly operation: OperationFacts;
  /** The action's id, or a word in brackets such as `<receipt>`. */
  readonly subject: string;
  readonly path: string;
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
  /** The only session that can make this call; any, if undefined. */
  readonly pinned: CallSession | undefined;
  readonly mostOfLife: boolean;
  /** Every attempt that gave no result, in order. */
  readonly copies: Copy[];
  /** Set when nothing more follows: what became of the call, unless it has a result. */
  judgement: Judgement | undefined;
  /** The session of the last attempt. */
  session: CallSession | undefined;
  /** The headers of the last attempt, with what is secret in them. */
  headers: SignableRequest["headers"];
  attempts: number;
  /** When the last attempt began, on the monotonic clock. */
  sentAt: number;
}

/** A session as the pipe sees it. */
export interface CallSession extends Credentials {
  readonly sessionId?: string;
  readonly budget?: CallBudget;
  /** Whether its lease has ended by its own clock. */
  hasEnded?(monotonic: number, now: number): boolean;
}

/** What calls in the world are counted against. */
export interface CallBudget {
  /** Counts a call; false, and nothing is counted, when there is none left. */
  take(): boolean;
  giveBack(): void;
}

export interface CallRequest extends SignableRequest {
  readonly call: CallState;
}

/**
 * From a request of a call to the attempt that stands for it: the one that has a result, else the one that `call.judgement`
 * names. Rejects where no attempt could be made.
 */
export type Pipe = (request: CallRequest) => Promise<Verdict>;

/** What is given where nothing is: there is nothing in it to be checked. */
export const NO_OPTIONS: CallOptions = Object.freeze({});

const DEFAULT_TIMEOUT_MS = 30_000;

/** Where the gate itself may take longer: an action has 30 s there. */
export const TIMEOUTS_MS: { readonly [operationId: string]: number } = {
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
  given: OwnCallOptions,
  defaults: CallDefaults,
  clock: Clock,
): CallState {
  const { operationId, operation, subject, path, pinned, mostOfLife = false } = call;
  const options = given === NO_OPTIONS ? given : checkedOptions(given, subject);
  const own = checkedTimeout(options.timeoutMs ?? defaults.timeoutMs, subject);
  const timeoutMs = own ?? TIMEOUTS_MS[operationId] ?? DEFAULT_TIMEOUT_MS;
  const state: CallState = {
    operationId,
    operation,
    subject,
    path,
    pinned,
    mostOfLife,
    clock,
    deadline: clock.monotonic() + timeoutMs,
    signal: checkedSignal(options.signal, subject),
    policy: retryPolicyOf(options.retry, defaults.retry),
    copies: [],
    judgement: undefined,
    session: undefined,
    headers: BARE_HEADERS,
    attempts: 0,
    sentAt: 0,
  };
  // Few calls have one, and an object that is written with a getter costs each call microseconds.
  if (options.until !== undefined) Object.defineProperty(state, "deadline", { get: options.until });
  return state;
}

const BARE_HEADERS = { "User-Agent": USER_AGENT };
const JSON_HEADERS = { "Content-Type": "application/json", "User-Agent": USER_AGENT };

/** A request of a call; each attempt adds its time and its signature. `target`: path and query as they travel. */
export function callRequest(state: CallState, body: string | undefined, target: string): CallRequest {
  const { operation, path, signal } = state;
  return {
    target,
    method: operation.method,
    path,
    headers: body === undefined ? BARE_HEADERS : JSON_HEADERS,
    body,
    signal,
    timeoutMs: 0,
    call: state,
  };
}

/** A read that hangs is given up and tried again before the whole call's time is over. */
const READ_ATTEMPT_MS = 10_000;

/** How long this try may take: all that is left, but for a read that could be tried again. */
export function attemptMs({ deadline, operation, policy, sentAt }: CallState, tries: number): number {
  const left = deadline - sentAt;
  return operation.effect === "none" && tries < policy.attempts ? Math.min(left, READ_ATTEMPT_MS) : left;
}

/** What an error of this call can say of it. */
export function detailsOf(state: CallState): ErrorDetails {
  const { operation, path, attempts, session } = state;
  return { request: { method: operation.method, path }, attempts, sessionId: session?.sessionId };
}
