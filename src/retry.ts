import { factsOf, parseJson } from "./answers.ts";
import { backoffMs, type RetryQuota } from "./backoff.ts";
import { attemptMs, type CallRequest, type CallState, type Pipe } from "./call-state.ts";
import type { ProofClock } from "./dpop.ts";
import { LatchGateError } from "./errors.ts";
import type { AnswerFacts, Outcome } from "./generated/operations.ts";
import { errorCodeOf } from "./outcomes.ts";
import { gateClockIn, retryAfterMs } from "./refusals.ts";
import { type BufferedResponse, type Clock, SendFailure, sleep } from "./send.ts";

/** The gate's buckets refill each second, and one of its two 429 does not say so (contract agent.md 8.1). */
const THROTTLED_MS = 1_000;

/** What one try gave, and what the documents say of that. */
interface Try {
  readonly result: BufferedResponse | SendFailure;
  readonly outcome: Outcome;
  readonly again: AnswerFacts["again"];
}

/**
 * Makes a call again as long as it surely did nothing and the documents' table allows it; each time is signed anew. When
 * all tries fail, the first failure stands, unless a later one may have run: then that one does.
 */
export function retrying(quota: RetryQuota, proofClock: ProofClock, clock: Clock, next: Pipe): Pipe {
  return async (request) => {
    const { call } = request;
    const { policy } = call;
    let first: Try | undefined;
    let mended: Set<AnswerFacts["again"]> | undefined;
    for (let tries = 1; ; tries += 1) {
      let result: BufferedResponse | SendFailure;
      try {
        result = await next(tries === 1 ? request : { ...request, timeoutMs: attemptMs(call, tries) });
        if (result.ok) {
          quota.succeeded();
          return result;
        }
      } catch (error) {
        // The lease that a repetition needed could not be had: what it was needed for stands.
        if (first !== undefined && error instanceof LatchGateError) return settle(call, first, undefined);
        if (!(error instanceof SendFailure)) throw error;
        result = error;
      }
      const last = judge(call, result);
      first ??= last;
      if (last.outcome !== "not_executed") return settle(call, last, undefined);
      mended ??= new Set();
      if (tries >= policy.attempts || !(await ready(call, last, tries, mended))) {
        if (isWordless(call, result)) correctClock(result);
        return settle(call, first, last);
      }
    }
  };

  /** Does what has to be done before another try; false where there must be none. */
  async function ready(
    call: CallState,
    { result, again }: Try,
    tries: number,
    mended: Set<AnswerFacts["again"]>,
  ): Promise<boolean> {
    if (again === "never" || call.signal?.aborted) return false;
    if (again === "backoff") {
      const waitMs = askedWait(result) ?? backoffMs(call.policy, tries, clock.random());
      if (clock.monotonic() + waitMs >= call.deadline || !quota.take()) return false;
      return sleep(clock, waitMs, call.signal).then(
        () => true,
        () => false,
      );
    }
    // A new lease, or a corrected clock, is had once in a call.
    if (mended.has(again) || call.pinned !== undefined) return false;
    mended.add(again);
    return again === "new_lease" || correctClock(result);
  }

  function askedWait(result: Try["result"]): number | undefined {
    if (result instanceof SendFailure) return undefined;
    const asked = retryAfterMs({
      headers: result.headers,
      body: parseJson(result.body),
      receivedAt: clock.now(),
    });
    return asked ?? (result.status === 429 ? THROTTLED_MS : undefined);
  }

  function correctClock(result: Try["result"]): boolean {
    if (result instanceof SendFailure) return false;
    const gateNow = gateTime(result, proofClock.now());
    return gateNow !== undefined && proofClock.correct(gateNow);
  }
}

/**
 * A poll's 401 does not say why (contract agent.md 3.9). If it is the clock, its `Date` tells, and the next poll is right.
 */
function isWordless({ operation }: CallState, result: Try["result"]): boolean {
  if (result instanceof SendFailure || operation.security !== "lease") return false;
  return result.status === 401 && errorCodeOf(parseJson(result.body)) === undefined;
}

/** Returns or throws the failure that stands; the last one, where it is another, becomes its cause. */
function settle(call: CallState, standing: Try | undefined, last: Try | undefined): BufferedResponse {
  if (last !== undefined && last !== standing) call.lastFailure = last.result;
  const result = standing?.result;
  if (result instanceof SendFailure) throw result;
  if (result === undefined) throw new TypeError("a call can't end before its first try");
  return result;
}

function judge(call: CallState, result: Try["result"]): Try {
  if (result instanceof SendFailure) return { result, ...judgeFailure(call, result) };
  const { outcome, again } = factsOf(call, result);
  return { result, outcome, again };
}

/** What another try meets again. */
const FINAL: ReadonlySet<string> = new Set([
  "aborted",
  "closed",
  "answer_too_large",
  "redirected",
  "client_certificate_refused",
]);

function judgeFailure(call: CallState, { code, sent }: SendFailure): Pick<Try, "outcome" | "again"> {
  const { lost } = call.operation;
  const final = FINAL.has(code);
  if (!sent) return { outcome: "not_executed", again: final || code === "timeout" ? "never" : "backoff" };
  return { outcome: lost.outcome, again: final || lost.again !== "backoff" ? "never" : "backoff" };
}

/** The gate's time in a refusal that is about time: in its words, else by its `Date` where that differs enough. */
function gateTime(response: BufferedResponse, proofNow: number): number | undefined {
  const reason = (parseJson(response.body) as { deny_reason?: unknown } | undefined)?.deny_reason;
  if (typeof reason === "string") return gateClockIn(reason);
  const date = Date.parse(response.headers.get("date") ?? "");
  return Math.abs(date - proofNow) > CLOCK_TOLERANCE_MS ? date : undefined;
}

/** The gate accepts a proof from 5 s ahead (contract agent.md 4.2); its `Date` has whole seconds. */
const CLOCK_TOLERANCE_MS = 4_000;

/** The gate accepts a proof for 60 s; half of that leaves room for a second copy under way. */
const RESEND_WITHIN_MS = 30_000;

/**
 * Innermost, below the signature: when a connection is lost before any answer, the same bytes with the same proof are
 * sent once more. The gate stores a proof's `jti` before it does anything else, so at most one copy is acted on. From then
 * on only an answer that comes *after* that check says what became of the call; any other leaves it lost.
 *
 * Two assumptions: the gate's replay store keeps what it stored (a Redis may lose it), and a lease ends with its gate's
 * process, so that a restarted gate refuses the second copy.
 */
export function resending(clock: Clock, next: Pipe): Pipe {
  return (request) => {
    const { call } = request;
    const signedAt = clock.monotonic();
    call.attempts += 1;
    return next(request).catch(async (error: unknown) => {
      if (!(error instanceof SendFailure) || !mayResend(request, error, clock.monotonic() - signedAt))
        throw error;
      call.attempts += 1;
      const second = await next({ ...request, timeoutMs: call.deadline - clock.monotonic() }).catch(
        () => undefined,
      );
      if (second === undefined) throw error;
      if (factsOf(call, second).replayCheck === "after") return second;
      throw errorCodeOf(parseJson(second.body)) === "replay_detected" ? acceptedBefore(error) : error;
    });
  };
}

function mayResend(
  { call, headers }: CallRequest,
  { code, sent, answering }: SendFailure,
  ageMs: number,
): boolean {
  const lost = code === "lost" && sent && !answering;
  return (
    lost &&
    call.policy.resend &&
    headers["DPoP"] !== undefined &&
    call.operation.lost.again === "same_proof" &&
    ageMs < RESEND_WITHIN_MS
  );
}

const acceptedBefore = (lost: SendFailure) =>
  new SendFailure("lost", `${lost.message}, and the gate says that it had accepted it`, {
    sent: true,
    cause: lost.cause,
  });
