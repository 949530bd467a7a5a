/** Plain ESM: an agent, its operator and a model's tool at one gate on Unix sockets. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { LatchGateApprovalRequired, LatchGateClient, LatchGateError, verifyReceipt } from "latchgate-client";
import { fileJournal } from "latchgate-client/journals";
import { LatchGateOperator } from "latchgate-client/operator";
import { MockGate } from "latchgate-client/testing";
import { createTools } from "latchgate-client/tools";

const dir = await mkdtemp(join(tmpdir(), "consumer-"));
const gate = new MockGate({
  actions: {
    add: { run: ({ a, b }) => ({ ok: true, sum: a + b }) },
    pay: { riskLevel: "high", run: ({ euros }) => ({ ok: true, paid: euros }) },
  },
});
const server = await gate.listen({ dir });
const shared = { journal: fileJournal(join(dir, "calls")), handover: { key: randomBytes(32) } };
const client = new LatchGateClient({ socket: server.socket, agentId: "agent:consumer", ...shared });
const another = new LatchGateClient({ socket: server.socket, agentId: "agent:another", ...shared });
const operator = new LatchGateOperator({ socket: server.adminSocket, ...gate.operatorCredentials });
try {
  const added = await client.execute("add", { a: 2, b: 3 });
  assert.deepEqual(added.output, { ok: true, sum: 5 });
  assert.equal(verifyReceipt(await client.getReceipt(added.receiptId), gate.receiptKeys).state, "verified");

  const held = await client.execute("pay", { euros: 20 }, { callId: "order-1" }).catch((error) => error);
  assert(held instanceof LatchGateApprovalRequired && held instanceof LatchGateError);
  assert.equal((await operator.approvals.approve(held.approvalId)).decision, "executed");
  assert.equal((await another.follow("order-1")).output.paid, 20);
  assert.equal((await client.waitForApproval(held)).output.paid, 20);

  const tools = await createTools(client, { maxRisk: "low" });
  const answer = await tools.find(({ name }) => name === "add")?.execute({ a: 1, b: 1 });
  assert.deepEqual(answer, { ok: true, outcome: "executed", output: { ok: true, sum: 2 } });
  assert.equal(gate.effects.length, 3);

  const document = fileURLToPath(import.meta.resolve("latchgate-client/openapi/agent.yaml"));
  assert.match(readFileSync(document, "utf8"), /^openapi: /m);
} finally {
  await client.close();
  await another.close();
  await operator.close();
  await server.close();
  await rm(dir, { recursive: true });
}
console.log("esm: an execute, an approve, a tool and the document");
