import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { createAgent } from "../by-hand.ts";
import { dataOf, scene } from "./scene.ts";

const PLACEHOLDER = ["$", "{HOOK_SECRET}"].join("");
const read = { operation: "read", path: "docs/notes.md" };

test("a lost webhook never comes, and the next one does", async () => {
  const { gate, happen, heard, pass, outcomes } = await scene();
  const fault = gate.webhookFault({ event: "action.executed" }, { kind: "lost" });
  await happen();
  await happen();
  await pass(600_000);
  expect([outcomes(), heard.length]).toEqual([["1 lost", "1 delivered"], 1]);
  expect([fault.befell, fault.faithful]).toEqual([1, true]);
});

test("a doubled webhook comes again as a retry: the same bytes, signed anew, since the first answer was lost", async () => {
  const { gate, happen, bodies, heard, pass, outcomes } = await scene();
  expect(gate.webhookFault({}, { kind: "doubled" }).faithful).toBe(true);
  await happen();
  await pass(1000);
  expect(outcomes()).toEqual(["1 retried", "2 delivered"]);
  expect(bodies[1]).toBe(bodies[0]);
  const signatures = heard.map(({ headers }) => headers.get("x-latchgate-signature"));
  expect(signatures[1]).not.toBe(signatures[0]);
});

test("two copies at once, with one signature, are no gate's doing, and labelled so", async () => {
  const { gate, happen, bodies, heard } = await scene({ maxRetries: 0 });
  expect(gate.webhookFault({}, { kind: "doubled", again: "at once" }).faithful).toBe(false);
  await happen();
  expect(bodies).toEqual([bodies[0], bodies[0]]);
  const signatures = heard.map(({ headers }) => headers.get("x-latchgate-signature"));
  expect(signatures).toEqual([signatures[0], signatures[0]]);
});

test("a webhook that the gate sends late is signed when it is sent", async () => {
  const { gate, happen, heard, pass } = await scene();
  expect(gate.webhookFault({}, { kind: "late", ms: 400_000 }).faithful).toBe(true);
  await happen();
  await pass(399_999);
  expect(heard).toEqual([]);
  await pass(1);
  expect(heard.map(({ headers }) => Number(headers.get("x-latchgate-timestamp")) - 1_795_856_400)).toEqual([
    400,
  ]);
});

test("one that the network holds is stale when it comes, and the gate has tried again meanwhile", async () => {
  const { gate, agent, heard, bodies, pass } = await scene();
  gate.webhookFault({}, { kind: "late", ms: 400_000, held: "network" });
  await agent.execute("fs_read", read);
  await new Promise((resolve) => setImmediate(resolve));
  await pass(5000);
  await pass(1000);
  expect(heard).toHaveLength(1);
  await pass(400_000);
  const signed = heard.map(({ headers }) => Number(headers.get("x-latchgate-timestamp")) - 1_795_856_400);
  expect(signed).toEqual([6, 0]);
  expect(bodies[1]).toBe(bodies[0]);
});

test("a reordered webhook comes after the next one; when there is none, after its time", async () => {
  const { gate, operator, bodies, pass } = await scene();
  expect(gate.webhookFault({ event: "revocation" }, { kind: "reordered" }).faithful).toBe(true);
  for (const _ of [1, 2]) await operator.ask("POST", "/v1/admin/revoke-all");
  await gate.webhooksSettled();
  expect(bodies.map((body) => dataOf(body)["new_epoch"])).toEqual([2, 1]);
  gate.webhookFault({}, { kind: "reordered", ms: 3000 });
  await operator.ask("POST", "/v1/admin/revoke-all");
  await pass(2999);
  expect(bodies).toHaveLength(2);
  await pass(1);
  expect(bodies).toHaveLength(3);
  await pass(60_000);
  expect(bodies).toHaveLength(3);
});

test("a fault befalls the events and endpoints that it names, as often as it says, the same ones for a seed", async () => {
  const runs = await Promise.all(
    [7, 7, 8].map(async (seed) => {
      const { gate, operator, outcomes } = await scene();
      gate.webhookFault({ endpoint: "another" }, { kind: "lost" });
      gate.webhookFault({ event: ["approval.pending"] }, { kind: "lost" });
      gate.webhookFault(
        { endpoint: ["inbox"], skip: 2, times: Number.POSITIVE_INFINITY, chance: 0.5, seed },
        { kind: "lost" },
      );
      for (let count = 0; count < 20; count += 1) await operator.ask("POST", "/v1/admin/revoke-all");
      await gate.webhooksSettled();
      return outcomes();
    }),
  );
  expect(runs[0]?.filter((outcome) => outcome === "1 lost").length).toBeGreaterThan(2);
  expect(runs[1]).toEqual(runs[0]);
  expect(runs[2]).not.toEqual(runs[0]);
});

test("a fault that is taken back befalls nothing", async () => {
  const { gate, happen, outcomes } = await scene();
  gate.webhookFault({ times: 5 }, { kind: "lost" }).remove();
  await happen();
  expect(outcomes()).toEqual(["1 delivered"]);
});

test("evidence that can't be written: the action has run, 500, no receipt, no audit event, one failed action", async () => {
  const { gate, agent, bodies } = await scene();
  expect(gate.fault("executeAction", { kind: "unwritten", what: "evidence" }).faithful).toBe(true);
  const events = gate.auditEvents.length;
  const { status, json } = await agent.execute("fs_read", read);
  await gate.webhooksSettled();
  expect([status, json]).toEqual([500, { error: "evidence_persistence_failed" }]);
  expect([gate.effects.length, gate.auditEvents.length]).toEqual([1, events]);
  expect(bodies.map((body) => dataOf(body)["error_class"])).toEqual(["evidence_persistence_failed"]);
});

test("evidence that can't be written fails an approval, and nothing is granted", async () => {
  const { gate, agent, operator, kinds } = await scene({}, { actions: { risky: { riskLevel: "high" } } });
  const { json } = await agent.execute("risky", {});
  gate.fault("approveApproval", { kind: "unwritten", what: "evidence" });
  const answer = await operator.ask("POST", `/v1/approvals/${json.approval_id}/approve`);
  expect([answer.status, answer.json]).toEqual([500, { error: "evidence_persistence_failed" }]);
  expect(await kinds()).toEqual(["approval.pending", "action.failed"]);
  expect(gate.approvals[0]?.state).toBe("failed");
});

test("a refund that can't be written keeps the unit, answers as ever, and is told of", async () => {
  const { gate, bodies } = await scene({}, { actions: { secretive: { requiredSecrets: ["TOKEN"] } } });
  const agent = await createAgent(gate.send, { now: gate.now, budgets: { max_calls: 5 } });
  gate.fault("executeAction", { kind: "unwritten", what: "refund", error: "disk full" });
  expect((await agent.execute("secretive", {})).json.error).toBe("policy_denied");
  await agent.execute("secretive", {});
  await gate.webhooksSettled();
  expect(gate.callsLeft(agent.sessionId)).toBe(4);
  expect(bodies.map(dataOf)).toEqual([
    {
      session_id: agent.sessionId,
      error: "budget store unavailable: disk full",
      trace_id: expect.any(String),
      label: "build_run_task_error",
    },
  ]);
});

test("a test of the endpoints asks each once, disabled ones too, and signs with the secret as it was given", async () => {
  const { gate, bodies, heard, pass } = await scene(
    { secret: PLACEHOLDER, disable: true, events: ["revocation"] },
    { replies: [503], webhookSettings: { environment: { HOOK_SECRET: "the real one" } } },
  );
  expect(await gate.testWebhooks("inbox")).toMatchObject({
    ok: false,
    results: [{ name: "inbox", ok: false, statusCode: 503 }],
  });
  await pass(60_000);
  expect(heard).toHaveLength(1);
  expect(JSON.parse(bodies[0] ?? "")).toMatchObject({
    id: expect.stringMatching(/^evt_test_/),
    type: "test",
    data: { endpoint_name: "inbox", message: "LatchGate webhook test event" },
  });
  const [timestamp, signature] = ["x-latchgate-timestamp", "x-latchgate-signature"].map((name) =>
    heard[0]?.headers.get(name),
  );
  const mac = createHmac("sha256", PLACEHOLDER).update(`${timestamp}.${bodies[0]}`).digest("hex");
  expect(signature).toBe(`sha256=${mac}`);
  expect(await gate.testWebhooks()).toMatchObject({
    ok: true,
    results: [{ ok: true, statusCode: 200, error: null }],
  });
  await expect(gate.testWebhooks("nobody")).rejects.toThrow('no webhook is called "nobody"');
});
