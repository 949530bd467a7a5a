import { getEventListeners } from "node:events";
import { decodeJwt, EmbeddedJWK, jwtVerify } from "jose";
import {
  type AgentApi,
  type ClientOptions,
  type components,
  createAgentApi,
  LatchGateClient,
  LatchGateInvalidRequest,
  LatchGateOutcomeUnknown,
  LatchGateTransportError,
  outcomeOf,
} from "latchgate-client";
import { describe, expect, expectTypeOf, it, onTestFinished } from "vitest";
import {
  type Answer,
  answerExecuted,
  answerJson,
  bareGate,
  everythingOf,
  executed,
  rejection,
  secretsIn,
} from "../support/bare.ts";

type Schemas = components["schemas"];

function apiOf(options: ClientOptions): AgentApi {
  const api = createAgentApi({ retry: false, ...options });
  onTestFinished(() => api.close());
  return api;
}

const EXECUTE = "/v1/actions/{action_id}/execute";
const echo = { params: { path: { action_id: "echo" } }, body: { a: 1 } };
const json =
  (status: number, body: unknown): Answer =>
  (_request, response) =>
    answerJson(response, status, body);

describe("createAgentApi", () => {
  it("takes a lease and signs by itself", async () => {
    const gate = await bareGate(answerExecuted);
    const api = apiOf({ baseUrl: gate.baseUrl });
    const { data, error, response } = await api.POST(EXECUTE, echo);
    expect(data).toEqual(executed);
    expect(error).toBeUndefined();
    expect(response).toBeInstanceOf(Response);
    expect(gate.arrived.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "POST /v1/leases",
      "POST /v1/actions/echo/execute",
    ]);
    const { headers, body } = gate.calls[0] ?? expect.fail("nothing arrived");
    expect(JSON.parse(body)).toEqual({ a: 1 });
    expect(headers["content-type"]).toBe("application/json");
    const { payload } = await jwtVerify(String(headers["dpop"]), EmbeddedJWK, { typ: "dpop+jwt" });
    expect(payload).toMatchObject({ htm: "POST", htu: `${gate.baseUrl}/v1/actions/echo/execute` });
    expect(headers.authorization).toMatch(/^DPoP /);
  });

  it("takes one lease for ten calls at once, and signs each anew", async () => {
    const gate = await bareGate(answerExecuted);
    const api = apiOf({ baseUrl: gate.baseUrl });
    await Promise.all(Array.from({ length: 10 }, () => api.POST(EXECUTE, echo)));
    expect(gate.arrived.length - gate.calls.length).toBe(1);
    const ids = gate.calls.map(({ headers }) => decodeJwt(String(headers["dpop"])).jti);
    expect(new Set(ids).size).toBe(10);
  });

  it("needs no agentId, and one that is undefined is none", async () => {
    const gate = await bareGate(answerExecuted);
    expect(
      (await apiOf({ baseUrl: gate.baseUrl, agentId: undefined }).POST(EXECUTE, echo)).response.status,
    ).toBe(200);
  });

  it("does not sign what is public, and takes no lease for it", async () => {
    const gate = await bareGate(json(200, { actions: [] }));
    const { data } = await apiOf({ baseUrl: gate.baseUrl }).GET("/v1/actions");
    expect(data).toEqual({ actions: [] });
    expect(gate.arrived).toHaveLength(1);
    expect(gate.arrived[0]?.headers).not.toHaveProperty("dpop");
  });

  it("works below a path prefix", async () => {
    const gate = await bareGate(answerExecuted, { lease: undefined as never });
    const fetched: string[] = [];
    const api = apiOf({
      baseUrl: "http://gate/base/",
      fetch: async (url) => {
        fetched.push(String(url));
        return new Response(JSON.stringify({ actions: [] }));
      },
    });
    await api.GET("/v1/actions");
    expect(fetched).toEqual(["http://gate/base/v1/actions"]);
    expect(gate.arrived).toEqual([]);
  });

  it("is also there on a client, on the same session", async () => {
    const gate = await bareGate(answerExecuted);
    const client = new LatchGateClient({ baseUrl: gate.baseUrl, agentId: "a", retry: false });
    onTestFinished(() => client.close());
    await client.execute("echo");
    await client.api.POST(EXECUTE, echo);
    expect(client.api).toBe(client.api);
    const tokens = gate.calls.map(({ headers }) => headers.authorization);
    expect(tokens[0]).toBe(tokens[1]);
  });

  it("is closed by close(), and then says so", async () => {
    const gate = await bareGate(answerExecuted);
    const api = apiOf({ baseUrl: gate.baseUrl });
    await api[Symbol.asyncDispose]();
    expect(await rejection(api.GET("/v1/actions"))).toMatchObject({
      name: "LatchGateTransportError",
      code: "closed",
    });
  });
});

describe("an answer of the gate", () => {
  it.each([202, 400, 401, 403, 404, 409, 413, 422, 429, 500, 502, 503])(
    "is returned with the status %i",
    async (status) => {
      const body = { error: "some_word" };
      const gate = await bareGate(json(status, body));
      const { data, error, response } = await apiOf({ baseUrl: gate.baseUrl }).POST(EXECUTE, echo);
      expect(response.status).toBe(status);
      expect(status < 300 ? data : error).toEqual(body);
    },
  );

  it("is returned when it is plain text, or nothing", async () => {
    const gate = await bareGate((_request, response, nth) =>
      nth === 1
        ? response.writeHead(413, { "content-type": "text/plain" }).end("too long")
        : response.writeHead(404).end(),
    );
    const api = apiOf({ baseUrl: gate.baseUrl });
    const long = await api.POST(EXECUTE, echo);
    expect([long.response.status, long.error]).toEqual([413, "too long"]);
    const poll = await api.GET("/v1/approvals/{approval_id}/poll", {
      params: { path: { approval_id: "a" } },
    });
    expect([poll.response.status, poll.data, poll.response.ok]).toEqual([404, undefined, false]);
  });

  it("is not a redirect's target", async () => {
    const thief = await bareGate(answerExecuted);
    const gate = await bareGate((_request, response) =>
      response.writeHead(307, { location: `${thief.baseUrl}/x` }).end(),
    );
    const { response } = await apiOf({ baseUrl: gate.baseUrl }).POST(EXECUTE, echo);
    expect(response.status).toBe(307);
    expect(thief.arrived).toEqual([]);
  });

  it("that quotes the request is redacted", async () => {
    const gate = await bareGate(({ rawHeaders }, response) =>
      answerJson(response, 502, { error: rawHeaders.join() }),
    );
    const { error } = await apiOf({ baseUrl: gate.baseUrl }).POST(EXECUTE, echo);
    for (const secret of secretsIn(gate.arrived)) expect(everythingOf(error)).not.toContain(secret);
  });

  it("says by outcomeOf what became of the action", async () => {
    const outcome = async (status: number, word: string) => {
      const gate = await bareGate(json(status, { error: word }));
      const { error, response } = await apiOf({ baseUrl: gate.baseUrl }).POST(EXECUTE, echo);
      return outcomeOf("executeAction", response, error);
    };
    expect(await outcome(403, "policy_denied")).toBe("not_executed");
    expect(await outcome(500, "evidence_persistence_failed")).toBe("executed");
    expect(await outcome(502, "action_execution_failed")).toBe("unknown");
    expect(await outcome(401, "replay_detected")).toBe("unknown");
    expect(outcomeOf("executeAction", { status: 200 })).toBe("executed");
    expect(outcomeOf("executeAction", { status: 202 }, undefined)).toBe("not_executed");
    expect(outcomeOf("executeAction", { status: 422 }, "text")).toBe("unknown");
    expect(outcomeOf("getReceipt", { status: 500 }, null)).toBe("not_executed");
  });
});

describe("what has no usable answer is thrown as this package's error", () => {
  it.each<[string, Answer]>([
    ["HTML with 200", (_request, response) => response.end("<html>")],
    ["nothing with 200", (_request, response) => response.end()],
    ["204", (_request, response) => response.writeHead(204).end()],
  ])("%s", async (_what, answer) => {
    const gate = await bareGate(answer);
    const api = apiOf({ baseUrl: gate.baseUrl });
    const error = await rejection(api.POST(EXECUTE, echo));
    expect(error).toBeInstanceOf(LatchGateOutcomeUnknown);
    expect(error).toMatchObject({ code: "unreadable_answer", outcome: "unknown" });
    expect(await rejection(api.GET("/v1/actions"))).toBeInstanceOf(LatchGateTransportError);
  });

  it("no gate, and a lost connection", async () => {
    const gone = await rejection(apiOf({ socket: "/nonexistent/gate.sock" }).POST(EXECUTE, echo));
    expect(gone).toBeInstanceOf(LatchGateTransportError);
    expect(gone).toMatchObject({ code: "no_socket", outcome: "not_executed" });
    const gate = await bareGate((_request, response) => response.destroy());
    const lost = await rejection(apiOf({ baseUrl: gate.baseUrl }).POST(EXECUTE, echo));
    expect(lost).toBeInstanceOf(LatchGateOutcomeUnknown);
    expect(lost).toMatchObject({ code: "lost", attempts: 1, request: { path: "/v1/actions/echo/execute" } });
  });

  it("an aborted call", async () => {
    const gate = await bareGate(() => {});
    const api = apiOf({ baseUrl: gate.baseUrl });
    const controller = new AbortController();
    const call = rejection(api.POST(EXECUTE, { ...echo, signal: controller.signal }));
    while (gate.calls.length === 0) await new Promise(setImmediate);
    controller.abort();
    expect(await call).toMatchObject({
      name: "LatchGateOutcomeUnknown",
      code: "aborted",
      outcome: "unknown",
    });
    // The host's Request follows the signal for as long as it lives: one listener of its own, none of ours.
    expect(getEventListeners(controller.signal, "abort").length).toBeLessThan(2);
  });

  it("a timeout of the client", async () => {
    const gate = await bareGate(() => {});
    const api = apiOf({ baseUrl: gate.baseUrl, timeoutMs: 1_000 });
    expect(await rejection(api.POST(EXECUTE, echo))).toMatchObject({ code: "timeout", outcome: "unknown" });
    const wrong = createAgentApi({ baseUrl: gate.baseUrl, timeoutMs: 0 });
    expect(await rejection(wrong.GET("/v1/actions"))).toBeInstanceOf(LatchGateInvalidRequest);
  });
});

describe("a path parameter stays in its place", () => {
  const ids = [
    ".",
    "..",
    "../leases",
    "a/b",
    "a/../../leases",
    "%2e%2e",
    "a?b",
    "a#b",
    "",
    "a\\b",
    "..\\x",
    "a.b",
    "a%00",
  ];
  it.each(ids)("%j is refused and nothing is sent", async (id) => {
    const gate = await bareGate(answerExecuted);
    const api = apiOf({ baseUrl: gate.baseUrl });
    const calls = [
      api.POST(EXECUTE, { params: { path: { action_id: id } }, body: {} }),
      api.GET("/v1/actions/{action_id}", { params: { path: { action_id: id } } }),
      api.GET("/v1/actions/{action_id}/schema/request", { params: { path: { action_id: id } } }),
      ...(id === "a.b"
        ? []
        : [api.GET("/v1/receipts/{receipt_id}", { params: { path: { receipt_id: id } } })]),
      ...(id === "a.b"
        ? []
        : [api.GET("/v1/approvals/{approval_id}/poll", { params: { path: { approval_id: id } } })]),
    ];
    for (const call of calls) expect(await rejection(call)).toBeInstanceOf(LatchGateInvalidRequest);
    expect(gate.arrived).toEqual([]);
  });

  it("what is no operation of the document is refused", async () => {
    const gate = await bareGate(answerExecuted);
    const api = apiOf({ baseUrl: gate.baseUrl });
    // @ts-expect-error no such path
    expect(await rejection(api.GET("/v1/approvals"))).toBeInstanceOf(LatchGateInvalidRequest);
    // @ts-expect-error no such method there
    expect(await rejection(api.DELETE("/v1/actions"))).toBeInstanceOf(LatchGateInvalidRequest);
    expect(gate.arrived).toEqual([]);
  });

  it("a base URL of one call changes where nothing goes", async () => {
    const thief = await bareGate(answerExecuted);
    const gate = await bareGate(answerExecuted);
    const api = apiOf({ baseUrl: gate.baseUrl });
    await api.POST(EXECUTE, { ...echo, baseUrl: thief.baseUrl });
    expect(thief.arrived).toEqual([]);
    expect(gate.calls).toHaveLength(1);
  });
});

describe("a user's middleware", () => {
  it("sees request and answer, and may add headers, but not those of the signature", async () => {
    const gate = await bareGate(answerExecuted);
    const api = apiOf({ baseUrl: gate.baseUrl });
    const seen: string[] = [];
    api.use({
      onRequest({ request, schemaPath }) {
        seen.push(schemaPath, request.method);
        request.headers.set("X-Trace", "t-1");
        request.headers.set("Authorization", "Bearer mine");
        request.headers.set("DPoP", "mine");
        return request;
      },
      async onResponse({ response }) {
        seen.push(
          String(response.status),
          ((await response.clone().json()) as Schemas["ExecutionResult"]).receipt_id,
        );
        return new Response(await response.text(), { status: 299, headers: response.headers });
      },
    });
    const { response, data } = await api.POST(EXECUTE, echo);
    expect(seen).toEqual([EXECUTE, "POST", "200", executed.receipt_id]);
    expect([response.status, data]).toEqual([299, executed]);
    const headers = gate.calls[0]?.headers;
    expect(headers).toMatchObject({ "x-trace": "t-1", authorization: expect.stringMatching(/^DPoP ey/) });
    expect(headers?.["dpop"]).toMatch(/^ey/);
  });

  it("hears of our errors, and may answer by itself", async () => {
    const gate = await bareGate((_request, response) => response.destroy());
    const api = apiOf({ baseUrl: gate.baseUrl });
    const errors: unknown[] = [];
    api.use({ onError: ({ error }) => void errors.push(error) });
    await rejection(api.POST(EXECUTE, echo));
    expect(errors[0]).toBeInstanceOf(LatchGateOutcomeUnknown);
    api.use({
      onRequest: () => new Response('{"actions":[]}', { headers: { "content-type": "application/json" } }),
    });
    expect((await api.GET("/v1/actions")).data).toEqual({ actions: [] });
  });
});

it("data and errors are typed by the document", async () => {
  const gate = await bareGate(answerExecuted);
  const api = apiOf({ baseUrl: gate.baseUrl });
  const { data } = await api.POST(EXECUTE, echo);
  expect(data?.decision).toBe("executed");
  if (data?.decision === "executed") {
    expectTypeOf(data).toExtend<Schemas["ExecutionResult"]>();
    expectTypeOf(data.receipt_id).toEqualTypeOf<string>();
    expectTypeOf(data.verification.is_fully_successful).toEqualTypeOf<boolean>();
  } else if (data !== undefined) {
    expectTypeOf(data).toExtend<Schemas["PendingApproval"]>();
    expectTypeOf(data.approval_id).toEqualTypeOf<string>();
  }
  const actions = () => api.GET("/v1/actions");
  type Actions = NonNullable<Awaited<ReturnType<typeof actions>>["data"]>["actions"];
  expectTypeOf<Actions[number]["action_id"]>().toEqualTypeOf<string>();
  // Compiled and never run: what the types refuse.
  const refused = () => [
    // @ts-expect-error action_id is missing
    api.POST(EXECUTE, { params: { path: {} }, body: {} }),
    // @ts-expect-error a number is no id
    api.POST(EXECUTE, { params: { path: { action_id: 5 } }, body: {} }),
    // @ts-expect-error no such path
    api.GET("/v1/nothing"),
    // @ts-expect-error there is no such member
    () => data?.nothing,
    api.POST("/v1/leases", {
      body: {
        scopes: ["tools:call"],
        dpop_jwk: { kty: "EC", crv: "P-256", x: "", y: "" },
        // @ts-expect-error a lease takes no agent_id
        agent_id: "a",
      },
    }),
  ];
  expect(refused).toBeTypeOf("function");
});
