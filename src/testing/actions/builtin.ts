import { type MockAction, type RegisteredAction, type RunContext, register } from "../stores/actions.ts";
import { definitionOf, shippedActions } from "./gate-actions.ts";
import { RECORDED_ACTIONS } from "./manifests.ts";
import { approvedRequest, standInRequest } from "./stand-in-request.ts";
import { callWeb, type MockWeb, type WebRequest } from "./web.ts";
import type { createWorkspace, FileParams } from "./workspace.ts";

/** What a recorded action's detail does not show: seen in what the gate did with it. */
interface Behaviour extends Pick<MockAction, "paths" | "secrets" | "requiredSecrets" | "targets"> {
  /** The request that its template makes of its parameters. A GET of `url` when left out. */
  readonly template?: (params: Readonly<Record<string, string>>) => WebRequest;
}

const to = (method: string, url: string | undefined, body?: string): WebRequest => ({
  method,
  url: url ?? "",
  body: body ?? "",
});
const withBody =
  (method: string): NonNullable<Behaviour["template"]> =>
  ({ url, body }) =>
    to(method, url, jsonBody(body ?? ""));

const BEHAVIOUR: Readonly<Record<string, Behaviour>> = {
  fs_read: {
    paths: {
      allowed: ["docs/**", "src/**", "*.md"],
      denied: ["**/.env", "**/.ssh/**", "**/.aws/**", "**/secrets/**"],
    },
  },
  fs_write: { paths: { allowed: ["docs/**", "src/**"], denied: ["**/.env", "**/package.json"] } },
  fs_delete: {
    paths: { allowed: ["src/**"], denied: ["**/.env", "**/.ssh/**", "**/.aws/**", "**/secrets/**"] },
  },
  rss_fetch: { template: ({ url }) => ({ ...to("GET", url), headers: { "user-agent": "LatchGate/1.0" } }) },
  http_post: { template: withBody("POST") },
  http_put: { secrets: ["API_TOKEN"], template: withBody("PUT") },
  http_patch: { template: withBody("PATCH") },
  http_delete: { secrets: ["API_TOKEN"], template: ({ url }) => to("DELETE", url) },
  http_sensitive_read: { requiredSecrets: ["API_BEARER_TOKEN"] },
  s3_write: {
    secrets: ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"],
    template: ({ method, url, body }) => to(method ?? "PUT", url, body),
  },
  github_create_issue: {
    targets: () => ({ domains: ["api.github.com"], paths: [] }),
    template: ({ owner, repo, title, body }) =>
      to("POST", `https://api.github.com/repos/${owner}/${repo}/issues`, JSON.stringify({ title, body })),
  },
  slack_post: {
    targets: () => ({ domains: ["hooks.slack.com"], paths: [] }),
    template: ({ webhook_url, message }) => to("POST", webhook_url, JSON.stringify({ text: message })),
  },
  stripe_create_invoice: {
    targets: () => ({ domains: ["api.stripe.com"], paths: [] }),
    template: ({ body }) => to("POST", "https://api.stripe.com/v1/invoices", body),
  },
};

/** What stands in for the effects: files in memory, and a web that is a function. */
export interface StandIns {
  readonly files: Pick<ReturnType<typeof createWorkspace>, "act">;
  readonly web: MockWeb;
}

/** The built-in actions that are chosen: those that most tests use, and the others, which wait for their file. */
export function builtinActions(chosen: boolean | readonly string[], standIns: StandIns) {
  const atOnce: Record<string, MockAction> = {};
  if (chosen === false) return { atOnce, later: new Map<string, RegisteredAction>() };
  const isChosen = (actionId: string) => chosen === true || chosen.includes(actionId);
  for (const [actionId, recorded] of Object.entries(RECORDED_ACTIONS))
    if (isChosen(actionId)) atOnce[actionId] = shippedAction(actionId, definitionOf(recorded), standIns);
  const others = shippedActions((actionId, action) =>
    register(actionId, shippedAction(actionId, action, standIns)),
  );
  if (chosen === true) return { atOnce, later: others };
  for (const actionId of chosen)
    if (!(Object.hasOwn(atOnce, actionId) || others.has(actionId)))
      throw new TypeError(
        `MockGate: a gate has no action ${JSON.stringify(actionId)} that could be built in`,
      );
  return { atOnce, later: new Map([...others].filter(([actionId]) => isChosen(actionId))) };
}

/** An action of the gate's own providers, `builtin:http_api` or `builtin:fs`, does what these do unless it has a `run` of its own. */
export function shippedAction(actionId: string, action: MockAction, { files, web }: StandIns): MockAction {
  const provider = action.run === undefined ? action.providerModuleDigest : undefined;
  if (provider !== "builtin:fs" && provider !== "builtin:http_api") return action;
  const { template, ...known } = BEHAVIOUR[actionId] ?? {};
  const run =
    provider === "builtin:fs"
      ? (params: FileParams, context: RunContext) => files.act(params, context)
      : (params: Readonly<Record<string, string>>, context: RunContext) =>
          callWeb(web, requestOf(params, context, template, action.sideEffects ?? []), context);
  return { ...known, run, ...action };
}

/** The request of an action of the http provider. */
function requestOf(
  params: Readonly<Record<string, string>>,
  context: RunContext,
  template: Behaviour["template"] | undefined,
  sideEffects: readonly string[],
): WebRequest {
  if (context.by === "approved") return approvedRequest(params);
  return template?.(params) ?? standInRequest(params, context, sideEffects);
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
