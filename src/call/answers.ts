import {
  type ErrorDetails,
  type LatchGateError,
  LatchGateOutcomeUnknown,
  LatchGateTransportError,
} from "../vocabulary/errors.ts";
import type { BufferedResponse } from "../wire/send.ts";
import { type CallState, detailsOf } from "./call-state.ts";
import { doubtAbout } from "./refusals.ts";

/**
 * What a named method makes its result of: an answer whose body is what the document says of it.
 * @param body the answer's JSON, undefined where it is none
 */
export function resultOf(
  state: CallState,
  response: BufferedResponse,
  body: unknown,
): { status: number; body: unknown; state: CallState; response: BufferedResponse } {
  const { status } = response;
  if (answersText(state.operationId)) return { status, body: response.body, state, response };
  if (body === undefined) throw unreadable(state, status, `invalid JSON in ${answerName(state)} response`);
  // A request schema may be any JSON value; every other result is an object.
  if (
    state.operationId !== "getActionRequestSchema" &&
    (typeof body !== "object" || body === null || Array.isArray(body))
  )
    throw unreadable(state, status, `expected JSON object in ${answerName(state)} response`);
  const needed = RELIED_ON[state.operationId];
  if (needed !== undefined && ((body as Record<string, unknown>)[needed] ?? undefined) === undefined)
    throw unreadable(state, status, `no ${needed} in ${answerName(state)} response`);
  return { status, body, state, response };
}

/** Whether the result of an operation is text and no JSON. */
export const answersText = (operationId: string) => operationId === "getMetrics";

/** What a result is about: without it there is none. Other members may be missing in other people's mocks. */
const RELIED_ON: { readonly [operationId: string]: string } = {
  listActions: "actions",
  getLeaseKeys: "keys",
  getReceipt: "receipt_id",
  getReceiptAsOperator: "receipt_id",
  listReceiptKeys: "keys",
  listApprovals: "approvals",
  getApproval: "status",
  approveApproval: "decision",
  denyApproval: "decision",
  listAuditEvents: "events",
  verifyAudit: "intact",
  getStatus: "status",
  getEpoch: "current_epoch",
  listDomains: "domains",
  listPaths: "paths",
  getPolicy: "acl",
  getPrincipalPolicy: "acl",
};

/** The error for a result that can't be used, though its status is one of a result. */
export function unreadable(state: CallState, status: number, problem: string): LatchGateError {
  const { outcome } = state.operation.lost;
  const details: ErrorDetails = { ...detailsOf(state), code: "unreadable_answer", status, outcome };
  if (outcome === "not_executed") return new LatchGateTransportError(problem, details);
  return new LatchGateOutcomeUnknown(`${problem}: ${doubtAbout(state.operation)}`, details);
}

const ANSWER_NAMES: { readonly [operationId: string]: string } = {
  createLease: "lease",
  executeAction: "execute",
  getReceipt: "receipt",
  pollApproval: "approval",
  getAction: "action",
};

const answerName = ({ operationId }: CallState) => ANSWER_NAMES[operationId] ?? operationId;
