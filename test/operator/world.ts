import { type MockAction, MockGate, type MockGateOptions } from "latchgate-client/testing";
import { LatchGateApprovalRequired, LatchGateClient } from "../../src/index.ts";
import { LatchGateOperator, type OperatorOptions } from "../../src/operator.ts";

const actions: Record<string, MockAction> = {
  risky: { riskLevel: "high", run: () => ({ ok: true, done: 1 }) },
  broken: {
    riskLevel: "high",
    run: () => {
      throw new Error("it broke");
    },
  },
};

/** A gate with an agent and an operator at it, in this process. */
export function world(gateOptions: MockGateOptions = {}, operatorOptions: Partial<OperatorOptions> = {}) {
  const gate = new MockGate({
    rateLimits: false,
    ...gateOptions,
    actions: { ...actions, ...gateOptions.actions },
  });
  const { apiKey, privateKey, publicBaseUrl } = gate.operatorCredentials;
  const agent = new LatchGateClient({ fetch: gate.fetch, agentId: "t", now: gate.now });
  const operator = new LatchGateOperator({
    fetch: gate.operatorFetch,
    apiKey,
    privateKey,
    publicBaseUrl,
    now: gate.now,
    ...operatorOptions,
  });
  /** Makes a call that the gate holds; gives its approval's id. */
  async function hold(actionId = "risky", params: Record<string, unknown> = {}): Promise<string> {
    const held = await agent.execute(actionId, params).catch((error: unknown) => error);
    if (!(held instanceof LatchGateApprovalRequired)) throw held;
    return held.approvalId;
  }
  const asked = (operationId: string) =>
    gate.received.filter((request) => request.operationId === operationId);
  return { gate, agent, operator, hold, asked };
}

/** What a promise fails with. */
export const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    (value) => {
      throw new Error(`it did not fail: ${JSON.stringify(value)}`);
    },
    (error: unknown) => error,
  );
