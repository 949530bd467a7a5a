import type { Outcome } from "../generated/operations.ts";

/** What an error can know beside its message. */
export interface ErrorDetails {
  /** A word for programs: the gate's own `error` word where it sent one. */
  readonly code?: string | undefined;
  /** The HTTP status, where there was an answer. */
  readonly status?: number | undefined;
  /** Whether the action may have run. */
  readonly outcome?: Outcome | undefined;
  /** How long the gate asks to wait, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
  /** How many requests were sent, or tried, for this call. */
  readonly attempts?: number | undefined;
  readonly request?: { readonly method: string; readonly path: string } | undefined;
  /** The session that the call was made in. */
  readonly sessionId?: string | undefined;
  readonly traceId?: string | undefined;
  /**
   * The answer's body: parsed where it was JSON, else its first 1,000 characters. Of JSON over 64 KiB, or nested more than 32
   * levels deep, its words alone (`error`, `deny_reason`, `message`, `retry_after_seconds`).
   */
  readonly body?: unknown;
  /** What a person can do about it, in a sentence. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
}

const BRAND = Symbol.for("latchgate-client.error");

/** The brands of an error: the names of its classes in this package, so that another copy of it knows them. */
type Branded = { readonly [BRAND]?: ReadonlySet<string> };

/**
 * What every error of this package is. `outcome` says whether the action may have run: `not_executed` (surely not),
 * `unknown`, `executed` (surely). Nothing in it is secret, so it can be logged as it is.
 *
 * `instanceof` holds across two copies of the package in one program.
 */
export class LatchGateError extends Error {
  /** The name under which another copy of this package knows the class. */
  protected static readonly brand: string = "LatchGateError";
  /** What is true of the class where its maker says nothing else. */
  protected static readonly defaults: { readonly code: string; readonly outcome: Outcome } = {
    code: "error",
    outcome: "unknown",
  };

  readonly code: string;
  readonly status: number | undefined;
  readonly outcome: Outcome;
  readonly retryAfterMs: number | undefined;
  readonly attempts: number;
  readonly request: { readonly method: string; readonly path: string } | undefined;
  readonly sessionId: string | undefined;
  readonly traceId: string | undefined;
  readonly body: unknown;
  readonly hint: string | undefined;

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    const { brand, defaults } = new.target;
    this.code = details.code ?? defaults.code;
    this.status = details.status;
    this.outcome = details.outcome ?? defaults.outcome;
    this.retryAfterMs = details.retryAfterMs;
    this.attempts = details.attempts ?? 0;
    this.request = details.request;
    this.sessionId = details.sessionId;
    this.traceId = details.traceId;
    this.body = details.body;
    this.hint = details.hint;
    // A literal, and not the class's own name, survives a minifier. A user's class has no other.
    const name = Object.hasOwn(new.target, "brand") ? brand : new.target.name;
    Object.defineProperty(this, "name", { value: name, configurable: true, writable: true });
    Object.defineProperty(this, BRAND, { value: brandsOf(new.target) });
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    // A user's own subclass has no brand of its own: there the prototype decides.
    if (!Object.hasOwn(this, "brand")) return Function.prototype[Symbol.hasInstance].call(this, value);
    if (typeof value !== "object" || value === null) return false;
    return (value as Branded)[BRAND]?.has(this.brand) ?? false;
  }

  /** What a log may hold: all fields, and the cause by its name, code and message. */
  toJSON(): Record<string, unknown> {
    const { name, message, cause } = this;
    const fields: Record<string, unknown> = { name, message };
    return Object.assign(fields, this, cause instanceof Error ? { cause: causeForLogs(cause) } : undefined);
  }
}

/** The gate (or the policy it asked) refused the action. Do not repeat it unchanged. */
export class LatchGateDenied extends LatchGateError {
  protected static override readonly brand: string = "LatchGateDenied";
  protected static override readonly defaults = { code: "denied", outcome: "not_executed" as Outcome };
  readonly actionId: string;
  readonly reason: string | undefined;

  constructor(actionId: string, reason?: string, details: ErrorDetails & { readonly message?: string } = {}) {
    super(details.message ?? `action '${actionId}' denied by policy${reason ? `: ${reason}` : ""}`, details);
    this.actionId = actionId;
    this.reason = reason;
  }
}

/**
 * The call itself is wrong: a bad id, parameters that can't be sent, options that contradict each other. Mend the call.
 * Where this package noticed it, nothing was sent (`status` is undefined).
 */
export class LatchGateInvalidRequest extends LatchGateDenied {
  protected static override readonly brand = "LatchGateInvalidRequest";
  protected static override readonly defaults = {
    code: "invalid_request",
    outcome: "not_executed" as Outcome,
  };

  /** What does not fit the action's schema, where that is what is wrong. */
  readonly issues: readonly ParameterIssue[];

  constructor(
    actionId: string,
    problem: string,
    details: ErrorDetails & { readonly issues?: readonly ParameterIssue[] } = {},
  ) {
    super(actionId, problem, { ...details, message: problem });
    this.issues = details.issues ?? [];
  }
}

/** One thing about an action's parameters that its schema does not allow. */
export interface ParameterIssue {
  /** Where it is, as a JSON Pointer (RFC 6901); empty for the parameters as a whole. */
  readonly path: string;
  readonly message: string;
}

/** There is no such action, receipt or approval (or this lease may not see it). Do not repeat. */
export class LatchGateNotFound extends LatchGateDenied {
  protected static override readonly brand = "LatchGateNotFound";
  protected static override readonly defaults = { code: "not_found", outcome: "not_executed" as Outcome };

  constructor(actionId: string, reason?: string, details: ErrorDetails = {}) {
    super(actionId, reason, { ...details, message: `not found: ${actionId}${reason ? ` (${reason})` : ""}` });
  }
}

/** The action is held until an operator decides. Nothing has run; do not execute it again, poll the approval. */
export class LatchGateApprovalRequired extends LatchGateError {
  protected static override readonly brand = "LatchGateApprovalRequired";
  protected static override readonly defaults = {
    code: "approval_required",
    outcome: "not_executed" as Outcome,
  };
  readonly actionId: string;
  readonly approvalId: string;
  /** The gate's hash of the held request (`sha256:…`). */
  readonly requestHash: string | undefined;
  /** What is known of the approval, where a wait for it was given up (`wait_timeout`, `aborted`, …). */
  readonly known: ApprovalKnowledge | undefined;

  constructor(
    actionId: string,
    approvalId: string,
    details: ApprovalDetails & { readonly requestHash?: string } = {},
  ) {
    const { code } = details;
    super(
      code === undefined
        ? `action '${actionId}' requires approval: poll approvalId='${approvalId}'`
        : `action '${actionId}' is still held (${code}): approvalId='${approvalId}'`,
      details,
    );
    this.actionId = actionId;
    this.approvalId = approvalId;
    this.requestHash = details.requestHash;
    this.known = details.known;
  }
}

/** The session's budget of calls is used up. Connect anew if more calls are meant to be made. */
export class LatchGateBudgetExhausted extends LatchGateError {
  protected static override readonly brand = "LatchGateBudgetExhausted";
  protected static override readonly defaults = {
    code: "budget_exhausted",
    outcome: "not_executed" as Outcome,
  };
  readonly actionId: string;

  constructor(actionId: string, details: ErrorDetails = {}) {
    super(`budget exhausted for action '${actionId}'`, details);
    this.actionId = actionId;
  }
}

/** The gate did not accept the lease or the proof. `detail` is the gate's word, `hint` what to look at. */
export class LatchGateAuthError extends LatchGateError {
  protected static override readonly brand: string = "LatchGateAuthError";
  protected static override readonly defaults = { code: "unauthorized", outcome: "not_executed" as Outcome };
  readonly detail: string;

  constructor(detail: string, details: ErrorDetails = {}) {
    super(`authentication failed: ${detail}`, { ...details, code: details.code ?? detail });
    this.detail = detail;
  }
}

/** The lease has ended. The next call takes a new one. */
export class LatchGateLeaseExpired extends LatchGateAuthError {
  protected static override readonly brand = "LatchGateLeaseExpired";
}

/**
 * The gate has seen this proof before: someone between has repeated the request, and the first copy was accepted.
 * It may have run (`outcome` is `unknown`), so do not repeat the call.
 */
export class LatchGateReplayDetected extends LatchGateAuthError {
  protected static override readonly brand = "LatchGateReplayDetected";
  protected static override readonly defaults = { code: "replay_detected", outcome: "unknown" as Outcome };
}

/** The gate can't do it now, and surely did not do it. Try again later. */
export class LatchGateUnavailable extends LatchGateError {
  protected static override readonly brand: string = "LatchGateUnavailable";
  protected static override readonly defaults = { code: "unavailable", outcome: "not_executed" as Outcome };
  readonly detail: string;

  constructor(detail: string, details: ErrorDetails = {}) {
    super(`gateway unavailable: ${detail}`, { ...details, code: details.code ?? detail });
    this.detail = detail;
  }
}

/** Too many requests: wait `retryAfterMs`. */
export class LatchGateRateLimited extends LatchGateUnavailable {
  protected static override readonly brand = "LatchGateRateLimited";
}

/** The gate could not be reached, or a read has no usable answer; nothing has been done. */
export class LatchGateTransportError extends LatchGateError {
  protected static override readonly brand = "LatchGateTransportError";
  protected static override readonly defaults = {
    code: "transport_error",
    outcome: "not_executed" as Outcome,
  };
  readonly detail: string;

  constructor(detail: string, details: ErrorDetails = {}) {
    super(`transport error: ${detail}`, details);
    this.detail = detail;
  }
}

/** There is no lease and no `agentId` that would let the client take one by itself. */
export class LatchGateNotConnected extends LatchGateError {
  protected static override readonly brand = "LatchGateNotConnected";
  protected static override readonly defaults = { code: "not_connected", outcome: "not_executed" as Outcome };

  constructor(details: ErrorDetails = {}) {
    super("call connect() before execute()", details);
  }
}

/** Something else has happened to the same thing in the meantime. Do not repeat; look at it first. */
export class LatchGateConflict extends LatchGateError {
  protected static override readonly brand = "LatchGateConflict";
  protected static override readonly defaults = { code: "conflict", outcome: "not_executed" as Outcome };
}

/** The request is larger than the gate takes. Do not repeat it unchanged. */
export class LatchGateTooLarge extends LatchGateError {
  protected static override readonly brand = "LatchGateTooLarge";
  protected static override readonly defaults = { code: "too_large", outcome: "not_executed" as Outcome };
}

/**
 * The action may have run (`outcome` is `unknown`) or has (`executed`), and no result can be given. **Do not repeat the
 * call**: look at the effect itself. `code` says why: `lost`, `timeout`, `aborted`, `unreadable_answer`,
 * `answer_too_large`, or the gate's own word.
 */
export class LatchGateOutcomeUnknown extends LatchGateError {
  protected static override readonly brand = "LatchGateOutcomeUnknown";
  protected static override readonly defaults = { code: "outcome_unknown", outcome: "unknown" as Outcome };
}

/**
 * What is known of an approval when a wait for it ends. Times are this machine's, put right by the gate's `Date` where the two
 * were found to differ.
 */
export interface ApprovalKnowledge {
  /** The last answer about it; undefined where there was none. */
  readonly lastPoll: { readonly at: Date; readonly status: string; readonly isClaimed: boolean } | undefined;
  /** When the lease ends whose session alone may look at it. */
  readonly leaseEndsAt: Date | undefined;
  /** Until when it can be given. */
  readonly approvalEndsAt: Date | undefined;
}

/** What an error about an approval can know beside. */
export type ApprovalDetails = ErrorDetails & { readonly known?: ApprovalKnowledge | undefined };

/**
 * The approval can't be followed from here any more, and may still be given, or have been: `outcome` is `unknown`. `code` says
 * why: `lease_ended` (the lease of the session that opened it, and no other session may see it), `approval_gone` (the gate
 * does not know it any more), `gate_restarted` (a restart ends every lease), `poll_refused`,
 * `not_handed_over` (another process has opened
 * it, and the journal holds nothing for others), `wrong_handover_key`, `changed_handover`, `foreign_handover` (what it holds
 * can't be used), `approval_lost` (nobody could be asked in all its life). `hint` says what to do.
 */
export class LatchGateApprovalLost extends LatchGateError {
  protected static override readonly brand = "LatchGateApprovalLost";
  protected static override readonly defaults = { code: "approval_lost", outcome: "unknown" as Outcome };
  readonly approvalId: string;
  readonly known: ApprovalKnowledge | undefined;

  constructor(approvalId: string, details: ApprovalDetails & { readonly message?: string } = {}) {
    super(
      details.message ??
        "the approval can't be polled any more: the lease of the session that opened it has ended",
      details,
    );
    this.approvalId = approvalId;
    this.known = details.known;
  }
}

/** An operator has said no. Nothing has run. */
export class LatchGateApprovalDenied extends LatchGateError {
  protected static override readonly brand = "LatchGateApprovalDenied";
  protected static override readonly defaults = {
    code: "approval_denied",
    outcome: "not_executed" as Outcome,
  };
  readonly approvalId: string;
  /** The operator's reason. */
  readonly reason: string | undefined;
  readonly known: ApprovalKnowledge | undefined;

  constructor(approvalId: string, reason?: string, details: ApprovalDetails = {}) {
    super(`an operator denied the action${reason ? `: ${reason}` : ""}`, details);
    this.approvalId = approvalId;
    this.reason = reason;
    this.known = details.known;
  }
}

/** Nobody decided while the approval could be given. Nothing has run, and it can't be approved any more. */
export class LatchGateApprovalExpired extends LatchGateError {
  protected static override readonly brand = "LatchGateApprovalExpired";
  protected static override readonly defaults = {
    code: "approval_expired",
    outcome: "not_executed" as Outcome,
  };
  readonly approvalId: string;
  readonly known: ApprovalKnowledge | undefined;

  constructor(approvalId: string, details: ApprovalDetails = {}) {
    super("nobody decided about the action within the approval's 300 s", details);
    this.approvalId = approvalId;
    this.known = details.known;
  }
}

/**
 * The journal failed, or has an entry that can't be read. This run has sent nothing; whether an earlier one with the same
 * `callId` has acted is not known (`outcome` is `unknown`). The same id may be tried again once the store works.
 */
export class LatchGateJournalError extends LatchGateError {
  protected static override readonly brand = "LatchGateJournalError";
  protected static override readonly defaults = { code: "journal_failed", outcome: "unknown" as Outcome };

  constructor(problem: string, details: ErrorDetails = {}) {
    super(
      `${problem}: nothing was sent now, and whether an earlier run with this callId has acted is not known`,
      details,
    );
  }
}

function brandsOf(target: unknown): ReadonlySet<string> {
  const brands = new Set<string>();
  for (let at = target; typeof at === "function"; at = Object.getPrototypeOf(at))
    if (Object.hasOwn(at, "brand")) brands.add(String((at as unknown as { brand: unknown }).brand));
  return brands;
}

function causeForLogs(cause: Error): Record<string, unknown> {
  const code = (cause as NodeJS.ErrnoException).code;
  return { name: cause.name, message: cause.message, ...(code === undefined ? {} : { code }) };
}
