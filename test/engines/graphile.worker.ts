import { EventEmitter } from "node:events";
import { type JobHelpers, makeWorkerUtils, run, type WorkerEvents } from "graphile-worker";
import { postgresJournal } from "latchgate-client/journals";
import pg from "pg";
import { carryOut, clientOf, type Order } from "./order.ts";

const pgPool = new pg.Pool({
  host: process.env["ENGINES_POSTGRES"] ?? "",
  user: "postgres",
  database: "postgres",
  max: 20,
});
pgPool.on("error", () => {});
pgPool.on("connect", (connection) => connection.on("error", () => {}));
const client = clientOf(postgresJournal(pgPool, { table: "calls" }));

/** Runs again from its start when its worker died: the job's key makes it the same call. */
async function order(payload: unknown, { job, query }: JobHelpers): Promise<void> {
  const { actionId } = payload as Pick<Order, "actionId">;
  if (job.key === null) throw new Error(`job ${job.id} was added without a key`);
  const ending = await carryOut(client, { callId: job.key, actionId });
  await query(
    "INSERT INTO endings VALUES ($1, $2) ON CONFLICT (call_id) DO UPDATE SET ending = excluded.ending",
    [job.key, JSON.stringify(ending)],
  );
}

process.on("disconnect", () => process.exit());

// The jobs of a dead worker stay locked for four hours, unless somebody who knows that it is dead unlocks them.
const utils = await makeWorkerUtils({ pgPool });
await utils.forceUnlockWorkers((process.env["ENGINES_DEAD"] ?? "").split(" "));
const events: WorkerEvents = new EventEmitter();
// What a job is locked by is the id of its worker's pool.
events.once("pool:create", ({ workerPool }) => process.send?.(workerPool.id));
await run({ pgPool, events, concurrency: 8, pollInterval: 100, taskList: { order } });
