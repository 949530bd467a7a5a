import { type ClientOptions, LatchGateClient } from "latchgate-client";
import { MockGate, type MockGateOptions } from "latchgate-client/testing";
import { virtualClock } from "../support/virtual-clock.ts";
// Loaded once ahead: a virtual clock does not wait for a module.
import "ajv";
import "ajv/dist/2020.js";
import "../../src/tools/tools.ts";

const MAIL = {
  type: "object",
  description: "Sends a mail.",
  properties: { to: { type: "string", minLength: 3 }, text: { type: "string" } },
  required: ["to"],
  additionalProperties: false,
};

/** A gate with an action of each kind, and a client whose time passes when told to. */
export function world(gateOptions: MockGateOptions = {}, clientOptions: ClientOptions = {}) {
  const clock = virtualClock();
  const gate = new MockGate({
    now: clock.now,
    rateLimits: false,
    leaseTtlSeconds: 900,
    builtinActions: false,
    actions: {
      mail: {
        riskLevel: "medium",
        requestSchema: MAIL,
        sideEffects: ["mail_send"],
        run: () => ({ ok: true, sent: 1 }),
      },
      pay: {
        riskLevel: "high",
        requestSchema: { ...MAIL, description: "Pays." },
        run: () => ({ ok: true, paid: 1 }),
      },
      free: {
        riskLevel: "low",
        egress: { allowedDomains: ["a.example"] },
        run: (params) => ({ ok: true, params }),
      },
      sorry: { riskLevel: "low", run: () => ({ ok: false, error: { code: "no_luck" } }) },
    },
    ...gateOptions,
  });
  const client = new LatchGateClient({
    fetch: clock.watch(gate.fetch),
    agentId: "t",
    clock,
    ...clientOptions,
  });
  const executes = () => gate.received.filter(({ operationId }) => operationId === "executeAction").length;
  /** Decides about the newest held call, as an operator who reads the list would. */
  const decide = async (how: "approve" | "deny" = "approve", reason?: string) => {
    const held = gate.approvals.find(({ state }) => state === "pending");
    if (held === undefined) throw new Error("nothing is held");
    return how === "approve" ? gate.approve(held.approvalId) : gate.deny(held.approvalId, reason);
  };
  /** Aborts a call after five seconds, and says how long anything was still asked of the gate: zero when it heard. */
  const abort = async (start: (signal: AbortSignal) => Promise<unknown>) => {
    const aborting = new AbortController();
    clock.timer(5_000, () => aborting.abort());
    start(aborting.signal).catch(() => {});
    await clock.pass(6_000);
    const asked = gate.received.length;
    await clock.pass(60_000);
    return { askedBefore: asked, askedAfter: gate.received.length - asked };
  };
  return { clock, gate, client, executes, decide, abort };
}
