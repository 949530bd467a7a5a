import { join } from "node:path";
import { expect, test } from "vitest";
import { MockGate } from "../../src/testing/index.ts";
import { createJudge } from "../documents/judge.ts";
import { type Answered, createAgent, createOperator, type Door, keyPair } from "./by-hand.ts";
import { runProgram } from "./random/program.ts";

const openapi = (name: string) => createJudge(join(import.meta.dirname, "../../openapi", name));
const judges = { client: openapi("agent.yaml"), admin: openapi("operator.yaml") };

/** Has every answer judged by the document of its socket. */
function createHearing() {
  const complaints: string[] = [];
  const succeeded = { client: new Set<string>(), admin: new Set<string>() };
  let answers = 0;

  function around(face: "client" | "admin", door: Door): Door {
    return async (request) => {
      const response = await door(request);
      const text = await response.text();
      answers += 1;
      const judge = judges[face];
      const target = new URL(request.url, "http://localhost").href.replace(/^http:\/\/[^/]*/, "");
      const headers: Record<string, string> = {};
      for (const name of ["content-type", "content-length", "date", "allow", "retry-after"]) {
        const value = response.headers.get(name);
        if (value !== null) headers[name] = value;
      }
      const body =
        headers["content-type"] === "application/json" ? { json: JSON.parse(text) as never } : { text };
      const given = { status: response.status, headers, ...body };
      const asked = judge.asked(request.method, target);
      const found = asked === undefined ? judge.unrouted(target, given) : judge.answer(asked, given);
      complaints.push(
        ...found.map((what) => `${request.method} ${target} ${given.status}: ${what} ${text.slice(0, 200)}`),
      );
      if (asked !== undefined && given.status < 300) succeeded[face].add(asked.operation.id);
      return { ...response, status: response.status, headers: response.headers, text: async () => text };
    };
  }

  return { around, complaints, succeeded, answers: () => answers };
}

test("every answer to random programs is one that the documents describe", async () => {
  const hearing = createHearing();
  for (let seed = 301; seed <= 330; seed += 1) await runProgram(seed, 24, hearing.around);
  console.log(
    `answers of the mock as documented: ${hearing.answers() - hearing.complaints.length} of ${hearing.answers()}`,
  );
  expect(hearing.complaints).toEqual([]);
});

test("each of the operations of both sockets succeeds once, and fails, as its document says", async () => {
  const { around, complaints, succeeded } = createHearing();
  const gate = new MockGate({
    rateLimits: { operatorRead: 60, operatorWrite: 40, execute: 4 },
    leaseTtlSeconds: 3600,
    approvalStore: "redis",
  });
  const [client, admin] = [around("client", gate.send), around("admin", gate.operatorSend)];
  const operator = createOperator(admin, gate.operatorCredentials, gate.now);
  const stranger = createOperator(admin, {
    apiKey: gate.operatorCredentials.apiKey,
    privateKey: keyPair().privateKey,
  });
  const plain = (door: Door, path: string, method = "GET") =>
    door({ url: `http://localhost${path}`, method, headers: {} });
  const hold = async (door: Door) => {
    const agent = await createAgent(door, { now: gate.now });
    return {
      agent,
      id: (await agent.execute("http_fetch", { url: "http://held.example.org/" })).json.approval_id as string,
    };
  };
  const entry = { action_id: "fs_write", value: "docs/**" };
  const domain = { action_id: "http_fetch", value: "a.example.org" };
  const principal = { principal: "agent:x", actions: ["fs_read"] };
  const pair = { action_id: "http_post", agent_id: "agent:x" };

  for (const door of [client, admin]) {
    for (const path of [
      "/healthz",
      "/readyz",
      "/.well-known/jwks.json",
      "/v1/actions",
      "/v1/actions/fs_read",
      "/nothing",
    ])
      await plain(door, path);
    for (const path of [
      "/v1/actions/fs_read/schema/request",
      "/v1/actions/none",
      "/v1/actions/none/schema/request",
    ])
      await plain(door, path);
    await plain(door, "/v1/actions", "DELETE");
    const { agent, id } = await hold(door);
    const read = { operation: "read", path: "docs/notes.md" };
    const done = await agent.execute("fs_read", read);
    for (let count = 0; count < 4; count += 1) await agent.execute("fs_read", read);
    await agent.receipt(done.json.receipt_id as string);
    await agent.receipt("none");
    await agent.poll(id);
    await agent.poll("none");
  }
  const held = [(await hold(client)).id, (await hold(client)).id, (await hold(client)).id];
  const asks: [string, string, unknown?][] = [
    ["GET", "/v1/approvals"],
    ["GET", "/v1/approvals?status=pending&limit=1"],
    ["GET", "/v1/approvals?status=odd"],
    ["GET", `/v1/approvals/${held[0]}`],
    ["GET", "/v1/approvals/none"],
    ["POST", `/v1/approvals/${held[0]}/approve?learn_domain=localhost`],
    ["POST", `/v1/approvals/${held[0]}/approve`],
    ["POST", `/v1/approvals/${held[0]}/approve`],
    ["POST", `/v1/approvals/${held[1]}/deny`, { reason: "no" }],
    ["POST", `/v1/approvals/${held[1]}/deny`, { reason: 5 }],
    ["POST", `/v1/approvals/${held[1]}/approve`],
    ["POST", "/v1/approvals/none/deny"],
    ["GET", `/v1/approvals/${held[0]}`],
    ["GET", `/v1/approvals/${held[1]}`],
    ["GET", "/v1/audit/events?limit=5"],
    ["GET", "/v1/audit/events?limit=x"],
    ["GET", "/v1/audit/verify"],
    ["GET", "/metrics"],
    ["GET", "/v1/receipt-keys"],
    ["GET", "/v1/receipts/none"],
    ["POST", "/v1/admin/domains", domain],
    ["POST", "/v1/admin/domains", { ...domain, value: "x" }],
    ["GET", "/v1/admin/domains"],
    ["DELETE", "/v1/admin/domains", domain],
    ["DELETE", "/v1/admin/domains/clear?action=http_fetch"],
    ["DELETE", "/v1/admin/domains/clear"],
    ["POST", "/v1/admin/paths", entry],
    ["POST", "/v1/admin/paths", "{"],
    ["GET", "/v1/admin/paths?action=fs_write"],
    ["GET", "/v1/admin/paths?action="],
    ["DELETE", "/v1/admin/paths", entry],
    ["DELETE", "/v1/admin/paths/clear?action=fs_write"],
    ["GET", "/v1/admin/policy"],
    ["POST", "/v1/admin/policy/grant", principal],
    ["POST", "/v1/admin/policy/grant", { ...principal, actions: ["none"] }],
    ["GET", "/v1/admin/policy/agent:x"],
    ["GET", "/v1/admin/policy/agent:none"],
    ["POST", "/v1/admin/policy/revoke", principal],
    ["POST", "/v1/admin/policy/allowlist", pair],
    ["DELETE", "/v1/admin/policy/allowlist", pair],
    ["DELETE", "/v1/admin/policy/allowlist", pair],
    ["GET", "/v1/admin/status"],
    ["GET", "/v1/admin/epoch"],
    ["POST", "/v1/admin/revoke-all"],
    ["POST", "/v1/admin/reload"],
  ];
  const answers: Answered[] = [];
  for (const [method, path, body] of asks) {
    answers.push(await operator.ask(method, path, body));
    await stranger.ask(method, path, body);
    await plain(admin, path, method);
  }
  const { receipt_id } = answers.find(({ json }) => json?.decision === "executed")?.json ?? {};
  await operator.ask("GET", `/v1/receipts/${receipt_id}`);
  for (let count = 0; count < 70; count += 1) {
    const [method, path, body] = asks[count % asks.length] as (typeof asks)[number];
    await operator.ask(method, path, body);
  }
  gate.advance(3_700_000);
  for (const id of held.slice(0, 2)) {
    await operator.detail(id);
    await operator.approve(id);
    await operator.deny(id);
  }
  await operator.ask("POST", "/v1/admin/drain");
  await operator.approve(held[2] ?? "");
  await createAgent(client);
  expect(complaints).toEqual([]);
  const missing = (face: "client" | "admin") =>
    judges[face].operations.map(({ id }) => id).filter((id) => !succeeded[face].has(id));
  const names = (face: "client" | "admin") =>
    judges[face].operations
      .filter(({ id }) => succeeded[face].has(id))
      .map(({ method, path }) => `${method} ${path}`);
  console.log(`operations of the mock: ${new Set([...names("client"), ...names("admin")]).size} of 37`);
  expect([missing("client"), missing("admin")]).toEqual([[], []]);
});
