/** One client in a process of its own: a round of calls whenever it is asked for one. */
import { type BenchClient, CLIENTS, type ClientName, type Target } from "./clients.ts";

/** What one client did in one round. */
export interface Figures {
  readonly p50: number;
  readonly p99: number;
  readonly perSecond: number;
  readonly cpu: number;
  readonly allocated: number;
}

export interface Sizes {
  readonly latencyCalls: number;
  readonly throughputCalls: number;
  readonly inFlight: number;
}

export async function round(client: BenchClient, sizes: Sizes): Promise<Figures> {
  const times = new Float64Array(sizes.latencyCalls);
  for (let at = 0; at < times.length; at += 1) {
    const start = performance.now();
    await client.call();
    times[at] = performance.now() - start;
  }
  times.sort();
  globalThis.gc?.();
  const cpuBefore = process.cpuUsage();
  const start = performance.now();
  let left = sizes.throughputCalls;
  const worker = async () => {
    while (left > 0) {
      left -= 1;
      await client.call();
    }
  };
  await Promise.all(Array.from({ length: sizes.inFlight }, worker));
  const elapsed = performance.now() - start;
  const { user, system } = process.cpuUsage(cpuBefore);
  return {
    p50: times[times.length >> 1] ?? Number.NaN,
    p99: times[Math.floor(times.length * 0.99)] ?? Number.NaN,
    perSecond: (sizes.throughputCalls / elapsed) * 1000,
    cpu: (user + system) / sizes.throughputCalls,
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

export function quartiles(numbers: readonly number[]): [number, number, number] {
  const sorted = [...numbers].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.round((sorted.length - 1) * share)] ?? Number.NaN;
  return [at(0.25), at(0.5), at(0.75)];
}

const [name, target] = process.argv.slice(2);
if (process.send !== undefined && name !== undefined && name in CLIENTS) {
  const client = await CLIENTS[name as ClientName](JSON.parse(target ?? "{}") as Target);
  process.on("message", async (sizes: Sizes) => void process.send?.(await round(client, sizes)));
  process.on("disconnect", () => process.exit());
  process.send("ready");
}
