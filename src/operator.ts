/**
 * Decides on held actions, reads the audit ledger, and says what a gate allows, from an operator's program.
 * @module latchgate-client/operator
 */

export type { Api } from "./call/api.ts";
export type { CallOptions } from "./call/call-state.ts";
export { type AuditVerdict, type ChainedEvent, type Findings, verifyAuditChain } from "./evidence/audit.ts";
export {
  type ReceiptKey,
  type ReceiptKeys,
  type ReceiptVerdict,
  type VerificationStep,
  verifyReceipt,
} from "./evidence/receipts.ts";
export {
  type AnswerFacts,
  type ErrorCode,
  errorCodes,
  type OperationFacts,
  type OperatorOperationId,
  type Outcome,
  type ParameterFacts,
} from "./generated/operations.ts";
export type { components, operations, paths } from "./generated/operator.ts";
export type { ListOptions, OperatorApprovals } from "./operator/approvals.ts";
export type { Approve, ApproveOptions } from "./operator/approve.ts";
export type { Audit, AuditEvent, AuditFilter, EventsOptions, Side } from "./operator/audit.ts";
export type { OperatorApiOperationId, OperatorOptions } from "./operator/connection.ts";
export type {
  AlreadyEnded,
  ApproveAnswer,
  ApprovedExecution,
  Denial,
  DenyAnswer,
} from "./operator/decisions.ts";
export type { DiscoverOptions } from "./operator/discover.ts";
export type { Explanation } from "./operator/explain.ts";
export type { LearnedDomains, LearnedPaths } from "./operator/learned.ts";
export { type Learning, type LearnOptions, willLearn } from "./operator/learning.ts";
export { createOperatorApi, LatchGateOperator, type OperatorApi, outcomeOf } from "./operator/operator.ts";
export type { Policy } from "./operator/policy.ts";
export type { WakeUp } from "./operator/wake.ts";
export type { ApprovalSummary, WatchOptions } from "./operator/watch.ts";
export { type DPoPJwk, DPoPKeyPair, type PrivateJwk, type PrivateKeySource } from "./proof/dpop.ts";
export {
  type ErrorDetails,
  LatchGateApprovalExpired,
  LatchGateAuthError,
  LatchGateBudgetExhausted,
  LatchGateConflict,
  LatchGateDenied,
  LatchGateError,
  LatchGateInvalidRequest,
  LatchGateNotFound,
  LatchGateOutcomeUnknown,
  LatchGateRateLimited,
  LatchGateReplayDetected,
  LatchGateTooLarge,
  LatchGateTransportError,
  LatchGateUnavailable,
} from "./vocabulary/errors.ts";
export type { ActionResult, ExecutionReceipt, Runtime, Verification } from "./vocabulary/models.ts";
export type { OperationTable } from "./vocabulary/outcomes.ts";
export type { RetryOptions } from "./wire/backoff.ts";
export {
  type ConnectionOptions,
  type DispatcherLike,
  defaultOperatorSocket,
  type TlsOptions,
} from "./wire/config.ts";
export type { Clock } from "./wire/send.ts";
export { createTransport, type Transport } from "./wire/transport.ts";
