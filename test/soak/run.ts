import { parseArgs } from "node:util";
import type { Row } from "./client.ts";
import { soak } from "./soak.ts";

const { values } = parseArgs({ options: { calls: { type: "string", default: "200000" } } });
const calls = Number(values.calls);
const columns = ["calls", "seconds", "rssMb", "heapMb", "handles", "listeners", "leases"] as const;
const line = (cells: readonly (string | number)[]) => cells.map((cell) => String(cell).padStart(10)).join("");
console.log(line(columns));
const onRow = (row: Row) => console.log(line(columns.map((column) => row[column])));
const { outcomes, problems, exitMs } = await soak(calls, { onRow });
const words = Object.entries(outcomes).map(([word, count]) => `${word} ${count}`);
console.log(
  `\n${words.join(", ")}; the process ended ${exitMs} ms after close(); ${problems.length} problems`,
);
for (const problem of problems.slice(0, 20)) console.log(`  ${problem}`);
if (problems.length > 0) process.exitCode = 1;
