import type { Digits } from "./json.ts";

/** The kinds that an endpoint can subscribe to, in the gate's own order: its refusals list them so. */
export const WEBHOOK_KINDS = [
  "approval.pending",
  "approval.granted",
  "approval.denied",
  "approval.expired",
  "action.denied",
  "action.executed",
  "action.failed",
  "revocation",
  "budget.exhausted",
  "budget.rollback_failed",
] as const;

/** What an endpoint can subscribe to. `action.denied` is one of them, and no gate sends it. */
export type WebhookKind = (typeof WEBHOOK_KINDS)[number];

/** The `data` of each kind, member for member as the gate has it; `test` is what the gate's command sends. */
export interface WebhookData {
  "approval.pending": {
    readonly approval_id: string;
    readonly action_id: string;
    readonly principal: string;
    readonly owner: string | null;
    readonly risk_level: string;
    readonly request_hash: string;
    readonly expires_at: string;
    readonly request_summary: Printable;
    readonly trace_id: string;
    readonly unresolved_domains: readonly string[] | undefined;
    readonly unresolved_paths: readonly string[] | undefined;
  };
  "approval.granted": {
    readonly approval_id: string;
    readonly action_id: string;
    readonly approved_by: string;
    readonly receipt_id: string;
    readonly trace_id: string;
  };
  "approval.denied": {
    readonly approval_id: string;
    readonly action_id: string;
    readonly denied_by: string;
    readonly reason: string;
    readonly trace_id: string;
  };
  "approval.expired": {
    readonly approval_id: string;
    readonly action_id: string;
    readonly principal: string;
    readonly owner: string | null;
    readonly created_at: string;
    readonly expired_at: string;
  };
  "action.denied": {
    readonly action_id: string;
    readonly principal: string;
    readonly owner: string | null;
    readonly deny_reason: string;
    readonly trace_id: string;
  };
  "action.executed": {
    readonly action_id: string;
    readonly principal: string;
    readonly owner: string | null;
    readonly receipt_id: string;
    readonly verification_outcome: string;
    readonly trace_id: string;
  };
  "action.failed": {
    readonly action_id: string;
    readonly principal: string;
    readonly owner: string | null;
    readonly error_class: string;
    readonly trace_id: string;
  };
  revocation: { readonly old_epoch: number; readonly new_epoch: number; readonly operator_id: string };
  "budget.exhausted": {
    readonly action_id: string;
    readonly principal: string;
    readonly owner: string | null;
    readonly session_id: string;
  };
  "budget.rollback_failed": {
    readonly session_id: string;
    readonly error: string;
    readonly trace_id: string;
    readonly label: string;
  };
  test: { readonly endpoint_name: string; readonly message: string };
}

/** What happened, before it has an id and a time. */
export type Happening = {
  [Kind in keyof WebhookData]: { readonly type: Kind; readonly data: WebhookData[Kind] };
}[keyof WebhookData];

/** What happened, as all endpoints and all attempts tell it: one id, one time. */
export type WebhookEvent = Happening & {
  readonly id: string;
  /** UTC, whole seconds: when it was formatted. */
  readonly timestamp: string;
};

/** A JSON value as the gate holds it: numbers may keep their digits, and a map may have any names. */
export type Printable =
  | null
  | boolean
  | number
  | string
  | Digits
  | readonly Printable[]
  | ReadonlyMap<string, Printable>;
