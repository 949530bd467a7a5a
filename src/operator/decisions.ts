import type { components } from "../generated/operator.ts";
import { type ActionResult, actionResultFromJson } from "../vocabulary/models.ts";

type Schemas = components["schemas"];

/** The held action ran just now. That it ran does not say that it succeeded: see `ok`. */
export interface ApprovedExecution extends ActionResult {
  readonly decision: "executed";
  readonly actionId: string;
  /** What the gate has learned by this, for every later call; null where nothing was. */
  readonly learnedDomain: string | null;
  readonly learnedPath: string | null;
  readonly approval: {
    readonly approvalId: string;
    readonly approvedBy: string;
    readonly approvalHash: string | null;
    readonly operatorAuthnMethod: string;
    readonly operatorSenderBinding: string | null;
  };
  readonly raw: Schemas["ApprovedExecution"];
}

/** The approval had ended before: this request did nothing. */
export interface AlreadyEnded {
  readonly decision: "already_approved" | "already_denied" | "already_failed" | "already_completed";
  readonly approvalId: string;
  /** How it ended: `approved` has run, `failed` may have had its effect. */
  readonly status: "approved" | "denied" | "failed" | (string & {});
  readonly completedAt: string | null;
  readonly receiptId: string | null;
  readonly denyReason: string | null;
  /** Why it failed; a sentence of the gate's, in spite of its name. */
  readonly errorCode: string | null;
  readonly raw: Schemas["AlreadyEnded"];
}

/** The held action will not run. */
export interface Denial {
  readonly decision: "deny";
  readonly approvalId: string;
  readonly actionId: string;
  /** That of the agent's request. */
  readonly traceId: string;
  readonly deniedBy: string;
  readonly denyReason: string;
  readonly raw: Schemas["Denial"];
}

export type ApproveAnswer = ApprovedExecution | AlreadyEnded;
export type DenyAnswer = Denial | AlreadyEnded;

/** @param sessionId the session that the held call was made in */
export function executedFromJson(body: Schemas["ApprovedExecution"], sessionId: string): ApprovedExecution {
  const approval = (body.approval ?? {}) as Partial<Schemas["ApprovalEvidence"]>;
  return {
    decision: "executed",
    ...actionResultFromJson(body, sessionId),
    actionId: body.action_id,
    learnedDomain: body.learned_domain ?? null,
    learnedPath: body.learned_path ?? null,
    approval: {
      approvalId: approval.approval_id ?? "",
      approvedBy: approval.approved_by ?? "",
      approvalHash: approval.approval_hash ?? null,
      operatorAuthnMethod: approval.operator_authn_method ?? "",
      operatorSenderBinding: approval.operator_sender_binding ?? null,
    },
    raw: body,
  };
}

/** @param detail the approval as it was seen before: of a failed one the answer does not say why */
export function endedFromJson(
  body: Schemas["AlreadyEnded"],
  detail: Schemas["ApprovalDetail"] | undefined,
): AlreadyEnded {
  const all = { ...detail, ...body } as { readonly [member: string]: unknown };
  const text = (name: string) => {
    const value = all[name];
    return typeof value === "string" ? value : null;
  };
  const { decision } = body;
  return {
    decision,
    approvalId: body.approval_id,
    // What comes from the ledger says `state` where the store says `status`.
    status: "state" in body ? body.state : "status" in body ? body.status : decision.replace("already_", ""),
    completedAt: text("completed_at"),
    receiptId: text("receipt_id"),
    denyReason: text("deny_reason"),
    errorCode: text("error_code"),
    raw: body,
  };
}

export function denialFromJson(body: Schemas["Denial"]): Denial {
  return {
    decision: "deny",
    approvalId: body.approval_id,
    actionId: body.action_id,
    traceId: body.trace_id,
    deniedBy: body.denied_by,
    denyReason: body.deny_reason,
    raw: body,
  };
}
