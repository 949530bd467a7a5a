import type { BodyOf, OneOf } from "../formats/bodies.ts";
import { sha256 } from "../formats/canonical.ts";
import { uuidv7 } from "../formats/clock.ts";
import { type Answer, failure, ordered } from "../formats/wire.ts";
import type { Approval, Claim, Ending } from "../stores/approvals.ts";
import { sessionRoot } from "./dispatch.ts";
import { missingSecrets, policyDenied } from "./execute-action.ts";
import { type Execution, execute, operatorAudit, record } from "./execution.ts";
import { tell } from "./happenings.ts";
import { checkDomain, pathGlobProblem } from "./learning-rules.ts";
import type { Operator, Plan } from "./plan.ts";
import type { World } from "./world.ts";

/** What an operator may say with an approve. */
export interface ApproveOptions {
  /** Learn this domain instead of the first unresolved one. */
  readonly learnDomain?: string | undefined;
  /** Learn this path glob instead of the first unresolved one. */
  readonly learnPath?: string | undefined;
}

/** How an approve goes on once its claim is taken. */
export interface ApproveRun {
  readonly signal: AbortSignal | undefined;
  readonly goneAfterRun?: boolean | undefined;
  readonly unwritten?: Plan["unwritten"];
}

/** Approves: claims, learns, and runs the held call under the budget of the session that made it (operator.md 2.3). */
export async function approve(
  world: World,
  approvalId: string,
  operator: Operator,
  options: ApproveOptions,
  run: ApproveRun = { signal: undefined },
): Promise<Answer> {
  if (world.draining) return failure(503, "draining");
  if (options.learnDomain !== undefined) {
    const verdict = checkDomain(options.learnDomain);
    if (!verdict.ok) return badRequest(`invalid learn_domain '${options.learnDomain}': ${verdict.problem}`);
  }
  const claim = world.approvals.claim(approvalId, operator.id);
  if (claim.state !== "claimed") return unclaimed(claim);
  const { approval } = claim;
  const learned = learn(world, approval, operator, options);
  // The claim is not given back: the approval answers 409 until it is 120 s old (operator.md 3.5).
  if ("status" in learned) return learned;
  // Nothing tells of it but the approval: the ledger already has an event of the held call's trace (operator.md 3.6).
  const fail = (failureText: string, answer: Answer): Answer => {
    world.approvals.finish(approvalId, { state: "failed", failure: failureText });
    world.metrics.auditWriteError();
    return answer;
  };
  if (claim.expired) {
    return fail("plan integrity: execution plan expired before approval", failure(500, "internal_error"));
  }
  const action = world.actions.get(approval.actionId);
  if (action === undefined) return fail("action_not_found", failure(404, "action_not_found"));
  const secrets = missingSecrets(world, action.requiredSecrets);
  if (secrets !== undefined) {
    const answer = policyDenied(approval.lease, approval.actionId, secrets);
    return fail(`policy: policy denied: ${secrets}`, answer);
  }
  const { lease, limited, params, requestHash } = approval;
  if (limited) world.metrics.store("budget_debit");
  const budget = world.budgets.debit(lease.session_id, limited);
  if (!budget.ok) {
    const detail =
      budget.code === "budget_exhausted" ? "budget exhausted: calls_exhausted" : "budget session not found";
    return fail(`budget: ${detail}`, failure(403, budget.code));
  }

  const traceId = uuidv7(world.clock.now());
  const approved = { approval, operator };
  const plan = { lease, action, params, requestHash, traceId, budget, approved, ...run };
  const done = await execute(world, plan);
  world.approvals.finish(approvalId, endingOf(done));
  if (done.state === "refused") return failure(422, "schema_violation");
  if (done.state === "failed") return failure(502, "action_execution_failed");
  if (done.state === "unverified") return failure(500, "internal_error");
  if (done.state === "unwritten") return failure(500, "evidence_persistence_failed");
  tell.granted(world, approval, operator, done.receipt.receipt_id, traceId);
  return ordered<"approveApproval">({
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
  });
}

/** Denies; that works while draining and past the approval's life too. */
export function deny(world: World, approvalId: string, operator: Operator, reason: string): Answer {
  const claim = world.approvals.claim(approvalId, operator.id);
  if (claim.state !== "claimed") return unclaimed(claim);
  const { approval } = claim;
  world.approvals.finish(approvalId, { state: "denied", denyReason: reason });
  record(world, {
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
  tell.denied(world, approval, operator, reason);
  return ordered<"denyApproval">({
    decision: "deny",
    trace_id: approval.traceId,
    action_id: approval.actionId,
    approval_id: approvalId,
    denied_by: operator.id,
    deny_reason: reason,
  });
}

/** How the ledger says that an approval ended. */
export function durableOutcome(approval: Approval) {
  return {
    approval_id: approval.approvalId,
    completed_at: approval.completedAt ?? "",
    receipt_id: approval.receiptId,
    deny_reason: approval.denyReason,
    error_code: approval.failure,
    source: "durable_outcome",
  } as const;
}

/** Approving or denying what has already ended is a 200 that says how. */
function unclaimed(claim: Exclude<Claim, { state: "claimed" }>): Answer {
  if (claim.state === "unknown") return failure(404, "action_not_found");
  if (claim.state === "conflict") return failure(409, "conflict");
  const { approval } = claim;
  if (claim.state === "durable") return ordered<"approveApproval" | "denyApproval">(rememberedOf(approval));
  return ordered<"approveApproval" | "denyApproval">(endedOf(approval));
}

/** What approve and deny say of an approval that has ended: as the store has it, or as the ledger remembers it. */
type Already = Extract<BodyOf<"denyApproval">, { readonly decision: `already_${string}` }>;
type Remembered = Extract<Already, { readonly source: unknown }>;
type Ended = Exclude<Already, Remembered>;

function endedOf(approval: Approval): Ended {
  return {
    decision: `already_${approval.state}` as Ended["decision"],
    approval_id: approval.approvalId,
    status: approval.state,
    completed_at: approval.completedAt,
    receipt_id: approval.receiptId,
    deny_reason: approval.denyReason,
  } satisfies OneOf<Ended> as Ended;
}

function rememberedOf(approval: Approval): Remembered {
  const state = approval.state as Remembered["state"];
  return {
    ...durableOutcome(approval),
    decision: `already_${state}`,
    state,
  } satisfies OneOf<Remembered> as Remembered;
}

function endingOf(done: Execution): Ending {
  if (done.state === "executed") return { state: "approved", receiptId: done.receipt.receipt_id };
  if (done.state === "refused") return { state: "failed", failure: `schema: ${done.reason}` };
  if (done.state === "failed") return { state: "failed", failure: `provider: ${done.reason}` };
  // What the approval says then was not measured.
  if (done.state === "unwritten") return { state: "failed", failure: "evidence persistence failed" };
  const failureText = "grant integrity: verifier failed for high-risk action — execution denied";
  return { state: "failed", failure: failureText };
}

/**
 * Learns one domain and one path: the ones asked for, else the first unresolved. Before the run, and for good. What
 * can't be stored (a domain that may not be learned, a path beyond the cap) is just missing from the answer.
 */
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
      return badRequest(`learn_path '${asked}' is not under session fs_root '${root}'`);
    path = asked.slice(root.length + 1);
  }
  const problem = path === undefined ? undefined : pathGlobProblem(path);
  if (problem !== undefined) return badRequest(`invalid learn_path '${path}': ${problem}`);

  const verdict = domain === undefined ? undefined : checkDomain(domain);
  if (verdict?.ok) world.policy.domains.add({ ...by, value: verdict.domain });
  const stored = path !== undefined && world.policy.paths.add({ ...by, value: path }) !== "full";
  return {
    ...(domain === undefined || !verdict?.ok ? {} : { learned_domain: domain }),
    ...(path === undefined || !stored ? {} : { learned_path: path }),
  };
}

function badRequest(reason: string): Answer {
  return failure<"approveApproval", 400>(400, "bad_request", { deny_reason: reason });
}
