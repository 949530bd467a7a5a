/** CommonJS: `require()` of every entry, and `import()` gives the same classes. */
const assert = require("node:assert/strict");
const { LatchGateApprovalDenied, LatchGateClient, LatchGateError } = require("latchgate-client");
const { fileJournal } = require("latchgate-client/journals");
const { LatchGateOperator } = require("latchgate-client/operator");
const { MockGate } = require("latchgate-client/testing");
const { createTools } = require("latchgate-client/tools");

async function main() {
  const gate = new MockGate({
    actions: {
      add: { run: ({ a, b }) => ({ ok: true, sum: a + b }) },
      pay: { riskLevel: "high", run: () => ({ ok: true }) },
    },
  });
  const server = await gate.listen({ port: 0, adminPort: 0 });
  const { publicBaseUrl } = gate;
  const client = new LatchGateClient({ baseUrl: server.url, publicBaseUrl, agentId: "agent:consumer" });
  const operator = new LatchGateOperator({ baseUrl: server.adminUrl, ...gate.operatorCredentials });
  try {
    assert.equal((await client.execute("add", { a: 2, b: 3 })).output.sum, 5);

    const held = await client.execute("pay").catch((error) => error);
    await operator.approvals.deny(held.approvalId, "not today");
    const denied = await client.waitForApproval(held).catch((error) => error);
    assert(denied instanceof LatchGateApprovalDenied && denied instanceof LatchGateError);
    assert.equal(denied.outcome, "not_executed");

    const [tool] = await createTools(client, { only: ["add"] });
    assert.equal((await tool.execute({ a: 1, b: 1 })).output.sum, 2);

    assert.throws(() => fileJournal(""), LatchGateError);

    const imported = await import("latchgate-client");
    assert.equal(imported.LatchGateClient, LatchGateClient);
  } finally {
    await client.close();
    await operator.close();
    await server.close();
  }
  console.log("cjs: an execute, a denial and a tool");
}

main();
