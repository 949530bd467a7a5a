import { WEBHOOK_FORMATS, type WebhookFormat } from "./body.ts";
import { WEBHOOK_KINDS, type WebhookKind } from "./events.ts";

/** Answers a delivery in this process: a receiver's `fetch`, or one that reaches it. */
export type WebhookFetch = (request: Request) => Response | Promise<Response>;

/** An endpoint of a gate, as `[[webhooks]]` of its configuration. Members that a gate does not know are ignored, as a gate does. */
export interface MockWebhook {
  /** Not empty, and no other endpoint's. */
  readonly name: string;
  /** `https:`, or `http:` to `localhost`, `127.0.0.1` and `[::1]` at a gate with `devMode`. */
  readonly url: string;
  /** Signs. `${NAME}` is taken from the environment here, in `url`, and in the values of `headers`. */
  readonly secret: string;
  readonly events: readonly WebhookKind[];
  /** `generic` when left out. */
  readonly format?: WebhookFormat | undefined;
  /** Sent beside the gate's own, not in their place. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** How long an attempt may take. 5 when left out. */
  readonly timeoutSeconds?: number | undefined;
  /** How often it is tried again. 3 when left out. */
  readonly maxRetries?: number | undefined;
  /** How long after each failure; its last value stands for all that follow. 1, 5 and 30 when left out. */
  readonly retryBackoffSeconds?: readonly number[] | undefined;
  /** Nothing is sent. It is looked at all the same when the gate starts. */
  readonly disable?: boolean | undefined;
  /** Takes this endpoint's deliveries in the place of a connection. */
  readonly fetch?: WebhookFetch | undefined;
}

/** An endpoint as the gate uses it: everything filled in, nothing left to substitute. */
export interface Endpoint {
  readonly name: string;
  readonly url: URL;
  readonly secret: string;
  readonly events: ReadonlySet<WebhookKind>;
  readonly format: WebhookFormat;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly timeoutMs: number;
  readonly maxRetries: number;
  readonly backoffSeconds: readonly number[];
  readonly disabled: boolean;
  readonly fetch: WebhookFetch | undefined;
}

/** What a gate looks at when it reads its webhooks. */
export interface StartContext {
  /** Any posture flag of the gate is relaxed. */
  readonly relaxed: boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** A gate with such webhooks does not start: `startupError` and `detail` are what it prints on stderr before it exits with 1. */
export class MockGateStartError extends Error {
  override readonly name = "MockGateStartError";
  /** `webhook_config_invalid`, …; empty where a gate prints text only. */
  readonly startupError: string;
  readonly detail: string;

  constructor(startupError: string, detail: string) {
    super(`MockGate: a gate does not start with this: ${detail.trimEnd()}`);
    this.startupError = startupError;
    this.detail = detail;
  }
}

/** The endpoints of a gate that starts, or a {@link MockGateStartError}: the shape of all first, then what they mean. */
export function endpointsOf(webhooks: readonly MockWebhook[], context: StartContext): Endpoint[] {
  for (const [index, webhook] of webhooks.entries()) checkShape(index, webhook);
  const names = new Set<string>();
  return webhooks.map((webhook) => {
    const endpoint = validated(webhook, context);
    if (names.has(endpoint.name)) throw refused(`duplicate webhook endpoint name: '${endpoint.name}'`);
    names.add(endpoint.name);
    return endpoint;
  });
}

/** An endpoint as the gate's command uses it for a test: nothing is substituted there. */
export function literalEndpoint(webhook: MockWebhook): Endpoint {
  return filledIn(webhook, webhook.secret, webhook.url, Object.entries(webhook.headers ?? {}));
}

/** In which order the gate looks at the members of one endpoint was not measured. */
function validated(webhook: MockWebhook, { relaxed, environment }: StartContext): Endpoint {
  const { name } = webhook;
  const missing = (field: string) =>
    refused(`webhook '${name === "" ? "(unnamed)" : name}': missing required field '${field}'`);
  const filled = (field: string, text: string) =>
    text.replace(/\$\{([^}]*)\}/g, (_, variable: string) => {
      const value = environment[variable];
      if (value !== undefined) return value;
      throw refused(`webhook '${name}': env var \${${variable}} not set in field '${field}'`);
    });
  if (name === "") throw missing("name");
  const secret = filled("secret", webhook.secret);
  const url = filled("url", webhook.url);
  const headers = Object.entries(webhook.headers ?? {}).map(
    ([header, value]) => [header, filled(`headers.${header}`, value)] as const,
  );
  if (secret === "") throw missing("secret");
  if (webhook.events.length === 0) throw missing("events");
  const problem = urlProblem(url, relaxed);
  if (problem !== undefined) throw refused(`webhook '${name}': invalid URL — ${problem}`);
  return filledIn(webhook, secret, url, headers);
}

function filledIn(
  webhook: MockWebhook,
  secret: string,
  url: string,
  headers: readonly (readonly [string, string])[],
): Endpoint {
  return {
    name: webhook.name,
    url: new URL(url),
    secret,
    events: new Set(webhook.events),
    format: webhook.format ?? "generic",
    headers,
    timeoutMs: (webhook.timeoutSeconds ?? 5) * 1000,
    maxRetries: webhook.maxRetries ?? 3,
    backoffSeconds: webhook.retryBackoffSeconds ?? [1, 5, 30],
    disabled: webhook.disable ?? false,
    fetch: webhook.fetch,
  };
}

const LOCAL = ["localhost", "127.0.0.1", "[::1]"];

function urlProblem(text: string, relaxed: boolean): string | undefined {
  if (!URL.canParse(text)) return `malformed URL: ${malformation(text)}`;
  const { protocol, hostname } = new URL(text);
  if (protocol === "https:") return undefined;
  if (protocol !== "http:") return `unsupported scheme '${protocol.slice(0, -1)}' — only HTTPS is allowed`;
  if (!relaxed) return "HTTPS required — HTTP endpoints leak secrets in transit";
  return LOCAL.includes(hostname) ? undefined : "HTTP is only allowed for localhost in dev mode";
}

/** Only the first was measured; the others are how the gate's parser of URLs says it. */
function malformation(text: string): string {
  if (!/^[a-z][a-z0-9+.-]*:/i.test(text)) return "relative URL without a base";
  if (/^[a-z][a-z0-9+.-]*:\/*(?:[?#]|$)/i.test(text)) return "empty host";
  if (/:\d+(?:[/?#]|$)/.test(text.replace(/:\d+(?=[/?#]|$)/, ":1")) || /\[/.test(text)) {
    return /\[/.test(text) ? "invalid IPv6 address" : "invalid port number";
  }
  return /:[^/@]*(?:[/?#]|$)/.test(text.replace(/^[a-z][a-z0-9+.-]*:\/*/i, ""))
    ? "invalid port number"
    : "invalid international domain name";
}

function refused(problem: string): MockGateStartError {
  return new MockGateStartError("webhook_dispatcher_failed", `webhook config validation failed: ${problem}`);
}

/** How each member is called in the gate's configuration, and what it has to be. */
const MEMBERS = {
  name: { name: "name", check: text },
  url: { name: "url", check: text },
  secret: { name: "secret", check: hiddenText },
  events: { name: "events", check: listOf(oneOf(WEBHOOK_KINDS)) },
  headers: { name: "headers", check: tableOfText },
  timeoutSeconds: { name: "timeout_seconds", check: natural("u64", 2 ** 64) },
  maxRetries: { name: "max_retries", check: natural("u32", 2 ** 32) },
  retryBackoffSeconds: { name: "retry_backoff_seconds", check: listOf(natural("u64", 2 ** 64)) },
  disable: { name: "disable", check: flag },
  format: { name: "format", check: oneOf(WEBHOOK_FORMATS) },
} satisfies Record<Exclude<keyof MockWebhook, "fetch">, { name: string; check: Check }>;

type Check = (value: unknown) => string | undefined;

const REQUIRED = ["name", "url", "secret", "events"] as const;

/** The gate's parser: what is there, in the order in which it stands, and then what is missing. */
function checkShape(index: number, webhook: MockWebhook): void {
  const wrong = (detail: string) =>
    new MockGateStartError("webhook_config_invalid", `webhooks[${index}]: ${detail}`);
  const given: Readonly<Record<string, unknown>> = { ...webhook };
  if (typeof webhook !== "object" || webhook === null || Array.isArray(webhook))
    throw wrong(`${unexpected(webhook, "struct WebhookEndpointConfig")}\n`);
  for (const [member, value] of Object.entries(given)) {
    if (value === undefined) continue;
    const misspelt = Object.entries(MEMBERS).find(([ours, { name }]) => name === member && ours !== member);
    // A gate ignores what it does not know; its own spelling can't be meant to be ignored.
    if (misspelt !== undefined)
      throw new TypeError(`MockGate: webhooks[${index}]: ${member} is called ${misspelt[0]} here`);
    if (member === "fetch" && typeof value !== "function")
      throw new TypeError(`MockGate: webhooks[${index}]: fetch is a function`);
    if (!isMember(member)) continue;
    const { name, check } = MEMBERS[member];
    const problem = check(value);
    if (problem !== undefined) throw wrong(`${problem}\nin \`${name}\`\n`);
  }
  for (const member of REQUIRED)
    if (given[member] === undefined) throw wrong(`missing field \`${MEMBERS[member].name}\`\n`);
}

function isMember(name: string): name is keyof typeof MEMBERS {
  return Object.hasOwn(MEMBERS, name);
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? undefined : unexpected(value, "a string");
}

/** Without the value, which a gate prints: it may be a secret that only lacks its quotes. */
function hiddenText(value: unknown): string | undefined {
  return typeof value === "string" ? undefined : `invalid type: ${kindOf(value)}, expected a string`;
}

function tableOfText(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return `invalid type: ${kindOf(value)}, expected a map`;
  return Object.values(value)
    .map(hiddenText)
    .find((problem) => problem !== undefined);
}

function flag(value: unknown): string | undefined {
  return typeof value === "boolean" ? undefined : unexpected(value, "a boolean");
}

function natural(type: string, limit: number): Check {
  return (value) => {
    if (typeof value !== "number" || !Number.isInteger(value)) return unexpected(value, type);
    return value >= 0 && value < limit ? undefined : `invalid value: integer \`${value}\`, expected ${type}`;
  };
}

function oneOf(words: readonly string[]): Check {
  return (value) => {
    if (typeof value !== "string") return unexpected(value, "string or table");
    const expected = words.map((word) => `\`${word}\``).join(", ");
    return words.includes(value) ? undefined : `unknown variant \`${value}\`, expected one of ${expected}`;
  };
}

function listOf(check: Check): Check {
  return (value) =>
    Array.isArray(value)
      ? value.map(check).find((problem) => problem !== undefined)
      : unexpected(value, "a sequence");
}

function unexpected(value: unknown, expected: string): string {
  const shown = typeof value === "string" ? ` ${JSON.stringify(value)}` : ` \`${String(value)}\``;
  return `invalid type: ${kindOf(value)}${typeof value === "object" ? "" : shown}, expected ${expected}`;
}

function kindOf(value: unknown): string {
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "floating point";
  if (Array.isArray(value)) return "sequence";
  return typeof value === "object" ? "map" : typeof value;
}
