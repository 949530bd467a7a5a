/**
 * A LatchGate gate for tests: see {@link MockGate}.
 * @module latchgate-client/testing
 */

export type { FileContent, FileLink } from "./actions/file-tree.ts";
export type { MockWeb, WebAnswer, WebRequest } from "./actions/web.ts";
export type { Workspace } from "./actions/workspace.ts";
export {
  type ConformanceFinding,
  conformance,
} from "./conformance/conformance.ts";
export type { CheckName } from "./conformance/conformance-checks.ts";
export type {
  ClientFactory,
  ConformanceClient,
  ConformanceExecuteOptions,
  ConformanceOptions,
  ConformanceSetup,
  OutcomeOf,
} from "./conformance/conforming.ts";
export type { JournalCheckName, JournalEntryLike, JournalLike } from "./conformance/journal-checks.ts";
export {
  type JournalFinding,
  type VerifyJournalOptions,
  verifyJournal,
} from "./conformance/journal-conformance.ts";
export type { ApproveOptions } from "./decisions/approve-deny.ts";
export type { Effect } from "./decisions/world.ts";
export type { Timer } from "./formats/clock.ts";
export type { ProofClaims } from "./formats/proof.ts";
export type { Caller, MockRequest, MockResponse, Transport } from "./formats/wire.ts";
export {
  type ApprovalView,
  MockGate,
  type OperatorAnswer,
  type SessionView,
} from "./gate/gate.ts";
export type { MockGateOptions } from "./gate/options.ts";
export type { ReceivedRequest } from "./sockets/deliver.ts";
export type { Face, RequestReport } from "./sockets/listener.ts";
export { type MswGate, type MswOptions, mswHandlers } from "./sockets/msw.ts";
export type { AdminTls } from "./sockets/mutual-tls.ts";
export type { GateServer, ListenOptions } from "./sockets/serve.ts";
export type { MockAction, RiskLevel, RunContext, Targets } from "./stores/actions.ts";
export type { ApprovalState } from "./stores/approvals.ts";
export type { RateLimits } from "./stores/buckets.ts";
export type { Fault, FaultHandle, FaultMatch, MockOperationId } from "./stores/faults.ts";
export type { LeaseKey } from "./stores/leases.ts";
export type { AuditEvent, AuditRuntime } from "./stores/ledger.ts";
export type { MockOperator, OperatorCredentials } from "./stores/operators.ts";
export type { MockPeer } from "./stores/peers.ts";
export type { ReceiptKey } from "./stores/receipts.ts";
export { FLAWS, type Flaw } from "./twins/flaws.ts";
export { twin } from "./twins/twins.ts";
export type { WebhookFormat } from "./webhooks/body.ts";
export type { AttemptOutcome, WebhookDelivery, WebhookTest } from "./webhooks/delivery.ts";
export type { WebhookKind } from "./webhooks/events.ts";
export type { WebhookFault, WebhookFaultMatch } from "./webhooks/faults.ts";
export type { WebhookSettings } from "./webhooks/settings.ts";
export { MockGateStartError, type MockWebhook, type WebhookFetch } from "./webhooks/start.ts";
