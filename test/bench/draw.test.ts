import { expect, it } from "vitest";
import { drawing } from "../../bench/draw.ts";

const figures = (p50: number, perSecond: number, cpu: number) => ({
  p50,
  p99: p50,
  perSecond,
  cpu,
  allocated: 0,
});
const run = {
  node: "v20",
  rounds: 2,
  results: {
    uds: {
      plain: [figures(12, 100, 800), figures(12, 100, 800)],
      execute: [figures(3, 500, 200), figures(3, 500, 200)],
      api: [figures(6, 200, 400), figures(6, 200, 400)],
      limit: [figures(2, 600, 100), figures(2, 600, 100)],
    },
  },
};

it("a bar is as long as its client is better than plain, round by round", () => {
  const svg = drawing(run);
  const widths = [...svg.matchAll(/<rect x="70"[^>]* width="([\d.]+)"/g)].map(([, width]) => Number(width));
  const unit = (widths[0] ?? 0) / 4; // execute's p50: 12 / 3
  expect(widths.map((width) => Math.round((width / unit) * 100) / 100)).toEqual([4, 2, 6, 5, 2, 6, 4, 2, 8]);
  expect([...svg.matchAll(/>(\d\.\d\d)</g)].map(([, shown]) => shown)).toEqual([
    "4.00",
    "2.00",
    "6.00",
    "5.00",
    "2.00",
    "6.00",
    "4.00",
    "2.00",
    "8.00",
  ]);
});
