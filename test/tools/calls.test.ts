import {
  type ExecuteOptions,
  LatchGateApprovalRequired,
  type LatchGateClient,
  LatchGateInvalidRequest,
} from "latchgate-client";
import type { MockGate } from "latchgate-client/testing";
import { createTools, type GateTool, type ToolOptions } from "latchgate-client/tools";
import { describe, expect, it, vi } from "vitest";
import { world } from "./world.ts";

async function tool(client: LatchGateClient, name: string, options: ToolOptions = {}): Promise<GateTool> {
  const [found] = await client.tools({ only: [name], ...options });
  if (found === undefined) throw new Error(`no tool ${name}`);
  return found;
}

describe("a call of a tool", () => {
  it("answers with what the action put out, and keeps the ids for the program", async () => {
    const { client, gate } = world();
    const answer = await (await tool(client, "mail")).execute({ to: "a@b" });
    expect(JSON.parse(JSON.stringify(answer))).toEqual({
      ok: true,
      outcome: "executed",
      output: { ok: true, sent: 1 },
    });
    expect(answer.result?.receiptId).toMatch(/^[0-9a-f-]{36}$/);
    expect(gate.effects).toHaveLength(1);
  });

  it("says that an action ran and did not succeed", async () => {
    const { client } = world();
    const answer = await (await tool(client, "sorry")).execute(undefined);
    expect(answer).toMatchObject({ ok: false, outcome: "executed", output: { error: { code: "no_luck" } } });
    expect(answer.message).toContain("did not succeed");
  });

  it("leaves out an output that is nested so deep that no framework could write it as JSON", async () => {
    const { client } = world();
    const [levels, last] = [9_000, { ok: true }];
    let output: Record<string, unknown> = last;
    for (let level = 0; level < levels; level += 1) output = { output };
    const source = Object.assign(client, { execute: async () => ({ ok: true, output }) });
    const [deep] = await createTools(source as unknown as LatchGateClient, { only: ["free"] });
    const answered = {
      ok: true,
      outcome: "executed",
      output: "left out: it is nested more than 500 levels deep",
    };
    expect(JSON.parse(JSON.stringify(await deep?.execute({})))).toEqual(answered);
    expect(await deep?.mcp({}, {})).toEqual({ content: [{ type: "text", text: JSON.stringify(answered) }] });
  });

  it("with parameters that do not fit says which, and costs neither budget nor lease", async () => {
    const { client, gate, executes } = world();
    const answer = await (await tool(client, "mail")).execute({ to: "x" }, { toolCallId: "c" });
    expect(answer).toEqual({
      ok: false,
      outcome: "not_executed",
      message:
        "Nothing was done: the parameters do not fit: /to must NOT have fewer than 3 characters. Mend them, and call the tool again.",
    });
    expect(gate.sessions).toEqual([]);
    expect(executes()).toBe(0);
    // The id is free again: a framework may repair the call and keep its id.
    const mended = await (await tool(client, "mail")).execute({ to: "a@b" }, { toolCallId: "c" });
    expect(mended.ok).toBe(true);
  });

  it("with something else than an object is refused before anything is sent", async () => {
    const { client, executes } = world();
    const answer = await (await tool(client, "free")).execute("text");
    expect(answer).toMatchObject({ ok: false, outcome: "not_executed" });
    expect(answer.message).toContain("must be an object");
    expect(executes()).toBe(0);
  });

  it("that is run twice with one call id acts once, and with another conversation's twice", async () => {
    const { client, gate } = world();
    const mail = await tool(client, "mail");
    const first = await mail.execute({ to: "a@b" }, { toolCallId: "call_1" });
    const second = await mail.execute({ to: "a@b" }, {}, { toolCall: { callId: "call_1" } });
    expect(second).toEqual({ ...first, message: expect.stringContaining("made before") });
    expect(gate.effects).toHaveLength(1);
    await mail.execute({ to: "a@b" }, { toolCall: { id: "call_1" }, configurable: { thread_id: "t2" } });
    expect(gate.effects).toHaveLength(2);
    await (await tool(client, "mail", { conversation: "t3" })).execute({ to: "a@b" }, { callId: "call_1" });
    expect(gate.effects).toHaveLength(3);
  });

  it("that uses another call's id for other parameters does nothing, and says so", async () => {
    const { client, gate } = world();
    const mail = await tool(client, "mail");
    await mail.execute({ to: "a@b" }, { callId: "1" });
    const answer = await mail.execute({ to: "c@d" }, { callId: "1" });
    expect(answer).toMatchObject({ outcome: "not_executed" });
    expect(answer.message).toContain("belongs to another one");
    expect(gate.effects).toHaveLength(1);
  });

  it.each([["abortSignal"], ["signal"], ["mcpReq"]])("hears of the framework's %s", async (member) => {
    const { client, gate, clock } = world();
    const mail = await tool(client, "mail");
    gate.fault("executeAction", { kind: "hang", when: "answered" });
    const aborting = new AbortController();
    const context = { [member]: member === "mcpReq" ? { signal: aborting.signal } : aborting.signal };
    const called = mail.execute({ to: "a@b" }, {}, context);
    clock.timer(1_000, () => aborting.abort());
    const answer = await clock.until(called);
    expect(answer).toMatchObject({ ok: false, outcome: "unknown", error: { code: "aborted" } });
  });

  it("whose outcome is unknown tells the model not to call again, in an answer and not by throwing", async () => {
    const { client, gate } = world();
    const mail = await tool(client, "mail");
    gate.fault({ operation: "executeAction", times: 2 }, { kind: "reset", when: "answered" });
    const answer = await mail.execute({ to: "a@b" }, { toolCallId: "c" });
    expect(answer).toMatchObject({ ok: false, outcome: "unknown" });
    expect(answer.message).toContain("Don't call the tool again");
    // A framework that runs it again gets the same, and nothing is sent.
    expect((await mail.execute({ to: "a@b" }, { toolCallId: "c" })).outcome).toBe("unknown");
    expect(gate.effects).toHaveLength(1);
  });

  it("without ajv is checked by the gate's own limits alone", async () => {
    const { client, executes } = world();
    const missing = new LatchGateInvalidRequest("<options>", "no ajv", { code: "peer_missing" });
    const real = client.execute.bind(client);
    const execute = vi.fn((name: string, params?: Record<string, unknown>, options: ExecuteOptions = {}) =>
      options.validate === undefined ? real(name, params, options) : Promise.reject(missing),
    );
    const [mail] = await createTools(Object.assign(client, { execute }), { only: ["mail"] });
    const deep = (depth: number): object => (depth === 0 ? {} : { in: deep(depth - 1) });
    expect((await mail?.execute(deep(10)))?.message).toContain("is nested too deep");
    expect(executes()).toBe(0);
    expect((await mail?.execute({ to: "a@b" }))?.ok).toBe(true);
    // It is tried once: with and without for the first call, without for the second.
    expect(execute).toHaveBeenCalledTimes(3);
  });
});

describe("a held call", () => {
  it("is waited for, and answered when the operator has approved", async () => {
    const { client, gate, clock, decide } = world();
    const called = (await tool(client, "pay")).execute({ to: "a@b" }, { toolCallId: "c" });
    clock.timer(60_000, () => void decide());
    expect(await clock.until(called)).toMatchObject({ ok: true, output: { paid: 1 } });
    expect(gate.effects).toHaveLength(1);
  });

  it("is answered at once where the program wants that, and taken up by its call id", async () => {
    const { client, gate, decide } = world();
    const pay = await tool(client, "pay", { onHeld: "return" });
    const held = await pay.execute({ to: "a@b" }, { toolCallId: "c" });
    expect(held).toMatchObject({ ok: false, held: true, outcome: "not_executed" });
    expect(held.message).toContain("Don't call the tool again");
    expect(held.error).toBeInstanceOf(LatchGateApprovalRequired);
    expect(await pay.execute({ to: "a@b" }, { toolCallId: "c" })).toMatchObject({ held: true });
    await decide();
    expect(await pay.execute({ to: "a@b" }, { toolCallId: "c" })).toMatchObject({ ok: true });
    expect(await pay.execute({ to: "a@b" }, { toolCallId: "c" })).toMatchObject({ ok: true });
    expect(gate.effects).toHaveLength(1);
    expect(gate.approvals).toHaveLength(1);
  });

  it("is handed to the program's function, and waited for after that", async () => {
    const { client, gate, decide } = world();
    const onHeld = vi.fn(async () => void (await decide()));
    const pay = await tool(client, "pay", { onHeld });
    const context = { toolCallId: "c", more: 1 };
    expect(await pay.execute({ to: "a@b" }, context)).toMatchObject({ ok: true });
    expect(onHeld).toHaveBeenCalledWith(
      expect.objectContaining({ approvalId: gate.approvals[0]?.approvalId }),
      expect.objectContaining({ name: "pay", input: { to: "a@b" }, callId: "c", context: [context] }),
    );
    expect((await pay.execute({ to: "a@b" })).ok).toBe(true);
    expect(gate.effects).toHaveLength(2);
  });

  it("leaves the tool by what that function throws, as a framework's interrupt does", async () => {
    const { client, gate, decide } = world();
    const pause = new Error("pause");
    const onHeld = () => {
      throw pause;
    };
    const pay = await tool(client, "pay", { onHeld });
    await expect(pay.execute({ to: "a@b" }, { toolCallId: "c" })).rejects.toBe(pause);
    await decide();
    expect(await pay.execute({ to: "a@b" }, { toolCallId: "c" })).toMatchObject({ ok: true });
    expect(gate.effects).toHaveLength(1);
  });

  it("is answered as held when the wait ends first: it may still be approved", async () => {
    const { client, clock } = world();
    const pay = await tool(client, "pay", { waitMs: 10_000 });
    const answer = await clock.until(pay.execute({ to: "a@b" }));
    expect(answer).toMatchObject({ ok: false, held: true, outcome: "unknown" });
    expect(answer.message).toContain("may still be approved");
  });
});

describe("what a model sees", () => {
  const SECRET = "sk-live-0123456789";

  it("is no reason of an operator, and no id, unless the program adds them", async () => {
    const { client, gate, clock, decide } = world();
    const pay = await tool(client, "pay");
    const denied = async (called: Promise<object>) => {
      clock.timer(5_000, () => void decide("deny", SECRET));
      return clock.until(called);
    };
    const answer = await denied(pay.execute({ to: "a@b" }, { toolCallId: "c" }));
    expect(answer).toMatchObject({ ok: false, outcome: "not_executed", error: { reason: SECRET } });
    expect(JSON.stringify(answer)).toContain("an operator has refused");
    expectNothingOf(gate, client, JSON.stringify(answer));

    const onError = vi.fn(() => "Use the small account.");
    const telling = await tool(client, "pay", { onError });
    const told = await denied(telling.execute({ to: "a@b" }));
    expect(told).toMatchObject({ message: expect.stringMatching(/refused.*Use the small account\.$/) });
    expect(onError).toHaveBeenCalledWith(
      expect.objectContaining({ reason: SECRET }),
      expect.objectContaining({ name: "pay" }),
    );
  });

  it("is what it can do about an error, and never the error's own text", async () => {
    const { client, gate, clock } = world();
    const [mail, pay] = await client.tools({ only: ["mail", "pay"], onHeld: "return" });
    const faults = [
      { status: 403, code: "policy_denied", says: "policy does not allow" },
      { status: 403, code: SECRET, says: "It is not known whether this was done" },
      { status: 503, code: "draining", says: "called again later" },
      { status: 401, code: "invalid_dpop", says: "A person has to look" },
      { status: 404, code: "action_not_found", says: "does not know this action" },
      { status: 413, code: "request_too_large", says: "It is not known whether this was done" },
      { status: 500, code: "internal", says: "Don't call the tool again" },
      { status: 500, code: "evidence_persistence_failed", says: "This was done" },
    ];
    for (const { status, code, says } of faults) {
      const body = JSON.stringify({ error: code, reason: SECRET, detail: SECRET });
      const fault = gate.fault(
        { operation: "executeAction", times: 9 },
        { kind: "answer", status, code, body },
      );
      const answer = await clock.until(mail?.execute({ to: "a@b" }) ?? Promise.reject());
      expect(fault.befell).toBeGreaterThan(0);
      expect(answer.message).toContain(says);
      expectNothingOf(gate, client, JSON.stringify(answer));
      fault.remove();
    }
    const held = await pay?.mcp({ to: "a@b" });
    expect(held?.isError).toBeUndefined();
    expectNothingOf(gate, client, JSON.stringify(held));
  });

  function expectNothingOf(gate: MockGate, client: LatchGateClient, text: string): void {
    const ids = [
      ...gate.approvals.flatMap(({ approvalId, sessionId }) => [approvalId, sessionId]),
      ...gate.auditEvents.map(({ trace_id }) => String(trace_id)),
      String(client.leaseJti),
      SECRET,
    ];
    expect(ids.length).toBeGreaterThan(1);
    expect(ids.filter((id) => text.includes(id))).toEqual([]);
  }
});
