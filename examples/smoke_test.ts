/** Is the gate usable from here? Three steps, `ok` or `FAIL` each, as far as they come; exit code 0 when all are ok, else 1. */
import { LatchGateClient, LatchGateError, verifyReceipt } from "latchgate-client";
import "./failing.ts";
import { exampleGate } from "./gate.ts";

await using gate = await exampleGate();
console.log(`gate: ${gate.description}`);
await using client = new LatchGateClient({ agentId: "agent:smoke-test", ...gate.options });

let receiptId = "";

await step("lease", async () => {
  await client.connect({ maxCalls: 1 });
  return `session ${client.sessionId}`;
});
await step("execute", async () => {
  const result = await client.execute("http_fetch", { url: "https://httpbin.org/get" });
  receiptId = result.receiptId;
  if (!result.ok) throw new Error(`the action ran and did not succeed: ${result.verification.outcome}`);
  return `receipt ${receiptId}`;
});
await step("receipt", async () => {
  const verdict = verifyReceipt(await client.getReceipt(receiptId), gate.receiptKeys);
  if (verdict.state === "invalid") throw new Error(JSON.stringify(verdict));
  return verdict.state === "verified" ? "hash and signature hold" : "hash holds, signature not checked";
});

async function step(name: string, run: () => Promise<string>): Promise<void> {
  if (process.exitCode === 1) return console.log(`-     ${name}: needs what failed`);
  try {
    console.log(`ok    ${name}: ${await run()}`);
  } catch (error) {
    process.exitCode = 1;
    const hint = error instanceof LatchGateError && error.hint !== undefined ? `\n      ${error.hint}` : "";
    console.log(`FAIL  ${name}: ${error instanceof Error ? error.message : String(error)}${hint}`);
  }
}
