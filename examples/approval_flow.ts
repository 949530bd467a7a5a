/** An agent's risky call is held, an operator approves it, and the agent learns what came of it. */
import { LatchGateApprovalRequired, LatchGateClient, verifyReceipt } from "latchgate-client";
import { LatchGateDenied, LatchGateError, willLearn } from "latchgate-client/operator";
import "./failing.ts";
import { exampleGate } from "./gate.ts";

await using gate = await exampleGate();
console.log(`gate: ${gate.description}`);
await using operator = await gate.operator();
await using agent = new LatchGateClient({ agentId: "agent:approval-flow", ...gate.options });

// The agent asks for something risky. Nothing runs; the gate holds it.
const held = await agent
  .execute("http_sensitive_read", { url: "https://api.github.com/user" })
  .catch((error: unknown) => error);
if (!(held instanceof LatchGateApprovalRequired)) throw held;
console.log("agent:    held, approval", held.approvalId);
// It polls from here on, with the session that opened the approval: no other may see it.
const outcome = agent.waitForApproval(held).catch((error: unknown) => error);

// The operator looks at it before deciding.
const detail = await operator.approvals.get(held.approvalId);
if ("source" in detail) throw new Error("the gate has lost the approval");
console.log(`operator: ${detail.action_id} (${detail.risk_level}) for ${detail.principal}`);
for (const words of willLearn(detail).words) console.log(`operator: an approve opens for good: ${words}`);

try {
  // This executes the action, and gives its result.
  const approved = await operator.approvals.approve(held.approvalId);
  console.log("operator:", approved.decision, "receipt", approved.receiptId);

  const result = await outcome;
  if (result instanceof Error) throw result;
  const { receiptId, ok, output } = result as Awaited<ReturnType<typeof agent.waitForApproval>>;
  console.log("agent:    ran,", ok ? "and succeeded" : "and did not succeed", JSON.stringify(output));
  console.log("agent:    receipt", receiptId, verifyReceipt(await agent.getReceipt(receiptId)).state);
  const keys = await operator.receiptKeys();
  console.log("operator: receipt", receiptId, verifyReceipt(await operator.receipt(receiptId), keys).state);
  process.exitCode = ok && receiptId === approved.receiptId ? 0 : 1;
} catch (error) {
  // This action needs a secret, and most gates that are only tried out have none.
  if (!(error instanceof LatchGateDenied && error.code === "policy_denied")) throw error;
  console.log("operator: approved, and the gate refused to run it:", error.reason);
  const learned = await outcome;
  if (learned instanceof LatchGateError) console.log(`agent:    ${learned.code}: ${learned.hint}`);
  console.log("Nothing has run. Give the gate its secrets (sops_secrets_file), and it would.");
}
