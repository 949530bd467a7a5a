import type { Attempt } from "./attempt.ts";
import type { TlsOptions } from "./config.ts";

/** Connections that a transport has opened itself, by whichever carrier. */
export interface OwnConnections {
  send(attempt: Attempt): void;
  /** Ends them all, whatever is under way. */
  close(): Promise<void>;
}

/** Connecting takes at most this long; the call's own limit may be shorter. */
export const CONNECT_TIMEOUT_MS = 10_000;

/** What is given of TLS. */
export function tlsOf(tls: TlsOptions | undefined): Record<string, unknown> {
  return Object.fromEntries(Object.entries(tls ?? {}).filter(([, value]) => value !== undefined));
}
