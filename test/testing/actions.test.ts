import { expect, test } from "vitest";
import { LatchGateClient } from "../../src/index.ts";
import { type MockAction, MockGate, type WebRequest } from "../../src/testing/index.ts";
import { createAgent } from "./by-hand.ts";

async function calling(actions: Record<string, MockAction>, actionId: string, params: unknown = {}) {
  const gate = new MockGate({ actions });
  const agent = await createAgent(gate.send, { budgets: { max_calls: 5 } });
  const answer = await agent.execute(actionId, params);
  return { gate, agent, answer, left: gate.callsLeft(agent.sessionId) };
}

test("an action of one's own runs with the caller's parameters and is unverifiable unless it says otherwise", async () => {
  const run = (params: { n: number }, { principal, by }: { principal: string; by: string }) => ({
    ok: true,
    z: params.n + 1,
    a: `${principal} ${by}`,
  });
  const { answer, gate } = await calling({ plus: { run } }, "plus", { n: 1 });
  expect(answer.text).toContain('"output":{"a":"dev:anonymous direct","ok":true,"z":2}');
  expect(answer.json.verification).toEqual({ outcome: "unverifiable_declared", is_fully_successful: true });
  expect(gate.auditEvents.at(-1)).toMatchObject({ decision: "allow_unverified", request_schema_id: null });
});

test("a run can't change the parameters that the ledger and the effects show", async () => {
  const run = (params: { list: number[] }) => {
    params.list.push(2);
    return { ok: true };
  };
  const { gate } = await calling({ change: { run } }, "change", { list: [1] });
  expect(gate.effects[0]?.params).toEqual({ list: [1] });
});

test("an output without a boolean ok is a 422 after the effect: charged, audited as denied, no receipt", async () => {
  for (const output of [{ sent: 1 }, { ok: "yes" }, null, "text", undefined, { error: "no route" }]) {
    const { answer, gate, left } = await calling({ odd: { run: () => output } }, "odd");
    expect([answer.status, answer.json, left]).toEqual([422, { error: "schema_violation" }, 4]);
    expect(gate.effects).toMatchObject([{ ending: "refused" }]);
    expect(gate.auditEvents.at(-1)?.budgets_after).toEqual({ calls_remaining: 4 });
  }
});

test("a run that throws is a 502 and stays charged", async () => {
  const run = () => {
    throw new Error("fuel exhausted");
  };
  const { answer, gate, left } = await calling({ bad: { run } }, "bad");
  expect([answer.status, answer.json, left]).toEqual([502, { error: "action_execution_failed" }, 4]);
  expect(gate.effects).toMatchObject([{ ending: "failed" }]);
});

test("a run that takes longer than the action may is a 502", async () => {
  const run = () => new Promise(() => {});
  const { answer } = await calling({ slow: { run, resourceLimits: { timeout_seconds: 0.02 } } }, "slow");
  expect(answer.status).toBe(502);
});

test("a response schema that the output does not fit is a 422 after the effect", async () => {
  const responseSchema = { type: "object", required: ["id"] };
  const { answer, gate } = await calling({ make: { responseSchema, run: () => ({ ok: true }) } }, "make");
  expect(answer.status).toBe(422);
  expect(gate.auditEvents.at(-1)?.deny_reason).toBe(
    'response schema violation: schema validation failed: "id" is a required property',
  );
});

test("without Ajv an action that has a schema says so, and one that has none works", async () => {
  const loadAjv = () => Promise.reject(new Error("Cannot find package 'ajv'"));
  const gate = new MockGate({ loadAjv, actions: { free: {} } });
  const agent = await createAgent(gate.send);
  await expect(agent.execute("fs_read", {})).rejects.toThrow(
    'MockGate: the action "fs_read" has a parameter schema, and checking it needs the package "ajv" (8.x), which is not installed: npm install --save-dev ajv',
  );
  expect((await agent.execute("free", {})).status).toBe(200);
});

test("a schema is read as its own $schema says: a tuple of draft-07 is one, and so is that of 2020-12", async () => {
  const at = (members: object) => ({ type: "object", properties: { at: { type: "array", ...members } } });
  const pair = [{ type: "number" }, { type: "string" }];
  const schemas = [
    { $schema: "http://json-schema.org/draft-07/schema#", ...at({ items: pair }) },
    { $schema: "http://json-schema.org/draft-06/schema#", ...at({ items: pair }) },
    { $schema: "https://json-schema.org/draft/2019-09/schema", ...at({ items: pair }) },
    { $schema: "https://json-schema.org/draft/2020-12/schema", ...at({ prefixItems: pair }) },
    at({ prefixItems: pair }),
  ];
  const ids = schemas.map((_, index) => `place_${index}`);
  const actions = Object.fromEntries(schemas.map((requestSchema, index) => [ids[index], { requestSchema }]));
  const gate = new MockGate({ actions, builtinActions: false, rateLimits: false });
  const agent = await createAgent(gate.send);
  for (const id of ids) {
    expect((await agent.execute(id, { at: [1, "x"] })).status).toBe(200);
    expect((await agent.execute(id, { at: ["x", 1] })).json).toEqual({ error: "schema_violation" });
  }
  expect(gate.effects.map(({ actionId }) => actionId)).toEqual(ids);
});

test("a parameter may be called as what every object inherits, and a number is a multiple in decimals", async () => {
  const names = ["constructor", "toString", "valueOf", "hasOwnProperty"];
  const optional = Object.fromEntries(names.map((name) => [name, { type: "string" }]));
  const actions = {
    optional: { requestSchema: { properties: { ...optional, price: { multipleOf: 0.01 } } } },
    required: { requestSchema: { required: names } },
  };
  const agent = await createAgent(new MockGate({ actions }).send);
  expect((await agent.execute("optional", { price: 19.99 })).status).toBe(200);
  expect((await agent.execute("optional", { price: 19.999 })).status).toBe(422);
  expect((await agent.execute("optional", { constructor: 5 })).status).toBe(422);
  expect((await agent.execute("required", {})).status).toBe(422);
});

test("a pattern is read in the gate's spelling", async () => {
  const patterns = ["(?i)^ab$", "\\AAB\\z", "^(?P<both>AB)$", "^A\\_?B$", "^[\\w\\-]{2}$"];
  const actions = Object.fromEntries(
    patterns.map((pattern, index) => [`p${index}`, { requestSchema: { properties: { text: { pattern } } } }]),
  );
  const agent = await createAgent(new MockGate({ actions, rateLimits: false }).send);
  for (const [index, pattern] of patterns.entries()) {
    const fits = await agent.execute(`p${index}`, { text: "AB" });
    const others = await agent.execute(`p${index}`, { text: "A\nB" });
    expect([pattern, fits.status, others.status]).toEqual([pattern, 200, 422]);
  }
});

test("what can't be asked of a schema here in time is told in a sentence: to the gate it is no refusal", async () => {
  const actions = {
    slow: { requestSchema: { properties: { text: { pattern: "^(a+)+$" } } } },
    odd: { requestSchema: { properties: { text: { pattern: "(?x) a b" } } } },
    endless: { requestSchema: { $ref: "#" } },
  };
  const agent = await createAgent(new MockGate({ actions }).send);
  const text = `${"a".repeat(40)}!`;
  await expect(agent.execute("slow", { text })).rejects.toThrow(
    'MockGate: a schema of the action "slow" can\'t be asked about this call: its pattern "^(a+)+$" takes longer than 200 ms in JavaScript',
  );
  expect((await agent.execute("slow", { text: "aaa" })).status).toBe(200);
  await expect(agent.execute("odd", { text })).rejects.toThrow("has no counterpart in JavaScript");
  await expect(agent.execute("endless", { text })).rejects.toThrow("it refers to itself without end");
});

test("a schema that can't be compiled is told in a sentence, before anything runs, and never as a lost call", async () => {
  const broken = { $schema: "http://json-schema.org/draft-07/schema#", type: "no such type" };
  for (const action of [{ requestSchema: broken }, { requestSchema: {}, responseSchema: broken }]) {
    const gate = new MockGate({ actions: { odd: action } });
    const client = new LatchGateClient({ fetch: gate.fetch, agentId: "a", now: gate.now, retry: false });
    const error = await client.execute("odd").catch((error: unknown) => error);
    expect(error).toMatchObject({ outcome: "not_executed" });
    expect(String(error)).toMatch(/MockGate: a schema of the action "odd" can't be compiled: .*type/);
    expect(gate.effects).toEqual([]);
  }
});

test("without Ajv a client's error says so too, and that nothing has run", async () => {
  const absent = Object.assign(new Error("Cannot find module 'ajv'"), { code: "MODULE_NOT_FOUND" });
  const gate = new MockGate({ loadAjv: () => Promise.reject(absent) });
  const client = new LatchGateClient({ fetch: gate.fetch, agentId: "a", now: gate.now, retry: false });
  const error = await client.execute("http_fetch", { url: "https://x.org" }).catch((error: unknown) => error);
  expect(error).toMatchObject({ code: "connect_failed", outcome: "not_executed" });
  expect(String(error)).toMatch(
    /MockGate: the action "http_fetch" .* needs the package "ajv" \(8\.x\), which is not installed: npm install/,
  );
});

test("an action of one's own is listed, described, and replaces a built-in one", async () => {
  const gate = new MockGate({
    actions: { fs_read: { riskLevel: "critical" }, a: { egress: { allowedDomains: ["x.org"] } } },
  });
  const get = async (url: string) =>
    (await gate.send({ url, method: "GET" })).json() as Promise<Record<string, unknown>>;
  const { actions } = (await get("/v1/actions")) as { actions: { action_id: string }[] };
  expect(actions).toHaveLength(88);
  expect(actions[0]).toEqual({ action_id: "a", version: "1.0.0", risk_level: "low" });
  expect(await get("/v1/actions/a")).toMatchObject({
    egress: { proxy_allowlist: { allowed_domains: ["x.org"] } },
  });
  expect(await get("/v1/actions/fs_read")).toMatchObject({
    risk_level: "critical",
    io: { has_request_schema: false },
  });
  expect(() => new MockGate({ actions: { "a.b": {} } })).toThrow("an action id is 1 to 128 of [A-Za-z0-9_-]");
});

test("at most four runs are under way at a time, the others wait", async () => {
  const waiting: (() => void)[] = [];
  const run = () => new Promise((resolve) => waiting.push(() => resolve({ ok: true })));
  const gate = new MockGate({ actions: { slow: { run } } });
  const agent = await createAgent(gate.send);
  const answers = Promise.all([1, 2, 3, 4, 5, 6].map(() => agent.execute("slow", {})));
  while (waiting.length < 4) await new Promise((resolve) => setTimeout(resolve, 1));
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect(gate.effects).toHaveLength(4);
  while (gate.effects.filter(({ ending }) => ending === "receipted").length < 6) {
    waiting.shift()?.();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  expect((await answers).map(({ status }) => status)).toEqual(Array(6).fill(200));
});

test("the web answers what it is told, an unknown host with an echo, and an unreachable one is a 422", async () => {
  const sent: WebRequest[] = [];
  const gate = new MockGate({
    rateLimits: false,
    web: {
      "http://httpbin.org/teapot": { status: 418, body: "short" },
      "https://api.github.com": (request) => ({ status: 200 + 0 * sent.push(request), body: "{}" }),
      "de.wikipedia.org": "unreachable",
    },
  });
  const agent = await createAgent(gate.send);
  const fetched = async (url: string) => (await agent.execute("http_fetch", { url })).json;
  expect(await fetched("http://httpbin.org/teapot")).toMatchObject({
    output: { data: { status_code: 418, body: "short" } },
    verification_outcome: "verification_failed",
  });
  expect(JSON.parse((await fetched("http://httpbin.org/get?a=1")).output.data.body)).toMatchObject({
    args: { a: "1" },
    method: "GET",
  });
  expect((await fetched("http://httpbin.org/bytes/64")).output.data.body).toBe("<binary>");
  expect(await fetched("https://de.wikipedia.org/")).toEqual({ error: "schema_violation" });
  expect(await fetched("http://HTTPBIN.org/get")).toEqual({ error: "schema_violation" });
  expect((await fetched("http://10.0.0.1/")).decision).toBe("pending_approval");
  expect((await fetched("http://httpbin.org./get")).decision).toBe("pending_approval");

  const issue = { owner: "o", repo: "r", title: "t" };
  expect((await agent.execute("github_create_issue", issue)).status).toBe(200);
  expect(sent).toEqual([
    { method: "POST", url: "https://api.github.com/repos/o/r/issues", body: '{"title":"t"}' },
  ]);
});

test("an http_post body that is no JSON is sent as a JSON string", async () => {
  const bodies: string[] = [];
  const gate = new MockGate({
    web: { "http://httpbin.org": ({ body }) => ({ status: 199 + bodies.push(body) }) },
  });
  const agent = await createAgent(gate.send);
  for (const body of ['{"n":1}', "not json", ""])
    await agent.execute("http_post", { url: "http://httpbin.org/post", body });
  expect(bodies).toEqual(['{"n":1}', '"not json"', '""']);
});
