/**
 * Decides on held actions, reads the audit ledger, and says what a gate allows, from an operator's program.
 * @module latchgate-client/operator
 */

export type { Api } from "./api.ts";
export { type AuditVerdict, type ChainedEvent, type Findings, verifyAuditChain } from "./audit.ts";
export type { RetryOptions } from "./backoff.ts";
export type { CallOptions } from "./call-state.ts";
export {
  type ConnectionOptions,
  type DispatcherLike,
  defaultOperatorSocket,
  type TlsOptions,
} from "./config.ts";
export { type DPoPJwk, DPoPKeyPair, type PrivateJwk, type PrivateKeySource } from "./dpop.ts";
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
} from "./errors.ts";
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
export type { ActionResult, ExecutionReceipt, Runtime, Verification } from "./models.ts";
export type { ListOptions, OperatorApprovals } from "./operating/approvals.ts";
export type { Approve, ApproveOptions } from "./operating/approve.ts";
export type { Audit, AuditEvent, AuditFilter, EventsOptions, Side } from "./operating/audit.ts";
export type { OperatorApiOperationId, OperatorOptions } from "./operating/connection.ts";
export type {
  AlreadyEnded,
  ApproveAnswer,
  ApprovedExecution,
  Denial,
  DenyAnswer,
} from "./operating/decisions.ts";
export type { DiscoverOptions } from "./operating/discover.ts";
export type { Explanation } from "./operating/explain.ts";
export type { LearnedDomains, LearnedPaths } from "./operating/learned.ts";
export { type Learning, type LearnOptions, willLearn } from "./operating/learning.ts";
export { createOperatorApi, LatchGateOperator, type OperatorApi, outcomeOf } from "./operating/operator.ts";
export type { Policy } from "./operating/policy.ts";
export type { WakeUp } from "./operating/wake.ts";
export type { ApprovalSummary, WatchOptions } from "./operating/watch.ts";
export type { OperationTable } from "./outcomes.ts";
export {
  type ReceiptKey,
  type ReceiptKeys,
  type ReceiptVerdict,
  type VerificationStep,
  verifyReceipt,
} from "./receipts.ts";
export type { Clock } from "./send.ts";
export { createTransport, type Transport } from "./transport.ts";
