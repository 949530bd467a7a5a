import { LatchGateJournalError } from "../vocabulary/errors.ts";
import { type Patience, waitFor } from "../wire/patience.ts";
import type { Clock } from "../wire/send.ts";
import type { Journal, JournalEntry } from "./journal.ts";

/** A journal that is asked as long as its caller is patient, and no longer than a store may take. */
export interface PatientJournal {
  /** @throws LatchGateJournalError when the store fails, or does not answer in time */
  add(callId: string, entry: JournalEntry, patience: Patience): Promise<boolean>;
  /** The entry; undefined where there is none. @throws LatchGateJournalError, also when it can't be read */
  get(callId: string, patience: Patience): Promise<JournalEntry | undefined>;
  /** Takes note of something; whether the store has it is not said. Takes a few seconds at most. */
  note(callId: string, entry: JournalEntry): Promise<void>;
  forget(callId: string): Promise<void>;
}

/** How long a store may take to say whether a call is new. */
const JOURNAL_MS = 30_000;
/** How long a caller that has given up is kept for the store's answer. */
const ABORT_GRACE_MS = 100;
/** How long a result is kept back until the store has it. */
const NOTE_MS = 5_000;

export function createPatientJournal(given: Journal, clock: Clock): PatientJournal {
  const journal = promising(given);

  /** A store that does not answer keeps a caller no longer than the caller wants, and nobody for ever. */
  async function asked<Value>(asking: Promise<Value>, { signal, timeoutMs }: Patience): Promise<Value> {
    const failed = (cause: unknown) => {
      throw new LatchGateJournalError("the journal failed", { cause });
    };
    const late = (code: string) =>
      new Error(`the store has not answered (${code})`, { cause: signal?.reason });
    const patience = { signal, timeoutMs: Math.min(timeoutMs ?? JOURNAL_MS, JOURNAL_MS) };
    return waitFor(asking, clock, patience, late).catch((cause: unknown) => {
      if (!signal?.aborted) return failed(cause);
      // A store that is about to answer tells more than an abort does.
      return waitFor(asking, clock, { timeoutMs: ABORT_GRACE_MS }, () => cause).catch(failed);
    });
  }

  /** What the journal learns too late changes nothing: a later run finds the call as sent. */
  const quietly = (noting: Promise<void>) =>
    waitFor(noting, clock, { timeoutMs: NOTE_MS }, () => undefined).catch(() => {});

  return {
    async add(callId, entry, patience) {
      const adding = journal.add(callId, entry);
      try {
        return (await asked(adding, patience)) === true;
      } catch (error) {
        // An entry that comes after this stands for a call that was never made.
        adding.then((late) => (late === true ? journal.delete(callId) : undefined)).catch(() => {});
        throw error;
      }
    },
    async get(callId, patience) {
      return readable(await asked(journal.get(callId), patience));
    },
    note: (callId, entry) => quietly(journal.set(callId, entry)),
    forget: (callId) => quietly(journal.delete(callId)),
  };
}

/** Stores say "nothing" in many ways; an entry that is none says nothing of an earlier run. */
function readable(found: JournalEntry | null | undefined): JournalEntry | undefined {
  if (found === null || found === undefined) return undefined;
  if (typeof found !== "object" || typeof found.state !== "string" || typeof found.requestHash !== "string")
    throw new LatchGateJournalError("the journal's entry for this callId can't be read");
  return found;
}

/** A store may throw where it should reject. */
function promising(journal: Journal): Journal {
  return {
    add: async (callId, entry) => journal.add(callId, entry),
    get: async (callId) => journal.get(callId),
    set: async (callId, entry) => journal.set(callId, entry),
    delete: async (callId) => journal.delete(callId),
  };
}
