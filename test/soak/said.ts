/** What can be said of a call, by number: so many of them travel from one process to another. */
export const SAID = ["", "result", "not_executed", "unknown", "executed", "foreign"] as const;
