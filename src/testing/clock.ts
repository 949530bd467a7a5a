import { getRandomValues } from "node:crypto";

/** The gate's time: a source of milliseconds and an offset that only grows. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Whole seconds since 1970: what leases, proofs and token buckets count in. */
  seconds(): number;
  /** Moves the clock forward. */
  advance(ms: number): void;
}

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
  const bytes = getRandomValues(new Uint8Array(10));
  const time = Math.floor(ms).toString(16).padStart(12, "0");
  const random = Buffer.from(bytes).toString("hex");
  const variant = (8 + (Number.parseInt(random.charAt(4), 16) & 3)).toString(16);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(0, 3)}-${variant}${random.slice(5, 8)}-${random.slice(8)}`;
}

/** RFC 3339 with nine digits, as the gate prints a time; what the clock does not know is made up. */
export function nanoTime(ms: number, zone: "Z" | "+00:00"): string {
  const below = String(getRandomValues(new Uint32Array(1))[0] ?? 0)
    .padStart(6, "1")
    .slice(-6);
  return `${new Date(ms).toISOString().slice(0, -1)}${below}${zone}`;
}
