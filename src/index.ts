/**
 * Calls a LatchGate gate from an agent's program.
 * @module latchgate-client
 */

export type { ClientOptions } from "./agent.ts";
export type { Api } from "./api.ts";
export type { WaitOptions } from "./approvals.ts";
export type { RetryOptions } from "./backoff.ts";
export type { CallOptions } from "./call-state.ts";
export {
  type AgentApi,
  type ConnectOptions,
  createAgentApi,
  LatchGateClient,
  outcomeOf,
} from "./client.ts";
export {
  type CarrierName,
  type ConnectionOptions,
  type DispatcherLike,
  defaultSocket,
  type FoundGate,
  findGate,
  type TlsOptions,
} from "./config.ts";
export { computeAth, type DPoPJwk, DPoPKeyPair, normalizeHtu } from "./dpop.ts";
export {
  type ErrorDetails,
  LatchGateApprovalDenied,
  LatchGateApprovalExpired,
  LatchGateApprovalLost,
  LatchGateApprovalRequired,
  LatchGateAuthError,
  LatchGateBudgetExhausted,
  LatchGateConflict,
  LatchGateDenied,
  LatchGateError,
  LatchGateInvalidRequest,
  LatchGateJournalError,
  LatchGateLeaseExpired,
  LatchGateNotConnected,
  LatchGateNotFound,
  LatchGateOutcomeUnknown,
  LatchGateRateLimited,
  LatchGateReplayDetected,
  LatchGateTooLarge,
  LatchGateTransportError,
  LatchGateUnavailable,
  type ParameterIssue,
} from "./errors.ts";
export type { ActionsLike, AnyActions, ExecuteArguments, ExecuteOptions } from "./execute.ts";
export type { components, operations, paths } from "./generated/agent.ts";
export {
  type AgentOperationId,
  type AnswerFacts,
  type ErrorCode,
  errorCodes,
  type OperationFacts,
  type Outcome,
  type ParameterFacts,
} from "./generated/operations.ts";
export { createMemoryJournal, type Journal, type JournalEntry } from "./journal.ts";
export type { LeaseEvent, LeaseOptions } from "./lease.ts";
export {
  type ActionResult,
  type ApprovalStatus,
  type EgressProfile,
  type ExecutionReceipt,
  egressProfileFromJson,
  isFullySuccessful,
  type Runtime,
  type Verification,
} from "./models.ts";
export type { OperationTable } from "./outcomes.ts";
export {
  type ReceiptKey,
  type ReceiptKeys,
  type ReceiptVerdict,
  type VerificationStep,
  verifyReceipt,
} from "./receipts.ts";
export type { Clock } from "./send.ts";
export type { SessionView } from "./session.ts";
export type { Logger, TraceContext, TraceName } from "./tracing.ts";
export { createTransport, type Transport } from "./transport.ts";
