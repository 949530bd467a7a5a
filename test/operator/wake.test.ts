import { MockGate } from "latchgate-client/testing";
import { describe, expect, it } from "vitest";
import { LatchGateApprovalRequired, LatchGateClient } from "../../src/index.ts";
import { LatchGateOperator, type WatchOptions } from "../../src/operator.ts";
import { webhookReceiver } from "../../src/webhooks.ts";
import { virtualClock } from "../support/virtual-clock.ts";
import { pending, SECRET, signed } from "../webhooks/signed.ts";
import { failure } from "./world.ts";

/** A gate, an agent, an operator, and a receiver of webhooks, on one virtual clock. */
function woken(options: WatchOptions = {}) {
  const clock = virtualClock();
  const gate = new MockGate({
    now: clock.now,
    rateLimits: false,
    leaseTtlSeconds: 36_000,
    actions: { risky: { riskLevel: "high", run: () => ({ ok: true }) } },
  });
  const { apiKey, privateKey } = gate.operatorCredentials;
  const agent = new LatchGateClient({ fetch: clock.watch(gate.fetch), agentId: "t", clock });
  const operator = new LatchGateOperator({
    fetch: clock.watch(gate.operatorFetch),
    apiKey,
    privateKey,
    clock,
  });
  const receiver = webhookReceiver({ secrets: SECRET, now: clock.now });
  const stop = new AbortController();
  const seen: { id: string; at: number }[] = [];
  const hold = async () => {
    const held = await clock.until(agent.execute("risky").catch((error: unknown) => error));
    if (!(held instanceof LatchGateApprovalRequired)) throw held;
    return held.approvalId;
  };
  /** What a gate sends of a held call, at the receiver. */
  const deliver = async (approval: string) => {
    const body = pending({ approval_id: approval }, `evt_${approval}`);
    const headers = signed(body, { at: clock.now() });
    const { status } = await receiver.fetch(
      new Request("https://hooks.example/", { method: "POST", body, headers }),
    );
    expect(status).toBe(204);
    await receiver.idle();
  };
  async function run() {
    const watching = { signal: stop.signal, pollMs: 10_000, wake: receiver, ...options };
    for await (const { approval_id } of operator.approvals.watch(watching))
      seen.push({ id: approval_id, at: clock.now() });
    return "ended";
  }
  const asked = () => gate.received.filter(({ operationId }) => operationId === "listApprovals").length;
  return { clock, operator, receiver, stop, seen, hold, deliver, run, asked };
}

describe("a watch with a wake-up call", () => {
  it("looks at once when a webhook comes, and at its own time when none does", async () => {
    const { clock, seen, hold, deliver, run, stop } = woken();
    const ended = run();
    await clock.pass(1_000);
    const told = await hold();
    const before = clock.now();
    await deliver(told);
    await clock.pass(50);
    expect(seen).toEqual([{ id: told, at: expect.any(Number) }]);
    expect((seen[0]?.at ?? 0) - before).toBeLessThan(50);
    const untold = await hold();
    await clock.pass(9_000);
    expect(seen.length).toBe(1);
    await clock.pass(1_100);
    expect(seen.map(({ id }) => id)).toEqual([told, untold]);
    stop.abort();
    expect(await ended).toBe("ended");
    expect(clock.pending).toBe(0);
  });

  it("misses nothing and gives nothing twice where half of all webhooks are lost, and the others doubled and reordered", async () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      let state = seed * 2_654_435_761;
      const chance = () => {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        return state / 2 ** 32;
      };
      const { clock, seen, hold, deliver, run, stop } = woken();
      const ended = run();
      const held: string[] = [];
      const waiting: string[] = [];
      let lost = 0;
      for (let round = 0; round < 40; round += 1) {
        const id = await hold();
        held.push(id);
        if (chance() < 0.5) lost += 1;
        else for (let copies = chance() < 0.5 ? 2 : 1; copies > 0; copies -= 1) waiting.push(id);
        // Whichever of those that wait, and not the oldest.
        while (waiting.length > 0 && chance() < 0.6)
          await deliver(waiting.splice(Math.floor(chance() * waiting.length), 1)[0] ?? "");
        await clock.pass(Math.floor(chance() * 3_000));
      }
      for (const id of waiting) await deliver(id);
      await clock.pass(10_100);
      expect(lost).toBeGreaterThan(10);
      expect(seen.map(({ id }) => id).sort()).toEqual([...held].sort());
      console.log(
        `seed ${seed}: ${held.length} held, ${lost} of their webhooks lost, ${seen.length} seen once each`,
      );
      stop.abort();
      await ended;
    }
  });

  it("looks again where a call came while a look was under way, and ten times a second at most", async () => {
    const { clock, deliver, run, stop, asked } = woken({ pollMs: 60_000 });
    const ended = run();
    await clock.pass(1_000);
    const before = asked();
    for (let count = 0; count < 200; count += 1) {
      await deliver(`of-no-gate-${count}`);
      await clock.pass(5);
    }
    await clock.pass(200);
    expect(asked() - before).toBeGreaterThan(5);
    expect(asked() - before).toBeLessThanOrEqual(13);
    stop.abort();
    await ended;
  });

  it("leaves its call when it ends, and refuses one that is none", async () => {
    const { clock, operator } = woken();
    let listening = 0;
    const wake = {
      subscribe: () => {
        listening += 1;
        return () => {
          listening -= 1;
        };
      },
    };
    const watching = operator.approvals.watch({ wake, signal: AbortSignal.abort() });
    await clock.until(watching.next());
    expect(listening).toBe(0);
    expect(await failure(operator.approvals.watch({ wake: {} as never }).next())).toMatchObject({
      code: "invalid_options",
    });
  });
});
