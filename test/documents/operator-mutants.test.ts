import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Json } from "../../src/documents/document.ts";
import { createJudge } from "./judge.ts";
import { createMutants, FORMS, type Form, refusedOf } from "./mutants.ts";
import { exchanges } from "./recordings.ts";

const judge = createJudge(join(import.meta.dirname, "../../openapi/operator.yaml"));
const agents = createJudge(join(import.meta.dirname, "../../openapi/agent.yaml"));

const isShared = ({ id }: { readonly id: string }) =>
  agents.operations.some((operation) => operation.id === id);

const EVENT = "listAuditEvents 200 /events/*";

/** The forms of operator.md 0.5, 2.16 and 2.17. */
const OPERATOR_FORMS: readonly Form[] = [
  ...FORMS.filter(({ name }) => name !== "action id"),
  { name: "action id", looks: /^[\w-]+$/, where: /\/action_id$/, broken: () => ["a/b"] },
  // 4.1: empty where there is no action.
  {
    name: "action id",
    looks: /^[\w-]+$/,
    where: /^(?!listAuditEvents).*\/action_id$/,
    broken: () => [""],
  },
  {
    name: "offset time",
    looks: /^\d{4}-\d{2}-\d{2}T.*\+00:00$/,
    broken: (time) => [
      time.replace("+00:00", "Z"),
      time.replace("+00:00", "+01:00"),
      time.replace("T", " "),
      time.replace(/-\d{2}-/, "-13-"),
      time.replace("+00:00", "5+00:00"),
    ],
  },
  {
    name: "millisecond time",
    looks: /^\d{4}-\d{2}-\d{2}T.*\.\d{3}Z$/,
    where: /\/(timestamp|added_at)$/,
    broken: (time) => [time.replace(/\.\d{3}/, ""), time.replace("Z", "000Z")],
  },
  {
    name: "domain",
    looks: /./,
    where: /^(addDomain|removeDomain) request \/(domain|value)$|\/domains\/\*\/domain$/,
    broken: () => ["API.Example.com", " example.com", "example.com.", "*.", "", "a..b"],
  },
  {
    name: "domain to learn",
    looks: /./,
    where: /^(addDomain|removeDomain) request \/(domain|value)$/,
    broken: () => ["localhost", "*.com", "*.example.com", `${"a".repeat(64)}.com`],
  },
  {
    name: "glob",
    looks: /./,
    where: /^(addPath|removePath) request \/(path_glob|value)$|\/paths\/\*\/path_glob$/,
    broken: () => ["/etc/*", ""],
  },
  {
    name: "glob to learn",
    looks: /./,
    where: /^(addPath|removePath) request \/(path_glob|value)$/,
    broken: () => ["*", "**", "**/*", "..", "a/../b", "a/..", "a\u0000", "   ", "x".repeat(1025)],
  },
  { name: "version", looks: /./, where: /^getStatus 200 \/version$/, broken: () => ["two", "2"] },
  {
    name: "metrics",
    looks: /# EOF\n$/,
    broken: (text) => [text.replace("# EOF\n", ""), `${text}x\n`, text.replace("\n", "\n\n"), `x{\n${text}`],
  },
];

// The world of the webhooks has one answer of some shapes: too few to say which members such an answer always has.
const all = exchanges().filter(({ file }) => file !== "webhooks.json");

/* What contract/operator.md says of the recorded bodies. */
const mutants = createMutants(judge, all, {
  answersOf: ({ socket }, { operation }) => socket === "operator" && !isShared(operation),
  requestsOf: ({ socket, request }, { operation }) =>
    socket === "operator" && !isShared(operation) && request.headers["content-type"] !== undefined,
  shaping: ["approved_by", "domain", "path_glob", "value"],
  free: [
    /^approveApproval 200 \/output\/(?!ok$)/, // 2.3
    /^getReceiptAsOperator 200 \/(provider_receipt|verification_outcome\/evidence)\//, // 5.1
  ],
  any: [/^getReceiptAsOperator 200 \/(provider_receipt|verification_outcome\/evidence)$/], // 5.1
  optional: [
    "listApprovals 200 /approvals/*/owner", // 2.1: omitted if unset
    "getApproval 200 /policy_version", // 2.2: omitted if none
    /^getApproval 200 \/unresolved_(domains|paths)$/, // 2.2: omitted when empty
    { key: /^approveApproval 200 \/(completed_at|receipt_id|deny_reason)$/, tag: /^already_/ }, // 2.3 (B)
    /^approveApproval 200 \/learned_(domain|path)$/, // 2.3: omitted if nothing learned
    "approveApproval 200 /approval/operator_sender_binding", // 2.3: omitted if empty
    "denyApproval request /reason", // 2.4
    `${EVENT}/owner`, // 4.1: omitted if none
    `${EVENT}/operator_sender_binding`, // 4.1: omitted if none
    // Of denials and errors 4.1 promises what it calls "always" only.
    { key: new RegExp(`^${EVENT.replaceAll("*", "\\*")}/risk_level$`), tag: / deny/ },
  ],
  mayAlsoBe: [
    { at: ["approveApproval 200 /approval/approval_hash"], types: ["null"] }, // 2.3
    { at: ["denyApproval request /reason"], types: ["null"] }, // 2.4
    { at: ["getReceiptAsOperator 200 /failure_class"], types: ["null", "string"] }, // 5.1
    { at: [`${EVENT}/prev_hash`], types: ["null"] }, // 4.1
    {
      at: [{ key: /\/(policy_version|action_version|request_schema_id)$/, tag: /^action_call deny/ }],
      types: ["string", "null"],
    },
    {
      at: [{ key: /\/(policy_version|request_schema_id)$/, tag: /^action_call / }],
      types: ["string", "null"],
    },
    { at: [{ key: /\/budgets_(before|after)$/, tag: /^action_call deny/ }], types: ["null"] },
    { at: ["getApproval 200 /approved_egress"], types: ["string"] }, // 10
  ],
  mayBeNegative: [
    "approveApproval 200 /runtime/exit_code", // 2.3
    `${EVENT}/runtime/exit_code`, // 4.1
    /\/calls_remaining$/, // measured.md
    /\/policy_approved_calls_after$/, // 2.2: an int64
  ],
  closed: [
    /^(listApprovals|getApproval) 200 .*\/(status|risk_level)$/, // 2.1, 2.2, 10
    /^(approveApproval|denyApproval) 200 (\/approval)?\/(decision|status)$/, // 2.3, 2.4
    /^approveApproval 200 \/verification(_outcome|\/outcome)$/, // 2.3
    { key: /^listAuditEvents 200 \/events\/\*\/decision$/, tag: /^(lease|admin|domain|path|policy)_/ }, // 4.2
    /^listAuditEvents 200 .*\/(action_trust_verdict|risk_level|verification_outcome|egress_profile)$/, // 4.1
    /^getStatus 200 \/status$/, // 2.10
    /^getReceiptAsOperator 200 \/(normalized_result\/kind|verification_outcome\/status|failure_class)$/, // 5.1
    /^listReceiptKeys 200 \/keys\/\*\/(kty|crv|alg|use)$/, // 5.3
    /^list(Domains|Paths) 200 .*\/source$/, // 2.15
  ],
  open: [
    / \/error$/, // 0.4
    "listAuditEvents 200 /events/*/event_type", // 4.2
    { key: /^listAuditEvents 200 \/events\/\*\/decision$/, tag: /^action_call / }, // 10
    /^listAuditEvents 200 .*\/(identity_method|operator_authn_method)$/, // 4.1, 10
    /^approveApproval 200 .*\/operator_authn_method$/, // 10
    "getApproval 200 /verifier_kind", // 10
    "getReceiptAsOperator 200 /signature_status", // 10
    /\/allowed_sinks\/\*$/,
  ],
  closedObjects: [],
  forms: OPERATOR_FORMS,
  formless: [/\/operator_proof_jti$/], // 1.2: any string
  outOfRange: [
    { at: ["listApprovals 200 /count"], values: [201] }, // 2.1
    { at: ["getStatus 200 /in_flight_executions"], values: [5] }, // 2.10
    { at: ["getStatus 200 /pending_approvals"], values: [1001] }, // 2.10
    { at: [/^(grant|revoke)Actions request \/actions$/], values: [[], Array<string>(101).fill("a")] }, // 2.20
    { at: [/^(grant|revoke)Actions request \/principal$/], values: ["", "x".repeat(254)] }, // 2.20
    { at: [/^disallowAction request \//, /^allowAction request \//], values: ["a b", "x".repeat(129)] }, // 2.22
    { at: [/^(add|remove)(Domain|Path) request \/action_id$/], values: ["x".repeat(254)] }, // 2.15
  ],
});

describe("the operator's document, tried with recorded bodies that were changed", () => {
  test("refuses every kind of change that no gate makes", () => {
    const { kinds, survivors } = mutants.survivors("mutants of operators refused");
    expect(kinds).toBeGreaterThan(500);
    expect(survivors).toEqual([]);
  });

  test("lets in unknown members, unknown words of open lists, and answers without an optional member", () => {
    expect(mutants.refused("harmless changes of operators accepted")).toEqual([]);
  });

  test("lets in what the contract describes and no recording shows", () => {
    const described = unrecorded();
    expect(described.length).toBeGreaterThan(60);
    expect(refusedOf(judge, described)).toEqual([]);
  });

  test("refuses what the contract rules out and no change of a recorded body makes", () => {
    const ruledOut = impossible();
    expect(ruledOut.length).toBeGreaterThan(20);
    expect(ruledOut.filter((body) => refusedOf(judge, [body]).length === 0)).toEqual([]);
  });
});

const ID = "01a20b78-b76b-7e83-b816-3ea532bd1db2";
const THEN = "2026-11-24T02:53:10.386567681+00:00";
const remembered = { approval_id: ID, completed_at: THEN, source: "durable_outcome" };
const review = {
  database_mode: "hybrid",
  statement_mode: "parameterized",
  operation_class: "select",
  tables: ["users"],
  params_preview: ["7", "[40 chars]"],
  query_shape: "select * from users where id = $1",
};
const withError = (of: string, error: string, others: { [name: string]: string } = {}) => ({
  of,
  json: { error, ...others },
});
const detail = { detail: "a sentence" };

function unrecorded(): { of: string; json: Json }[] {
  const { like } = mutants;
  const event = (changes: { [name: string]: Json }, type: string) => {
    const events = mutants.bodies
      .filter(({ of }) => of === "listAuditEvents 200")
      .flatMap(({ json }) => (json as { events: { [name: string]: Json }[] }).events);
    const found = events.find((event) => event["event_type"] === type);
    return { of: "listAuditEvents 200", json: { events: [{ ...found, ...changes }] } };
  };
  const decisions = ["approveApproval", "denyApproval"];
  const learned = ["listDomains", "addDomain", "removeDomain", "clearDomains"];
  const writers = ["grantActions", "revokeActions", "allowAction", "disallowAction"];
  return [
    // 2.1
    { of: "listApprovals 200", json: { approvals: [], count: 0 } },
    withError("listApprovals 503", "approval_store_unavailable"),
    // 2.2
    like("getApproval 200", { database_review: review }),
    like("getApproval 200", { database_review: { ...review, statement_id: "by_id" } }),
    like("getApproval 200", { verifier_kind: "none", created_at: "2026-11-24T02:53:10+00:00" }),
    like("getApproval 200", { deny_reason: "" }, ({ status }) => status === "denied"),
    { of: "getApproval 200", json: { ...remembered, status: "approved", receipt_id: ID } },
    { of: "getApproval 200", json: { ...remembered, status: "denied", deny_reason: "" } },
    { of: "getApproval 200", json: { ...remembered, status: "failed", error_code: "already_executed" } },
    // 2.3, 2.4
    like(
      "approveApproval 200",
      { approval: { ...approval(), approval_hash: null } },
      ({ approval }) => approval !== undefined,
    ),
    ...decisions.flatMap((id) => [
      {
        of: `${id} 200`,
        json: { decision: "already_approved", approval_id: ID, status: "approved", receipt_id: ID },
      },
      { of: `${id} 200`, json: { decision: "already_denied", approval_id: ID, status: "denied" } },
      {
        of: `${id} 200`,
        json: { decision: "already_failed", approval_id: ID, status: "failed", completed_at: THEN },
      },
      { of: `${id} 200`, json: { decision: "already_completed", approval_id: ID, status: "claimed" } },
      {
        of: `${id} 200`,
        json: { ...remembered, decision: "already_approved", state: "approved", receipt_id: ID },
      },
      {
        of: `${id} 200`,
        json: { ...remembered, decision: "already_denied", state: "denied", deny_reason: "no" },
      },
      {
        of: `${id} 200`,
        json: { ...remembered, decision: "already_failed", state: "failed", error_code: "x" },
      },
      withError(`${id} 401`, "invalid_operator_token"),
      withError(`${id} 401`, "replay_detected"),
      withError(`${id} 409`, "conflict"),
      withError(`${id} 429`, "operator_throttled"),
      withError(`${id} 500`, "internal_error"),
      withError(`${id} 503`, "replay_cache_unavailable"),
      withError(`${id} 503`, "store_unavailable"),
    ]),
    withError("approveApproval 403", "budget_session_not_found"),
    withError("approveApproval 409", "grant_consumed"),
    withError("approveApproval 422", "schema_violation"),
    withError("approveApproval 500", "evidence_persistence_failed"),
    withError("approveApproval 502", "action_execution_failed"),
    withError("approveApproval 503", "draining"),
    withError("approveApproval 503", "budget_store_unavailable"),
    { of: "denyApproval request", json: {} },
    { of: "denyApproval request", json: { reason: null, other: 1 } },
    // 2.5, 4.1, 4.2
    { of: "listAuditEvents 200", json: { events: [] } },
    event(
      { event_type: "admin_drain", deny_reason: "drain initiated, in_flight=0, was_first=true" },
      "admin_reload",
    ),
    event({ event_type: "admin_revoke_all", deny_reason: "epoch 0 => 1" }, "admin_reload"),
    event({ event_type: "budget_rollback_failed", decision: "error", principal: "" }, "admin_reload"),
    event({ event_type: "lease_revoked" }, "lease_issued"),
    event({ identity_method: "oidc" }, "lease_issued"),
    // 2.6 to 2.14
    { of: "verifyAudit 200", json: { intact: true, total_events: 0, verified_links: 0, broken_at: null } },
    { of: "verifyAudit 200", json: { intact: false, total_events: 3, verified_links: 2, broken_at: ID } },
    withError("verifyAudit 500", "internal_error"),
    withError("getMetrics 500", "internal_error"),
    { of: "drain 200", json: { draining: true, already_draining: false, in_flight_executions: 4 } },
    { of: "reload 200", json: { ok: true, actions: 87, policy_version: "", reloaded_at: THEN } },
    withError("reload 500", "reload_failed", detail),
    like("getStatus 200", { status: "degraded", dependencies: { opa: false, redis: true } }),
    withError("getReceiptAsOperator 500", "internal_error"),
    { of: "listReceiptKeys 200", json: { keys: [] } },
    // 2.15 to 2.17
    ...learned.flatMap((id) => [
      withError(`${id} 400`, "invalid_action_id", detail),
      withError(`${id} 500`, "ledger_error"),
      withError(`${id} 500`, "serialization_error"),
    ]),
    withError("addDomain 400", "invalid_domain", detail),
    withError("removePath 400", "invalid_path_glob", detail),
    { of: "addDomain request", json: { action_id: "a", domain: "*.s3.amazonaws.com" } },
    { of: "addPath request", json: { action_id: "a", path_glob: "docs/..x/*.md" } },
    // 2.18 to 2.22
    { of: "getPolicy 200", json: { policy_version: "", acl: {} } },
    {
      of: "getPolicy 200",
      json: {
        policy_version: "v1-1",
        acl: { "*": { allowed_actions: [], allowed_sinks: [], inherits_wildcard: true } },
      },
    },
    withError("getPolicy 500", "policy_read_error", detail),
    withError("getPolicy 500", "internal_error"),
    withError("getPrincipalPolicy 400", "invalid_principal", detail),
    withError("getPrincipalPolicy 404", "principal_not_found", { principal: "agent:x" }),
    withError("grantActions 400", "empty_actions", detail),
    withError("grantActions 400", "too_many_actions", detail),
    withError("revokeActions 400", "invalid_action_id", detail),
    {
      of: "revokeActions 200",
      json: {
        principal: "a",
        revoked: ["x"],
        remaining_actions: 0,
        allowed_sinks: [],
        principal_removed: true,
      },
    },
    ...writers.flatMap((id) => [
      withError(`${id} 500`, "policy_write_error", detail),
      withError(`${id} 500`, "internal_error"),
      withError(`${id} 401`, "unauthorized"),
      withError(`${id} 429`, "rate_limit_exceeded"),
    ]),
    { of: "allowAction 200", json: { ok: true, action_id: "http_post", agent_id: "agent:x" } },
    { of: "allowAction request", json: { action_id: "http_post", agent_id: "agent:x" } },
    withError("allowAction 400", "invalid_input", detail),
    withError("allowAction 404", "action_not_found", { action_id: "x" }),
    { of: "disallowAction 200", json: { ok: true, action_id: "http_post", agent_id: "agent:x" } },
  ];
}

function impossible(): { of: string; json: Json }[] {
  const eventOf = (decision: string, changes: { [name: string]: Json }, approved = false) => {
    const { json } = mutants.like("listAuditEvents 200", {}, ({ events }) => {
      const [event] = events as { [name: string]: Json }[];
      if (event?.["event_type"] !== "action_call" || event["decision"] !== decision) return false;
      return (event["approved_by"] !== undefined) === approved;
    });
    const [event] = json["events"] as { [name: string]: Json }[];
    return { of: "listAuditEvents 200", json: { events: [{ ...event, ...changes }] } };
  };
  const learnedBy = (source: string, approval_id: string | null) => ({
    of: "listDomains 200",
    json: {
      domains: [{ action_id: "a", added_by: "default", added_at: THEN, domain: "a.b", source, approval_id }],
    },
  });
  const executed = mutants.like("approveApproval 200", {}, ({ decision }) => decision === "executed");
  const terminal = { approval_id: ID, completed_at: THEN };
  return [
    // 2.2: no outcome without its members, and the two shapes are not mixed.
    ...(["approved", "denied", "failed"] as const).map((status) => ({
      of: "getApproval 200",
      json: { ...remembered, status },
    })),
    { of: "getApproval 200", json: { ...remembered, status: "pending" } },
    { of: "getApproval 200", json: { ...remembered, status: "expired" } },
    { of: "getApproval 200", json: { ...terminal, status: "denied", deny_reason: "no" } },
    mutants.like("getApproval 200", { database_review: { ...review, statement_mode: "predeclared" } }),
    mutants.like("getApproval 200", { unresolved_paths: [] }),
    // 2.3, 2.4: `status` from the store, `state` and `source` from the ledger, and each decision has its own.
    { of: "approveApproval 200", json: { ...terminal, decision: "already_denied", state: "denied" } },
    { of: "approveApproval 200", json: { ...terminal, decision: "already_denied", status: "approved" } },
    { of: "approveApproval 200", json: { ...terminal, decision: "already_failed", status: "denied" } },
    { of: "approveApproval 200", json: { ...remembered, decision: "already_approved", state: "approved" } },
    {
      of: "approveApproval 200",
      json: { ...remembered, decision: "already_denied", state: "failed", deny_reason: "" },
    },
    { of: "approveApproval 200", json: { ...remembered, decision: "already_approved", receipt_id: ID } },
    {
      of: "approveApproval 200",
      json: {
        ...remembered,
        source: "store",
        decision: "already_approved",
        state: "approved",
        receipt_id: ID,
      },
    },
    { of: "approveApproval 200", json: { ...terminal, decision: "deny" } },
    { of: "denyApproval 200", json: executed.json },
    { of: "executeAction 200", json: { ...terminal, decision: "already_denied", status: "denied" } },
    // 1.4, 2.3, 2.20: the texts come with their words.
    withError("denyApproval 401", "invalid_dpop"),
    withError("denyApproval 401", "key_binding_failed"),
    withError("approveApproval 400", "bad_request"),
    withError("approveApproval 403", "policy_denied"),
    withError("grantActions 400", "unknown_action", detail),
    withError("grantActions 400", "invalid_principal", { action_id: "x" }),
    withError("allowAction 404", "action_not_found"),
    withError("getPrincipalPolicy 404", "principal_not_found"),
    withError("reload 500", "reload_failed"),
    // 2.6, 2.10, 2.11, 2.21
    { of: "verifyAudit 200", json: { intact: true, total_events: 3, verified_links: 2, broken_at: ID } },
    { of: "verifyAudit 200", json: { intact: false, total_events: 3, verified_links: 2, broken_at: null } },
    mutants.like("getStatus 200", { draining: true, status: "ok" }),
    { of: "drain 200", json: { draining: false, already_draining: false, in_flight_executions: 0 } },
    {
      of: "revokeActions 200",
      json: { principal: "a", revoked: [], remaining_actions: 2, allowed_sinks: [], principal_removed: true },
    },
    // 4.1, 4.2
    eventOf("allow", { verification_outcome: "verification_failed" }),
    eventOf("allow_unverified", { verification_outcome: "verified" }),
    eventOf("allow", { deny_reason: null }, true),
    eventOf("allow", { deny_reason: "approved via nobody" }),
    eventOf("pending_approval", { budgets_after: { calls_remaining: 1 } }),
    // 2.15: what an approval taught names it, and nothing else does.
    learnedBy("approval", null),
    learnedBy("api", ID),
    // 2.15: one value, under one name.
    { of: "addDomain request", json: { action_id: "a", domain: "a.example.com", value: "a.example.com" } },
    { of: "addDomain request", json: { action_id: "a", path_glob: "a.example.com" } },
    { of: "removePath request", json: { action_id: "a" } },
    { of: "denyApproval request", json: null },
    { of: "denyApproval request", json: { reason: 5 } },
  ];
}

function approval(): { [name: string]: Json } {
  const { json } = mutants.like("approveApproval 200", {}, ({ approval }) => approval !== undefined);
  return json["approval"] as { [name: string]: Json };
}
