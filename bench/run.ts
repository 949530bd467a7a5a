/**
 * Clients against one bare server, each in a process of its own as in a program, in rounds that take turns, so that a
 * slow minute of the machine is slow for all of them. `--node PATH` runs the whole on another Node, `--rounds N` more or fewer
 * rounds, `--only uds` or `--only tcp`, `--quick` a quarter of the calls and the Unix socket alone, `--budget` fails when a ratio to plain has got far worse.
 */
import { type ChildProcess, fork, spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { CLIENTS, type ClientName, type Target } from "./clients.ts";
import { drawing } from "./draw.ts";
import { type Figures, quartiles, type Sizes } from "./round.ts";

const { values } = parseArgs({
  options: {
    node: { type: "string" },
    rounds: { type: "string", default: "9" },
    quick: { type: "boolean", default: false },
    only: { type: "string" },
    json: { type: "string" },
    budget: { type: "boolean", default: false },
  },
});

if (values.node !== undefined) {
  const rest = process.argv.slice(2).filter((arg, at, all) => arg !== "--node" && all[at - 1] !== "--node");
  process.exit(
    spawnSync(values.node, [...process.execArgv, import.meta.filename, ...rest], { stdio: "inherit" })
      .status ?? 1,
  );
}

/** What no change may cost, in times better than plain: half of what is reached, for a machine that does other things too. */
const BUDGET = { p50: 1.5, perSecond: 1.8, cpu: 2.5 };

const NAMES = Object.keys(CLIENTS) as ClientName[];
const ROUNDS = Number(values.rounds);
const scale = values.quick ? 0.25 : 1;
const SIZES: Sizes = { latencyCalls: 1_000 * scale, throughputCalls: 6_000 * scale, inFlight: 64 };

const results: Record<string, Record<ClientName, Figures[]>> = {};
const targets = { uds: join(tmpdir(), `latchgate-bench-${process.pid}.sock`), tcp: "0" };
for (const [transport, target] of Object.entries(targets)) {
  if (transport !== (values.only ?? (values.quick ? "uds" : transport))) continue;
  results[transport] = await measure(target);
  print(transport, results[transport]);
}
mkdirSync("bench/results", { recursive: true });
const file =
  values.json ?? `bench/results/${process.version}-${new Date().toISOString().replaceAll(":", "")}.json`;
const run = { node: process.version, rounds: ROUNDS, results };
writeFileSync(file, JSON.stringify(run, null, 2));
console.log(`\n${file}`);
for (const transport of Object.keys(results)) {
  const picture = `${file.replace(/\.json$/, "")}-${transport}.svg`;
  writeFileSync(picture, drawing(run, transport));
  console.log(picture);
}
if (values.budget) keepBudget(results["uds"] as Record<ClientName, Figures[]>);

async function measure(listenAt: string): Promise<Record<ClientName, Figures[]>> {
  const server = fork(join(import.meta.dirname, "server.ts"), [listenAt]);
  const where = await heard<string>(server);
  const target: Target = where.startsWith("http") ? { url: where } : { socket: where };
  const clients = new Map<ClientName, ChildProcess>();
  for (const name of NAMES) clients.set(name, await startClient(name, target));
  const figures = Object.fromEntries(NAMES.map((name) => [name, [] as Figures[]])) as Record<
    ClientName,
    Figures[]
  >;
  for (const name of NAMES) await round(name);
  for (let at = 0; at < ROUNDS; at += 1)
    // The order moves on, so that nobody always runs after the same neighbour.
    for (const name of [...NAMES.slice(at % NAMES.length), ...NAMES.slice(0, at % NAMES.length)])
      figures[name].push(await round(name));
  for (const client of clients.values()) client.disconnect();
  server.disconnect();
  if (target.socket !== undefined) rmSync(target.socket, { force: true });
  return figures;

  function round(name: ClientName): Promise<Figures> {
    const client = clients.get(name) as ChildProcess;
    client.send(SIZES);
    return heard<Figures>(client);
  }
}

async function startClient(name: ClientName, target: Target): Promise<ChildProcess> {
  const client = fork(join(import.meta.dirname, "round.ts"), [name, JSON.stringify(target)]);
  await heard(client);
  return client;
}

/** What a child process says next. */
function heard<Message>(child: ChildProcess): Promise<Message> {
  return new Promise((resolve, reject) => {
    const said = (message: unknown) => {
      child.off("exit", ended);
      resolve(message as Message);
    };
    const ended = (code: number | null) => {
      child.off("message", said);
      reject(new Error(`a child process ended with ${code}`));
    };
    child.once("message", said).once("exit", ended);
  });
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
  console.log("execute by node:http against undici's pool: latency and CPU over it, throughput of it");
  console.table({
    nodeHttp: {
      p50: shown(each(figures.nodeHttp, figures.execute, ({ p50 }) => p50)),
      "calls/s": shown(each(figures.nodeHttp, figures.execute, ({ perSecond }) => perSecond)),
      CPU: shown(each(figures.nodeHttp, figures.execute, ({ cpu }) => cpu)),
    },
  });
}

function keepBudget({ execute, plain }: Record<ClientName, Figures[]>): void {
  const reached = {
    p50: median(each(plain, execute, ({ p50 }) => p50)),
    perSecond: median(each(execute, plain, ({ perSecond }) => perSecond)),
    cpu: median(each(plain, execute, ({ cpu }) => cpu)),
  };
  for (const [name, least] of Object.entries(BUDGET)) {
    const ratio = reached[name as keyof typeof BUDGET];
    console.log(`budget: ${name} ${ratio.toFixed(2)} times better than plain, at least ${least}`);
    if (!(ratio >= least)) process.exitCode = 1;
  }
}

function median(numbers: number[]): number {
  return quartiles(numbers)[1];
}

function each(above: Figures[], below: Figures[], figure: (figures: Figures) => number): number[] {
  return above.map((figures, at) => figure(figures) / figure(below[at] ?? figures));
}

function shown(numbers: number[]): string {
  const digits = Math.max(...numbers) < 100 ? 2 : 0;
  const [low, median, high] = quartiles(numbers).map((value) => value.toFixed(digits));
  return `${median} (${low} to ${high})`;
}
