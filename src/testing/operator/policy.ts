import type { Handler } from "../agent.ts";
import { jsonBody } from "../extract.ts";
import { actionIdProblem } from "../learning-rules.ts";
import { type JsonNode, parseJson, readStruct, wrongType } from "../serde.ts";
import { type Answer, failure, json, ordered } from "../wire.ts";
import { admit, writeAdminEvent } from "./admission.ts";

const getPolicy: Handler = (world, call) => {
  const who = admit(world, call, { method: "GET", path: "/v1/admin/policy", bucket: "read" });
  if (!who.ok) return who.answer;
  return ordered({ policy_version: world.policy.version(), acl: world.policy.acl() });
};

const getPrincipalPolicy: Handler = (world, call) => {
  const principal = call.parameters["principal"] ?? "";
  const path = `/v1/admin/policy/${principal}`;
  const who = admit(world, call, { method: "GET", path, bucket: "read" });
  if (!who.ok) return who.answer;
  const problem = principalProblem(principal);
  if (problem !== undefined) return problem;
  const acl = world.policy.aclOf(principal);
  return acl === undefined ? failure(404, "principal_not_found", { principal }) : ordered({ principal, acl });
};

/** The sinks are worked out anew from all that is granted, and the version rises even when nothing is new. */
const grantActions: Handler = (world, call) => {
  const body = jsonBody(call, readActions);
  if (!body.ok) return body.answer;
  const who = admit(world, call, { method: "POST", path: "/v1/admin/policy/grant", bucket: "write" });
  if (!who.ok) return who.answer;
  const { principal, actions } = body.value;
  const problem = actionsProblem(body.value);
  if (problem !== undefined) return problem;
  const unknown = actions.find((actionId) => !world.actions.has(actionId));
  if (unknown !== undefined) return failure(400, "unknown_action", { action_id: unknown });
  const acl = world.policy.grant(principal, actions);
  const total = acl.allowed_actions.length;
  const detail = `principal=${principal} actions=${actions.join(",")} total=${total}`;
  writeAdminEvent(world, who.operator, "policy_grant", detail);
  return ordered({ principal, granted: actions, total_actions: total, allowed_sinks: acl.allowed_sinks });
};

const revokeActions: Handler = (world, call) => {
  const body = jsonBody(call, readActions);
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
  return ordered({
    principal,
    revoked: actions,
    remaining_actions: remaining,
    allowed_sinks: left.allowed_sinks,
    principal_removed: left.removed,
  });
};

const ALLOWLIST = "/v1/admin/policy/allowlist";

const allowAction: Handler = (world, call) => {
  const body = jsonBody(call, readPair);
  if (!body.ok) return body.answer;
  const who = admit(world, call, { method: "POST", path: ALLOWLIST, bucket: "write" });
  if (!who.ok) return who.answer;
  const { action_id, agent_id } = body.value;
  const problem = pairProblem(body.value);
  if (problem !== undefined) return problem;
  if (!world.actions.has(action_id)) return failure(404, "action_not_found", { action_id });
  world.policy.allow(action_id, agent_id);
  const detail = `action_id=${action_id} agent_id=${agent_id}`;
  writeAdminEvent(world, who.operator, "policy_allowlist_added", detail);
  return json(200, { action_id, agent_id, ok: true });
};

const disallowAction: Handler = (world, call) => {
  const body = jsonBody(call, readPair);
  if (!body.ok) return body.answer;
  const who = admit(world, call, { method: "DELETE", path: ALLOWLIST, bucket: "write" });
  if (!who.ok) return who.answer;
  const { action_id, agent_id } = body.value;
  const problem = pairProblem(body.value);
  if (problem !== undefined) return problem;
  const detail = `action_id=${action_id} agent_id=${agent_id}`;
  if (!world.policy.disallow(action_id, agent_id))
    return failure(404, "allowlist_entry_not_found", { detail: `no allowlist entry for ${detail}` });
  writeAdminEvent(world, who.operator, "policy_allowlist_removed", detail);
  return json(200, { action_id, agent_id, ok: true });
};

export const policyHandlers = {
  getPolicy,
  getPrincipalPolicy,
  grantActions,
  revokeActions,
  allowAction,
  disallowAction,
};

interface PrincipalActions {
  readonly principal: string;
  readonly actions: readonly string[];
}

function readActions(body: string): PrincipalActions {
  const members = readStruct(body, parseJson(body), {
    name: "PolicyRequest",
    fields: { principal: "required", actions: "required" },
  });
  const actions = members.get("actions");
  if (actions?.kind !== "array") throw wrongType(body, given(body, actions), "a sequence", "actions");
  return {
    principal: text(body, members.get("principal"), "principal"),
    actions: actions.items.map((item, index) => text(body, item, `actions[${index}]`)),
  };
}

interface Pair {
  readonly action_id: string;
  readonly agent_id: string;
}

function readPair(body: string): Pair {
  const members = readStruct(body, parseJson(body), {
    name: "AllowlistRequest",
    fields: { action_id: "required", agent_id: "required" },
  });
  return {
    action_id: text(body, members.get("action_id"), "action_id"),
    agent_id: text(body, members.get("agent_id"), "agent_id"),
  };
}

function text(body: string, node: JsonNode | undefined, name: string): string {
  if (node?.kind === "string") return node.value;
  throw wrongType(body, given(body, node), "a string", name);
}

function given(body: string, node: JsonNode | undefined): JsonNode {
  return node ?? { kind: "null", end: body.length };
}

function principalProblem(principal: string): Answer | undefined {
  const bytes = Buffer.byteLength(principal);
  if (bytes >= 1 && bytes <= 253) return undefined;
  return failure(400, "invalid_principal", { detail: "principal must be 1-253 characters" });
}

const MOST_ACTIONS = 100;

function actionsProblem({ principal, actions }: PrincipalActions): Answer | undefined {
  const wrong = principalProblem(principal);
  if (wrong !== undefined) return wrong;
  if (actions.length === 0) return failure(400, "empty_actions", { detail: "actions must not be empty" });
  if (actions.length > MOST_ACTIONS) {
    return failure(400, "too_many_actions", { detail: `at most ${MOST_ACTIONS} actions` });
  }
  const problem = actions.map(actionIdProblem).find((found) => found !== undefined);
  return problem === undefined ? undefined : failure(400, "invalid_action_id", { detail: problem });
}

function pairProblem(pair: Pair): Answer | undefined {
  for (const name of ["action_id", "agent_id"] as const) {
    if (!/^[A-Za-z0-9_:-]{1,128}$/.test(pair[name])) {
      const detail = `${name} must be 1-128 characters of [a-zA-Z0-9_:-]`;
      return failure(400, "invalid_input", { detail });
    }
  }
  return undefined;
}
