import {
  type ExecutionReceipt,
  egressProfileFromJson,
  isFullySuccessful,
  LatchGateApprovalRequired,
  LatchGateAuthError,
  LatchGateBudgetExhausted,
  LatchGateClient,
  LatchGateDenied,
  LatchGateError,
  LatchGateInvalidRequest,
  LatchGateLeaseExpired,
  LatchGateNotConnected,
  LatchGateReplayDetected,
  LatchGateTransportError,
  LatchGateUnavailable,
} from "latchgate-client";
import { MockAgent as MockAgent7, fetch as undiciFetch } from "undici";
import { MockAgent as MockAgent6 } from "undici6";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { rejection } from "./support/bare.ts";

/** A test of a program written for 0.2.0, as such programs have them. */
const GATE = "http://gate.test:3000";

const makers: [string, () => MockAgent7][] = [
  ["undici 6", () => new MockAgent6() as unknown as MockAgent7],
  ["undici 7", () => new MockAgent7()],
];

interface Seen {
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: unknown;
}

beforeEach(() => {
  vi.stubEnv("LATCHGATE_URL", "");
  vi.stubEnv("LATCHGATE_PUBLIC_URL", "");
  vi.stubEnv("LATCHGATE_PUBLIC_BASE_URL", "");
});
afterEach(() => {
  vi.unstubAllEnvs();
});

/** Its mock gate: leases as often as they are asked for, and what a test adds. */
function mocked(
  make: () => MockAgent7,
  { leases = Number.POSITIVE_INFINITY, expiresInMs = 300_000, origin = GATE } = {},
) {
  const agent = make();
  agent.disableNetConnect();
  onTestFinished(() => agent.close());
  const pool = agent.get(origin);
  const asked: Record<string, unknown>[] = [];
  const seen: Seen[] = [];
  const lease = pool.intercept({ path: "/v1/leases", method: "POST" }).reply(200, ({ body }) => {
    asked.push(JSON.parse(body as string) as Record<string, unknown>);
    const count = asked.length;
    return {
      lease_jwt: "fake.jwt.token",
      session_id: `session-${count}`,
      lease_jti: `jti-${count}`,
      expires_at: new Date(Date.now() + expiresInMs).toISOString(),
    };
  });
  if (leases === Number.POSITIVE_INFINITY) lease.persist();
  else if (leases > 1) lease.times(leases);
  return {
    agent,
    asked,
    seen,
    on(
      method: "GET" | "POST",
      path: string,
      status: number,
      body: unknown,
      headers: Record<string, string> = {},
    ) {
      return pool.intercept({ path, method }).reply(
        status,
        (request) => {
          seen.push(request as unknown as Seen);
          return body as object;
        },
        { headers: { "content-type": "application/json", ...headers } },
      );
    },
    client: (options = {}) =>
      new LatchGateClient({ baseUrl: GATE, agentId: "bot", dispatcher: agent, ...options }),
  };
}

const EXECUTE = "/v1/actions/http_fetch/execute";
const executed = {
  decision: "executed",
  output: { ok: true, data: { status_code: 200 } },
  receipt_id: "rcpt-1",
  trace_id: "trace-1",
  grant_id: "grant-1",
  verification: { outcome: "verified", is_fully_successful: true },
  runtime: { duration_ms: 12, exit_code: 0, fuel_consumed: 34 },
};

describe.each(makers)("a program for 0.2.0 with a MockAgent of %s", (_name, make) => {
  it("connects, executes and reads the result", async () => {
    const gate = mocked(make);
    gate.on("POST", EXECUTE, 200, executed);
    const client = gate.client();
    expect([client.sessionId, client.leaseJti]).toEqual([null, null]);
    await client.connect({ agentId: "bot", scopes: ["tools:call", "audit:read"], maxCalls: 5 });
    expect([client.sessionId, client.leaseJti]).toEqual(["session-1", "jti-1"]);
    const result = await client.execute("http_fetch", { url: "http://x" });
    expect(result).toMatchObject({
      output: { ok: true, data: { status_code: 200 } },
      receiptId: "rcpt-1",
      traceId: "trace-1",
      grantId: "grant-1",
      verification: { outcome: "verified", is_fully_successful: true, isFullySuccessful: true },
      runtime: { duration_ms: 12, durationMs: 12, exit_code: 0, fuel_consumed: 34 },
    });
    expect(gate.asked).toEqual([
      {
        scopes: ["tools:call", "audit:read"],
        dpop_jwk: { kty: "EC", crv: "P-256", x: expect.any(String), y: expect.any(String) },
        budgets: { max_calls: 5 },
      },
    ]);
    expect(gate.seen[0]?.headers["Authorization"]).toBe("DPoP fake.jwt.token");
    expect(gate.seen[0]?.headers["DPoP"]).toMatch(/^ey/);
    expect(gate.seen[0]?.body).toBe('{"url":"http://x"}');
    expect((client as unknown as { leaseJwt: string }).leaseJwt).toBe("fake.jwt.token");
  });

  it("never sends an agent or session id, asks for tools:call unless told otherwise, and sends {} for no parameters", async () => {
    const gate = mocked(make);
    gate.on("POST", EXECUTE, 200, executed);
    await gate.client({ agentId: "agent:secret label ä" }).execute("http_fetch");
    expect(Object.keys(gate.asked[0] ?? {}).sort()).toEqual(["dpop_jwk", "scopes"]);
    expect(gate.asked[0]?.["scopes"]).toEqual(["tools:call"]);
    expect(gate.seen[0]?.body).toBe("{}");
    const unknown = { agent_id: "a", session_id: "s", sessionId: "s" };
    await gate.client().connect(unknown as object);
    expect(JSON.stringify(gate.asked)).not.toMatch(/agent_id|session_id|sessionId|secret label/);
  });

  it("takes exactly one lease on connect, and none for calls while it is fresh", async () => {
    const gate = mocked(make);
    gate.on("POST", EXECUTE, 200, executed).persist();
    const client = gate.client();
    await client.connect();
    for (let count = 0; count < 3; count += 1) await client.execute("http_fetch");
    expect(gate.asked).toHaveLength(1);
  });

  it.each([30_000, 59_000, 1_000, -5_000])(
    "takes one more with the next call when %i ms remain",
    async (expiresInMs) => {
      const gate = mocked(make, { expiresInMs });
      gate.on("POST", EXECUTE, 200, executed).persist();
      const client = gate.client();
      await client.connect();
      expect(gate.asked).toHaveLength(1);
      await client.execute("http_fetch");
      expect(gate.asked).toHaveLength(2);
      expect(client.sessionId).toBe("session-2");
    },
  );

  it("asks for the same again when it renews: scopes and what is left of the budget", async () => {
    const gate = mocked(make, { expiresInMs: 30_000 });
    gate.on("POST", EXECUTE, 200, executed).persist();
    const client = gate.client();
    await client.connect({ scopes: ["a:b"], maxCalls: 3 });
    await client.execute("http_fetch");
    await client.execute("http_fetch");
    expect(gate.asked.map(({ scopes, budgets }) => [scopes, budgets])).toEqual([
      [["a:b"], { max_calls: 3 }],
      [["a:b"], { max_calls: 3 }],
      [["a:b"], { max_calls: 2 }],
    ]);
  });

  it("without agentId and connect() there is no network", async () => {
    const gate = mocked(make);
    const client = new LatchGateClient({ baseUrl: GATE, dispatcher: gate.agent });
    const error = await rejection(client.execute("http_fetch"));
    expect(error).toBeInstanceOf(LatchGateNotConnected);
    expect(error).toMatchObject({ message: "call connect() before execute()", outcome: "not_executed" });
    expect(gate.asked).toEqual([]);
    await client.connect();
    gate.on("POST", EXECUTE, 200, executed);
    expect((await client.execute("http_fetch")).receiptId).toBe("rcpt-1");
  });

  it("connect({ agentId }) asks for the same as connect()", async () => {
    const gate = mocked(make);
    const client = gate.client({ lease: { scopes: ["a:b"], maxCalls: 2 } });
    await client.connect({ agentId: "bot" });
    await client.connect({ maxCalls: undefined });
    await client.connect();
    expect(gate.asked.map(({ scopes, budgets }) => [scopes, budgets])).toEqual(
      Array(3).fill([["a:b"], { max_calls: 2 }]),
    );
  });

  it("a held call throws LatchGateApprovalRequired, and its approval is polled", async () => {
    const gate = mocked(make);
    gate.on("POST", EXECUTE, 202, { approval_id: "ap-1", trace_id: "t" });
    const client = gate.client();
    const error = await rejection(client.execute("http_fetch", {}));
    expect(error).toBeInstanceOf(LatchGateApprovalRequired);
    expect(error).toMatchObject({
      actionId: "http_fetch",
      approvalId: "ap-1",
      message: "action 'http_fetch' requires approval: poll approvalId='ap-1'",
    });
    gate.on("GET", "/v1/approvals/ap-1/poll", 200, { status: "pending", retry_after_seconds: 2 });
    expect(await client.getApprovalStatus("ap-1")).toMatchObject({
      approvalId: "ap-1",
      status: "pending",
      receiptId: null,
      reason: null,
      retryAfterSeconds: 2,
      raw: { status: "pending", retry_after_seconds: 2 },
    });
    gate.on("GET", "/v1/approvals/ap-1/poll", 200, { status: "approved", receipt_id: "rcpt-2" });
    expect(await client.getApprovalStatus("ap-1")).toMatchObject({ status: "approved", receiptId: "rcpt-2" });
    expect(gate.seen.at(-1)?.headers["Authorization"]).toBe("DPoP fake.jwt.token");
  });

  it("reads a receipt, with the shorter name of the module too", async () => {
    const gate = mocked(make);
    const wire = {
      receipt_id: "rcpt-1",
      grant_id: "grant-1",
      provider_module: "builtin:http_api",
      provider_receipt: { ok: true },
      normalized_result: { kind: "success" },
      verification_outcome: { status: "verified" },
      result_hash: "ab",
      started_at: "2026-01-01T00:00:00Z",
      finished_at: "2026-01-01T00:00:01Z",
    };
    gate.on("GET", "/v1/receipts/rcpt-1", 200, wire);
    const receipt = await gate.client().getReceipt("rcpt-1");
    expect(receipt).toMatchObject({
      receiptId: "rcpt-1",
      grantId: "grant-1",
      providerModule: "builtin:http_api",
      providerReceipt: { ok: true },
      normalizedResult: { kind: "success" },
      verificationOutcome: { status: "verified" },
      resultHash: "ab",
      startedAt: "2026-01-01T00:00:00Z",
      finishedAt: "2026-01-01T00:00:01Z",
      failureClass: null,
    });
    expect(isFullySuccessful(receipt)).toBe(true);
  });

  it("reads an action's egress without a lease", async () => {
    const gate = mocked(make);
    const egress = { proxy_allowlist: { allowed_domains: ["example.com"] } };
    gate.on("GET", "/v1/actions/http_fetch", 200, { action_id: "http_fetch", egress });
    expect(await gate.client().getActionEgress("http_fetch")).toEqual({
      profile: "proxy_allowlist",
      allowedDomains: ["example.com"],
    });
    expect(gate.asked).toEqual([]);
  });

  const refusals: [number, object, unknown, Record<string, unknown>][] = [
    [
      401,
      { error: "invalid_dpop" },
      LatchGateAuthError,
      { detail: "invalid_dpop", code: "invalid_dpop", message: "authentication failed: invalid_dpop" },
    ],
    [
      401,
      { error: "lease_expired" },
      LatchGateLeaseExpired,
      { detail: "lease_expired", code: "lease_expired" },
    ],
    [
      401,
      { error: "replay_detected" },
      LatchGateReplayDetected,
      { detail: "replay_detected", outcome: "unknown" },
    ],
    [
      403,
      { error: "policy_denied", deny_reason: "no grant" },
      LatchGateDenied,
      {
        actionId: "http_fetch",
        reason: "policy_denied: no grant",
        message: "action 'http_fetch' denied by policy: policy_denied: no grant",
      },
    ],
    [403, { error: "scope_not_permitted" }, LatchGateDenied, { reason: "scope_not_permitted" }],
    [
      403,
      { error: "budget_exhausted" },
      LatchGateBudgetExhausted,
      { actionId: "http_fetch", message: "budget exhausted for action 'http_fetch'" },
    ],
    [400, { error: "bad_request" }, LatchGateDenied, { actionId: "http_fetch" }],
    [
      503,
      { error: "policy_engine_unavailable" },
      LatchGateUnavailable,
      { detail: "policy_engine_unavailable", message: "gateway unavailable: policy_engine_unavailable" },
    ],
    [503, { error: "draining" }, LatchGateUnavailable, { detail: "draining" }],
    [429, { error: "rate_limited" }, LatchGateUnavailable, { detail: "unexpected_status_429: rate_limited" }],
  ];
  it.each(refusals)(
    "%i %o is the class that it was, though a repetition has no intercept",
    async (status, body, type, fields) => {
      const gate = mocked(make, { leases: 1 });
      gate.on("POST", EXECUTE, status, body, status === 429 ? { "retry-after": "0" } : {});
      const began = Date.now();
      const error = await rejection(gate.client().execute("http_fetch"));
      expect(error).toBeInstanceOf(type);
      expect(error).toMatchObject({ status });
      expect(error).toMatchObject(fields);
      // Backoff stays well under a second by default.
      expect(Date.now() - began).toBeLessThan(1_000);
    },
  );

  it.each([
    ["getReceipt", (client: LatchGateClient) => client.getReceipt("r-1"), "/v1/receipts/r-1", "<receipt>"],
    [
      "getApprovalStatus",
      (client: LatchGateClient) => client.getApprovalStatus("a-1"),
      "/v1/approvals/a-1/poll",
      "<approval>",
    ],
    ["getActionEgress", (client: LatchGateClient) => client.getActionEgress("x"), "/v1/actions/x", "x"],
  ])("404 of %s is LatchGateDenied", async (_method, call, path, actionId) => {
    const gate = mocked(make);
    gate.on("GET", path, 404, { error: "not_found" });
    const error = await rejection(call(gate.client()));
    expect(error).toBeInstanceOf(LatchGateDenied);
    expect(error).toMatchObject({ actionId, status: 404 });
  });

  it("a lease that is refused is LatchGateDenied with what the gate said", async () => {
    const agent = make();
    agent.disableNetConnect();
    onTestFinished(() => agent.close());
    const answer = { error: "invalid_request", message: "scope 'X' is malformed" };
    agent.get(GATE).intercept({ path: "/v1/leases", method: "POST" }).reply(400, answer);
    const error = await rejection(
      new LatchGateClient({ baseUrl: GATE, dispatcher: agent }).connect({ scopes: ["X"] }),
    );
    expect(error).toBeInstanceOf(LatchGateDenied);
    expect(error).toMatchObject({ actionId: "<connect>", body: answer });
    expect((error as Error).message).toContain("scope 'X' is malformed");
    expect((error as Error).message).not.toContain("policy");
  });

  it("a failure of the network on connect is LatchGateTransportError, and nothing has run", async () => {
    const agent = make();
    agent.disableNetConnect();
    onTestFinished(() => agent.close());
    agent
      .get(GATE)
      .intercept({ path: "/v1/leases", method: "POST" })
      .replyWithError(new Error("broken"))
      .persist();
    const error = await rejection(new LatchGateClient({ baseUrl: GATE, dispatcher: agent }).connect());
    expect(error).toBeInstanceOf(LatchGateTransportError);
    expect((error as Error).message).toMatch(/^transport error: /);
    expect(error).toMatchObject({ outcome: "not_executed" });
  });

  it("close() leaves the dispatcher that it was given open", async () => {
    const gate = mocked(make);
    gate.on("POST", EXECUTE, 200, executed).times(2);
    const first = gate.client();
    await first.execute("http_fetch");
    await first.close();
    await first[Symbol.asyncDispose]();
    expect((await gate.client().execute("http_fetch")).receiptId).toBe("rcpt-1");
  });

  it("a dispatcher alone means http://localhost, and a socket beside it is not used", async () => {
    const gate = mocked(make, { origin: "http://localhost" });
    const client = new LatchGateClient({ agentId: "bot", dispatcher: gate.agent, socket: "/nowhere.sock" });
    await client.connect();
    expect([client.gateUrl, client.sessionId]).toEqual(["http://localhost", "session-1"]);
  });

  it("what nothing depends on may be missing in its mocks", async () => {
    const gate = mocked(make);
    gate.on("POST", EXECUTE, 200, { output: 1, receipt_id: "r" });
    const result = await gate.client().execute("http_fetch");
    expect(result).toMatchObject({ output: 1, receiptId: "r", ok: false });
    expect(result.verification.isFullySuccessful).toBe(false);
  });

  it("latchgate-ai-sdk's pattern works", async () => {
    const gate = mocked(make);
    const client = new LatchGateClient({
      publicBaseUrl: GATE,
      baseUrl: GATE,
      agentId: "ai-sdk",
      dispatcher: gate.agent,
    });
    expect(client.gateUrl).toBe(GATE);
    gate.on("GET", "/v1/actions", 200, { actions: [{ action_id: "http_fetch" }] });
    // An undici of the host's own and the dispatcher of the client.
    if (make === makers[1]?.[1]) {
      const dispatcher = client.httpDispatcher as NonNullable<
        Parameters<typeof undiciFetch>[1]
      >["dispatcher"];
      const found = (await (
        await undiciFetch(`${client.gateUrl}/v1/actions`, { dispatcher: dispatcher ?? gate.agent })
      ).json()) as {
        actions: { action_id: string }[];
      };
      expect(found.actions[0]?.action_id).toBe("http_fetch");
    }
    const told = async (args: Record<string, unknown>) => {
      try {
        return (await client.execute("http_fetch", args)).output;
      } catch (error) {
        if (error instanceof LatchGateApprovalRequired) return "held";
        if (error instanceof LatchGateBudgetExhausted) return "budget";
        if (error instanceof LatchGateDenied) return `denied: ${error.reason}`;
        if (error instanceof LatchGateError) return error.message;
        return "unexpected";
      }
    };
    gate.on("POST", EXECUTE, 200, executed);
    expect(await told({})).toEqual(executed.output);
    gate.on("POST", EXECUTE, 202, { approval_id: "ap-secret-1" });
    expect(await told({})).toBe("held");
    gate.on("POST", EXECUTE, 403, { error: "budget_exhausted" });
    expect(await told({})).toBe("budget");
    gate.on("POST", EXECUTE, 403, { error: "policy_denied", deny_reason: "no" });
    expect(await told({})).toBe("denied: policy_denied: no");
    gate.on("POST", EXECUTE, 502, { error: "action_execution_failed" });
    expect(await told({})).toContain("may have run");
    await client.close();
  });
});

describe("the options of 0.2.0", () => {
  it("gateUrl is publicBaseUrl, else the base URL without its slash, else the gate's own default", () => {
    expect(new LatchGateClient({ baseUrl: "http://a:1/" }).gateUrl).toBe("http://a:1");
    expect(new LatchGateClient({ baseUrl: "http://a:1", publicBaseUrl: "https://p" }).gateUrl).toBe(
      "https://p",
    );
    expect(new LatchGateClient({ publicBaseUrl: GATE, agentId: "ai-sdk" }).gateUrl).toBe(GATE);
    expect(new LatchGateClient().gateUrl).toBe("http://localhost:3000");
    vi.stubEnv("LATCHGATE_URL", "http://env:1/");
    expect(new LatchGateClient().gateUrl).toBe("http://env:1");
  });

  it("execute takes its two arguments, and options beside them", () => {
    expect(LatchGateClient.prototype.execute.length).toBe(2);
    expect(typeof LatchGateClient.prototype[Symbol.asyncDispose]).toBe("function");
    expect(new LatchGateClient({ baseUrl: GATE }).httpDispatcher).toHaveProperty("dispatch");
  });

  it.each([
    ["", "must not be empty"],
    ["x".repeat(257), "exceeds maximum length (256)"],
    ["-x", "contains invalid characters"],
    ["../x", "contains invalid characters"],
  ])("an identifier %j is refused in the same words", async (id, words) => {
    const client = new LatchGateClient({ baseUrl: GATE, agentId: "a" });
    const error = await rejection(client.getReceipt(id));
    expect(error).toBeInstanceOf(Error);
    expect(error).toBeInstanceOf(LatchGateInvalidRequest);
    expect((error as Error).message).toContain(words);
  });
});

describe("the models of 0.2.0", () => {
  const receipt = (kind: string, status: string, signatureStatus: string | null = null) =>
    ({
      normalizedResult: { kind },
      verificationOutcome: { status },
      signatureStatus,
    }) as unknown as ExecutionReceipt;

  it("isFullySuccessful looks at kind and status, and at what the gate says of the signature", () => {
    expect(isFullySuccessful(receipt("success", "verified"))).toBe(true);
    expect(isFullySuccessful(receipt("success", "unverifiable_declared", "valid"))).toBe(true);
    expect(isFullySuccessful(receipt("success", "verification_failed"))).toBe(false);
    expect(isFullySuccessful(receipt("provider_failure", "verified"))).toBe(false);
    expect(isFullySuccessful(receipt("success", "verified", "invalid"))).toBe(false);
    expect(isFullySuccessful(receipt("success", "verified", "malformed_signature"))).toBe(false);
  });

  it.each([
    ["none", { profile: "none", allowedDomains: [] }],
    [{ egress: "none" }, { profile: "none", allowedDomains: [] }],
    [
      { proxy_allowlist: { allowed_domains: ["a", 5, "b"] } },
      { profile: "proxy_allowlist", allowedDomains: ["a", "b"] },
    ],
    [
      { egress: { proxy_allowlist: { allowed_domains: [] } } },
      { profile: "proxy_allowlist", allowedDomains: [] },
    ],
    [{ egress: null }, { profile: "unknown", allowedDomains: [] }],
    [{ full_network: {} }, { profile: "unknown", allowedDomains: [] }],
    [undefined, { profile: "unknown", allowedDomains: [] }],
    ["tomorrow", { profile: "unknown", allowedDomains: [] }],
  ])("egressProfileFromJson(%j)", (data, profile) => {
    expect(egressProfileFromJson(data)).toEqual(profile);
  });

  it("all its names are exported", async () => {
    const names = Object.keys(await import("latchgate-client"));
    for (const name of [
      "LatchGateClient",
      "isFullySuccessful",
      "egressProfileFromJson",
      "LatchGateError",
      "LatchGateDenied",
      "LatchGateApprovalRequired",
      "LatchGateBudgetExhausted",
      "LatchGateAuthError",
      "LatchGateLeaseExpired",
      "LatchGateReplayDetected",
      "LatchGateUnavailable",
      "LatchGateTransportError",
      "LatchGateNotConnected",
      "DPoPKeyPair",
      "computeAth",
      "normalizeHtu",
    ])
      expect(names).toContain(name);
  });
});
