import type { Handler } from "../decisions/agent.ts";
import { type ApproveOptions, approve, deny, durableOutcome } from "../decisions/approve-deny.ts";
import { jsonBody, queryOf } from "../decisions/extract.ts";
import type { Operator } from "../decisions/plan.ts";
import type { Call, World } from "../decisions/world.ts";
import type { BodyOf, OneOf, Printed, RequestMembers } from "../formats/bodies.ts";
import { defaulted, struct, text } from "../formats/decode.ts";
import { type Answer, empty, failure, json, ordered } from "../formats/wire.ts";
import type { Approval, ApprovalState } from "../stores/approvals.ts";
import { admit, passes } from "./admission.ts";
import { authenticateOperator } from "./auth.ts";

/** What the store still has of an approval, and what the ledger remembers where the store has not. */
type Remembered = Extract<BodyOf<"getApproval">, { readonly source: unknown }>;
type Summary = BodyOf<"listApprovals">["approvals"][number];
type Detail = Exclude<BodyOf<"getApproval">, Remembered>;

/** A state that the document has and this gate has not stops the build here. */
const STATE_OF = {
  pending: "pending",
  claimed: "claimed",
  approved: "approved",
  denied: "denied",
  failed: "failed",
} as const satisfies Record<Summary["status"], ApprovalState>;
const STATES = Object.values(STATE_OF);
const MOST = 200;

const listApprovals: Handler = (world, call) => {
  const query = queryOf(call, { status: STATES, limit: "count" });
  if (!query.ok) return query.answer;
  const who = admit(world, call, { method: "GET", path: "/v1/approvals", bucket: "read" });
  if (!who.ok) return who.answer;
  const { status, limit = 50 } = query.value;
  const approvals = world.approvals
    .list()
    .filter(({ state }) => status === undefined || state === status)
    .slice(0, Math.min(limit, MOST))
    .map(summaryOf);
  return json<"listApprovals">(200, { approvals, count: approvals.length });
};

/** Every refusal has an empty body here. */
const getApproval: Handler = (world, call) => {
  const approvalId = call.parameters["approval_id"] ?? "";
  const who = authenticateOperator(world, call, "GET", `/v1/approvals/${approvalId}`);
  if (!who.ok) return empty(401);
  if (!passes(world, "read")) return empty(429);
  const approval = world.approvals.get(approvalId);
  if (approval !== undefined) return ordered<"getApproval">(detailOf(approval));
  const durable = world.approvals.durable(approvalId);
  return durable === undefined ? empty(404) : ordered<"getApproval">(rememberedOf(durable));
};

/** Takes no body; what is learned is in the query, which no proof covers. */
const approveApproval: Handler = async (world, call) => {
  const query = queryOf(call, { learn_domain: "string", learn_path: "string" });
  if (!query.ok) return query.answer;
  const approvalId = call.parameters["approval_id"] ?? "";
  const who = decider(world, call, `/v1/approvals/${approvalId}/approve`);
  if (!who.ok) return who.answer;
  if (world.draining) return failure(503, "draining");
  if (!passes(world, "write_but_dev")) return throttled();
  const options: ApproveOptions = {
    learnDomain: query.value.learn_domain,
    learnPath: query.value.learn_path,
  };
  return approve(world, approvalId, who.operator, options, call);
};

const denyBody = struct("DenyBody", { reason: defaulted(text) } satisfies RequestMembers<"denyApproval">);

const denyApproval: Handler = (world, call) => {
  // Without a content type the body is not looked at.
  const body = call.headers.has("content-type")
    ? jsonBody(call, denyBody)
    : ({ ok: true, value: undefined } as const);
  if (!body.ok) return body.answer;
  const approvalId = call.parameters["approval_id"] ?? "";
  const who = decider(world, call, `/v1/approvals/${approvalId}/deny`);
  if (!who.ok) return who.answer;
  if (!passes(world, "write_but_dev")) return throttled();
  return deny(world, approvalId, who.operator, body.value?.reason ?? "operator_denied");
};

export const approvalHandlers = { listApprovals, getApproval, approveApproval, denyApproval };

/** The two operations that say why they do not believe an operator. */
function decider(
  world: World,
  call: Call,
  path: string,
): { readonly ok: true; readonly operator: Operator } | { readonly ok: false; readonly answer: Answer } {
  const who = authenticateOperator(world, call, "POST", path);
  if (who.ok) return who;
  const reason: Record<string, string> = who.denyReason === undefined ? {} : { deny_reason: who.denyReason };
  return {
    ok: false,
    answer: failure<"approveApproval" | "denyApproval", 401 | 503>(who.status, who.code, reason),
  };
}

function throttled(): Answer {
  return failure(429, "operator_throttled", undefined, { "retry-after": "2" });
}

function summaryOf(approval: Approval): Summary {
  return {
    approval_id: approval.approvalId,
    status: approval.state,
    action_id: approval.actionId,
    action_version: approval.actionVersion,
    principal: approval.lease.sub,
    session_id: approval.lease.session_id,
    owner: approval.lease.owner,
    risk_level: approval.riskLevel,
    request_hash: approval.requestHash,
    created_at: approval.createdAt,
    expires_at: approval.expiresAt,
    claimed_by: approval.claimedBy,
  };
}

/** i64::MAX - 1: the gate takes a call off an unlimited budget too. No double can say it. */
const ONE_LESS_THAN_UNLIMITED = 2n ** 63n - 2n;

function detailOf(approval: Approval): Printed<Detail> {
  const { plan, callsRemaining, limited, unresolvedDomains, unresolvedPaths } = approval;
  return {
    approval_id: approval.approvalId,
    status: approval.state,
    action_id: approval.actionId,
    action_version: approval.actionVersion,
    principal: approval.lease.sub,
    session_id: approval.lease.session_id,
    request_hash: approval.requestHash,
    created_at: approval.createdAt,
    expires_at: approval.expiresAt,
    policy_version: approval.policyVersion,
    claimed_by: approval.claimedBy,
    claimed_at: approval.claimedAt,
    completed_at: approval.completedAt,
    receipt_id: approval.receiptId,
    deny_reason: approval.denyReason,
    error_code: approval.failure,
    risk_level: approval.riskLevel,
    approved_targets: plan.targets,
    approved_secrets: plan.secrets,
    approved_egress: plan.egress,
    verifier_kind: plan.verifier,
    provider_module_digest: plan.moduleDigest,
    plan_hash: approval.planHash,
    unresolved_domains: unresolvedDomains.length > 0 ? unresolvedDomains : undefined,
    unresolved_paths: unresolvedPaths.length > 0 ? unresolvedPaths : undefined,
    budget_snapshot: {
      calls_remaining: callsRemaining,
      policy_approved_calls_after: limited ? callsRemaining - 1 : ONE_LESS_THAN_UNLIMITED,
    },
  } satisfies Printed<OneOf<Detail>> as Printed<Detail>;
}

function rememberedOf(approval: Approval): Remembered {
  const status = approval.state as Remembered["status"];
  return { ...durableOutcome(approval), status } satisfies OneOf<Remembered> as Remembered;
}
