import { checkedOptions } from "../vocabulary/checked-options.ts";
import { LatchGateInvalidRequest } from "../vocabulary/errors.ts";

/** How often and how soon a call may be made again that surely did nothing. */
export interface RetryOptions {
  /** How often a call is tried at most, the first time included. Default 3. */
  readonly attempts?: number | undefined;
  /** The longest first wait, in milliseconds; each further one may be twice as long. Default 100. */
  readonly minDelayMs?: number | undefined;
  /** The longest wait, in milliseconds, where the gate asks for none. Default 2,000. */
  readonly maxDelayMs?: number | undefined;
  /**
   * Whether the same bytes with the same proof are sent once more when the connection is lost before any answer: the gate
   * accepts a proof once, so the copies do not run twice. Default true.
   */
  readonly resend?: boolean | undefined;
  /**
   * Whether a call is made again, once and with a new lease, when the gate does not know its lease (401 `invalid_lease`: it
   * was restarted). That did nothing as long as nothing between repeats a POST, which RFC 9110 (9.2.2) forbids. Default true.
   */
  readonly newLease?: boolean | undefined;
}

export interface RetryPolicy {
  readonly attempts: number;
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
  readonly resend: boolean;
  readonly newLease: boolean;
}

/** The options with their defaults; `false` means that nothing is ever sent again. */
export function retryPolicy(options: RetryOptions | false | null | undefined): RetryPolicy {
  if (options === false) return NEVER_AGAIN;
  const {
    attempts = 3,
    minDelayMs = 100,
    maxDelayMs = 2_000,
    resend = true,
    newLease = true,
  } = given(options);
  if (!(Number.isInteger(attempts) && attempts >= 1))
    throw wrong("retry.attempts must be a whole number from 1 on");
  if (!(isNumber(minDelayMs) && isNumber(maxDelayMs) && minDelayMs >= 0 && maxDelayMs >= minDelayMs))
    throw wrong("retry.minDelayMs and maxDelayMs must be numbers, the first not above the second");
  return { attempts, minDelayMs, maxDelayMs, resend, newLease };
}

/**
 * One call's own numbers, over those of its client: whether a lost call is sent once more, or made again with a new lease, is
 * the client's word unless the call says it.
 */
export function retryPolicyOf(
  own: RetryOptions | false | null | undefined,
  clients: RetryPolicy,
): RetryPolicy {
  if (own === undefined || own === null) return clients;
  if (own === false) return NEVER_AGAIN;
  const { resend = clients.resend, newLease = clients.newLease, ...numbers } = given(own);
  return retryPolicy({ ...numbers, resend, newLease });
}

const NEVER_AGAIN: RetryPolicy = {
  attempts: 1,
  minDelayMs: 0,
  maxDelayMs: 0,
  resend: false,
  newLease: false,
};

const isNumber = (value: unknown) => typeof value === "number";

function given(options: RetryOptions | null | undefined): RetryOptions {
  if (options === undefined || options === null) return {};
  return checkedOptions(options, "retry");
}

const wrong = (problem: string) =>
  new LatchGateInvalidRequest("<options>", problem, { code: "invalid_options" });

/** Exponential backoff with full jitter before the nth repetition (from 1). */
export function backoffMs({ minDelayMs, maxDelayMs }: RetryPolicy, nth: number, random: number): number {
  return random * Math.min(maxDelayMs, minDelayMs * 2 ** (nth - 1));
}

/** How many repetitions an outage may cost all callers of a transport together. */
export interface RetryQuota {
  /** Pays for one repetition; false when there have been too many without a success. */
  take(): boolean;
  succeeded(): void;
}

const QUOTA = 10;

/** A bucket of 10: a repetition costs 1, a success gives 0.1 back, and below half of it nothing is repeated. */
export function createQuota(): RetryQuota {
  let left = QUOTA;
  return {
    take() {
      if (left < QUOTA / 2) return false;
      left -= 1;
      return true;
    },
    succeeded() {
      left = Math.min(QUOTA, left + 0.1);
    },
  };
}
