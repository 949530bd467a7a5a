import type { Approval } from "../stores/approvals.ts";
import type { LeaseClaims } from "../stores/leases.ts";
import type { WebhookData } from "../webhooks/events.ts";
import { requestSummary } from "../webhooks/summary.ts";
import type { Operator, Plan } from "./plan.ts";
import type { World } from "./world.ts";

type Outcome = WebhookData["action.executed"]["verification_outcome"];

/** Where in a gate's work its webhooks arise, and what each of them says. What is not here leaves no event. */
export const tell = {
  /** A 202: stored and audited before. */
  held(world: World, approval: Approval, body: string, secrets: readonly string[]): void {
    if (!world.webhooks.active) return;
    const { unresolvedDomains, unresolvedPaths } = approval;
    world.webhooks.emit({
      type: "approval.pending",
      data: {
        ...whose(approval),
        approval_id: approval.approvalId,
        risk_level: approval.riskLevel,
        request_hash: approval.requestHash,
        expires_at: approval.expiresAt,
        request_summary: requestSummary(body, secrets),
        trace_id: approval.traceId,
        ...(unresolvedDomains.length > 0 && { unresolved_domains: [...unresolvedDomains] }),
        ...(unresolvedPaths.length > 0 && { unresolved_paths: [...unresolvedPaths] }),
      },
    });
  },

  /** An approve whose execution succeeded with evidence, with that execution's trace. */
  granted(world: World, approval: Approval, operator: Operator, receiptId: string, traceId: string): void {
    world.webhooks.emit({
      type: "approval.granted",
      data: {
        approval_id: approval.approvalId,
        action_id: approval.actionId,
        approved_by: operator.id,
        receipt_id: receiptId,
        trace_id: traceId,
      },
    });
  },

  /** A deny that decided, with the trace of the call that was held. */
  denied(world: World, approval: Approval, operator: Operator, reason: string): void {
    world.webhooks.emit({
      type: "approval.denied",
      data: {
        approval_id: approval.approvalId,
        action_id: approval.actionId,
        denied_by: operator.id,
        reason,
        trace_id: approval.traceId,
      },
    });
  },

  /** Receipt and audit event are written, whatever the check has found. */
  executed(world: World, plan: Plan, receiptId: string, outcome: Outcome): void {
    world.webhooks.emit({
      type: "action.executed",
      data: { ...of(plan), receipt_id: receiptId, verification_outcome: outcome, trace_id: plan.traceId },
    });
  },

  /** A failure after dispatch; one before leaves no event. */
  failed(world: World, plan: Plan, errorClass: string): void {
    world.webhooks.emit({
      type: "action.failed",
      data: { ...of(plan), error_class: errorClass, trace_id: plan.traceId },
    });
  },

  revoked(world: World, operator: Operator, previous: number): void {
    world.webhooks.emit({
      type: "revocation",
      data: { old_epoch: previous, new_epoch: world.epoch, operator_id: operator.id },
    });
  },

  /** A debit that failed after the policy saw budget left: concurrent calls for the last one, at execute only. */
  exhausted(world: World, lease: LeaseClaims, actionId: string): void {
    const data = { ...whose({ lease, actionId }), session_id: lease.session_id };
    world.webhooks.emit({ type: "budget.exhausted", data });
  },

  /** A unit that could not be given back. `label`: where in the gate that was. */
  rollbackFailed(world: World, lease: LeaseClaims, traceId: string, error: string, label: string): void {
    world.webhooks.emit({
      type: "budget.rollback_failed",
      data: {
        session_id: lease.session_id,
        error: `budget store unavailable: ${error}`,
        trace_id: traceId,
        label,
      },
    });
  },
} as const;

function whose({ lease, actionId }: { readonly lease: LeaseClaims; readonly actionId: string }) {
  return { action_id: actionId, principal: lease.sub, owner: lease.owner ?? null };
}

const of = ({ lease, action }: Plan) => whose({ lease, actionId: action.detail.action_id });
