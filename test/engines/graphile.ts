import { makeWorkerUtils } from "graphile-worker";
import { postgresJournal, postgresJournalDdl } from "latchgate-client/journals";
import pg from "pg";
import postgres from "postgres";
import { type Engine, startProgram } from "./engine.ts";
import type { Ending } from "./order.ts";
import { startPostgres } from "./postgres.ts";

const later = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** A job that is run again by the worker that replaces a dead one, which unlocks it. The `callId` is the job's key. */
export const graphile: Engine = {
  name: "graphile-worker on Postgres",
  async open({ dir, environment }) {
    const server = await startPostgres(dir);
    const pool = new pg.Pool({ host: server.host, user: "postgres", database: "postgres" });
    pool.on("error", () => {});
    pool.on("connect", (client) => client.on("error", () => {}));
    await pool.query(postgresJournalDdl("calls"));
    // A job that has ended is deleted: its task writes down how.
    await pool.query("CREATE TABLE endings (call_id text PRIMARY KEY, ending json NOT NULL)");
    const queue = await makeWorkerUtils({ pgPool: pool });
    await queue.migrate();
    // The judge looks with the other client, as another program might.
    const sql = postgres({ path: `${server.host}/.s.PGSQL.5432`, user: "postgres", database: "postgres" });
    const living = new Set<string>();
    const dead: string[] = [];
    return {
      journal: postgresJournal(sql, { table: "calls" }),
      workers: 2,
      killed: 1,
      async dump() {
        const { rows } = await pool.query<{ text: string }>(
          "SELECT string_agg(entry::text, E'\\n') AS text FROM calls",
        );
        return rows[0]?.text ?? "";
      },
      async startWorker() {
        const env = { ...environment, ENGINES_POSTGRES: server.host, ENGINES_DEAD: dead.join(" ") };
        let id = "";
        const worker = await startProgram("graphile.worker.ts", env, (message) => {
          id = String(message);
        });
        living.add(id);
        worker.on("exit", () => {
          living.delete(id);
          dead.push(id);
        });
        return worker;
      },
      async submit(orders) {
        for (const { callId, actionId } of orders)
          await queue.addJob("order", { actionId }, { jobKey: callId });
        if (Math.random() < 0.5) return;
        // As if they were taken for dead while they send: their jobs run twice at the same time.
        await later(100);
        await queue.forceUnlockWorkers([...living]);
      },
      async endingOf({ callId }) {
        const { rows } = await pool.query<{ ending: Ending }>(
          "SELECT ending FROM endings WHERE call_id = $1 AND NOT EXISTS (SELECT FROM graphile_worker.jobs WHERE key = $1)",
          [callId],
        );
        return rows[0]?.ending;
      },
      async [Symbol.asyncDispose]() {
        await queue.release();
        await sql.end();
        await pool.end();
        await server[Symbol.asyncDispose]();
      },
    };
  },
};
