/**
 * What a gate sends by itself: its webhooks verified, typed, and received once.
 * @module latchgate-client/webhooks
 */

export type { components, operations, webhooks } from "./generated/webhooks.ts";
export type { NodeRequest } from "./webhooks/body.ts";
export type {
  EventKind,
  EventOf,
  KnownEvent,
  UnknownEvent,
  UnknownKind,
  WebhookEvent,
} from "./webhooks/event.ts";
export type { WebhookHeaders } from "./webhooks/headers.ts";
export {
  type NodeResponse,
  type WebhookReceiver,
  type WebhookReceiverOptions,
  webhookReceiver,
} from "./webhooks/receiver.ts";
export { createMemorySeenStore, type SeenStore } from "./webhooks/seen.ts";
export type { VerifyOptions } from "./webhooks/signature.ts";
export { type RawBody, verifyWebhook, verifyWebhookSignature } from "./webhooks/verify.ts";
export { LatchGateWebhookError, type WebhookErrorCode } from "./webhooks/webhook-error.ts";
