import type { Verdict } from "./lane.ts";

const COLUMNS = ["result", "held", "not_executed", "unknown", "executed", "hang", "foreign"] as const;

/** A table of fault and place against what the client said, with the share of `unknown`. */
export function table(verdicts: readonly Verdict[], keyOf: (verdict: Verdict) => string): string {
  const rows = new Map<string, Map<string, number>>();
  for (const verdict of verdicts) {
    const key = keyOf(verdict);
    const row = rows.get(key) ?? new Map<string, number>();
    rows.set(key, row);
    row.set(verdict.said, (row.get(verdict.said) ?? 0) + 1);
  }
  const columns = COLUMNS.filter((column) => verdicts.some(({ said }) => said === column));
  const width = Math.max(5, ...[...rows.keys()].map((key) => key.length));
  const line = (name: string, cells: readonly string[]) =>
    [name.padEnd(width), ...cells.map((cell) => cell.padStart(12))].join(" ");
  const lines = [line("", [...columns, "calls", "unknown %"])];
  for (const [key, row] of [...rows].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const calls = [...row.values()].reduce((sum, count) => sum + count, 0);
    const share = ((100 * (row.get("unknown") ?? 0)) / calls).toFixed(1);
    lines.push(line(key, [...columns.map((column) => String(row.get(column) ?? 0)), String(calls), share]));
  }
  return lines.join("\n");
}

export const byFault = ({ case: { call, armed, faults } }: Verdict) => {
  const [first, second] = faults;
  const where = call === armed ? call : `${call}/${armed}`;
  const then = second === undefined ? "" : `, then ${second.kind}/${second.way}`;
  return `${where} ${first?.way} ${first?.kind}${then}`;
};

export const byPlace = ({ carrier, case: { connection, lease } }: Verdict) =>
  `${carrier} ${connection}, lease ${lease}`;

/** One call in a line, so that it can be made again. */
export const describeCase = ({ carrier, marker, case: one, said, words, effects }: Verdict) =>
  `${carrier} ${one.call} (lease ${one.lease}, ${one.connection}) ${one.armed}: ${one.faults
    .map(({ kind, way, at }) => `${kind} ${way}@${at}`)
    .join(" then ")} → ${said} [${words.slice(0, 140)}], effects ${effects}, ${marker}`;
