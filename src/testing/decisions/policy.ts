import type { BodyOf } from "../formats/bodies.ts";
import type { Clock } from "../formats/clock.ts";
import {
  domainAllowed,
  isRisky,
  pathMatches,
  type RegisteredAction,
  type Targets,
} from "../stores/actions.ts";
import { createLearned } from "../stores/learned.ts";
import type { LeaseClaims } from "../stores/leases.ts";

/** What the policy says of a call. */
export type Decision =
  | { readonly state: "allow" }
  | { readonly state: "deny"; readonly reason: string }
  | { readonly state: "hold"; readonly unresolvedDomains: string[]; readonly unresolvedPaths: string[] };

/** What the gate's rules call sensitive: held even where the manifest allows it. The four forms that were measured. */
const SENSITIVE = ["/.env", "/.ssh/", "/.aws/"];

const MOST_PATHS = 50;

/** What a principal may do, as `data.json` has it; the sinks are the side effects that its actions declare. */
export type Acl = BodyOf<"getPrincipalPolicy">["acl"];

/** Grants, allowlist, and what was learned. Survives a restart, as the gate's files do. */
export function createPolicy(
  clock: Clock,
  grants: Readonly<Record<string, readonly string[]>>,
  actions: ReadonlyMap<string, RegisteredAction>,
) {
  const granted = new Map<string, Acl>();
  for (const [principal, allowed] of Object.entries(grants)) granted.set(principal, aclOf(allowed));
  const allowlist = new Set<string>();
  let bumps = 0;

  function aclOf(allowed: readonly string[]): Acl {
    const sinks = allowed.flatMap((actionId) => actions.get(actionId)?.detail.declared_side_effects ?? []);
    return { allowed_actions: allowed, allowed_sinks: [...new Set(sinks)].sort() };
  }

  /** An entry of its own replaces what everybody has. */
  function entryOf(principal: string): Acl | undefined {
    return granted.get(principal) ?? granted.get("*");
  }

  return {
    domains: createLearned(clock),
    paths: createLearned(clock, MOST_PATHS),
    version: () => (bumps === 0 ? "quickstart-init" : `quickstart-init-${bumps}`),
    /** The ACL of every principal, `*` among them. */
    acl: () => Object.fromEntries(granted),
    aclOf: (principal: string) => granted.get(principal),
    /** The sinks that an approval of this principal's call names. */
    sinksOf: (principal: string) => entryOf(principal)?.allowed_sinks ?? [],
    /** Raises the version, whether or not anything is new. */
    grant(principal: string, actionIds: readonly string[]): Acl {
      bumps += 1;
      const before = granted.get(principal)?.allowed_actions ?? [];
      const acl = aclOf([...new Set([...before, ...actionIds])].sort());
      granted.set(principal, acl);
      return acl;
    },
    /** What is left; nothing is written for a principal that is not there. */
    revoke(principal: string, actionIds: readonly string[]): Acl & { readonly removed: boolean } {
      const before = granted.get(principal);
      if (before === undefined) return { ...aclOf([]), removed: false };
      bumps += 1;
      const acl = aclOf(before.allowed_actions.filter((actionId) => !actionIds.includes(actionId)));
      if (acl.allowed_actions.length > 0) granted.set(principal, acl);
      else granted.delete(principal);
      return { ...acl, removed: acl.allowed_actions.length === 0 };
    },
    /** Lifts the hold for a principal's calls of an action, and nothing else. */
    allow: (actionId: string, principal: string) => allowlist.add(pair(actionId, principal)),
    disallow: (actionId: string, principal: string) => allowlist.delete(pair(actionId, principal)),

    decide(lease: LeaseClaims, action: RegisteredAction, targets: Targets, callsLeft: number): Decision {
      const actionId = action.detail.action_id;
      if (!entryOf(lease.sub)?.allowed_actions.includes(actionId))
        return {
          state: "deny",
          reason: `principal '${lease.sub}' is not authorised for action '${actionId}'`,
        };
      if (!lease.scope.includes("tools:call")) {
        const scopes = `[${lease.scope.map((scope) => JSON.stringify(scope)).join(", ")}]`;
        const reason = `scope 'tools:call' is required for action execution but is absent from lease scopes: ${scopes}`;
        return { state: "deny", reason };
      }
      if (callsLeft <= 0) return { state: "deny", reason: "budget exhausted: no calls remaining" };

      const unresolved = this.unresolved(action, targets);
      const sensitive = targets.paths.some((path) => SENSITIVE.some((part) => path.includes(part)));
      const open = unresolved.unresolvedDomains.length + unresolved.unresolvedPaths.length > 0;
      if (!(isRisky(action) || sensitive || open)) return { state: "allow" };
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
          (host) => !domainAllowed(host, [], [...action.allowedDomains, ...domains]),
        ),
        unresolvedPaths: targets.paths.filter((path) => !pathMatches(path, paths)),
      };
    },
  };
}

function pair(actionId: string, principal: string): string {
  return `${actionId}\n${principal}`;
}
