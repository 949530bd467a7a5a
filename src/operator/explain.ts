import type { Call } from "../call/call.ts";
import type { CallOptions } from "../call/call-state.ts";
import type { components, operations } from "../generated/operator.ts";
import { type ExecutionReceipt, receiptFromJson } from "../vocabulary/models.ts";
import { type AuditEvent, createAudit, type Side, sideOfEvent } from "./audit.ts";
import { recordOf } from "./learning.ts";

type Schemas = components["schemas"];

/** Why an approval ended as it did. */
export interface Explanation {
  readonly approvalId: string;
  readonly status: Schemas["ApprovalState"];
  /** In a sentence or two, for a person. */
  readonly why: string;
  /** Whether the ledger tells that the action was sent into the world. */
  readonly side: Side;
  /** The audit event of the decision; undefined where the gate has written none. */
  readonly event: AuditEvent | undefined;
  /** The receipt that the event, or the approval, names. */
  readonly receipt: ExecutionReceipt | undefined;
}

type Get = (approvalId: string, options?: CallOptions) => Promise<Schemas["ApprovalDetail"]>;

export function createExplain(call: Call<operations>, get: Get) {
  const audit = createAudit(call);

  /** No filter of the gate's finds an approval; its session, and the time since it was opened, come close. */
  async function decisionEvent(
    record: Schemas["ApprovalRecord"],
    options: CallOptions,
  ): Promise<AuditEvent | undefined> {
    const opened = Date.parse(record.created_at);
    const filter = {
      sessionId: record.session_id,
      eventType: "action_call" as const,
      ...(Number.isNaN(opened) ? {} : { after: new Date(opened - 1) }),
    };
    for await (const event of audit.events({ ...options, ...filter }))
      if (event.approval_id === record.approval_id && event.decision !== "pending_approval") return event;
    return undefined;
  }

  return async (approvalId: string, options: CallOptions = {}): Promise<Explanation> => {
    const detail = await get(approvalId, options);
    const record = recordOf(detail);
    const ended = detail.status !== "pending";
    const event = record === undefined || !ended ? undefined : await decisionEvent(record, options);
    const receiptId = event?.receipt_id ?? (detail.status === "approved" ? detail.receipt_id : undefined);
    const input = { path: { receipt_id: receiptId ?? "" }, subject: "<receipt>" };
    const receipt =
      receiptId === undefined
        ? undefined
        : receiptFromJson((await call("getReceiptAsOperator", input, options)).body);
    const told = event === undefined ? sideWithoutEvent(detail) : sideOfEvent(event);
    const side = told === "unknown" && wasNeverApproved(detail, record) ? "before" : told;
    return {
      approvalId,
      status: detail.status,
      why: why(detail, event, receipt, side),
      side,
      event,
      receipt,
    };
  };
}

/** So long a claim keeps everybody else from deciding (contract measured.md); the second is for clocks. */
const CLAIM_MS = 120_000 - 1_000;

/** A deny that came sooner after the opening than a claim stands can't have come after an approve that was cut off. */
function wasNeverApproved(
  detail: Schemas["ApprovalDetail"],
  record: Schemas["ApprovalRecord"] | undefined,
): boolean {
  if (detail.status !== "denied" || record === undefined || !("completed_at" in record)) return false;
  return Date.parse(String(record.completed_at)) - Date.parse(record.created_at) < CLAIM_MS;
}

/** An approve that fails before the run writes no event (contract operator.md 3.6); one that was cut off neither. */
function sideWithoutEvent(detail: Schemas["ApprovalDetail"]): Side {
  if (detail.status === "approved") return "after";
  if (detail.status === "failed" && /^(plan integrity|policy): /.test(detail.error_code)) return "before";
  return detail.status === "pending" ? "before" : "unknown";
}

function why(
  detail: Schemas["ApprovalDetail"],
  event: AuditEvent | undefined,
  receipt: ExecutionReceipt | undefined,
  side: Side,
): string {
  switch (detail.status) {
    case "pending":
      return "nobody has decided yet; nothing has run";
    case "claimed":
      return "an approve is under way, or was cut off: the gate writes no event of one that was cut off, and the action may have run";
    case "approved":
      return "it has run";
    case "denied":
      return `an operator denied it: ${detail.deny_reason}`;
    case "failed": {
      const said = event?.deny_reason ?? detail.error_code;
      const evidence = providerError(receipt);
      const effect = {
        before: "Nothing was sent into the world.",
        after: "It was sent into the world, and may have had its effect.",
        unknown: "The ledger does not say whether it had its effect.",
      }[side];
      const missing =
        event === undefined && side === "unknown"
          ? " There is no audit event of it, as of what fails before it is run."
          : "";
      return `it failed: ${said}${evidence === undefined ? "" : ` (${evidence})`}. ${effect}${missing}`;
    }
  }
}

/** What the provider said went wrong. `normalized_result` says success all the same (measured). */
function providerError(receipt: ExecutionReceipt | undefined): string | undefined {
  if (receipt === undefined) return undefined;
  const { error } = (receipt.providerReceipt ?? {}) as { error?: { code?: unknown; message?: unknown } };
  const said = [error?.code, error?.message].filter((part) => typeof part === "string").join(": ");
  return [receipt.failureClass, said].filter((part) => part !== null && part !== "").join("; ") || undefined;
}
