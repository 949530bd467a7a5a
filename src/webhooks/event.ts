import type { components } from "../generated/webhooks.ts";
import { LatchGateWebhookError } from "./webhook-error.ts";

type Schemas = components["schemas"];

/** An event of a kind that this package knows. Told apart by `type`. */
export type KnownEvent = Schemas["KnownEvent"];

/** The kinds that this package knows. `action.denied` is one that no gate 0.2.x sends. */
export type EventKind = KnownEvent["type"];

/** The event of one kind. */
export type EventOf<Kind extends EventKind> = Extract<KnownEvent, { type: Kind }>;

/**
 * Any kind that this package does not know: a string of which nothing else can be said. Were it `string`, or a branded one, a
 * comparison of `type` with a known kind would not tell TypeScript which event it is.
 */
export declare enum UnknownKind {
  any = "",
}

/** An event of a kind that came after this package. To compare its kind with a word, make it a string: `String(event.type)`. */
export interface UnknownEvent extends Omit<Schemas["UnknownEvent"], "type"> {
  type: UnknownKind;
}

/**
 * What a gate sends to an endpoint of the format `generic`. Members that are not described are there too.
 *
 * @example
 * if (event.type === "approval.pending") console.log(event.data.approval_id, event.data.risk_level);
 */
export type WebhookEvent = KnownEvent | UnknownEvent;

/** The event that a verified body is. Only what this package itself relies on is looked at. */
export function eventOf(body: Uint8Array | string): WebhookEvent {
  let value: unknown;
  try {
    value = JSON.parse(typeof body === "string" ? body : UTF8.decode(body));
  } catch {
    // What JSON.parse says quotes the body.
    throw new LatchGateWebhookError(
      "not_json",
      "the webhook's signature holds, and its body is no JSON in UTF-8",
    );
  }
  if (!isEvent(value))
    throw new LatchGateWebhookError(
      "not_an_event",
      "the webhook's signature holds, and its body is no event of the format `generic`: is the endpoint configured with another one?",
    );
  return value;
}

/** Every kind that the document knows: a new one there stops the build here. */
const KINDS = {
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
  test: true,
} as const satisfies Record<EventKind, true>;

/** Whether an event is of a kind that this package knows. */
export const isKnown = (event: WebhookEvent): event is KnownEvent => Object.hasOwn(KINDS, event.type);

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function isEvent(value: unknown): value is WebhookEvent {
  if (!isObject(value) || !isObject(value["data"])) return false;
  return [value["id"], value["type"]].every((word) => typeof word === "string" && word !== "");
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
