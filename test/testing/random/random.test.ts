import { expect, test } from "vitest";
import { longSteps, runProgram } from "./program.ts";

const SEEDS = 100;
const STEPS = 24;

test(`${SEEDS} random programs of both roles keep what the contract promises`, {
  timeout: 60_000,
}, async () => {
  const broken: string[] = [];
  let requests = 0;
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const { breaches, trace } = await runProgram(seed, STEPS);
    requests += trace.length;
    broken.push(...breaches.map((what) => `seed ${seed}: ${what}`));
  }
  console.log(`random programs: ${SEEDS} seeds, ${requests} requests, ${broken.length} breaches`);
  expect(broken).toEqual([]);
});

test("twenty long ones, of 60 to 200 steps, do too (`npm run programs` runs a thousand)", {
  timeout: 60_000,
}, async () => {
  for (let seed = 1; seed <= 20; seed += 1)
    expect([seed, ...(await runProgram(seed, longSteps(seed))).breaches]).toEqual([seed]);
});

test("the same seed is the same program", async () => {
  for (const seed of [3, 77])
    expect((await runProgram(seed, STEPS)).trace).toEqual((await runProgram(seed, STEPS)).trace);
});

test("the programs come to all that can happen", async () => {
  const seen = new Set<string>();
  for (let seed = 1; seed <= 40; seed += 1)
    for (const line of (await runProgram(seed, STEPS)).trace) seen.add(line);
  for (const line of [
    "POST 200 executed",
    "POST 202 pending_approval",
    "POST 200 deny",
    "POST 200 already_approved",
    "POST 200 already_denied",
    "POST 200 already_failed",
    "POST 401 replay_detected",
    "POST 403 budget_exhausted",
    "POST 403 policy_denied",
    "POST 404 action_not_found",
    "POST 409 conflict",
    "POST 422 schema_violation",
    "POST 429 rate_limited",
    "POST 500 internal_error",
    "POST 502 action_execution_failed",
    "POST broke",
    "restart",
  ])
    expect(seen).toContain(line);
});
