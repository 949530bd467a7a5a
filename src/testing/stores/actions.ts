import type { components } from "../../generated/agent.ts";
import type { BodyOf } from "../formats/bodies.ts";
import type { VerificationOutcome } from "./receipts.ts";

/** What `GET /v1/actions/{action_id}` tells of an action. */
export type ActionDetail = BodyOf<"getAction"> & {
  readonly egress: "none" | { readonly proxy_allowlist: { readonly allowed_domains: readonly string[] } };
};

export type RiskLevel = components["schemas"]["RiskLevel"];

/** Whether an operator has to let it run, and a failed check of its effect ends the call. */
const IS_RISKY: Readonly<Record<RiskLevel, boolean>> = {
  low: false,
  medium: false,
  high: true,
  critical: true,
};

/** What an action's `run` is told and may use. */
export interface RunContext {
  readonly actionId: string;
  readonly principal: string;
  readonly sessionId: string;
  readonly traceId: string;
  /** `approved`: an operator's approve runs it; only what was learned counts as an allowed path then. */
  readonly by: "direct" | "approved";
  /** The directory of the session, or the gate's own. */
  readonly fsRoot: string;
  /** The domains that may be reached: the manifest's and the learned ones. */
  readonly allowedDomains: readonly string[];
  /** The path globs that may be touched; in an approved run the learned ones alone. */
  readonly allowedPaths: readonly string[];
  /** The path globs that may not; none in an approved run, as in the gate. */
  readonly deniedPaths: readonly string[];
  /** Aborted when the client goes away or the action's time is up. */
  readonly signal: AbortSignal;
  /** The gate's time in milliseconds. */
  readonly now: () => number;
  /** Waits by the gate's timer; ends at once when the run is aborted. */
  wait(ms: number): Promise<void>;
  /** Uses up fuel; ends the run (a 502) when the action's `fuel` is gone, whatever has been done by then. */
  burn(units: number): void;
  /** What the host has seen of the effect: the evidence of the verifiers `http_status` and `fs_hash`. */
  observe(evidence: Readonly<Record<string, unknown>>): void;
}

/** An action of a {@link MockGate}. Everything but `run` has the gate's default. */
export interface MockAction {
  readonly version?: string;
  /** `high` and `critical` are held for an operator. `low` when left out. */
  readonly riskLevel?: RiskLevel;
  /** JSON Schema (2020-12) of the parameters. Needs the optional peer `ajv`. */
  readonly requestSchema?: Readonly<Record<string, unknown>>;
  /** JSON Schema of the output. An output that does not fit is a 422 after the effect, as in the gate. */
  readonly responseSchema?: Readonly<Record<string, unknown>>;
  /** The domains that may be called; a call to another one is held. No egress when left out. */
  readonly egress?: "none" | { readonly allowedDomains: readonly string[] };
  /** The path globs that may be touched; a call for another one is held. No file action when left out. */
  readonly paths?: { readonly allowed: readonly string[]; readonly denied?: readonly string[] };
  readonly sideEffects?: readonly string[];
  readonly providerModuleDigest?: string;
  readonly resourceLimits?: Partial<ActionDetail["resource_limits"]>;
  readonly maxRequestBytes?: number;
  readonly maxResponseBytes?: number;
  /** Checks the effect afterwards. Without one the outcome is `unverifiable_declared`. */
  readonly verifier?: "http_status" | "fs_hash" | "none";
  /** Names of secrets that it is given where the gate has them. */
  readonly secrets?: readonly string[];
  /** Names of secrets without which the gate refuses to run it. */
  readonly requiredSecrets?: readonly string[];
  /** What a call will touch. By default the host of `params.url` and `params.path`. */
  readonly targets?: (params: unknown) => Targets;
  /**
   * Does it, and gives the output: an object with a boolean `ok`, or the gate answers 422 although the effect is
   * done. What it throws is a 502. `{ ok: true, data: {} }` when left out.
   */
  readonly run?: (params: never, context: RunContext) => unknown;
}

/** What a call will touch, as the gate's pre-checks see it. */
export interface Targets {
  readonly domains: readonly string[];
  readonly paths: readonly string[];
}

/** An action with every default filled in. */
export interface RegisteredAction {
  readonly detail: ActionDetail;
  readonly requestSchema: Readonly<Record<string, unknown>> | undefined;
  readonly responseSchema: Readonly<Record<string, unknown>> | undefined;
  readonly allowedDomains: readonly string[];
  readonly paths: { readonly allowed: readonly string[]; readonly denied: readonly string[] } | undefined;
  readonly verifier: "http_status" | "fs_hash" | "none";
  readonly secrets: readonly string[];
  readonly requiredSecrets: readonly string[];
  readonly targets: (params: unknown) => Targets;
  readonly run: (params: unknown, context: RunContext) => unknown;
}

/** The actions by id, in the order in which the gate lists them. Those of `shipped` are there where no other is defined. */
export function createRegistry(
  definitions: Readonly<Record<string, MockAction>>,
  shipped: ReadonlyMap<string, RegisteredAction> = new Map(),
) {
  const actions = new Map<string, RegisteredAction>();
  for (const actionId of [...new Set([...Object.keys(definitions), ...shipped.keys()])].sort()) {
    if (!/^[A-Za-z0-9_-]{1,128}$/.test(actionId)) {
      throw new TypeError(
        `MockGate: an action id is 1 to 128 of [A-Za-z0-9_-], not ${JSON.stringify(actionId)}`,
      );
    }
    const definition = definitions[actionId];
    const action = definition === undefined ? shipped.get(actionId) : register(actionId, definition);
    if (action !== undefined) actions.set(actionId, action);
  }
  return actions as ReadonlyMap<string, RegisteredAction>;
}

/** An action with every default filled in. */
export function register(actionId: string, action: MockAction): RegisteredAction {
  const egress = action.egress ?? "none";
  const allowedDomains = egress === "none" ? [] : egress.allowedDomains;
  return {
    detail: {
      action_id: actionId,
      version: action.version ?? "1.0.0",
      provider_module_digest: action.providerModuleDigest ?? `builtin:${actionId}`,
      risk_level: action.riskLevel ?? "low",
      resource_limits: {
        fuel: 1_000_000,
        memory_mb: 64,
        timeout_seconds: 30,
        max_io_calls: 10,
        max_host_response_bytes: 10_485_760,
        ...action.resourceLimits,
      },
      io: {
        max_request_bytes: action.maxRequestBytes ?? 65_536,
        max_response_bytes: action.maxResponseBytes ?? 1_048_576,
        has_request_schema: action.requestSchema !== undefined,
        has_response_schema: action.responseSchema !== undefined,
      },
      egress: egress === "none" ? "none" : { proxy_allowlist: { allowed_domains: allowedDomains } },
      declared_side_effects: action.sideEffects ?? [],
    },
    requestSchema: action.requestSchema,
    responseSchema: action.responseSchema,
    allowedDomains,
    paths: action.paths && { allowed: action.paths.allowed, denied: action.paths.denied ?? [] },
    verifier: action.verifier ?? "none",
    secrets: action.secrets ?? [],
    requiredSecrets: action.requiredSecrets ?? [],
    targets:
      action.targets ?? ((params) => usualTargets(params, egress !== "none", action.paths !== undefined)),
    run: (action.run ?? (() => ({ ok: true, data: {} }))) as RegisteredAction["run"],
  };
}

/** Whether its risk alone makes the gate hold it. */
export function isRisky({ detail }: RegisteredAction): boolean {
  return IS_RISKY[detail.risk_level];
}

/** The host of `url` and the `path`: upper case passes, as in the gate, and then fails in the provider. */
function usualTargets(params: unknown, web: boolean, files: boolean): Targets {
  const { url, path } = (params ?? {}) as { url?: unknown; path?: unknown };
  const host = web && typeof url === "string" ? hostOf(url) : undefined;
  return {
    domains: host === undefined ? [] : [host],
    paths: files && typeof path === "string" ? [path] : [],
  };
}

/** The host of an http URL in lower case, `undefined` of anything else. */
export function hostOf(url: string): string | undefined {
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) return undefined;
  return new URL(url).hostname.toLowerCase();
}

/** Whether a domain is one of a list; `*.x` covers what is below x, a learned entry covers itself and what is below it. */
export function domainAllowed(host: string, listed: readonly string[], learned: readonly string[]): boolean {
  const below = (domain: string) => host.endsWith(`.${domain}`);
  return (
    listed.some((entry) => (entry.startsWith("*.") ? below(entry.slice(2)) : entry === host)) ||
    learned.some((entry) => (entry.startsWith("*.") ? below(entry.slice(2)) : entry === host || below(entry)))
  );
}

/** Whether a path fits one of some globs: `**` is anything, `*` anything but a slash. */
export function pathMatches(path: string, globs: readonly string[]): boolean {
  return globs.some((glob) => globOf(glob).test(path));
}

const compiled = new Map<string, RegExp>();

function globOf(glob: string): RegExp {
  let pattern = compiled.get(glob);
  if (pattern === undefined) {
    const source = glob
      .replace(/[.+^${}()|[\]\\?]/g, "\\$&")
      .replace(/\*\*\/|\*\*|\*/g, (stars) =>
        stars === "**/" ? "(?:.*/)?" : stars === "**" ? ".*" : "[^/]*",
      );
    pattern = new RegExp(`^${source}$`, "s");
    compiled.set(glob, pattern);
  }
  return pattern;
}

/** What the action's verifier makes of an output and of what the host has seen. */
export function verifyEffect(
  action: RegisteredAction,
  output: unknown,
  evidence: Readonly<Record<string, unknown>> | undefined,
): VerificationOutcome {
  if (action.verifier === "none") return { status: "unverifiable_declared" };
  if (action.verifier === "fs_hash") {
    if (evidence === undefined) {
      return { status: "verification_failed", reason: "no host-observed filesystem evidence" };
    }
    return { status: "verified", evidence: { ...evidence, host_corroborated: true } };
  }
  const { status, status_code, data } = output as { status?: unknown; status_code?: unknown; data?: unknown };
  const found = status ?? status_code ?? (data as { status_code?: unknown } | undefined)?.status_code;
  if (typeof found !== "number") {
    return { status: "verification_failed", reason: "no HTTP status in the provider output" };
  }
  if (found < 200 || found > 299) {
    return { status: "verification_failed", reason: `HTTP status ${found} is not in the accepted set` };
  }
  return {
    status: "verified",
    evidence: { http_status: found, host_corroborated: evidence?.["http_status"] === found },
  };
}
