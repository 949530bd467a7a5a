import type { Mark, Verdict } from "./judge.ts";
import type { RunReport } from "./run.ts";

/** How calls ended, by what befell them. Plain data: it is sent between processes. */
export interface Tally {
  runs: number;
  requests: number;
  effects: number;
  sessions: number;
  /** By what befell a call (one thing alone, or "several"), then by verdict. */
  readonly endings: Record<string, Record<string, number>>;
  readonly failures: { readonly seed: number; readonly violations: readonly string[] }[];
}

export const emptyTally = (): Tally => ({
  runs: 0,
  requests: 0,
  effects: 0,
  sessions: 0,
  endings: {},
  failures: [],
});

export function count(tally: Tally, seed: number, report: RunReport): void {
  tally.runs += 1;
  tally.requests += report.requests;
  tally.effects += report.effects;
  tally.sessions += report.sessions;
  for (const mark of report.marks) {
    const row = rowOf(tally.endings, befallen(mark));
    for (const verdict of mark.verdicts) row[verdict] = (row[verdict] ?? 0) + 1;
  }
  if (report.violations.length > 0) tally.failures.push({ seed, violations: report.violations });
}

export function merge(into: Tally, other: Tally): void {
  into.runs += other.runs;
  into.requests += other.requests;
  into.effects += other.effects;
  into.sessions += other.sessions;
  for (const [name, verdicts] of Object.entries(other.endings)) {
    const row = rowOf(into.endings, name);
    for (const [verdict, times] of Object.entries(verdicts)) row[verdict] = (row[verdict] ?? 0) + times;
  }
  into.failures.push(...other.failures);
}

function rowOf(endings: Tally["endings"], name: string): Record<string, number> {
  endings[name] ??= {};
  return endings[name];
}

/** What befell a call: held calls and calls that ran again have rows of their own, for they end in their own ways. */
function befallen({ held, verdicts, events, doubts }: Mark): string {
  if (held) return "(held)";
  if (verdicts.length > 1) return "(run again by its callId)";
  const all = new Set([...events, ...[...doubts].filter(isEvent)]);
  const [only] = all;
  return only === undefined ? "(nothing)" : all.size === 1 ? only : "(several)";
}

/** A proof that waits for its second copy, and a call that may have none, are no events. */
const isEvent = (doubt: string) => doubt !== "no second copy" && !/^[0-9a-f-]{36}$/.test(doubt);

const COLUMNS: readonly Verdict[] = [
  "result",
  "not_executed",
  "executed",
  "unknown",
  "held",
  "not_tried",
  "crashed",
];

/** The table of faults and endings; the last column is the share of calls that ended as unknown. */
export function table({ endings }: Tally): string {
  const rows = Object.entries(endings).map(([name, verdicts]) => {
    const all = Object.values(verdicts).reduce((sum, times) => sum + times, 0);
    const share = all === 0 ? 0 : ((verdicts["unknown"] ?? 0) / all) * 100;
    return {
      name,
      share,
      cells: [...COLUMNS.map((column) => String(verdicts[column] ?? 0)), `${share.toFixed(1)} %`],
    };
  });
  rows.sort((one, other) => one.share - other.share || one.name.localeCompare(other.name));
  const width = Math.max(...rows.map(({ name }) => name.length), 24);
  const line = (name: string, cells: readonly string[]) =>
    `${name.padEnd(width)} ${cells.map((cell) => cell.padStart(12)).join(" ")}`;
  return [
    line("what befell the call", [...COLUMNS, "unknown"]),
    ...rows.map(({ name, cells }) => line(name, cells)),
  ].join("\n");
}
