import { Job, Queue } from "bullmq";
import { Redis } from "ioredis";
import { redisJournal } from "latchgate-client/journals";
import { createClient } from "redis";
import { type Engine, startProgram } from "./engine.ts";
import type { Ending } from "./order.ts";
import { startRedis } from "./redis.ts";

/** A job that is run again after its worker died: BullMQ finds it stalled. The `callId` is the job's id. */
export const bullmq: Engine = {
  name: "bullmq on Redis",
  async open({ dir, environment }) {
    const server = await startRedis(dir);
    const { socket } = server;
    const connection = { path: socket, maxRetriesPerRequest: null };
    const redis = new Redis(connection);
    const queue = new Queue("orders", { connection });
    // The judge looks with the other client, as another program might.
    const other = createClient({ socket: { path: socket, tls: false } });
    other.on("error", () => {});
    await redis.ping();
    await other.connect();
    return {
      journal: redisJournal(other, { prefix: "orders:call:" }),
      workers: 1,
      killed: 1,
      async dump() {
        const keys = await redis.keys("orders:call:*");
        return keys.length === 0 ? "" : (await redis.mget(keys)).join("\n");
      },
      startWorker: () => startProgram("bullmq.worker.ts", { ...environment, ENGINES_REDIS: socket }),
      async submit(orders) {
        await queue.addBulk(
          orders.map((order) => ({
            name: order.actionId,
            data: order,
            opts: { jobId: order.callId, attempts: 20, backoff: 500 },
          })),
        );
      },
      async endingOf({ callId }) {
        const job = await Job.fromId(queue, callId);
        if (job === undefined || !(await job.isCompleted())) return undefined;
        // It may have ended only after it was read.
        return (await Job.fromId(queue, callId))?.returnvalue as Ending;
      },
      async [Symbol.asyncDispose]() {
        await queue.close();
        redis.disconnect();
        other.destroy();
        await server[Symbol.asyncDispose]();
      },
    };
  },
};
