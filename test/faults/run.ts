import { parseArgs } from "node:util";
import { drive } from "./drive.ts";
import { byFault, byPlace, describeCase, table } from "./report.ts";
import { spoilTls, tlsViolation } from "./tls-bytes.ts";

const { values } = parseArgs({
  options: {
    calls: { type: "string" },
    lanes: { type: "string" },
    thorough: { type: "boolean" },
    carrier: { type: "string" },
  },
});
const CARRIERS = ["undici", "node:http"] as const;
for (const by of CARRIERS) if (values.carrier === undefined || values.carrier === by) await run(by);

async function run(by: (typeof CARRIERS)[number]): Promise<void> {
  console.log(`Carried by ${by}:\n`);
  const began = performance.now();
  const { verdicts, violations, planned } = await drive({
    by,
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

  // The bytes of TLS itself, its handshake included.
  const spoilt = await spoilTls(
    values.calls === undefined ? 4_000 : 3_000,
    values.calls === undefined ? 4 : 50,
    by,
  );
  const counts = new Map<string, number>();
  for (const { fault, said } of spoilt) {
    const key = `TLS bytes ${fault.way} ${fault.kind}: ${said}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const wrong = spoilt.filter((verdict) => tlsViolation(verdict) !== undefined);
  console.log(
    [...counts]
      .map(([key, count]) => `${key.padEnd(45)}${count}`)
      .sort()
      .join("\n"),
  );
  console.log(
    `${spoilt.length} calls, ${spoilt.filter(({ struck }) => struck).length} faulted: ${wrong.length} violations`,
  );
  for (const verdict of wrong.slice(0, 20))
    console.log(`  ${tlsViolation(verdict)}: ${JSON.stringify(verdict)}`);
  if (violations.length + wrong.length > 0) process.exitCode = 1;
}
