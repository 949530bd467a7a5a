import { expect, test } from "vitest";
import { MockGate, type MockGateOptions } from "../../src/testing/index.ts";
import { ask, BASE, createAgent, createOperator } from "./by-hand.ts";

async function world(options: MockGateOptions = {}) {
  const gate = new MockGate({ rateLimits: false, principal: "agent:test", ...options });
  const operator = createOperator(gate.operatorSend, gate.operatorCredentials, gate.now);
  const agent = await createAgent(gate.send, { now: gate.now });
  const read = async (path: string) =>
    (await agent.execute("fs_read", { operation: "read", path })).json.output;
  return { gate, operator, agent, read };
}

const lease = (body: string | Uint8Array) => ({
  url: `${BASE}/v1/leases`,
  method: "POST",
  headers: { "content-type": "application/json" },
  body: body as string,
});

test("a principal with an entry of its own no longer gets what everybody has", async () => {
  const { gate, agent } = await world({ grants: { "*": ["fs_read", "http_fetch"] } });
  const fetchIt = async () => (await agent.execute("http_fetch", { url: "http://httpbin.org/get" })).status;
  expect(await fetchIt()).toBe(200);
  gate.grant("agent:test", ["fs_read"]);
  expect(await fetchIt()).toBe(403);
  gate.revoke("agent:test", ["fs_read"]);
  expect(await fetchIt()).toBe(200);
});

test("who is not authorised is told so before the scope and the budget are looked at", async () => {
  const { gate } = await world({ grants: { "agent:test": ["fs_read"] } });
  const agent = await createAgent(gate.send, { scopes: ["audit:read"], budgets: { max_calls: 0 } });
  const reasonOf = async (actionId: string, params: object) =>
    (await agent.execute(actionId, params)).json.deny_reason.split("'")[0];
  expect(await reasonOf("http_fetch", { url: "http://httpbin.org/get" })).toBe("principal ");
  expect(await reasonOf("fs_read", { operation: "read", path: "docs/notes.md" })).toBe("scope ");
});

test("an allowlisted call of a risky action is refused for its secret before its missing approval", async () => {
  const { gate, agent } = await world();
  gate.allow("http_sensitive_read");
  gate.allow("http_delete");
  const call = (actionId: string) => agent.execute(actionId, { url: "http://httpbin.org/get" });
  expect((await call("http_sensitive_read")).json).toMatchObject({ error: "policy_denied" });
  expect((await call("http_delete")).json).toEqual({ error: "internal_error" });
  expect(gate.auditEvents.slice(-2)).toMatchObject([
    { decision: "error", policy_version: null, budgets_after: null },
    { decision: "deny", policy_version: "quickstart-init" },
  ]);
});

test("what a file action's manifest denies is not learned by approving it, and what nobody names is", async () => {
  const { operator, agent } = await world();
  const held = async (path: string) => {
    const { json } = await agent.execute("fs_delete", { operation: "delete", path });
    return (await operator.detail(json.approval_id)).json.unresolved_paths;
  };
  for (const path of ["src/.env", "secrets/key.md", "src/a.md"])
    expect([path, await held(path)]).toEqual([path, undefined]);
  expect(await held("docs/notes.md")).toEqual(["docs/notes.md"]);
});

test("a link is followed below the root and refused out of it", async () => {
  const { gate, read } = await world({
    files: {
      "docs/link.md": { link: "notes.md" },
      "docs/up.md": { link: "../docs/./link.md" },
      "docs/out": { link: "/etc" },
      "docs/away": { link: "../../elsewhere" },
      "docs/round": { link: "round" },
    },
  });
  const notes = Buffer.from("# notes\n").toString("base64");
  expect((await read("docs/link.md")).data).toMatchObject({ content_base64: notes, path: "docs/link.md" });
  expect((await read("docs/up.md")).data).toMatchObject({ content_base64: notes });
  const codes = ["docs/out/hostname", "docs/away/x", "docs/round"].map(
    async (path) => (await read(path)).error.code,
  );
  expect(await Promise.all(codes)).toEqual(["symlink_escape", "symlink_escape", "io_error"]);
  expect(gate.workspace.read("docs/up.md")).toBe("# notes\n");
  gate.workspace.write("docs/link.md", { link: "none.md" });
  expect((await read("docs/link.md")).error.message).toBe("file not found: docs/link.md");
});

test("odd paths are refused each in its own way, and a dot is none", async () => {
  const { read } = await world();
  const codeOf = async (path: string) => (await read(path)).error?.code ?? "read";
  expect(await codeOf("docs/./notes.md")).toBe("read");
  expect(await codeOf("docs/../docs/notes.md")).toBe("traversal");
  expect(await codeOf("docs/a\nb.md")).toBe("path_invalid");
  expect(await codeOf("docs/")).toBe("special_file");
  expect(await codeOf("secrets/key.md")).toBe("path_denied");
  expect(await codeOf("docs\\notes.md")).toBe("path_not_found");
  expect(await codeOf(`${"x".repeat(300)}.md`)).toBe("io_error");
});

test("content that is no base64 is not written, nor is more than the fuel allows", async () => {
  const { gate, operator, agent } = await world();
  gate.learn("fs_write", { path: "docs/**" });
  const write = async (content: string) => {
    const params = { operation: "write", path: "docs/new.md", content_base64: content, mode: "create" };
    const { json } = await agent.execute("fs_write", params);
    return (await operator.approve(json.approval_id)).status;
  };
  const bytes = (count: number) => Buffer.alloc(count).toString("base64");
  expect([await write("not base64!"), await write("aGVsbG8"), await write(bytes(40_000))]).toEqual([
    500, 500, 502,
  ]);
  expect(gate.workspace.list().some((path) => path.endsWith("new.md"))).toBe(false);
  expect(await write(bytes(22_000))).toBe(200);
  gate.workspace.delete("docs/new.md");
  // The gate has written it when the fuel is gone.
  expect(await write(bytes(24_000))).toBe(502);
  expect(gate.workspace.read("docs/new.md")?.length).toBe(24_000);
});

test("the parameters of an approved http action go out as they are, without its template", async () => {
  const sent: string[] = [];
  const { operator, agent } = await world({
    web: {
      "http://example.com": ({ method, body }) => {
        sent.push(`${method} ${body}`);
        return {};
      },
    },
  });
  const { json } = await agent.execute("http_post", { url: "http://example.com/a", body: '{"n":1}' });
  await operator.approve(json.approval_id);
  await agent.execute("http_post", { url: "http://example.com/a", body: '{"n":1}' });
  expect(sent).toEqual(['GET "{\\"n\\":1}"', 'POST {"n":1}']);
});

test("an action of the gate's http provider needs no run of its own", async () => {
  const action = {
    providerModuleDigest: "builtin:http_api",
    egress: { allowedDomains: ["api.example"] },
  } as const;
  const { agent } = await world({
    actions: { look_up: action },
    web: { "https://api.example": { body: "here" } },
  });
  expect((await agent.execute("look_up", {})).json.output.data).toMatchObject({
    body: "here",
    url: "https://api.example/",
  });
});

test("of a body that is wrong in two ways the first one in reading order is named", async () => {
  const { gate } = await world();
  const refusal = async (body: string | Uint8Array) => {
    const { status, text } = await ask(gate.send, lease(body));
    return `${status} ${text.replace(/^.*?: /, "")}`;
  };
  // Not JSON after its 33rd byte, but a member twice before that.
  expect(await refusal('{"scopes":["tools:call"],"scopes":{')).toBe(
    "422 duplicate field `scopes` at line 1 column 33",
  );
  expect(await refusal('{"scopes":["tools:call",{')).toBe(
    "422 scopes[1]: invalid type: map, expected a string at line 1 column 24",
  );
  expect(await refusal('{"scopes":["tools:call" "x"]}')).toBe(
    "400 scopes: expected `,` or `]` at line 1 column 25",
  );
  expect(await refusal('{"budgets":{"max_calls":1e3}}')).toBe(
    "422 budgets.max_calls: invalid type: floating point `1000.0`, expected u64 at line 1 column 27",
  );
  expect(await refusal(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]))).toBe(
    "400 invalid unicode code point at line 1 column 4",
  );
});

test("an array in the order of the members is taken for them, and may leave out those with a default", async () => {
  const { gate, operator, agent } = await world();
  const leased = await ask(gate.send, lease(JSON.stringify([["tools:call"], agent.jwk])));
  expect(leased.status).toBe(200);
  const hold = async () =>
    (await agent.execute("fs_delete", { operation: "delete", path: "src/a.md" })).json.approval_id;
  expect((await operator.ask("POST", `/v1/approvals/${await hold()}/deny`, [])).json.deny_reason).toBe(
    "operator_denied",
  );
  expect((await operator.ask("POST", `/v1/approvals/${await hold()}/deny`, ["no"])).json.deny_reason).toBe(
    "no",
  );
  const half = await operator.ask("POST", "/v1/admin/domains", ["http_fetch"]);
  expect(half.status).toBe(422);
});

test("everything that is wrong with parameters is in the ledger, in the order of the gate's validator", async () => {
  const { gate, agent } = await world();
  const reasonOf = async (actionId: string, params: unknown) => {
    await agent.execute(actionId, params);
    return gate.auditEvents.at(-1)?.deny_reason?.replace("request schema: schema validation failed: ", "");
  };
  expect(await reasonOf("http_fetch", { path: "x", operation: "read" })).toBe(
    `Additional properties are not allowed ('operation', 'path' were unexpected); "url" is a required property`,
  );
  expect(await reasonOf("http_post", { path: "x" })).toBe(
    `"url" is a required property; "body" is a required property; Additional properties are not allowed ('path' was unexpected)`,
  );
  expect(await reasonOf("fs_write", { operation: 5, path: "", content_base64: "", mode: "append" })).toBe(
    `"append" is not one of "create" or "overwrite"; 5 is not of type "string"; 5 is not one of "write"; "" is shorter than 1 character`,
  );
});

test("a key is known from its first good signature on, whatever else is wrong with that proof", async () => {
  const { gate, agent } = await world();
  const { poll } = agent;
  const first = await ask(
    gate.send,
    agent.request("POST", "/v1/actions/fs_read/execute", "{}", { htm: "GET" }),
  );
  expect(first.json.deny_reason).toBe("htm mismatch: expected 'POST', got 'GET'");
  const request = agent.request("POST", "/v1/actions/fs_read/execute", "{}");
  const strange = await createAgent(gate.send);
  const dpop = strange.request("POST", "/v1/actions/fs_read/execute", "{}").headers["dpop"] ?? "";
  const other = { ...request, headers: { ...request.headers, dpop } };
  expect((await ask(gate.send, other)).json.deny_reason).toBe("signature verification failed");
  expect((await poll("none")).status).toBe(404);
});

test("an approved run is entered under the policy that held it", async () => {
  const { gate, operator, agent } = await world();
  const { json } = await agent.execute("http_fetch", { url: "http://example.com/a" });
  gate.grant("agent:test", ["fs_read"]);
  await operator.approve(json.approval_id);
  await agent.execute("http_fetch", { url: "http://example.com/a" });
  expect(gate.auditEvents.slice(-2).map(({ policy_version }) => policy_version)).toEqual([
    "quickstart-init",
    "quickstart-init-1",
  ]);
});

test("a lease's root is looked at in the order of the gate: what it is, whose it is, where it is", async () => {
  const { gate, agent } = await world();
  const messageOf = async (fs_root: string) => {
    const body = JSON.stringify({ scopes: ["BAD"], dpop_jwk: agent.jwk, fs_root });
    const { status, json } = await ask(gate.send, lease(body));
    return `${status} ${json.message}`;
  };
  expect(await messageOf("/srv/gate/ws\u0000")).toMatch(/^400 .*unexpected NUL byte$/);
  expect(await messageOf("/srv/gate/ws/docs/notes.md")).toBe(
    "400 not a directory: /srv/gate/ws/docs/notes.md",
  );
  expect(await messageOf("/home")).toBe("403 system directory: /home");
  expect(await messageOf("/srv/gate/ws/../../../tmp")).toBe("403 system directory: /tmp");
  expect(await messageOf("/usr/share")).toBe("403 outside allowed prefixes: /usr/share");
  expect(await messageOf("/srv/gate/ws")).toMatch(/^400 invalid scope 'BAD'/);
});
