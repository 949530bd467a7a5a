/** TypeScript, strict, as bundlers resolve, with the DOM's types beside Node's: the low-level client. */
import assert from "node:assert/strict";
import { createAgentApi, LatchGateClient, LatchGateOutcomeUnknown, type paths } from "latchgate-client";
import { createOperatorApi } from "latchgate-client/operator";
import { conformance, type Fault, MockGate } from "latchgate-client/testing";
import type { ToolOptions } from "latchgate-client/tools";

type Execute = paths["/v1/actions/{action_id}/execute"]["post"];
type Pending = Execute["responses"][202]["content"]["application/json"];

const gate = new MockGate({ actions: { add: { run: ({ a, b }) => ({ ok: true, sum: a + b }) } } });
const api = createAgentApi({ fetch: gate.fetch, now: gate.now });
const { data } = await api.POST("/v1/actions/{action_id}/execute", {
  params: { path: { action_id: "add" } },
  body: { a: 2, b: 3 },
});
if (data?.decision !== "executed") assert.fail((data as Pending | undefined)?.approval_id);
assert.deepEqual(data.output, { ok: true, sum: 5 });
await api.close();

const operating = createOperatorApi({
  ...gate.operatorCredentials,
  fetch: gate.operatorFetch,
  now: gate.now,
});
assert.equal((await operating.GET("/v1/approvals", {})).response.status, 200);
await operating.close();

const lost: Fault = { kind: "reset", when: "running" };
gate.fault("executeAction", lost);
await using client = new LatchGateClient({ fetch: gate.fetch, agentId: "agent:consumer", now: gate.now });
const error: unknown = await client.execute("add", { a: 1, b: 1 }).catch((error: unknown) => error);
assert(error instanceof LatchGateOutcomeUnknown);
assert.equal(gate.effects.length, 2);

const choice: ToolOptions = { only: ["add"], onHeld: "return" };
assert.deepEqual(
  (await client.tools(choice)).map(({ name }) => name),
  ["add"],
);
assert.equal(typeof conformance, "function");
console.log("bundler: the low-level clients, a lost answer and the tools");
