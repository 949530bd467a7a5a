/**
 * Will this be sent again, and what is its outcome? Answered here, and nowhere else: `judgeAnswer` and `judgeFailure` judge
 * one attempt where it lands, by the documents' table (`x-outcomes`), and `decide` goes from all attempts of a call to
 * what became of it and what may follow. Both are pure; whoever sends, leases, or makes errors reads what they say.
 *
 * **A proof is an idempotency key.** The gate stores a proof's `jti` before it does anything else, so that copies with one
 * proof act at most once; and what it answers *after* that check tells the fate of all of them. So a fresh proof is signed
 * only where every copy before it surely did nothing. Three assumptions (design: "The proof is the idempotency key"):
 * the gate's replay store keeps what it stored; a lease ends with its gate's process; and nothing between repeats a POST
 * (RFC 9110, 9.2.2), where a refusal comes before the check and is not of the kind that the same bytes are sent for.
 */

import type { AnswerFacts, OperationFacts, Outcome } from "../generated/operations.ts";
import { answerFacts, parseJson, wordOfAnswer } from "../vocabulary/outcomes.ts";
import { backoffMs, type RetryPolicy } from "../wire/backoff.ts";
import { type BufferedResponse, SendFailure } from "../wire/send.ts";
import { gateClockIn, retryAfterMs } from "./retry-after.ts";

/** What became of one attempt: parsed and judged once, where it landed. */
export interface Verdict {
  readonly result: BufferedResponse | SendFailure;
  /** The answer's JSON; undefined where it is none. */
  readonly body: unknown;
  /** The gate's word, or the form of an answer that has none (`outcomes.ts`). */
  readonly word: string | undefined;
  /** Whether this very copy may have acted. */
  readonly outcome: Outcome;
  /** An answer after the gate had stored the proof: it holds for every copy with this proof. */
  readonly settles: boolean;
  readonly again: AnswerFacts["again"];
  /** The gate's clock in milliseconds, where it refused the proof for its time. */
  readonly gateNow: number | undefined;
}

/** One request that was sent, or tried. */
export interface Copy {
  readonly verdict: Verdict;
  /** Which signature of this call it carried, from 1; 0 where nothing is signed. */
  readonly proof: number;
  /** When that was signed, on the monotonic clock. */
  readonly signedAt: number;
  /** Whether the lease had ended by its own clock when that was signed. */
  readonly leaseEnded: boolean;
}

/** What a call is judged by. */
export interface Judged {
  readonly operation: OperationFacts;
  readonly policy: RetryPolicy;
  /** On the monotonic clock, in milliseconds. */
  readonly deadline: number;
}

/** What may follow: nothing, the same bytes with the same proof, or a request that is signed anew. */
export type Next = "nothing" | "same_bytes" | "fresh" | "new_lease" | "new_clock";

/** What became of a call, as far as its attempts tell. */
export interface Judgement {
  readonly outcome: Outcome;
  readonly next: Next;
  /** How long to wait before that, in milliseconds. */
  readonly waitMs: number;
  /** The attempt that the caller hears of, and another one that failed otherwise. */
  readonly standing: Verdict;
  readonly other: Verdict | undefined;
  /** Whether the call still takes a unit of its session's budget. */
  readonly owed: boolean;
}

/** The gate accepts a proof for 60 s (contract agent.md 4.2); half of that leaves room for a copy under way. */
const SAME_BYTES_MS = 30_000;
/** The gate accepts a proof from 5 s ahead; its `Date` has whole seconds. */
const CLOCK_TOLERANCE_MS = 4_000;
/** The gate's buckets refill each second, and one of its two 429 does not say so (contract agent.md 8.1). */
const THROTTLED_MS = 1_000;

/** @param proofNow the clock that proofs are dated by: a refusal that shows no other time is not about the time */
export function judgeAnswer(
  operation: OperationFacts,
  response: BufferedResponse,
  proofNow: number,
): Verdict {
  const body = parseJson(response.body);
  const word = wordOfAnswer(response, body);
  const { outcome, replayCheck, again } = answerFacts(operation, response.status, word);
  const settles = replayCheck === "after";
  const verdict = { result: response, body, word, outcome, settles, again, gateNow: undefined };
  if (response.status !== 401 || outcome !== "not_executed") return verdict;
  const gateNow = otherClock(verdict, operation, proofNow);
  if (gateNow !== undefined) return { ...verdict, again: "new_clock", gateNow };
  // What else is wrong with a proof stays wrong.
  return again === "new_clock" ? { ...verdict, again: "never" } : verdict;
}

/** The gate's time, where a 401 is about the time, or may be: most of an operator's and a poll's do not say why. */
function otherClock(
  { result, body, word, again }: Verdict,
  { security }: OperationFacts,
  proofNow: number,
): number | undefined {
  const reason = (body as { deny_reason?: unknown } | undefined)?.deny_reason;
  const wordless = security !== "none" && (word === undefined || WORDLESS.has(word));
  if (again !== "new_clock" && !wordless) return undefined;
  const gateNow =
    typeof reason === "string"
      ? gateClockIn(reason)
      : Date.parse((result as BufferedResponse).headers.get("date") ?? "");
  // A proof that was queued for long is no wrong clock: what would be signed now is right.
  return gateNow !== undefined && Math.abs(gateNow - proofNow) > CLOCK_TOLERANCE_MS ? gateNow : undefined;
}

const WORDLESS: ReadonlySet<string> = new Set(["(empty)", "unauthorized"]);

/** What another try meets again. */
const FINAL: ReadonlySet<string> = new Set([
  "aborted",
  "closed",
  "answer_too_large",
  "redirected",
  "client_certificate_refused",
]);

export function judgeFailure({ lost }: OperationFacts, failure: SendFailure): Verdict {
  const { code, sent } = failure;
  const repeatable = !FINAL.has(code) && (!sent || lost.again === "backoff");
  return {
    result: failure,
    body: undefined,
    word: undefined,
    outcome: sent ? lost.outcome : "not_executed",
    settles: false,
    again: repeatable ? "backoff" : "never",
    gateNow: undefined,
  };
}

/**
 * What became of a call whose last attempt gave no result.
 * @param copies all its attempts, in the order in which they were judged; there is one at least
 * @param receivedAt the local clock in milliseconds since the epoch, for a `Retry-After` that is a date
 * @param random from 0 to below 1
 */
export function decide(
  call: Judged,
  copies: readonly Copy[],
  now: number,
  receivedAt: number,
  random: number,
): Judgement {
  const last = lastOf(copies);
  const same = copies.filter(({ proof }) => proof === last.proof);
  const outcome = last.verdict.settles ? last.verdict.outcome : worstOf(same);
  const standing = standingOf(outcome, last, copies);
  const other = [...copies].reverse().find(({ verdict }) => verdict !== standing)?.verdict;
  const [next, waitMs] = nextOf(call, copies, same, outcome, now, receivedAt, random);
  return { outcome, next, waitMs, standing, other, owed: outcome !== "not_executed" };
}

function lastOf(copies: readonly Copy[]): Copy {
  const last = copies.at(-1);
  if (last === undefined) throw new TypeError("a call can't be judged before its first attempt");
  return last;
}

const SEVERITY = { not_executed: 0, unknown: 1, executed: 2 } satisfies Record<Outcome, number>;

/** Copies with one proof, none of whose answers settles them: what one of them may have done, the call may have done. */
function worstOf(same: readonly Copy[]): Outcome {
  let worst: Outcome = "not_executed";
  for (const { verdict } of same) if (SEVERITY[verdict.outcome] > SEVERITY[worst]) worst = verdict.outcome;
  return worst;
}

/**
 * The attempt that stands for the call: what tells of its outcome; among those that did nothing a refusal that will be
 * given again (policy, budget) before one that may pass, and the first before a later one.
 */
function standingOf(outcome: Outcome, last: Copy, copies: readonly Copy[]): Verdict {
  if (outcome !== "not_executed") {
    if (last.verdict.settles) return last.verdict;
    return copies.find(({ verdict }) => verdict.outcome === outcome)?.verdict ?? last.verdict;
  }
  const definite = copies.find(
    ({ verdict }) => !(verdict.result instanceof SendFailure) && verdict.again === "never",
  );
  return (definite ?? copies[0] ?? last).verdict;
}

function nextOf(
  call: Judged,
  copies: readonly Copy[],
  same: readonly Copy[],
  outcome: Outcome,
  now: number,
  receivedAt: number,
  random: number,
): readonly [Next, number] {
  const { operation, policy, deadline } = call;
  const last = lastOf(copies);
  const { verdict, proof, signedAt } = last;
  const young = (waitMs: number) => now + waitMs - signedAt < SAME_BYTES_MS;
  if (isLost(verdict) && operation.lost.again === "same_proof" && policy.resend && proof > 0)
    return same.filter((copy) => isLost(copy.verdict)).length === 1 && young(0) && now < deadline
      ? ["same_bytes", 0]
      : STOP;

  if (triesOf(operation, copies) >= policy.attempts || verdict.again === "never") return STOP;
  // From here on: what is answered before the check, where the call can act, binds it to the proof that was refused.
  const bound = proof > 0 && operation.effect !== "none" && same.some(isRefusedEarly);
  if (verdict.again === "backoff") {
    const waitMs = pauseOf(verdict, receivedAt) ?? backoffMs(policy, copies.length, random);
    if (now + waitMs >= deadline) return STOP;
    if (bound) return young(waitMs) ? ["same_bytes", waitMs] : STOP;
    return outcome === "not_executed" ? ["fresh", waitMs] : STOP;
  }
  // A new lease, or a corrected clock, is had once in a call.
  const had = copies.some((copy) => copy !== last && copy.verdict.again === verdict.again);
  if (had || bound || outcome !== "not_executed") return STOP;
  return verdict.again === "new_clock" || mayLeaseAnew(call, last) ? [verdict.again, 0] : STOP;
}

const STOP = ["nothing", 0] as const;

const isLost = ({ result }: Verdict): boolean =>
  result instanceof SendFailure && result.code === "lost" && result.sent && !result.answering;

/** How often the call was tried. A copy that only asks what became of a lost one is no try. */
function triesOf({ lost }: OperationFacts, copies: readonly Copy[]): number {
  if (lost.again !== "same_proof") return copies.length;
  return copies.length - copies.filter(({ verdict }) => isLost(verdict)).length;
}

/** Refused for now, before the gate has stored the proof: the same bytes will do, and nothing else is safe. */
const isRefusedEarly = ({ verdict: { result, settles, again } }: Copy): boolean =>
  !(result instanceof SendFailure) && !settles && again === "backoff";

function mayLeaseAnew({ policy }: Judged, { verdict, leaseEnded }: Copy): boolean {
  // A lease that was good when the proof was signed may have been so for a copy that something between has sent before.
  if (verdict.word === "lease_expired") return leaseEnded;
  return verdict.word !== "invalid_lease" || policy.newLease;
}

/** The pause that the gate asks for. */
function pauseOf({ result, body }: Verdict, receivedAt: number): number | undefined {
  if (result instanceof SendFailure) return undefined;
  const asked = retryAfterMs(result.headers, body, receivedAt);
  return asked ?? (result.status === 429 ? THROTTLED_MS : undefined);
}
