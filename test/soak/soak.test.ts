import { expect, it } from "vitest";
import { soak } from "./soak.ts";

it("two thousand calls on one signal, with renewals and faults, leave nothing behind, and the process ends", async () => {
  const { rows, outcomes, problems } = await soak(2_000, { leaseSeconds: 2 });
  expect(problems).toEqual([]);
  expect(rows.at(-1)?.calls).toBe(2_000);
  expect(outcomes["result"]).toBeGreaterThan(1_900);
  expect(outcomes["unknown"]).toBeGreaterThan(0);
}, 90_000);
