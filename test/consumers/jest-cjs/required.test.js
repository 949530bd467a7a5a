const {
  LatchGateClient,
  LatchGateError,
  LatchGateInvalidRequest,
  LatchGateNotFound,
} = require("latchgate-client");
const { LatchGateOperator } = require("latchgate-client/operator");
const { MockGate } = require("latchgate-client/testing");
const { createTools } = require("latchgate-client/tools");

const gate = new MockGate();
const client = new LatchGateClient({ fetch: gate.fetch, agentId: "agent:jest", now: gate.now });

test("an action runs, and its parameters are checked", async () => {
  const result = await client.execute("http_fetch", { url: "https://httpbin.org/get" });
  expect(result.ok).toBe(true);
  const wrong = client.execute("http_fetch", { link: "https://httpbin.org/get" }, { validate: "before" });
  await expect(wrong).rejects.toBeInstanceOf(LatchGateInvalidRequest);
  expect(gate.effects).toHaveLength(1);
});

test("an unknown action is an error of this package", async () => {
  const error = await client.execute("no_such_action").catch((error) => error);
  expect(error).toBeInstanceOf(LatchGateError);
  expect(error).toBeInstanceOf(LatchGateNotFound);
});

test("an operator and a tool on real sockets", async () => {
  const server = await gate.listen({ port: 0, adminPort: 0 });
  const { publicBaseUrl } = gate;
  const agent = new LatchGateClient({ baseUrl: server.url, publicBaseUrl, agentId: "agent:jest" });
  const operator = new LatchGateOperator({ baseUrl: server.adminUrl, ...gate.operatorCredentials });
  expect(await operator.approvals.list()).toEqual([]);
  const [tool] = await createTools(agent, { only: ["http_fetch"] });
  expect(await tool.execute({ url: "https://httpbin.org/get" })).toMatchObject({ ok: true });
  await agent.close();
  await operator.close();
  await server.close();
});
