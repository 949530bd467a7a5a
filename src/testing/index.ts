/**
 * A LatchGate gate for tests: see {@link MockGate}.
 * @module latchgate-client/testing
 */

export type { MockAction, RiskLevel, RunContext, Targets } from "./actions.ts";
export type { ApprovalState } from "./approvals.ts";
export type { RateLimits } from "./buckets.ts";
export type { Timer } from "./clock.ts";
export {
  type ConformanceFinding,
  conformance,
} from "./conformance.ts";
export type { CheckName } from "./conformance-checks.ts";
export type {
  ClientFactory,
  ConformanceClient,
  ConformanceExecuteOptions,
  ConformanceOptions,
  ConformanceSetup,
  OutcomeOf,
} from "./conforming.ts";
export type { ApproveOptions } from "./decisions.ts";
export type { ReceivedRequest } from "./deliver.ts";
export type { Fault, FaultHandle, FaultMatch, MockOperationId } from "./faults.ts";
export type { FileContent, FileLink } from "./file-tree.ts";
export { FLAWS, type Flaw } from "./flaws.ts";
export {
  type ApprovalView,
  MockGate,
  type OperatorAnswer,
  type SessionView,
} from "./gate.ts";
export type { LeaseKey } from "./leases.ts";
export type { AuditEvent, AuditRuntime } from "./ledger.ts";
export type { Face, RequestReport } from "./listener.ts";
export { type MswGate, type MswOptions, mswHandlers } from "./msw.ts";
export type { AdminTls } from "./mutual-tls.ts";
export type { MockOperator, OperatorCredentials } from "./operators.ts";
export type { MockGateOptions } from "./options.ts";
export type { MockPeer } from "./peers.ts";
export type { ProofClaims } from "./proof.ts";
export type { ReceiptKey } from "./receipts.ts";
export type { GateServer, ListenOptions } from "./serve.ts";
export { twin } from "./twins.ts";
export type { MockWeb, WebAnswer, WebRequest } from "./web.ts";
export type { WebhookFormat } from "./webhooks/body.ts";
export type { AttemptOutcome, WebhookDelivery, WebhookTest } from "./webhooks/delivery.ts";
export type { WebhookKind } from "./webhooks/events.ts";
export type { WebhookFault, WebhookFaultMatch } from "./webhooks/faults.ts";
export type { WebhookSettings } from "./webhooks/settings.ts";
export { MockGateStartError, type MockWebhook, type WebhookFetch } from "./webhooks/start.ts";
export type { Caller, MockRequest, MockResponse, Transport } from "./wire.ts";
export type { Workspace } from "./workspace.ts";
export type { Effect } from "./world.ts";
