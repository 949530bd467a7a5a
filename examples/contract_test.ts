/**
 * How to test an agent of your own: against a mock gate, which decides, holds and signs as a real one does. Copy it,
 * and run it with vitest. What an action does is a function of yours; `gate.effects` says what has really run.
 */
import {
  LatchGateApprovalDenied,
  LatchGateApprovalRequired,
  LatchGateClient,
  LatchGateError,
  LatchGateOutcomeUnknown,
  verifyReceipt,
} from "latchgate-client";
import { MockGate, type MockGateOptions } from "latchgate-client/testing";
import { beforeEach, expect, test } from "vitest";

// The agent under test: makes good for an order, by a voucher or, if it was dear, by a refund, and says so in one
// sentence. It would be a file of its own.

type Reply =
  | { readonly state: "done" | "refused" | "in doubt"; readonly text: string }
  | { readonly state: "held"; readonly text: string; readonly approval: LatchGateApprovalRequired };

async function makeGood(client: LatchGateClient, order: string): Promise<Reply> {
  try {
    const found = await client.execute("find_order", { order });
    const { euros } = found.output as { euros: number };
    await client.execute(euros > 50 ? "refund_order" : "send_voucher", { order, euros });
    return { state: "done", text: `${euros} € for ${order} are on their way.` };
  } catch (error) {
    return replyTo(error, order);
  }
}

async function takeUp(client: LatchGateClient, approval: LatchGateApprovalRequired): Promise<Reply> {
  try {
    const { receiptId } = await client.waitForApproval(approval);
    return { state: "done", text: `Approved and refunded, receipt ${receiptId}.` };
  } catch (error) {
    return replyTo(error, "the order");
  }
}

function replyTo(error: unknown, order: string): Reply {
  if (error instanceof LatchGateApprovalRequired)
    return { state: "held", text: `A person looks at ${order} first.`, approval: error };
  if (error instanceof LatchGateApprovalDenied) return { state: "refused", text: `No: ${error.reason}.` };
  if (error instanceof LatchGateOutcomeUnknown)
    return { state: "in doubt", text: `${order} may be settled already; a person has to look.` };
  if (error instanceof LatchGateError && error.outcome === "not_executed")
    return { state: "refused", text: `Nothing was done: ${error.message}` };
  throw error;
}

// The tests.

type Order = { order: string };
const actions = {
  find_order: { run: ({ order }: Order) => ({ ok: true, euros: order === "dear" ? 900 : 20 }) },
  send_voucher: { run: ({ order }: Order) => ({ ok: true, order }) },
  refund_order: { riskLevel: "high", run: ({ order }: Order) => ({ ok: true, order }) },
} satisfies MockGateOptions["actions"];

let gate: MockGate;
let client: LatchGateClient;
beforeEach(() => {
  gate = new MockGate({ actions });
  client = new LatchGateClient({ fetch: gate.fetch, agentId: "agent:service", now: gate.now });
});

const done = (actionId: string) => gate.effects.filter((effect) => effect.actionId === actionId);

test("a refund is held, and nothing has run until an operator has looked", async () => {
  const reply = await makeGood(client, "dear");
  expect(reply).toMatchObject({ state: "held", text: "A person looks at dear first." });
  expect(done("refund_order")).toEqual([]);
  expect(gate.approvals).toMatchObject([
    { actionId: "refund_order", state: "pending", params: { euros: 900 } },
  ]);
});

test("an approved refund runs once, and the agent has the receipt of it", async () => {
  const reply = await makeGood(client, "dear");
  if (reply.state !== "held") throw new Error(reply.text);
  await gate.approve(reply.approval.approvalId);
  const after = await takeUp(client, reply.approval);
  expect(after.state).toBe("done");
  expect(done("refund_order")).toMatchObject([{ by: "approved", params: { order: "dear", euros: 900 } }]);
  const [{ receiptId = "" } = {}] = done("refund_order");
  expect(after.text).toContain(receiptId);
  expect(verifyReceipt(await client.getReceipt(receiptId), gate.receiptKeys).state).toBe("verified");
});

test("a denied refund is told with the operator's reason", async () => {
  const reply = await makeGood(client, "dear");
  if (reply.state !== "held") throw new Error(reply.text);
  await gate.deny(reply.approval.approvalId, "more than a week's takings");
  const text = "No: more than a week's takings.";
  expect(await takeUp(client, reply.approval)).toEqual({ state: "refused", text });
  expect(done("refund_order")).toEqual([]);
});

test("when the answer is lost the agent does not try again, and says that it does not know", async () => {
  // The first call of two is left alone, the second one runs and its connection breaks.
  gate.fault({ operation: "executeAction", skip: 1 }, { kind: "reset", when: "running" });
  const text = "cheap may be settled already; a person has to look.";
  expect(await makeGood(client, "cheap")).toEqual({ state: "in doubt", text });
  expect(done("send_voucher")).toMatchObject([{ ending: "dropped" }]); // once, and the gate has no record of it
});

test("a gate that is busy for a moment is no trouble, and one that goes away is told", async () => {
  gate.fault("executeAction", { kind: "answer", status: 503, code: "store_unavailable" });
  expect((await makeGood(client, "cheap")).state).toBe("done");
  gate.drain();
  expect((await makeGood(client, "cheap")).state).toBe("refused");
  expect(done("send_voucher")).toHaveLength(1);
});
