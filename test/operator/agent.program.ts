/** An agent's program, as a process of its own: makes a held call, waits for it, and prints each step as a line of JSON. */
import { LatchGateApprovalRequired, LatchGateClient, verifyReceipt } from "latchgate-client";

const say = (step: object) => console.log(JSON.stringify(step));
const client = new LatchGateClient({ agentId: "agent:own-process" });
const held = await client
  .execute("http_fetch", { url: "https://example.com/" })
  .catch((error: unknown) => error);
if (!(held instanceof LatchGateApprovalRequired)) throw held;
say({ held: held.approvalId });
const { receiptId, ok } = await client.waitForApproval(held);
const { state } = verifyReceipt(await client.getReceipt(receiptId));
say({ receiptId, ok, state });
await client.close();
