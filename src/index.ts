/**
 * Calls a LatchGate gate from an agent's program.
 * @module latchgate-client
 */

export type { ClientOptions } from "./agent/agent.ts";
export type { WaitOptions } from "./agent/approvals.ts";
export type { ActionsLike, AnyActions, ExecuteArguments, ExecuteOptions } from "./agent/execute.ts";
export type { HandoverOptions } from "./agent/handover.ts";
export {
  createMemoryJournal,
  type Journal,
  type JournalEntry,
  type MemoryJournalOptions,
} from "./agent/journal.ts";
export type { Api } from "./call/api.ts";
export type { CallOptions } from "./call/call-state.ts";
export type { Logger, TraceContext, TraceName } from "./call/tracing.ts";
export {
  type AgentApi,
  type ConnectOptions,
  createAgentApi,
  LatchGateClient,
  outcomeOf,
} from "./client/client.ts";
export {
  type ReceiptKey,
  type ReceiptKeys,
  type ReceiptVerdict,
  type VerificationStep,
  verifyReceipt,
} from "./evidence/receipts.ts";
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
export { computeAth, type DPoPJwk, DPoPKeyPair, normalizeHtu } from "./proof/dpop.ts";
export type { LeaseEvent, LeaseOptions } from "./session/lease.ts";
export type { SessionView } from "./session/session.ts";
export {
  type ApprovalDetails,
  type ApprovalKnowledge,
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
} from "./vocabulary/errors.ts";
export {
  type ActionResult,
  type ApprovalStatus,
  type EgressProfile,
  type ExecutionReceipt,
  egressProfileFromJson,
  isFullySuccessful,
  type Runtime,
  type Verification,
} from "./vocabulary/models.ts";
export type { OperationTable } from "./vocabulary/outcomes.ts";
export type { RetryOptions } from "./wire/backoff.ts";
export {
  type CarrierName,
  type ConnectionOptions,
  type DispatcherLike,
  defaultSocket,
  type FoundGate,
  findGate,
  type TlsOptions,
} from "./wire/config.ts";
export type { Clock } from "./wire/send.ts";
export { createTransport, type Transport } from "./wire/transport.ts";
