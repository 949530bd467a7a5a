import { join } from "node:path";
import { expect, test } from "vitest";
import { fidelity } from "../../scripts/fidelity.ts";

const PROGRAMS = new Set([17, 64]);

test("what the mock answers is counted by both judges, recorded exchanges and steps of programs, by operation, status and word", async () => {
  const { rows } = await fidelity({ programs: PROGRAMS });
  const sum = (of: "recorded" | "replayed" | "alike" | "steps" | "stepsAlike") =>
    rows.reduce((total, row) => total + row[of], 0);
  expect(sum("recorded")).toBe(472);
  expect(sum("alike")).toBe(sum("replayed"));
  expect(sum("steps")).toBeGreaterThan(60);
  expect(sum("stepsAlike")).toBe(sum("steps"));
  const held = rows.find(
    ({ operation, answer }) => operation === "executeAction" && answer === "202 pending_approval",
  );
  expect([held?.recorded, held?.steps].every((count) => count !== undefined && count > 1)).toBe(true);
}, 120_000);

test("a mock that says something else in one member is seen in the rows of that operation alone", async () => {
  const entry = join(import.meta.dirname, "strict-mock.program.ts");
  const { rows } = await fidelity({ programs: PROGRAMS, entry });
  const differing = rows.filter(({ steps, stepsAlike }) => stepsAlike < steps);
  expect(differing.map(({ operation, answer }) => `${operation} ${answer}`)).toEqual(["listAuditEvents 200"]);
}, 120_000);
