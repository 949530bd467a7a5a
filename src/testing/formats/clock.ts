import { randomBytes } from "node:crypto";

/** The gate's time: a source of milliseconds and an offset that only grows. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Whole seconds since 1970: what leases, proofs and token buckets count in. */
  seconds(): number;
  /** Moves the clock forward. */
  advance(ms: number): void;
}

/** Runs something after some milliseconds, unless what it gives back is called before. */
export type Timer = (ms: number, run: () => void) => () => void;

/** The timer of a gate that is given none. */
export const realTimer: Timer = (ms, run) => {
  const handle = setTimeout(run, ms);
  return () => clearTimeout(handle);
};

export function createClock(source: () => number = Date.now): Clock {
  let offset = 0;
  const now = () => source() + offset;
  return {
    now,
    seconds: () => Math.floor(now() / 1000),
    advance(ms) {
      if (!(ms >= 0)) throw new RangeError(`MockGate: the clock only goes forward, not by ${ms} ms`);
      offset += ms;
    },
  };
}

/** RFC 9562 UUIDv7 of a time. */
export function uuidv7(ms: number): string {
  const time = Math.floor(ms).toString(16).padStart(12, "0");
  const random = randomHex(20);
  const variant = (8 + (Number.parseInt(random.charAt(3), 16) & 3)).toString(16);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(0, 3)}-${variant}${random.slice(4, 7)}-${random.slice(7, 19)}`;
}

/** RFC 3339 with nine digits, as the gate prints a time. */
export function nanoTime(ms: number, zone: "Z" | "+00:00"): string {
  return nanoText(nanoseconds(ms), zone);
}

let last = 0;
let lastNanos = 0;

/** Nanoseconds since 1970: what the clock does not know is made up, and grows within a millisecond. */
export function nanoseconds(ms: number): bigint {
  const whole = Math.floor(ms);
  lastNanos = whole === last ? Math.min(999_999, lastNanos + 1 + randomBelow(1000)) : randomBelow(100_000);
  last = whole;
  return BigInt(whole) * 1_000_000n + BigInt(lastNanos);
}

export function nanoText(time: bigint, zone: "Z" | "+00:00"): string {
  const below = String(time % 1_000_000n).padStart(6, "0");
  return `${new Date(Number(time / 1_000_000n)).toISOString().slice(0, -1)}${below}${zone}`;
}

/** A whole number that nobody relies on. */
export function randomBelow(limit: number): number {
  return Number.parseInt(randomHex(6), 16) % limit;
}

// Asking the kernel for ten bytes at a time costs more than all else that an id is made of.
let pool = "";

function randomHex(digits: number): string {
  if (pool.length < digits) pool = randomBytes(4096).toString("hex");
  const taken = pool.slice(0, digits);
  pool = pool.slice(digits);
  return taken;
}
