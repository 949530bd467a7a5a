import { createRequire } from "node:module";
import type { ActionDetail, MockAction, RegisteredAction, RiskLevel } from "../stores/actions.ts";

/** What a gate tells of an action, and the schema of its parameters. */
interface Recorded {
  readonly detail: ActionDetail;
  readonly requestSchema: Readonly<Record<string, unknown>>;
}

/** The other actions that a gate 0.2.0 ships, by risk and side effect: as much of them as is known without their file. */
const SHIPPED: Readonly<Record<RiskLevel, Readonly<Record<string, string>>>> = {
  low: {
    http_read: `arxiv_search asana_read bitbucket_read cloudflare_dns_list confluence_read datadog_read docker_hub_read
      exchange_rate gcal_list gcal_read_event github_actions_read github_read github_search gitlab_read google_tasks_list
      grafana_read hn_top http_bearer_get jira_read notion_read npm_read obsidian_read render_services rss_fetch sentry_read
      slack_read todoist_list vercel_deployments web_read wikipedia_read`,
  },
  medium: {
    http_read: "gmail_list gmail_read s3_read",
    http_write: `asana_create asana_update confluence_write discord_post github_comment_issue github_pr_comment
      github_pr_review gitlab_create_issue google_tasks_create google_tasks_update http_patch http_put jira_api linear_api
      notion_api obsidian_write pagerduty_event teams_post telegram_send todoist_complete todoist_create todoist_update
      webhook_notify`,
  },
  high: {
    http_read: "stripe_read",
    http_write: `asana_delete bitbucket_pr_create cloudflare_dns_create gcal_create_event gcal_delete_event
      gcal_update_event github_actions_trigger github_pr_create gitlab_mr_create gmail_delete gmail_send google_tasks_delete
      s3_write sendgrid_send todoist_delete vercel_deploy`,
  },
  critical: {
    http_write: "bitbucket_pr_merge github_pr_merge gitlab_mr_merge",
    http_delete: "github_delete",
  },
};

const VERSION = "1.0.0";

/** The same for all gates of a process. */
let details: readonly ActionDetail[] | undefined;

let recorded: Readonly<Record<string, Recorded>> | undefined;

/** Read when one of them is asked for: few tests ask, and it is as long as a fifth of this mock. */
function recordedOf(actionId: string): Recorded {
  recorded ??= read();
  return recorded[actionId] as Recorded;
}

function read(): Readonly<Record<string, Recorded>> {
  try {
    return createRequire(import.meta.url)("./gate-actions.json");
  } catch (cause) {
    throw new Error(
      "MockGate: gate-actions.json is not beside the code, as in a bundle of one file: pass `builtinActions` a list of the actions that are needed, or leave the package out of the bundle",
      { cause },
    );
  }
}

/** The actions of {@link SHIPPED} as the registry has them, each filled in when it is looked at. */
export function shippedActions(
  finish: (actionId: string, action: MockAction) => RegisteredAction,
): ReadonlyMap<string, RegisteredAction> {
  details ??= (Object.keys(SHIPPED) as RiskLevel[]).flatMap((riskLevel) =>
    Object.entries(SHIPPED[riskLevel]).flatMap(([sideEffect, ids]) =>
      ids.split(/\s+/).map((actionId) => detailOf(actionId, riskLevel, sideEffect)),
    ),
  );
  return new Map(details.map((detail) => [detail.action_id, new Shipped(detail, finish)]));
}

/** An action of which only what is listed is there at once. A class, since getters on a prototype cost nothing per gate. */
class Shipped implements RegisteredAction {
  readonly detail: ActionDetail;
  readonly #finish: (actionId: string, action: MockAction) => RegisteredAction;
  #whole: RegisteredAction | undefined;

  constructor(detail: ActionDetail, finish: (actionId: string, action: MockAction) => RegisteredAction) {
    this.detail = detail;
    this.#finish = finish;
  }

  get #action(): RegisteredAction {
    this.#whole ??= this.#finish(this.detail.action_id, definitionOf(recordedOf(this.detail.action_id)));
    return this.#whole;
  }

  get requestSchema() {
    return this.#action.requestSchema;
  }
  get responseSchema() {
    return this.#action.responseSchema;
  }
  get allowedDomains() {
    return this.#action.allowedDomains;
  }
  get paths() {
    return this.#action.paths;
  }
  get verifier() {
    return this.#action.verifier;
  }
  get secrets() {
    return this.#action.secrets;
  }
  get requiredSecrets() {
    return this.#action.requiredSecrets;
  }
  get targets() {
    return this.#action.targets;
  }
  get run() {
    return this.#action.run;
  }
}

/** A detail, its members in the gate's order. */
function detailOf(action_id: string, risk_level: RiskLevel, sideEffect: string): ActionDetail {
  return {
    action_id,
    version: VERSION,
    get provider_module_digest() {
      return recordedOf(action_id).detail.provider_module_digest;
    },
    risk_level,
    get resource_limits() {
      return recordedOf(action_id).detail.resource_limits;
    },
    get io() {
      return recordedOf(action_id).detail.io;
    },
    get egress() {
      return recordedOf(action_id).detail.egress;
    },
    declared_side_effects: [sideEffect],
  };
}

/** A recorded action as one would define it, but for its effect. */
export function definitionOf({ detail, requestSchema }: Recorded): MockAction {
  return {
    version: detail.version,
    riskLevel: detail.risk_level,
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
    verifier: detail.provider_module_digest === "builtin:fs" ? "fs_hash" : "http_status",
  };
}
