import type { ClientOptions } from "latchgate-client";
import type { MockGateOptions } from "latchgate-client/testing";
import { virtualWorld } from "../support/virtual-world.ts";
// Loaded once ahead: a virtual clock does not wait for a module.
import "ajv";
import "ajv/dist/2019.js";
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
  const { executes, ...parts } = virtualWorld(
    {
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
          run: (params) => ({ ok: true, paid: 1, params }),
        },
        free: {
          riskLevel: "low",
          egress: { allowedDomains: ["a.example"] },
          run: (params) => ({ ok: true, params }),
        },
        sorry: { riskLevel: "low", run: () => ({ ok: false, error: { code: "no_luck" } }) },
      },
      ...gateOptions,
    },
    clientOptions,
  );
  const { clock, gate } = parts;
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
  return { ...parts, executes: () => executes().length, decide, abort };
}
