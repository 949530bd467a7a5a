import { createPrivateKey } from "node:crypto";
import { inspect } from "node:util";
import { expect, test } from "vitest";
import { MockGate, type MockGateOptions } from "../../src/testing/index.ts";
import { ask, BASE, createAgent, createOperator, keyPair, signedProof } from "./by-hand.ts";

async function world(options: MockGateOptions = {}) {
  const gate = new MockGate({ rateLimits: false, leaseTtlSeconds: 3600, ...options });
  const operator = createOperator(gate.operatorSend, gate.operatorCredentials, gate.now);
  const agent = await createAgent(gate.send, { now: gate.now });
  const hold = async (url = "http://example.com/a") =>
    (await agent.execute("http_fetch", { url })).json.approval_id as string;
  return { gate, operator, agent, hold };
}

test("an operator lists, looks, approves, and reads the receipt; the agent's poll names the same one", async () => {
  const { operator, agent, hold } = await world();
  const approvalId = await hold();
  const list = await operator.ask("GET", "/v1/approvals?status=pending");
  expect(list.json).toMatchObject({ count: 1, approvals: [{ approval_id: approvalId, status: "pending" }] });
  const before = await operator.detail(approvalId);
  expect(before.json).toMatchObject({ status: "pending", unresolved_domains: ["example.com"] });
  const done = await operator.approve(approvalId);
  expect(done.json).toMatchObject({ decision: "executed", learned_domain: "example.com" });
  expect(done.json.approval).toMatchObject({ approved_by: "default", approval_id: approvalId });
  expect((await agent.poll(approvalId)).json).toEqual({
    status: "approved",
    receipt_id: done.json.receipt_id,
  });
  const receipt = await operator.ask("GET", `/v1/receipts/${done.json.receipt_id}`);
  expect(receipt.json).toEqual((await agent.receipt(done.json.receipt_id)).json);
  expect((await operator.approve(approvalId)).json).toMatchObject({ decision: "already_approved" });
});

test("an unlimited budget has all of its digits in the text, which no double holds", async () => {
  const { operator, hold } = await world();
  const { text } = await operator.detail(await hold());
  expect(text).toContain(
    '"calls_remaining":9223372036854775807,"policy_approved_calls_after":9223372036854775806',
  );
  expect((await operator.ask("GET", "/v1/audit/events")).text).toContain(
    '{"calls_remaining":9223372036854775807}',
  );
});

test("a refused operator is told why on approve and deny, nothing on the detail, and one word elsewhere", async () => {
  const { gate, operator, hold } = await world();
  const approvalId = await hold();
  const deny = `/v1/approvals/${approvalId}/deny`;
  const other = createOperator(gate.operatorSend, {
    apiKey: gate.operatorCredentials.apiKey,
    privateKey: keyPair().privateKey,
  });
  const bare = (headers: Record<string, string>) =>
    ask(gate.operatorSend, { url: `${BASE}${deny}`, method: "POST", headers });
  const { apiKey } = gate.operatorCredentials;
  expect((await bare({})).json).toEqual({ error: "missing_auth_header" });
  expect((await bare({ authorization: `Bearer ${apiKey}` })).json).toEqual({ error: "invalid_auth_scheme" });
  expect((await bare({ authorization: `DPoP ${apiKey}` })).json).toEqual({ error: "missing_dpop_header" });
  expect((await bare({ authorization: "DPoP x", dpop: "y" })).json).toEqual({
    error: "invalid_operator_token",
  });
  const unbound = "DPoP proof thumbprint does not match configured dpop_jkt";
  expect((await other.deny(approvalId)).json).toEqual({ error: "key_binding_failed", deny_reason: unbound });
  const wrong = await operator.ask("POST", deny, undefined, { htu: `${BASE}/x` });
  expect(wrong.json.error).toBe("invalid_dpop");

  expect((await operator.ask("GET", "/v1/admin/status")).status).toBe(200); // the key is known now
  const reason = "signature verification failed";
  expect((await other.deny(approvalId)).json).toEqual({ error: "invalid_dpop", deny_reason: reason });
  const { headers, ...silent } = await other.detail(approvalId);
  expect([silent.status, silent.text, headers.get("content-type")]).toEqual([401, "", null]);
  for (const path of ["/v1/approvals", "/v1/audit/events", "/metrics", "/v1/receipts/x", "/v1/admin/epoch"])
    expect((await other.ask("GET", path)).json).toEqual({ error: "unauthorized" });
});

test("one jti is taken once, whether an agent or an operator brings it", async () => {
  const { gate, operator, agent, hold } = await world();
  const approvalId = await hold();
  const jti = "the same";
  const path = `/v1/approvals/${approvalId}/poll`;
  expect((await ask(gate.send, agent.request("GET", path, undefined, { jti }))).status).toBe(200);
  const again = await operator.ask("POST", `/v1/approvals/${approvalId}/deny`, undefined, { jti });
  expect(again.json).toEqual({ error: "replay_detected" });
});

test("a full replay store is 503 on approve, and 401 elsewhere", async () => {
  const { operator, hold } = await world({ replayCapacity: 1 });
  const approvalId = await hold();
  expect((await operator.approve(approvalId)).json).toEqual({ error: "replay_cache_unavailable" });
  expect((await operator.ask("GET", "/v1/admin/status")).json).toEqual({ error: "unauthorized" });
});

test("what is wrong with a request's form is said before anybody is asked who they are", async () => {
  const { gate } = await world();
  const bare = (method: string, path: string, body?: string, type?: string) =>
    ask(gate.operatorSend, {
      url: `${BASE}${path}`,
      method,
      headers: type === undefined ? {} : { "content-type": type },
      ...(body === undefined ? {} : { body }),
    });
  const json = "application/json";
  const answers = [
    await bare("GET", "/v1/approvals?limit=-1"),
    await bare("GET", "/v1/approvals?limit="),
    await bare("GET", "/v1/audit/events?limit=1&limit=2"),
    await bare("POST", "/v1/admin/domains", "{", json),
    await bare("POST", "/v1/admin/domains", "{}"),
    await bare("POST", "/v1/admin/domains", '{"action_id":"a","domain":"x.org","value":"x.org"}', json),
    await bare("POST", "/v1/approvals/x/deny", "", json),
    await bare("POST", "/v1/approvals/x/deny", "x", "text/plain"),
    await bare("POST", "/v1/approvals/x/deny", "null", json),
    await bare("DELETE", "/v1/admin/paths/clear"),
    await bare("POST", "/v1/admin/policy/grant", " ".repeat(1_048_577), json),
  ];
  expect(answers.map(({ status }) => status)).toEqual([
    400, 400, 400, 400, 415, 422, 400, 415, 422, 400, 413,
  ]);
  const types = answers.map(({ headers }) => headers.get("content-type"));
  expect(new Set(types)).toEqual(new Set(["text/plain; charset=utf-8"]));
  expect(answers[2]?.text).toBe("Failed to deserialize query string: duplicate field `limit`");
  expect(answers[5]?.text).toContain("duplicate field `value` at line 1 column");
});

test("a deny takes its reason from a typed body only", async () => {
  const { operator, hold, gate } = await world();
  const untyped = operator.request("POST", `/v1/approvals/${await hold()}/deny`);
  const ignored = await ask(gate.operatorSend, { ...untyped, body: '{"reason":"unread"}' });
  expect(ignored.json.deny_reason).toBe("operator_denied");
  for (const [body, reason] of [
    [{ reason: "not today" }, "not today"],
    [{ reason: null }, "operator_denied"],
    [{ reason: "", more: 1 }, ""],
    [{}, "operator_denied"],
  ] as const)
    expect((await operator.deny(await hold(), body)).json.deny_reason).toBe(reason);
});

test("operators share two buckets: one for reads, one for writes, and dev mode spares some writes", async () => {
  const limits = { operatorRead: 2, operatorWrite: 1 };
  const now = () => 1_795_000_000_000;
  const { operator, hold } = await world({ rateLimits: { ...limits, execute: false }, devMode: false, now });
  const held = [await hold(), await hold()];
  const read = () => operator.ask("GET", "/v1/admin/status");
  expect([(await read()).status, (await read()).status]).toEqual([200, 200]);
  expect((await read()).json).toEqual({ error: "rate_limit_exceeded" });
  const silent = await operator.detail(held[0] ?? "");
  expect([silent.status, silent.text]).toEqual([429, ""]);
  expect((await operator.deny(held[0] ?? "")).status).toBe(200);
  const throttled = await operator.deny(held[1] ?? "");
  expect([throttled.json, throttled.headers.get("retry-after")]).toEqual([
    { error: "operator_throttled" },
    "2",
  ]);
  expect((await operator.ask("POST", "/v1/admin/reload")).json).toEqual({ error: "rate_limit_exceeded" });
  expect((await operator.ask("GET", "/metrics")).status).toBe(200);

  const dev = await world({ rateLimits: { operatorWrite: 0 } });
  expect((await dev.operator.deny(await dev.hold())).status).toBe(200);
  expect((await dev.operator.ask("POST", "/v1/admin/drain")).status).toBe(200);
  const entry = { action_id: "http_fetch", domain: "example.org" };
  expect((await dev.operator.ask("POST", "/v1/admin/domains", entry)).status).toBe(429);
});

test("operators of one's own are known by their keys, and nothing secret shows in the gate", async () => {
  const { privateKey } = keyPair();
  const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const gate = new MockGate({
    operators: {
      ops: { apiKey: "key-ops-1", privateKey: pem },
      loose: { apiKey: "key-loose-1", dpopJkt: null },
    },
  });
  expect(gate.operatorCredentials).toMatchObject({ operatorId: "ops", apiKey: "key-ops-1", privateKey: pem });
  const operator = createOperator(gate.operatorSend, gate.operatorCredentials);
  await operator.ask("GET", "/v1/admin/epoch");
  expect(gate.auditEvents.at(-1)).toMatchObject({ event_type: "admin_epoch_read", principal: "ops" });
  const loose = createOperator(gate.operatorSend, { apiKey: "key-loose-1", privateKey });
  expect((await loose.deny("x")).json.error).toBe("key_binding_failed");
  expect(inspect(gate, { depth: 9, showHidden: false })).not.toMatch(/key-ops-1|PRIVATE KEY/);
  expect(() => new MockGate({ operators: { a: { apiKey: "k", dpopJkt: "x" } } }).operatorCredentials).toThrow(
    "keys of its operators are elsewhere",
  );
});

test("the operator socket has the client's routes too, and the client socket none of the operator's", async () => {
  const { gate } = await world();
  const agent = await createAgent(gate.operatorSend);
  const done = await agent.execute("fs_read", { operation: "read", path: "docs/notes.md" });
  expect(done.status).toBe(200);
  expect((await agent.receipt(done.json.receipt_id)).json).toEqual({ error: "unauthorized" });
  const there = createOperator(gate.send, gate.operatorCredentials);
  for (const path of ["/v1/approvals", "/v1/audit/events", "/metrics", "/v1/admin/status"])
    expect((await there.ask("GET", path)).status).toBe(404);
  const { headers, status } = await there.ask("GET", "/v1/leases");
  expect([status, headers.get("allow")]).toEqual([405, "POST"]);
  expect(gate.received.slice(-2).map(({ face }) => face)).toEqual(["client", "client"]);
});

test("a client that drops its approve leaves the claim, the effect and no event; after 120 s it runs again", async () => {
  const { gate, operator, agent, hold } = await world();
  const approvalId = await hold();
  const before = gate.auditEvents.length;
  gate.fault("approveApproval", { kind: "reset", when: "running" });
  await expect(operator.approve(approvalId)).rejects.toThrow("fetch failed");
  expect((await operator.detail(approvalId)).json).toMatchObject({
    status: "claimed",
    claimed_by: "default",
  });
  expect((await agent.poll(approvalId)).json).toEqual({ status: "pending", retry_after_seconds: 1 });
  expect(gate.auditEvents).toHaveLength(before);
  expect(gate.effects).toMatchObject([{ index: 0, ending: "dropped", by: "approved", approvalId }]);
  expect((await operator.deny(approvalId)).json).toEqual({ error: "conflict" });
  gate.advance(120_000);
  expect((await operator.approve(approvalId)).json.decision).toBe("executed");
  expect(gate.effects).toMatchObject([
    { index: 0 },
    { index: 1, ending: "receipted", params: { url: "http://example.com/a" } },
  ]);
});

test("a store that forgets leaves the ledger's word: what is pending is gone after 300 s, what ended after an hour", async () => {
  // From a whole second on, and by `advance` alone: the lease must live its last second through.
  const start = Math.floor(Date.now() / 1000) * 1000;
  const { gate, operator, agent, hold } = await world({ approvalStore: "redis", now: () => start });
  const [approved, denied, gone] = [await hold(), await hold(), await hold()];
  const { receipt_id } = (await operator.approve(approved)).json;
  await operator.deny(denied, { reason: "no" });
  gate.advance(300_000);
  expect((await operator.approve(gone)).json).toEqual({ error: "action_not_found" });
  expect((await operator.detail(gone)).status).toBe(404);
  expect((await operator.ask("GET", "/v1/approvals")).json.count).toBe(2);
  gate.advance(3_300_000);
  expect((await operator.approve(approved)).json).toEqual({
    decision: "already_approved",
    approval_id: approved,
    state: "approved",
    completed_at: expect.any(String),
    receipt_id,
    source: "durable_outcome",
  });
  expect((await operator.deny(denied)).json).toMatchObject({ decision: "already_denied", deny_reason: "no" });
  expect((await operator.detail(denied)).json).toEqual({
    approval_id: denied,
    status: "denied",
    completed_at: expect.any(String),
    deny_reason: "no",
    source: "durable_outcome",
  });
  expect((await agent.poll(approved)).status).toBe(404);
});

test("a proof of a cached operator's key is read without its header", async () => {
  const { gate, operator } = await world();
  await operator.ask("GET", "/v1/admin/status");
  const { privateKey } = keyPair();
  const request = operator.request("GET", "/v1/admin/status");
  const [, payload = ""] = request.headers["dpop"]?.split(".") ?? [];
  const claims = { ...JSON.parse(Buffer.from(payload, "base64url").toString()), jti: "fresh" };
  const own = createPrivateKey(gate.operatorCredentials.privateKey);
  const send = (key: typeof privateKey) =>
    ask(gate.operatorSend, {
      ...request,
      headers: { ...request.headers, dpop: signedProof(key, {}, claims, {}) },
    });
  expect((await send(privateKey)).status).toBe(401);
  expect((await send(own)).status).toBe(200);
});
