/**
 * Long random programs of both roles, of 60 to 200 steps, against a mock gate each, and whether what the contract promises held in them.
 *
 *     npm run programs                        1,000 programs
 *     npm run programs -- --programs 50       as many
 *     npm run programs -- --seed 17           one of them, with all that it did
 */
import { fork } from "node:child_process";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { longSteps, runProgram } from "./program.ts";

/** What a share of the programs came to. */
interface Share {
  readonly requests: number;
  readonly broken: readonly string[];
}

const WORKERS = Math.min(4, availableParallelism());

async function runShare(first: number, last: number): Promise<Share> {
  const broken: string[] = [];
  let requests = 0;
  for (let seed = first; seed <= last; seed += WORKERS) {
    const { breaches, trace } = await runProgram(seed, longSteps(seed));
    requests += trace.length;
    broken.push(...breaches.map((what) => `seed ${seed}: ${what}`));
  }
  return { requests, broken };
}

/** A process of its own: one loop runs one program at a time. */
function shareOf(first: number, last: number): Promise<Share> {
  return new Promise((resolve, reject) => {
    const child = fork(import.meta.filename, ["--share", String(first), "--programs", String(last)]);
    child.once("message", (share) => resolve(share as Share));
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`the programs from ${first} on ended with ${code}`)));
  });
}

const { values } = parseArgs({
  options: {
    programs: { type: "string", default: "1000" },
    seed: { type: "string" },
    share: { type: "string" },
  },
});
const programs = Number(values.programs);
if (values.share !== undefined) {
  process.send?.(await runShare(Number(values.share), programs));
  process.disconnect();
} else if (values.seed === undefined) {
  const began = performance.now();
  const shares = await Promise.all(
    Array.from({ length: WORKERS }, (_, index) => shareOf(1 + index, programs)),
  );
  const broken = shares.flatMap((share) => share.broken);
  const requests = shares.reduce((sum, share) => sum + share.requests, 0);
  for (const what of broken) console.error(what);
  const seconds = Math.round((performance.now() - began) / 1000);
  console.log(`${programs} programs, ${requests} requests, ${broken.length} breaches, ${seconds} s`);
  process.exitCode = broken.length === 0 ? 0 : 1;
} else {
  const seed = Number(values.seed);
  const { breaches, trace } = await runProgram(seed, longSteps(seed));
  console.log([...trace, ...breaches].join("\n"));
  process.exitCode = breaches.length === 0 ? 0 : 1;
}
