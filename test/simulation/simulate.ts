/** `npm run simulate -- --seeds N --seed K`: N runs from seed K on, a table of how calls ended, and every violation. */
import { type ChildProcess, fork } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { measurePrecision } from "./precision.ts";
import { drawProgram } from "./program.ts";
import { run } from "./run.ts";
import { breaksRule, ruleOf, shrink } from "./shrink.ts";
import { count, emptyTally, merge, type Tally, table } from "./tally.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1000" },
    seed: { type: "string" },
    /** How many processes. */
    jobs: { type: "string", default: String(availableParallelism()) },
    /** Set in those processes: takes every so manieth seed. */
    stride: { type: "string" },
  },
});

const from = Number(values.seed ?? 1);
const total = values.seed !== undefined && !process.argv.includes("--seeds") ? 1 : Number(values.seeds);
const stride = Number(values.stride ?? 1);
if (![from, total, stride, Number(values.jobs)].every((number) => Number.isInteger(number) && number > 0)) {
  console.error("usage: npm run simulate -- [--seeds N] [--seed K] [--jobs J], all whole numbers from 1 on");
  process.exit(2);
}

/** How many calls of each kind the second table counts. */
const PRECISION_RUNS = 25;

let unhandled: string[] = [];
process.on("unhandledRejection", (error) => {
  unhandled.push(`no unhandled rejection: ${error instanceof Error ? error.message : String(error)}`);
});

async function simulate(): Promise<Tally> {
  const tally = emptyTally();
  for (let seed = from; seed < from + total; seed += stride) {
    const report = await run(drawProgram(seed));
    count(tally, seed, { ...report, violations: [...report.violations, ...unhandled] });
    unhandled = [];
  }
  return tally;
}

/** The same seeds, divided among processes. */
async function divided(jobs: number): Promise<Tally> {
  const tally = emptyTally();
  const parts = Array.from({ length: jobs }, (_, index) => {
    const seeds = [
      "--seed",
      String(from + index),
      "--seeds",
      String(total - index),
      "--stride",
      String(jobs),
    ];
    return answerOf(fork(fileURLToPath(import.meta.url), seeds));
  });
  for (const part of await Promise.all(parts)) merge(tally, part);
  tally.failures.sort((one, other) => one.seed - other.seed);
  return tally;
}

const answerOf = (child: ChildProcess) =>
  new Promise<Tally>((resolve, reject) => {
    child.once("message", (tally) => resolve(tally as Tally));
    child.once("exit", (code) => reject(new Error(`a process of the simulation ended with ${code}`)));
  });

async function explain(seed: number, violations: readonly string[]): Promise<void> {
  console.log(`\nseed ${seed}:`);
  for (const violation of violations) console.log(`  ${violation}`);
  const [first = ""] = violations;
  const program = await shrink(drawProgram(seed), breaksRule(ruleOf(first)));
  const { steps, ...rest } = program;
  console.log(`  shrunk to ${steps.length} steps, in ${JSON.stringify(rest)}:`);
  for (const step of steps) console.log(`    ${JSON.stringify(step)}`);
  console.log(`  again: npm run simulate -- --seed ${seed}`);
}

if (values.stride !== undefined && process.send !== undefined) {
  process.send(await simulate(), () => process.exit(0));
} else {
  const began = performance.now();
  const jobs = Math.min(Number(values.jobs), total);
  const tally = jobs > 1 ? await divided(jobs) : await simulate();
  const seconds = ((performance.now() - began) / 1_000).toFixed(1);
  console.log("How calls of random programs ended:\n");
  console.log(table(tally));
  const { tally: alone, imprecise } = await measurePrecision(PRECISION_RUNS);
  console.log("\nHow calls ended that met one thing and nothing else:\n");
  console.log(table(alone));
  for (const name of imprecise) console.log(`imprecise: ${name}`);
  console.log(
    `\n${tally.runs} random runs in ${seconds} s: ${tally.requests} requests, ${tally.effects} effects, ${tally.sessions} sessions, ${tally.failures.length} runs with violations`,
  );
  if (total === 1) for (const line of (await run(drawProgram(from))).trace) console.log(line);
  for (const { seed, violations } of tally.failures.slice(0, 3)) await explain(seed, violations);
  if (tally.failures.length > 3)
    console.log(`\nmore seeds: ${tally.failures.slice(3, 40).map(({ seed }) => seed)}`);
  process.exit(tally.failures.length + imprecise.length === 0 ? 0 : 1);
}
