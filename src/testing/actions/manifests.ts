import type { ActionDetail } from "../stores/actions.ts";

/**
 * The actions whose detail and request schema were recorded (test/recordings/main.json, `agent.action.*` and
 * `agent.schema.*`), as the gate gave them.
 */
export const RECORDED_ACTIONS: Readonly<
  Record<string, { readonly detail: ActionDetail; readonly requestSchema: Readonly<Record<string, unknown>> }>
> = {
  fs_delete: {
    detail: {
      action_id: "fs_delete",
      version: "1.0.0",
      provider_module_digest: "builtin:fs",
      risk_level: "critical",
      resource_limits: {
        fuel: 1000000,
        memory_mb: 64,
        timeout_seconds: 5,
        max_io_calls: 10,
        max_host_response_bytes: 1048576,
      },
      io: {
        max_request_bytes: 65536,
        max_response_bytes: 1048576,
        has_request_schema: true,
        has_response_schema: false,
      },
      egress: "none",
      declared_side_effects: ["fs_delete"],
    },
    requestSchema: {
      additionalProperties: false,
      properties: {
        operation: { enum: ["delete"], type: "string" },
        path: { maxLength: 4096, minLength: 1, type: "string" },
      },
      required: ["operation", "path"],
      type: "object",
    },
  },
  fs_read: {
    detail: {
      action_id: "fs_read",
      version: "1.0.0",
      provider_module_digest: "builtin:fs",
      risk_level: "low",
      resource_limits: {
        fuel: 1000000,
        memory_mb: 64,
        timeout_seconds: 5,
        max_io_calls: 100,
        max_host_response_bytes: 10485760,
      },
      io: {
        max_request_bytes: 65536,
        max_response_bytes: 1048576,
        has_request_schema: true,
        has_response_schema: false,
      },
      egress: "none",
      declared_side_effects: ["fs_read"],
    },
    requestSchema: {
      additionalProperties: false,
      properties: {
        operation: { enum: ["read"], type: "string" },
        path: { maxLength: 4096, minLength: 1, type: "string" },
      },
      required: ["operation", "path"],
      type: "object",
    },
  },
  fs_write: {
    detail: {
      action_id: "fs_write",
      version: "1.0.0",
      provider_module_digest: "builtin:fs",
      risk_level: "high",
      resource_limits: {
        fuel: 1000000,
        memory_mb: 64,
        timeout_seconds: 10,
        max_io_calls: 50,
        max_host_response_bytes: 1048576,
      },
      io: {
        max_request_bytes: 65536,
        max_response_bytes: 1048576,
        has_request_schema: true,
        has_response_schema: false,
      },
      egress: "none",
      declared_side_effects: ["fs_write"],
    },
    requestSchema: {
      additionalProperties: false,
      properties: {
        content_base64: { contentEncoding: "base64", maxLength: 1398101, type: "string" },
        expected_before_hash: { pattern: "^sha256:[a-f0-9]{64}$", type: "string" },
        mode: { default: "overwrite", enum: ["create", "overwrite"], type: "string" },
        operation: { enum: ["write"], type: "string" },
        path: { maxLength: 4096, minLength: 1, type: "string" },
      },
      required: ["operation", "path", "content_base64"],
      type: "object",
    },
  },
  github_create_issue: {
    detail: {
      action_id: "github_create_issue",
      version: "1.0.0",
      provider_module_digest: "builtin:http_api",
      risk_level: "medium",
      resource_limits: {
        fuel: 5000000,
        memory_mb: 128,
        timeout_seconds: 30,
        max_io_calls: 5,
        max_host_response_bytes: 10485760,
      },
      io: {
        max_request_bytes: 65536,
        max_response_bytes: 1048576,
        has_request_schema: true,
        has_response_schema: true,
      },
      egress: { proxy_allowlist: { allowed_domains: ["api.github.com"] } },
      declared_side_effects: ["http_write"],
    },
    requestSchema: {
      additionalProperties: false,
      properties: {
        body: { description: "Issue body (Markdown).", maxLength: 65536, type: "string" },
        owner: {
          description: "Repository owner (user or org).",
          maxLength: 39,
          minLength: 1,
          type: "string",
        },
        repo: { description: "Repository name.", maxLength: 100, minLength: 1, type: "string" },
        title: { description: "Issue title.", maxLength: 256, minLength: 1, type: "string" },
      },
      required: ["owner", "repo", "title"],
      type: "object",
    },
  },
  http_delete: {
    detail: {
      action_id: "http_delete",
      version: "1.0.0",
      provider_module_digest: "builtin:http_api",
      risk_level: "high",
      resource_limits: {
        fuel: 5000000,
        memory_mb: 128,
        timeout_seconds: 30,
        max_io_calls: 5,
        max_host_response_bytes: 10485760,
      },
      io: {
        max_request_bytes: 4096,
        max_response_bytes: 1048576,
        has_request_schema: true,
        has_response_schema: true,
      },
      egress: { proxy_allowlist: { allowed_domains: [] } },
      declared_side_effects: ["http_write"],
    },
    requestSchema: {
      additionalProperties: false,
      properties: {
        url: {
          description: "API endpoint to DELETE.",
          format: "uri",
          maxLength: 2048,
          minLength: 1,
          type: "string",
        },
      },
      required: ["url"],
      type: "object",
    },
  },
  http_fetch: {
    detail: {
      action_id: "http_fetch",
      version: "1.0.0",
      provider_module_digest: "builtin:http_api",
      risk_level: "low",
      resource_limits: {
        fuel: 5000000,
        memory_mb: 128,
        timeout_seconds: 30,
        max_io_calls: 10,
        max_host_response_bytes: 10485760,
      },
      io: {
        max_request_bytes: 65536,
        max_response_bytes: 1048576,
        has_request_schema: true,
        has_response_schema: false,
      },
      egress: {
        proxy_allowlist: {
          allowed_domains: ["httpbin.org", "api.github.com", "*.wikipedia.org", "hacker-news.firebaseio.com"],
        },
      },
      declared_side_effects: ["http_read"],
    },
    requestSchema: {
      additionalProperties: false,
      properties: {
        url: {
          description:
            "Target URL. Must be http or https. Private/internal ranges are blocked by the SSRF guard.",
          format: "uri",
          maxLength: 2048,
          minLength: 1,
          type: "string",
        },
      },
      required: ["url"],
      type: "object",
    },
  },
  http_post: {
    detail: {
      action_id: "http_post",
      version: "1.0.0",
      provider_module_digest: "builtin:http_api",
      risk_level: "medium",
      resource_limits: {
        fuel: 5000000,
        memory_mb: 128,
        timeout_seconds: 30,
        max_io_calls: 10,
        max_host_response_bytes: 10485760,
      },
      io: {
        max_request_bytes: 262144,
        max_response_bytes: 1048576,
        has_request_schema: true,
        has_response_schema: false,
      },
      egress: { proxy_allowlist: { allowed_domains: ["httpbin.org"] } },
      declared_side_effects: ["http_write"],
    },
    requestSchema: {
      additionalProperties: false,
      properties: {
        body: { description: "Request body (JSON string).", maxLength: 262144, type: "string" },
        url: {
          description: "Target URL for the POST request.",
          format: "uri",
          maxLength: 2048,
          minLength: 1,
          type: "string",
        },
      },
      required: ["url", "body"],
      type: "object",
    },
  },
  http_sensitive_read: {
    detail: {
      action_id: "http_sensitive_read",
      version: "1.0.0",
      provider_module_digest: "builtin:http_api",
      risk_level: "high",
      resource_limits: {
        fuel: 5000000,
        memory_mb: 128,
        timeout_seconds: 30,
        max_io_calls: 3,
        max_host_response_bytes: 10485760,
      },
      io: {
        max_request_bytes: 4096,
        max_response_bytes: 1048576,
        has_request_schema: true,
        has_response_schema: true,
      },
      egress: { proxy_allowlist: { allowed_domains: [] } },
      declared_side_effects: ["http_read"],
    },
    requestSchema: {
      additionalProperties: false,
      properties: {
        url: {
          description: "Sensitive data endpoint (PII, financial).",
          format: "uri",
          maxLength: 2048,
          minLength: 1,
          type: "string",
        },
      },
      required: ["url"],
      type: "object",
    },
  },
  slack_post: {
    detail: {
      action_id: "slack_post",
      version: "1.0.0",
      provider_module_digest: "builtin:http_api",
      risk_level: "medium",
      resource_limits: {
        fuel: 5000000,
        memory_mb: 128,
        timeout_seconds: 15,
        max_io_calls: 3,
        max_host_response_bytes: 10485760,
      },
      io: {
        max_request_bytes: 65536,
        max_response_bytes: 4096,
        has_request_schema: true,
        has_response_schema: false,
      },
      egress: { proxy_allowlist: { allowed_domains: ["hooks.slack.com"] } },
      declared_side_effects: ["http_write"],
    },
    requestSchema: {
      additionalProperties: false,
      properties: {
        channel: {
          description: "Channel override (optional, webhook default used if omitted).",
          maxLength: 80,
          type: "string",
        },
        message: { description: "Message text.", maxLength: 40000, minLength: 1, type: "string" },
        username: {
          default: "LatchGate",
          description: "Display name for the bot.",
          maxLength: 80,
          type: "string",
        },
        webhook_url: {
          description: "Slack incoming webhook URL.",
          format: "uri",
          maxLength: 2048,
          minLength: 1,
          type: "string",
        },
      },
      required: ["webhook_url", "message"],
      type: "object",
    },
  },
  stripe_create_invoice: {
    detail: {
      action_id: "stripe_create_invoice",
      version: "1.0.0",
      provider_module_digest: "builtin:http_api",
      risk_level: "critical",
      resource_limits: {
        fuel: 5000000,
        memory_mb: 128,
        timeout_seconds: 30,
        max_io_calls: 3,
        max_host_response_bytes: 10485760,
      },
      io: {
        max_request_bytes: 65536,
        max_response_bytes: 65536,
        has_request_schema: true,
        has_response_schema: true,
      },
      egress: { proxy_allowlist: { allowed_domains: ["api.stripe.com"] } },
      declared_side_effects: ["http_write"],
    },
    requestSchema: {
      additionalProperties: false,
      properties: {
        body: {
          description:
            "URL-encoded form body, e.g. customer=cus_xxx&collection_method=send_invoice&days_until_due=30",
          maxLength: 65536,
          minLength: 1,
          type: "string",
        },
      },
      required: ["body"],
      type: "object",
    },
  },
};
