import type { Outcome } from "../generated/operations.ts";
import { checkedOptions, checkedWord, wrongOptions } from "../vocabulary/checked-options.ts";

/**
 * What a journal knows of a call: how far it came, and no parameter, output or secret. It is plain JSON; a store keeps members
 * that it does not know.
 */
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
  /** Who brought it into this state: the host, the process's id, and a mark of the client's own. */
  readonly by?: string;
  /** Since when it is in this state, by that host's clock (RFC 3339). */
  readonly since?: string;
  /**
   * With `sent`: by when that client has an answer or has given up (RFC 3339). Until then the call may still be under way;
   * an entry that is still `sent` after that was left behind by a process that ended.
   */
  readonly until?: string;
  /** With `held`, of a client with `handover`: what another process needs to follow the approval, sealed (a compact JWE). */
  readonly handover?: string;
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

/** How a journal in memory is bounded. */
export interface MemoryJournalOptions {
  /** How many calls it remembers at most. 100,000 by default: some 60 MB. */
  readonly limit?: number | undefined;
  /**
   * What is done with a new call when it is full. `forget` (default): the oldest call that has ended is forgotten, and another
   * run with its id would act again. `refuse`: the call is not made (`LatchGateJournalError`). What may still be under way, or
   * may have run and nobody knows, is never forgotten: a journal that is full of these refuses.
   */
  readonly whenFull?: "forget" | "refuse" | undefined;
}

/**
 * A journal in memory: as safe as this process lives long.
 * @throws LatchGateInvalidRequest when the options are none
 */
export function createMemoryJournal(options: MemoryJournalOptions = {}): Journal {
  const { limit = 100_000, whenFull = "forget" } = checkedOptions(options, "<journal>");
  if (!(Number.isSafeInteger(limit) && limit >= 1))
    throw wrongOptions("limit must be a whole number from 1 on", "<journal>");
  checkedWord("whenFull", whenFull, ["forget", "refuse"], "<journal>");
  const entries = new Map<string, JournalEntry>();
  /** The ids of calls that have ended, the oldest first. */
  const ended = new Set<string>();

  function put(callId: string, entry: JournalEntry): void {
    entries.set(callId, entry);
    ended.delete(callId);
    if (entry.state === "done" || entry.state === "ended") ended.add(callId);
  }

  function drop(callId: string): void {
    entries.delete(callId);
    ended.delete(callId);
  }

  return {
    async add(callId, entry) {
      if (entries.has(callId)) return false;
      if (entries.size >= limit) {
        const [oldest] = whenFull === "forget" ? ended : [];
        if (oldest === undefined) throw new Error(`the journal is full: it remembers ${limit} calls`);
        drop(oldest);
      }
      put(callId, entry);
      return true;
    },
    async get(callId) {
      return entries.get(callId);
    },
    async set(callId, entry) {
      put(callId, entry);
    },
    async delete(callId) {
      drop(callId);
    },
  };
}
