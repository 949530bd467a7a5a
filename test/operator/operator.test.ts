import { createPrivateKey } from "node:crypto";
import { inspect } from "node:util";
import { describe, expect, expectTypeOf, it } from "vitest";
import {
  createOperatorApi,
  DPoPKeyPair,
  defaultOperatorSocket,
  LatchGateInvalidRequest,
  LatchGateNotFound,
  LatchGateOperator,
  outcomeOf,
  verifyReceipt,
} from "../../src/operator.ts";
import { newKeyPair } from "../support/keys.ts";
import { failure, world } from "./world.ts";

describe("what is learned", () => {
  it("is added, listed, removed and cleared, for domains and for paths", async () => {
    const { operator } = world();
    const { domains, paths } = operator;
    expect(await domains.add("http_fetch", " API.GitHub.com. ")).toMatchObject({ inserted: true });
    expect(await domains.add("http_fetch", "api.github.com")).toMatchObject({ inserted: false });
    expect(await domains.list()).toMatchObject([
      { domain: "api.github.com", source: "api", approval_id: null },
    ]);
    expect(await domains.list("http_post")).toEqual([]);
    // The gate compares the text of a removal.
    expect(await domains.remove("http_fetch", "API.GitHub.COM")).toMatchObject({ deleted: true });
    expect(await paths.add("fs_write", "docs/**")).toMatchObject({ inserted: true, path_glob: "docs/**" });
    expect(await paths.list("fs_write")).toMatchObject([{ path_glob: "docs/**" }]);
    expect(await paths.clear("fs_write")).toMatchObject({ deleted_count: 1 });
    expect(await paths.remove("fs_write", "docs/**")).toMatchObject({ deleted: false });
    expect(await domains.clear("http_fetch")).toMatchObject({ deleted_count: 0 });
  });

  const DOMAINS = [
    "*.com",
    "*",
    "localhost",
    "10.0.0.1",
    "127.1.2.3",
    "a b.com",
    "com",
    "a..com",
    "",
    "*.example.com",
  ];
  const MORE = [
    "a*.example.com",
    "https://example.com",
    "example.com:80",
    "ex_ample.com",
    `${"a".repeat(64)}.com`,
  ];
  it.each([...DOMAINS, ...MORE])("the domain %j is refused before anything is sent", async (domain) => {
    const { operator, gate } = world();
    const error = await failure(operator.domains.add("http_fetch", domain));
    expect(error).toBeInstanceOf(LatchGateInvalidRequest);
    expect(error).toMatchObject({ code: "invalid_domain", outcome: "not_executed", status: undefined });
    expect(gate.received).toEqual([]);
  });

  const GLOBS = [
    "/etc/passwd",
    "/**",
    "*",
    "**",
    "**/*",
    "",
    " ",
    "a/../b",
    ".env",
    ".env.local",
    ".git/config",
  ];
  const FURTHER = [".ssh*", ".config/latchgate/x", "a\nb", "a\0b", "x".repeat(1025)];
  it.each([...GLOBS, ...FURTHER])("the path glob %j is refused before anything is sent", async (glob) => {
    const { operator, gate } = world();
    expect(await failure(operator.paths.add("fs_write", glob))).toMatchObject({
      code: "invalid_path_glob",
      outcome: "not_executed",
      status: undefined,
    });
    expect(gate.received).toEqual([]);
  });

  it("what is accepted here is accepted by the gate", async () => {
    const { operator } = world();
    const domains = ["example.com", "*.s3.amazonaws.com", "8.8.8.8", "xn--bcher-kva.example", "-a.com"];
    for (const domain of domains) await operator.domains.add("http_fetch", domain);
    const globs = ["docs/**", "docs/*.md", "a\tb", "docs/.env", ".environment", "src/.ssh/x"];
    for (const glob of globs) await operator.paths.add("fs_write", glob);
    expect(await operator.domains.list()).toHaveLength(domains.length);
    expect(await operator.paths.list()).toHaveLength(globs.length);
  });

  it("the 51st path of an action may or may not be there, and the hint says why", async () => {
    const { operator } = world();
    for (let n = 0; n < 50; n += 1) await operator.paths.add("fs_write", `docs/${n}`);
    const error = await failure(operator.paths.add("fs_write", "docs/50"));
    expect(error).toMatchObject({ status: 500, code: "ledger_error", outcome: "unknown" });
    expect((error as { hint: string }).hint).toMatch(/50 learned paths/);
  });
});

describe("the policy", () => {
  it("is shown, granted, revoked, and its hold lifted", async () => {
    const { operator } = world({ grants: { "agent:ops": ["risky"] } });
    const { policy } = operator;
    expect((await policy.show("agent:ops")).acl).toMatchObject({ allowed_actions: ["risky"] });
    expect(Object.keys((await policy.show()).acl)).toContain("agent:ops");
    expect(await policy.grant("agent:new one", ["fs_read"])).toMatchObject({ granted: ["fs_read"] });
    expect(await policy.revoke("agent:ops", ["risky"])).toMatchObject({ principal_removed: true });
    expect(await failure(policy.show("agent:ops"))).toBeInstanceOf(LatchGateNotFound);
    expect(await policy.allow("risky", "dev:anonymous")).toMatchObject({ ok: true });
    expect(await policy.disallow("risky", "dev:anonymous")).toMatchObject({ ok: true });
    expect(await failure(policy.disallow("risky", "dev:anonymous"))).toBeInstanceOf(LatchGateNotFound);
  });

  it("of a principal whose name has to be percent-encoded is found: the proof names the decoded path", async () => {
    const { operator, gate } = world({ grants: { "agent:bücher": ["risky"] } });
    expect(await operator.policy.show("agent:bücher")).toMatchObject({ principal: "agent:bücher" });
    expect(gate.received.at(-1)?.path).toContain("%C3%BC");
  });

  it.each([
    [["", ["fs_read"]], "invalid_principal"],
    [["a", []], "empty_actions"],
    [["a", Array.from({ length: 101 }, () => "x")], "too_many_actions"],
    [["a", ["../x"]], "invalid_action_id"],
    [["\ud800", ["x"]], "invalid_options"],
  ] as const)("grant(%j) is refused before anything is sent", async ([principal, actionIds], code) => {
    const { operator, gate } = world();
    expect(await failure(operator.policy.grant(principal, actionIds))).toMatchObject({ code });
    expect(gate.received).toEqual([]);
  });

  it("an action that there is not is the gate's to refuse", async () => {
    const { operator } = world();
    expect(await failure(operator.policy.grant("a", ["nothing"]))).toMatchObject({
      code: "unknown_action",
      outcome: "not_executed",
    });
    expect(await failure(operator.policy.allow("a b", "x"))).toMatchObject({ code: "invalid_input" });
  });
});

describe("the gate", () => {
  it("tells how it is, and does as it is told", async () => {
    const { operator, hold } = world();
    await hold();
    expect(await operator.status()).toMatchObject({ status: "ok", pending_approvals: 1, draining: false });
    expect(await operator.revokeAll()).toEqual({ previous_epoch: 0, current_epoch: 1 });
    expect(await operator.epoch()).toEqual({ current_epoch: 1 });
    expect(await operator.reload()).toMatchObject({ ok: true });
    expect(await operator.ready()).toMatchObject({ status: "ready" });
    expect(await operator.metrics()).toMatch(/# EOF\s*$/);
    expect(await operator.drain()).toMatchObject({ draining: true, already_draining: false });
    const error = await failure(
      operator.approvals.approve(await operator.approvals.list().then(([a]) => a?.approval_id ?? "")),
    );
    expect(error).toMatchObject({ code: "draining", outcome: "not_executed" });
  });

  it("shows receipts and the keys to verify them", async () => {
    const { operator, hold } = world();
    const result = await operator.approvals.approve(await hold());
    if (result.decision !== "executed") throw new Error(result.decision);
    const [receipt, keys] = await Promise.all([operator.receipt(result.receiptId), operator.receiptKeys()]);
    expect(verifyReceipt(receipt, keys)).toMatchObject({ state: "verified" });
    expect(await failure(operator.receipt("01a20b78-a2b1-7281-84c7-8cc9e813c48f"))).toBeInstanceOf(
      LatchGateNotFound,
    );
  });

  it("a write whose answer is lost may have been done, and is not sent again", async () => {
    const { operator, gate, asked } = world();
    gate.fault("revokeAll", { kind: "reset", when: "answered" });
    const error = await failure(operator.revokeAll());
    expect(error).toMatchObject({ outcome: "unknown", code: "lost" });
    expect((error as Error).message).toMatch(/the gate may have done it/);
    expect(asked("revokeAll")).toHaveLength(1);
  });

  it("a read that is lost is made again", async () => {
    const { operator, gate } = world();
    gate.fault("getStatus", { kind: "reset", when: "answered" });
    expect((await operator.status()).status).toBe("ok");
  });
});

describe("an operator's credentials", () => {
  const { apiKey, privateKey } = world().gate.operatorCredentials;
  const P384 = newKeyPair("ec", { namedCurve: "P-384" }).privateKey;
  const rsa = newKeyPair("rsa", { modulusLength: 1024 }).privateKey;

  it.each([
    ["", "invalid_credentials"],
    ["key\n", "invalid_credentials"],
    ["a key", "invalid_credentials"],
    ["schlüssel", "invalid_credentials"],
    [undefined, "invalid_credentials"],
  ])("the api key %j is refused at once", (wrong, code) => {
    expect(() => new LatchGateOperator({ apiKey: wrong as string, privateKey })).toThrow(
      expect.objectContaining({ code, outcome: "not_executed" }),
    );
  });

  it.each([
    ["text that is no PEM", "nonsense"],
    ["a public key", createPrivateKey(privateKey).export({ format: "jwk" }).x as string],
    ["a key on P-384", P384],
    ["a key on P-384 in PEM", P384.export({ type: "pkcs8", format: "pem" }).toString()],
    ["an RSA key", rsa],
    ["a JWK without its private part", { kty: "EC", crv: "P-256", x: "x", y: "y" }],
    ["nothing", undefined],
  ])("%s for a private key is refused at once, and not shown", (_, wrong) => {
    let error: unknown;
    try {
      new LatchGateOperator({ apiKey, privateKey: wrong as string });
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(LatchGateInvalidRequest);
    if (typeof wrong === "string") expect(inspect(error, { depth: 9 })).not.toContain(wrong);
  });

  it.each([
    ["PKCS#8", privateKey],
    ["SEC1", createPrivateKey(privateKey).export({ type: "sec1", format: "pem" }).toString()],
    ["a JWK", createPrivateKey(privateKey).export({ format: "jwk" })],
    ["a KeyObject", createPrivateKey(privateKey)],
    ["a DPoPKeyPair", DPoPKeyPair.from(privateKey)],
  ])("%s is a private key", async (_, key) => {
    const { gate } = world({ operators: { default: { apiKey, privateKey } } });
    const operator = new LatchGateOperator({
      fetch: gate.operatorFetch,
      apiKey,
      privateKey: key,
      now: gate.now,
    });
    expect((await operator.status()).status).toBe("ok");
  });

  it("of another key are refused by the gate, and what is wrong is said where the gate says it", async () => {
    const other = newKeyPair().privateKey;
    const { operator } = world({}, { privateKey: other });
    const error = await failure(operator.approvals.deny("01a20b78-a2b1-7281-84c7-8cc9e813c48f"));
    expect(error).toMatchObject({ code: "key_binding_failed", outcome: "not_executed" });
    expect((error as { hint: string }).hint).toMatch(/dpop_jkt/);
    expect(await failure(operator.status())).toMatchObject({
      code: "unauthorized",
      hint: expect.stringMatching(/doctor/),
    });
  });

  it("on a machine with a wrong clock read and decide all the same: a refusal that names no reason shows the gate's time", async () => {
    const { gate, operator, hold } = world({}, { now: () => gate.now() - 120_000 });
    const id = await hold();
    expect((await operator.status()).status).toBe("ok");
    expect(await operator.approvals.deny(id)).toMatchObject({ decision: "deny" });
    expect(gate.received.filter(({ path }) => path.endsWith("/status"))).toHaveLength(2);
  });

  it("on a machine with a wrong clock, without repetitions, the hint of a read says by how much it is off", async () => {
    const { gate, operator } = world({}, { now: () => gate.now() - 120_000, retry: false });
    expect(await failure(operator.status())).toMatchObject({
      code: "unauthorized",
      hint: expect.stringMatching(/clock is 1\d\d s behind/),
    });
    // The next one is dated by the corrected clock.
    expect((await operator.status()).status).toBe("ok");
  });

  it("for another base URL are refused, and both are named", async () => {
    const { operator } = world(
      { publicBaseUrl: "https://gate.example" },
      { publicBaseUrl: "http://localhost:9" },
    );
    const error = await failure(operator.approvals.deny("01a20b78-a2b1-7281-84c7-8cc9e813c48f"));
    expect(error).toMatchObject({
      hint: expect.stringMatching(/https:\/\/gate\.example.*http:\/\/localhost:9/),
    });
  });
});

it("without a place, it is the operators' socket beside the client's, and proofs name the gate's default", () => {
  const { apiKey, privateKey } = world().gate.operatorCredentials;
  expect(defaultOperatorSocket({ XDG_RUNTIME_DIR: "/run/user/1" })).toBe(
    "/run/user/1/latchgate/gate-admin.sock",
  );
  expect(defaultOperatorSocket({ XDG_RUNTIME_DIR: "" })).toMatch(/^\/tmp\/latchgate-\d+\/gate-admin\.sock$/);
  const onPort = new LatchGateOperator({ apiKey, privateKey, baseUrl: "http://127.0.0.1:3001" });
  expect(onPort.gateUrl).toBe("http://localhost:3000");
  expect(inspect(onPort)).toContain("http://127.0.0.1:3001");
});

describe("the low-level client", () => {
  it("is typed by the document, signs, and returns every answer of the gate", async () => {
    const { gate, hold } = world();
    const api = createOperatorApi({ fetch: gate.operatorFetch, ...gate.operatorCredentials, now: gate.now });
    const id = await hold();
    const list = await api.GET("/v1/approvals", { params: { query: { status: "pending" } } });
    expectTypeOf(list.data?.approvals[0]?.risk_level).toEqualTypeOf<
      "low" | "medium" | "high" | "critical" | undefined
    >();
    expect(list.data?.count).toBe(1);
    const denied = await api.POST("/v1/approvals/{approval_id}/deny", {
      params: { path: { approval_id: id } },
      body: { reason: "no" },
    });
    expect(denied.data?.decision).toBe("deny");
    const approved = await api.POST("/v1/approvals/{approval_id}/approve", {
      params: { path: { approval_id: id } },
    });
    expect(approved.data?.decision).toBe("already_denied");
    expect(outcomeOf("approveApproval", approved.response, approved.data)).toBe("unknown");
    expect(outcomeOf("approveApproval", { status: 409 }, { error: "conflict" })).toBe("unknown");
    const metrics = await api.GET("/metrics", { parseAs: "text" });
    expect(metrics.data).toMatch(/# EOF/);
    const removed = await api.DELETE("/v1/admin/domains", {
      body: { action_id: "a", domain: "example.com" },
    });
    expect(removed.data).toMatchObject({ deleted: false });
    const policy = await api.GET("/v1/admin/policy/{principal}", {
      params: { path: { principal: "agent:x" } },
    });
    expect(policy.response.status).toBe(404);
    expect((await api.GET("/healthz")).data).toMatchObject({ status: "ok" });
    await api.close();
  });

  it("refuses what needs an agent's lease, in one sentence", async () => {
    const { gate } = world();
    const api = createOperatorApi({ fetch: gate.operatorFetch, ...gate.operatorCredentials });
    const error = await failure(
      api.POST("/v1/actions/{action_id}/execute", { params: { path: { action_id: "risky" } }, body: {} }),
    );
    expect(error).toMatchObject({ code: "lease_needed", outcome: "not_executed" });
    expect(gate.received).toEqual([]);
  });
});
