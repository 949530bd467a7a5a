import { hashOf } from "../formats/canonical.ts";
import { uuidv7 } from "../formats/clock.ts";
import { type Answer, failure, json, tooLarge } from "../formats/wire.ts";
import { isRisky, type RegisteredAction } from "../stores/actions.ts";
import { sessionHint } from "../stores/buckets.ts";
import type { LeaseClaims } from "../stores/leases.ts";
import { authenticate } from "./auth.ts";
import { callAudit, calls, execute, record } from "./execution.ts";
import { tell } from "./happenings.ts";
import { checkParams } from "./params.ts";
import { ClientGone } from "./plan.ts";
import type { Call, World } from "./world.ts";

/** `POST /v1/actions/{action_id}/execute`, step by step in the gate's order (agent.md 3.8). */
export async function executeAction(world: World, call: Call): Promise<Answer> {
  if (call.tooLarge) return tooLarge();
  const traceId = uuidv7(world.clock.now());
  const actionId = call.parameters["action_id"] ?? "";
  const turnedAway = throttled(world, call, actionId);
  if (turnedAway !== undefined) return turnedAway;

  const asked = await recognised(world, call, traceId, actionId);
  if (isAnswer(asked)) return asked;
  const { lease, action, params } = asked;
  const requestHash = hashOf(params);
  const audit = callAudit(world, lease, action, requestHash, traceId);
  const limited = lease.budgets !== undefined;
  const left = world.budgets.left(lease.session_id, limited);
  if (left === undefined) {
    const reason = "budget: budget session not found";
    record(world, { ...audit, policy_version: null, decision: "deny", deny_reason: reason });
    return failure(403, "budget_session_not_found");
  }
  const understood: Understood = {
    ...{ world, call, traceId, actionId, lease, action, params },
    ...{ requestHash, limited, left, audit: { ...audit, budgets_before: calls(left) } },
  };
  const decision = world.policy.decide(lease, action, action.targets(params), left);
  // Between looking at the budget and taking from it others get their turn, as in the gate: who then finds it
  // empty is told `budget_exhausted` and not `policy_denied` (recorded, budget.race).
  await Promise.resolve();
  if (decision.state === "deny") {
    denied(understood, `policy denied: ${decision.reason}`);
    return policyDenied(lease, actionId, decision.reason);
  }
  world.metrics.decision(decision.state === "hold" ? "pending_approval" : "allow");
  if (call.signal?.aborted) throw new ClientGone();
  return decision.state === "hold" ? held(understood, decision) : run(understood);
}

/** A call of which the gate knows who makes it, and with what. */
interface Recognised {
  readonly lease: LeaseClaims;
  readonly action: RegisteredAction;
  readonly params: unknown;
}

/** All that the decision and what follows it go by. */
interface Understood extends Recognised {
  readonly world: World;
  readonly call: Call;
  readonly traceId: string;
  readonly actionId: string;
  readonly requestHash: string;
  readonly limited: boolean;
  readonly left: NonNullable<ReturnType<World["budgets"]["left"]>>;
  readonly audit: ReturnType<typeof callAudit> & { readonly budgets_before: ReturnType<typeof calls> };
}

type Held = Extract<ReturnType<World["policy"]["decide"]>, { readonly state: "hold" }>;

const isAnswer = (step: Answer | Recognised): step is Answer => "status" in step;

/** What is answered before anybody asks who calls: the rate limits, and a gate that is about to end. */
function throttled(world: World, call: Call, actionId: string): Answer | undefined {
  const session = sessionHint(call.headers.get("authorization"));
  const { execute: perSession, anonymous } = world.settings.rateLimits;
  const passes =
    session === undefined
      ? world.buckets.take(call.transport === "tcp" ? "anonymous" : `anonymous ${call.uid}`, anonymous)
      : world.buckets.take(`session ${session}`, perSession);
  if (!passes) {
    world.metrics.call(actionId, "rate_limited");
    return failure(429, "rate_limited", undefined, { "retry-after": "1" });
  }
  return world.draining ? failure(503, "draining") : undefined;
}

/** Lease and proof, then the action, then its parameters. */
async function recognised(
  world: World,
  call: Call,
  traceId: string,
  actionId: string,
): Promise<Answer | Recognised> {
  const asked = world.actions.get(actionId);
  if (asked?.requestSchema !== undefined) await world.schemas.ready(actionId, schemasOf(asked));
  const who = authenticate(world, call, "POST", `/v1/actions/${actionId}/execute`);
  if (!who.ok) {
    if (who.flaw !== undefined) world.metrics.reject(who.flaw);
    refuse(world, traceId, actionId, who.audit);
    const reason = who.denyReason === undefined ? {} : { deny_reason: who.denyReason };
    return failure<"executeAction", 401 | 503>(who.status, who.code, reason);
  }
  const { lease } = who;
  const action = world.actions.get(actionId);
  if (action === undefined) {
    refuse(world, traceId, actionId, "action_not_found", lease);
    return failure(404, "action_not_found");
  }
  const checked = await checkParams(call, action, world.schemas);
  if (checked.ok) return { lease, action, params: checked.params };
  const entry = callAudit(world, lease, action, "", traceId);
  const unknown = { request_schema_id: null, policy_version: null };
  record(world, { ...entry, ...unknown, decision: "deny", deny_reason: checked.reason });
  return failure(422, "schema_violation");
}

/** Here a call is held: an operator decides, and nothing is taken from the budget yet. */
function held(understood: Understood, { unresolvedDomains, unresolvedPaths }: Held): Answer {
  const { world, call, traceId, actionId, lease, action, params, requestHash, limited, left } = understood;
  const approval = world.approvals.open({
    ...{ traceId, actionId, params, requestHash, lease, limited, unresolvedDomains, unresolvedPaths },
    actionVersion: action.detail.version,
    riskLevel: action.detail.risk_level,
    policyVersion: world.policy.version(),
    callsRemaining: left,
    plan: {
      targets: world.policy.sinksOf(lease.sub),
      secrets: [...action.secrets, ...action.requiredSecrets],
      egress: action.detail.egress,
      verifier: action.verifier,
      moduleDigest: action.detail.provider_module_digest,
    },
  });
  const { approvalId } = approval;
  record(world, { ...understood.audit, decision: "pending_approval", approval_id: approvalId });
  tell.held(world, approval, call.body, action.requiredSecrets);
  return json<"executeAction", 202>(202, {
    decision: "pending_approval",
    approval_id: approvalId,
    request_hash: requestHash,
    trace_id: traceId,
  });
}

/** What is allowed at once: the budget is taken from, the last checks are made, and the action runs. */
async function run(understood: Understood): Promise<Answer> {
  const { world, call, traceId, actionId, lease, action, params, requestHash, limited, audit } = understood;
  if (limited) world.metrics.store("budget_debit");
  const budget = world.budgets.debit(lease.session_id, limited);
  if (!budget.ok) {
    const exhausted = budget.code === "budget_exhausted";
    denied(
      understood,
      exhausted ? "budget: budget exhausted: calls_exhausted" : "budget: budget session not found",
    );
    if (exhausted) tell.exhausted(world, lease, actionId);
    return failure(403, budget.code);
  }
  const secrets = missingSecrets(world, action.requiredSecrets);
  if (secrets !== undefined) {
    refund(understood, "build_run_task_error");
    record(world, { ...audit, policy_version: null, decision: "error", deny_reason: secrets });
    return policyDenied(lease, actionId, secrets);
  }
  if (isRisky(action)) {
    // Allowlisted past the hold, then stopped by the grant check, which wants an approval's hash.
    refund(understood, "approval_hash_assertion");
    const reason = "high-risk action missing approval_hash — policy bypass detected";
    const after = { budgets_after: calls(budget.after) };
    record(world, { ...audit, ...after, decision: "deny", deny_reason: reason });
    return failure(500, "internal_error");
  }
  const { signal, goneAfterRun, unwritten } = call;
  const plan = { lease, action, params, requestHash, traceId, budget, signal, goneAfterRun, unwritten };
  const done = await execute(world, plan);
  if (done.state === "executed") return json<"executeAction">(200, done.body);
  if (done.state === "refused") return failure(422, "schema_violation");
  if (done.state === "unwritten") return failure(500, "evidence_persistence_failed");
  return done.state === "failed" ? failure(502, "action_execution_failed") : failure(500, "internal_error");
}

/** The event of a call that the gate understood, and did not let run. */
function denied({ world, audit }: Understood, reason: string): void {
  record(world, { ...audit, policy_version: null, decision: "deny", deny_reason: reason });
}

function refund({ world, call, lease, limited, traceId }: Understood, label: string): void {
  const { unwritten } = call;
  if (unwritten?.what !== "refund") world.budgets.refund(lease.session_id, limited);
  else if (limited) {
    const error = unwritten.error ?? "attempt to write a readonly database";
    tell.rollbackFailed(world, lease, traceId, error, label);
  }
}

/** What has to be compiled; an empty response schema stands for one that is not known. */
function schemasOf({ requestSchema, responseSchema = {} }: RegisteredAction) {
  return [requestSchema, Object.keys(responseSchema).length === 0 ? undefined : responseSchema];
}

/** The 403 of the policy: always with these four, and the same advice whatever the reason. */
export function policyDenied(lease: LeaseClaims, actionId: string, reason: string): Answer {
  return failure<"executeAction" | "approveApproval", 403>(403, "policy_denied", {
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
