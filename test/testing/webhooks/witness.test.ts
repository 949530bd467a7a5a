import { expect, test } from "vitest";
import {
  LatchGateWebhookError,
  verifyWebhook,
  verifyWebhookSignature,
  webhookReceiver,
} from "../../../src/webhooks.ts";
import { scene } from "./scene.ts";

const SECRET = "whsec_ключ ✓";
const actions = { risky: { riskLevel: "high" } } as const;

test("what the mock sends is verified by the client's receiver, which shares no code with it, and received once", async () => {
  const received: string[] = [];
  const note = ({ type, data }: { type: string; data: unknown }) =>
    void received.push(`${type} ${(data as { action_id: string }).action_id}`);
  let now = Date.now;
  const receiver = webhookReceiver({
    secrets: ["another", SECRET],
    now: () => now(),
    on: { "approval.pending": note, "action.executed": note, "approval.granted": note },
  });
  const { gate, agent, pass } = await scene({ secret: SECRET, fetch: receiver.fetch }, { actions });
  now = gate.now;
  gate.webhookFault({ times: Number.POSITIVE_INFINITY }, { kind: "doubled" });
  const { json } = await agent.execute("risky", {});
  await gate.webhooksSettled();
  await gate.approve(json.approval_id);
  await gate.webhooksSettled();
  await pass(1000);
  await expect.poll(() => received).toHaveLength(3);
  expect(received.sort()).toEqual([
    "action.executed risky",
    "approval.granted risky",
    "approval.pending risky",
  ]);
  const second = gate.deliveries.filter(({ attempt }) => attempt === 2);
  expect(second.map(({ outcome, status }) => [outcome, status])).toEqual(Array(3).fill(["delivered", 204]));
});

test("every kind in every format is signed as the client checks it", async () => {
  for (const format of ["generic", "slack", "discord", "pagerduty"] as const) {
    const { gate, agent, operator } = await scene({ secret: SECRET, format }, { actions });
    const { json } = await agent.execute("risky", {});
    await gate.deny(json.approval_id);
    await operator.ask("POST", "/v1/admin/revoke-all");
    await gate.webhooksSettled();
    expect(gate.deliveries).toHaveLength(3);
    for (const { body, headers, type } of gate.deliveries) {
      verifyWebhookSignature(body, headers, SECRET, { now: gate.now });
      if (format === "generic")
        expect(verifyWebhook(body, headers, SECRET, { now: gate.now }).type).toBe(type);
    }
  }
});

test("what the network has held too long is too old for the client, and the retry is not", async () => {
  const errors: string[] = [];
  let now = Date.now;
  const receiver = webhookReceiver({
    secrets: SECRET,
    now: () => now(),
    onError: (error) => void errors.push(error instanceof LatchGateWebhookError ? error.code : "another"),
  });
  const { gate, operator, pass, outcomes } = await scene({ secret: SECRET, fetch: receiver.fetch });
  now = gate.now;
  gate.webhookFault({}, { kind: "late", ms: 400_000, held: "network" });
  await operator.ask("POST", "/v1/admin/revoke-all");
  await new Promise((resolve) => setImmediate(resolve));
  await pass(5000);
  await pass(1000);
  expect(outcomes()).toEqual(["1 retried", "2 delivered"]);
  await pass(400_000);
  await expect.poll(() => errors).toHaveLength(1);
  expect(errors[0]).toMatch(/old|stale/);
});
