import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { measurePrecision } from "./precision.ts";
import { drawProgram, type Step } from "./program.ts";
import { run } from "./run.ts";
import { shrink } from "./shrink.ts";

const unhandled: unknown[] = [];
const note = (error: unknown) => unhandled.push(error);

beforeAll(() => void process.on("unhandledRejection", note));
afterAll(() => void process.off("unhandledRejection", note));

// 2,000 seeds run in CI, and as many as one likes with `npm run simulate`.
const SEEDS = 100;

describe("the simulation", () => {
  it(`finds no violation in ${SEEDS} random programs`, { timeout: 60_000 }, async () => {
    const found: string[] = [];
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      const { violations } = await run(drawProgram(seed));
      found.push(...violations.map((violation) => `seed ${seed}: ${violation}`));
    }
    expect(found).toEqual([]);
    expect(unhandled).toEqual([]);
  });

  it("knows the outcome wherever the gate or the socket can tell it", async () => {
    const { tally, imprecise } = await measurePrecision(1);
    expect(tally.failures).toEqual([]);
    expect(imprecise).toEqual([]);
  });

  it("is the same run for the same seed", async () => {
    for (const seed of [3, 14, 159]) {
      const first = await run(drawProgram(seed));
      expect((await run(drawProgram(seed))).trace).toEqual(first.trace);
    }
  });

  it("does what real programs do: calls that ran, were held, denied, lost and crashed", async () => {
    const verdicts = new Set<string>();
    for (let seed = 1_000; seed < 1_020; seed += 1)
      for (const mark of (await run(drawProgram(seed))).marks)
        for (const verdict of mark.verdicts) verdicts.add(verdict);
    expect([...verdicts].sort()).toEqual(
      expect.arrayContaining(["crashed", "executed", "held", "not_executed", "result", "unknown"]),
    );
  });
});

describe("shrinking", () => {
  it("leaves the steps that a violation needs, in their order", async () => {
    const step = (what: "restart" | "drain" | "finish_calls"): Step => ({ what, thenMs: 1 });
    const filling = Array.from({ length: 9 }, () => step("finish_calls"));
    const steps = [...filling, step("drain"), ...filling, step("restart"), ...filling];
    const shortest = await shrink({ ...drawProgram(1), steps }, async (program) => {
      const names = program.steps.map(({ what }) => what);
      return (
        names.includes("restart") &&
        names.indexOf("drain") < names.indexOf("restart") &&
        names.includes("drain")
      );
    });
    expect(shortest.steps.map(({ what }) => what)).toEqual(["drain", "restart"]);
  });
});
