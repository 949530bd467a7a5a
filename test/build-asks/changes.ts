/** A typical change of the documents, and the files that have to decide what to do about it. */
interface ApiChange {
  readonly document: "agent" | "operator";
  readonly edit: (yaml: string) => string;
  readonly asks: readonly string[];
  /** In every `npm test`. */
  readonly always?: boolean;
}

const QUOTA = `
  /v1/quota:
    get:
      operationId: getQuota
      summary: What is left.
      security: []
      responses:
        "200": { description: The quota., content: { application/json: { schema: { type: object } } } }
      x-outcomes:
        effect: none
        lost: { outcome: not_executed, again: backoff }
        answers:
          "200": refused_early
          default: refused_early
`;

export const CHANGES: { readonly [title: string]: ApiChange } = {
  "a new operation of the client socket": {
    document: "agent",
    edit: (yaml) => yaml.replace("\ncomponents:\n", `${QUOTA}\ncomponents:\n`),
    asks: [
      "src/client/methods.ts",
      "src/testing/decisions/agent.ts",
      "src/testing/gate/gate.ts",
      "src/testing/operator/operations.ts",
    ],
  },
  "a new operation of the operator socket": {
    document: "operator",
    edit: (yaml) =>
      yaml.replace(
        "\ncomponents:\n",
        `${QUOTA.replace("security: []", "security: [{ operator: [], operatorProof: [] }]")}\ncomponents:\n`,
      ),
    asks: ["src/client/methods.ts", "src/testing/gate/gate.ts", "src/testing/operator/operations.ts"],
  },
  "an operation is gone": {
    document: "agent",
    edit: (yaml) =>
      yaml.replace(/\n {2}\/v1\/actions\/\{action_id\}\/schema\/request:\n(?: {3,}.*\n|\n)*/, "\n"),
    asks: [
      "src/agent/validation.ts",
      "src/client/client.ts",
      "src/client/methods.ts",
      "src/testing/decisions/agent.ts",
    ],
  },
  "a new error code": {
    document: "agent",
    edit: (yaml) =>
      yaml
        .replace("[grant_consumed]", "[grant_consumed, grant_lost]")
        .replace(
          '          "409 grant_consumed": refused\n',
          (rule) => rule + rule.replace("consumed", "lost"),
        ),
    asks: ["src/call/refusals.ts"],
  },
  "an answer's member is gone": {
    document: "agent",
    edit: (yaml) =>
      yaml
        .replace(
          "grant_id, receipt_id, output, verification_outcome",
          "grant_id, output, verification_outcome",
        )
        .replace(
          /(?<=grant_id: \{ \$ref: "#\/components\/schemas\/GateUuid" \}\n)( {8})receipt_id: .*\n(?= {8}output)/,
          "",
        ),
    asks: ["src/agent/execute.ts", "src/testing/decisions/execution.ts", "src/vocabulary/models.ts"],
    always: true,
  },
  "an answer's member has another name": {
    document: "operator",
    edit: (yaml) => yaml.replaceAll(/\bclaimed_at\b/g, "taken_at"),
    asks: ["src/cli/approvals/detail.ts", "src/operator/approve.ts", "src/testing/operator/approvals.ts"],
  },
  "a request's member has another name": {
    document: "agent",
    edit: (yaml) => yaml.replaceAll(/\bdpop_jwk\b/g, "proof_jwk"),
    asks: ["src/session/lease.ts", "src/testing/decisions/issue.ts"],
  },
  "a closed list has a new value": {
    document: "operator",
    edit: (yaml) =>
      yaml.replace(
        "enum: [pending, claimed, approved, denied, failed]",
        "enum: [pending, claimed, approved, denied, failed, lapsed]",
      ),
    asks: ["src/testing/operator/approvals.ts"],
  },
  "a refusal's member has another name": {
    document: "operator",
    edit: (yaml) =>
      yaml.replace(
        /(ApproveBadRequestError:\n[\s\S]*?)\bdeny_reason\b([\s\S]*?)\bdeny_reason\b/,
        "$1why$2why",
      ),
    asks: ["src/testing/decisions/approve-deny.ts"],
  },
  "a new risk": {
    document: "agent",
    edit: (yaml) =>
      yaml.replace("enum: [low, medium, high, critical]", "enum: [low, medium, high, critical, fatal]"),
    asks: [
      "src/cli/show.ts",
      "src/testing/actions/gate-actions.ts",
      "src/testing/decisions/happenings.ts",
      "src/testing/stores/actions.ts",
      "src/vocabulary/risk.ts",
    ],
  },
  "a tagged union has a new member": {
    document: "agent",
    edit: (yaml) =>
      yaml
        .replace(
          '        - $ref: "#/components/schemas/ApprovalPollFailed"\n',
          (line) => line + line.replace("Failed", "Lapsed"),
        )
        .replace(
          "    ApprovalPollPending:\n",
          (line) =>
            `    ApprovalPollLapsed:\n      type: object\n      required: [status]\n      properties: { status: { type: string, const: lapsed } }\n${line}`,
        ),
    asks: ["src/agent/approval-endings.ts"],
  },
  "a new required query parameter": {
    document: "operator",
    edit: (yaml) =>
      yaml.replace(
        "      operationId: getApproval\n",
        (line) =>
          `${line}      parameters: [{ name: view, in: query, required: true, schema: { type: string } }]\n`,
      ),
    asks: ["src/operator/approvals.ts", "src/operator/approve.ts"],
  },
  "a new required member of a request": {
    document: "operator",
    edit: (yaml) =>
      yaml.replace(
        /( {4}GrantRequest:\n(?: {6}.*\n)*? {6}required: \[)(.*)(\n(?: {6}.*\n)*? {6}properties:\n)/,
        "$1reason, $2$3        reason: { type: string }\n",
      ),
    asks: ["src/operator/policy.ts", "src/testing/operator/policy.ts"],
  },
  "an operation needs a lease": {
    document: "agent",
    edit: (yaml) =>
      yaml.replace(
        /(operationId: listActions\n[\s\S]*?security:) \[\]/,
        "$1 [{ lease: [], leaseProof: [] }]",
      ),
    asks: ["src/client/methods.ts", "src/testing/decisions/agent.ts"],
  },
};
