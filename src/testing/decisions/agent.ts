import { type AgentOperationId, agentOperations, type SignedBy } from "../../generated/operations.ts";
import type { BodyOf } from "../formats/bodies.ts";
import { sorted } from "../formats/canonical.ts";
import { type Answer, empty, failure, json } from "../formats/wire.ts";
import type { Approval } from "../stores/approvals.ts";
import { authenticate } from "./auth.ts";
import { executeAction } from "./execute-action.ts";
import { issueLease } from "./issue.ts";
import type { Call, World } from "./world.ts";

/** What answers an operation. */
export type Handler = (world: World, call: Call) => Answer | Promise<Answer>;

/** The operations of the client socket that anybody may call. */
const openHandlers = {
  getHealth: () => json<"getHealth">(200, { status: "ok" }),

  // A draining gate is still "ready".
  getReadiness: (world) => {
    const up = { redis: true, opa: true, ledger: true, approval_store: true, egress_proxy: null } as const;
    const actions_registered = world.actions.size;
    if (actions_registered > 0)
      return json<"getReadiness">(200, { status: "ready", ...up, actions_registered });
    return json<"getReadiness", 503>(503, { status: "not_ready", ...up, actions_registered });
  },

  createLease: issueLease,

  getLeaseKeys: (world) => json<"getLeaseKeys">(200, { keys: [world.leases.key] }),

  listActions: (world) =>
    json<"listActions">(200, {
      actions: [...world.actions.values()].map(({ detail: { action_id, version, risk_level } }) => ({
        action_id,
        version,
        risk_level,
      })),
    }),

  getAction: (world, call) => {
    const action = world.actions.get(call.parameters["action_id"] ?? "");
    return action === undefined ? empty(404) : json<"getAction">(200, action.detail);
  },

  getActionRequestSchema: (world, call) => {
    const schema = world.actions.get(call.parameters["action_id"] ?? "")?.requestSchema;
    return schema === undefined ? empty(404) : json<"getActionRequestSchema">(200, sorted(schema));
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
    return json<"pollApproval">(200, pollOf(approval));
  },

  // Any lease reads any receipt.
  getReceipt: (world, call) => {
    const receiptId = call.parameters["receipt_id"] ?? "";
    const who = authenticate(world, call, "GET", `/v1/receipts/${receiptId}`);
    if (!who.ok) return failure(who.status, who.code);
    const receipt = world.receipts.read(receiptId);
    return receipt === undefined ? failure(404, "not_found") : json<"getReceipt">(200, sorted(receipt));
  },
} satisfies Record<SignedBy<typeof agentOperations, "lease">, Handler>;

/** The operations of the client socket. */
export const agentHandlers = { ...openHandlers, ...leaseHandlers } satisfies Record<
  AgentOperationId,
  Handler
>;

export { type AgentOperationId, agentOperations };

function pollOf({
  state,
  receiptId,
  denyReason = "",
  failure: reason = "",
}: Approval): BodyOf<"pollApproval"> {
  if (state === "pending") return { status: "pending", retry_after_seconds: 2 };
  if (state === "claimed") return { status: "pending", retry_after_seconds: 1 };
  if (state === "approved") return { status: "approved", receipt_id: receiptId };
  return state === "denied" ? { status: "denied", reason: denyReason } : { status: "failed", reason };
}
