import { createHash } from "node:crypto";
import type { RequestMembers } from "../formats/bodies.ts";
import { canonical } from "../formats/canonical.ts";
import { defaulted, list, optional, required, struct, text, unsigned } from "../formats/decode.ts";
import { type Answer, failure, json } from "../formats/wire.ts";
import { jsonBody } from "./extract.ts";
import { identify } from "./identity.ts";
import type { Call, World } from "./world.ts";

const leaseRequest = struct(
  "IssueLeaseRequest",
  {
    scopes: required(list(text)),
    dpop_jwk: required(
      struct("DpopJwk", { kty: required(text), crv: required(text), x: required(text), y: required(text) }),
    ),
    budgets: defaulted(struct("Budgets", { max_calls: optional(unsigned) })),
    fs_root: defaulted(text),
  } satisfies RequestMembers<"createLease">,
  { strict: true },
);
type LeaseRequest = ReturnType<typeof leaseRequest>;

const SCOPE = /^(?=.{4,64}$)(?=.*:)[a-z][a-z0-9:_-]*[a-z0-9_-]$/;
const BUILTIN_SCOPES = ["tools:call", "audit:read"];

/** `POST /v1/leases`, in the gate's order: extractor, rate limit, drain, identity, scopes, fs_root, key, budget. */
export function issueLease(world: World, call: Call): Answer {
  const extracted = jsonBody(call, leaseRequest);
  if (!extracted.ok) return extracted.answer;
  const request = extracted.value;
  // A budget without a number is `null`.
  const maxCalls = request.budgets === undefined ? undefined : (request.budgets.max_calls ?? null);
  const { settings } = world;
  if (!world.buckets.take("leases", settings.rateLimits.leases)) return failure(429, "rate_limit_exceeded");
  if (world.draining) return failure(503, "draining");

  const identity = identify(world, call);
  if ("status" in identity) return identity;
  const ceiling = identity.scopes?.length ? identity.scopes : undefined;
  const scopes = request.scopes.filter((scope) => ceiling?.includes(scope) ?? true);
  if (ceiling !== undefined && scopes.length === 0) return failure(403, "scope_not_permitted");

  const root = request.fs_root === undefined ? undefined : world.files.checkRoot(request.fs_root);
  if (root?.ok === false) {
    return failure<"createLease", 400 | 403>(
      root.status,
      root.status === 400 ? "invalid_fs_root" : "fs_root_denied",
      {
        message: root.message,
      },
    );
  }
  const invalid = validate(request, scopes);
  if (invalid !== undefined) return failure<"createLease", 400>(400, "invalid_request", { message: invalid });

  const { token, claims } = world.leases.issue({
    principal: identity.principal,
    owner: identity.owner,
    scopes,
    jkt: createHash("sha256").update(canonical(request.dpop_jwk)).digest("base64url"),
    maxCalls,
    ttlSeconds: settings.leaseTtlSeconds,
  });
  if (maxCalls !== undefined) {
    world.metrics.store("budget_init");
    world.budgets.open(claims.session_id, maxCalls, settings.leaseTtlSeconds);
  }
  world.sessions.set(claims.session_id, {
    sessionId: claims.session_id,
    principal: claims.sub,
    fsRoot: root?.path,
    forgottenMs: world.clock.now() + settings.leaseTtlSeconds * 1000 + 60_000,
  });
  world.ledger.write({
    event_type: "lease_issued",
    decision: "allow",
    principal: claims.sub,
    session_id: claims.session_id,
    lease_jti: claims.jti,
    owner: claims.owner,
    identity_method: identity.method,
  });
  return json<"createLease">(200, {
    lease_jwt: token,
    session_id: claims.session_id,
    lease_jti: claims.jti,
    expires_at: `${new Date(claims.exp * 1000).toISOString().slice(0, 19)}Z`,
    ...(root === undefined ? {} : { fs_root: root.path }),
  });
}

function validate(request: LeaseRequest, scopes: readonly string[]): string | undefined {
  const { kty, crv } = request.dpop_jwk;
  if (kty !== "EC") return `dpop_jwk.kty must be 'EC', got '${kty}'`;
  if (crv !== "P-256") return `dpop_jwk.crv must be 'P-256', got '${crv}'`;
  if (scopes.length === 0) return "scopes must not be empty";
  const odd = scopes.find((scope) => !BUILTIN_SCOPES.includes(scope) && !SCOPE.test(scope));
  if (odd === undefined) return undefined;
  const builtin = BUILTIN_SCOPES.map((scope) => JSON.stringify(scope)).join(", ");
  return `invalid scope '${odd}': must be a known built-in scope ([${builtin}]) or a custom scope in 'namespace:name' format with [a-z0-9:_-] characters (4–64 chars)`;
}
