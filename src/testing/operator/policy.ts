import type { Handler } from "../decisions/agent.ts";
import { jsonBody } from "../decisions/extract.ts";
import { actionIdProblem } from "../decisions/learning-rules.ts";
import type { RequestMembers } from "../formats/bodies.ts";
import { list, required, struct, text } from "../formats/decode.ts";
import { type Answer, failure, json, ordered } from "../formats/wire.ts";
import { admit, writeAdminEvent } from "./admission.ts";

const grantBody = struct("GrantRevokeBody", {
  principal: required(text),
  actions: required(list(text)),
} satisfies RequestMembers<"grantActions" | "revokeActions">);
const allowlistBody = struct("AllowlistBody", {
  action_id: required(text),
  agent_id: required(text),
} satisfies RequestMembers<"allowAction" | "disallowAction">);

const getPolicy: Handler = (world, call) => {
  const who = admit(world, call, { method: "GET", path: "/v1/admin/policy", bucket: "read" });
  if (!who.ok) return who.answer;
  return ordered<"getPolicy">({ policy_version: world.policy.version(), acl: world.policy.acl() });
};

const getPrincipalPolicy: Handler = (world, call) => {
  const principal = call.parameters["principal"] ?? "";
  const path = `/v1/admin/policy/${principal}`;
  const who = admit(world, call, { method: "GET", path, bucket: "read" });
  if (!who.ok) return who.answer;
  const problem = principalProblem(principal);
  if (problem !== undefined) return problem;
  const acl = world.policy.aclOf(principal);
  if (acl === undefined) return failure<"getPrincipalPolicy", 404>(404, "principal_not_found", { principal });
  return ordered<"getPrincipalPolicy">({ principal, acl });
};

/** The sinks are worked out anew from all that is granted, and the version rises even when nothing is new. */
const grantActions: Handler = (world, call) => {
  const body = jsonBody(call, grantBody);
  if (!body.ok) return body.answer;
  const who = admit(world, call, { method: "POST", path: "/v1/admin/policy/grant", bucket: "write" });
  if (!who.ok) return who.answer;
  const { principal, actions } = body.value;
  const problem = actionsProblem(body.value, (actionId) => world.actions.has(actionId));
  if (problem !== undefined) return problem;
  const acl = world.policy.grant(principal, actions);
  const total = acl.allowed_actions.length;
  const detail = `principal=${principal} actions=${actions.join(",")} total=${total}`;
  writeAdminEvent(world, who.operator, "policy_grant", detail);
  return ordered<"grantActions">({
    principal,
    granted: actions,
    total_actions: total,
    allowed_sinks: acl.allowed_sinks,
  });
};

const revokeActions: Handler = (world, call) => {
  const body = jsonBody(call, grantBody);
  if (!body.ok) return body.answer;
  const who = admit(world, call, { method: "POST", path: "/v1/admin/policy/revoke", bucket: "write" });
  if (!who.ok) return who.answer;
  const { principal, actions } = body.value;
  const problem = actionsProblem(body.value);
  if (problem !== undefined) return problem;
  const left = world.policy.revoke(principal, actions);
  const remaining = left.allowed_actions.length;
  const detail = `principal=${principal} actions=${actions.join(",")} remaining=${remaining}`;
  writeAdminEvent(world, who.operator, "policy_revoke", detail);
  return ordered<"revokeActions">({
    principal,
    revoked: actions,
    remaining_actions: remaining,
    allowed_sinks: left.allowed_sinks,
    principal_removed: left.removed,
  });
};

const ALLOWLIST = "/v1/admin/policy/allowlist";

const allowAction: Handler = (world, call) => {
  const body = jsonBody(call, allowlistBody);
  if (!body.ok) return body.answer;
  const who = admit(world, call, { method: "POST", path: ALLOWLIST, bucket: "write" });
  if (!who.ok) return who.answer;
  const { action_id, agent_id } = body.value;
  const problem = pairProblem(body.value);
  if (problem !== undefined) return problem;
  if (!world.actions.has(action_id))
    return failure<"allowAction", 404>(404, "action_not_found", { action_id });
  world.policy.allow(action_id, agent_id);
  const detail = `action_id=${action_id} agent_id=${agent_id}`;
  writeAdminEvent(world, who.operator, "policy_allowlist_added", detail);
  return json<"allowAction">(200, { action_id, agent_id, ok: true });
};

const disallowAction: Handler = (world, call) => {
  const body = jsonBody(call, allowlistBody);
  if (!body.ok) return body.answer;
  const who = admit(world, call, { method: "DELETE", path: ALLOWLIST, bucket: "write" });
  if (!who.ok) return who.answer;
  const { action_id, agent_id } = body.value;
  const problem = pairProblem(body.value);
  if (problem !== undefined) return problem;
  const detail = `action_id=${action_id} agent_id=${agent_id}`;
  if (!world.policy.disallow(action_id, agent_id))
    return failure<"disallowAction", 404>(404, "allowlist_entry_not_found", {
      detail: `no allowlist entry for ${detail}`,
    });
  writeAdminEvent(world, who.operator, "policy_allowlist_removed", detail);
  return json<"disallowAction">(200, { action_id, agent_id, ok: true });
};

export const policyHandlers = {
  getPolicy,
  getPrincipalPolicy,
  grantActions,
  revokeActions,
  allowAction,
  disallowAction,
};

type Change = "grantActions" | "revokeActions";

function principalProblem(principal: string): Answer | undefined {
  const bytes = Buffer.byteLength(principal);
  if (bytes >= 1 && bytes <= 253) return undefined;
  return failure<"getPrincipalPolicy" | Change, 400>(400, "invalid_principal", {
    detail: "principal must be 1-253 characters",
  });
}

const MOST_ACTIONS = 100;

/** One action after the other: an unknown one before an ill-formed one, if it stands before it. */
function actionsProblem(
  { principal, actions }: ReturnType<typeof grantBody>,
  known: (actionId: string) => boolean = () => true,
): Answer | undefined {
  const wrong = principalProblem(principal);
  if (wrong !== undefined) return wrong;
  if (actions.length === 0)
    return failure<Change, 400>(400, "empty_actions", { detail: "at least one action required" });
  if (actions.length > MOST_ACTIONS) {
    return failure<Change, 400>(400, "too_many_actions", {
      detail: `max ${MOST_ACTIONS} actions per request`,
    });
  }
  for (const actionId of actions) {
    const detail = actionIdProblem(actionId);
    if (detail !== undefined) return failure<Change, 400>(400, "invalid_action_id", { detail });
    if (!known(actionId)) return failure<"grantActions", 400>(400, "unknown_action", { action_id: actionId });
  }
  return undefined;
}

function pairProblem(pair: ReturnType<typeof allowlistBody>): Answer | undefined {
  for (const name of ["action_id", "agent_id"] as const) {
    const bytes = Buffer.byteLength(pair[name]);
    const rule =
      bytes === 0 || bytes > 128
        ? "be 1-128 characters"
        : /^[A-Za-z0-9_:-]+$/.test(pair[name])
          ? undefined
          : "contain only [a-zA-Z0-9_-:]";
    if (rule !== undefined)
      return failure<"allowAction" | "disallowAction", 400>(400, "invalid_input", {
        detail: `${name} must ${rule}`,
      });
  }
  return undefined;
}
