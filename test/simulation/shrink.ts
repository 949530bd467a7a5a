import type { Program } from "./program.ts";
import { run } from "./run.ts";

/** How many runs a shrinking may cost. */
const MOST_RUNS = 400;

/**
 * The shortest program that this finds, of those that are the given one with steps left out, that still breaks what that
 * one breaks: halves are tried first, then ever smaller pieces, then single steps.
 */
export async function shrink(
  program: Program,
  breaks: (program: Program) => Promise<boolean>,
): Promise<Program> {
  let shortest = program;
  let runs = 0;
  for (let size = Math.ceil(program.steps.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2))
    for (let from = 0; from < shortest.steps.length; ) {
      runs += 1;
      if (runs > MOST_RUNS) return shortest;
      const { steps } = shortest;
      const fewer = { ...shortest, steps: [...steps.slice(0, from), ...steps.slice(from + size)] };
      if (await breaks(fewer)) shortest = fewer;
      else from += size;
    }
  return shortest;
}

/** Whether a program breaks this rule, by running it. */
export const breaksRule = (rule: string) => async (program: Program) =>
  (await run(program)).violations.some((violation) => ruleOf(violation) === rule);

/** The rule that a violation is one of. */
export const ruleOf = (violation: string) => violation.slice(0, violation.indexOf(":"));
