/** Requests per second that the gate lets through; `false` lets all through. */
export interface RateLimits {
  /** `POST /v1/leases`, one bucket for all. The gate's default: 50. */
  readonly leases?: number | false;
  /** Execute, a bucket per session. The gate's default: 20. */
  readonly execute?: number | false;
  /** Execute without a readable session, one bucket for all. The gate's default: 5. */
  readonly anonymous?: number | false;
  /** What operators ask, one bucket for all of them. The gate's default: 100. */
  readonly operatorRead?: number | false;
  /** What operators change, one bucket for all. The gate's default: 20; in dev mode not for approve, deny and the like. */
  readonly operatorWrite?: number | false;
}

const MOST_BUCKETS = 10_000;

/** Token buckets: as many tokens as the rate, filled up in one step when the clock's second changes. */
export function createBuckets(seconds: () => number) {
  const buckets = new Map<string, { second: number; tokens: number }>();

  return {
    take(key: string, rate: number | false): boolean {
      if (rate === false) return true;
      const second = seconds();
      let bucket = buckets.get(key);
      if (bucket === undefined) {
        if (buckets.size >= MOST_BUCKETS) buckets.clear();
        bucket = { second, tokens: rate };
        buckets.set(key, bucket);
      }
      if (bucket.second !== second) {
        bucket.tokens = Math.min(rate, bucket.tokens + rate * Math.max(1, second - bucket.second));
        bucket.second = second;
      }
      if (bucket.tokens < 1) return false;
      bucket.tokens -= 1;
      return true;
    },
    forget: () => buckets.clear(),
  };
}

const HINT_BYTES = 512;

/** The session that an unverified token names, if its payload fits into the buffer that the gate has for it. */
export function sessionHint(authorization: string | undefined): string | undefined {
  const payload = authorization?.split(" ")[1]?.split(".")[1];
  if (payload === undefined) return undefined;
  try {
    const bytes = Buffer.from(payload, "base64url");
    if (bytes.length > HINT_BYTES) return undefined;
    const session = (JSON.parse(bytes.toString()) as { session_id?: unknown } | null)?.session_id;
    return typeof session === "string" ? session : undefined;
  } catch {
    return undefined;
  }
}
