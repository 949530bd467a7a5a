import type { MockAction, RunContext } from "./actions.ts";
import { RECORDED_ACTIONS } from "./manifests.ts";
import { callWeb, type MockWeb } from "./web.ts";
import type { createWorkspace, FileParams } from "./workspace.ts";

/** What a recorded action's detail does not show: seen in what the gate did with it. */
const BEHAVIOUR: Readonly<Record<string, Pick<MockAction, "paths" | "requiredSecrets" | "targets">>> = {
  fs_read: {
    paths: {
      allowed: ["docs/**", "src/**"],
      denied: ["**/.env", "**/.ssh/**", "**/.aws/**", "**/secrets/**"],
    },
  },
  fs_write: { paths: { allowed: ["docs/**", "src/**"], denied: ["**/.env", "**/package.json"] } },
  fs_delete: { paths: { allowed: [] } },
  http_sensitive_read: { requiredSecrets: ["API_BEARER_TOKEN"] },
  github_create_issue: { targets: () => ({ domains: ["api.github.com"], paths: [] }) },
  slack_post: { targets: () => ({ domains: ["hooks.slack.com"], paths: [] }) },
  stripe_create_invoice: { targets: () => ({ domains: ["api.stripe.com"], paths: [] }) },
};

/**
 * The actions that were recorded, each with its recorded detail and schema and a harmless stand-in for its
 * effect: files are in memory, the web is a function.
 */
export function builtinActions(
  files: Pick<ReturnType<typeof createWorkspace>, "act">,
  web: MockWeb,
): Record<string, MockAction> {
  const actions: Record<string, MockAction> = {};
  for (const [actionId, { detail, requestSchema }] of Object.entries(RECORDED_ACTIONS)) {
    const file = detail.provider_module_digest === "builtin:fs";
    actions[actionId] = {
      version: detail.version,
      riskLevel: detail.risk_level as NonNullable<MockAction["riskLevel"]>,
      requestSchema,
      // The response schemas themselves were not recorded, only that there are some.
      ...(detail.io.has_response_schema ? { responseSchema: {} } : {}),
      egress:
        detail.egress === "none" ? "none" : { allowedDomains: detail.egress.proxy_allowlist.allowed_domains },
      sideEffects: detail.declared_side_effects,
      providerModuleDigest: detail.provider_module_digest,
      resourceLimits: detail.resource_limits,
      maxRequestBytes: detail.io.max_request_bytes,
      maxResponseBytes: detail.io.max_response_bytes,
      verifier: file ? "fs_hash" : "http_status",
      ...BEHAVIOUR[actionId],
      run: file
        ? (params: FileParams, context: RunContext) => files.act(params, context)
        : (params: Record<string, string>, context: RunContext) =>
            callWeb(web, requestOf(actionId, params, context), context),
    };
  }
  return actions;
}

/** The request that an action's template makes of its parameters. */
function requestOf(actionId: string, params: Record<string, string>, context: RunContext) {
  const url = params["url"] ?? "";
  // The template is not applied in an approved run: it goes out as a plain GET (measured.md; a defect of the gate).
  if (context.by === "approved") return { method: "GET", url, body: "" };
  if (actionId === "http_post") return { method: "POST", url, body: jsonBody(params["body"] ?? "") };
  if (actionId === "http_delete") return { method: "DELETE", url, body: "" };
  if (actionId === "slack_post") {
    return {
      method: "POST",
      url: params["webhook_url"] ?? "",
      body: JSON.stringify({ text: params["message"] }),
    };
  }
  if (actionId === "github_create_issue") {
    const issue = { title: params["title"], body: params["body"] };
    const repository = `https://api.github.com/repos/${params["owner"]}/${params["repo"]}`;
    return { method: "POST", url: `${repository}/issues`, body: JSON.stringify(issue) };
  }
  if (actionId === "stripe_create_invoice") {
    return { method: "POST", url: "https://api.stripe.com/v1/invoices", body: params["body"] ?? "" };
  }
  return { method: "GET", url, body: "" };
}

/** What is not JSON is sent as a JSON string (measured.md). */
function jsonBody(text: string): string {
  try {
    JSON.parse(text);
    return text;
  } catch {
    return JSON.stringify(text);
  }
}
