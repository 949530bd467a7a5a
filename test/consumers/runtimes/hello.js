/** What the hello example does, and how the ways in which a call can fail are told apart. */
import assert from "node:assert/strict";
import {
  LatchGateApprovalRequired,
  LatchGateClient,
  LatchGateError,
  LatchGateNotFound,
  LatchGateOutcomeUnknown,
  LatchGateReplayDetected,
  LatchGateTransportError,
  verifyReceipt,
} from "latchgate-client";
import { LatchGateOperator } from "latchgate-client/operator";
import { createTools } from "latchgate-client/tools";

const input = JSON.parse(process.argv[2]);
const { receiptKeys, operatorCredentials } = input;
const way = input.byFetch ? { fetch: (...given) => fetch(...given) } : {};
const agent = (place) => new LatchGateClient({ agentId: "agent:hello", ...way, ...place });

const client = agent(input.client);
const result = await client.execute("http_fetch", { url: "https://httpbin.org/get" });
assert.equal(result.ok, true);
assert.equal(verifyReceipt(await client.getReceipt(result.receiptId), receiptKeys).state, "verified");

const missing = await client.execute("no_such_action").catch((error) => error);
assert(missing instanceof LatchGateNotFound && missing instanceof LatchGateError);

const held = await client.execute("pay").catch((error) => error);
assert(held instanceof LatchGateApprovalRequired);
const operator = new LatchGateOperator({ ...operatorCredentials, ...way, ...input.operator });
assert.equal((await operator.approvals.approve(held.approvalId)).decision, "executed");
assert.equal((await client.waitForApproval(held)).ok, true);

const [tool] = await createTools(client, { only: ["http_fetch"] });
assert.equal((await tool.execute({ url: "https://httpbin.org/get" })).ok, true);

// Ten at once on several connections.
const many = await Promise.all(
  Array.from({ length: 10 }, () =>
    client.execute("http_fetch", { url: "https://x.org" }).catch((error) => error),
  ),
);
assert.equal(new Set(many.map(({ receiptId, approvalId }) => receiptId ?? approvalId)).size, 10);

const late = await client.execute("slow", {}, { timeoutMs: 300 }).catch((error) => error);
assert(late instanceof LatchGateOutcomeUnknown);
assert.equal(late.code, "timeout");
const aborted = await client
  .execute("slow", {}, { signal: AbortSignal.timeout(300) })
  .catch((error) => error);
assert(aborted instanceof LatchGateOutcomeUnknown);
assert.equal(aborted.code, "aborted");

await client.execute("arm");
const lost = await client.execute("slow").catch((error) => error);
// Deno's own fetch sends a call again when its connection is lost; the gate takes no proof twice, and says so.
assert(lost instanceof LatchGateOutcomeUnknown || lost instanceof LatchGateReplayDetected);
assert.equal(lost.outcome, "unknown");

const absent = input.client.socket ? { socket: "/nowhere/gate.sock" } : { baseUrl: input.nobody };
const gone = await agent(absent)
  .execute("arm", {}, { retry: false })
  .catch((error) => error);
assert(gone instanceof LatchGateTransportError);
assert.equal(gone.outcome, "not_executed");
// Deno's own fetch does not say which error it was.
if (!input.byFetch) assert.equal(gone.code, input.client.socket ? "no_socket" : "connection_refused");

await client.close();
await operator.close();
console.log("hello, an approve, a tool, ten at once; late, aborted, lost and nobody there are told apart");
