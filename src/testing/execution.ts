import { type RegisteredAction, type RunContext, verifyEffect } from "./actions.ts";
import type { Approval } from "./approvals.ts";
import type { Debit } from "./budgets.ts";
import { canonical, sha256, sorted } from "./canonical.ts";
import { nanoTime, type Timer, uuidv7 } from "./clock.ts";
import type { LeaseClaims } from "./leases.ts";
import type { AuditEntry } from "./ledger.ts";
import { checkOutput } from "./params.ts";
import type { StoredReceipt, VerificationOutcome } from "./receipts.ts";
import type { Effect, World } from "./world.ts";

/** The client is gone: whatever ran has run, and nobody is told, not even the ledger (measured). */
export class ClientGone extends Error {}

/** Who approved a run, as the ledger and the answer name it. */
export interface Operator {
  readonly id: string;
  /** Thumbprint of the operator's key. */
  readonly jkt: string;
  readonly proofJti: string;
}

/** A call that has passed every check and whose budget is debited. */
export interface Plan {
  readonly lease: LeaseClaims;
  readonly action: RegisteredAction;
  readonly params: unknown;
  readonly requestHash: string;
  readonly traceId: string;
  readonly budget: Debit & { ok: true };
  readonly approved?: { readonly approval: Approval; readonly operator: Operator };
  readonly signal: AbortSignal | undefined;
  readonly goneAfterRun?: boolean | undefined;
}

/** How a dispatched call ended. */
export type Execution =
  | {
      readonly state: "executed";
      readonly receipt: StoredReceipt;
      readonly body: Readonly<Record<string, unknown>>;
    }
  | { readonly state: "refused"; readonly reason: string }
  | { readonly state: "failed"; readonly reason: string }
  | { readonly state: "unverified"; readonly receipt: StoredReceipt };

/** Dispatches a call to its provider, checks and verifies what comes back, and leaves receipt and audit event. */
export async function execute(world: World, plan: Plan): Promise<Execution> {
  const { action, lease, budget } = plan;
  const grantId = uuidv7(world.clock.now());
  const run = await dispatch(world, plan);
  if (run.state === "returned") world.metrics.duration(action.detail.action_id, run.durationMs / 1000);
  const audit = auditOf(world, plan);
  // Of an approved run "before" is what the session had when the call was held (recorded: 5 and then 2).
  const before = plan.approved?.approval.callsRemaining ?? budget.before;
  const budgets = { budgets_before: calls(before), budgets_after: calls(budget.after) };
  if (run.state === "failed") {
    world.metrics.providerError(action.detail.action_id, run.errorType);
    record(world, { ...audit, ...budgets, decision: "error", deny_reason: run.reason });
    return run;
  }
  const refusal = await checkOutput(run.output, action, world.schemas);
  if (refusal !== undefined) {
    run.settle({ ending: "refused" });
    world.metrics.violation(action.detail.action_id);
    record(world, { ...audit, ...budgets, decision: "deny", deny_reason: refusal });
    return { state: "refused", reason: refusal };
  }

  const output = sorted(run.output);
  const outcome = verifyEffect(action, output, run.evidence);
  const failed = outcome.status === "verification_failed";
  const receipt = world.receipts.store({
    receipt_id: uuidv7(world.clock.now()),
    grant_id: grantId,
    provider_module_digest: action.detail.provider_module_digest,
    provider_receipt: output,
    normalized_result: { kind: "success", summary: "provider completed successfully" },
    verification_outcome: outcome,
    effect_evidence: [],
    started_at: nanoTime(run.startedMs, "Z"),
    finished_at: nanoTime(world.clock.now(), "Z"),
    failure_class: failed ? "verification_failed" : null,
  });
  run.settle({ ending: "receipted", receiptId: receipt.receipt_id });
  const seen = { ...audit, ...budgets, receipt_id: receipt.receipt_id, verification_outcome: outcome.status };
  if (failed && isRisky(action)) {
    const reason = `verifier failed for high-risk action: ${outcome.status}`;
    record(world, { ...seen, decision: "deny", deny_reason: reason });
    return { state: "unverified", receipt };
  }

  const response = canonical(output);
  const fuel = 8_000 + 40 * response.length;
  record(world, {
    ...seen,
    decision: outcome.status === "verified" ? "allow" : "allow_unverified",
    deny_reason: plan.approved === undefined ? null : `approved via ${plan.approved.approval.approvalId}`,
    allowed_sinks: sinksOf(world, action),
    grant_id: grantId,
    response_hash: `sha256:${sha256(response)}`,
    response_bytes: Buffer.byteLength(response),
    runtime: {
      module_digest: action.detail.provider_module_digest,
      egress_profile: action.detail.egress === "none" ? "none" : "proxy_allowlist",
      duration_ms: run.durationMs,
      exit_code: 0,
      timeout_hit: false,
      fuel_consumed: fuel,
      io_calls_made: 1,
    },
  });
  return {
    state: "executed",
    receipt,
    body: {
      decision: "executed",
      trace_id: plan.traceId,
      action_id: action.detail.action_id,
      grant_id: grantId,
      receipt_id: receipt.receipt_id,
      output,
      verification_outcome: outcome.status,
      verification: { outcome: outcome.status, is_fully_successful: isSuccess(outcome) },
      runtime: { duration_ms: run.durationMs, exit_code: 0, fuel_consumed: fuel },
    },
  };

  function isSuccess({ status }: VerificationOutcome): boolean {
    return status === "verified" || status === "unverifiable_declared";
  }

  /** What every event of this call says. `lease` is the session that it is charged to. */
  function auditOf(of: World, { approved }: Plan): AuditEntry {
    return {
      ...callAudit(of, lease, action, plan.requestHash, plan.traceId),
      decision: "allow",
      ...(approved === undefined ? {} : operatorAudit(approved.approval.approvalId, approved.operator)),
    };
  }
}

/** Writes an event of a call, and counts the call. */
export function record(world: World, entry: AuditEntry): void {
  world.ledger.write(entry);
  world.metrics.call(entry.action_id ?? "", entry.decision);
}

/** The members that every event of an agent's call carries once the action is known. */
export function callAudit(
  world: World,
  lease: LeaseClaims,
  action: RegisteredAction,
  requestHash: string,
  traceId: string,
): Omit<AuditEntry, "decision"> {
  const { detail, requestSchema } = action;
  return {
    event_type: "action_call",
    trace_id: traceId,
    principal: lease.sub,
    session_id: lease.session_id,
    lease_jti: lease.jti,
    owner: lease.owner,
    action_id: detail.action_id,
    action_version: detail.version,
    action_digest: detail.provider_module_digest,
    action_trust_verdict: "digest_ok",
    risk_level: detail.risk_level,
    request_hash: requestHash,
    request_schema_id: requestSchema === undefined ? null : `${detail.action_id}:request`,
    policy_version: world.policy.version(),
    dev_mode: world.settings.devMode,
  };
}

/** The members by which an event names the operator. */
export function operatorAudit(approvalId: string, operator: Operator): Partial<AuditEntry> {
  return {
    approval_id: approvalId,
    approved_by: operator.id,
    operator_authn_method: "operator_dpop",
    operator_sender_binding: operator.jkt,
    operator_proof_jti: operator.proofJti,
  };
}

export function calls(left: number): { calls_remaining: number } {
  return { calls_remaining: left };
}

export function isRisky(action: RegisteredAction): boolean {
  return action.detail.risk_level === "high" || action.detail.risk_level === "critical";
}

function sinksOf(world: World, action: RegisteredAction): string[] {
  return [...action.allowedDomains, ...world.policy.domains.valuesOf(action.detail.action_id)];
}

type Run =
  | { readonly state: "failed"; readonly reason: string; readonly errorType: string }
  | {
      readonly state: "returned";
      readonly output: unknown;
      readonly evidence: Readonly<Record<string, unknown>> | undefined;
      readonly startedMs: number;
      readonly durationMs: number;
      settle(ending: Pick<Effect, "ending" | "receiptId">): void;
    };

/** Lets `run` happen, in one of four slots, until it returns, throws, takes too long, or the client is gone. */
async function dispatch(world: World, plan: Plan): Promise<Run> {
  await world.slots.enter();
  const stop = new AbortController();
  const startedMs = world.clock.now();
  let evidence: Readonly<Record<string, unknown>> | undefined;
  const effect: { -readonly [Name in keyof Effect]: Effect[Name] } = {
    index: world.effectCount,
    actionId: plan.action.detail.action_id,
    params: plan.params,
    at: startedMs,
    by: plan.approved === undefined ? "direct" : "approved",
    ...(plan.approved === undefined ? {} : { approvalId: plan.approved.approval.approvalId }),
    principal: plan.lease.sub,
    sessionId: plan.lease.session_id,
    traceId: plan.traceId,
    ending: "running",
  };
  const settle = (ending: Pick<Effect, "ending" | "receiptId">) => void Object.assign(effect, ending);
  const { timer } = world.settings;
  const leave = departure(plan.signal, plan.action.detail.resource_limits.timeout_seconds, timer);
  try {
    if (plan.signal?.aborted) throw new ClientGone();
    world.effects.add(effect);
    world.effectCount += 1;
    const context = contextOf(world, plan, stop.signal, (seen) => {
      evidence = seen;
    });
    const output = await Promise.race([leave.promise, runOf(plan, context)]);
    if (plan.goneAfterRun || plan.signal?.aborted) throw new ClientGone();
    return {
      state: "returned",
      output,
      evidence,
      startedMs,
      durationMs: Math.max(0, Math.round(world.clock.now() - startedMs)),
      settle,
    };
  } catch (error) {
    stop.abort();
    settle({ ending: error instanceof ClientGone ? "dropped" : "failed" });
    if (error instanceof ClientGone) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    return {
      state: "failed",
      reason,
      errorType: error instanceof TimeIsUp ? "wasm_timeout" : "execution_failed",
    };
  } finally {
    leave.cancel();
    world.slots.leave();
  }
}

async function runOf(plan: Plan, context: RunContext): Promise<unknown> {
  return plan.action.run(structuredClone(plan.params), context);
}

class TimeIsUp extends Error {}

/** Rejects when the client goes away or when the action's time is up. */
function departure(signal: AbortSignal | undefined, seconds: number, timer: Timer) {
  let cancel = () => {};
  const promise = new Promise<never>((_, reject) => {
    const gone = () => reject(new ClientGone());
    const stopTimer = timer(seconds * 1000, () =>
      reject(new TimeIsUp(`wasm_timeout: no answer within ${seconds} s`)),
    );
    signal?.addEventListener("abort", gone, { once: true });
    cancel = () => {
      stopTimer();
      signal?.removeEventListener("abort", gone);
    };
  });
  return { promise, cancel };
}

/** In an approved run only what was learned counts; the manifest's paths, denied ones included, do not (measured). */
function contextOf(
  world: World,
  plan: Plan,
  signal: AbortSignal,
  observe: (evidence: Readonly<Record<string, unknown>>) => void,
): RunContext {
  const { action, lease } = plan;
  const actionId = action.detail.action_id;
  const approved = plan.approved !== undefined;
  const learned = world.policy.paths.valuesOf(actionId);
  const domains = world.policy.domains.valuesOf(actionId);
  return {
    actionId,
    principal: lease.sub,
    sessionId: lease.session_id,
    traceId: plan.traceId,
    by: approved ? "approved" : "direct",
    fsRoot: sessionRoot(world, lease.session_id) ?? world.files.workspace.root,
    // A learned domain covers what is below it, which the manifest's entries say with "*.".
    allowedDomains: [...action.allowedDomains, ...domains.flatMap((domain) => [domain, `*.${domain}`])],
    allowedPaths: approved ? learned : [...(action.paths?.allowed ?? []), ...learned],
    deniedPaths: approved ? [] : (action.paths?.denied ?? []),
    signal,
    now: world.clock.now,
    observe,
    wait: (ms) =>
      new Promise((resolve) => {
        if (signal.aborted) return resolve();
        const stop = world.settings.timer(ms, () => {
          signal.removeEventListener("abort", end);
          resolve();
        });
        const end = () => {
          stop();
          resolve();
        };
        signal.addEventListener("abort", end, { once: true });
      }),
  };
}

/** The root that a session asked for, as long as the gate remembers it. */
export function sessionRoot(world: World, sessionId: string): string | undefined {
  const session = world.sessions.get(sessionId);
  return session !== undefined && session.forgottenMs > world.clock.now() ? session.fsRoot : undefined;
}
