import { HttpResponse, http } from "msw";
import { setupServer } from "msw/node";
import { afterEach, beforeEach, expect, expectTypeOf, test, vi } from "vitest";
import {
  type AgentOperationId,
  agentOperations,
  type OperatorOperationId,
  operatorOperations,
} from "../../src/generated/operations.ts";
import {
  type AgentApi,
  type components as AgentParts,
  createAgentApi,
  LatchGateClient,
} from "../../src/index.ts";
import { createOperatorApi, type OperatorApi, type components as OperatorParts } from "../../src/operator.ts";
import { MockGate, mswHandlers } from "../../src/testing/index.ts";
import { keyPair } from "./by-hand.ts";

type Agent = AgentParts["schemas"];
type Operator = OperatorParts["schemas"];

const ADMIN = "http://127.0.0.1:3001";
let gate: MockGate;
let server: ReturnType<typeof setupServer>;
let agent: AgentApi;
let operator: OperatorApi;

beforeEach(() => {
  gate = new MockGate();
  server = setupServer(...mswHandlers(gate));
  server.listen({ onUnhandledRequest: "error" });
  const late: typeof fetch = (...a) => fetch(...a);
  agent = createAgentApi({ baseUrl: gate.publicBaseUrl, agentId: "agent:test", fetch: late });
  operator = createOperatorApi({ ...gate.operatorCredentials, baseUrl: ADMIN, fetch: late });
});
afterEach(() => server.close());

/** Has a call held, and gives the approval's id. */
async function held(): Promise<string> {
  const { data } = await agent.POST("/v1/actions/{action_id}/execute", {
    params: { path: { action_id: "http_fetch" } },
    body: { url: `https://${Math.random().toString(36).slice(2)}.example.net/` },
  });
  if (data?.decision !== "pending_approval") throw new Error("it was not held");
  return data.approval_id;
}

async function receipted(): Promise<string> {
  const { data } = await agent.POST("/v1/actions/{action_id}/execute", {
    params: { path: { action_id: "fs_read" } },
    body: { operation: "read", path: "docs/notes.md" },
  });
  if (data?.decision !== "executed") throw new Error("it did not run");
  return data.receipt_id;
}

/** What came, when it came with the status that is meant. */
function good<Data>({ data, response }: { data?: Data; response: Response }, status = 200): Data {
  expect(response.status).toBe(status);
  if (data === undefined) throw new Error("an answer without a body");
  return data;
}

const domain = { action_id: "http_fetch", value: "api.example.org" };
const glob = { action_id: "fs_write", value: "docs/**" };
const pair = { action_id: "http_fetch", agent_id: "dev:anonymous" };
const grants = { principal: "agent:other", actions: ["fs_read"] };
const action = { path: { action_id: "fs_read" } };
const ofHttpFetch = { query: { action: "http_fetch" } };

/**
 * Each fits where the other is wanted, and neither is `any`: `toEqualTypeOf` itself tells two spellings of one open
 * list of words apart.
 */
type Same<One, Other> = 0 extends 1 & One
  ? false
  : [One] extends [Other]
    ? [Other] extends [One]
      ? true
      : false
    : false;

/** The same where there is an open list of words, `string & {}`: openapi-fetch's `Readable` takes that for an object. */
type Fits<One, Other> = 0 extends 1 & One ? false : [Other] extends [One] ? true : false;

/** Every operation once, with the type that its document gives the answer, and a look at what came. */
const calls = {
  async getHealth() {
    const data = good(await agent.GET("/healthz"));
    expectTypeOf<Same<typeof data, Agent["Health"]>>().toEqualTypeOf<true>();
    expect(data).toEqual({ status: "ok" });
  },
  async getReadiness() {
    const data = good(await agent.GET("/readyz"));
    expectTypeOf<Same<typeof data, Agent["ReadinessReady"]>>().toEqualTypeOf<true>();
    expect(data.status).toBe("ready");
  },
  async createLease() {
    const { x = "", y = "" } = keyPair().jwk;
    const body = { scopes: ["tools:call"], dpop_jwk: { kty: "EC", crv: "P-256", x, y } } as const;
    const data = good(await agent.POST("/v1/leases", { body: { ...body, scopes: [...body.scopes] } }));
    expectTypeOf<Same<typeof data, Agent["Lease"]>>().toEqualTypeOf<true>();
    expect(data.session_id).toHaveLength(36);
  },
  async getLeaseKeys() {
    const data = good(await agent.GET("/.well-known/jwks.json"));
    expectTypeOf<Same<typeof data, Agent["LeaseKeySet"]>>().toEqualTypeOf<true>();
    expect(data.keys).toHaveLength(1);
  },
  async listActions() {
    const data = good(await agent.GET("/v1/actions"));
    expectTypeOf<Same<typeof data, Agent["ActionList"]>>().toEqualTypeOf<true>();
    expect(data.actions.length).toBeGreaterThan(5);
  },
  async getAction() {
    const data = good(await agent.GET("/v1/actions/{action_id}", { params: action }));
    expectTypeOf<Fits<typeof data, Agent["ActionDetail"]>>().toEqualTypeOf<true>();
    expect(data.action_id).toBe("fs_read");
  },
  async getActionRequestSchema() {
    const data = good(await agent.GET("/v1/actions/{action_id}/schema/request", { params: action }));
    expectTypeOf<Same<typeof data, Agent["ActionRequestSchema"]>>().toEqualTypeOf<true>();
    expect(data).toHaveProperty("properties");
  },
  async executeAction() {
    const body = { operation: "read", path: "docs/notes.md" };
    const data = good(await agent.POST("/v1/actions/{action_id}/execute", { params: action, body }));
    expectTypeOf<
      Same<typeof data, Agent["ExecutionResult"] | Agent["PendingApproval"]>
    >().toEqualTypeOf<true>();
    expect(data.decision).toBe("executed");
  },
  async pollApproval() {
    const params = { path: { approval_id: await held() } };
    const data = good(await agent.GET("/v1/approvals/{approval_id}/poll", { params }));
    expectTypeOf<Same<typeof data, Agent["ApprovalPoll"]>>().toEqualTypeOf<true>();
    expect(data).toEqual({ status: "pending", retry_after_seconds: 2 });
  },
  async getReceipt() {
    const params = { path: { receipt_id: await receipted() } };
    const data = good(await agent.GET("/v1/receipts/{receipt_id}", { params }));
    expectTypeOf<Fits<typeof data, Agent["Receipt"]>>().toEqualTypeOf<true>();
    expect(data.signature_status).toBe("valid");
  },

  async getReceiptAsOperator() {
    const params = { path: { receipt_id: await receipted() } };
    const data = good(await operator.GET("/v1/receipts/{receipt_id}", { params }));
    expectTypeOf<Fits<typeof data, Operator["Receipt"]>>().toEqualTypeOf<true>();
    expect(data.receipt_id).toBe(params.path.receipt_id);
  },
  async listReceiptKeys() {
    const data = good(await operator.GET("/v1/receipt-keys"));
    expectTypeOf<Same<typeof data, Operator["ReceiptKeySet"]>>().toEqualTypeOf<true>();
    expect(data.keys).toMatchObject([{ crv: "Ed25519" }]);
  },
  async listApprovals() {
    const approvalId = await held();
    const params = { query: { status: "pending", limit: 10 } } as const;
    const data = good(await operator.GET("/v1/approvals", { params }));
    expectTypeOf<Same<typeof data, Operator["ApprovalList"]>>().toEqualTypeOf<true>();
    expect(data.approvals).toMatchObject([{ approval_id: approvalId }]);
  },
  async getApproval() {
    const params = { path: { approval_id: await held() } };
    const data = good(await operator.GET("/v1/approvals/{approval_id}", { params }));
    expectTypeOf<Fits<typeof data, Operator["ApprovalDetail"]>>().toEqualTypeOf<true>();
    expect(data.status).toBe("pending");
  },
  async approveApproval() {
    const params = { path: { approval_id: await held() } };
    const data = good(await operator.POST("/v1/approvals/{approval_id}/approve", { params }));
    expectTypeOf<Fits<typeof data, Operator["ApproveResult"]>>().toEqualTypeOf<true>();
    expect(data.decision).toBe("executed");
  },
  async denyApproval() {
    const params = { path: { approval_id: await held() } };
    const body = { reason: "no" };
    const data = good(await operator.POST("/v1/approvals/{approval_id}/deny", { params, body }));
    expectTypeOf<Same<typeof data, Operator["DenyResult"]>>().toEqualTypeOf<true>();
    expect(data).toMatchObject({ decision: "deny", deny_reason: "no" });
  },
  async listAuditEvents() {
    const params = { query: { event_type: "lease_issued", limit: 5 } };
    await receipted();
    const data = good(await operator.GET("/v1/audit/events", { params }));
    expectTypeOf<Fits<typeof data, Operator["AuditEventList"]>>().toEqualTypeOf<true>();
    expect(data.events).toMatchObject([{ event_type: "lease_issued" }]);
  },
  async verifyAudit() {
    const data = good(await operator.GET("/v1/audit/verify"));
    expectTypeOf<Same<typeof data, Operator["AuditVerification"]>>().toEqualTypeOf<true>();
    expect(data.intact).toBe(true);
  },
  async getMetrics() {
    const data = good(await operator.GET("/metrics", { parseAs: "text" }));
    expectTypeOf(data).toEqualTypeOf<string>();
    expect(data).toMatch(/# EOF\n$/);
  },
  async getStatus() {
    const data = good(await operator.GET("/v1/admin/status"));
    expectTypeOf<Same<typeof data, Operator["GateStatus"]>>().toEqualTypeOf<true>();
    expect(data).toMatchObject({ status: "ok", draining: false });
  },
  async getEpoch() {
    const data = good(await operator.GET("/v1/admin/epoch"));
    expectTypeOf<Same<typeof data, Operator["Epoch"]>>().toEqualTypeOf<true>();
    expect(data).toEqual({ current_epoch: 0 });
  },
  async revokeAll() {
    const data = good(await operator.POST("/v1/admin/revoke-all"));
    expectTypeOf<Same<typeof data, Operator["Revocation"]>>().toEqualTypeOf<true>();
    expect(data).toEqual({ previous_epoch: 0, current_epoch: 1 });
  },
  async drain() {
    const data = good(await operator.POST("/v1/admin/drain"));
    expectTypeOf<Same<typeof data, Operator["GateDraining"]>>().toEqualTypeOf<true>();
    expect(data).toMatchObject({ draining: true, already_draining: false });
  },
  async reload() {
    const data = good(await operator.POST("/v1/admin/reload"));
    expectTypeOf<Same<typeof data, Operator["GateReloaded"]>>().toEqualTypeOf<true>();
    expect(data.ok).toBe(true);
  },
  async listDomains() {
    await operator.POST("/v1/admin/domains", { body: domain });
    const data = good(await operator.GET("/v1/admin/domains", { params: ofHttpFetch }));
    expectTypeOf<Same<typeof data, Operator["LearnedDomainList"]>>().toEqualTypeOf<true>();
    expect(data.domains).toMatchObject([{ domain: domain.value, source: "api" }]);
  },
  async addDomain() {
    const data = good(await operator.POST("/v1/admin/domains", { body: domain }));
    expectTypeOf<Same<typeof data, Operator["DomainAdded"]>>().toEqualTypeOf<true>();
    expect(data.inserted).toBe(true);
  },
  async removeDomain() {
    const data = good(await operator.DELETE("/v1/admin/domains", { body: domain }));
    expectTypeOf<Same<typeof data, Operator["DomainRemoved"]>>().toEqualTypeOf<true>();
    expect(data.deleted).toBe(false);
  },
  async clearDomains() {
    const data = good(await operator.DELETE("/v1/admin/domains/clear", { params: ofHttpFetch }));
    expectTypeOf<Same<typeof data, Operator["LearnedCleared"]>>().toEqualTypeOf<true>();
    expect(data).toEqual({ action_id: "http_fetch", deleted_count: 0 });
  },
  async listPaths() {
    await operator.POST("/v1/admin/paths", { body: glob });
    const data = good(await operator.GET("/v1/admin/paths"));
    expectTypeOf<Same<typeof data, Operator["LearnedPathList"]>>().toEqualTypeOf<true>();
    expect(data.paths).toMatchObject([{ path_glob: glob.value }]);
  },
  async addPath() {
    const data = good(await operator.POST("/v1/admin/paths", { body: glob }));
    expectTypeOf<Same<typeof data, Operator["PathAdded"]>>().toEqualTypeOf<true>();
    expect(data.inserted).toBe(true);
  },
  async removePath() {
    const data = good(await operator.DELETE("/v1/admin/paths", { body: glob }));
    expectTypeOf<Same<typeof data, Operator["PathRemoved"]>>().toEqualTypeOf<true>();
    expect(data.deleted).toBe(false);
  },
  async clearPaths() {
    const data = good(
      await operator.DELETE("/v1/admin/paths/clear", { params: { query: { action: "fs_write" } } }),
    );
    expectTypeOf<Same<typeof data, Operator["LearnedCleared"]>>().toEqualTypeOf<true>();
    expect(data.deleted_count).toBe(0);
  },
  async getPolicy() {
    const data = good(await operator.GET("/v1/admin/policy"));
    expectTypeOf<Same<typeof data, Operator["Policy"]>>().toEqualTypeOf<true>();
    expect(Object.keys(data.acl)).toEqual(["dev:anonymous"]);
  },
  async getPrincipalPolicy() {
    const params = { path: { principal: "dev:anonymous" } };
    const data = good(await operator.GET("/v1/admin/policy/{principal}", { params }));
    expectTypeOf<Same<typeof data, Operator["PrincipalPolicy"]>>().toEqualTypeOf<true>();
    expect(data.principal).toBe("dev:anonymous");
  },
  async grantActions() {
    const data = good(await operator.POST("/v1/admin/policy/grant", { body: grants }));
    expectTypeOf<Same<typeof data, Operator["GrantResult"]>>().toEqualTypeOf<true>();
    expect(data).toMatchObject({ granted: ["fs_read"], total_actions: 1 });
  },
  async revokeActions() {
    const data = good(await operator.POST("/v1/admin/policy/revoke", { body: grants }));
    expectTypeOf<Same<typeof data, Operator["RevokeResult"]>>().toEqualTypeOf<true>();
    expect(data.principal_removed).toBe(false);
  },
  async allowAction() {
    const data = good(await operator.POST("/v1/admin/policy/allowlist", { body: pair }));
    expectTypeOf<Same<typeof data, Operator["AllowlistResult"]>>().toEqualTypeOf<true>();
    expect(data).toEqual({ ok: true, ...pair });
  },
  async disallowAction() {
    await operator.POST("/v1/admin/policy/allowlist", { body: pair });
    const data = good(await operator.DELETE("/v1/admin/policy/allowlist", { body: pair }));
    expectTypeOf<Same<typeof data, Operator["AllowlistResult"]>>().toEqualTypeOf<true>();
    expect(data.ok).toBe(true);
  },
} satisfies Record<AgentOperationId | OperatorOperationId, () => Promise<void>>;

const through = new Set<string>();
test.each(Object.entries(calls))("%s", async (operationId, call) => {
  await call();
  const { received } = gate;
  const facts = { ...agentOperations, ...operatorOperations }[operationId as keyof typeof calls];
  expect(received.some(({ method, status }) => method === facts.method && status === 200)).toBe(true);
  expect(received.map((request) => String(request.operationId))).toContain(operationId);
  // One operation has two names: a receipt is read with a lease at one socket, with an operator's key at the other.
  through.add(operationId === "getReceiptAsOperator" ? "getReceipt" : operationId);
});

test("every operation of both documents was called", () => {
  const { getReceiptAsOperator: _theSame, ...others } = operatorOperations;
  const all = Object.keys({ ...agentOperations, ...others });
  console.log(`operations through msw: ${through.size} of ${all.length}`);
  expect([...through].sort()).toEqual(all.sort());
  expect(all).toHaveLength(37);
});

test("what is not the gate's to route is the gate's to refuse: 404, 405, HEAD, bytes that are no UTF-8", async () => {
  const seen = async (method: string, url: string) => {
    const response = await fetch(url, { method });
    return [response.status, await response.text(), response.headers.get("allow")];
  };
  const base = gate.publicBaseUrl;
  expect(await seen("GET", `${base}/v1/nothing`)).toEqual([404, "", null]);
  expect(await seen("GET", `${base}/v1/actions/`)).toEqual([404, "", null]);
  expect(await seen("GET", base)).toEqual([404, "", null]);
  expect(await seen("DELETE", `${base}/v1/actions`)).toEqual([405, "", "GET,HEAD"]);
  expect(await seen("GET", `${base}/v1/actions/%ff`)).toEqual([
    400,
    "Invalid URL: Invalid UTF-8 in `action_id`",
    null,
  ]);
  expect(await seen("HEAD", `${base}/healthz`)).toEqual([200, "", null]);
  expect(await seen("GET", `${base}/v1/approvals`)).toEqual([404, "", null]);
  expect(await seen("GET", `${ADMIN}/v1/approvals`)).toEqual([401, '{"error":"unauthorized"}', null]);
});

test("a broken connection is a network error, a wrong set-up is 501, and an abort reaches the gate", async () => {
  const ask = (init?: RequestInit) => fetch(`${gate.publicBaseUrl}/healthz`, init);
  for (const fault of [{ kind: "refuse" }, { kind: "reset", when: "answered" }] as const) {
    gate.fault("getHealth", fault);
    await expect(ask()).rejects.toThrow(TypeError);
  }
  gate.fault("getHealth", { kind: "hang", when: "unread" });
  const stop = new AbortController();
  const hanging = ask({ signal: stop.signal });
  setTimeout(() => stop.abort(), 5);
  await expect(hanging).rejects.toThrow(/abort/i);
  gate.fault("getHealth", { kind: "truncate" });
  const cut = await ask();
  await expect(cut.text()).rejects.toThrow();

  const loadAjv = () => Promise.reject(new Error("not there"));
  const broken = new MockGate({ loadAjv, actions: { a: { requestSchema: { type: "object" } } } });
  server.resetHandlers(...mswHandlers(broken));
  const client = new LatchGateClient({
    ...{ baseUrl: broken.publicBaseUrl, agentId: "agent:test", retry: false },
    fetch: (...a) => fetch(...a),
  });
  await expect(client.execute("a", {})).rejects.toMatchObject({ status: 501 });
});

test("it sits beside handlers of one's own, under base URLs of one's own", async () => {
  const elsewhere = mswHandlers(gate, {
    baseUrl: "https://gate.example",
    adminBaseUrl: "https://gate.example:8443/",
  });
  server.resetHandlers(
    http.get("https://gate.example/readyz", () => HttpResponse.text("mine")),
    ...elsewhere,
    http.get("https://gate.example.org/healthz", () => HttpResponse.text("another host")),
  );
  const read = async (url: string) => (await fetch(url)).text();
  expect(await read("https://gate.example/readyz")).toBe("mine");
  expect(await read("https://gate.example/healthz")).toBe('{"status":"ok"}');
  expect(await read("https://gate.example:8443/v1/admin/status")).toBe('{"error":"unauthorized"}');
  expect(await read("https://gate.example.org/healthz")).toBe("another host");

  const same = "http://localhost:3000";
  expect(() => mswHandlers(gate, { baseUrl: same, adminBaseUrl: same })).toThrow("never share a base URL");
  expect(() => mswHandlers(gate, { baseUrl: `${same}/gate` })).toThrow("a scheme, a host and a port");
});

test("without msw the one who asks for handlers is told so, and nobody else", async () => {
  vi.resetModules();
  vi.doMock("node:module", () => ({
    createRequire: () => () => {
      throw Object.assign(new Error("Cannot find module 'msw/core/http'"), { code: "MODULE_NOT_FOUND" });
    },
  }));
  try {
    const without = await import("../../src/testing/index.ts");
    const other = new without.MockGate();
    expect((await other.fetch("http://localhost:3000/healthz")).status).toBe(200);
    expect(() => without.mswHandlers(other)).toThrow(
      'mswHandlers needs the package "msw" (2.x), which is not installed: npm install --save-dev msw',
    );
  } finally {
    vi.doUnmock("node:module");
  }
});
