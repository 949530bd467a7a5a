import type { WebhookData, WebhookEvent } from "./events.ts";

/** What Slack, Discord and PagerDuty are told of a kind. */
export interface Headline {
  readonly title: string;
  /** Label and value, in order. */
  readonly fields: readonly (readonly [label: string, value: string])[];
  readonly colour: "red" | "yellow" | "green" | "blue";
  readonly severity: "critical" | "error" | "warning" | "info";
  /** PagerDuty's, without its beginning. */
  readonly summary: string;
}

type Write<Kind extends keyof WebhookData> = (data: WebhookData[Kind]) => Headline;

const writers = {
  "approval.pending": ({ action_id, principal, risk_level, expires_at, owner }) => ({
    title: `⏳ Approval Required — ${action_id} by ${principal}`,
    fields: [
      ["Action", action_id],
      ["Principal", principal],
      ["Risk", risk_level],
      ["Expires", expires_at],
      ...(owner === null ? [] : ([["Owner", owner]] as const)),
    ],
    colour: "yellow",
    severity: "warning",
    summary: `Approval required — ${action_id} (${risk_level} risk)`,
  }),
  "approval.granted": ({ action_id, approved_by, receipt_id }) => ({
    title: `✅ Approved — ${action_id}`,
    fields: [
      ["Action", action_id],
      ["Approved by", approved_by],
      ["Receipt", receipt_id],
    ],
    colour: "green",
    severity: "info",
    summary: `Approval granted — ${action_id}`,
  }),
  "approval.denied": ({ action_id, denied_by, reason }) => ({
    title: `❌ Denied — ${action_id}`,
    fields: [
      ["Action", action_id],
      ["Denied by", denied_by],
      ["Reason", reason],
    ],
    colour: "blue",
    severity: "info",
    summary: `Approval denied — ${action_id}`,
  }),
  "approval.expired": ({ action_id, principal, created_at, expired_at }) => ({
    title: `⏰ Approval Expired — ${action_id}`,
    fields: [
      ["Action", action_id],
      ["Principal", principal],
      ["Created", created_at],
      ["Expired", expired_at],
    ],
    colour: "yellow",
    severity: "warning",
    summary: `Approval expired — ${action_id}`,
  }),
  "action.denied": ({ action_id, principal, deny_reason }) => ({
    title: `🚫 Action Denied — ${action_id}`,
    fields: [
      ["Action", action_id],
      ["Principal", principal],
      ["Reason", deny_reason],
    ],
    colour: "blue",
    severity: "warning",
    summary: `Action denied — ${action_id}`,
  }),
  "action.executed": ({ action_id, principal, verification_outcome, receipt_id }) => ({
    title: `✅ Action Executed — ${action_id}`,
    fields: [
      ["Action", action_id],
      ["Principal", principal],
      ["Verification", verification_outcome],
      ["Receipt", receipt_id],
    ],
    colour: "green",
    severity: "info",
    summary: `Action executed — ${action_id}`,
  }),
  "action.failed": ({ action_id, principal, error_class }) => ({
    title: `💥 Action Failed — ${action_id}`,
    fields: [
      ["Action", action_id],
      ["Principal", principal],
      ["Error", error_class],
    ],
    colour: "red",
    severity: "error",
    summary: `Action failed — ${action_id} (${error_class})`,
  }),
  revocation: ({ operator_id, old_epoch, new_epoch }) => ({
    title: `🔴 Revocation — kill-switch by ${operator_id}`,
    fields: [
      ["Operator", operator_id],
      ["Epoch", `${old_epoch} → ${new_epoch}`],
    ],
    colour: "red",
    severity: "critical",
    summary: `Revocation — kill-switch activated by ${operator_id}`,
  }),
  "budget.exhausted": ({ action_id, principal, session_id }) => ({
    title: `💰 Budget Exhausted — ${action_id}`,
    fields: [
      ["Action", action_id],
      ["Principal", principal],
      ["Session", session_id],
    ],
    colour: "yellow",
    severity: "error",
    summary: `Budget exhausted — ${action_id}`,
  }),
  // The gate has no words of its own for this kind.
  "budget.rollback_failed": () => ({
    title: "📌 Event: budget.rollback_failed",
    fields: [],
    colour: "blue",
    severity: "info",
    summary: "budget.rollback_failed",
  }),
  test: ({ endpoint_name, message }) => ({
    title: "🔔 Webhook Test",
    fields: [
      ["Endpoint", endpoint_name],
      ["Message", message],
    ],
    colour: "blue",
    severity: "info",
    summary: "Webhook test event",
  }),
} satisfies { [Kind in keyof WebhookData]: Write<Kind> };

/** The words for an event. */
export function headlineOf<Kind extends keyof WebhookData>(
  event: WebhookEvent & { readonly type: Kind; readonly data: WebhookData[Kind] },
): Headline {
  const write: { [Each in keyof WebhookData]: Write<Each> } = writers;
  return write[event.type](event.data);
}
