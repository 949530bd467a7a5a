import { MockGateStartError, type WebhookFetch } from "./start.ts";

/** How a gate's webhooks leave it: what of a real gate is its process and its surroundings. */
export interface WebhookSettings {
  /** Takes the deliveries of all endpoints that have no `fetch` of their own. Without any they go over the network. */
  readonly fetch?: WebhookFetch | undefined;
  /**
   * `public` (the default): ports 443 and 80 of public addresses, and of this host at a gate with `devMode`; what is
   * elsewhere is `unreachable`, as at a gate. `any`: every port and address, which no gate does; for a receiver of a test.
   */
  readonly reach?: "public" | "any" | undefined;
  /** What names resolve to, for the check of addresses; nothing (`[]`) is a name that is not found. */
  readonly hosts?: Readonly<Record<string, string | readonly string[]>> | undefined;
  /** Where `${NAME}` is looked up. This process's own when left out. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
  /** `webhook_mode`. Both deliver from memory (measured). `outbox` when left out. */
  readonly mode?: "outbox" | "async" | undefined;
  /** `[posture] webhooks_insecure`, without which a gate with endpoints does not start in mode `async`. */
  readonly insecure?: boolean | undefined;
}

const ASYNC_REFUSED = `webhook_mode is set to 'async' with configured webhook endpoints;
async mode drops events under load — use 'outbox' in production.

Set webhook_mode = "outbox" in latchgate.toml, or remove webhook
endpoints, or or compile with \`--features unsafe-dev\` and set LATCHGATE_UNSAFE_DEV=1 to bypass (contributors only).`;

/** What the gate says to its mode before it looks at any endpoint. */
export function checkMode({ mode = "outbox", insecure = false }: WebhookSettings, endpoints: number): void {
  if (mode !== "outbox" && mode !== "async")
    throw new MockGateStartError("", `unknown variant \`${String(mode)}\`, expected \`async\` or \`outbox\``);
  if (mode === "async" && endpoints > 0 && !insecure)
    throw new MockGateStartError("production_security_validation_failed", ASYNC_REFUSED);
}
