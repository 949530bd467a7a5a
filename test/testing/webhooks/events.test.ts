import { expect, test } from "vitest";
import { type MockAction, MockGate } from "../../../src/testing/index.ts";
import { createAgent } from "../by-hand.ts";
import { ALL, dataOf, scene } from "./scene.ts";

const actions: Record<string, MockAction> = {
  act: { run: () => ({ ok: true }) },
  risky: { riskLevel: "high", run: () => ({ ok: true }) },
  shapeless: { run: () => ({}) },
  throws: { run: () => Promise.reject(new Error("it broke")) },
  hungry: { run: () => Promise.reject(new Error("fuel_exhausted: WASM fuel exhausted")) },
  slow: { run: () => new Promise(() => {}) },
  secretive: { requiredSecrets: ["TOKEN"] },
};

test("a call that runs is told of with its receipt, its outcome and the trace of its answer", async () => {
  const { agent, bodies, gate } = await scene({}, { actions, owner: "o@example.com" });
  const { json } = await agent.execute("act", {});
  await gate.webhooksSettled();
  expect(JSON.parse(bodies[0] ?? "")).toEqual({
    id: expect.stringMatching(/^evt_[0-9a-f-]{36}$/),
    type: "action.executed",
    timestamp: "2026-11-28T09:00:00Z",
    gate_version: "0.2.0",
    data: {
      action_id: "act",
      principal: "dev:anonymous",
      owner: "o@example.com",
      receipt_id: json.receipt_id,
      verification_outcome: "unverifiable_declared",
      trace_id: json.trace_id,
    },
  });
});

test("a held call that is approved is pending, executed and granted, in this order, the last two with one trace", async () => {
  const { agent, bodies, gate, kinds } = await scene({}, { actions });
  const held = await agent.execute("risky", { to: "a" });
  const approved = (await gate.approve(held.json.approval_id)).body as Record<string, unknown>;
  expect(await kinds()).toEqual(["approval.pending", "action.executed", "approval.granted"]);
  const [pending, executed, granted] = bodies.map(dataOf);
  expect(pending).toMatchObject({
    approval_id: held.json.approval_id,
    trace_id: held.json.trace_id,
    request_hash: held.json.request_hash,
    expires_at: gate.approvals[0]?.expiresAt,
    owner: null,
    risk_level: "high",
    request_summary: { to: "a" },
  });
  expect(Object.keys(pending ?? {})).not.toContain("unresolved_domains");
  expect(executed).toMatchObject({ trace_id: approved["trace_id"], receipt_id: approved["receipt_id"] });
  expect(granted).toEqual({
    approval_id: held.json.approval_id,
    action_id: "risky",
    approved_by: "default",
    receipt_id: approved["receipt_id"],
    trace_id: approved["trace_id"],
  });
});

test("what a pending call would have to learn is in its event, and only there", async () => {
  const { agent, bodies, gate } = await scene();
  await agent.execute("http_fetch", { url: "http://example.com/a" });
  await gate.webhooksSettled();
  expect(dataOf(bodies[0])).toMatchObject({ unresolved_domains: ["example.com"] });
  expect(dataOf(bodies[0])).not.toHaveProperty("unresolved_paths");
});

test("when pending comes, the approval is there for an approve from within the receiver", async () => {
  const answers: unknown[] = [];
  const gate: MockGate = new MockGate({
    actions,
    webhooks: [
      {
        name: "decider",
        url: "https://hooks.example/",
        secret: "s",
        events: ["approval.pending"],
        async fetch(request) {
          const { data } = (await request.json()) as { data: { approval_id: string } };
          answers.push((await gate.approve(data.approval_id)).status);
          return new Response();
        },
      },
    ],
  });
  const agent = await createAgent(gate.send);
  await agent.execute("risky", {});
  await gate.webhooksSettled();
  expect(answers).toEqual([200]);
});

test("a deny is told of once, with the trace of the held call and the operator's words, however odd", async () => {
  const { agent, bodies, gate, kinds } = await scene({}, { actions });
  const { json } = await agent.execute("risky", {});
  const reason = 'é 🔒 " \\ \u2028 </script> \u0000';
  await gate.deny(json.approval_id, reason);
  await gate.deny(json.approval_id, "again");
  expect(await kinds()).toEqual(["approval.pending", "approval.denied"]);
  expect(dataOf(bodies[1])).toEqual({
    approval_id: json.approval_id,
    action_id: "risky",
    denied_by: "default",
    reason,
    trace_id: json.trace_id,
  });
  expect(bodies[1]).toContain('"reason":"é 🔒 \\" \\\\ \u2028 </script> \\u0000"');
});

test("an approved call that fails after dispatch is a failed action and no more; one that fails before leaves nothing", async () => {
  const { agent, bodies, gate, kinds } = await scene(
    {},
    {
      actions: {
        ...actions,
        held_fails: { riskLevel: "high", run: () => ({}) },
        held_secret: { riskLevel: "high", requiredSecrets: ["TOKEN"] },
      },
    },
  );
  for (const actionId of ["held_fails", "held_secret"]) {
    const { json } = await agent.execute(actionId, {});
    await gate.approve(json.approval_id);
  }
  expect(await kinds()).toEqual(["approval.pending", "action.failed", "approval.pending"]);
  const failed = bodies.map((body) => JSON.parse(body)).find(({ type }) => type === "action.failed");
  expect(Object.keys(failed.data)).toEqual(["action_id", "error_class", "owner", "principal", "trace_id"]);
});

test("a failure after dispatch is told of by its class, and the class alone", async () => {
  const { agent, bodies, gate, pass } = await scene({}, { actions });
  for (const actionId of ["shapeless", "throws", "hungry"]) await agent.execute(actionId, {});
  await gate.webhooksSettled();
  await pass(0);
  expect(bodies.map((body) => dataOf(body)["error_class"])).toEqual([
    "response_schema_violation",
    "execution_failed",
    "fuel_exhausted",
  ]);
  expect(bodies.join()).not.toContain("it broke");
});

test("an action that takes too long has failed by wasm_timeout", async () => {
  const timers: (() => void)[] = [];
  const timer = (_ms: number, run: () => void) => {
    timers.push(run);
    return () => {};
  };
  const { agent, bodies, gate } = await scene({}, { actions, timer });
  const call = agent.execute("slow", {});
  await expect.poll(() => timers.length).toBeGreaterThan(0);
  for (const run of timers) run();
  expect((await call).status).toBe(502);
  await gate.webhooksSettled();
  expect(dataOf(bodies[0])["error_class"]).toBe("wasm_timeout");
});

test("a check that fails is an executed action at low risk, and a failed one at high risk", async () => {
  const { agent, bodies, gate } = await scene(
    {},
    { web: { "http://httpbin.org/x": { status: 500, body: "" } } },
  );
  await agent.execute("http_fetch", { url: "http://httpbin.org/x" });
  const write = { operation: "write", path: "docs/a.md", content_base64: "aGk=", mode: "create" };
  const { json } = await agent.execute("fs_write", write);
  expect((await gate.approve(json.approval_id)).status).toBe(500);
  await gate.webhooksSettled();
  const [executed, , failed] = bodies.map(dataOf);
  expect(executed).toMatchObject({ verification_outcome: "verification_failed" });
  expect(failed).toMatchObject({ error_class: "verification_failed_high_risk:verification_failed" });
});

test("a revocation tells both epochs, which begin again with a restart", async () => {
  const { operator, gate, bodies } = await scene();
  for (const _ of [1, 2]) await operator.ask("POST", "/v1/admin/revoke-all");
  gate.restart();
  await operator.ask("POST", "/v1/admin/revoke-all");
  await gate.webhooksSettled();
  expect(bodies.map(dataOf)).toEqual([
    { old_epoch: 0, new_epoch: 1, operator_id: "default" },
    { old_epoch: 1, new_epoch: 2, operator_id: "default" },
    { old_epoch: 0, new_epoch: 1, operator_id: "default" },
  ]);
});

test("an exhausted budget is told of when calls race for the last one, and not when it was empty before", async () => {
  const { gate, bodies, kinds } = await scene({}, { actions });
  const agent = await createAgent(gate.send, { now: gate.now, budgets: { max_calls: 1 } });
  await Promise.all([agent.execute("act", {}), agent.execute("act", {})]);
  expect((await kinds()).sort()).toEqual(["action.executed", "budget.exhausted"]);
  await agent.execute("act", {});
  expect(await kinds()).toHaveLength(2);
  const exhausted = bodies.map((body) => JSON.parse(body)).find(({ type }) => type === "budget.exhausted");
  expect(exhausted.data).toEqual({
    action_id: "act",
    principal: "dev:anonymous",
    owner: null,
    session_id: agent.sessionId,
  });
});

test("an exhausted budget that an approve finds is not told of", async () => {
  const { gate, kinds } = await scene({}, { actions });
  const agent = await createAgent(gate.send, { now: gate.now, budgets: { max_calls: 1 } });
  const { json } = await agent.execute("risky", {});
  await agent.execute("act", {});
  expect((await gate.approve(json.approval_id)).body).toEqual({ error: "budget_exhausted" });
  expect(await kinds()).toEqual(["approval.pending", "action.executed"]);
});

test("nothing is told of a denial, a refused request, a lease, an operator's other work, a drain, or a caller that is gone", async () => {
  const { gate, agent, operator, kinds } = await scene({}, { actions, grants: ["act", "secretive", "slow"] });
  await agent.execute("risky", {});
  await agent.execute("unknown", {});
  await agent.execute("secretive", {});
  await gate.send({ ...agent.executeRequest("act", {}), headers: {} });
  await operator.ask("POST", "/v1/admin/policy/grant", { principal: "p", actions: ["act"] });
  await operator.ask("POST", "/v1/admin/reload");
  const gone = new AbortController();
  const call = gate.send({ ...agent.executeRequest("slow", {}), signal: gone.signal });
  await expect.poll(() => gate.effects.length).toBe(1);
  gone.abort();
  await expect(call).rejects.toThrow();
  gate.drain();
  await agent.execute("act", {});
  expect(await kinds()).toEqual([]);
});

test("an approval that nobody decides has expired at the gate's next look, every 30 s from its start, and once", async () => {
  const { agent, gate, bodies, kinds, pass } = await scene({}, { actions });
  await pass(1000);
  const { json } = await agent.execute("risky", {});
  await pass(300_000); // over, and looked at last a second before
  expect(await kinds()).toEqual(["approval.pending"]);
  await pass(29_000);
  expect(await kinds()).toEqual(["approval.pending", "approval.expired"]);
  await pass(120_000);
  expect(await kinds()).toHaveLength(2);
  expect(dataOf(bodies[1])).toEqual({
    approval_id: json.approval_id,
    action_id: "risky",
    principal: "dev:anonymous",
    owner: null,
    created_at: gate.approvals[0]?.createdAt,
    expired_at: gate.approvals[0]?.expiresAt,
  });
  await gate.deny(json.approval_id);
  expect(await kinds()).toEqual(["approval.pending", "approval.expired", "approval.denied"]);
});

test("after a restart an expired approval is told of again, with another id", async () => {
  const { agent, gate, kinds, pass } = await scene({}, { actions });
  await agent.execute("risky", {});
  await pass(330_000);
  gate.restart();
  await pass(30_000);
  expect(await kinds()).toEqual(["approval.pending", "approval.expired", "approval.expired"]);
  expect(new Set(gate.deliveries.map(({ eventId }) => eventId)).size).toBe(3);
});

test("in Redis an approval is gone before it could be seen to expire, and one that was decided does not expire", async () => {
  const redis = await scene({}, { actions, approvalStore: "redis" });
  await redis.agent.execute("risky", {});
  await redis.pass(400_000);
  expect(await redis.kinds()).toEqual(["approval.pending"]);
  const decided = await scene({}, { actions });
  const { json } = await decided.agent.execute("risky", {});
  await decided.gate.deny(json.approval_id);
  await decided.pass(400_000);
  expect(await decided.kinds()).toEqual(["approval.pending", "approval.denied"]);
});

test("an endpoint is told of what it subscribed to, once where it says so twice, and not at all while it is disabled", async () => {
  const told: string[] = [];
  const endpoint = (name: string, more: object) => ({
    name,
    url: "https://hooks.example/",
    secret: "s",
    events: ALL,
    fetch: () => {
      told.push(name);
      return new Response();
    },
    ...more,
  });
  const gate = new MockGate({
    actions,
    webhooks: [
      endpoint("twice", { events: ["action.executed", "action.executed"] }),
      endpoint("other", { events: ["action.denied"] }),
      endpoint("disabled", { disable: true }),
      endpoint("misspelt", { disabled: true }),
    ],
  });
  const agent = await createAgent(gate.send);
  await agent.execute("act", {});
  await gate.webhooksSettled();
  expect(told.sort()).toEqual(["misspelt", "twice"]);
});

test("ids grow in the order of emission, within a millisecond too, and one event has one id everywhere", async () => {
  const { agent, operator, gate } = await scene({}, { actions });
  for (let count = 0; count < 50; count += 1) await operator.ask("POST", "/v1/admin/revoke-all");
  await agent.execute("act", {});
  await gate.webhooksSettled();
  const epochs = [...gate.deliveries]
    .sort((one, other) => (one.eventId < other.eventId ? -1 : 1))
    .map(({ body }) => dataOf(body)["new_epoch"]);
  expect(epochs).toEqual([...Array.from({ length: 50 }, (_, index) => index + 1), undefined]);
});

test("the status says whether there is any endpoint, and never that something is pending", async () => {
  const { operator } = await scene({ disable: true });
  const status = await operator.ask("GET", "/v1/admin/status");
  expect(status.json.webhooks).toEqual({ active: true, pending_deliveries: 0 });
});
