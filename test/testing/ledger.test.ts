import { createHash, createPublicKey, verify } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { canonical, hashOf } from "../../src/testing/formats/canonical.ts";
import { MockGate } from "../../src/testing/index.ts";
import { createAgent } from "./by-hand.ts";

// biome-ignore lint/suspicious/noExplicitAny: recordings are read as they are
type Json = any;

function recorded(name: string): { id: string; response: { json?: Json } }[] {
  return JSON.parse(readFileSync(new URL(`../recordings/${name}.json`, import.meta.url), "utf8")).exchanges;
}

const read = { operation: "read", path: "docs/notes.md" };

test("the canonical form reproduces every link of the recorded audit chain", () => {
  const events: Json[] = recorded("main").find(({ id }) => id === "audit.events")?.response.json.events;
  const hashes = new Set(events.map(hashOf));
  const links = events.filter(({ prev_hash }) => hashes.has(prev_hash));
  expect(links).toHaveLength(events.length - 1);
});

test("every event of the mock has the members that the recorded event of its kind has", async () => {
  const recordedEvents: Json[] = recorded("main").find(({ id }) => id === "audit.events")?.response.json
    .events;
  const gate = new MockGate({
    principal: "agent:recorder",
    owner: "o",
    grants: ["fs_read", "http_fetch", "fs_write"],
  });
  const agent = await createAgent(gate.send);
  await agent.execute("fs_read", read);
  await agent.execute("fs_read", { ...read, path: "docs/none.md" });
  await agent.execute("http_fetch", { url: "file:///x" });
  await agent.execute("http_fetch", { url: 5 });
  await agent.execute("no_such", {});
  await agent.execute("http_post", { url: "http://httpbin.org/", body: "" });
  const held = await agent.execute("http_fetch", { url: "http://example.org/" });
  await gate.approve(held.json.approval_id);
  const denied = await agent.execute("fs_write", { operation: "write", path: "docs/a", content_base64: "" });
  await gate.deny(denied.json.approval_id);
  const failed = await agent.execute("fs_write", { operation: "write", path: "docs/a", content_base64: "" });
  await gate.approve(failed.json.approval_id);
  const kinds = new Set(recordedEvents.map((event) => Object.keys(event).sort().join()));
  for (const event of gate.auditEvents) expect(kinds).toContain(Object.keys(event).sort().join());
  expect(gate.auditEvents).toHaveLength(13);
});

test("the chain begins with null and links each event to the whole one before it", async () => {
  const gate = new MockGate();
  const agent = await createAgent(gate.send);
  for (let count = 0; count < 5; count += 1) await agent.execute("fs_read", read);
  const [first, ...rest] = gate.auditEvents;
  expect(first?.prev_hash).toBe(null);
  rest.forEach((event, index) => {
    const before = canonical(gate.auditEvents[index]);
    expect(event.prev_hash).toBe(`sha256:${createHash("sha256").update(before).digest("hex")}`);
  });
});

test("a receipt's hash covers ten members with the times as +00:00, its signature the text of the hash", async () => {
  const gate = new MockGate();
  const agent = await createAgent(gate.send);
  const done = await agent.execute("fs_read", read);
  const { json: receipt } = await agent.receipt(done.json.receipt_id);
  const { result_hash, receipt_signature, signing_key_id, signature_status, ...body } = receipt;
  expect(Object.keys(body)).toHaveLength(10);
  for (const name of ["started_at", "finished_at"]) body[name] = body[name].replace(/Z$/, "+00:00");
  expect(createHash("sha256").update(canonical(body)).digest("hex")).toBe(result_hash);
  const [key] = gate.receiptKeys.keys;
  expect(key?.kid).toBe(signing_key_id);
  expect(key?.x_hex.slice(0, 16)).toBe(signing_key_id);
  const x = Buffer.from(key?.x_hex ?? "", "hex").toString("base64url");
  const publicKey = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
  expect(verify(null, Buffer.from(result_hash), publicKey, Buffer.from(receipt_signature, "hex"))).toBe(true);
  expect(signature_status).toBe("valid");
});

test("any lease reads any receipt, and without one nobody does", async () => {
  const gate = new MockGate();
  const done = await (await createAgent(gate.send)).execute("fs_read", read);
  const other = await createAgent(gate.send);
  expect((await other.receipt(done.json.receipt_id)).status).toBe(200);
  expect((await other.receipt("not-a-uuid")).json).toEqual({ error: "not_found" });
  const wrong = other.request("GET", `/v1/receipts/${done.json.receipt_id}`, undefined, { htm: "POST" });
  const response = await gate.send(wrong);
  expect(await response.json()).toEqual({ error: "invalid_dpop" });
});
