import { expect, test } from "vitest";
import { MockGate, type WebRequest } from "../../src/testing/index.ts";
import { createAgent } from "./by-hand.ts";

const HELLO = "aGVsbG8K";
const FAILED = "grant integrity: verifier failed for high-risk action — execution denied";
const write = (path: string) => ({ operation: "write", path, content_base64: HELLO, mode: "create" });

async function held(gate: MockGate, actionId: string, params: unknown, options: { budgets?: unknown } = {}) {
  const agent = await createAgent(gate.send, { now: gate.now, ...options });
  const answer = await agent.execute(actionId, params);
  expect(answer.status).toBe(202);
  return { agent, answer, approvalId: answer.json.approval_id as string };
}

test("a held call runs when it is approved, is charged then, and is found by polling", async () => {
  const gate = new MockGate({
    actions: { send_mail: { riskLevel: "high", run: () => ({ ok: true, sent: 1 }) } },
  });
  const { agent, answer, approvalId } = await held(
    gate,
    "send_mail",
    { to: "a" },
    { budgets: { max_calls: 1 } },
  );
  expect(Object.keys(answer.json)).toEqual(["decision", "approval_id", "request_hash", "trace_id"]);
  expect((await agent.poll(approvalId)).json).toEqual({ status: "pending", retry_after_seconds: 2 });
  expect(gate.effects).toEqual([]);
  expect(gate.callsLeft(agent.sessionId)).toBe(1);

  const approved = await gate.approve(approvalId);
  expect(approved).toMatchObject({
    status: 200,
    body: { decision: "executed", output: { ok: true, sent: 1 } },
  });
  expect(gate.callsLeft(agent.sessionId)).toBe(0);
  expect(gate.effects).toMatchObject([
    { actionId: "send_mail", params: { to: "a" }, by: "approved", approvalId },
  ]);
  const poll = await agent.poll(approvalId);
  expect(poll.json.status).toBe("approved");
  expect((await agent.receipt(poll.json.receipt_id)).json.provider_receipt).toEqual({ ok: true, sent: 1 });
  expect(await gate.approve(approvalId)).toMatchObject({
    status: 200,
    body: { decision: "already_approved" },
  });
  expect(await gate.deny(approvalId)).toMatchObject({ status: 200, body: { decision: "already_approved" } });
  expect(gate.effects).toHaveLength(1);
});

test("a denied call never runs, and its reason is told", async () => {
  const gate = new MockGate();
  const { agent, approvalId } = await held(gate, "fs_write", write("docs/a.md"));
  expect((await gate.deny(approvalId, "not today")).body).toMatchObject({
    decision: "deny",
    deny_reason: "not today",
  });
  expect((await agent.poll(approvalId)).json).toEqual({ status: "denied", reason: "not today" });
  expect((await gate.approve(approvalId)).body).toMatchObject({
    decision: "already_denied",
    deny_reason: "not today",
  });
  expect(gate.effects).toEqual([]);
  expect(gate.auditEvents.at(-1)).not.toHaveProperty("owner");
});

test("an approval is found by the session that made it and by no other", async () => {
  const gate = new MockGate();
  const { approvalId } = await held(gate, "fs_write", write("docs/a.md"));
  const other = await createAgent(gate.send);
  const answer = await other.poll(approvalId);
  expect([answer.status, answer.text, answer.headers.get("content-type")]).toEqual([404, "", null]);
});

test("while an approved action runs, polls say 1 and a second approve or deny is a conflict", async () => {
  let finish = () => {};
  const running = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const gate = new MockGate({
    actions: { slow: { riskLevel: "high", run: () => running.then(() => ({ ok: true })) } },
  });
  const { agent, approvalId } = await held(gate, "slow", {});
  const first = gate.approve(approvalId);
  expect((await agent.poll(approvalId)).json).toEqual({ status: "pending", retry_after_seconds: 1 });
  expect(await gate.approve(approvalId)).toEqual({ status: 409, body: { error: "conflict" } });
  expect(await gate.deny(approvalId)).toEqual({ status: 409, body: { error: "conflict" } });
  finish();
  expect((await first).status).toBe(200);
});

test("a claim that nobody finished can be taken again after 120 s, and the action then runs", async () => {
  const gate = new MockGate({ leaseTtlSeconds: 1800 });
  const { approvalId } = await held(gate, "http_fetch", { url: "http://example.com/" });
  expect(gate.claim(approvalId)).toBe(true);
  gate.advance(118_000);
  expect((await gate.approve(approvalId)).status).toBe(409);
  gate.advance(2_000);
  expect(await gate.approve(approvalId)).toMatchObject({
    status: 200,
    body: { learned_domain: "example.com" },
  });
});

test("an approval expires as in the default store: pending for ever, 500 from 300 s, 404 from 600 s, deny until then", async () => {
  const gate = new MockGate({ leaseTtlSeconds: 1800 });
  const [late, denied, gone] = [
    await held(gate, "fs_read", { operation: "read", path: "other/a.txt" }),
    await held(gate, "fs_read", { operation: "read", path: "other/b.txt" }),
    await held(gate, "fs_read", { operation: "read", path: "other/c.txt" }),
  ];
  gate.advance(310_000);
  expect((await late.agent.poll(late.approvalId)).json.status).toBe("pending");
  expect(await gate.approve(late.approvalId)).toEqual({ status: 500, body: { error: "internal_error" } });
  expect((await late.agent.poll(late.approvalId)).json).toEqual({
    status: "failed",
    reason: "plan integrity: execution plan expired before approval",
  });
  expect((await gate.approve(late.approvalId)).body).toMatchObject({
    decision: "already_failed",
    status: "failed",
  });
  expect((await gate.deny(denied.approvalId, "too late")).status).toBe(200);
  gate.advance(310_000);
  expect(await gate.approve(gone.approvalId)).toEqual({ status: 404, body: { error: "action_not_found" } });
  expect((await gone.agent.poll(gone.approvalId)).json.status).toBe("pending");
  expect(gate.effects).toEqual([]);
});

test("a plain approve of a write inside the manifest fails, and only the audit event knows the receipt", async () => {
  const gate = new MockGate();
  const { agent, approvalId } = await held(gate, "fs_write", write("docs/a.md"));
  expect(await gate.approve(approvalId)).toEqual({ status: 500, body: { error: "internal_error" } });
  expect((await agent.poll(approvalId)).json).toEqual({ status: "failed", reason: FAILED });
  expect(gate.workspace.read("docs/a.md")).toBeUndefined();
  const event = gate.auditEvents.at(-1);
  expect(event).toMatchObject({
    decision: "deny",
    deny_reason: "verifier failed for high-risk action: verification_failed",
  });
  const receipt = await agent.receipt(event?.receipt_id ?? "");
  expect(receipt.json).toMatchObject({
    failure_class: "verification_failed",
    provider_receipt: {
      ok: false,
      error: { code: "path_not_allowed", message: "path not covered by allowed_paths: docs/a.md" },
    },
    verification_outcome: { status: "verification_failed", reason: "no host-observed filesystem evidence" },
  });
});

test("a learned glob opens what the manifest denies, and lifts no hold", async () => {
  const gate = new MockGate();
  const first = await held(gate, "fs_write", write("docs/b.md"));
  const answer = await gate.approve(first.approvalId, { learnPath: "docs/**" });
  expect(answer).toMatchObject({
    status: 200,
    body: { learned_path: "docs/**", output: { data: { bytes_written: 6 } } },
  });
  expect(gate.workspace.read("docs/b.md")).toBe("hello\n");
  const second = await held(gate, "fs_write", write("docs/.env"));
  expect((await gate.approve(second.approvalId)).status).toBe(200);
  expect(gate.workspace.read("docs/.env")).toBe("hello\n");
});

test("fs_delete learns the path that it was held for; what is gone can't be deleted again", async () => {
  const gate = new MockGate();
  const first = await held(gate, "fs_delete", { operation: "delete", path: "docs/notes.md" });
  expect(gate.approvals[0]?.unresolvedPaths).toEqual(["docs/notes.md"]);
  const answer = await gate.approve(first.approvalId);
  expect(answer).toMatchObject({
    status: 200,
    body: { learned_path: "docs/notes.md", output: { data: { deleted: true } } },
  });
  const second = await held(gate, "fs_delete", { operation: "delete", path: "docs/notes.md" });
  expect(gate.approvals[0]?.unresolvedPaths).toEqual([]);
  expect((await gate.approve(second.approvalId)).status).toBe(500);
});

test("an overwrite checks the hash before it, and says both", async () => {
  const gate = new MockGate();
  gate.learn("fs_write", { path: "docs/**" });
  const before = "sha256:4a28fc250c09e1f28c9f37486fca6db3c7a4ee707373216f6f7bd62ade5d9330";
  const params = {
    operation: "write",
    path: "docs/notes.md",
    content_base64: "dHdvCg==",
    expected_before_hash: before,
  };
  const first = await held(gate, "fs_write", params);
  expect((await gate.approve(first.approvalId)).body).toMatchObject({
    output: { data: { before_hash: before, bytes_before: 8, bytes_written: 4 } },
  });
  const second = await held(gate, "fs_write", params);
  expect((await gate.approve(second.approvalId)).status).toBe(500);
  expect(gate.workspace.read("docs/notes.md")).toBe("two\n");
});

test("an absolute path without a session root is refused, and the claim stays", async () => {
  const gate = new MockGate();
  const { agent, approvalId } = await held(gate, "fs_write", write("/srv/gate/ws/docs/abs.md"));
  expect(await gate.approve(approvalId)).toEqual({
    status: 400,
    body: {
      error: "bad_request",
      deny_reason: "learn_path '/srv/gate/ws/docs/abs.md' is absolute but no session fs_root is configured",
    },
  });
  expect((await agent.poll(approvalId)).json).toEqual({ status: "pending", retry_after_seconds: 1 });
  expect((await gate.approve(approvalId)).status).toBe(409);
});

test("an approved http_delete goes out as a GET: the template is not applied", async () => {
  const sent: string[] = [];
  const web = { "http://httpbin.org": ({ method }: WebRequest) => ({ status: sent.push(method) + 199 }) };
  const gate = new MockGate({ web });
  const { approvalId } = await held(gate, "http_delete", { url: "http://httpbin.org/delete" });
  expect((await gate.approve(approvalId)).body).toMatchObject({ learned_domain: "httpbin.org" });
  expect(sent).toEqual(["GET"]);
});

test("an action whose secrets the gate lacks fails on approve and says which", async () => {
  const gate = new MockGate();
  const { agent, approvalId } = await held(gate, "http_sensitive_read", { url: "http://httpbin.org/a" });
  const reason = 'required secrets ["API_BEARER_TOKEN"] cannot be resolved: sops_secrets_file not configured';
  expect(await gate.approve(approvalId)).toMatchObject({
    status: 403,
    body: { error: "policy_denied", deny_reason: reason },
  });
  expect((await agent.poll(approvalId)).json).toEqual({
    status: "failed",
    reason: `policy: policy denied: ${reason}`,
  });
});

test("a learned domain is learned whatever is said, and covers what is below it", async () => {
  const gate = new MockGate();
  const { agent, approvalId } = await held(gate, "http_fetch", { url: "http://example.org/a" });
  expect((await agent.execute("http_fetch", { url: "http://www.example.org/a" })).status).toBe(202);
  await gate.approve(approvalId);
  expect((await agent.execute("http_fetch", { url: "http://www.example.org/a" })).status).toBe(200);
});

test("learning another domain than the held one runs into 422, and the approval has failed", async () => {
  const gate = new MockGate();
  const { agent, approvalId } = await held(gate, "http_fetch", { url: "http://example.org/a" });
  expect((await gate.approve(approvalId, { learnDomain: "example.net" })).status).toBe(422);
  expect((await agent.poll(approvalId)).json).toEqual({
    status: "failed",
    reason:
      "schema: response schema violation: schema validation failed: response must contain an 'ok' field",
  });
});

test("a draining gate approves nothing and denies still", async () => {
  const gate = new MockGate();
  const { agent, approvalId } = await held(gate, "fs_write", write("docs/a.md"));
  gate.drain();
  expect(await gate.approve(approvalId)).toEqual({ status: 503, body: { error: "draining" } });
  expect((await gate.deny(approvalId, "draining")).status).toBe(200);
  expect((await agent.poll(approvalId)).json).toEqual({ status: "denied", reason: "draining" });
});

test("a budget that is used up by then makes an approve fail", async () => {
  const gate = new MockGate();
  const { agent, approvalId } = await held(gate, "fs_write", write("docs/a.md"), {
    budgets: { max_calls: 1 },
  });
  expect((await agent.execute("fs_read", { operation: "read", path: "docs/notes.md" })).status).toBe(200);
  expect(await gate.approve(approvalId)).toEqual({ status: 403, body: { error: "budget_exhausted" } });
  expect((await agent.poll(approvalId)).json.status).toBe("failed");
});
