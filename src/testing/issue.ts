import { createHash } from "node:crypto";
import { canonical } from "./canonical.ts";
import { jsonBody } from "./extract.ts";
import { identify } from "./identity.ts";
import { describe, type JsonNode, JsonShapeError, parseJson, readStruct, wrongType } from "./serde.ts";
import { type Answer, failure, json } from "./wire.ts";
import type { Call, World } from "./world.ts";

/** What a lease request asks for, once its shape is right. */
interface LeaseRequest {
  readonly scopes: readonly string[];
  readonly jwk: { readonly kty: string; readonly crv: string; readonly x: string; readonly y: string };
  /** Digits, `null` for a budget without a number, `undefined` for no budget. */
  readonly maxCalls: string | null | undefined;
  readonly fsRoot: string | undefined;
}

const SCOPE = /^(?=.{4,64}$)(?=.*:)[a-z][a-z0-9:_-]*[a-z0-9_-]$/;
const BUILTIN_SCOPES = ["tools:call", "audit:read"];

/** `POST /v1/leases`, in the gate's order: extractor, rate limit, drain, identity, scopes, fs_root, key, budget. */
export function issueLease(world: World, call: Call): Answer {
  const extracted = jsonBody(call, read);
  if (!extracted.ok) return extracted.answer;
  const request = extracted.value;
  const { settings } = world;
  if (!world.buckets.take("leases", settings.rateLimits.leases)) return failure(429, "rate_limit_exceeded");
  if (world.draining) return failure(503, "draining");

  const identity = identify(world, call);
  if ("status" in identity) return identity;
  const ceiling = identity.scopes?.length ? identity.scopes : undefined;
  const scopes = request.scopes.filter((scope) => ceiling?.includes(scope) ?? true);
  if (ceiling !== undefined && scopes.length === 0) return failure(403, "scope_not_permitted");

  const root = request.fsRoot === undefined ? undefined : world.files.checkRoot(request.fsRoot);
  if (root?.ok === false) {
    return failure(root.status, root.status === 400 ? "invalid_fs_root" : "fs_root_denied", {
      message: root.message,
    });
  }
  const invalid = validate(request, scopes);
  if (invalid !== undefined) return failure(400, "invalid_request", { message: invalid });

  const { token, claims } = world.leases.issue({
    principal: identity.principal,
    owner: identity.owner,
    scopes,
    jkt: createHash("sha256").update(canonical(request.jwk)).digest("base64url"),
    maxCalls: request.maxCalls,
    ttlSeconds: settings.leaseTtlSeconds,
  });
  if (request.maxCalls !== undefined) {
    world.metrics.store("budget_init");
    world.budgets.open(claims.session_id, request.maxCalls, settings.leaseTtlSeconds);
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
  return json(200, {
    lease_jwt: token,
    session_id: claims.session_id,
    lease_jti: claims.jti,
    expires_at: `${new Date(claims.exp * 1000).toISOString().slice(0, 19)}Z`,
    ...(root === undefined ? {} : { fs_root: root.path }),
  });
}

function validate(request: LeaseRequest, scopes: readonly string[]): string | undefined {
  const { kty, crv } = request.jwk;
  if (kty !== "EC") return `dpop_jwk.kty must be 'EC', got '${kty}'`;
  if (crv !== "P-256") return `dpop_jwk.crv must be 'P-256', got '${crv}'`;
  if (scopes.length === 0) return "scopes must not be empty";
  const odd = scopes.find((scope) => !BUILTIN_SCOPES.includes(scope) && !SCOPE.test(scope));
  return odd === undefined ? undefined : `invalid scope format: '${odd}'`;
}

function read(body: string): LeaseRequest {
  const node = parseJson(body);
  const members = readStruct(body, node, {
    name: "IssueLeaseRequest",
    fields: { scopes: "required", dpop_jwk: "required", budgets: "optional", fs_root: "optional" },
    strict: true,
  });
  const scopes = required(members, "scopes");
  if (scopes.kind !== "array") throw wrongType(body, scopes, "a sequence", "scopes");
  const jwkNode = required(members, "dpop_jwk");
  const jwk = readStruct(body, jwkNode, {
    name: "DpopJwk",
    fields: { kty: "required", crv: "required", x: "required", y: "required" },
    path: "dpop_jwk",
  });
  const text = (name: string) => string(body, required(jwk, name), `dpop_jwk.${name}`);
  const root = members.get("fs_root");
  return {
    scopes: scopes.items.map((item, index) => string(body, item, `scopes[${index}]`)),
    jwk: { kty: text("kty"), crv: text("crv"), x: text("x"), y: text("y") },
    maxCalls: budget(body, members.get("budgets")),
    fsRoot: root === undefined || root.kind === "null" ? undefined : string(body, root, "fs_root"),
  };
}

function budget(body: string, node: JsonNode | undefined): string | null | undefined {
  if (node === undefined || node.kind === "null") return undefined;
  const members = readStruct(body, node, {
    name: "LeaseBudgets",
    fields: { max_calls: "optional" },
    path: "budgets",
  });
  const calls = members.get("max_calls");
  if (calls === undefined || calls.kind === "null") return null;
  if (calls.kind !== "number" || /[.eE]/.test(calls.text))
    throw wrongType(body, calls, "u64", "budgets.max_calls");
  if (calls.text.startsWith("-") || BigInt(calls.text) >= 2n ** 64n) {
    throw new JsonShapeError(`budgets.max_calls: invalid value: ${describe(calls)}, expected u64`);
  }
  return calls.text;
}

function string(body: string, node: JsonNode, path: string): string {
  if (node.kind !== "string") throw wrongType(body, node, "a string", path);
  return node.value;
}

function required(members: ReadonlyMap<string, JsonNode>, name: string): JsonNode {
  const node = members.get(name);
  if (node === undefined) throw new JsonShapeError(`missing field \`${name}\``);
  return node;
}
