import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { MockGate } from "../../src/testing/index.ts";
import { ask, BASE, createAgent } from "./by-hand.ts";

interface Exchange {
  id: string;
  socket: string;
  at: string;
  request: { method: string; path: string; headers: Record<string, string>; body?: string };
  response: { status: number; headers: Record<string, string>; json?: unknown; text?: string };
}

function recorded(name: string): Exchange[] {
  const file = readFileSync(new URL(`../recordings/${name}.json`, import.meta.url), "utf8");
  return (JSON.parse(file) as { exchanges: Exchange[] }).exchanges.filter(({ socket }) => socket === "agent");
}

const SECRET = { web: { "http://de.wikipedia.org": "unreachable" } } as const;

/** What the answers have in common whatever the ids and times are: names and types, and the words that matter. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shapeOf);
  if (value === null || typeof value !== "object") return typeof value;
  return Object.fromEntries(
    Object.entries(value)
      .sort()
      .map(([name, inner]) => [
        name,
        ["error", "message", "status", "decision", "reason"].includes(name) ? inner : shapeOf(inner),
      ]),
  );
}

/** A body that the recorder cut: "<1100172 bytes>". */
function bodyOf({ body }: Exchange["request"]): string | undefined {
  const bytes = /^<(\d+) bytes>$/.exec(body ?? "")?.[1];
  return bytes === undefined ? body : JSON.stringify({ url: "x".repeat(Number(bytes) - 10) });
}

test("every recorded request without credentials is answered as it was: status, headers, words, shape", async () => {
  const mutable = new Set([
    "agent.actions",
    "agent.readyz",
    "agent.readyz-draining",
    "lease.draining",
    "agent.jwks",
  ]);
  const exchanges = recorded("main").filter(
    ({ id, request }) =>
      !("authorization" in request.headers) && !mutable.has(id) && !/^(lease\.rate|rate\.)/.test(id),
  );
  const options = {
    principal: "agent:recorder",
    owner: "recorder@example.com",
    rateLimits: false,
    ...SECRET,
  } as const;
  const gate = new MockGate(options);
  let same = 0;
  for (const { id, request, response } of exchanges) {
    const answer = await ask(gate.send, {
      url: BASE + request.path,
      ...request,
      ...{ body: bodyOf(request) ?? "" },
    });
    const got = {
      status: answer.status,
      type: answer.headers.get("content-type"),
      allow: answer.headers.get("allow"),
      body: answer.json === undefined ? answer.text : shapeOf(answer.json),
    };
    const type = response.headers["content-type"] ?? null;
    const body = response.json === undefined ? (response.text ?? "") : shapeOf(response.json);
    expect({ id, ...got }).toEqual({
      id,
      status: response.status,
      type,
      allow: response.headers["allow"] ?? null,
      body,
    });
    same += 1;
  }
  console.log(`recorded requests without credentials: ${same} of ${exchanges.length}`);
  expect(same).toBeGreaterThan(55);
});

test("details and schemas of the built-in actions are the recorded ones to the letter", async () => {
  const gate = new MockGate();
  const exchanges = recorded("main").filter(({ id }) => /^agent\.(action|schema)\./.test(id));
  for (const { id, request, response } of exchanges) {
    const answer = await ask(gate.send, { url: BASE + request.path, method: "GET", headers: {} });
    expect({ id, json: answer.json }).toEqual({ id, json: response.json });
  }
  expect(exchanges.length).toBe(22);
});

test("every recorded execute of the first session, signed anew, is answered and audited as it was", async () => {
  const gate = new MockGate({
    principal: "agent:recorder",
    grants: ["fs_read", "http_fetch"],
    rateLimits: false,
    ...SECRET,
  });
  const exchanges = recorded("main").filter(({ id }) => /^execute\.(?!learned)/.test(id));
  const agent = await createAgent(gate.send);
  for (const { id, request, response } of exchanges) {
    const answer = await ask(gate.send, agent.request("POST", request.path, bodyOf(request)));
    const outcome = (body: unknown) => (body as { verification?: unknown } | undefined)?.verification;
    expect({ id, status: answer.status, outcome: outcome(answer.json) }).toEqual({
      id,
      status: response.status,
      outcome: outcome(response.json),
    });
    if (id.startsWith("execute.fs_read"))
      expect(answer.json.output).toEqual((response.json as { output: unknown }).output);
  }
  expect(exchanges.length).toBe(18);
  const reasons = gate.auditEvents
    .filter(({ decision }) => decision === "deny")
    .map(({ deny_reason }) => deny_reason);
  expect(reasons).toEqual([
    "response schema violation: schema validation failed: response must contain an 'ok' field",
    "response schema violation: schema validation failed: response must contain an 'ok' field",
    "action_not_found",
    'request schema: schema validation failed: 5 is not of type "string"',
    'request schema: schema validation failed: [1] is not of type "object"',
    'request schema: schema validation failed: "url" is a required property',
    "invalid JSON body: EOF while parsing an object at line 1 column 1",
    "request schema: request exceeds nesting depth limit (11 > 10)",
    "request schema: request exceeds size limit (70029 > 65536 bytes)",
  ]);
});
