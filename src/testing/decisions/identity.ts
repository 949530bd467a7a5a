import { type Answer, failure } from "../formats/wire.ts";
import type { Call, World } from "./world.ts";

/** Who asks for a lease. */
export interface Identity {
  readonly principal: string;
  readonly owner: string | undefined;
  readonly scopes: readonly string[] | undefined;
  /** As the audit event of the lease says it. */
  readonly method: string;
}

/** Who asks for a lease: by its transport, for nothing in the request says so (agent.md 6). */
export function identify(world: World, call: Call): Identity | Answer {
  const { principal, owner, scopes, identity, peers } = world.settings;
  if (identity !== "none" && call.transport === "tcp") return failure(401, "identity_unauthenticated");
  if (identity === "unmapped") return failure(403, "identity_forbidden");
  if (identity === "none" || peers === undefined) {
    const method = identity === "none" && principal === "dev:anonymous" ? "none" : "peercred";
    return { principal, owner, scopes, method };
  }
  const peer = peers[call.uid];
  if (peer === undefined) return failure(403, "identity_forbidden");
  return { principal: peer.principal, owner: peer.owner, scopes: peer.scopes, method: "peercred" };
}
