import type { CallOptions, CallSession, CallState, OwnCallOptions } from "../call/call-state.ts";
import { NO_CALLS_LEFT } from "../call/sending.ts";
import type { components } from "../generated/agent.ts";
import { DPoPKeyPair } from "../proof/dpop.ts";
import { checkedOptions } from "../vocabulary/checked-options.ts";
import {
  LatchGateBudgetExhausted,
  LatchGateInvalidRequest,
  LatchGateNotConnected,
} from "../vocabulary/errors.ts";
import { type Clock, SendFailure } from "../wire/send.ts";
import { createFlight, type Flight } from "./flight.ts";
import { Budget, type LeaseAnswer, Session, type SessionView } from "./session.ts";

export type LeaseRequest = components["schemas"]["LeaseRequest"];

/** What a lease is asked for. */
export interface LeaseOptions {
  /** Default `["tools:call"]`. The gate may grant fewer: see the session's `scopes`. */
  readonly scopes?: readonly string[] | undefined;
  /** How many calls the session may make, over all its leases. */
  readonly maxCalls?: number | undefined;
  /**
   * @deprecated The gate has no cost budget: it is passed on beside `maxCalls`, where the gate ignores it, and refused
   * without `maxCalls`, where the gate would deny every call.
   */
  readonly maxCostUsdCents?: number | undefined;
  /** An absolute directory on the gate's host that file actions are confined to. */
  readonly fsRoot?: string | undefined;
}

/** What a change of session looks like from outside. */
export type LeaseEvent =
  | {
      readonly type: "session";
      readonly session: SessionView;
      readonly previousSessionId: string | undefined;
    }
  | { readonly type: "renewal_failed"; readonly sessionId: string; readonly error: unknown };

export interface Leases {
  readonly current: Session | undefined;
  /** A new session; the same request in flight already is joined, another one is waited for first. */
  connect(options: LeaseOptions | undefined, wait: Wait): Promise<Session>;
  /** The session to use now, where that needs no waiting: a call costs one promise less. */
  ready(wait: Pick<Wait, "mostOfLife">): Session | undefined;
  /** The session to use now: renewed, or taken for the first time, if need be. */
  acquire(wait: Wait): Promise<Session>;
  /** The gate has refused this session's lease. A newer one stays. */
  refuse(session: CallSession): void;
}

/** How long a caller waits for a lease that others may be waiting for too, and how often it may be asked for. */
export type Wait = Pick<CallState, "deadline" | "signal" | "subject" | "mostOfLife" | "policy">;

/** How often a lease may be asked for, and until when, on the monotonic clock. */
interface Asking extends Pick<CallOptions, "retry"> {
  readonly until: number;
}

type Ask = (body: LeaseRequest, options: OwnCallOptions) => Promise<LeaseAnswer>;

const OR_LAZILY =
  "or give the client an agentId (or set LATCHGATE_AGENT_ID): it then takes a lease by itself with its first call";

/**
 * Keeps the one current session. There is no renewal at the gate: a new lease is a new session, with what is left of
 * the budget.
 * @param lazily what to ask for when a call comes before any `connect()`; undefined: such a call is an error
 */
export function createLeases(
  ask: Ask,
  clock: Clock,
  lazily: LeaseOptions | undefined,
  emit: (event: LeaseEvent) => void = () => {},
): Leases {
  let current: Session | undefined;
  let wanted = lazily === undefined ? undefined : copyOf(lazily);
  let budget: Budget | undefined;
  let flight: (Flight<Session> & { readonly key: string }) | undefined;
  let noRenewalBefore = Number.NEGATIVE_INFINITY;

  const askingOf = ({ deadline, policy }: Wait): Asking => ({ retry: policy, until: deadline });

  const underWay = () => (flight?.abandoned === false ? flight : undefined);

  function fly(options: LeaseOptions, of: Budget, { retry, until }: Asking): Flight<Session> {
    const body = leaseBody(options, of.left);
    const key = keyOf(body, retry);
    const joined = underWay();
    if (joined?.key === key) return joined;
    const started = Object.assign(
      createFlight(
        clock,
        "no lease within the time of the call",
        (signal, latest) => take(body, of, { retry, signal, until: latest }),
        until,
      ),
      { key },
    );
    const landed = () => {
      if (flight === started) flight = undefined;
    };
    started.promise.then(landed, landed);
    flight = started;
    return started;
  }

  async function take(
    body: Omit<LeaseRequest, "dpop_jwk">,
    of: Budget,
    how: OwnCallOptions,
  ): Promise<Session> {
    const key = await DPoPKeyPair.generate();
    const answer = await ask({ ...body, dpop_jwk: key.jwk }, how);
    const session = new Session(answer, { key, budget: of, bornAt: clock.monotonic(), now: clock.now() });
    const previousSessionId = current?.sessionId;
    current = session;
    budget = of;
    emit({ type: "session", session: session.view(), previousSessionId });
    return session;
  }

  /** Asks again for what the current session was asked for, with the calls that are left of its budget. */
  function renew(subject: string, how: Asking): Flight<Session> {
    const joined = underWay();
    if (joined !== undefined) return joined;
    const of = budget ?? new Budget(wanted?.maxCalls);
    if (of.left === 0)
      throw new LatchGateBudgetExhausted(subject, { sessionId: current?.sessionId, hint: NO_CALLS_LEFT });
    return fly(wanted ?? {}, of, how);
  }

  function renewInBackground(session: Session): void {
    if (underWay() !== undefined || session.budget.left === 0 || clock.monotonic() < noRenewalBefore) return;
    const renewal = renew("<connect>", { retry: undefined, until: clock.monotonic() + BACKGROUND_MS });
    renewal.keep();
    renewal.promise.catch((error: unknown) => {
      // A gate that can't give a lease now is not asked again with every call.
      noRenewalBefore = clock.monotonic() + RENEWAL_PAUSE_MS;
      emit({ type: "renewal_failed", sessionId: session.sessionId, error });
    });
  }

  return {
    get current() {
      return current;
    },

    async connect(options, wait) {
      const asked = copyOf(options ?? wanted ?? {});
      const key = keyOf(leaseBody(asked, asked.maxCalls), wait.policy);
      for (let other = underWay(); other !== undefined && other.key !== key; other = underWay())
        await other.join(wait).catch((error: unknown) => {
          // Whether the other gets its lease is nothing to this one; its own patience is.
          if (error instanceof SendFailure) throw error;
        });
      const session = await fly(asked, new Budget(asked.maxCalls), askingOf(wait)).join(wait);
      wanted = asked;
      return session;
    },

    ready({ mostOfLife }) {
      const session = current;
      if (session === undefined) return undefined;
      const monotonic = clock.monotonic();
      const now = clock.now();
      if (mostOfLife && !session.isYoung(monotonic, now)) return undefined;
      const state = session.state(monotonic, now);
      if (state === "ageing") renewInBackground(session);
      return state === "fresh" || state === "ageing" ? session : undefined;
    },

    async acquire(wait) {
      const session = this.ready(wait);
      if (session !== undefined) return session;
      const ending = current;
      if (wanted === undefined && underWay() === undefined)
        throw new LatchGateNotConnected({ hint: OR_LAZILY });
      const renewal = renew(wait.subject, askingOf(wait));
      return renewal.join(wait).catch((error: unknown) => {
        // Its own time is up: what is sent now could only end unknown.
        if (error instanceof SendFailure) throw error;
        // A lease that still lives is worth a try where no new one can be had; a refused one costs nothing.
        const usable = ending !== undefined && ending === current && ending.leftMs(clock.monotonic()) > 0;
        if (usable && !(error instanceof LatchGateBudgetExhausted)) return ending;
        throw error;
      });
    },

    refuse(session) {
      if (current === session) current = undefined;
    },
  };
}

const RENEWAL_PAUSE_MS = 2_000;
/** How long a renewal that nobody waits for may take. */
const BACKGROUND_MS = 30_000;

const keyOf = (body: object, retry: CallOptions["retry"]) => JSON.stringify([body, retry]);

/** What is asked for now is asked for again at each renewal, whatever the caller does with its object meanwhile. */
function copyOf(options: LeaseOptions): LeaseOptions {
  const { scopes, ...others } = checkedOptions(options, "<connect>");
  return { ...others, scopes: Array.isArray(scopes) ? [...scopes] : scopes };
}

/** The request's body but for the key, checked: what would make a lease that can't be used is refused here. */
function leaseBody(options: LeaseOptions, maxCalls: number | undefined): Omit<LeaseRequest, "dpop_jwk"> {
  const { scopes, maxCostUsdCents, fsRoot } = options;
  if (scopes !== undefined && (!Array.isArray(scopes) || scopes.length === 0 || !scopes.every(isText)))
    throw wrongLease("scopes must be a list with at least one scope");
  if (maxCalls !== undefined && !(Number.isSafeInteger(maxCalls) && maxCalls >= 1))
    throw wrongLease("maxCalls must be a whole number from 1 on");
  if (maxCostUsdCents !== undefined && maxCalls === undefined)
    throw wrongLease(
      "the gate has no cost budget: maxCostUsdCents without maxCalls would make a lease on which every call is denied",
    );
  if (maxCostUsdCents !== undefined) warnCostBudget();
  if (fsRoot !== undefined && !(isText(fsRoot) && fsRoot.startsWith("/")))
    throw wrongLease("fsRoot must be an absolute path on the gate's host");
  const budgets =
    maxCalls === undefined
      ? undefined
      : {
          max_calls: maxCalls,
          ...(maxCostUsdCents === undefined ? {} : { max_cost_usd_cents: maxCostUsdCents }),
        };
  return {
    scopes: [...(scopes ?? ["tools:call"])],
    ...(budgets === undefined ? {} : { budgets }),
    ...(fsRoot === undefined ? {} : { fs_root: fsRoot }),
  };
}

const isText = (value: unknown) => typeof value === "string";

const wrongLease = (problem: string) =>
  new LatchGateInvalidRequest("<connect>", problem, { code: "invalid_options" });

let costWarned = false;

function warnCostBudget(): void {
  if (costWarned) return;
  costWarned = true;
  process.emitWarning("maxCostUsdCents has no effect: the gate has no cost budget, only maxCalls", {
    code: "LATCHGATE_NO_COST_BUDGET",
  });
}
