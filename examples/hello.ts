/** An agent gets a lease, executes an action, and verifies the signed receipt. */
import { LatchGateClient, verifyReceipt } from "latchgate-client";
import "./failing.ts";
import { exampleGate } from "./gate.ts";

await using gate = await exampleGate();
console.log(`gate: ${gate.description}`);

await using client = new LatchGateClient({ agentId: "agent:hello", ...gate.options });
const result = await client.execute("http_fetch", { url: "https://httpbin.org/get" });
console.log("output:", JSON.stringify(result.output));
console.log("receipt:", result.receiptId);
console.log("verified:", result.verification.isFullySuccessful);

const receipt = await client.getReceipt(result.receiptId);
const verdict = verifyReceipt(receipt, gate.receiptKeys);
console.log(
  verdict.state === "verified"
    ? "offline: the receipt's hash and signature hold"
    : verdict.state === "hash_holds"
      ? "offline: the receipt's hash holds; the signature was not checked (an agent has no receipt keys)"
      : `offline: the receipt is INVALID (${JSON.stringify(verdict)})`,
);
process.exitCode = result.ok && verdict.state !== "invalid" ? 0 : 1;
