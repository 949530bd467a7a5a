import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import {
  LatchGateApprovalExpired,
  LatchGateConflict,
  LatchGateDenied,
  LatchGateInvalidRequest,
  LatchGateNotFound,
  LatchGateOutcomeUnknown,
  willLearn,
} from "../../src/operator.ts";
import { failure, world } from "./world.ts";

const write = (path: string) => ({ operation: "write", path, content_base64: "eA==", mode: "create" });

describe("an approve", () => {
  it("is tried once: a second try would come without a new look at what may have been claimed", async () => {
    const { gate, operator, hold, asked } = world(
      {},
      { retry: { attempts: 5, minDelayMs: 0, maxDelayMs: 0 } },
    );
    const id = await hold();
    const throttled = {
      kind: "answer",
      status: 429,
      code: "operator_throttled",
      headers: { "retry-after": "0" },
    } as const;
    gate.fault("approveApproval", throttled);
    expect(await failure(operator.approvals.approve(id))).toMatchObject({
      name: "LatchGateRateLimited",
      outcome: "not_executed",
    });
    expect(asked("approveApproval")).toHaveLength(1);
    expect(gate.effects).toEqual([]);
  });

  it("executes the held action and gives its result", async () => {
    const { gate, operator, hold } = world();
    const id = await hold();
    const result = await operator.approvals.approve(id);
    if (result.decision !== "executed") throw new Error(result.decision);
    expect(result).toMatchObject({ ok: true, actionId: "risky", output: { ok: true, done: 1 } });
    expect(result.approval).toMatchObject({ approvalId: id, approvedBy: "default" });
    expect(result.sessionId).toBe(gate.approvals[0]?.sessionId);
    expect(result.traceId).not.toBe("");
    expect(gate.effects).toHaveLength(1);
    expect((await operator.receipt(result.receiptId)).receiptId).toBe(result.receiptId);
  });

  it("sends neither a body nor a content type", async () => {
    const { operator, hold, asked } = world();
    await operator.approvals.approve(await hold());
    expect(asked("approveApproval")[0]?.body).toBe("");
    expect(Object.keys(asked("approveApproval")[0]?.headers ?? {})).not.toContain("content-type");
  });

  it("says of one that has ended how it ended, and runs nothing", async () => {
    const { gate, operator, hold } = world();
    const [approved, denied, failed] = [await hold(), await hold(), await hold("broken")];
    const { receiptId } = (await operator.approvals.approve(approved)) as { receiptId: string };
    await operator.approvals.deny(denied, "not today");
    await failure(operator.approvals.approve(failed));
    const effects = gate.effects.length;
    expect(await operator.approvals.approve(approved)).toMatchObject({
      decision: "already_approved",
      status: "approved",
      receiptId,
    });
    expect(await operator.approvals.approve(denied)).toMatchObject({
      decision: "already_denied",
      denyReason: "not today",
    });
    const again = await operator.approvals.approve(failed);
    expect(again).toMatchObject({ decision: "already_failed", status: "failed" });
    // The answer does not say why; the detail that was looked at does.
    expect((again as { errorCode: string }).errorCode).toBeTruthy();
    expect(gate.effects).toHaveLength(effects);
  });

  it("is refused where it is claimed, and what could happen is said", async () => {
    const { gate, operator, hold, asked } = world();
    const id = await hold();
    gate.claim(id);
    const error = await failure(operator.approvals.approve(id));
    expect(error).toBeInstanceOf(LatchGateConflict);
    expect(error).toMatchObject({ code: "approval_claimed", outcome: "unknown" });
    expect(error).toMatchObject({ body: { approval: { status: "claimed", claimed_by: "default" } } });
    expect((error as LatchGateConflict).hint).toMatch(/a second time/);
    expect(asked("approveApproval")).toEqual([]);
  });

  it("of a claimed one is sent with again, and answered 409 within 120 s and with the second run after", async () => {
    const { gate, operator, hold } = world();
    const id = await hold();
    gate.claim(id);
    const error = await failure(operator.approvals.approve(id, { again: true }));
    expect(error).toBeInstanceOf(LatchGateConflict);
    expect(error).toMatchObject({
      status: 409,
      outcome: "unknown",
      body: { approval: { status: "claimed" } },
    });
    gate.advance(121_000);
    expect(await operator.approvals.approve(id, { again: true })).toMatchObject({ decision: "executed" });
  });

  it("of an expired one is refused by the gate's clock, whatever this machine's says", async () => {
    const { gate, operator, hold, asked } = world({}, { now: () => gate.now() - 4_000 });
    const id = await hold();
    gate.advance(301_000);
    const error = await failure(operator.approvals.approve(id));
    expect(error).toBeInstanceOf(LatchGateApprovalExpired);
    expect(error).toMatchObject({ code: "approval_expired", outcome: "not_executed" });
    expect(asked("approveApproval")).toEqual([]);
    const sent = await failure(operator.approvals.approve(id, { again: true }));
    expect(sent).toMatchObject({ status: 500, outcome: "unknown", body: { approval: { status: "failed" } } });
    expect((sent as LatchGateOutcomeUnknown).hint).toMatch(/expired/);
  });

  it("while another one runs is a conflict, and the action runs once", async () => {
    let go = () => {};
    const running = new Promise<void>((resolve) => {
      go = resolve;
    });
    const { gate, operator, hold } = world({
      actions: { slow: { riskLevel: "high", run: () => running.then(() => ({ ok: true })) } },
    });
    const id = await hold("slow");
    const first = operator.approvals.approve(id);
    await expect.poll(() => gate.approvals[0]?.state).toBe("claimed");
    expect(await failure(operator.approvals.approve(id))).toMatchObject({ code: "approval_claimed" });
    go();
    expect(await first).toMatchObject({ decision: "executed" });
    expect(gate.effects).toHaveLength(1);
  });

  it("of a file action without a learned path is refused before it is sent", async () => {
    const { operator, hold, asked } = world();
    const id = await hold("fs_write", write("docs/new.md"));
    const error = await failure(operator.approvals.approve(id));
    expect(error).toBeInstanceOf(LatchGateInvalidRequest);
    expect(error).toMatchObject({ code: "learned_path_needed", outcome: "not_executed" });
    expect((error as Error).message).toMatch(/learnPath.*paths\.add/);
    expect(asked("approveApproval")).toEqual([]);
    const result = await operator.approvals.approve(id, { learnPath: "docs/**" });
    expect(result).toMatchObject({ decision: "executed", ok: true, learnedPath: "docs/**" });
    const second = await hold("fs_write", write("docs/second.md"));
    expect(await operator.approvals.approve(second)).toMatchObject({
      decision: "executed",
      learnedPath: null,
    });
  });

  it.each([
    [{ learnDomain: "*.com" }, "invalid_domain", /too broad/],
    [{ learnPath: "docs/../x" }, "invalid_path_glob", /\.\./],
    [{ learnPath: "**" }, "invalid_path_glob", /everything/],
  ])("with %j is refused before anything is asked", async (learn, code, message) => {
    const { operator, hold, gate } = world();
    const id = await hold();
    const before = gate.received.length;
    const error = await failure(operator.approvals.approve(id, learn));
    expect(error).toMatchObject({ code, outcome: "not_executed", message: expect.stringMatching(message) });
    expect(gate.received).toHaveLength(before);
  });

  it("of an unknown approval finds none", async () => {
    const { operator } = world();
    const error = await failure(operator.approvals.approve("01a20b78-a2b1-7281-84c7-8cc9e813c48f"));
    expect(error).toBeInstanceOf(LatchGateNotFound);
    expect(error).toMatchObject({ outcome: "not_executed" });
    expect(await failure(operator.approvals.approve("a/b"))).toMatchObject({ code: "invalid_identifier" });
  });

  it("of an action without its secrets is denied, and the hint names them", async () => {
    const { operator, hold, gate } = world();
    const error = await failure(
      operator.approvals.approve(await hold("http_sensitive_read", { url: "https://api.github.com/user" })),
    );
    expect(error).toBeInstanceOf(LatchGateDenied);
    expect(error).toMatchObject({ code: "policy_denied", outcome: "not_executed" });
    expect((error as LatchGateDenied).hint).toMatch(/secrets/);
    expect(gate.effects).toEqual([]);
  });

  it("teaches the gate, and what it teaches was foretold", async () => {
    const { operator, hold } = world();
    const id = await hold("http_fetch", { url: "https://example.com/" });
    const foretold = willLearn(await operator.approvals.get(id));
    expect(foretold).toMatchObject({ actionId: "http_fetch", domain: "example.com", path: undefined });
    expect(foretold.words).toEqual([expect.stringMatching(/http_fetch may reach example\.com/)]);
    expect(await operator.approvals.approve(id)).toMatchObject({ learnedDomain: "example.com" });
    expect(await operator.domains.list("http_fetch")).toMatchObject([
      { domain: "example.com", source: "approval", approval_id: id },
    ]);
  });
});

describe("an approve whose answer is lost", () => {
  it.each([
    ["unread", "pending", "unknown", /approvals\.get|had not begun it/],
    ["running", "claimed", "unknown", /second time/],
    ["answered", "approved", "executed", /it has run: its receipt is/],
  ] as const)(
    "when it is %s is looked up: it is %s, and the outcome %s",
    async (when, status, outcome, hint) => {
      const { gate, operator, hold, asked } = world();
      const id = await hold();
      gate.fault({ operation: "approveApproval", times: when === "unread" ? 2 : 1 }, { kind: "reset", when });
      const error = (await failure(operator.approvals.approve(id))) as LatchGateOutcomeUnknown;
      expect(error).toBeInstanceOf(LatchGateOutcomeUnknown);
      expect(error).toMatchObject({ code: "lost", outcome, body: { approval: { status } } });
      expect(error.hint).toMatch(hint);
      // A second copy of the same bytes with the same proof, and nothing after that.
      expect(asked("approveApproval")).toHaveLength(2);
      expect(new Set(asked("approveApproval").map(({ headers }) => JSON.stringify(headers))).size).toBe(1);
      expect(gate.effects).toHaveLength(when === "unread" ? 0 : 1);
    },
  );

  it("and whose copy is the first that the gate reads, has run once", async () => {
    const { gate, operator, hold } = world();
    gate.fault("approveApproval", { kind: "reset", when: "unread" });
    expect(await operator.approvals.approve(await hold())).toMatchObject({ decision: "executed" });
    expect(gate.effects).toHaveLength(1);
  });

  it("for its time is up says so, and that it is claimed", async () => {
    const { gate, operator, hold } = world();
    const id = await hold();
    gate.fault("approveApproval", { kind: "hang", when: "answered" });
    const error = await failure(operator.approvals.approve(id, { timeoutMs: 200 }));
    expect(error).toMatchObject({
      code: "timeout",
      outcome: "executed",
      body: { approval: { status: "approved" } },
    });
  });

  it("and can't be looked up either says what to do first", async () => {
    const { gate, operator, hold } = world();
    const id = await hold();
    gate.fault("approveApproval", { kind: "reset", when: "running" });
    gate.fault({ operation: "getApproval", skip: 1, times: 99 }, { kind: "answer", status: 503 });
    const error = await failure(operator.approvals.approve(id));
    expect(error).toMatchObject({ code: "lost", outcome: "unknown" });
    expect((error as LatchGateOutcomeUnknown).hint).toMatch(/look with approvals\.get\("/);
  });

  it("and that the gate has seen before is looked up, and may have run", async () => {
    const { gate, operator, hold } = world();
    const id = await hold();
    gate.fault("approveApproval", { kind: "answer", status: 401, code: "replay_detected" });
    const error = await failure(operator.approvals.approve(id));
    expect(error).toBeInstanceOf(LatchGateOutcomeUnknown);
    expect(error).toMatchObject({ code: "replay_detected", outcome: "unknown" });
    expect(error).toMatchObject({ body: { approval: { status: "pending" } } });
  });
});

describe("a deny", () => {
  it("gives its reason to the agent", async () => {
    const { agent, operator, hold } = world();
    const id = await hold();
    expect(await operator.approvals.deny(id, "not today")).toMatchObject({
      decision: "deny",
      actionId: "risky",
      deniedBy: "default",
      denyReason: "not today",
    });
    expect(await agent.getApprovalStatus(id)).toMatchObject({ status: "denied", reason: "not today" });
    expect(await operator.approvals.deny(id, "twice")).toMatchObject({
      decision: "already_denied",
      denyReason: "not today",
    });
  });

  it("without a reason sends neither a body nor a content type", async () => {
    const { operator, hold, asked } = world();
    expect(await operator.approvals.deny(await hold())).toMatchObject({ denyReason: "operator_denied" });
    expect(await operator.approvals.deny(await hold(), "")).toMatchObject({ denyReason: "" });
    expect(asked("denyApproval").map(({ body }) => body)).toEqual(["", '{"reason":""}']);
    expect(Object.keys(asked("denyApproval")[0]?.headers ?? {})).not.toContain("content-type");
  });

  it("of a claimed one is a conflict: nothing was done", async () => {
    const { gate, operator, hold } = world();
    const id = await hold();
    gate.claim(id);
    expect(await failure(operator.approvals.deny(id))).toMatchObject({
      status: 409,
      outcome: "not_executed",
    });
  });
});

describe("the list of approvals", () => {
  it("leaves out what can't be given any more, unless it is asked for", async () => {
    const { gate, operator, hold } = world();
    const expired = await hold();
    gate.advance(301_000);
    const fresh = await hold();
    const ids = (list: readonly { approval_id: string }[]) => list.map(({ approval_id }) => approval_id);
    expect(ids(await operator.approvals.list())).toEqual([fresh]);
    expect(ids(await operator.approvals.list({ includeExpired: true }))).toEqual([fresh, expired]);
    expect(ids(await operator.approvals.list({ status: "denied" }))).toEqual([]);
    expect(await failure(operator.approvals.list({ limit: 201 }))).toMatchObject({ code: "invalid_options" });
  });
});

describe("the explanation of a failed one", () => {
  it("has the receipt that only the ledger names", async () => {
    const { operator, hold, gate } = world();
    gate.learn("fs_write", { path: "src/**" });
    const id = await hold("fs_write", write("docs/a.md"));
    const error = await failure(operator.approvals.approve(id));
    expect(error).toMatchObject({ status: 500, outcome: "unknown" });
    const explanation = await operator.approvals.explain(id);
    expect(explanation.status).toBe("failed");
    expect(explanation.why).toMatch(/it failed/);
    expect(explanation.event?.approval_id).toBe(id);
    expect(explanation.receipt?.receiptId).toBe(explanation.event?.receipt_id);
  });

  it("says of an expired one that nothing was sent", async () => {
    const { operator, hold, gate } = world();
    const id = await hold();
    gate.advance(301_000);
    await operator.approvals.approve(id, { again: true }).catch(() => {});
    expect(await operator.approvals.explain(id)).toMatchObject({
      status: "failed",
      side: "before",
      event: undefined,
    });
  });

  it("says of one that was denied that nothing was sent, where no approve can have been cut off before", async () => {
    const { operator, hold, gate } = world();
    const [soon, late, claimed] = [await hold(), await hold(), await hold()];
    gate.claim(claimed);
    await operator.approvals.deny(soon, "no");
    gate.advance(120_500);
    await operator.approvals.deny(late, "no");
    await operator.approvals.deny(claimed, "no");
    const side = async (id: string) => (await operator.approvals.explain(id)).side;
    expect([await side(soon), await side(late), await side(claimed)]).toEqual([
      "before",
      "unknown",
      "unknown",
    ]);
  });

  it("says of one that waits, was denied, was claimed, and ran, what it is", async () => {
    const { operator, hold, gate } = world();
    const [waits, denied, claimed, ran] = [await hold(), await hold(), await hold(), await hold()];
    await operator.approvals.deny(denied, "no");
    gate.claim(claimed);
    await operator.approvals.approve(ran);
    const why = async (id: string) => (await operator.approvals.explain(id)).why;
    expect(await why(waits)).toMatch(/nobody has decided/);
    expect(await why(denied)).toMatch(/denied it: no/);
    expect(await why(claimed)).toMatch(/may have run/);
    expect(await operator.approvals.explain(ran)).toMatchObject({
      side: "after",
      receipt: expect.anything(),
    });
  });
});

it("nothing that is printed of an operator's client holds its api key or its PEM", async () => {
  const { gate, operator } = world();
  const { apiKey, privateKey } = gate.operatorCredentials;
  const wrong = world({}, { apiKey: "key-other-0123456789", privateKey }).operator;
  const error = await failure(wrong.approvals.deny("01a20b78-a2b1-7281-84c7-8cc9e813c48f"));
  expect(error).toMatchObject({ code: "invalid_operator_token", outcome: "not_executed" });
  const printed = [operator, error]
    .flatMap((thing) => [
      inspect(thing, { depth: 9, showHidden: true, getters: true }),
      JSON.stringify(thing),
    ])
    .join();
  for (const secret of [apiKey, "key-other-0123456789", privateKey.split("\n")[1] ?? "", "DPoP ey"])
    expect(printed).not.toContain(secret);
});
