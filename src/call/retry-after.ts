import type { GateResponse } from "../wire/send.ts";

/** IMF-fixdate, the one form of a date that HTTP still writes (RFC 9110, section 5.6.7). */
const HTTP_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/**
 * `Retry-After` (whole seconds or a date: RFC 9110, section 10.2.3), or the body's `retry_after_seconds`, in milliseconds.
 * Anything else asks for nothing. A date is read against the answer's own `Date`.
 * @param receivedAt the local clock at the answer's arrival, where the answer has no date
 */
export function retryAfterMs(
  headers: GateResponse["headers"],
  body: unknown,
  receivedAt: number,
): number | undefined {
  const header = headers.get("retry-after")?.trim();
  const asked = header === undefined ? undefined : pauseIn(header, headers.get("date"), receivedAt);
  if (asked !== undefined) return asked;
  const seconds = (body as { retry_after_seconds?: unknown } | null | undefined)?.retry_after_seconds;
  return typeof seconds === "number" && seconds >= 0 ? finite(seconds * 1000) : undefined;
}

function pauseIn(header: string, date: string | null, receivedAt: number): number | undefined {
  if (/^\d+$/.test(header)) return finite(Number(header) * 1000);
  if (!HTTP_DATE.test(header)) return undefined;
  const from = date !== null && HTTP_DATE.test(date) ? Date.parse(date) : receivedAt;
  return finite(Math.max(0, Date.parse(header) - from));
}

const finite = (ms: number) => (Number.isFinite(ms) ? ms : undefined);

/** The gate's own time, in milliseconds, where it refused a proof for its `iat`. */
export function gateClockIn(reason: string): number | undefined {
  const [, seconds] = /^iat too (?:old|far in future)[^(]*\(now=(\d{1,12})\b/.exec(reason) ?? [];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}
