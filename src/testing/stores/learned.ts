import { type Clock, nanoTime } from "../formats/clock.ts";

/** A domain or path that was allowed later than the manifest. */
export interface LearnedEntry {
  readonly actionId: string;
  readonly value: string;
  readonly addedBy: string;
  readonly addedAt: string;
  readonly source: "approval" | "cli" | "import" | "api";
  readonly approvalId: string | null;
}

/** Learned entries of one kind, by action and value. `cap`: how many an action may have. */
export function createLearned(clock: Clock, cap = Number.POSITIVE_INFINITY) {
  const byAction = new Map<string, Map<string, LearnedEntry>>();
  const entriesOf = (actionId: string) => [...(byAction.get(actionId)?.values() ?? [])];

  return {
    /** Whether it is new; `full` at the cap, where even what is there can't be added again (as in the gate). */
    add(entry: Omit<LearnedEntry, "addedAt">): boolean | "full" {
      const entries = byAction.get(entry.actionId) ?? new Map<string, LearnedEntry>();
      if (entries.size >= cap) return "full";
      if (entries.has(entry.value)) return false;
      byAction.set(entry.actionId, entries);
      entries.set(entry.value, { ...entry, addedAt: nanoTime(clock.now(), "+00:00") });
      return true;
    },
    remove: (actionId: string, value: string) => byAction.get(actionId)?.delete(value) ?? false,
    clear(actionId: string): number {
      const count = byAction.get(actionId)?.size ?? 0;
      byAction.delete(actionId);
      return count;
    },
    /** By action, each action's in the order in which they came. */
    list: () => [...byAction.keys()].sort().flatMap(entriesOf),
    listOf: entriesOf,
    valuesOf: (actionId: string) => [...(byAction.get(actionId)?.keys() ?? [])],
  };
}
