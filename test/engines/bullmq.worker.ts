import { Worker } from "bullmq";
import { Redis } from "ioredis";
import { redisJournal } from "latchgate-client/journals";
import { carryOut, clientOf, type Order } from "./order.ts";

const connection = { path: process.env["ENGINES_REDIS"] ?? "", maxRetriesPerRequest: null };
const client = clientOf(redisJournal(new Redis(connection), { prefix: "orders:call:" }));

const worker = new Worker<Order>("orders", (job) => carryOut(client, job.data), {
  connection,
  concurrency: 8,
  // A worker that dies is noticed after two seconds, and its jobs may stall often.
  lockDuration: 2_000,
  stalledInterval: 1_000,
  maxStalledCount: 100,
});
worker.on("error", () => {});
await worker.waitUntilReady();
process.on("disconnect", () => process.exit());
process.send?.("ready");
