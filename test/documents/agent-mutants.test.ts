import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Json } from "../../src/documents/document.ts";
import { createJudge } from "./judge.ts";
import { createMutants, FORMS, refusedOf } from "./mutants.ts";
import { exchanges } from "./recordings.ts";

const judge = createJudge(join(import.meta.dirname, "../../openapi/agent.yaml"));

/* What contract/agent.md says of the recorded bodies. */
const mutants = createMutants(judge, exchanges(), {
  answersOf: ({ socket }, { operation }) => socket === "agent" || operation.id !== "getReceipt",
  requestsOf: (_, { operation }) => operation.id === "createLease",
  shaping: [],
  free: [
    /^executeAction 200 \/output\/(?!ok$)/, // 9.1
    /^getActionRequestSchema 200 \//, // 3.7
    /^createLease request \/dpop_jwk\/(kid|use|alg)$/, // 3.3: ignored by the gate
    /^getReceipt 200 \/provider_receipt\//, // 9.3
    /^getReceipt 200 \/verification_outcome\/evidence\//, // 9.3
  ],
  any: [/^getReceipt 200 \/provider_receipt$/, /^getReceipt 200 \/verification_outcome\/evidence$/], // 9.3
  optional: ["pollApproval 200 /receipt_id"], // 3.9: "expected always; optional in type"
  mayAlsoBe: [
    { at: ["getReadiness 200 /egress_proxy"], types: ["boolean", "null"] }, // 3.2
    { at: ["getAction 200 /egress"], types: ["string", "null"] }, // 3.6
    { at: ["getActionRequestSchema 200 "], types: ["object", "boolean"] }, // 3.7
    { at: ["getReceipt 200 /failure_class"], types: ["null"] }, // 9.3
    { at: ["createLease request /budgets", "createLease request /fs_root"], types: ["null"] }, // 3.3
  ],
  mayBeNegative: ["executeAction 200 /runtime/exit_code"], // 9.1: an integer, without "≥ 0"
  closed: [
    "getHealth 200 /status", // 3.1
    "getReadiness 200 /status", // 3.2
    /^createLease request \/dpop_jwk\/(kty|crv)$/, // 3.3
    /^getLeaseKeys 200 \/keys\/\*\/(kty|crv|use|alg)$/, // 3.4
    /^(listActions|getAction) 200 .*\/risk_level$/, // 3.5
    /^executeAction 20[02] \/decision$/, // 3.8, 9.1
    /^executeAction 200 \/verification(_outcome|\/outcome)$/, // 9.2, 14
    /^pollApproval 200 \/status$/, // 3.9
    /^pollApproval 200 \/retry_after_seconds$/, // 3.9
    /^getReceipt 200 \/(normalized_result\/kind|verification_outcome\/status|failure_class)$/, // 9.3, 14
  ],
  open: [
    / \/error$/, // 14
    "getReceipt 200 /signature_status", // 9.3
    "getAction 200 /egress", // 14
    /^getAction 200 \/declared_side_effects\/\*$/, // 3.6
  ],
  // 3.3: the gate refuses members that it does not know at the top of a lease request, and ignores them further down.
  closedObjects: ["createLease request "],
  forms: [
    ...FORMS,
    { name: "path", looks: /^\//, broken: (path) => [path.slice(1)] },
    {
      name: "scope",
      looks: /^(tools:call|audit:read|team:\w+)$/,
      broken: () => ["Tools Call", "a:b", "tools:"],
    },
  ],
  formless: [],
  outOfRange: [{ at: ["createLease request /budgets/max_calls"], values: [0, 2 ** 53] }], // 7
});

describe("the document, tried with recorded bodies that were changed", () => {
  test("refuses every kind of change that no gate makes", () => {
    const { kinds, survivors } = mutants.survivors("mutants refused");
    expect(kinds).toBeGreaterThan(300);
    expect(survivors).toEqual([]);
  });

  test("lets in unknown members, unknown words of open lists, and answers without an optional member", () => {
    expect(mutants.refused("harmless changes accepted")).toEqual([]);
  });

  test("lets in what the contract describes and no recording shows", () => {
    const described = unrecorded();
    expect(described.length).toBeGreaterThan(15);
    expect(refusedOf(judge, described)).toEqual([]);
  });

  test("refuses an unknown member where the gate does", () => {
    const { all, accepted } = mutants.withUnknownMember();
    expect(all).toBeGreaterThan(10);
    expect(accepted).toEqual([]);
  });
});

function unrecorded(): { of: string; json: Json }[] {
  const { like } = mutants;
  const { receipt_signature: _, signing_key_id: __, ...unsigned } = like("getReceipt 200", {}).json;
  const notReady = { ...like("getReadiness 200", {}).json, status: "not_ready", redis: false };
  const database = {
    mode: "hybrid",
    statements: [{ id: "by_id", operation: "select", tables: ["users"], param_count: 1 }],
    allows_parameterized_queries: true,
    parameterized_operations: ["select"],
    blocked_operations: ["ddl", "copy_io"],
  };
  return [
    like("getReadiness 200", { status: "degraded", egress_proxy: false }), // 3.2
    { of: "getReadiness 503", json: notReady },
    like("createLease 400", { error: "invalid_request" }), // 3.3
    { of: "createLease 500", json: { error: "internal_error" } },
    { of: "createLease 503", json: { error: "clock_error" } },
    like("getAction 200", { egress: null, database }), // 3.6
    like("getAction 200", { provider_module_digest: `sha256:${"0".repeat(64)}` }),
    { of: "executeAction 403", json: { error: "budget_session_not_found" } }, // 3.8
    { of: "executeAction 409", json: { error: "grant_consumed" } },
    { of: "executeAction 500", json: { error: "evidence_persistence_failed" } },
    { of: "executeAction 502", json: { error: "action_execution_failed" } },
    { of: "executeAction 503", json: { error: "replay_cache_unavailable" } },
    { of: "getReceipt 200", json: { ...unsigned, signature_status: "missing_signature" } }, // 9.3
    like("getReceipt 200", { started_at: "2026-11-24T00:00:00Z", finished_at: "2026-11-24T00:00:00.500Z" }),
    like("getReceipt 200", {
      normalized_result: { kind: "provider_failure", reason: "x" },
      failure_class: "provider_error",
    }),
    like("getReceipt 200", {
      normalized_result: { kind: "timeout" },
      verification_outcome: { status: "skipped" },
    }),
    like("getReceipt 200", { verification_outcome: { status: "unverifiable_declared" } }),
    { of: "getReceipt 500", json: { error: "internal_error" } }, // 3.10
    { of: "getReceipt 503", json: { error: "clock_error" } },
  ];
}
