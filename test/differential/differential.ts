/**
 * Random programs that a gate 0.2.0 has answered, asked of the mock again (`npm run differential`): how many programs, and how many of their
 * steps, are answered alike, in four tiers, and what differs. Fails where anything differs that baseline.json doesn't list with its reason.
 *
 *     npm run differential -- --seeds 17,40-60      some programs only
 *     npm run differential -- --source              the mock's source, not what is built
 *     npm run differential -- --out mock.jsonl      keeps what the mock answered, for tiers.mjs --show and diff.mjs
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { compareTraces, type ProgramResult, TIERS, type Tier } from "./alike.ts";
import { gateTraceText, parseTrace, type Trace, traceText } from "./trace.ts";
import { runTrial } from "./trial.ts";

const HERE = import.meta.dirname;
const BUILT = join(HERE, "../../dist/testing.js");
const SOURCE = join(HERE, "../../src/testing/index.ts");

/** What may differ, in which programs, and why it can't be otherwise. */
interface Listed {
  readonly tier: Tier;
  /** The kind as it is printed: operation, status, what. */
  readonly kind: string;
  readonly programs: readonly number[];
  readonly why: string;
}

/** The least that is accepted of the 250 programs. */
interface Baseline {
  /** How many programs are alike in a tier and in those before it. */
  readonly alike: Readonly<Record<Tier, number>>;
  readonly listed: readonly Listed[];
}

/** What a mock answered to the recorded programs, and how each step compares with the gate's answer. */
export interface Differential {
  readonly mock: Trace;
  readonly programs: readonly ProgramResult[];
}

/** Asks a mock of this entry the recorded programs. `only`: some of them. */
export async function differential(entry = SOURCE, only?: ReadonlySet<number>): Promise<Differential> {
  const gate = parseTrace(gateTraceText());
  // Those first that take longest: some wait for a provider's time limit.
  const asked = [...gate.programs.values()]
    .filter(({ seed }) => only?.has(seed) ?? true)
    .sort((one, other) => (other.ms ?? 0) - (one.ms ?? 0));
  const mock = await runTrial({ entry, seeds: asked.map(({ seed }) => seed) });
  if (mock.generator !== gate.generator)
    throw new Error("the recorded programs were made by another version of programs.mjs");
  const programs = new Map(asked.map((run) => [run.seed, run]));
  return { mock, programs: compareTraces({ ...gate, programs }, mock) };
}

/** Kinds of difference: how often each was seen, and in which programs. */
function kindsOf(programs: readonly ProgramResult[]) {
  const found = new Map<string, { tier: Tier; kind: string; count: number; seeds: Set<number> }>();
  for (const { seed, steps } of programs) {
    for (const { operation, status, kinds } of steps) {
      for (const { tier, what } of kinds) {
        const kind = `${operation}  ${status}  ${what}`;
        const entry = found.get(`${tier} ${kind}`) ?? { tier, kind, count: 0, seeds: new Set() };
        entry.count += 1;
        entry.seeds.add(seed);
        found.set(`${tier} ${kind}`, entry);
      }
    }
  }
  const rank = (tier: Tier) => TIERS.indexOf(tier);
  return [...found.values()].sort(
    (one, other) => rank(one.tier) - rank(other.tier) || other.count - one.count,
  );
}

/** How many of some results differ in none of the tiers up to one. */
function alike(results: readonly { readonly differs: Tier | undefined }[], tier: Tier): number {
  const upTo = TIERS.indexOf(tier);
  return results.filter(({ differs }) => differs === undefined || TIERS.indexOf(differs) > upTo).length;
}

/** The comparer that the recordings came with has the last word; it reads files. */
function judge(gate: string, mock: string): string {
  const dir = mkdtempSync(join(tmpdir(), "latchgate-tiers-"));
  try {
    writeFileSync(join(dir, "gate"), gate);
    writeFileSync(join(dir, "mock"), mock);
    const args = [join(HERE, "tiers.mjs"), join(dir, "gate"), join(dir, "mock")];
    return execFileSync(process.execPath, args, { encoding: "utf8" }).trim().split("\n").at(-1) ?? "";
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** What is worse than the baseline, each with the programs it is about. */
function regressions(programs: readonly ProgramResult[], { alike: least, listed }: Baseline): string[] {
  const worse = kindsOf(programs).flatMap(({ tier, kind, seeds }) => {
    const expected = new Set(
      listed.filter((of) => of.tier === tier && of.kind === kind).flatMap((of) => of.programs),
    );
    const beyond = [...seeds].filter((seed) => !expected.has(seed));
    return beyond.length === 0 ? [] : [`${tier}: ${kind}: programs ${beyond.join(", ")}`];
  });
  const all = programs.length === 250 ? TIERS : [];
  return [
    ...worse,
    ...all
      .filter((tier) => alike(programs, tier) < least[tier])
      .map((tier) => `${tier}: ${alike(programs, tier)} programs alike, ${least[tier]} in the baseline`),
  ];
}

function seedsOf(list: string): Set<number> {
  const seeds = list.split(",").flatMap((part) => {
    const [first = 0, last = first] = part.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
  return new Set(seeds);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seeds: { type: "string" },
      source: { type: "boolean", default: false },
      out: { type: "string" },
    },
  });
  const only = values.seeds === undefined ? undefined : seedsOf(values.seeds);
  const { mock, programs } = await differential(values.source ? SOURCE : BUILT, only);
  if (values.out !== undefined) writeFileSync(values.out, traceText(mock));
  for (const { tier, kind, count, seeds } of kindsOf(programs))
    console.log(`${String(count).padStart(5)}  ${tier}  ${kind}  (programs ${[...seeds].join(", ")})`);

  const steps = programs.flatMap((program) => program.steps);
  const counts = TIERS.map((tier) => alike(programs, tier));
  const share = TIERS.map((tier) => `${((100 * alike(steps, tier)) / steps.length).toFixed(2)} %`);
  const [verdicts, shapes, inValues, words] = counts;
  const sentence = `${programs.length} programs, ${steps.length} steps; alike in verdicts ${verdicts}, and shapes ${shapes}, and values ${inValues}, and words ${words}; of steps: ${share.join(", ")}`;
  console.log(sentence);
  const verdict = judge(gateTraceText(), traceText(mock));
  const baseline = JSON.parse(readFileSync(join(HERE, "baseline.json"), "utf8")) as Baseline;
  const worse = regressions(programs, baseline);
  if (verdict !== sentence) worse.unshift(`tiers.mjs counts otherwise: ${verdict}`);
  if (worse.length > 0)
    console.error(`\nworse than test/differential/baseline.json:\n  ${worse.join("\n  ")}`);
  process.exitCode = worse.length > 0 ? 1 : 0;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) await main();
