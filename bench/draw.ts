/**
 * Draws a run's ratios to plain as an SVG: `npx tsx bench/draw.ts bench/results/FILE.json > bench/ratios.svg`. A bar ends at the
 * median of the rounds, its whisker spans the quartiles.
 */
import { readFileSync } from "node:fs";
import { type Figures, quartiles } from "./round.ts";

/** What `bench/run.ts` writes. */
export interface Run {
  readonly node: string;
  readonly rounds: number;
  readonly results: { readonly [transport: string]: { readonly [client: string]: readonly Figures[] } };
}

const CLIENTS = { execute: "#2e7d43", api: "#7cb48a", limit: "#9aa3ad" };
const MEASURES: readonly (readonly [string, (of: Figures, plain: Figures) => number])[] = [
  ["p50, one call after another", (of, plain) => plain.p50 / of.p50],
  ["calls a second, 64 in flight", (of, plain) => of.perSecond / plain.perSecond],
  ["CPU time of a call", (of, plain) => plain.cpu / of.cpu],
];

const WIDTH = 760;
const LEFT = 70;
const BAR = 20;
const GROUP = 44 + BAR * Object.keys(CLIENTS).length;
const FIRST = 62;

/** The ratios of one transport, one group of bars for each measure. */
export function drawing({ node, rounds, results }: Run, transport = "uds"): string {
  const figures = results[transport] ?? {};
  const plain = figures["plain"] ?? [];
  const ratios = (client: string, ratio: (of: Figures, plain: Figures) => number) =>
    quartiles((figures[client] ?? []).flatMap((of, at) => (plain[at] ? [ratio(of, plain[at])] : [])));
  const groups = MEASURES.map(([title, ratio]) => ({
    title,
    bars: Object.entries(CLIENTS).map(([client, colour]) => ({
      client,
      colour,
      ratio: ratios(client, ratio),
    })),
  }));
  const most = Math.ceil(Math.max(1, ...groups.flatMap(({ bars }) => bars.map(({ ratio }) => ratio[2]))));
  const x = (ratio: number) => round(LEFT + (ratio / most) * (WIDTH - LEFT - 70));
  const height = FIRST + GROUP * groups.length + 14;
  const lines = groups.flatMap(({ title, bars }, at) => {
    const top = FIRST + GROUP * at;
    return [
      `<text x="${LEFT}" y="${top + 12}" class="title">${title}</text>`,
      ...bars.flatMap(({ client, colour, ratio: [low, median, high] }, row) => {
        const y = top + 22 + row * BAR;
        const middle = y + 8;
        return [
          `<text x="${LEFT - 8}" y="${y + 12}" text-anchor="end">${client}</text>`,
          `<rect x="${LEFT}" y="${y}" width="${round(x(median) - LEFT)}" height="16" fill="${colour}"/>`,
          `<path d="M${x(low)} ${middle}H${x(high)}" stroke="#111" stroke-width="1.5"/>`,
          `<text x="${round(x(high) + 6)}" y="${y + 12}">${median.toFixed(2)}</text>`,
        ];
      }),
    ];
  });
  const heading = `times better than plain, ${transport}, Node ${node}, ${rounds} rounds`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" role="img" aria-label="${heading}">`,
    "<style>text{font:13px system-ui,sans-serif;fill:#111}.title{font-weight:600}</style>",
    `<rect width="${WIDTH}" height="${height}" rx="6" fill="#fff"/>`,
    `<text x="${LEFT}" y="28" class="title">${heading}</text>`,
    ...lines,
    `<path d="M${x(1)} 40V${height - 14}" stroke="#b3261e" stroke-dasharray="4 3"/>`,
    `<text x="${x(1)}" y="52" text-anchor="middle">plain = 1</text>`,
    "</svg>",
    "",
  ].join("\n");
}

const round = (number: number) => Math.round(number * 10) / 10;

const [file, transport] = process.argv.slice(2);
if (import.meta.filename === process.argv[1] && file !== undefined)
  process.stdout.write(drawing(JSON.parse(readFileSync(file, "utf8")) as Run, transport));
