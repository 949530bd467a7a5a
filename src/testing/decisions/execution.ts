import type { BodyOf } from "../formats/bodies.ts";
import { canonical, sha256, sorted } from "../formats/canonical.ts";
import { nanoTime, uuidv7 } from "../formats/clock.ts";
import { isRisky, type RegisteredAction, verifyEffect } from "../stores/actions.ts";
import type { LeaseClaims } from "../stores/leases.ts";
import type { AuditEntry } from "../stores/ledger.ts";
import type { StoredReceipt, VerificationOutcome } from "../stores/receipts.ts";
import { errorClassOf } from "../webhooks/error-class.ts";
import { dispatch } from "./dispatch.ts";
import { tell } from "./happenings.ts";
import { checkOutput } from "./params.ts";
import type { Operator, Plan } from "./plan.ts";
import type { World } from "./world.ts";

/** How a dispatched call ended. */
export type Execution =
  | {
      readonly state: "executed";
      readonly receipt: StoredReceipt;
      readonly body: BodyOf<"executeAction">;
    }
  | { readonly state: "refused"; readonly reason: string }
  | { readonly state: "failed"; readonly reason: string }
  | { readonly state: "unverified"; readonly receipt: StoredReceipt }
  | { readonly state: "unwritten" };

/** Dispatches a call to its provider, checks and verifies what comes back, and leaves receipt and audit event. */
export async function execute(world: World, plan: Plan): Promise<Execution> {
  const { action, lease, budget } = plan;
  const grantId = uuidv7(world.clock.now());
  const run = await dispatch(world, plan);
  if (run.state === "returned") world.metrics.duration(action.detail.action_id, run.durationMs / 1000);
  const audit = auditOf(world, plan);
  // Of an approved run "before" is what the session had when the call was held (recorded: 5 and then 2).
  const before = plan.approved?.approval.callsRemaining ?? budget.before;
  const budgets = { budgets_before: calls(before), budgets_after: calls(budget.after) };
  if (run.state === "failed") {
    world.metrics.providerError(action.detail.action_id, run.errorType);
    record(world, { ...audit, ...budgets, decision: "error", deny_reason: `provider: ${run.reason}` });
    const kind = run.errorType === "execution_failed" ? errorClassOf(run.reason) : run.errorType;
    tell.failed(world, plan, kind);
    return run;
  }
  const refusal = await checkOutput(run.output, action, world.schemas);
  if (refusal !== undefined) {
    run.settle({ ending: "refused" });
    world.metrics.violation(action.detail.action_id);
    record(world, { ...audit, ...budgets, decision: "deny", deny_reason: refusal });
    tell.failed(world, plan, "response_schema_violation");
    return { state: "refused", reason: refusal };
  }

  // That it has an `ok` was looked at.
  const output = sorted(run.output) as BodyOf<"executeAction">["output"];
  const outcome = verifyEffect(action, output, run.evidence);
  const failed = outcome.status === "verification_failed";
  if (plan.unwritten?.what === "evidence") {
    run.settle({ ending: "dropped" });
    tell.failed(world, plan, "evidence_persistence_failed");
    return { state: "unwritten" };
  }
  const receipt = world.receipts.store({
    receipt_id: uuidv7(world.clock.now()),
    grant_id: grantId,
    provider_module_digest: action.detail.provider_module_digest,
    provider_receipt: output,
    normalized_result: { kind: "success", summary: "provider completed successfully" },
    verification_outcome: outcome,
    effect_evidence: [],
    started_at: nanoTime(run.startedMs, "Z"),
    finished_at: nanoTime(world.clock.now(), "Z"),
    failure_class: failed ? "verification_failed" : null,
  });
  run.settle({ ending: "receipted", receiptId: receipt.receipt_id });
  const seen = { ...audit, ...budgets, receipt_id: receipt.receipt_id, verification_outcome: outcome.status };
  if (failed && isRisky(action)) {
    const reason = `verifier failed for high-risk action: ${outcome.status}`;
    record(world, { ...seen, decision: "deny", deny_reason: reason });
    tell.failed(world, plan, `verification_failed_high_risk:${outcome.status}`);
    return { state: "unverified", receipt };
  }

  const response = canonical(output);
  const fuel = 8_000 + 40 * response.length;
  record(world, {
    ...seen,
    decision: outcome.status === "verified" ? "allow" : "allow_unverified",
    deny_reason: plan.approved === undefined ? null : `approved via ${plan.approved.approval.approvalId}`,
    allowed_sinks: sinksOf(world, action),
    grant_id: grantId,
    response_hash: `sha256:${sha256(response)}`,
    response_bytes: Buffer.byteLength(response),
    runtime: {
      module_digest: action.detail.provider_module_digest,
      egress_profile: action.detail.egress === "none" ? "none" : "proxy_allowlist",
      duration_ms: run.durationMs,
      exit_code: 0,
      timeout_hit: false,
      fuel_consumed: fuel,
      io_calls_made: 1,
    },
  });
  tell.executed(world, plan, receipt.receipt_id, outcome.status);
  return {
    state: "executed",
    receipt,
    body: {
      decision: "executed",
      trace_id: plan.traceId,
      action_id: action.detail.action_id,
      grant_id: grantId,
      receipt_id: receipt.receipt_id,
      output,
      verification_outcome: outcome.status,
      verification: { outcome: outcome.status, is_fully_successful: isSuccess(outcome) },
      runtime: { duration_ms: run.durationMs, exit_code: 0, fuel_consumed: fuel },
    },
  };

  function isSuccess({ status }: VerificationOutcome): boolean {
    return status === "verified" || status === "unverifiable_declared";
  }

  /** What every event of this call says. `lease` is the session that it is charged to. */
  function auditOf(of: World, { approved }: Plan): AuditEntry {
    return {
      ...callAudit(of, lease, action, plan.requestHash, plan.traceId),
      decision: "allow",
      ...(approved === undefined
        ? {}
        : {
            // The plan was made under the policy of that time.
            policy_version: approved.approval.policyVersion,
            ...operatorAudit(approved.approval.approvalId, approved.operator),
          }),
    };
  }
}

/** Writes an event of a call, and counts the call. */
export function record(world: World, entry: AuditEntry): void {
  world.ledger.write(entry);
  world.metrics.call(entry.action_id ?? "", entry.decision);
}

/** The members that every event of an agent's call carries once the action is known. */
export function callAudit(
  world: World,
  lease: LeaseClaims,
  action: RegisteredAction,
  requestHash: string,
  traceId: string,
): Omit<AuditEntry, "decision"> {
  const { detail, requestSchema } = action;
  return {
    event_type: "action_call",
    trace_id: traceId,
    principal: lease.sub,
    session_id: lease.session_id,
    lease_jti: lease.jti,
    owner: lease.owner,
    action_id: detail.action_id,
    action_version: detail.version,
    action_digest: detail.provider_module_digest,
    action_trust_verdict: "digest_ok",
    risk_level: detail.risk_level,
    request_hash: requestHash,
    request_schema_id: requestSchema === undefined ? null : `${detail.action_id}:request`,
    policy_version: world.policy.version(),
    dev_mode: world.settings.devMode,
  };
}

/** The members by which an event names the operator. */
export function operatorAudit(approvalId: string, operator: Operator): Partial<AuditEntry> {
  return {
    approval_id: approvalId,
    approved_by: operator.id,
    operator_authn_method: "operator_dpop",
    operator_sender_binding: operator.jkt,
    operator_proof_jti: operator.proofJti,
  };
}

export function calls(left: number): { calls_remaining: number } {
  return { calls_remaining: left };
}

function sinksOf(world: World, action: RegisteredAction): string[] {
  return [...action.allowedDomains, ...world.policy.domains.valuesOf(action.detail.action_id).sort()];
}
