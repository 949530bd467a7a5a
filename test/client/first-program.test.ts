import { createAgentApi, LatchGateClient, type LatchGateError } from "latchgate-client";
import { LatchGateOperator } from "latchgate-client/operator";
import { MockGate } from "latchgate-client/testing";
import { describe, expect, it } from "vitest";

const NOWHERE = "/nonexistent/gate.sock";

async function errorOf(call: () => Promise<unknown>): Promise<LatchGateError> {
  try {
    await call();
  } catch (error) {
    return error as LatchGateError;
  }
  throw new Error("it did not fail");
}

describe("an action's id with a slip of the pen", () => {
  it("is answered with the nearest one, once the client has heard of the gate's actions", async () => {
    const gate = new MockGate();
    const client = new LatchGateClient({ fetch: gate.fetch, agentId: "t", now: gate.now });
    const before = await errorOf(() => client.execute("htp_fetch", {}));
    expect(before).toMatchObject({
      code: "action_not_found",
      hint: expect.stringMatching(/^actions\(\) lists/),
    });
    await client.actions();
    const asked = gate.received.length;
    const after = await errorOf(() => client.execute("htp_fetch", {}));
    expect(after).toMatchObject({
      name: "LatchGateNotFound",
      code: "action_not_found",
      outcome: "not_executed",
      status: 404,
      hint: expect.stringContaining('did you mean "http_fetch"?'),
    });
    // The list that is at hand is enough.
    expect(gate.received.length - asked).toBe(1);
    expect((await errorOf(() => client.execute("qqqqqqqq", {}))).hint).not.toContain("did you mean");
  });

  it("has the same code when its parameters are checked before, and when it is looked at", async () => {
    const gate = new MockGate();
    const client = new LatchGateClient({
      fetch: gate.fetch,
      agentId: "t",
      now: gate.now,
      validate: "before",
    });
    for (const call of [() => client.execute("htp_fetch", {}), () => client.action("htp_fetch")]) {
      const error = await errorOf(call);
      expect(error).toMatchObject({ name: "LatchGateNotFound", code: "action_not_found" });
      expect(error.hint).toContain("actions()");
    }
    await expect(client.tools({ only: ["htp_fetch"] })).rejects.toThrow(
      "htp_fetch (did you mean http_fetch?)",
    );
  });
});

it("a call without connect() and agentId says that either helps", async () => {
  const client = new LatchGateClient({ fetch: new MockGate().fetch });
  expect(await errorOf(() => client.execute("http_fetch", {}))).toMatchObject({
    code: "not_connected",
    message: "call connect() before execute()",
    hint: expect.stringContaining("agentId"),
  });
});

it("an operator who asks for a receipt that is not there is told which", async () => {
  const gate = new MockGate();
  const operator = new LatchGateOperator({
    fetch: gate.operatorFetch,
    ...gate.operatorCredentials,
    now: gate.now,
  });
  expect((await errorOf(() => operator.receipt("nope"))).message).toContain("nope");
});

describe("an error's stack has a line of the program that made the call", () => {
  const gate = new MockGate();
  const options = { agentId: "t", fetch: gate.fetch, now: gate.now };
  const operator = { ...gate.operatorCredentials, socket: NOWHERE };
  const away = { agentId: "t", socket: NOWHERE };
  it.each<[string, () => Promise<unknown>]>([
    ["execute without a gate", () => new LatchGateClient(away).execute("http_fetch", {})],
    ["connect without a gate", () => new LatchGateClient(away).connect()],
    ["getReceipt without a gate", () => new LatchGateClient(away).getReceipt("r")],
    ["actions without a gate", () => new LatchGateClient(away).actions()],
    [
      "a checked execute without a gate",
      () => new LatchGateClient({ ...away, validate: "before" }).execute("a", {}),
    ],
    [
      "the low-level client without a gate",
      () => createAgentApi(away).GET("/v1/receipts/{receipt_id}", { params: { path: { receipt_id: "r" } } }),
    ],
    ["an operator without a gate", () => new LatchGateOperator(operator).approvals.list()],
    ["no lease", () => new LatchGateClient({ fetch: gate.fetch }).execute("http_fetch", {})],
    ["an unknown action", () => new LatchGateClient(options).execute("nothing_such", {})],
    [
      "a held call",
      () => new LatchGateClient(options).execute("http_fetch", { url: "https://example.com/" }),
    ],
    [
      "wrong parameters",
      () => new LatchGateClient({ ...options, validate: "before" }).execute("http_fetch", { nothing: 1 }),
    ],
  ])("%s", async (_what, call) => {
    async function aFunctionOfTheirs() {
      await call();
    }
    const error = await errorOf(aFunctionOfTheirs);
    expect(error.stack).toContain("aFunctionOfTheirs");
    expect(error.stack?.split("\n")[0]).toBe(`${error.name}: ${error.message}`);
  });

  it("also where several callers wait for one lease, and never grows with them", async () => {
    const client = new LatchGateClient(away);
    const errors = await Promise.all(
      Array.from({ length: 50 }, () => errorOf(() => client.execute("a", {}))),
    );
    for (const { stack } of errors) expect(stack?.split("\n").length).toBeLessThan(25);
  });
});
