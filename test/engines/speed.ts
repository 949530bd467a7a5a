/** What each journal costs: calls per second against a bare server, one at a time and 64 at once; heap per remembered call. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Redis } from "ioredis";
import { createMemoryJournal, createTransport, type Journal, LatchGateClient } from "latchgate-client";
import { fileJournal, postgresJournal, postgresJournalDdl, redisJournal } from "latchgate-client/journals";
import pg from "pg";
import { startPostgres } from "./postgres.ts";
import { startRedis } from "./redis.ts";

const ROUNDS = 3;
/** One at a time, and at once: a file is synchronised six times a call. */
const ONE_AT_A_TIME = 50;
const AT_ONCE = 400;

export async function speed(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), "latchgate-speed-"));
  const socket = join(dir, "bench.sock");
  const server = fork(join(import.meta.dirname, "../../bench/server.ts"), [socket]);
  await once(server, "message");
  const redisServer = await startRedis(dir);
  const postgresServer = await startPostgres(dir);
  const redis = new Redis({ path: redisServer.socket });
  const pool = new pg.Pool({ host: postgresServer.host, user: "postgres", database: "postgres", max: 16 });
  await pool.query(postgresJournalDdl());
  const transport = createTransport({ socket });
  const journals: Readonly<Record<string, Journal | undefined>> = {
    "without a callId": undefined,
    "in memory": createMemoryJournal(),
    files: fileJournal(join(dir, "calls")),
    "Redis (appendfsync always)": redisJournal(redis),
    Postgres: postgresJournal(pool),
  };
  const figures = new Map(
    Object.keys(journals).map((name) => [name, { one: [] as number[], many: [] as number[] }]),
  );
  for (let round = 0; round < ROUNDS; round += 1)
    for (const [name, journal] of Object.entries(journals)) {
      const client = new LatchGateClient({ transport, agentId: "agent:speed", journal });
      const call = (at: number) =>
        client.execute(
          "http_fetch",
          { url: "https://example.com/" },
          journal === undefined ? {} : { callId: `${round} ${at}` },
        );
      if (round === 0) await perSecond(AT_ONCE, 8, (at) => call(-at - 1));
      figures.get(name)?.one.push(await perSecond(ONE_AT_A_TIME, 1, call));
      figures.get(name)?.many.push(await perSecond(AT_ONCE, 64, (at) => call(at + ONE_AT_A_TIME)));
    }
  console.table(
    Object.fromEntries(
      [...figures].map(([name, { one, many }]) => [
        name,
        { "calls/s, one at a time": median(one), "calls/s, 64 at once": median(many) },
      ]),
    ),
  );
  console.log(`a remembered call in memory: ${await heapPerCall()} bytes`);
  await transport.close();
  redis.disconnect();
  await pool.end();
  await redisServer[Symbol.asyncDispose]();
  await postgresServer[Symbol.asyncDispose]();
  server.disconnect();
  rmSync(dir, { recursive: true, force: true });
}

async function perSecond(
  calls: number,
  inFlight: number,
  call: (at: number) => Promise<unknown>,
): Promise<number> {
  let next = 0;
  const began = performance.now();
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (next < calls) await call(next++);
    }),
  );
  return Math.round((calls / (performance.now() - began)) * 1_000);
}

async function heapPerCall(): Promise<number> {
  const journal = createMemoryJournal();
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const settled = () => {
    for (let turn = 0; turn < 4; turn += 1) collect();
    return process.memoryUsage().heapUsed;
  };
  const before = settled();
  for (let at = 0; at < 20_000; at += 1)
    await journal.add(`call ${at}`, {
      ...{ state: "done", actionId: "http_fetch", requestHash: `sha256:${String(at).padStart(64, "0")}` },
      ...{ sessionId: `session ${at}`, traceId: `trace ${at}`, receiptId: `receipt ${at}` },
    });
  const bytes = Math.round((settled() - before) / 20_000);
  // Until here it must not be collected itself.
  await journal.get("call 0");
  return bytes;
}

const median = (numbers: readonly number[]) =>
  [...numbers].sort((one, other) => one - other)[numbers.length >> 1] ?? 0;
