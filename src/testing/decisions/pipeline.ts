import { hashOf } from "../formats/canonical.ts";
import { uuidv7 } from "../formats/clock.ts";
import { type Answer, failure, json, tooLarge } from "../formats/wire.ts";
import type { RegisteredAction } from "../stores/actions.ts";
import { sessionHint } from "../stores/buckets.ts";
import type { LeaseClaims } from "../stores/leases.ts";
import { authenticate } from "./auth.ts";
import { callAudit, calls, execute, isRisky, record } from "./execution.ts";
import { tell } from "./happenings.ts";
import { checkParams } from "./params.ts";
import { ClientGone } from "./plan.ts";
import type { Call, World } from "./world.ts";

/** `POST /v1/actions/{action_id}/execute`, step by step in the gate's order (agent.md 3.8). */
export async function executeAction(world: World, call: Call): Promise<Answer> {
  if (call.tooLarge) return tooLarge();
  const traceId = uuidv7(world.clock.now());
  const actionId = call.parameters["action_id"] ?? "";

  const session = sessionHint(call.headers.get("authorization"));
  const { execute: perSession, anonymous } = world.settings.rateLimits;
  const passes =
    session === undefined
      ? world.buckets.take(call.transport === "tcp" ? "anonymous" : `anonymous ${call.uid}`, anonymous)
      : world.buckets.take(`session ${session}`, perSession);
  if (!passes) {
    world.metrics.call(actionId, "rate_limited");
    return json(429, { error: "rate_limited" }, { "retry-after": "1" });
  }
  if (world.draining) return failure(503, "draining");

  const asked = world.actions.get(actionId);
  if (asked?.requestSchema !== undefined) await world.schemas.ready(actionId, schemasOf(asked));
  const who = authenticate(world, call, "POST", `/v1/actions/${actionId}/execute`);
  if (!who.ok) {
    if (who.flaw !== undefined) world.metrics.reject(who.flaw);
    refuse(world, traceId, actionId, who.audit);
    return failure(who.status, who.code, who.denyReason === undefined ? {} : { deny_reason: who.denyReason });
  }
  const { lease } = who;
  const action = world.actions.get(actionId);
  if (action === undefined) {
    refuse(world, traceId, actionId, "action_not_found", lease);
    return failure(404, "action_not_found");
  }
  const checked = await checkParams(call, action, world.schemas);
  if (!checked.ok) {
    const entry = callAudit(world, lease, action, "", traceId);
    const unknown = { request_schema_id: null, policy_version: null };
    record(world, { ...entry, ...unknown, decision: "deny", deny_reason: checked.reason });
    return failure(422, "schema_violation");
  }

  const requestHash = hashOf(checked.params);
  const audit = callAudit(world, lease, action, requestHash, traceId);
  const limited = lease.budgets !== undefined;
  const left = world.budgets.left(lease.session_id, limited);
  if (left === undefined) {
    const reason = "budget: budget session not found";
    record(world, { ...audit, policy_version: null, decision: "deny", deny_reason: reason });
    return failure(403, "budget_session_not_found");
  }
  const before = { budgets_before: calls(left) };
  const decision = world.policy.decide(lease, action, action.targets(checked.params), left);
  // Between looking at the budget and taking from it others get their turn, as in the gate: who then finds it
  // empty is told `budget_exhausted` and not `policy_denied` (recorded, budget.race).
  await Promise.resolve();
  if (decision.state === "deny") {
    const reason = `policy denied: ${decision.reason}`;
    record(world, { ...audit, ...before, policy_version: null, decision: "deny", deny_reason: reason });
    return policyDenied(lease, actionId, decision.reason);
  }
  world.metrics.decision(decision.state === "hold" ? "pending_approval" : "allow");
  if (call.signal?.aborted) throw new ClientGone();
  if (decision.state === "hold") {
    const approval = world.approvals.open({
      traceId,
      actionId,
      actionVersion: action.detail.version,
      riskLevel: action.detail.risk_level,
      params: checked.params,
      requestHash,
      lease,
      policyVersion: world.policy.version(),
      unresolvedDomains: decision.unresolvedDomains,
      unresolvedPaths: decision.unresolvedPaths,
      callsRemaining: left,
      limited,
      plan: {
        targets: world.policy.sinksOf(lease.sub),
        secrets: [...action.secrets, ...action.requiredSecrets],
        egress: action.detail.egress,
        verifier: action.verifier,
        moduleDigest: action.detail.provider_module_digest,
      },
    });
    const { approvalId } = approval;
    record(world, { ...audit, ...before, decision: "pending_approval", approval_id: approvalId });
    tell.held(world, approval, call.body, action.requiredSecrets);
    return json(202, {
      decision: "pending_approval",
      approval_id: approvalId,
      request_hash: requestHash,
      trace_id: traceId,
    });
  }

  if (limited) world.metrics.store("budget_debit");
  const budget = world.budgets.debit(lease.session_id, limited);
  if (!budget.ok) {
    const exhausted = budget.code === "budget_exhausted";
    const reason = exhausted
      ? "budget: budget exhausted: calls_exhausted"
      : "budget: budget session not found";
    record(world, { ...audit, ...before, policy_version: null, decision: "deny", deny_reason: reason });
    if (exhausted) tell.exhausted(world, lease, actionId);
    return failure(403, budget.code);
  }
  const refund = (label: string) => {
    const { unwritten } = call;
    if (unwritten?.what !== "refund") world.budgets.refund(lease.session_id, limited);
    else if (limited)
      tell.rollbackFailed(
        world,
        lease,
        traceId,
        unwritten.error ?? "attempt to write a readonly database",
        label,
      );
  };
  const secrets = missingSecrets(world, action.requiredSecrets);
  if (secrets !== undefined) {
    refund("build_run_task_error");
    record(world, { ...audit, ...before, policy_version: null, decision: "error", deny_reason: secrets });
    return policyDenied(lease, actionId, secrets);
  }
  if (isRisky(action)) {
    // Allowlisted past the hold, then stopped by the grant check, which wants an approval's hash.
    refund("approval_hash_assertion");
    const reason = "high-risk action missing approval_hash — policy bypass detected";
    record(world, {
      ...audit,
      ...before,
      budgets_after: calls(budget.after),
      decision: "deny",
      deny_reason: reason,
    });
    return failure(500, "internal_error");
  }

  const { params } = checked;
  const { signal, goneAfterRun, unwritten } = call;
  const plan = { lease, action, params, requestHash, traceId, budget, signal, goneAfterRun, unwritten };
  const done = await execute(world, plan);
  if (done.state === "executed") return json(200, done.body);
  if (done.state === "refused") return failure(422, "schema_violation");
  if (done.state === "unwritten") return failure(500, "evidence_persistence_failed");
  return done.state === "failed" ? failure(502, "action_execution_failed") : failure(500, "internal_error");
}

/** What has to be compiled; an empty response schema stands for one that is not known. */
function schemasOf({ requestSchema, responseSchema = {} }: RegisteredAction) {
  return [requestSchema, Object.keys(responseSchema).length === 0 ? undefined : responseSchema];
}

/** The 403 of the policy: always with these four, and the same advice whatever the reason. */
export function policyDenied(lease: LeaseClaims, actionId: string, reason: string): Answer {
  return failure(403, "policy_denied", {
    deny_reason: reason,
    principal: lease.sub,
    action_id: actionId,
    remediation: `Run: latchgate policy grant ${lease.sub} ${actionId}`,
  });
}

/** Why an action that needs secrets can't run at a gate that has none. */
export function missingSecrets(world: World, needed: readonly string[]): string | undefined {
  const missing = needed.filter((name) => !world.settings.secrets.includes(name));
  if (missing.length === 0) return undefined;
  const names = `[${missing.map((name) => JSON.stringify(name)).join(", ")}]`;
  return `required secrets ${names} cannot be resolved: sops_secrets_file not configured`;
}

/** The event of a call of which the gate knows no action: those of an unbelieved caller are in the ledger too. */
function refuse(world: World, traceId: string, actionId: string, reason: string, lease?: LeaseClaims) {
  world.metrics.call(actionId, "deny");
  world.ledger.write({
    event_type: "action_call",
    decision: "deny",
    trace_id: traceId,
    principal: lease?.sub ?? "",
    session_id: lease?.session_id ?? "",
    lease_jti: lease?.jti ?? "",
    owner: lease?.owner,
    deny_reason: reason,
    dev_mode: world.settings.devMode,
  });
}
