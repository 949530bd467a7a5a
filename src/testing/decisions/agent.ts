import { type AgentOperationId, agentOperations, type SignedBy } from "../../generated/operations.ts";
import { sorted } from "../formats/canonical.ts";
import { type Answer, empty, failure, json } from "../formats/wire.ts";
import { authenticate } from "./auth.ts";
import { issueLease } from "./issue.ts";
import { executeAction } from "./pipeline.ts";
import type { Call, World } from "./world.ts";

/** What answers an operation. */
export type Handler = (world: World, call: Call) => Answer | Promise<Answer>;

/** The operations of the client socket that anybody may call. */
const openHandlers = {
  getHealth: () => json(200, { status: "ok" }),

  // A draining gate is still "ready".
  getReadiness: (world) => {
    const actions = world.actions.size;
    return json(actions > 0 ? 200 : 503, {
      status: actions > 0 ? "ready" : "not_ready",
      redis: true,
      opa: true,
      ledger: true,
      approval_store: true,
      egress_proxy: null,
      actions_registered: actions,
    });
  },

  createLease: issueLease,

  getLeaseKeys: (world) => json(200, { keys: [world.leases.key] }),

  listActions: (world) =>
    json(200, {
      actions: [...world.actions.values()].map(({ detail: { action_id, version, risk_level } }) => ({
        action_id,
        version,
        risk_level,
      })),
    }),

  getAction: (world, call) => {
    const action = world.actions.get(call.parameters["action_id"] ?? "");
    return action === undefined ? empty(404) : json(200, action.detail);
  },

  getActionRequestSchema: (world, call) => {
    const schema = world.actions.get(call.parameters["action_id"] ?? "")?.requestSchema;
    return schema === undefined ? empty(404) : json(200, sorted(schema));
  },
} satisfies Record<SignedBy<typeof agentOperations, "none">, Handler>;

/** Those that a lease is needed for: each of them looks at it itself. */
const leaseHandlers = {
  executeAction,

  // Every refusal is an empty body here, and bound to the session: a renewed lease does not find it.
  pollApproval: (world, call) => {
    const approvalId = call.parameters["approval_id"] ?? "";
    const who = authenticate(world, call, "GET", `/v1/approvals/${approvalId}/poll`);
    if (!who.ok) return empty(401);
    const approval = world.approvals.get(approvalId);
    if (approval === undefined || approval.lease.session_id !== who.lease.session_id) return empty(404);
    if (approval.state === "pending") return json(200, { status: "pending", retry_after_seconds: 2 });
    if (approval.state === "claimed") return json(200, { status: "pending", retry_after_seconds: 1 });
    if (approval.state === "approved")
      return json(200, { status: "approved", receipt_id: approval.receiptId });
    if (approval.state === "denied") return json(200, { status: "denied", reason: approval.denyReason });
    return json(200, { status: "failed", reason: approval.failure });
  },

  // Any lease reads any receipt.
  getReceipt: (world, call) => {
    const receiptId = call.parameters["receipt_id"] ?? "";
    const who = authenticate(world, call, "GET", `/v1/receipts/${receiptId}`);
    if (!who.ok) return failure(who.status, who.code);
    const receipt = world.receipts.read(receiptId);
    return receipt === undefined ? failure(404, "not_found") : json(200, sorted(receipt));
  },
} satisfies Record<SignedBy<typeof agentOperations, "lease">, Handler>;

/** The operations of the client socket. */
export const agentHandlers = { ...openHandlers, ...leaseHandlers } satisfies Record<
  AgentOperationId,
  Handler
>;

export { type AgentOperationId, agentOperations };
