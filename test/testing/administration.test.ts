import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { canonical } from "../../src/testing/formats/canonical.ts";
import { type AuditEvent, MockGate, type MockGateOptions } from "../../src/testing/index.ts";
import { createAgent, createOperator } from "./by-hand.ts";

async function world(options: MockGateOptions = {}) {
  const gate = new MockGate({ rateLimits: false, principal: "agent:test", ...options });
  const operator = createOperator(gate.operatorSend, gate.operatorCredentials, gate.now);
  const agent = await createAgent(gate.send, { now: gate.now });
  return { gate, operator, agent };
}

const read = (path: string) => ({ operation: "read", path });

test("a domain is stored in its normal form, echoed as sent, and removed only as it is stored", async () => {
  const { operator } = await world();
  const entry = (domain: string) => ({ action_id: "http_fetch", domain });
  const add = (domain: string) => operator.ask("POST", "/v1/admin/domains", entry(domain));
  expect((await add("API.Example.com.")).json).toEqual({
    action_id: "http_fetch",
    domain: "API.Example.com.",
    inserted: true,
  });
  expect((await add("api.example.com")).json.inserted).toBe(false);
  const listed = (await operator.ask("GET", "/v1/admin/domains?action=http_fetch")).json.domains;
  expect(listed).toEqual([
    {
      action_id: "http_fetch",
      domain: "api.example.com",
      added_by: "default",
      added_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}\+00:00$/),
      source: "api",
      approval_id: null,
    },
  ]);
  const remove = async (domain: string) =>
    (await operator.ask("DELETE", "/v1/admin/domains", entry(domain))).json.deleted;
  expect([await remove("API.Example.com"), await remove("api.example.com")]).toEqual([false, true]);
});

test("what may be learned has rules", async () => {
  const { operator } = await world();
  const status = async (key: "domain" | "path_glob", value: string) => {
    const path = key === "domain" ? "/v1/admin/domains" : "/v1/admin/paths";
    const answer = await operator.ask("POST", path, { action_id: "a", [key]: value });
    return answer.status === 200 ? 200 : answer.json.error;
  };
  const domains = [
    "localhost",
    "10.0.0.1",
    "nodot",
    "a b.org",
    "*.com",
    "*.example.com",
    "a.*.org",
    "x_y.org",
    "a..b",
  ];
  for (const domain of [...domains, "", `${"a".repeat(64)}.org`])
    expect([domain, await status("domain", domain)]).toEqual([domain, "invalid_domain"]);
  for (const domain of ["8.8.8.8", "*.s3.amazonaws.com", "-a.com", " x.org "])
    expect([domain, await status("domain", domain)]).toEqual([domain, 200]);
  const globs = [
    "",
    " ",
    "/abs",
    "*",
    "**",
    "**/*",
    "a/../b",
    ".env",
    ".env.local",
    ".ssh/id",
    ".git*",
    "a\u0000",
  ];
  for (const glob of [...globs, ".config/latchgate/x", "x".repeat(1025)])
    expect([glob, await status("path_glob", glob)]).toEqual([glob, "invalid_path_glob"]);
  for (const glob of ["docs/**", ".envrc", "a\tb", "docs/.env"])
    expect([glob, await status("path_glob", glob)]).toEqual([glob, 200]);
  const long = { action_id: "a".repeat(254), domain: "x.org" };
  expect((await operator.ask("POST", "/v1/admin/domains", long)).json).toEqual({
    error: "invalid_action_id",
    detail: "action_id must be 1-253 characters",
  });
});

test("an action has fifty learned paths at most, and then not even one again", async () => {
  const { operator } = await world();
  const add = (path_glob: string) =>
    operator.ask("POST", "/v1/admin/paths", { action_id: "fs_write", path_glob });
  for (let count = 0; count < 50; count += 1) expect((await add(`docs/${count}`)).status).toBe(200);
  for (const glob of ["docs/50", "docs/0"]) expect((await add(glob)).json).toEqual({ error: "ledger_error" });
});

test("a bad learn_domain changes nothing, a bad learn_path leaves the claim", async () => {
  const { operator, agent } = await world();
  const held = (await agent.execute("http_fetch", { url: "http://example.org/" })).json.approval_id;
  const refused = await operator.approve(held, "?learn_domain=*.org");
  expect([refused.status, refused.json.error]).toEqual([400, "bad_request"]);
  expect((await operator.detail(held)).json.status).toBe("pending");
  expect((await operator.approve(held, "?learn_path=/abs")).json.error).toBe("bad_request");
  expect((await operator.detail(held)).json.status).toBe("claimed");
  expect((await operator.approve(held)).json).toEqual({ error: "conflict" });
});

test("a path below the session's root is learned relative to it", async () => {
  const { gate, operator } = await world();
  const root = gate.workspace.root;
  const agent = await createAgent(gate.send, { fsRoot: root });
  const file = { operation: "write", path: `${root}/docs/abs.md`, content_base64: "aGk=", mode: "create" };
  const hold = async () => (await agent.execute("fs_write", file)).json.approval_id as string;
  const first = await hold();
  expect((await operator.approve(first, `?learn_path=${root}/docs/*`)).status).toBe(500);
  expect((await operator.ask("GET", "/v1/admin/paths")).json.paths).toMatchObject([
    { path_glob: "docs/*", source: "approval", approval_id: first },
  ]);
  expect((await operator.approve(await hold(), "?learn_path=/etc/x")).json.deny_reason).toBe(
    "learn_path '/etc/x' is not under session fs_root '/srv/gate/ws'",
  );
});

test("grants are worked out anew each time, the version rises, and the last revoke removes the principal", async () => {
  const { operator } = await world({ grants: { "agent:a": ["fs_read"] } });
  const policy = async () => (await operator.ask("GET", "/v1/admin/policy")).json;
  expect(await policy()).toEqual({
    policy_version: "quickstart-init",
    acl: { "agent:a": { allowed_actions: ["fs_read"], allowed_sinks: ["fs_read"] } },
  });
  const body = { principal: "agent:b", actions: ["http_post", "fs_read", "fs_read"] };
  expect((await operator.ask("POST", "/v1/admin/policy/grant", body)).json).toEqual({
    principal: "agent:b",
    granted: body.actions,
    total_actions: 2,
    allowed_sinks: ["fs_read", "http_write"],
  });
  await operator.ask("POST", "/v1/admin/policy/grant", body);
  expect((await policy()).policy_version).toBe("quickstart-init-2");
  const revoked = await operator.ask("POST", "/v1/admin/policy/revoke", body);
  expect(revoked.json).toMatchObject({ remaining_actions: 0, allowed_sinks: [], principal_removed: true });
  expect((await operator.ask("GET", "/v1/admin/policy/agent%3Ab", undefined, {})).status).toBe(401);
  expect((await operator.ask("GET", "/v1/admin/policy/agent:b")).json).toEqual({
    error: "principal_not_found",
    principal: "agent:b",
  });
  const wrong = async (actions: string[]) =>
    (await operator.ask("POST", "/v1/admin/policy/grant", { principal: "x", actions })).json.error;
  expect([
    await wrong([]),
    await wrong(Array(101).fill("a")),
    await wrong(["a b"]),
    await wrong(["no_such"]),
  ]).toEqual(["empty_actions", "too_many_actions", "invalid_action_id", "unknown_action"]);
});

test("an allowlist entry lifts the hold of one principal's action, until it is taken away", async () => {
  const { operator, agent } = await world();
  const pair = { action_id: "http_fetch", agent_id: "agent:test" };
  const call = async () => (await agent.execute("http_fetch", { url: "http://example.org/" })).status;
  expect(await call()).toBe(202);
  expect((await operator.ask("POST", "/v1/admin/policy/allowlist", pair)).json).toEqual({
    ...pair,
    ok: true,
  });
  expect(await call()).toBe(422); // the egress still refuses it
  await operator.ask("DELETE", "/v1/admin/policy/allowlist", pair);
  expect(await call()).toBe(202);
  const unknown = await operator.ask("POST", "/v1/admin/policy/allowlist", { ...pair, action_id: "no_such" });
  expect([unknown.status, unknown.json]).toEqual([404, { error: "action_not_found", action_id: "no_such" }]);
  const odd = await operator.ask("POST", "/v1/admin/policy/allowlist", { ...pair, agent_id: "a b" });
  expect(odd.json.error).toBe("invalid_input");
});

test("the ledger is filtered by equality, its times by their text, and its pages are of 1 to 1,000", async () => {
  const { gate, operator, agent } = await world();
  for (let count = 0; count < 4; count += 1) {
    gate.advance(1000);
    await agent.execute("fs_read", read("docs/notes.md"));
  }
  const events = async (query: string) =>
    (await operator.ask("GET", `/v1/audit/events?${query}`)).json.events as AuditEvent[];
  const all = await events("event_type=action_call");
  expect(all).toHaveLength(4);
  expect(all.map(({ timestamp }) => timestamp)).toEqual(
    all
      .map(({ timestamp }) => timestamp)
      .sort()
      .reverse(),
  );
  const [newest, , , oldest] = all.map(({ timestamp }) => timestamp);
  expect(await events(`event_type=action_call&after=${oldest}&before=${newest}`)).toHaveLength(2);
  expect(await events(`after=${newest?.replace(/\.\d+Z/, "Z")}&event_type=action_call`)).toHaveLength(0);
  expect(await events("limit=0")).toHaveLength(1);
  expect(await events("decision=nonsense")).toEqual([]);
  expect(await events(`session_id=${agent.sessionId}&decision=allow&limit=2`)).toHaveLength(2);
  expect((await events(`trace_id=${all[1]?.trace_id}`))[0]).toEqual(all[1]);
});

test("the chain verifies, and a changed event breaks it at the one after", async () => {
  const { gate, operator, agent } = await world();
  for (let count = 0; count < 3; count += 1) await agent.execute("fs_read", read("docs/notes.md"));
  const verify = async () => (await operator.ask("GET", "/v1/audit/verify")).json;
  expect(await verify()).toEqual({ broken_at: null, intact: true, total_events: 4, verified_links: 4 });
  for (const [index, event] of gate.auditEvents.entries()) {
    const before = index === 0 ? null : canonical(gate.auditEvents[index - 1]);
    const hash = before === null ? null : `sha256:${createHash("sha256").update(before).digest("hex")}`;
    expect(event.prev_hash).toBe(hash);
  }
  (gate.auditEvents[1] as { deny_reason: string | null }).deny_reason = "changed";
  const broken = gate.auditEvents[2]?.trace_id;
  expect(await verify()).toEqual({ broken_at: broken, intact: false, total_events: 3, verified_links: 2 });
});

test("every act of an operator is in the ledger with its words, every plain read is not", async () => {
  const { gate, operator } = await world();
  const before = gate.auditEvents.length;
  for (const path of [
    "/v1/admin/status",
    "/v1/approvals",
    "/v1/admin/policy",
    "/v1/admin/domains",
    "/metrics",
  ])
    await operator.ask("GET", path);
  expect(gate.auditEvents).toHaveLength(before);
  await operator.ask("GET", "/v1/admin/epoch");
  await operator.ask("GET", "/v1/receipt-keys");
  await operator.ask("POST", "/v1/admin/revoke-all");
  await operator.ask("POST", "/v1/admin/reload");
  await operator.ask("POST", "/v1/admin/drain");
  await operator.ask("POST", "/v1/admin/drain");
  const acts = gate.auditEvents.slice(before).map(({ event_type, deny_reason }) => [event_type, deny_reason]);
  expect(acts).toEqual([
    ["admin_epoch_read", null],
    ["admin_receipt_keys_read", null],
    ["admin_revoke_all", "epoch 0 => 1"],
    ["admin_reload", "actions=87 policy=quickstart-init"],
    ["admin_drain", "drain initiated, in_flight=0, was_first=true"],
    ["admin_drain", "drain initiated, in_flight=0, was_first=false"],
  ]);
  expect((await operator.ask("GET", "/v1/admin/status")).json).toMatchObject({
    status: "draining",
    draining: true,
    revocation_epoch: 1,
  });
  gate.restart();
  expect((await operator.ask("GET", "/v1/admin/epoch")).json).toEqual({ current_epoch: 0 });
});

/** Without what only time makes: sums and the clock. Series of a family come in any order. */
function series(text: string): string[] {
  const lines = text
    .split("\n")
    .map((line) => line.replace(/(_sum\S*|coarse_clock_unix_seconds) [\d.e-]+$/, "$1 *"));
  const families: string[][] = [];
  for (const line of lines) {
    if (line.startsWith("# HELP") || line === "# EOF") families.push([line]);
    else families.at(-1)?.push(line);
  }
  return families.flatMap(([head = "", ...rest]) => [head, ...rest.sort()]);
}

test("the metrics of the recorded requests are the recorded ones, line for line", async () => {
  const recorded = readFileSync(new URL("../recordings/metrics.txt", import.meta.url), "utf8");
  const { gate, operator, agent } = await world({ grants: ["fs_read", "http_fetch"] });
  await agent.execute("fs_read", read("docs/notes.md"));
  await agent.execute("http_fetch", { url: "http://httpbin.org/get" });
  await agent.execute("http_fetch", { url: "http://example.com/" });
  await agent.execute("http_post", { url: "http://httpbin.org/post", body: "{}" });
  await agent.execute("fs_read", { operation: "read" });
  const wrong = agent.request("POST", "/v1/actions/fs_read/execute", "{}", { htm: "GET" });
  expect((await gate.send(wrong)).status).toBe(401);
  const { text, headers } = await operator.ask("GET", "/metrics");
  expect(headers.get("content-type")).toBe("application/openmetrics-text; version=1.0.0; charset=utf-8");
  expect(series(text)).toEqual(series(recorded));
});
