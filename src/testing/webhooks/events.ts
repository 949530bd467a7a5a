import type { components } from "../../generated/webhooks.ts";
import type { Digits } from "./json.ts";

type Schemas = components["schemas"];
type Known = Schemas["KnownEvent"];

/** What an endpoint can subscribe to. `action.denied` is one of them, and no gate sends it. */
export type WebhookKind = Exclude<Known["type"], "test">;

/** The kinds in the gate's own order: its refusals list them so. */
export const WEBHOOK_KINDS = Object.keys({
  "approval.pending": true,
  "approval.granted": true,
  "approval.denied": true,
  "approval.expired": true,
  "action.denied": true,
  "action.executed": true,
  "action.failed": true,
  revocation: true,
  "budget.exhausted": true,
  "budget.rollback_failed": true,
} satisfies Record<WebhookKind, true>) as readonly WebhookKind[];

/** The `data` of each kind; `test` is what the gate's command sends. */
export type WebhookData = { readonly [Event in Known as Event["type"]]: Readonly<Event["data"]> };

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

/** What `request_summary` holds: numbers keep their digits, and a map may have any names. */
export type Printable =
  | null
  | boolean
  | string
  | Digits
  | readonly Printable[]
  | ReadonlyMap<string, Printable>;
