import { randomUUID } from "node:crypto";
import {
  JOURNAL_CHECKS,
  type JournalCheckName,
  type JournalLike,
  type JournalScene,
} from "./journal-checks.ts";

/** What one check of a journal found. */
export interface JournalFinding {
  readonly check: JournalCheckName;
  readonly passed: boolean;
  /** Why it did not pass, in a sentence. */
  readonly why: string | undefined;
}

/** How a journal is checked. */
export interface VerifyJournalOptions {
  /** These checks alone. */
  readonly only?: readonly JournalCheckName[];
  /**
   * A module (its URL) whose default export opens a journal on the same store, by itself: processes import it and race.
   * Without it the check of processes is left out.
   */
  readonly module?: string | URL;
  /** How many processes race. 100 by default. */
  readonly processes?: number;
  /** What Node is started with in them (`["--import", "tsx"]`). Nothing by default. */
  readonly execArgv?: readonly string[];
  /** How long the store remembers an entry, in milliseconds: the check takes twice as long. Left out without it. */
  readonly ttlMs?: number;
}

/** A check may take so long, beside the expiry that it waits for. */
const CHECK_MS = 180_000;

/**
 * Checks a journal of one's own (`ClientOptions.journal`): that of many that add an id at once one does, in one process and
 * in many; that what it has told of is there for others at once, and outlives the process; what is read back; which ids are
 * told apart; expiry. It writes entries under random ids that begin with `verify-`, and leaves them there.
 *
 * ```ts
 * const report = await verifyJournal(() => myJournal(newConnection()), { module: new URL("./my-journal.ts", import.meta.url) });
 * expect(report.filter(({ passed }) => !passed)).toEqual([]);
 * ```
 *
 * @param journal the journal, or better what opens one more on the same store, as another process would
 */
export async function verifyJournal(
  journal: JournalLike | (() => JournalLike | Promise<JournalLike>),
  options: VerifyJournalOptions = {},
): Promise<readonly JournalFinding[]> {
  const { only, module, processes = 100, execArgv = [], ttlMs } = options;
  const scene: JournalScene = {
    open: async () => (typeof journal === "function" ? journal() : journal),
    freshId: (like = "call") => `verify-${like}-${randomUUID()}`,
    ...{ ttlMs, processes, execArgv },
    module: module === undefined ? undefined : String(module),
  };
  const names = only ?? (Object.keys(JOURNAL_CHECKS) as JournalCheckName[]);
  const findings: JournalFinding[] = [];
  // One after another: they share a store.
  for (const check of names) findings.push(await finding(check, scene));
  return findings;
}

async function finding(check: JournalCheckName, scene: JournalScene): Promise<JournalFinding> {
  const limit = CHECK_MS + 3 * (scene.ttlMs ?? 0);
  let callOff = () => {};
  const late = new Promise<never>((_, reject) => {
    const timer = setTimeout(() => reject(new Error(`it took longer than ${limit} ms`)), limit);
    callOff = () => clearTimeout(timer);
  });
  try {
    await Promise.race([JOURNAL_CHECKS[check](scene), late]);
    return { check, passed: true, why: undefined };
  } catch (error) {
    return { check, passed: false, why: error instanceof Error ? error.message : String(error) };
  } finally {
    callOff();
  }
}
