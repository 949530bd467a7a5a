import { expect, test } from "vitest";
import { MockGate } from "../../src/testing/index.ts";
import { createAgent } from "./by-hand.ts";

test("an agent gets a lease, executes an action, and reads its signed receipt", async () => {
  const gate = new MockGate({ principal: "agent:test" });
  const agent = await createAgent(gate.send);
  expect(agent.lease.status).toBe(200);

  const done = await agent.execute("fs_read", { operation: "read", path: "docs/notes.md" });
  expect(done.status).toBe(200);
  expect(done.json).toMatchObject({
    decision: "executed",
    output: { ok: true, data: { content_base64: "IyBub3Rlcwo=", size_bytes: 8 } },
    verification: { outcome: "verified", is_fully_successful: true },
  });
  const receipt = await agent.receipt(done.json.receipt_id);
  expect(receipt.json).toMatchObject({ signature_status: "valid", provider_receipt: done.json.output });
});
