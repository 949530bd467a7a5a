import { domainAllowed, pathMatches, type RegisteredAction, type Targets } from "./actions.ts";
import { type Clock, nanoTime } from "./clock.ts";
import type { LeaseClaims } from "./leases.ts";

/** A domain or path that was allowed later than the manifest. */
export interface LearnedEntry {
  readonly actionId: string;
  readonly value: string;
  readonly addedBy: string;
  readonly addedAt: string;
  readonly source: "approval" | "cli" | "import" | "api";
  readonly approvalId: string | null;
}

/** What the policy says of a call. */
export type Decision =
  | { readonly state: "allow" }
  | { readonly state: "deny"; readonly reason: string }
  | { readonly state: "hold"; readonly unresolvedDomains: string[]; readonly unresolvedPaths: string[] };

/** What the gate's rules call sensitive: held even where the manifest allows it. The four forms that were measured. */
const SENSITIVE = ["/.env", "/.ssh/", "/.aws/"];

/** Grants, allowlist, and what was learned. Survives a restart, as the gate's files do. */
export function createPolicy(clock: Clock, grants: Readonly<Record<string, readonly string[]>>) {
  const granted = new Map(
    Object.entries(grants).map(([principal, actions]) => [principal, new Set(actions)]),
  );
  const allowlist = new Set<string>();
  let bumps = 0;

  return {
    domains: createLearned(clock),
    paths: createLearned(clock),
    version: () => (bumps === 0 ? "quickstart-init" : `quickstart-init-${bumps}`),
    granted: granted as ReadonlyMap<string, ReadonlySet<string>>,
    grant(principal: string, actionIds: readonly string[]) {
      bumps += 1;
      granted.set(principal, new Set([...(granted.get(principal) ?? []), ...actionIds]));
    },
    revoke(principal: string, actionIds: readonly string[]) {
      const actions = granted.get(principal);
      if (actions === undefined) return;
      bumps += 1;
      for (const actionId of actionIds) actions.delete(actionId);
      if (actions.size === 0) granted.delete(principal);
    },
    /** Lifts the hold for a principal's calls of an action, and nothing else. */
    allow: (actionId: string, principal: string) => allowlist.add(pair(actionId, principal)),
    disallow: (actionId: string, principal: string) => allowlist.delete(pair(actionId, principal)),

    decide(lease: LeaseClaims, action: RegisteredAction, targets: Targets, callsLeft: number): Decision {
      const actionId = action.detail.action_id;
      if (!lease.scope.includes("tools:call")) {
        const scopes = `[${lease.scope.map((scope) => JSON.stringify(scope)).join(", ")}]`;
        const reason = `scope 'tools:call' is required for action execution but is absent from lease scopes: ${scopes}`;
        return { state: "deny", reason };
      }
      const may = granted.get(lease.sub)?.has(actionId) || granted.get("*")?.has(actionId);
      if (!may)
        return {
          state: "deny",
          reason: `principal '${lease.sub}' is not authorised for action '${actionId}'`,
        };
      if (callsLeft <= 0) return { state: "deny", reason: "budget exhausted: no calls remaining" };

      const unresolved = this.unresolved(action, targets);
      const sensitive = targets.paths.some((path) => SENSITIVE.some((part) => path.includes(part)));
      const risky = action.detail.risk_level === "high" || action.detail.risk_level === "critical";
      const open = unresolved.unresolvedDomains.length + unresolved.unresolvedPaths.length > 0;
      if (!(risky || sensitive || open)) return { state: "allow" };
      if (allowlist.has(pair(actionId, lease.sub))) return { state: "allow" };
      return { state: "hold", ...unresolved };
    },

    /** What a call would touch that neither the manifest nor anything learned covers. What the manifest denies is not looked for here: the provider refuses it. */
    unresolved(action: RegisteredAction, targets: Targets) {
      const actionId = action.detail.action_id;
      const domains = this.domains.valuesOf(actionId);
      const paths = [
        ...(action.paths?.allowed ?? []),
        ...(action.paths?.denied ?? []),
        ...this.paths.valuesOf(actionId),
      ];
      return {
        unresolvedDomains: targets.domains.filter(
          (host) => !domainAllowed(host, action.allowedDomains, domains),
        ),
        unresolvedPaths: targets.paths.filter((path) => !pathMatches(path, paths)),
      };
    },
  };
}

function pair(actionId: string, principal: string): string {
  return `${actionId}\n${principal}`;
}

function createLearned(clock: Clock) {
  const entries = new Map<string, LearnedEntry>();

  return {
    add(entry: Omit<LearnedEntry, "addedAt">): boolean {
      const key = pair(entry.actionId, entry.value);
      if (entries.has(key)) return false;
      entries.set(key, { ...entry, addedAt: nanoTime(clock.now(), "+00:00") });
      return true;
    },
    remove: (actionId: string, value: string) => entries.delete(pair(actionId, value)),
    clear(actionId: string): number {
      const of = [...entries].filter(([, entry]) => entry.actionId === actionId);
      for (const [key] of of) entries.delete(key);
      return of.length;
    },
    list: () => [...entries.values()],
    valuesOf: (actionId: string) =>
      [...entries.values()].filter((entry) => entry.actionId === actionId).map(({ value }) => value),
  };
}
