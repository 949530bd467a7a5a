import type { Approval, Ending } from "./approvals.ts";
import { canonical, sha256 } from "./canonical.ts";
import { uuidv7 } from "./clock.ts";
import { type Execution, execute, type Operator, operatorAudit, sessionRoot } from "./execution.ts";
import { missingSecrets, policyDenied } from "./pipeline.ts";
import { type Answer, failure } from "./wire.ts";
import type { World } from "./world.ts";

/** What an operator may say with an approve. */
export interface ApproveOptions {
  /** Learn this domain instead of the first unresolved one. */
  readonly learnDomain?: string | undefined;
  /** Learn this path glob instead of the first unresolved one. */
  readonly learnPath?: string | undefined;
}

/** Approves: claims, learns, and runs the held call under the budget of the session that made it (operator.md 2.3). */
export async function approve(
  world: World,
  approvalId: string,
  operator: Operator,
  options: ApproveOptions,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  if (world.draining) return failure(503, "draining");
  const claim = world.approvals.claim(approvalId, operator.id);
  if (claim.state === "unknown") return failure(404, "action_not_found");
  if (claim.state === "conflict") return failure(409, "conflict");
  if (claim.state === "terminal") return already(claim.approval);
  const { approval } = claim;

  const learned = learn(world, approval, operator, options);
  // The claim is not given back: the approval answers 409 until it is 120 s old (operator.md 3.5).
  if ("status" in learned) return learned;
  const fail = (failureText: string, answer: Answer): Answer => {
    world.approvals.finish(approvalId, { state: "failed", failure: failureText });
    return answer;
  };
  if (claim.expired) {
    return fail("plan integrity: execution plan expired before approval", failure(500, "internal_error"));
  }
  const action = world.actions.get(approval.actionId);
  if (action === undefined) return fail("action_not_found", failure(404, "action_not_found"));
  const secrets = missingSecrets(world, action.requiredSecrets);
  if (secrets !== undefined) {
    return fail(
      `policy: policy denied: ${secrets}`,
      policyDenied(approval.lease, approval.actionId, secrets),
    );
  }
  const { lease } = approval;
  const budget = world.budgets.debit(lease.session_id, lease.budgets !== undefined);
  if (!budget.ok) {
    const detail =
      budget.code === "budget_exhausted" ? "budget exhausted: calls_exhausted" : "budget session not found";
    return fail(`budget: ${detail}`, failure(403, budget.code));
  }

  const traceId = uuidv7(world.clock.now());
  const { params, requestHash } = approval;
  const approved = { approval, operator };
  const done = await execute(world, {
    lease,
    action,
    params,
    requestHash,
    traceId,
    budget,
    approved,
    signal,
  });
  world.approvals.finish(approvalId, endingOf(done));
  if (done.state === "refused") return failure(422, "schema_violation");
  if (done.state === "failed") return failure(502, "action_execution_failed");
  if (done.state === "unverified") return failure(500, "internal_error");
  const body = {
    ...done.body,
    approval: {
      decision: "allow",
      approval_id: approvalId,
      approved_by: operator.id,
      approval_hash: sha256(`latchgate-approval-v1:${approvalId}:${approval.planHash}`),
      operator_authn_method: "operator_dpop",
      operator_sender_binding: operator.jkt,
    },
    ...learned,
  };
  return { status: 200, headers: { "content-type": "application/json" }, body: canonical(body) };
}

/** Denies; that works while draining and past the approval's life too. */
export function deny(world: World, approvalId: string, operator: Operator, reason: string): Answer {
  const claim = world.approvals.claim(approvalId, operator.id);
  if (claim.state === "unknown") return failure(404, "action_not_found");
  if (claim.state === "conflict") return failure(409, "conflict");
  if (claim.state === "terminal") return already(claim.approval);
  const { approval } = claim;
  world.approvals.finish(approvalId, { state: "denied", denyReason: reason });
  world.ledger.write({
    event_type: "action_call",
    decision: "deny",
    deny_reason: `denied via ${approvalId}: ${reason}`,
    principal: approval.lease.sub,
    session_id: approval.lease.session_id,
    lease_jti: approval.lease.jti,
    action_id: approval.actionId,
    risk_level: approval.riskLevel,
    request_hash: approval.requestHash,
    policy_version: approval.policyVersion,
    dev_mode: world.settings.devMode,
    ...operatorAudit(approvalId, operator),
  });
  const body = {
    decision: "deny",
    trace_id: approval.traceId,
    action_id: approval.actionId,
    approval_id: approvalId,
    denied_by: operator.id,
    deny_reason: reason,
  };
  return { status: 200, headers: { "content-type": "application/json" }, body: canonical(body) };
}

function endingOf(done: Execution): Ending {
  if (done.state === "executed") return { state: "approved", receiptId: done.receipt.receipt_id };
  if (done.state === "refused") return { state: "failed", failure: `schema: ${done.reason}` };
  if (done.state === "failed") return { state: "failed", failure: `provider: ${done.reason}` };
  const failureText = "grant integrity: verifier failed for high-risk action — execution denied";
  return { state: "failed", failure: failureText };
}

/** Approving or denying what has already ended is a 200 that says how. */
function already(approval: Approval): Answer {
  const body = {
    decision: `already_${approval.state}`,
    approval_id: approval.approvalId,
    status: approval.state,
    completed_at: approval.completedAt,
    receipt_id: approval.receiptId,
    deny_reason: approval.denyReason,
  };
  return { status: 200, headers: { "content-type": "application/json" }, body: canonical(body) };
}

/** Learns one domain and one path: the ones asked for, else the first unresolved. Before the run, and for good. */
function learn(
  world: World,
  approval: Approval,
  operator: Operator,
  options: ApproveOptions,
): { learned_domain?: string; learned_path?: string } | Answer {
  const { actionId, approvalId } = approval;
  const by = { actionId, addedBy: operator.id, source: "approval", approvalId } as const;
  const domain = options.learnDomain ?? approval.unresolvedDomains[0];
  const asked = options.learnPath ?? approval.unresolvedPaths[0];
  let path = asked;
  if (asked?.startsWith("/")) {
    const root = sessionRoot(world, approval.lease.session_id);
    if (root === undefined) {
      return badRequest(`learn_path '${asked}' is absolute but no session fs_root is configured`);
    }
    if (!asked.startsWith(`${root}/`))
      return badRequest(`learn_path '${asked}' is outside the session fs_root`);
    path = asked.slice(root.length + 1);
  }
  if (domain !== undefined)
    world.policy.domains.add({ ...by, value: domain.toLowerCase().replace(/\.$/, "") });
  if (path !== undefined) world.policy.paths.add({ ...by, value: path });
  return {
    ...(domain === undefined ? {} : { learned_domain: domain }),
    ...(path === undefined ? {} : { learned_path: path }),
  };
}

function badRequest(reason: string): Answer {
  return failure(400, "bad_request", { deny_reason: reason });
}
