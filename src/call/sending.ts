import type { OperationFacts } from "../generated/operations.ts";
import type { ProofClock, Sign } from "../proof/dpop.ts";
import { LatchGateBudgetExhausted } from "../vocabulary/errors.ts";
import type { RetryQuota } from "../wire/backoff.ts";
import { type BufferedResponse, type Clock, type Send, SendFailure, sleep } from "../wire/send.ts";
import { attemptMs, type CallRequest, type CallSession, type CallState, type Pipe } from "./call-state.ts";
import { decide, judgeAnswer, judgeFailure, type Next, type Verdict } from "./retry-decision.ts";

/** Where the attempts of a call get the session that they are signed with. */
export interface Sessions {
  /** Whose operations they sign. */
  readonly signs: OperationFacts["security"];
  /** The session to use now, where that needs no waiting: a call costs one promise less. */
  ready(call: CallState): CallSession | undefined;
  acquire(call: CallState): Promise<CallSession>;
  /** The gate has refused this session's lease. */
  refuse(session: CallSession): void;
  /** Looks whether the budget has more left than was known. */
  recount?(): Promise<void>;
}

interface Parts {
  readonly send: Send<CallRequest, BufferedResponse>;
  readonly sign: Sign;
  readonly sessions: Sessions;
  readonly proofClock: ProofClock;
  readonly quota: RetryQuota;
  readonly clock: Clock;
  /** Aborted when the client is closed: nobody sleeps on then. */
  readonly closing: AbortSignal;
}

/** One signature: every copy of the same bytes carries it. */
interface Signing {
  readonly number: number;
  readonly at: number;
  readonly session: CallSession | undefined;
  readonly leaseEnded: boolean;
  readonly headers: CallRequest["headers"];
}

/**
 * Sends a call: with one session and one signature for each attempt, again as often and as `decide` says, and counted
 * against the session's budget unless it surely did not run. It decides nothing itself.
 */
export function createSending(parts: Parts): Pipe {
  const { send, sessions, sign, proofClock, clock } = parts;

  /** @returns undefined where the lease that a repetition needs could not be had: what it was needed for stands */
  async function acquired(call: CallState): Promise<CallSession | undefined> {
    try {
      return await sessions.acquire(call);
    } catch (error) {
      if (call.judgement === undefined) throw error;
      return undefined;
    }
  }

  function signedBy(session: CallSession | undefined, request: CallRequest): Signing {
    const number = (request.call.copies.at(-1)?.proof ?? 0) + (session === undefined ? 0 : 1);
    if (session === undefined) return { number, at: 0, session, leaseEnded: false, headers: request.headers };
    const at = clock.monotonic();
    const leaseEnded = session.hasEnded?.(at, clock.now()) ?? false;
    return { number, at, session, leaseEnded, headers: sign(session, request) };
  }

  async function retaken({ budget }: CallSession): Promise<boolean> {
    await sessions.recount?.();
    return budget?.take() ?? true;
  }

  return async (request) => {
    const { call } = request;
    const counted = call.operation.effect === "world";
    let signing: Signing | undefined;
    /** Ends the call: what it still takes of its session's budget is what the judgement says. */
    const settled = (): Verdict => {
      if (call.judgement === undefined) throw new TypeError("a call can't end before its first attempt");
      if (counted && !call.judgement.owed) signing?.session?.budget?.giveBack();
      return call.judgement.standing;
    };
    for (;;) {
      if (signing === undefined) {
        let session: CallSession | undefined;
        if (call.operation.security === sessions.signs) {
          session = call.pinned ?? sessions.ready(call) ?? (await acquired(call));
          if (session === undefined) return settled();
          call.session = session;
          // The gate may still allow it: calls that ran while a renewal was under way are not off the new lease's budget.
          if (counted && session.budget?.take() === false && !(await retaken(session))) {
            if (call.judgement !== undefined) return settled();
            throw new LatchGateBudgetExhausted(call.subject, {
              sessionId: session.sessionId,
              hint: NO_CALLS_LEFT,
            });
          }
        }
        signing = signedBy(session, request);
      }
      call.attempts += 1;
      call.headers = signing.headers;
      call.sentAt = clock.monotonic();
      const attempt = {
        ...request,
        headers: signing.headers,
        timeoutMs: attemptMs(call, call.copies.length + 1),
      };
      let verdict: Verdict;
      try {
        verdict = judgeAnswer(call.operation, await send(attempt), proofClock.now());
      } catch (error) {
        if (!(error instanceof SendFailure)) throw error;
        verdict = judgeFailure(call.operation, error);
      }
      if (isResult(verdict)) {
        parts.quota.succeeded();
        return verdict;
      }
      const { number: proof, at: signedAt, session, leaseEnded } = signing;
      call.copies.push({ verdict, proof, signedAt, leaseEnded });
      call.judgement = decide(call, call.copies, clock.monotonic(), clock.now(), clock.random());
      const corrected = verdict.gateNow !== undefined && proofClock.correct(verdict.gateNow);
      if (verdict.again === "new_lease" && session !== undefined) sessions.refuse(session);
      const { next, waitMs } = call.judgement;
      if (next === "nothing" || (next === "new_clock" && !corrected)) return settled();
      if (!(await paused(call, next, waitMs))) return settled();
      if (next === "same_bytes") continue;
      if (counted) session?.budget?.giveBack();
      signing = undefined;
    }
  };

  /** Waits before another attempt; false where there must be none. */
  async function paused(call: CallState, next: Next, waitMs: number): Promise<boolean> {
    if (call.signal?.aborted || parts.closing.aborted) return false;
    const isRepetition = next === "fresh" || (next === "same_bytes" && waitMs > 0);
    if (!isRepetition) return true;
    if (!parts.quota.take()) return false;
    return sleep(clock, waitMs, call.signal, parts.closing).then(
      () => true,
      () => false,
    );
  }
}

const isResult = ({ result }: Verdict) => !(result instanceof SendFailure) && result.ok;

export const NO_CALLS_LEFT = "nothing is left of the session's budget: connect() starts a new one";
