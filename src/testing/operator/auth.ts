import type { ErrorCode } from "../../generated/operations.ts";
import { visible } from "../decisions/auth.ts";
import type { Operator } from "../decisions/plan.ts";
import type { Call, World } from "../decisions/world.ts";

/** Which operator calls, or why the gate does not believe it. */
export type OperatorVerdict =
  | { readonly ok: true; readonly operator: Operator }
  | {
      readonly ok: false;
      readonly status: 401 | 503;
      readonly code: ErrorCode;
      readonly denyReason?: string;
    };

const SCHEME = "DPoP ";

/** The gate's order (operator.md 1.1): headers, api key, its binding, the proof, and last the `jti`. */
export function authenticateOperator(
  world: World,
  call: Call,
  method: string,
  path: string,
): OperatorVerdict {
  const authorization = visible(call.headers.get("authorization"));
  if (authorization === undefined) return refused("missing_auth_header");
  if (!authorization.startsWith(SCHEME)) return refused("invalid_auth_scheme");
  const proof = visible(call.headers.get("dpop"));
  if (proof === undefined) return refused("missing_dpop_header");
  const token = authorization.slice(SCHEME.length);
  const known = world.operators.find(token);
  if (known === undefined) return refused("invalid_operator_token");
  const { operatorId, jkt } = known;
  if (jkt === undefined) return unbound();

  const verdict = world.proofs.check(proof, { token, jkt, method, path });
  if (!verdict.ok) {
    return verdict.flaw === "bad_key" ? unbound() : refused("invalid_dpop", verdict.reason);
  }
  const { jti } = verdict.claims;
  world.metrics.store("replay_check");
  const replay = world.replay.take(jti);
  if (replay === "seen") return refused("replay_detected");
  if (replay === "full") return { ok: false, status: 503, code: "replay_cache_unavailable" };
  return { ok: true, operator: { id: operatorId, jkt, proofJti: jti } };
}

function unbound(): OperatorVerdict {
  return refused("key_binding_failed", "DPoP proof thumbprint does not match configured dpop_jkt");
}

function refused(code: ErrorCode, denyReason?: string): OperatorVerdict {
  return { ok: false, status: 401, code, ...(denyReason === undefined ? {} : { denyReason }) };
}
