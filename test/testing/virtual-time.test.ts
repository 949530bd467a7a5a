import { expect, test } from "vitest";
import { MockGate } from "../../src/testing/index.ts";
import { createAgent, createOperator } from "./by-hand.ts";
import { createVirtualTime } from "./replay/virtual.ts";

const read = { operation: "read", path: "docs/notes.md" };

/** Whether a promise is settled by microtasks alone: no thread, no disk, no turn of the event loop. */
async function isSettledAtOnce(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const settle = () => {
    settled = true;
  };
  void promise.then(settle, settle);
  for (let turn = 0; turn < 500 && !settled; turn += 1) await Promise.resolve();
  return settled;
}

test("a request waits for no thread and no disk, the first one of a key and a schema neither", async () => {
  const gate = new MockGate();
  const agent = await createAgent(gate.send);
  const operator = createOperator(gate.operatorSend, gate.operatorCredentials);
  expect(await isSettledAtOnce(gate.send(agent.executeRequest("fs_read", read)))).toBe(true);
  expect(await isSettledAtOnce(gate.send(agent.executeRequest("http_fetch", { url: "http://a.org/" })))).toBe(
    true,
  );
  const held = gate.approvals[0]?.approvalId ?? "";
  expect(await isSettledAtOnce(gate.operatorSend(operator.request("GET", `/v1/approvals/${held}`)))).toBe(
    true,
  );
  const approve = operator.request("POST", `/v1/approvals/${held}/approve`);
  expect(await isSettledAtOnce(gate.operatorSend(approve))).toBe(true);
  expect(gate.effects.map(({ index, ending }) => [index, ending])).toEqual([
    [0, "receipted"],
    [1, "receipted"],
  ]);
});

test("delays, slow actions and their time limit pass on a clock of one's own", async () => {
  const time = createVirtualTime(1_795_000_000_000);
  const slow = { resourceLimits: { timeout_seconds: 5 }, run: () => new Promise(() => {}) };
  const gate = new MockGate({ now: time.now, timer: time.timer, actions: { slow } });
  const agent = await createAgent(gate.send, { now: time.now });

  const never = agent.execute("slow", {});
  await time.settle();
  await time.advanceTo(time.now() + 4_999);
  expect(gate.effects[0]?.ending).toBe("running");
  await time.advanceTo(time.now() + 1);
  expect((await never).json).toEqual({ error: "action_execution_failed" });

  gate.fault("executeAction", { kind: "delay", ms: 3_000 });
  const late = agent.execute("fs_read", read);
  await time.settle();
  expect(gate.effects).toHaveLength(1);
  await time.advanceTo(time.now() + 3_000);
  expect((await late).status).toBe(200);

  const waiting = agent.execute("http_fetch", { url: "http://httpbin.org/delay/2" });
  await time.settle();
  await time.advanceTo(time.now() + 2_000);
  expect((await waiting).json.runtime.duration_ms).toBe(2_000);
});

test("effects keep their index and their parameters when older ones are forgotten", async () => {
  const gate = new MockGate({ historyLimit: 4, rateLimits: false });
  const agent = await createAgent(gate.send);
  for (let count = 0; count < 9; count += 1)
    await agent.execute("fs_read", { ...read, path: `docs/${count}.md` });
  for (const { index, params } of gate.effects) expect(params).toEqual({ ...read, path: `docs/${index}.md` });
  expect(gate.effects.at(-1)?.index).toBe(8);
});
