import { createHash, createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import type { BodyOf } from "../formats/bodies.ts";
import type { Clock } from "../formats/clock.ts";
import { uuidv7 } from "../formats/clock.ts";
import { type NewKeyPair, newP256KeyPair } from "../formats/keys.ts";

/** The claims of a lease. */
export interface LeaseClaims {
  readonly iss: string;
  readonly sub: string;
  readonly aud: string;
  readonly exp: number;
  readonly nbf: number;
  readonly iat: number;
  readonly jti: string;
  readonly session_id: string;
  readonly scope: readonly string[];
  readonly budgets?: { readonly max_calls: number | null };
  readonly cnf: { readonly jkt: string };
  readonly owner?: string;
}

/** A public key as `GET /.well-known/jwks.json` names it. */
export interface LeaseKey {
  readonly kty: string;
  readonly crv: string;
  readonly kid: string;
  readonly use: string;
  readonly alg: string;
  readonly x: string;
  readonly y: string;
}

/** What the gate says of a token: its claims, or why it is none of its leases. */
export type LeaseVerdict =
  | { readonly ok: true; readonly claims: LeaseClaims }
  | { readonly ok: false; readonly code: "invalid_lease" | "lease_expired"; readonly detail: string };

/** A lease that was asked for and may be given. */
export interface LeaseGrant {
  readonly principal: string;
  readonly owner: string | undefined;
  readonly scopes: readonly string[];
  readonly jkt: string;
  /** As it was sent, digit for digit; `null` is "budgets" without "max_calls". */
  readonly maxCalls: string | null | undefined;
  readonly ttlSeconds: number;
}

const MAX_TTL_SECONDS = 3600;
const REMEMBERED_TOKENS = 1024;

/** Signs leases with a key of its own and verifies them. `trusted` are further keys whose leases are accepted. */
export function createLeases(clock: Clock, trusted: readonly LeaseKey[] = []) {
  const { privateKey, publicKey, jwk } = newP256KeyPair();
  const own = leaseKeyOf(publicKey, jwk);
  const keys = new Map<string, KeyObject>([[own.kid, publicKey]]);
  for (const key of trusted) keys.set(key.kid, createPublicKey({ key: { ...key }, format: "jwk" }));
  const remembered = new Map<string, LeaseClaims>();

  function issue(grant: LeaseGrant): { token: string; claims: LeaseClaims } {
    const now = clock.seconds();
    const before = {
      iss: "latchgate",
      sub: grant.principal,
      aud: "latchgate",
      exp: now + Math.min(grant.ttlSeconds, MAX_TTL_SECONDS),
      nbf: now,
      iat: now,
      jti: uuidv7(clock.now()),
      session_id: uuidv7(clock.now()),
      scope: grant.scopes,
    };
    const after = { cnf: { jkt: grant.jkt }, ...(grant.owner === undefined ? {} : { owner: grant.owner }) };
    // A u64 is not a double: the digits are carried over as text.
    const budgets = grant.maxCalls === undefined ? "" : `"budgets":{"max_calls":${grant.maxCalls}},`;
    const payload = `${JSON.stringify(before).slice(0, -1)},${budgets}${JSON.stringify(after).slice(1)}`;
    const signed = [JSON.stringify({ typ: "JWT", alg: "ES256", kid: own.kid }), payload]
      .map((part) => Buffer.from(part).toString("base64url"))
      .join(".");
    const signature = sign("sha256", Buffer.from(signed), { key: privateKey, dsaEncoding: "ieee-p1363" });
    return {
      token: `${signed}.${signature.toString("base64url")}`,
      claims: JSON.parse(payload) as LeaseClaims,
    };
  }

  function check(token: string): LeaseVerdict {
    let claims = remembered.get(token);
    if (claims === undefined) {
      const read = readToken(token, keys);
      if (typeof read === "string") return { ok: false, code: "invalid_lease", detail: read };
      claims = read;
      remembered.set(token, claims);
      if (remembered.size > REMEMBERED_TOKENS) remembered.delete(remembered.keys().next().value ?? "");
    }
    const now = clock.seconds();
    // Whole seconds and no leeway: the second named by `exp` still counts (measured, 8 of 8).
    if (claims.exp < now) return { ok: false, code: "lease_expired", detail: "ExpiredSignature" };
    if (claims.nbf > now) return { ok: false, code: "invalid_lease", detail: "ImmatureSignature" };
    return { ok: true, claims };
  }

  return { issue, check, key: own };
}

function readToken(token: string, keys: ReadonlyMap<string, KeyObject>): LeaseClaims | string {
  const parts = token.split(".");
  const [header, payload, signature] = parts;
  if (header === undefined || payload === undefined || signature === undefined || parts.length !== 3) {
    return "InvalidToken";
  }
  const strange = /[^A-Za-z0-9_-]/.exec(header);
  if (strange !== null) {
    return `Base64 error: Invalid symbol ${strange[0].charCodeAt(0)}, offset ${strange.index}.`;
  }
  try {
    const { kid, alg } = JSON.parse(Buffer.from(header, "base64url").toString()) as {
      kid?: string;
      alg?: string;
    };
    if (!ALGORITHMS.includes(alg ?? "")) return unknownAlgorithm(Buffer.from(header, "base64url"), alg);
    if (alg !== "ES256") return "InvalidAlgorithm";
    const key = keys.get(kid ?? "");
    if (key === undefined) return `unknown kid '${kid}'`;
    const bytes = Buffer.from(signature, "base64url");
    const data = Buffer.from(`${header}.${payload}`);
    if (!verify("sha256", data, { key, dsaEncoding: "ieee-p1363" }, bytes)) return "InvalidSignature";
    const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as LeaseClaims;
    return claims.iss === "latchgate" && claims.aud === "latchgate" ? claims : "InvalidIssuer";
  } catch {
    return "InvalidToken";
  }
}

/** What the gate's JWT library has names for. */
const ALGORITHMS = [
  ...["HS256", "HS384", "HS512", "ES256", "ES384", "RS256", "RS384", "RS512"],
  ...["PS256", "PS384", "PS512", "EdDSA"],
];

function unknownAlgorithm(header: Buffer, alg: unknown): string {
  if (typeof alg !== "string") return "InvalidToken";
  const names = ALGORITHMS.map((name) => `\`${name}\``).join(", ");
  const value = JSON.stringify(alg);
  const column = header.indexOf(value, header.indexOf('"alg"') + 5) + Buffer.byteLength(value);
  return `JSON error: unknown variant \`${alg}\`, expected one of ${names} at line 1 column ${column}`;
}

/** A key's `kid` is the first 16 hex characters of SHA-256 over its SubjectPublicKeyInfo. */
function leaseKeyOf(
  publicKey: KeyObject,
  { x, y }: NewKeyPair["jwk"],
): BodyOf<"getLeaseKeys">["keys"][number] {
  const spki = publicKey.export({ type: "spki", format: "der" });
  const kid = createHash("sha256").update(spki).digest("hex").slice(0, 16);
  return { kty: "EC", crv: "P-256", kid, use: "sig", alg: "ES256", x, y };
}
