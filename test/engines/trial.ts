import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { LatchGateApprovalLost } from "latchgate-client";
import { verifyJournal } from "latchgate-client/testing";
import type { Engine, RunningEngine } from "./engine.ts";
import { clientOf, type Ending, type Order } from "./order.ts";
import { openShop, type Shop } from "./shop.ts";

/** Where an order's call was, by the journal, when its workers were killed. */
type KillPoint = "not yet sent" | "sent" | "held" | "done" | "ended";

export interface Report {
  readonly engine: string;
  /** How often each kill point was met, by how the order ended. */
  readonly counts: Map<KillPoint, Map<string, number>>;
  readonly runs: number;
  readonly kills: number;
  readonly violations: string[];
  readonly seconds: number;
}

const AT_ONCE = 8;
const ROUND_MS = 90_000;

const later = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Runs orders through an engine whose workers are killed at random moments, until so many have been run. */
export async function trial(engine: Engine, runs: number): Promise<Report> {
  const began = performance.now();
  const counts: Report["counts"] = new Map();
  const violations: string[] = [];
  await using shop = await openShop();
  Object.assign(process.env, shop.environment);
  await using running = await engine.open(shop);
  await using judge = clientOf(running.journal);
  for (const { check, passed, why } of await verifyJournal(() => running.journal))
    if (!passed) violations.push(`the journal is none: ${check}: ${why}`);
  let kills = 0;
  let done = 0;
  let workers: ChildProcess[] = [];
  const fill = async () => {
    const missing = running.workers - workers.length;
    workers.push(...(await Promise.all(Array.from({ length: missing }, () => running.startWorker()))));
  };
  const kill = async () => {
    const dying = [...workers].sort(() => Math.random() - 0.5).slice(0, running.killed);
    workers = workers.filter((worker) => !dying.includes(worker));
    await Promise.all(
      dying.map(async (worker) => {
        if (worker.exitCode !== null || worker.signalCode !== null) return;
        const gone = once(worker, "exit");
        worker.kill("SIGKILL");
        await gone;
      }),
    );
    kills += 1;
    // What they had sent to a store may still be on its way.
    await later(100);
  };
  try {
    while (done < runs) {
      await fill();
      const orders = Array.from({ length: Math.min(AT_ONCE, runs - done) }, (_, at): Order => {
        return { callId: `order-${engine.name}-${done + at}`, actionId: at % 4 === 3 ? "ship" : "pay" };
      });
      await running.submit(orders);
      await later(Math.random() * 2_500);
      const points = new Map<string, KillPoint[]>(orders.map(({ callId }) => [callId, []]));
      const killAndLook = async () => {
        await kill();
        for (const { callId } of orders) points.get(callId)?.push(await whereIs(running, callId));
      };
      await killAndLook();
      await foreignSeal(running, judge, orders, violations);
      await fill();
      if (Math.random() < 0.3) {
        await later(Math.random() * 2_000);
        await killAndLook();
        await fill();
      }
      for (const order of orders) {
        const ending = await endOf(running, order);
        const met = points.get(order.callId) ?? [];
        const point = met.find((one) => one === "sent") ?? met[0] ?? "not yet sent";
        count(counts, point, ending?.outcome ?? "never ended");
        violations.push(...wrong(shop, order, met, ending));
      }
      const leak = /eyJ0eXAiOiJKV1Qi|privateKey|"d":|"token"/.exec(readings(await running.dump()));
      if (leak !== null) violations.push(`the store holds ${leak[0]} unsealed`);
      done += orders.length;
    }
  } finally {
    for (const worker of workers) worker.kill("SIGKILL");
  }
  return {
    engine: engine.name,
    counts,
    runs: done,
    kills,
    violations,
    seconds: (performance.now() - began) / 1000,
  };
}

async function whereIs({ journal }: RunningEngine, callId: string): Promise<KillPoint> {
  return (await journal.get(callId))?.state ?? "not yet sent";
}

async function endOf(running: RunningEngine, order: Order): Promise<Ending | undefined> {
  const until = performance.now() + ROUND_MS;
  while (performance.now() < until) {
    const ending = await running.endingOf(order);
    if (ending !== undefined) return ending;
    await later(100);
  }
  return undefined;
}

/** The gate's effects are the judge. */
function wrong(shop: Shop, order: Order, points: readonly KillPoint[], ending: Ending | undefined): string[] {
  const effects = shop.effectsOf(order.callId);
  const what = `${order.callId} (${order.actionId}, killed when ${points.join(", ")}): ${ending?.outcome} ${ending?.code}`;
  if (effects > 1) return [`${what}: ${effects} effects`];
  if (ending === undefined) return [`${what}: it never ended`];
  const isRan = ending.outcome === "result" || ending.outcome === "executed";
  if (isRan && effects !== 1) return [`${what}: ${effects} effects`];
  if (ending.outcome === "denied" && effects !== 0) return [`${what}: ${effects} effects`];
  if (ending.outcome === "result" || ending.outcome === "denied") return [];
  // What was sent, and whose answer nobody has noted, is not known any more. Everything else can be.
  return points.includes("sent") || ending.code === "timeout"
    ? []
    : [`${what}: its result is lost, and store and key are there`];
}

/** Somebody copies a held call's entry under another id: nobody may follow it from there. */
async function foreignSeal(
  { journal }: RunningEngine,
  judge: ReturnType<typeof clientOf>,
  orders: readonly Order[],
  violations: string[],
): Promise<void> {
  for (const { callId } of orders) {
    const entry = await journal.get(callId);
    if (entry?.handover === undefined) continue;
    const copy = `copy-of-${callId}`;
    await journal.set(copy, entry);
    const error = await judge.follow(copy, { waitMs: 1_000 }).catch((failure: unknown) => failure);
    if (!(error instanceof LatchGateApprovalLost && error.code === "foreign_handover"))
      violations.push(`the seal of ${callId} could be used for another call`);
    await journal.delete(copy);
    return;
  }
}

/** A text, and everything in it that is something else in base64url. */
const readings = (text: string) =>
  [text, ...text.split(/[^\w-]+/).map((word) => Buffer.from(word, "base64url").toString("latin1"))].join(
    "\n",
  );

function count(counts: Report["counts"], point: KillPoint, outcome: string): void {
  const row = counts.get(point) ?? new Map<string, number>();
  row.set(outcome, (row.get(outcome) ?? 0) + 1);
  counts.set(point, row);
}
