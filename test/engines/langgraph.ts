import type { ChildProcess } from "node:child_process";
import { PostgresSaver } from "@langchain/langgraph-checkpoint-postgres";
import { postgresJournal, postgresJournalDdl } from "latchgate-client/journals";
import pg from "pg";
import postgres from "postgres";
import { type Engine, startProgram } from "./engine.ts";
import type { Ending, Order } from "./order.ts";
import { startPostgres } from "./postgres.ts";

/** A graph that is interrupted for an operator, and resumed by another process: its checkpoints are in Postgres. */
export const langgraph: Engine = {
  name: "langgraph on Postgres",
  async open({ dir, environment }) {
    const server = await startPostgres(dir);
    const pool = new pg.Pool({ host: server.host, user: "postgres", database: "postgres" });
    pool.on("error", () => {});
    await pool.query(postgresJournalDdl("calls"));
    await new PostgresSaver(pool).setup();
    // The judge looks with the other client, as another program might.
    const sql = postgres({ path: `${server.host}/.s.PGSQL.5432`, user: "postgres", database: "postgres" });
    const open = new Map<string, Order>();
    const endings = new Map<string, Ending>();
    const workers = new Set<ChildProcess>();
    return {
      journal: postgresJournal(sql, { table: "calls" }),
      workers: 1,
      killed: 1,
      async dump() {
        const { rows } = await pool.query<{ text: string }>(
          "SELECT string_agg(entry::text, E'\\n') AS text FROM calls",
        );
        return rows[0]?.text ?? "";
      },
      async startWorker() {
        const worker = await startProgram("langgraph.worker.ts", {
          ...environment,
          ENGINES_POSTGRES: server.host,
        });
        workers.add(worker);
        worker.on("exit", () => workers.delete(worker));
        worker.on("message", ({ callId, ending }: { callId: string; ending: Ending }) =>
          endings.set(callId, ending),
        );
        worker.send([...open.values()].filter(({ callId }) => !endings.has(callId)));
        return worker;
      },
      async submit(orders) {
        for (const order of orders) open.set(order.callId, order);
        for (const worker of workers) worker.send(orders);
      },
      endingOf: async ({ callId }) => endings.get(callId),
      async [Symbol.asyncDispose]() {
        await sql.end();
        await pool.end();
        await server[Symbol.asyncDispose]();
      },
    };
  },
};
