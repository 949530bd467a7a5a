/** What a logger hears of one execute that is refused for a moment, sent again, held, approved and waited for. */
import { setTimeout as sleep } from "node:timers/promises";
import { LatchGateApprovalRequired, LatchGateClient } from "latchgate-client";
import { LatchGateOperator } from "latchgate-client/operator";
import { MockGate } from "latchgate-client/testing";

const gate = new MockGate({ actions: { pay: { riskLevel: "high", run: () => ({ ok: true }) } } });
const logger = { debug: (line: string) => console.log(line), warn: (line: string) => console.log(line) };
await using client = new LatchGateClient({ fetch: gate.fetch, agentId: "agent:trace", logger });
await using operator = new LatchGateOperator({ fetch: gate.operatorFetch, ...gate.operatorCredentials });

gate.fault("executeAction", { kind: "answer", status: 503, code: "store_unavailable" });
const held = await client.execute("pay", { euros: 20 }).catch((error: unknown) => error);
if (!(held instanceof LatchGateApprovalRequired)) throw held;

const decided = client.waitForApproval(held);
await sleep(500); // an operator looks at it
const { decision } = await operator.approvals.approve(held.approvalId);
console.log(`the operator approves: ${decision}`);
const { ok } = await decided;
console.log(
  `the agent learns of it: ${ok ? "ok" : "not ok"}; the action has run ${gate.effects.length} time(s)`,
);
