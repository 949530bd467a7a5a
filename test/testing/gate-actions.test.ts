import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LatchGateClient } from "../../src/index.ts";
import { MockGate, type WebRequest } from "../../src/testing/index.ts";
import { createAgent } from "./by-hand.ts";

interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | false;
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly format?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
}

/** What a gate 0.2.0 said of its 87 actions. */
const { actions: recorded } = JSON.parse(
  readFileSync(join(import.meta.dirname, "../recordings/actions.json"), "utf8"),
) as { actions: Record<string, { detail: Record<string, unknown>; schema: Schema }> };
const ids = Object.keys(recorded);

/** Values that a schema allows. A path is one of the workspace, a host's name one that a host can have. */
function valuesOf(schema: Schema, name = ""): fc.Arbitrary<unknown> {
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  if (schema.type === "boolean") return fc.boolean();
  if (schema.type === "integer")
    return fc.integer({ min: schema.minimum ?? 0, max: schema.maximum ?? 1_000_000 });
  if (schema.type === "object") {
    const { properties = {}, required = [], additionalProperties } = schema;
    if (additionalProperties)
      return fc.dictionary(fc.stringMatching(/^x-[a-z]{1,8}$/), fc.string(), { maxKeys: 3 });
    const members = Object.entries(properties).map(([key, inner]) => [key, valuesOf(inner, key)] as const);
    return fc.record(Object.fromEntries(members), { requiredKeys: [...required] });
  }
  if (schema.pattern !== undefined) return fc.stringMatching(new RegExp(schema.pattern));
  if (schema.format === "uri") return fc.constant(`https://hooks.example.org/${name}`);
  if (name === "domain" || name === "host") return fc.stringMatching(/^[a-z]{2,20}$/);
  return fc.string({ minLength: schema.minLength ?? 0, maxLength: Math.min(schema.maxLength ?? 64, 64) });
}

/** The same parameters in every run. */
function paramsOf(actionId: string): Record<string, unknown> {
  const { schema, detail } = recorded[actionId] as (typeof recorded)[string];
  const [params] = fc.sample(valuesOf(schema), { numRuns: 1, seed: 87 + ids.indexOf(actionId) });
  const file = detail["provider_module_digest"] === "builtin:fs";
  const hook = schema.properties?.["webhook_url"] === undefined ? {} : { webhook_url: hookOf(detail) };
  return {
    ...(params as object),
    ...hook,
    ...(file ? FILE : {}),
    ...(actionId === "fs_write" ? CONTENT : {}),
  };
}

/** What its words can't say: a file that is there, and an address that the action may call. */
const FILE = { path: "docs/notes.md" };
const CONTENT = { mode: "overwrite", content_base64: "bm90ZXM=", expected_before_hash: undefined };

function hookOf({ egress }: Record<string, unknown>): string {
  const { allowed_domains } = (egress as { proxy_allowlist: { allowed_domains: string[] } }).proxy_allowlist;
  return `https://${allowed_domains[0]?.replace("*", "acme")}/hook`;
}

/** What a schema does not allow: without a required parameter, or with one that it does not know. */
function wrongParamsOf(actionId: string): Record<string, unknown> {
  const [needed] = recorded[actionId]?.schema.required ?? [];
  const params = paramsOf(actionId);
  return needed === undefined ? { ...params, unheard_of: 1 } : { ...params, [needed]: undefined };
}

const isRisky = (actionId: string) =>
  ["high", "critical"].includes(recorded[actionId]?.detail["risk_level"] as string);

/** The template is not applied to an approved call: an action whose parameters hold no `url` then has none, and fails. */
const losesItsUrl = (actionId: string) =>
  isRisky(actionId) &&
  recorded[actionId]?.detail["provider_module_digest"] === "builtin:http_api" &&
  recorded[actionId]?.schema.properties?.["url"] === undefined;

async function worldOf(actionId: string) {
  const gate = new MockGate({ secrets: ["API_BEARER_TOKEN"], rateLimits: false });
  for (const fileAction of ["fs_write", "fs_delete"]) gate.learn(fileAction, { path: "docs/**" });
  const client = new LatchGateClient({ fetch: gate.fetch, agentId: "agent:t", now: gate.now });
  const [tool] = await client.tools({
    only: [actionId],
    onHeld: async ({ approvalId }) => {
      await gate.approve(approvalId);
      return "return";
    },
  });
  if (tool === undefined) throw new Error(`no tool ${actionId}`);
  return { gate, tool };
}

describe("of the 87 actions of a gate 0.2.0", () => {
  test("all are there, and are told of as the gate told of them, member for member", async () => {
    const { send } = new MockGate();
    const get = async (url: string) => (await send({ url, method: "GET" })).text();
    const { actions } = JSON.parse(await get("/v1/actions")) as { actions: { action_id: string }[] };
    expect(actions.map(({ action_id }) => action_id)).toEqual(ids);
    for (const [actionId, { detail, schema }] of Object.entries(recorded)) {
      expect(await get(`/v1/actions/${actionId}`)).toBe(JSON.stringify(detail));
      const told = JSON.parse(await get(`/v1/actions/${actionId}/schema/request`)) as Schema;
      for (const property of Object.values(told.properties ?? {}))
        delete (property as { description?: string }).description;
      expect(told).toEqual(schema);
    }
  });

  test.each(ids)("%s is executed once with parameters that its schema allows", async (actionId) => {
    const { gate, tool } = await worldOf(actionId);
    const params = paramsOf(actionId);
    const answer = await tool.execute(params);
    expect(gate.effects).toMatchObject([
      {
        actionId,
        params: JSON.parse(JSON.stringify(params)),
        ending: losesItsUrl(actionId) ? "refused" : "receipted",
      },
    ]);
    // An operator has let the held one run: its effect is what there is to see.
    expect([answer.ok, answer.held ?? false]).toEqual(
      gate.approvals.length > 0 ? [false, true] : [true, false],
    );
  });

  test.each(ids)(
    "%s is refused with parameters that its schema does not allow, by its tool and by the gate",
    async (actionId) => {
      const { gate, tool } = await worldOf(actionId);
      const params = wrongParamsOf(actionId);
      expect(await tool.execute(params)).toMatchObject({ ok: false });
      expect(gate.received.some(({ operationId }) => operationId === "executeAction")).toBe(false);
      const agent = await createAgent(gate.send);
      const answer = await agent.execute(actionId, params);
      expect([answer.status, answer.json]).toEqual([422, { error: "schema_violation" }]);
      expect(gate.effects).toEqual([]);
    },
  );
});

test("those that are named are there, and no others; a slip of the pen is told", async () => {
  const gate = new MockGate({ builtinActions: ["hn_top", "fs_read"], actions: { own: {} } });
  const { actions } = (await (await gate.send({ url: "/v1/actions", method: "GET" })).json()) as {
    actions: { action_id: string }[];
  };
  expect(actions.map(({ action_id }) => action_id)).toEqual(["fs_read", "hn_top", "own"]);
  expect(() => new MockGate({ builtinActions: ["hn_tpo"] })).toThrow(
    'MockGate: a gate has no action "hn_tpo"',
  );
});

test("what a stand-in sends into the web can be looked at and answered: its place, and the rest as query or body", async () => {
  const sent: WebRequest[] = [];
  const answer = (request: WebRequest) => ({ status: 199 + sent.push(request), body: '{"told":1}' });
  const origins = [
    "api.slack.com",
    "acme.atlassian.net",
    "en.wikipedia.org",
    "api.asana.com",
    "app.asana.com",
    "api.github.com",
  ];
  const gate = new MockGate({
    rateLimits: false,
    web: Object.fromEntries(origins.map((host) => [host, answer])),
  });
  gate.learn("http_put", { domain: "api.github.com" });
  const agent = await createAgent(gate.send);
  const told = await agent.execute("slack_read", { channel: "C1", limit: 5 });
  expect(told.json.output.data).toMatchObject({ status_code: 200, body: '{"told":1}' });
  await agent.execute("jira_read", { domain: "acme", endpoint: "rest/api/3/issue/A-1" });
  await agent.execute("wikipedia_read", { lang: "en", endpoint: "/wiki/Latch" });
  await agent.execute("asana_update", { task_id: "7", data: "{}" });
  await agent.execute("http_put", { url: "https://api.github.com/x", body: "no json" });
  expect(sent).toEqual([
    { method: "GET", url: "https://api.slack.com/?channel=C1&limit=5", body: "" },
    { method: "GET", url: "https://acme.atlassian.net/rest/api/3/issue/A-1", body: "" },
    { method: "GET", url: "https://en.wikipedia.org/wiki/Latch", body: "" },
    { method: "PATCH", url: "https://app.asana.com/", body: '{"task_id":"7","data":"{}"}' },
    { method: "PUT", url: "https://api.github.com/x", body: '"no json"' },
  ]);
});

test("a direct http_put and http_patch are assumed to go out as http_post does, and an approved one goes out as it is", async () => {
  const sent: string[] = [];
  const gate = new MockGate({
    rateLimits: false,
    web: {
      "http://example.com": ({ method, body }) => {
        sent.push(`${method} ${body}`);
        return {};
      },
    },
  });
  const agent = await createAgent(gate.send);
  const call = (actionId: string, more: object = {}) =>
    agent.execute(actionId, { url: "http://example.com/a", body: "x", ...more });
  for (const [actionId, more] of [["s3_write", { method: "PUT" }], ["http_put"], ["http_patch"]] as const)
    await gate.approve((await call(actionId, more)).json.approval_id);
  for (const actionId of ["http_put", "http_patch"]) await call(actionId);
  expect(sent).toEqual(['PUT "x"', 'GET "x"', 'GET "x"', 'PUT "x"', 'PATCH "x"']);
});
