/** TypeScript, strict, as Node resolves: typed actions, errors that narrow, and the types of every entry. */
import assert from "node:assert/strict";
import {
  type ActionResult,
  type ClientOptions,
  LatchGateApprovalRequired,
  LatchGateClient,
  LatchGateError,
  LatchGateInvalidRequest,
  type Outcome,
} from "latchgate-client";
import { fileJournal, type Journal, type RedisLike, redisJournal } from "latchgate-client/journals";
import { LatchGateOperator, type OperatorOptions, willLearn } from "latchgate-client/operator";
import { MockGate, type MockGateOptions } from "latchgate-client/testing";
import { createTools, type GateTool, type ToolAnswer } from "latchgate-client/tools";
import required from "./required.cjs";

interface ActionMap {
  add: { a: number; b: number };
  pay: { euros: number };
}

const actions: MockGateOptions["actions"] = {
  add: { run: ({ a, b }: ActionMap["add"]) => ({ ok: true, sum: a + b }) },
  pay: { riskLevel: "high", run: ({ euros }: ActionMap["pay"]) => ({ ok: true, paid: euros }) },
};
const gate = new MockGate({ actions });
const options: ClientOptions = { fetch: gate.fetch, agentId: "agent:consumer", now: gate.now };
await using client = new LatchGateClient<ActionMap>(options);

const added: ActionResult = await client.execute("add", { a: 2, b: 3 });
assert.deepEqual(added.output, { ok: true, sum: 5 });

// @ts-expect-error: there is no such action
const unknown: unknown = await client.execute("substract", { a: 2, b: 3 }).catch((error: unknown) => error);
assert(unknown instanceof LatchGateError);
const outcome: Outcome = unknown.outcome;
assert.equal(outcome, "not_executed");
assert.equal(required.kindOf(unknown), "action_not_found");

// @ts-expect-error: a number is asked for
const wrong = client.execute("add", { a: 2, b: "3" }, { signal: AbortSignal.abort() });
await assert.rejects(wrong, (error) => !(error instanceof LatchGateInvalidRequest));

const held: unknown = await client.execute("pay", { euros: 20 }).catch((error: unknown) => error);
assert(held instanceof LatchGateApprovalRequired);
const credentials: OperatorOptions = {
  ...gate.operatorCredentials,
  fetch: gate.operatorFetch,
  now: gate.now,
};
await using operator = new LatchGateOperator(credentials);
assert.deepEqual(willLearn(await operator.approvals.get(held.approvalId)).words, []);
const decided = await operator.approvals.approve(held.approvalId);
if (decided.decision === "executed") assert.deepEqual(decided.output, { ok: true, paid: 20 });
else assert.fail(decided.decision);

const redis: RedisLike = { get: async () => null, set: async () => "OK", del: async () => 0 };
const journals: Journal[] = [fileJournal("/nowhere"), redisJournal(redis, { ttlMs: 60_000 })];
assert.equal(await journals[1]?.get("order-1"), undefined);

const tools: GateTool[] = await createTools(client, { only: ["add"] });
const answer: ToolAnswer | undefined = await tools[0]?.execute({ a: 1, b: 1 });
assert.deepEqual(answer?.output, { ok: true, sum: 2 });
console.log("nodenext: typed actions, an approve and a tool");
