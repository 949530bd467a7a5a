import { describe, expect, test } from "vitest";
import { BASE, edited, lines } from "./base.ts";
import { ANSWERS } from "./pairs-answers.ts";
import { OPERATIONS } from "./pairs-operations.ts";
import { REQUESTS } from "./pairs-requests.ts";
import { SILENT } from "./pairs-silent.ts";

test("there are at least 120 pairs, and no two with one title in a group", () => {
  for (const group of [ANSWERS, REQUESTS, OPERATIONS, SILENT])
    expect(new Set(group.map(([title]) => title)).size).toBe(group.length);
  expect(ANSWERS.length + REQUESTS.length + OPERATIONS.length + SILENT.length).toBeGreaterThanOrEqual(120);
});

for (const [group, pairs] of Object.entries({ ANSWERS, REQUESTS, OPERATIONS, SILENT }))
  describe(group.toLowerCase(), () => {
    for (const [title, edits, expected] of pairs)
      test(title, () => {
        expect(lines(BASE, edited(edits)).sort()).toEqual([...expected].sort());
      });
  });
