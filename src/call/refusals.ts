import type { ErrorCode, OperationFacts, Outcome } from "../generated/operations.ts";
import {
  type ErrorDetails,
  LatchGateAuthError,
  LatchGateBudgetExhausted,
  LatchGateConflict,
  LatchGateDenied,
  type LatchGateError,
  LatchGateInvalidRequest,
  LatchGateLeaseExpired,
  LatchGateNotFound,
  LatchGateOutcomeUnknown,
  LatchGateRateLimited,
  LatchGateReplayDetected,
  LatchGateTooLarge,
  LatchGateUnavailable,
} from "../vocabulary/errors.ts";
import { errorCodeOf } from "../vocabulary/outcomes.ts";
import { inSandbox } from "../wire/sandbox.ts";
import type { GateResponse } from "../wire/send.ts";
import { gateClockIn, retryAfterMs } from "./retry-after.ts";

/** An answer that is no result, and what the call knows beside it. */
export interface Refusal {
  readonly operationId: string;
  readonly operation: OperationFacts;
  /** The action's id, or `<receipt>`, `<approval>`, `<connect>`: what 0.2.0 called the subject of a refusal. */
  readonly subject: string;
  readonly status: number;
  /** Whether the action may have run: the judgement's word. */
  readonly outcome: Outcome;
  /** Parsed where it was JSON, else its text; nothing secret is left in it. */
  readonly body: unknown;
  readonly headers: GateResponse["headers"];
  /** The local clock at the answer's arrival, in milliseconds. */
  readonly receivedAt: number;
  readonly details: ErrorDetails;
}

type Maker = (refusal: Refusal, code: string | undefined, details: ErrorDetails) => LatchGateError;

/** The gate's buckets refill at each second's tick (contract agent.md 8.1), and a lease's 429 does not say so. */
const BUCKET_REFILL_MS = 1000;

/** The error that a refusal of the gate becomes. */
export function refusalError(refusal: Refusal): LatchGateError {
  const { status, outcome, body, headers, receivedAt } = refusal;
  const code = errorCodeOf(body) ?? impliedBy(refusal);
  const details: ErrorDetails = {
    ...refusal.details,
    code: code ?? `unexpected_status_${status}`,
    status,
    outcome,
    body,
    retryAfterMs: retryAfterMs(headers, body, receivedAt) ?? (status === 429 ? BUCKET_REFILL_MS : undefined),
    hint: hintFor(refusal, code),
  };
  const known = isKnown(code) ? makers[code] : undefined;
  if (outcome === "not_executed") return (known ?? byStatus(status))(refusal, code, details);
  // Whoever reads "unavailable" or "denied" takes it that nothing ran.
  return known === conflict || known === replayed
    ? known(refusal, code, details)
    : outcomeUnknown(refusal, code, details);
}

/** What an answer without a body means where it can mean one thing only (contract agent.md 3.6). */
function impliedBy({ operationId, operation, status, body }: Refusal): string | undefined {
  if (status !== 404 || body !== undefined) return undefined;
  if (operationId === "getAction") return "action_not_found";
  // Of an operator's routes one alone answers 404 without a word; the client's socket has none of them (contract operator.md 0).
  return operation.security === "operator" && operationId !== "getApproval" ? WRONG_SOCKET : undefined;
}

const denied: Maker = ({ subject, body }, code, details) => {
  const reason = member(body, "deny_reason");
  // With the shipped policy a used-up budget is a policy's word (contract agent.md 7).
  if (code === "policy_denied" && typeof reason === "string" && reason.startsWith("budget exhausted"))
    // More calls are what is missing, and no grant.
    return new LatchGateBudgetExhausted(subject, { ...details, hint: undefined });
  const word = code ?? details.code;
  return new LatchGateDenied(subject, typeof reason === "string" ? `${word}: ${reason}` : word, details);
};
const budgetExhausted: Maker = ({ subject }, _code, details) =>
  new LatchGateBudgetExhausted(subject, details);
const unauthorized: Maker = (_refusal, code = "unauthorized", details) =>
  new LatchGateAuthError(code, { ...details, code });
const leaseExpired: Maker = (_refusal, code, details) =>
  new LatchGateLeaseExpired(code ?? "lease_expired", details);
const replayed: Maker = (_refusal, code, details) =>
  new LatchGateReplayDetected(code ?? "replay_detected", details);
const conflict: Maker = (_refusal, code, details) =>
  new LatchGateConflict(
    `the gate answered ${code ?? "a conflict"}: the same thing is being changed, or has been`,
    details,
  );
const notFound: Maker = ({ subject }, code, details) =>
  new LatchGateNotFound(subject, code === WRONG_SOCKET ? "this is not the operators' socket" : code, details);
const tooLarge: Maker = (_refusal, _code, details) =>
  new LatchGateTooLarge("the request is larger than the gate takes (1 MiB)", details);
const rateLimited: Maker = ({ status }, code, details) =>
  new LatchGateRateLimited(`unexpected_status_${status}: ${code ?? "rate_limited"}`, {
    ...details,
    code: code ?? "rate_limited",
  });
const unavailable: Maker = ({ status }, code, details) => {
  const word = code ?? "no error word";
  const named = (status === 502 || status === 503) && code !== undefined;
  return new LatchGateUnavailable(named ? word : `unexpected_status_${status}: ${word}`, details);
};
const invalid: Maker = ({ subject, body, status }, code, details) => {
  const message = member(body, "message") ?? member(body, "deny_reason");
  const said =
    typeof message === "string" ? message : typeof body === "string" ? body.slice(0, 300) : undefined;
  const word = code ?? `status ${status}`;
  return new LatchGateInvalidRequest(
    subject,
    `the gate refused the request: ${word}${said ? `: ${said}` : ""}`,
    details,
  );
};
const outcomeUnknown: Maker = ({ status, operation }, code, details) => {
  const word = code === undefined || code === WRONG_SOCKET ? "" : ` ${code}`;
  const what = `the gate answered ${status}${word}`;
  const doubt =
    details.outcome === "executed"
      ? "the action has run, without evidence of it; do not repeat it, look at its effect"
      : doubtAbout(operation);
  return new LatchGateOutcomeUnknown(`${what}: ${doubt}`, details);
};

/** What is to be said where nobody knows whether a call did what it should. */
export const doubtAbout = ({ effect }: Pick<OperationFacts, "effect">) =>
  effect === "gate"
    ? "the gate may have done it; look there before you repeat it"
    : "the action may have run; do not repeat it, look at its effect";

/** An opinion on every `error` word that the documents know. */
const makers = {
  action_digest_mismatch: denied,
  action_execution_failed: outcomeUnknown,
  action_not_found: notFound,
  action_not_registered: denied,
  allowlist_entry_not_found: notFound,
  approval_store_unavailable: unavailable,
  bad_request: invalid,
  budget_exhausted: budgetExhausted,
  budget_session_not_found: denied,
  budget_store_unavailable: unavailable,
  clock_error: unavailable,
  conflict,
  draining: unavailable,
  empty_actions: invalid,
  evidence_persistence_failed: outcomeUnknown,
  fs_root_denied: denied,
  grant_consumed: conflict,
  identity_forbidden: denied,
  identity_provider_unavailable: unavailable,
  identity_unauthenticated: unauthorized,
  internal_error: unavailable,
  invalid_action_id: invalid,
  invalid_auth_scheme: unauthorized,
  invalid_domain: invalid,
  invalid_dpop: unauthorized,
  invalid_fs_root: invalid,
  invalid_input: invalid,
  invalid_lease: unauthorized,
  invalid_operator_token: unauthorized,
  invalid_path_glob: invalid,
  invalid_principal: invalid,
  invalid_request: invalid,
  key_binding_failed: unauthorized,
  lease_expired: leaseExpired,
  ledger_error: unavailable,
  missing_auth_header: unauthorized,
  missing_dpop_header: unauthorized,
  not_found: notFound,
  operator_throttled: rateLimited,
  policy_denied: denied,
  policy_engine_invalid_response: unavailable,
  policy_engine_timeout: unavailable,
  policy_engine_unavailable: unavailable,
  policy_read_error: unavailable,
  policy_write_error: unavailable,
  principal_not_found: notFound,
  rate_limit_exceeded: rateLimited,
  rate_limited: rateLimited,
  reload_failed: unavailable,
  replay_cache_unavailable: unavailable,
  replay_detected: replayed,
  schema_violation: invalid,
  scope_not_permitted: denied,
  serialization_error: unavailable,
  store_unavailable: unavailable,
  too_many_actions: invalid,
  unauthorized,
  unknown_action: invalid,
} satisfies Record<ErrorCode, Maker>;

const isKnown = (code: string | undefined): code is ErrorCode =>
  code !== undefined && Object.hasOwn(makers, code);

/** For a word that the documents don't know, and for answers without one. */
function byStatus(status: number): Maker {
  if (status === 401) return unauthorized;
  if (status === 403) return denied;
  if (status === 404) return notFound;
  if (status === 409) return conflict;
  if (status === 413) return tooLarge;
  if (status === 429) return rateLimited;
  if (status >= 400 && status < 500) return invalid;
  return unavailable;
}

/** The code of an operator's request that has come to a socket which has no such route. */
const WRONG_SOCKET = "wrong_socket";

/** Where an answer shows that it comes from the gate's other socket: what to do. */
function socketHint({ operationId, status }: Refusal, code: string | undefined): string | undefined {
  // The one route that both sockets have, each with credentials of its own (contract agent.md 1).
  if (operationId === "getReceipt" && status === 401 && code === "unauthorized")
    return "this is the operators' socket, where a lease reads no receipt: name the client's (gate.sock)";
  if (code !== WRONG_SOCKET && !(operationId === "getReceiptAsOperator" && code === "invalid_lease"))
    return undefined;
  return `this is the client's socket or port, which has nothing for operators (or it is no gate's): ${
    inSandbox()
      ? "there is no other in the gate's sandbox, so decide outside"
      : "name the operators' (gate-admin.sock)"
  }`;
}

function hintFor(refusal: Refusal, code: string | undefined): string | undefined {
  const { operationId, operation, status, body, headers, receivedAt } = refusal;
  const ofSocket = socketHint(refusal, code);
  if (ofSocket !== undefined) return ofSocket;
  const reason = member(body, "deny_reason");
  const ofDecision = code === undefined ? undefined : decisionHints[`${operationId} ${code}`];
  if (ofDecision !== undefined) return ofDecision;
  // Two of the gate's three kinds of 401 do not say what is wrong.
  if (operation.security === "operator" && status === 401 && (code ?? "unauthorized") === "unauthorized")
    return (
      dateHint(headers, receivedAt) ??
      "the gate does not say which of these it is: the api key, the key (its thumbprint is the credential's dpop_jkt), this machine's clock, publicBaseUrl; `latchgate-client doctor` finds out"
    );
  if (status >= 300 && status < 400)
    return "this is a redirect, and none is followed: is the base URL the gate's own?";
  if (operationId === "pollApproval" && status === 404)
    return "the gate has no such approval, or another session opened it: only that one may see it";
  if (operationId === "getApproval" && status === 404)
    return "the gate has no such approval, or it has expired (a gate with Redis forgets it then), or this is the client's socket, which answers the same";
  if (code === "invalid_dpop" && typeof reason === "string")
    return htuHint(reason) ?? clockHint(reason, receivedAt);
  return code !== undefined && isKnown(code) ? hints[code] : undefined;
}

/** What a word means in answer to an operator's decision, where that is another thing than elsewhere. */
const decisionHints: { readonly [decision: string]: string } = {
  "approveApproval bad_request":
    "a path that can't be learned is refused after the claim: the approval is claimed now, and takes no decision for 120 s; then approve it with a learnPath relative to the session's root, or deny it",
  "approveApproval policy_denied":
    "the policy was asked when the call was held: what is missing now is something of the gate's own, most often the action's secrets; the approval has failed",
  "approveApproval conflict":
    "another approve of it is under way, or was cut off: 120 s after that claim the gate would run the action a second time",
  "approveApproval action_not_found":
    "the gate has no such approval, or it has expired, or its action is not registered any more",
  "approveApproval schema_violation":
    "it is the action's answer that does not fit its schema: the action has most likely run",
  "denyApproval conflict":
    "an approve of it is under way, or was cut off: it can be denied 120 s after that claim",
  "denyApproval action_not_found": "the gate has no such approval, or it has expired",
  "addPath ledger_error": "an action may have 50 learned paths: the gate answers the next one so",
};

const hints: { readonly [Code in ErrorCode]?: string } = {
  budget_session_not_found: "the gate has forgotten this session's budget; a new lease has one",
  invalid_operator_token:
    "the gate has no operator credential with this api key (it reads them at its start only)",
  key_binding_failed:
    "the key is not the one that the lease, or the operator's credential (dpop_jkt), is bound to",
  draining: "this gate process takes no new work and will not take any again; wait for its successor",
  identity_unauthenticated: "this gate tells callers apart by their UID, which only its Unix socket shows",
  invalid_lease: "the gate does not know this lease: it was restarted, or another gate issued the lease",
  policy_denied: "an operator can grant the action to this principal",
  schema_violation:
    "the gate has one code for parameters that do not fit the action's schema (nothing ran) and for an answer of the action that does not (it ran); an operator can tell them apart by the audit event",
};

function htuHint(reason: string): string | undefined {
  const [, expected, got] = /^htu mismatch: expected '([^']*)', got '([^']*)'/.exec(reason) ?? [];
  if (expected === undefined || got === undefined) return undefined;
  const how = inSandbox()
    ? "let it into this sandbox as LATCHGATE_PUBLIC_URL, by pass_env (--pass-env), or give it as publicBaseUrl"
    : "give it as publicBaseUrl";
  return `the gate expects proofs for ${expected} and this client signs for ${got}: if the first is the public_base_url of the gate you mean, ${how}`;
}

/** Where a refused `iat` shows that the two clocks differ: by how much. */
function clockHint(reason: string, receivedAt: number): string | undefined {
  const gateNow = gateClockIn(reason);
  if (gateNow === undefined) return undefined;
  // The gate says whole seconds, and cuts.
  return differenceHint(Math.floor(receivedAt / 1000) - gateNow / 1000);
}

/** Where the gate does not say that it was the time, its `Date` may: it takes no proof that is 60 s old or 5 s early. */
function dateHint(headers: Refusal["headers"], receivedAt: number): string | undefined {
  const seconds = Math.floor(receivedAt / 1000) - Date.parse(headers.get("date") ?? "") / 1000;
  return seconds > 4 || seconds < -55 ? differenceHint(seconds) : undefined;
}

const differenceHint = (seconds: number) =>
  `this machine's clock is ${Math.abs(seconds)} s ${seconds < 0 ? "behind" : "ahead of"} the gate's`;

function member(body: unknown, name: string): unknown {
  return typeof body === "object" && body !== null ? (body as Record<string, unknown>)[name] : undefined;
}
