import type { ErrorCode } from "../../generated/operations.ts";
import type { ProofFlaw } from "../formats/proof.ts";
import type { LeaseClaims } from "../stores/leases.ts";
import type { Call, World } from "./world.ts";

/** Who calls, or why the gate does not believe it. */
export type AuthVerdict =
  | { readonly ok: true; readonly lease: LeaseClaims }
  | {
      readonly ok: false;
      readonly status: 401 | 503;
      readonly code: ErrorCode;
      readonly denyReason?: string;
      readonly audit: string;
      /** What the metrics count, where the proof was the fault. */
      readonly flaw?: ProofFlaw | "replay";
    };

const VISIBLE_ASCII = /^[\t\u0020-\u007e]*$/;

/** The gate's order: both headers, lease, proof, and last the `jti`, so that a refused proof burns nothing. */
export function authenticate(world: World, call: Call, method: string, path: string): AuthVerdict {
  const authorization = visible(call.headers.get("authorization"));
  if (authorization === undefined) return missing("Authorization");
  const proof = visible(call.headers.get("dpop"));
  const token = authorization.startsWith("DPoP ") ? authorization.slice(5) : "";
  if (token === "") {
    // The gate says 'Bearer' of every other scheme, and of an empty token (recorded).
    return invalidLease("invalid_lease", "Authorization header must use 'DPoP' scheme, not 'Bearer'");
  }
  if (proof === undefined) return missing("DPoP");
  const lease = world.leases.check(token);
  if (!lease.ok) return invalidLease(lease.code, lease.detail);
  call.sessionId = lease.claims.session_id;
  const verdict = world.proofs.check(proof, { token, jkt: lease.claims.cnf.jkt, method, path });
  if (!verdict.ok) {
    const audit = `auth: invalid DPoP proof: ${verdict.reason}`;
    return {
      ok: false,
      status: 401,
      code: "invalid_dpop",
      denyReason: verdict.reason,
      audit,
      flaw: verdict.flaw,
    };
  }
  const { jti } = verdict.claims;
  world.metrics.store("replay_check");
  const replay = world.replay.take(jti);
  if (replay === "seen") {
    return {
      ok: false,
      status: 401,
      code: "replay_detected",
      flaw: "replay",
      audit: `auth: replay detected: jti ${jti} already seen`,
    };
  }
  if (replay === "full") {
    return {
      ok: false,
      status: 503,
      code: "replay_cache_unavailable",
      audit: "auth: replay cache unavailable",
    };
  }
  return { ok: true, lease: lease.claims };
}

/** A value with other bytes counts as no header at all. */
export function visible(value: string | undefined): string | undefined {
  return value !== undefined && VISIBLE_ASCII.test(value) ? value : undefined;
}

function missing(header: string): AuthVerdict {
  return { ok: false, status: 401, code: "missing_auth_header", audit: `auth: missing header: ${header}` };
}

function invalidLease(code: "invalid_lease" | "lease_expired", detail: string): AuthVerdict {
  const audit = code === "lease_expired" ? "auth: lease expired" : `auth: invalid lease: ${detail}`;
  return { ok: false, status: 401, code, audit };
}
