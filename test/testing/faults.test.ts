import { expect, test } from "vitest";
import { MockGate } from "../../src/testing/index.ts";
import { ask, createAgent } from "./by-hand.ts";

const read = { operation: "read", path: "docs/notes.md" };
const causeOf = async (attempt: Promise<unknown>) => {
  const error = (await attempt.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )) as (Error & { cause?: { code?: string } }) | undefined;
  return [error?.constructor.name, error?.message, error?.cause?.code];
};

test("a refused connection reaches nobody", async () => {
  const gate = new MockGate();
  const agent = await createAgent(gate.send);
  gate.fault("executeAction", { kind: "refuse" });
  const before = gate.received.length;
  expect(await causeOf(agent.execute("fs_read", read))).toEqual([
    "TypeError",
    "fetch failed",
    "ECONNREFUSED",
  ]);
  expect(gate.received).toHaveLength(before);
  expect((await agent.execute("fs_read", read)).status).toBe(200);
});

test("a reset is told alike before, while and after the action ran; only the gate knows the difference", async () => {
  const gate = new MockGate();
  const agent = await createAgent(gate.send, { budgets: { max_calls: 9 } });
  const lost = ["TypeError", "fetch failed", "ECONNRESET"];
  const seen = () => [
    gate.effects.map(({ ending }) => ending),
    gate.auditEvents.length,
    gate.callsLeft(agent.sessionId),
  ];

  gate.fault("executeAction", { kind: "reset", when: "unread" });
  expect(await causeOf(agent.execute("fs_read", read))).toEqual(lost);
  expect(seen()).toEqual([[], 1, 9]);

  gate.fault("executeAction", { kind: "reset", when: "running" });
  expect(await causeOf(agent.execute("fs_read", read))).toEqual(lost);
  expect(seen()).toEqual([["dropped"], 1, 8]);

  gate.fault("executeAction", { kind: "reset", when: "answered" });
  expect(await causeOf(agent.execute("fs_read", read))).toEqual(lost);
  expect(seen()).toEqual([["dropped", "receipted"], 2, 7]);
});

test("bytes that are delivered twice run once; the second copy is a replay", async () => {
  const gate = new MockGate();
  const agent = await createAgent(gate.send);
  gate.fault("executeAction", { kind: "duplicate" });
  expect((await agent.execute("fs_read", read)).json).toEqual({ error: "replay_detected" });
  expect(gate.effects).toHaveLength(1);
  gate.fault("executeAction", { kind: "duplicate", hears: "first" });
  expect((await agent.execute("fs_read", read)).status).toBe(200);
  expect(gate.effects).toHaveLength(2);
});

test("an answer can be cut, replaced by another, or never come", async () => {
  const gate = new MockGate();
  const agent = await createAgent(gate.send);
  gate.fault("executeAction", { kind: "truncate" });
  const cut = await gate.send(agent.executeRequest("fs_read", read));
  expect(cut.status).toBe(200);
  await expect(cut.text()).rejects.toThrow("terminated");

  gate.fault("executeAction", { kind: "garbage" });
  const garbage = await agent.execute("fs_read", read);
  expect([garbage.status, garbage.headers.get("content-type")]).toEqual([200, "text/html"]);

  gate.fault("executeAction", {
    kind: "answer",
    status: 503,
    code: "store_unavailable",
    headers: { "Retry-After": "3" },
  });
  const answer = await agent.execute("fs_read", read);
  expect([answer.status, answer.json, answer.headers.get("retry-after")]).toEqual([
    503,
    { error: "store_unavailable" },
    "3",
  ]);
  expect(gate.effects).toHaveLength(2);

  gate.fault("executeAction", { kind: "hang", when: "answered" });
  const stop = new AbortController();
  const hanging = gate.send({ ...agent.executeRequest("fs_read", read), signal: stop.signal });
  await new Promise((resolve) => setTimeout(resolve, 10));
  stop.abort(new Error("enough"));
  await expect(hanging).rejects.toThrow("enough");
  expect(gate.effects).toHaveLength(3);
});

test("faults choose their requests by operation, number, and a seed that repeats", async () => {
  const gate = new MockGate({ rateLimits: false });
  const agent = await createAgent(gate.send);
  gate.fault({ operation: "executeAction", times: 2, skip: 1 }, { kind: "answer", status: 418 });
  const statuses = [];
  for (let count = 0; count < 4; count += 1) statuses.push((await agent.execute("fs_read", read)).status);
  expect(statuses).toEqual([200, 418, 418, 200]);

  const draw = async (seed: number) => {
    const fault = gate.fault(
      { times: Number.POSITIVE_INFINITY, chance: 0.5, seed },
      { kind: "answer", status: 418 },
    );
    let drawn = "";
    for (let count = 0; count < 24; count += 1) {
      drawn +=
        (await ask(gate.send, { url: "/healthz", method: "GET", headers: {} })).status === 418 ? "x" : ".";
    }
    expect(fault.befell).toBe(drawn.replaceAll(".", "").length);
    fault.remove();
    return drawn;
  };
  const first = await draw(7);
  expect(first).toMatch(/x/);
  expect(first).toMatch(/\./);
  expect(await draw(7)).toBe(first);
  expect(await draw(8)).not.toBe(first);
});

test("each fault says whether a gate or a network really does that", () => {
  const gate = new MockGate();
  const faithful = (fault: Parameters<MockGate["fault"]>[1]) => gate.fault("executeAction", fault).faithful;
  expect(faithful({ kind: "reset", when: "running" })).toBe(true);
  expect(faithful({ kind: "answer", status: 503, code: "store_unavailable" })).toBe(true);
  expect(faithful({ kind: "answer", status: 503, code: "teapot" })).toBe(false);
  expect(faithful({ kind: "garbage" })).toBe(false);
});
