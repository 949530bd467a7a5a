import { getEventListeners } from "node:events";
import { LatchGateClient, LatchGateError } from "latchgate-client";
import { SAID } from "./said.ts";

/** One client that makes all the calls, some at a time, on one signal, and says every so often how the process is. */
const [socket = "", calls = "0"] = process.argv.slice(2);
const total = Number(calls);
const WORKERS = 16;
const ROWS = 10;

export interface Row {
  readonly calls: number;
  readonly seconds: number;
  readonly rssMb: number;
  readonly heapMb: number;
  /** What keeps the process alive: sockets, timers, pipes. */
  readonly handles: number;
  /** On the signal that all calls share. */
  readonly listeners: number;
  readonly leases: number;
}

const warnings: string[] = [];
process.on("warning", ({ name, message }) => warnings.push(`${name}: ${message}`));
let leases = 0;
const client = new LatchGateClient({
  socket,
  agentId: "soak",
  timeoutMs: 5_000,
  retry: { attempts: 3, minDelayMs: 1, maxDelayMs: 5 },
  onEvent: ({ type }) => {
    if (type === "session") leases += 1;
  },
});
const { signal } = new AbortController();
const said = new Uint8Array(total);
const began = performance.now();
let started = 0;
let ended = 0;

function row(): Row {
  globalThis.gc?.();
  const { rss, heapUsed } = process.memoryUsage();
  const mb = (bytes: number) => Math.round(bytes / 104_857.6) / 10;
  return {
    calls: ended,
    seconds: Math.round((performance.now() - began) / 100) / 10,
    rssMb: mb(rss),
    heapMb: mb(heapUsed),
    handles: process.getActiveResourcesInfo().length,
    listeners: getEventListeners(signal, "abort").length,
    leases,
  };
}

async function work(): Promise<void> {
  while (started < total) {
    const nth = started++;
    const word = await client.execute("count", { nth }, { signal }).then(
      ({ output }) => ((output as { data?: { nth?: number } }).data?.nth === nth ? "result" : "foreign"),
      (error: unknown) => (error instanceof LatchGateError ? error.outcome : "foreign"),
    );
    said[nth] = SAID.indexOf(word);
    ended += 1;
    if (ended % Math.ceil(total / ROWS) === 0) process.send?.({ row: row() });
  }
}

await Promise.all(Array.from({ length: WORKERS }, work));
await client.close();
// Nothing but the channel to the parent may be left: the process has to end by itself.
const last = {
  said: Buffer.from(said).toString("base64"),
  warnings,
  listeners: getEventListeners(signal, "abort").length,
};
process.send?.(last, () => process.disconnect());
