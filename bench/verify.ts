/**
 * How many receipts are verified in a second; whether the mock gate's time per call is flat; and whether the audit events of
 * that gate are read and verified in flat memory and linear time.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { LatchGateClient, verifyReceipt } from "latchgate-client";
import { LatchGateOperator } from "latchgate-client/operator";
import { MockGate } from "latchgate-client/testing";

const main = JSON.parse(readFileSync(join(import.meta.dirname, "../test/recordings/main.json"), "utf8"));
const exchange = (path: string) =>
  main.exchanges.find(({ request }: { request: { path: string } }) => request.path === path);
const keys = exchange("/v1/receipt-keys").response.json;
const receipt = main.exchanges.find(
  ({
    request,
    response,
  }: {
    request: { path: string };
    response: { status: number; json?: { provider_receipt?: unknown } };
  }) => request.path.startsWith("/v1/receipts/") && response.status === 200,
).response.json;

const RECEIPTS = 10_000;
for (let warm = 0; warm < 500; warm += 1) verifyReceipt(receipt, keys);
const began = performance.now();
for (let at = 0; at < RECEIPTS; at += 1)
  if (verifyReceipt(receipt, keys).state !== "verified") throw new Error("a recorded receipt did not verify");
const seconds = (performance.now() - began) / 1000;
console.log(`${Math.round(RECEIPTS / seconds)} receipts of ${JSON.stringify(receipt).length} bytes a second`);

const gate = new MockGate({
  // A real gate stops at 100,000 proofs in 180 s; this is about the time that a call takes.
  replayCapacity: 1_000_000,
  rateLimits: false,
  actions: { nothing: { riskLevel: "low", run: () => ({ ok: true }) } },
});
const client = new LatchGateClient({ fetch: gate.fetch, agentId: "bench" });
for (let warm = 0; warm < 3_000; warm += 1) await client.execute("nothing");
for (const calls of [100, 1_000, 10_000, 100_000]) {
  const start = performance.now();
  for (let at = 0; at < calls; at += 1) await client.execute("nothing");
  const each = ((performance.now() - start) / calls) * 1000;
  console.log(
    `mock gate, ${calls} executes in process: ${each.toFixed(0)} µs each, ${Math.round(1e6 / each)} a second`,
  );
}

/** The most that was in the heap whenever a page of events was asked for. */
let most = 0;
const operator = new LatchGateOperator({
  ...gate.operatorCredentials,
  fetch: (...request) => {
    globalThis.gc?.();
    most = Math.max(most, process.memoryUsage().heapUsed);
    return gate.operatorFetch(...request);
  },
});
for (const newest of [1_000, 10_000, 100_000]) {
  const after = gate.auditEvents.at(-newest)?.timestamp;
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  most = before;
  const start = performance.now();
  const { state, events } = await operator.audit.verifyOffline({ after });
  const ms = performance.now() - start;
  console.log(
    `audit chain (${state}), ${events} events: ${((ms / events) * 1000).toFixed(0)} µs each, heap at most ${((most - before) / 2 ** 20).toFixed(1)} MiB more`,
  );
}
