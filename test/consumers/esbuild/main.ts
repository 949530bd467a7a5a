/** A program of one file: no package lies beside it. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { LatchGateClient, LatchGateError, LatchGateTransportError, verifyReceipt } from "latchgate-client";
import { LatchGateOperator } from "latchgate-client/operator";
import { MockGate } from "latchgate-client/testing";
import { createTools } from "latchgate-client/tools";

async function main(): Promise<void> {
  const gate = new MockGate({ actions: { add: { run: ({ a, b }) => ({ ok: true, sum: a + b }) } } });
  const server = await gate.listen({ port: 0, adminPort: 0 });
  const { publicBaseUrl } = gate;
  const client = new LatchGateClient({ baseUrl: server.url, publicBaseUrl, agentId: "agent:bundled" });
  const operator = new LatchGateOperator({ baseUrl: server.adminUrl, ...gate.operatorCredentials });
  const added = await client.execute("add", { a: 2, b: 3 });
  assert.deepEqual(added.output, { ok: true, sum: 5 });
  const receipt = await operator.receipt(added.receiptId);
  assert.equal(verifyReceipt(receipt, await operator.receiptKeys()).state, "verified");
  const [tool] = await createTools(client, { only: ["add"] });
  assert.equal((await tool?.execute({ a: 1, b: 1 }))?.ok, true);
  // What is loaded only when it is asked for is not in the bundle, and is missed in a sentence.
  const unchecked: unknown = await client
    .execute("http_fetch", {}, { validate: "before" })
    .catch((error: unknown) => error);
  assert.match(String(unchecked), /needs the package "ajv"/);
  await server.close();
  const gone: unknown = await client.execute("add", {}, { retry: false }).catch((error: unknown) => error);
  assert(gone instanceof LatchGateTransportError && gone instanceof LatchGateError);
  assert.equal(gone.outcome, "not_executed");

  writeFileSync("latchgate.toml", "");
  process.env["LATCHGATE_CONFIG"] = "latchgate.toml";
  assert.throws(() => new LatchGateClient(), /needs the package smol-toml/);
  await client.close();
  await operator.close();
  console.log("esbuild: an execute, a receipt, a tool and a gate that is gone");
}

void main();
