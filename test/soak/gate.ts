import { MockGate } from "latchgate-client/testing";

/** A gate in a process of its own, with a fault for one request in a hundred, that counts what each call really did. */
const [socket = "", calls = "0", life = "10"] = process.argv.slice(2);
const ran = new Uint8Array(Number(calls));
const gate = new MockGate({
  leaseTtlSeconds: Number(life),
  rateLimits: false,
  receivedLimit: 100,
  historyLimit: 1_000,
  replayCapacity: 2_000_000,
  actions: {
    count: {
      riskLevel: "low",
      run: ({ nth }: { nth: number }) => {
        ran[nth] = (ran[nth] ?? 0) + 1;
        return { ok: true, data: { nth } };
      },
    },
  },
});

const EXECUTES = [
  { kind: "reset", when: "unread" },
  { kind: "reset", when: "running" },
  { kind: "reset", when: "answered" },
  { kind: "truncate" },
  { kind: "refuse" },
  { kind: "delay", ms: 5 },
  { kind: "garbage" },
  { kind: "answer", status: 503, code: "store_unavailable" },
] as const;
for (const [nth, fault] of EXECUTES.entries())
  gate.fault(
    {
      operation: "executeAction",
      times: Number.POSITIVE_INFINITY,
      chance: 0.01 / EXECUTES.length,
      seed: nth + 1,
    },
    fault,
  );
for (const [nth, when] of (["unread", "answered"] as const).entries())
  gate.fault(
    { operation: "createLease", times: Number.POSITIVE_INFINITY, chance: 0.05, seed: nth + 50 },
    { kind: "reset", when },
  );

const server = await gate.listen({ socket });
process.send?.("listening");
process.once("message", () => {
  process.send?.(Buffer.from(ran).toString("base64"), () => {
    void server.close().then(() => process.disconnect());
  });
});
