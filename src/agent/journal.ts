import type { Outcome } from "../generated/operations.ts";

/** What a journal knows of a call: how far it came, and no parameter, output or secret. */
export interface JournalEntry {
  /**
   * `sent`: it may have left, and nothing more is known. `held`: an operator is to decide. `done`: it has run, and there
   * is a receipt. `ended`: it was held, and has ended without one: `code` and `outcome` say how.
   */
  readonly state: "sent" | "held" | "done" | "ended";
  readonly actionId: string;
  /** The hash of action and parameters: the same `callId` with others is refused. */
  readonly requestHash: string;
  readonly sessionId?: string;
  readonly traceId?: string;
  readonly approvalId?: string;
  readonly receiptId?: string;
  /** The code of the error that it ended with. */
  readonly code?: string;
  /** Whether the action may have run, where that error said so; `unknown`, if left out. */
  readonly outcome?: Outcome;
  /** What the operator said who denied it. */
  readonly reason?: string;
}

/**
 * Remembers calls by the caller's own id, so that a program that is run again from its start does not act twice. One
 * store may serve several processes. One that has not answered within the call's time, or 30 s, has failed: nothing is sent
 * then. A result is kept back for 5 s at most until the store has it.
 */
export interface Journal {
  /**
   * Adds an entry unless there is one under this id, and says whether it did. It must be atomic, and must not resolve
   * before the entry would survive a crash: nothing is sent until then.
   */
  add(callId: string, entry: JournalEntry): Promise<boolean>;
  get(callId: string): Promise<JournalEntry | undefined>;
  /** Replaces the entry. */
  set(callId: string, entry: JournalEntry): Promise<void>;
  /** Removes the entry of a call that surely did nothing. */
  delete(callId: string): Promise<void>;
}

/** A journal in memory: as safe as this process lives long. */
export function createMemoryJournal(): Journal {
  const entries = new Map<string, JournalEntry>();
  return {
    async add(callId, entry) {
      if (entries.has(callId)) return false;
      entries.set(callId, entry);
      return true;
    },
    async get(callId) {
      return entries.get(callId);
    },
    async set(callId, entry) {
      entries.set(callId, entry);
    },
    async delete(callId) {
      entries.delete(callId);
    },
  };
}
