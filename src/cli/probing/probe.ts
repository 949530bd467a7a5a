import type { Answer } from "../check/judge.ts";

/** One request to a gate, and the answers that are due to it. */
export interface Probe {
  readonly id: string;
  /** What is asked, in a few words. */
  readonly note: string;
  readonly method: "GET" | "POST" | "DELETE";
  /** With its query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** A status, or a status and its word: `401 missing_auth_header`. */
  readonly due: readonly string[];
  /** For a request that is no operation: what the router has to say. */
  readonly unrouted?: "unknown_path" | "wrong_method";
}

/** One socket of a gate, with somebody who watches what is asked there. */
export interface Asker {
  /** What the gate calls itself, as proofs have to name it. */
  readonly publicBaseUrl: string;
  /** The answer; undefined where there was none, or none that the probe could be about. */
  ask(probe: Probe): Promise<Answer | undefined>;
  /** Says that something could not be asked, since what it needs was not there. */
  leave(id: string, why: string): void;
}

/** An id that no gate gives: UUIDv7 of the year 1970. */
export const NOBODY = "00000000-0000-7000-8000-000000000000";

export const JSON_TYPE = { "content-type": "application/json" } as const;
