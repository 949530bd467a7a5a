import { AsyncLocalStorage } from "node:async_hooks";
import { subscribe, tracingChannel, unsubscribe } from "node:diagnostics_channel";
import { inspect } from "node:util";
import { MockGate } from "latchgate-client/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import { LatchGateClient, type TraceContext, type TraceName } from "../../src/index.ts";

const NAMES: TraceName[] = ["execute", "attempt", "lease", "approval"];

function world(options: ConstructorParameters<typeof LatchGateClient>[0] = {}) {
  const gate = new MockGate({
    rateLimits: false,
    actions: {
      count: { riskLevel: "low", run: () => ({ ok: true, secret: "output-canary" }) },
      risky: { riskLevel: "high", run: () => ({ ok: true }) },
    },
  });
  return {
    gate,
    client: new LatchGateClient({ fetch: gate.fetch, agentId: "t", retry: { minDelayMs: 0 }, ...options }),
  };
}

/** What is told from now on, in its order: `execute start`, `attempt asyncEnd`, … with a copy of what was known then. */
function listen() {
  const heard: { what: string; context: TraceContext }[] = [];
  for (const name of NAMES)
    for (const phase of ["start", "error", "asyncEnd"]) {
      const channel = `tracing:latchgate:${name}:${phase}`;
      const listener = (message: unknown) => {
        heard.push({ what: `${name} ${phase}`, context: { ...(message as TraceContext) } });
      };
      subscribe(channel, listener);
      onTestFinished(() => void unsubscribe(channel, listener));
    }
  return heard;
}

describe("the tracing channels", () => {
  it("tell of an execute, its lease and each attempt, in their order", async () => {
    const { client, gate } = world();
    const heard = listen();
    gate.fault("executeAction", { kind: "answer", status: 503, code: "store_unavailable" });
    await client.execute("count", { to: "parameter-canary" });
    expect(heard.map(({ what }) => what)).toEqual([
      "execute start",
      "lease start",
      "attempt start",
      "attempt asyncEnd",
      "lease asyncEnd",
      "attempt start",
      "attempt asyncEnd",
      "attempt start",
      "attempt asyncEnd",
      "execute asyncEnd",
    ]);
    expect(heard.at(-1)?.context).toMatchObject({
      actionId: "count",
      outcome: "executed",
      sessionId: client.sessionId,
    });
    expect(
      heard.filter(({ what }) => what === "attempt asyncEnd").map(({ context }) => context),
    ).toMatchObject([
      { operationId: "createLease", status: 200, attempts: 1 },
      { operationId: "executeAction", actionId: "count", status: 503, attempts: 1 },
      { operationId: "executeAction", actionId: "count", status: 200, attempts: 2 },
    ]);
  });

  it("tell of a failure with its code, its outcome and how many attempts it took", async () => {
    const { client, gate } = world();
    await client.connect();
    const heard = listen();
    gate.fault(
      { operation: "executeAction", times: 1 },
      { kind: "answer", status: 502, code: "action_execution_failed" },
    );
    await client.execute("count").catch(() => {});
    const failed = heard.find(({ what }) => what === "execute error");
    expect(failed?.context).toMatchObject({
      code: "action_execution_failed",
      outcome: "unknown",
      status: 502,
      attempts: 1,
    });
    expect(failed?.context.error).toMatchObject({ name: "LatchGateOutcomeUnknown", outcome: "unknown" });
    expect(failed?.context.error).not.toHaveProperty("body");
  });

  it("tell of a held call without an error: it is no failure", async () => {
    const { client } = world();
    const heard = listen();
    await client.execute("risky").catch(() => {});
    expect(heard.map(({ what }) => what)).not.toContain("execute error");
    expect(heard.at(-1)).toMatchObject({
      what: "execute asyncEnd",
      context: { code: "approval_required", outcome: "not_executed", status: 202 },
    });
    expect(heard.at(-1)?.context).not.toHaveProperty("error");
  });

  it("tell of a wait for an operator", async () => {
    const { client, gate } = world();
    const held = await client.execute("risky").catch((error) => error);
    await gate.approve(held.approvalId);
    const heard = listen();
    await client.waitForApproval(held);
    expect(heard[0]).toMatchObject({ what: "approval start", context: { actionId: "risky" } });
    expect(heard.at(-1)).toMatchObject({ what: "approval asyncEnd", context: { outcome: "executed" } });
  });

  it("hold no parameter, output, token or proof", async () => {
    const { client } = world();
    const heard = listen();
    await client.execute("count", { to: "parameter-canary" });
    const shown = inspect(heard, { depth: null, showHidden: true });
    expect(shown).not.toMatch(/canary|eyJ/);
    expect(heard.length).toBeGreaterThan(4);
  });

  it("carry a subscriber's store from an execute into its attempts, so that spans have parents", async () => {
    const { client } = world();
    const store = new AsyncLocalStorage<{ span: string }>();
    const channel = tracingChannel("latchgate:execute").start;
    channel.bindStore(store, (context) => ({ span: `execute ${(context as TraceContext).actionId}` }));
    const parents: unknown[] = [];
    const onAttempt = () => void parents.push(store.getStore()?.span);
    subscribe("tracing:latchgate:attempt:start", onAttempt);
    onTestFinished(() => {
      channel.unbindStore(store);
      unsubscribe("tracing:latchgate:attempt:start", onAttempt);
    });
    await client.execute("count");
    expect(parents).toEqual(["execute count", "execute count"]);
    expect(store.getStore()).toBeUndefined();
  });
});

describe("the logger", () => {
  it("gets one line a happening, without a secret", async () => {
    const lines: string[] = [];
    const logger = {
      debug: (line: string) => lines.push(line),
      warn: (line: string) => lines.push(`! ${line}`),
    };
    const { client, gate } = world({ logger });
    await client.execute("count", { to: "parameter-canary" });
    gate.fault("executeAction", { kind: "answer", status: 403, code: "policy_denied" });
    await client.execute("count").catch(() => {});
    expect(lines).toMatchObject([
      expect.stringMatching(/^latchgate attempt createLease: 200, attempt 1 \(\d+ ms\)$/),
      expect.stringMatching(/^latchgate lease createLease: not_executed, session \S+ \(\d+ ms\)$/),
      expect.stringMatching(/^latchgate attempt executeAction: 200, attempt 1, session \S+ \(\d+ ms\)$/),
      expect.stringMatching(/^latchgate execute count: executed, session \S+ \(\d+ ms\)$/),
      expect.stringMatching(/^latchgate attempt executeAction: 403/),
      expect.stringMatching(
        /^! latchgate execute count: policy_denied, 403, attempt 1, session \S+ \(\d+ ms\)$/,
      ),
    ]);
    expect(lines.join("\n")).not.toMatch(/canary|eyJ/);
  });

  it("is not warned of a held call", async () => {
    const warned: string[] = [];
    const { client } = world({ logger: { debug: () => {}, warn: (line) => warned.push(line) } });
    await client.execute("risky").catch(() => {});
    expect(warned).toEqual([]);
  });

  it("that throws changes nothing", async () => {
    const broken = () => {
      throw new Error("logger");
    };
    const { client } = world({ logger: { debug: broken, warn: broken } });
    expect((await client.execute("count")).ok).toBe(true);
  });
});

it("requests name the package and the runtime, and nothing of the host", async () => {
  const { client, gate } = world();
  await client.execute("count");
  for (const { headers } of gate.received)
    expect(headers["user-agent"]).toMatch(/^latchgate-client\/\d+\.\d+\.\d+ node\/\d+\.\d+\.\d+$/);
});
