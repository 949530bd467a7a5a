import { inspect } from "node:util";
import { MockGate, type MockGateOptions } from "latchgate-client/testing";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import {
  type ClientOptions,
  createTransport,
  LatchGateApprovalRequired,
  LatchGateClient,
  LatchGateNotFound,
  LatchGateOutcomeUnknown,
  verifyReceipt,
} from "../../src/index.ts";
import { failureOf } from "../support/failure-of.ts";

function world(gateOptions: MockGateOptions = {}, clientOptions: ClientOptions = {}) {
  const start = Date.now();
  const gate = new MockGate({
    now: () => start,
    rateLimits: false,
    actions: {
      count: { riskLevel: "low", run: () => ({ ok: true, n: 1 }) },
      fails: { riskLevel: "low", run: () => ({ ok: false, error: { code: "no" } }) },
      risky: { riskLevel: "high", run: () => ({ ok: true, n: 2 }) },
    },
    ...gateOptions,
  });
  return {
    gate,
    client: new LatchGateClient({ fetch: gate.fetch, agentId: "t", now: gate.now, ...clientOptions }),
  };
}

async function held(client: LatchGateClient): Promise<LatchGateApprovalRequired> {
  const error = await failureOf(client.execute("risky", { marker: 1 }));
  if (!(error instanceof LatchGateApprovalRequired)) throw error;
  return error;
}

describe("execute", () => {
  it("gives the output, the ids and the verification in both spellings", async () => {
    const { client, gate } = world();
    const result = await client.execute("http_fetch", { url: "https://httpbin.org/get" });
    const [answered] = gate.effects;
    expect(answered?.actionId).toBe("http_fetch");
    expect(result).toMatchObject({
      ok: true,
      output: { ok: true, data: { status_code: 200 } },
      verification: { outcome: "verified", is_fully_successful: true, isFullySuccessful: true },
      sessionId: client.sessionId,
    });
    expect(result.runtime.durationMs).toBe(result.runtime.duration_ms);
    expect(result.runtime.fuelConsumed).toBe(result.runtime.fuel_consumed);
  });

  it("sends the parameters as they are, and an empty object for none", async () => {
    const { client, gate } = world();
    await client.execute("count", { a: [1, "ü", null] });
    await client.execute("count");
    expect(gate.effects.map(({ params }) => params)).toEqual([{ a: [1, "ü", null] }, {}]);
  });

  it("a 200 is not success: an output that says so, or a failed verification, is not ok", async () => {
    const { client } = world();
    const unhappy = await client.execute("fails");
    expect(unhappy.verification.isFullySuccessful).toBe(true);
    expect(unhappy.ok).toBe(false);
    const missing = await client.execute("fs_read", { operation: "read", path: "docs/none.md" });
    expect(missing).toMatchObject({ ok: false, verification: { outcome: "verification_failed" } });
  });

  it("a held action throws what is needed to follow it, and has not run", async () => {
    const { client, gate } = world();
    const error = await held(client);
    expect(error).toMatchObject({
      outcome: "not_executed",
      status: 202,
      actionId: "risky",
      approvalId: gate.approvals[0]?.approvalId,
      requestHash: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      traceId: expect.any(String),
      sessionId: client.sessionId,
    });
    expect(gate.effects).toEqual([]);
  });

  it.each(["running", "answered"] as const)(
    "a connection lost while the action runs (%s) is an unknown outcome, and one effect",
    async (when) => {
      const { client, gate } = world();
      await client.connect();
      gate.fault("executeAction", { kind: "reset", when });
      const error = await failureOf(client.execute("count"));
      expect(error).toBeInstanceOf(LatchGateOutcomeUnknown);
      expect(error).toMatchObject({ code: "lost", outcome: "unknown", attempts: 2 });
      expect(gate.effects).toHaveLength(1);
    },
  );

  it("a connection lost before the gate acts costs a second copy with the same proof, and one effect", async () => {
    const { client, gate } = world();
    await client.connect();
    gate.fault("executeAction", { kind: "reset", when: "unread" });
    expect((await client.execute("count")).ok).toBe(true);
    const sent = gate.received.filter(({ operationId }) => operationId === "executeAction");
    expect(sent.map(({ proof }) => proof?.jti)).toEqual([sent[0]?.proof?.jti, sent[0]?.proof?.jti]);
    expect(gate.effects).toHaveLength(1);
  });

  it.each([
    [500, "internal_error", "unknown"],
    [500, "evidence_persistence_failed", "executed"],
    [502, "action_execution_failed", "unknown"],
    [422, "schema_violation", "unknown"],
  ] as const)("%s %s may have run and is not sent again", async (status, code, outcome) => {
    const { client, gate } = world();
    await client.connect();
    gate.fault("executeAction", { kind: "answer", status, code });
    const error = await failureOf(client.execute("count"));
    expect(error).toBeInstanceOf(LatchGateOutcomeUnknown);
    expect(error).toMatchObject({ code, status, outcome });
    expect(gate.received.filter(({ operationId }) => operationId === "executeAction")).toHaveLength(1);
  });

  it("a call that hangs ends by its timeout, and one that is aborted ends at once: both may have run", async () => {
    const { client, gate } = world();
    await client.connect();
    gate.fault({ operation: "executeAction", times: 2 }, { kind: "hang", when: "answered" });
    expect(await failureOf(client.execute("count", {}, { timeoutMs: 20 }))).toMatchObject({
      code: "timeout",
      outcome: "unknown",
    });
    const controller = new AbortController();
    const call = failureOf(client.execute("count", {}, { signal: controller.signal }));
    await expect.poll(() => gate.effects.length).toBe(2);
    controller.abort(new Error("enough"));
    expect(await call).toMatchObject({ code: "aborted", outcome: "unknown", cause: { message: "enough" } });
  });

  it("a proof for another base URL is refused with both URLs, and not signed for the one that the answer told", async () => {
    const { client, gate } = world({}, { publicBaseUrl: "http://elsewhere:1" });
    const error = await failureOf(client.execute("count"));
    expect(error).toMatchObject({ code: "invalid_dpop", outcome: "not_executed" });
    expect(error.hint).toContain("http://elsewhere:1/v1/actions/count/execute");
    expect(error.hint).toContain("http://localhost:3000/v1/actions/count/execute");
    expect(gate.received.filter(({ operationId }) => operationId === "executeAction")).toHaveLength(1);
  });

  it("a wrong clock that may not be corrected is named with its difference", async () => {
    const { gate } = world();
    const now = () => gate.now() - 120_000;
    const client = new LatchGateClient({ fetch: gate.fetch, agentId: "t", now, retry: false });
    expect((await failureOf(client.execute("count"))).hint).toContain("120 s behind");
  });

  it("what is denied says why, and what to do about it", async () => {
    const { client } = world({ grants: ["count"] });
    expect(await failureOf(client.execute("fails"))).toMatchObject({
      name: "LatchGateDenied",
      status: 403,
      outcome: "not_executed",
      actionId: "fails",
      body: { remediation: expect.stringContaining("latchgate policy grant") },
    });
  });

  it("an unknown action is not found", async () => {
    const { client } = world();
    expect(await failureOf(client.execute("nothing"))).toMatchObject({
      name: "LatchGateNotFound",
      code: "action_not_found",
    });
  });
});

describe("approvals", () => {
  it("are polled by the session that opened them, whatever session is current", async () => {
    const { client, gate } = world();
    const { approvalId } = await held(client);
    await client.connect();
    expect(await client.getApprovalStatus(approvalId)).toMatchObject({
      status: "pending",
      actionId: "risky",
      retryAfterSeconds: 2,
    });
    await gate.approve(approvalId);
    const status = await client.getApprovalStatus(approvalId);
    expect(status).toMatchObject({ status: "approved", receiptId: expect.any(String) });
    expect((await client.getReceipt(status.receiptId ?? "")).providerReceipt).toEqual({ ok: true, n: 2 });
  });

  it("of another session are not found", async () => {
    const { client, gate } = world();
    const { approvalId } = await held(client);
    const other = new LatchGateClient({ fetch: gate.fetch, agentId: "u", now: gate.now });
    expect(await failureOf(other.getApprovalStatus(approvalId))).toBeInstanceOf(LatchGateNotFound);
  });

  it("that were denied give the operator's reason", async () => {
    const { client, gate } = world();
    const { approvalId } = await held(client);
    await gate.deny(approvalId, "not today");
    expect(await client.getApprovalStatus(approvalId)).toMatchObject({
      status: "denied",
      reason: "not today",
    });
  });
});

describe("reading", () => {
  it("a receipt of the gate verifies offline, with its keys and without", async () => {
    const { client, gate } = world();
    const receipt = await client.getReceipt((await client.execute("count")).receiptId);
    expect(verifyReceipt(receipt, gate.receiptKeys).state).toBe("verified");
    expect(verifyReceipt(receipt).state).toBe("hash_holds");
    expect(receipt.raw.receipt_id).toBe(receipt.receiptId);
  });

  it("a gate that is not ready is an answer, and no error", async () => {
    const { client, gate } = world();
    const body = { ...(await client.ready()), status: "not_ready", redis: false };
    gate.fault("getReadiness", { kind: "answer", status: 503, body: JSON.stringify(body) });
    expect(await client.ready()).toMatchObject({ status: "not_ready", redis: false });
  });

  it("what is public needs no lease", async () => {
    const { client, gate } = world();
    expect((await client.actions()).map(({ action_id }) => action_id)).toContain("count");
    expect(await client.action("count")).toMatchObject({ risk_level: "low" });
    expect(await client.getActionEgress("http_fetch")).toMatchObject({ profile: "proxy_allowlist" });
    expect(await client.actionSchema("http_fetch")).toMatchObject({ type: "object" });
    expect(await client.health()).toEqual({ status: "ok" });
    expect((await client.leaseKeys()).keys).toHaveLength(1);
    expect(await failureOf(client.actionSchema("count"))).toBeInstanceOf(LatchGateNotFound);
    expect(gate.received.every(({ proof }) => proof === undefined)).toBe(true);
  });

  it("a read whose connection is lost is read again, and has done nothing when that fails too", async () => {
    const { client, gate } = world({}, { retry: { minDelayMs: 0, maxDelayMs: 0 } });
    const { receiptId } = await client.execute("count");
    gate.fault("getReceipt", { kind: "reset", when: "answered" });
    expect((await client.getReceipt(receiptId)).receiptId).toBe(receiptId);
    gate.fault({ operation: "getReceipt", times: 3 }, { kind: "reset", when: "answered" });
    expect(await failureOf(client.getReceipt(receiptId))).toMatchObject({
      name: "LatchGateTransportError",
      outcome: "not_executed",
      code: "lost",
      attempts: 3,
    });
  });
});

describe("the client itself", () => {
  it("shows nothing of its lease or key", async () => {
    const { client } = world();
    await client.connect();
    const token = (client as unknown as { leaseJwt: string }).leaseJwt;
    expect(token).toMatch(/^eyJ/);
    const shown = [
      inspect(client, { depth: null, showHidden: true, getters: false }),
      JSON.stringify(client),
      inspect(client.session),
      String(client),
    ];
    expect(shown.join("\n")).not.toContain(token.split(".")[2]);
  });

  it("leases by itself under the name in LATCHGATE_AGENT_ID, and under none where that is empty", async () => {
    onTestFinished(() => void vi.unstubAllEnvs());
    const { gate } = world();
    vi.stubEnv("LATCHGATE_AGENT_ID", "agent:from-outside");
    const named = new LatchGateClient({ fetch: gate.fetch, now: gate.now });
    expect((await named.execute("count")).ok).toBe(true);
    vi.stubEnv("LATCHGATE_AGENT_ID", "");
    const unnamed = new LatchGateClient({ fetch: gate.fetch, now: gate.now });
    expect(await failureOf(unnamed.execute("count"))).toMatchObject({ name: "LatchGateNotConnected" });
  });

  it("the low-level client is on the same session", async () => {
    const { client, gate } = world();
    await client.execute("count");
    const { data, response } = await client.api.POST("/v1/actions/{action_id}/execute", {
      params: { path: { action_id: "count" } },
      body: {},
    });
    expect(response.status).toBe(200);
    expect(data).toMatchObject({ decision: "executed" });
    expect(gate.received.filter(({ operationId }) => operationId === "createLease")).toHaveLength(1);
  });

  it("clients share a transport, and closing one leaves it to the others", async () => {
    const { gate } = world();
    const transport = createTransport({ fetch: gate.fetch });
    const [one, two] = ["one", "two"].map(
      (agentId) => new LatchGateClient({ transport, agentId, now: gate.now }),
    );
    await one?.execute("count");
    await one?.close();
    await two?.execute("count");
    await transport.close();
    expect(await failureOf(two?.execute("count") ?? Promise.resolve())).toMatchObject({
      code: "closed",
      outcome: "not_executed",
    });
    expect(() => new LatchGateClient({ transport, socket: "/x" })).toThrow("contradict");
  });
});
