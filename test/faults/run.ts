import { parseArgs } from "node:util";
import { drive } from "./drive.ts";
import { byFault, byPlace, describeCase, table } from "./report.ts";

const { values } = parseArgs({
  options: { calls: { type: "string" }, lanes: { type: "string" }, thorough: { type: "boolean" } },
});
const began = performance.now();
const { verdicts, violations, planned } = await drive({
  ...(values.calls === undefined ? {} : { calls: Number(values.calls) }),
  // Each byte of an execute meets every kind, and those of the others four of them.
  ...(values.thorough ? { kinds: { execute: 99, others: 4 } } : {}),
  ...(values.lanes === undefined ? {} : { lanesPerCarrier: Number(values.lanes) }),
});
const seconds = Math.round((performance.now() - began) / 1000);
console.log(`${table(verdicts, byFault)}\n\n${table(verdicts, byPlace)}\n`);
console.log(
  `${verdicts.length} of ${planned} planned calls, ${verdicts.filter(({ struck }) => struck).length} faulted, in ${seconds} s: ${violations.length} violations`,
);
for (const [problem, verdict] of violations.slice(0, 20))
  console.log(`  ${problem}: ${describeCase(verdict)}`);
if (violations.length > 0) process.exitCode = 1;
