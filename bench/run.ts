/**
 * Three clients against one bare server in another process, in rounds that take turns, so that a slow minute of the
 * machine is slow for all of them. `--node PATH` runs the whole on another Node, `--rounds N` more or fewer rounds,
 * `--quick` a tenth of the calls.
 */
import { fork, spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type BenchClient, CLIENTS, type ClientName, type Target } from "./clients.ts";

const { values } = parseArgs({
  options: {
    node: { type: "string" },
    rounds: { type: "string", default: "9" },
    quick: { type: "boolean", default: false },
    json: { type: "string" },
  },
});

if (values.node !== undefined) {
  const rest = process.argv.slice(2).filter((arg, at, all) => arg !== "--node" && all[at - 1] !== "--node");
  process.exit(
    spawnSync(values.node, [...process.execArgv, import.meta.filename, ...rest], { stdio: "inherit" })
      .status ?? 1,
  );
}

/** What one client did in one round. */
interface Figures {
  readonly p50: number;
  readonly p99: number;
  readonly perSecond: number;
  readonly cpu: number;
  readonly allocated: number;
}

const NAMES = Object.keys(CLIENTS) as ClientName[];
const ROUNDS = Number(values.rounds);
const scale = values.quick ? 0.1 : 1;
const LATENCY_CALLS = 1_000 * scale;
const THROUGHPUT_CALLS = 6_000 * scale;
const IN_FLIGHT = 64;

const results: Record<string, Record<ClientName, Figures[]>> = {};
for (const [transport, target] of [
  ["uds", join(tmpdir(), `latchgate-bench-${process.pid}.sock`)],
  ["tcp", "0"],
] as const) {
  results[transport] = await measure(target);
  print(transport, results[transport]);
}
mkdirSync("bench/results", { recursive: true });
const file =
  values.json ?? `bench/results/${process.version}-${new Date().toISOString().replaceAll(":", "")}.json`;
writeFileSync(file, JSON.stringify({ node: process.version, rounds: ROUNDS, results }, null, 2));
console.log(`\n${file}`);

async function measure(listenAt: string): Promise<Record<ClientName, Figures[]>> {
  const server = fork(join(import.meta.dirname, "server.ts"), [listenAt]);
  const where = await new Promise<string>((resolve) =>
    server.once("message", (message) => resolve(String(message))),
  );
  const target: Target = where.startsWith("http") ? { url: where } : { socket: where };
  const clients = new Map<ClientName, BenchClient>();
  for (const name of NAMES) clients.set(name, await CLIENTS[name](target));
  const figures = Object.fromEntries(NAMES.map((name) => [name, [] as Figures[]])) as Record<
    ClientName,
    Figures[]
  >;
  for (const client of clients.values()) await round(client);
  for (let at = 0; at < ROUNDS; at += 1)
    // The order moves on, so that nobody always runs after the same neighbour.
    for (const name of [...NAMES.slice(at % NAMES.length), ...NAMES.slice(0, at % NAMES.length)])
      figures[name].push(await round(clients.get(name) as BenchClient));
  for (const client of clients.values()) await client.close();
  server.disconnect();
  if (target.socket !== undefined) rmSync(target.socket, { force: true });
  return figures;
}

async function round(client: BenchClient): Promise<Figures> {
  const times = new Float64Array(LATENCY_CALLS);
  for (let at = 0; at < times.length; at += 1) {
    const start = performance.now();
    await client.call();
    times[at] = performance.now() - start;
  }
  times.sort();
  globalThis.gc?.();
  const cpuBefore = process.cpuUsage();
  const start = performance.now();
  let left = THROUGHPUT_CALLS;
  const worker = async () => {
    while (left > 0) {
      left -= 1;
      await client.call();
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  const elapsed = performance.now() - start;
  const { user, system } = process.cpuUsage(cpuBefore);
  return {
    p50: times[times.length >> 1] ?? Number.NaN,
    p99: times[Math.floor(times.length * 0.99)] ?? Number.NaN,
    perSecond: (THROUGHPUT_CALLS / elapsed) * 1000,
    cpu: (user + system) / THROUGHPUT_CALLS,
    allocated: await allocatedPerCall(client),
  };
}

/** Bytes that a call leaves to the collector: heap growth over calls between which nothing is collected. */
async function allocatedPerCall(client: BenchClient): Promise<number> {
  const samples: number[] = [];
  for (let sample = 0; sample < 5; sample += 1) {
    globalThis.gc?.();
    const before = process.memoryUsage().heapUsed;
    for (let call = 0; call < 40; call += 1) await client.call();
    samples.push((process.memoryUsage().heapUsed - before) / 40);
  }
  return quartiles(samples)[1];
}

function print(transport: string, figures: Record<ClientName, Figures[]>): void {
  console.log(`\n${transport}, Node ${process.version}, ${ROUNDS} rounds: median (quartiles)`);
  const row = (name: ClientName) => ({
    "p50 µs": shown(figures[name].map(({ p50 }) => p50 * 1000)),
    "p99 µs": shown(figures[name].map(({ p99 }) => p99 * 1000)),
    "calls/s at 64": shown(figures[name].map(({ perSecond }) => perSecond)),
    "CPU µs/call": shown(figures[name].map(({ cpu }) => cpu)),
    "bytes/call": shown(figures[name].map(({ allocated }) => allocated)),
  });
  console.table(Object.fromEntries(NAMES.map((name) => [name, row(name)])));
  const ratio = (of: ClientName, to: ClientName) => ({
    p50: shown(each(figures[to], figures[of], ({ p50 }) => p50)),
    "calls/s": shown(each(figures[of], figures[to], ({ perSecond }) => perSecond)),
    CPU: shown(each(figures[to], figures[of], ({ cpu }) => cpu)),
  });
  console.log("times better than plain (round by round)");
  console.table({
    execute: ratio("execute", "plain"),
    api: ratio("api", "plain"),
    limit: ratio("limit", "plain"),
  });
  console.log("execute against the limit: latency and CPU over it, throughput of it");
  console.table({
    execute: {
      p50: shown(each(figures.execute, figures.limit, ({ p50 }) => p50)),
      "calls/s": shown(each(figures.execute, figures.limit, ({ perSecond }) => perSecond)),
      CPU: shown(each(figures.execute, figures.limit, ({ cpu }) => cpu)),
    },
  });
}

function each(above: Figures[], below: Figures[], figure: (figures: Figures) => number): number[] {
  return above.map((figures, at) => figure(figures) / figure(below[at] ?? figures));
}

function quartiles(numbers: number[]): [number, number, number] {
  const sorted = [...numbers].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.round((sorted.length - 1) * share)] ?? Number.NaN;
  return [at(0.25), at(0.5), at(0.75)];
}

function shown(numbers: number[]): string {
  const digits = Math.max(...numbers) < 100 ? 2 : 0;
  const [low, median, high] = quartiles(numbers).map((value) => value.toFixed(digits));
  return `${median} (${low} to ${high})`;
}
