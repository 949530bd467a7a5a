/**
 * What tracing costs: calls whose answers come from memory, with nobody listening and with a subscriber on all four
 * channels, in turns; and the question alone whether anybody listens, which is all that is left where nobody does.
 */
import { tracingChannel } from "node:diagnostics_channel";
import { createTransport, LatchGateClient } from "latchgate-client";
import { MockGate } from "latchgate-client/testing";
import { createTrace } from "../src/call/tracing.ts";
import { quartiles } from "./round.ts";

const CALLS = 3_000;
const ROUNDS = 15;
const CHANNELS = ["execute", "attempt", "lease", "approval"].map((name) =>
  tracingChannel(`latchgate:${name}`),
);
const listener = { start() {}, end() {}, asyncStart() {}, asyncEnd() {}, error() {} };

// One answer of the mock gate, again and again: what is measured is the client.
const gate = new MockGate({ actions: { nothing: { riskLevel: "low", run: () => ({ ok: true }) } } });
const real = createTransport({ fetch: gate.fetch });
const answers = new Map<string, ReturnType<typeof real.send>>();
const client = new LatchGateClient({
  agentId: "bench",
  transport: {
    ...real,
    send(request) {
      const answer = answers.get(request.target) ?? real.send(request);
      answers.set(request.target, answer);
      return answer;
    },
  },
});

async function perCall(): Promise<number> {
  const before = process.cpuUsage();
  for (let at = 0; at < CALLS; at += 1) await client.execute("nothing");
  const { user, system } = process.cpuUsage(before);
  return (user + system) / CALLS;
}

const unheard: number[] = [];
const heard: number[] = [];
await perCall();
for (let round = 0; round < ROUNDS; round += 1) {
  unheard.push(await perCall());
  for (const channel of CHANNELS) channel.subscribe(listener);
  heard.push(await perCall());
  for (const channel of CHANNELS) channel.unsubscribe(listener);
}
const median = (numbers: readonly number[]) => quartiles(numbers)[1];
console.log(`a call, nobody listening: ${median(unheard).toFixed(1)} µs of CPU (most of it the signature)`);
console.log(`a call, all four channels heard: ${median(heard).toFixed(1)} µs`);

const trace = createTrace(undefined, () => 0);
const QUESTIONS = 10_000_000;
let listening = 0;
const start = performance.now();
for (let at = 0; at < QUESTIONS; at += 1) if (trace.listens("attempt")) listening += 1;
const ns = ((performance.now() - start) / QUESTIONS) * 1e6;
const share = ((2 * ns) / 1000 / median(unheard)) * 100;
console.log(
  `whether anybody listens: ${ns.toFixed(1)} ns, twice a call: ${share.toFixed(3)} % of it (${listening} heard)`,
);
await real.close();
