import type { JournalEntry } from "../agent/journal.ts";
import { wrongOptions } from "../vocabulary/checked-options.ts";

/** An entry as stores have it: its JSON. */
export const entryText = (entry: JournalEntry): string => JSON.stringify(entry);

/** @throws SyntaxError when the text is no JSON: the client says then that the entry can't be read */
export const entryOf = (text: string): JournalEntry => JSON.parse(text) as JournalEntry;

export const wrongJournal = (problem: string) => wrongOptions(problem, "<journal>");
