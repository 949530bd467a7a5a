import { createHash, createPublicKey, type KeyObject, verify } from "node:crypto";
import { decode, problemOf, required, signed, struct, text } from "./decode.ts";
import { JsonShapeError, JsonSyntaxError } from "./serde.ts";

/** The claims of a proof (RFC 9449, 4.2) that the gate reads. */
export interface ProofClaims {
  readonly jti: string;
  readonly htm: string;
  readonly htu: string;
  readonly iat: number;
  readonly ath: string;
}

/** What a proof has to fit. */
export interface ProofExpectation {
  /** The token that the proof came with: a lease, or an operator's key. */
  readonly token: string;
  /** The thumbprint that the token is bound to. */
  readonly jkt: string;
  readonly method: string;
  /** The path with its parameters decoded. */
  readonly path: string;
}

/** What is wrong with a proof, as the gate's metrics count it. `bad_key` is the binding of key and token too. */
export type ProofFlaw =
  | "malformed"
  | "bad_header"
  | "bad_key"
  | "bad_sig"
  | "bad_htm"
  | "bad_htu"
  | "bad_iat"
  | "bad_ath";

/** A proof's verdict: its claims, or why it is refused in the gate's words. */
export type ProofVerdict =
  | { readonly ok: true; readonly claims: ProofClaims }
  | { readonly ok: false; readonly flaw: ProofFlaw; readonly reason: string };

type Refusal = ProofVerdict & { readonly ok: false };

const MAX_AGE = 60;
const MAX_SKEW = 5;
const CACHED_KEYS = 256;
const BASE64URL = /^[A-Za-z0-9_-]*$/;

/**
 * Checks proofs as the gate does, leniencies included: once a key is known from a valid proof, the header is not
 * read again, so that neither `typ`, `alg` nor `jwk` matter any more. Texts are those that were recorded; for a
 * header or a payload that is no base64url, and for `crv`, none was. All of it is done at once: a request through the
 * mock waits for no thread.
 */
export function createProofVerifier(options: { publicBaseUrl: () => string; seconds: () => number }) {
  const keys = new Map<string, KeyObject>();

  function check(proof: string, expected: ProofExpectation): ProofVerdict {
    const [header, payload, ...rest] = proof.split(".");
    if (header === undefined || payload === undefined || rest.length === 0) {
      return refused("malformed", "malformed JWT: expected exactly 3 dot-separated segments");
    }
    // A fourth part belongs to the third, and no part may have a dot.
    const signature = rest.join(".");
    const known = keys.get(expected.jkt);
    const key = known ?? keyOf(header, expected.jkt);
    if ("ok" in key) return key;

    const raw = decodeBase64(signature);
    if (raw === undefined) return refused("malformed", "invalid base64url encoding in JWT signature");
    if (raw.length !== 64) {
      const reason = "signature is not a valid ES256 (P-256) signature (expected 64 bytes)";
      return refused("bad_sig", reason);
    }
    if (!verify("sha256", Buffer.from(`${header}.${payload}`), key, derOf(raw))) {
      return refused("bad_sig", "signature verification failed");
    }
    // A key is known from its first good signature on, whatever the claims say.
    if (known !== undefined) keys.delete(expected.jkt);
    keys.set(expected.jkt, key);
    if (keys.size > CACHED_KEYS) keys.delete(keys.keys().next().value ?? "");

    const claims = claimsOf(payload);
    if (typeof claims === "string") return refused("malformed", claims);
    return misfit(claims, expected) ?? { ok: true, claims };
  }

  function misfit(claims: ProofClaims, expected: ProofExpectation): Refusal | undefined {
    if (claims.htm !== expected.method)
      return refused("bad_htm", `htm mismatch: expected '${expected.method}', got '${claims.htm}'`);
    const base = options.publicBaseUrl().replace(/\/+$/, "");
    const wanted = normalise(base + expected.path);
    const got = normalise(claims.htu);
    if (got === undefined) {
      const reason = `proof htu normalisation failed: invalid URI: missing '://' in '${printable(claims.htu)}'`;
      return refused("bad_htu", reason);
    }
    if (wanted !== got)
      return refused("bad_htu", printable(`htu mismatch: expected '${wanted}', got '${got}'`));
    const now = options.seconds();
    if (claims.iat < now - MAX_AGE)
      return refused("bad_iat", `iat too old: ${claims.iat} (now=${now}, max_age=${MAX_AGE}s)`);
    if (claims.iat > now + MAX_SKEW) {
      const reason = `iat too far in future: ${claims.iat} (now=${now}, allowed_skew=${MAX_SKEW}s)`;
      return refused("bad_iat", reason);
    }
    if (claims.ath !== createHash("sha256").update(expected.token).digest("base64url")) {
      return refused("bad_ath", "ath does not match SHA-256 of the presented access token");
    }
    return undefined;
  }

  return {
    check,
    /** Whether the key of this thumbprint is known from a valid proof. */
    knows: (jkt: string) => keys.has(jkt),
    forget: () => keys.clear(),
  };
}

function refused(flaw: ProofFlaw, reason: string): Refusal {
  return { ok: false, flaw, reason };
}

/** The key of a proof's header, or why there is none. */
function keyOf(header: string, jkt: string): KeyObject | Refusal {
  let fields: Record<string, unknown>;
  try {
    const bytes = decodeBase64(header);
    if (bytes === undefined) return refused("malformed", "invalid base64url encoding in JWT header");
    fields = JSON.parse(bytes.toString()) as Record<string, unknown>;
  } catch {
    return refused("malformed", "JWT header is not valid JSON");
  }
  const wrong = (reason: string) => refused("bad_header", reason);
  if (fields["typ"] !== "dpop+jwt") return wrong(`typ must be 'dpop+jwt', got ${option(fields["typ"])}`);
  if (fields["alg"] !== "ES256") return wrong(`alg must be 'ES256', got ${option(fields["alg"])}`);
  const jwk = fields["jwk"];
  if (typeof jwk !== "object" || jwk === null) return wrong("'jwk' header claim is required in DPoP proofs");
  const { kty, crv, x, y } = jwk as Record<string, unknown>;
  if (kty !== "EC") return wrong(`jwk.kty must be 'EC', got ${option(kty)}`);
  if (crv !== "P-256") return wrong(`jwk.crv must be 'P-256', got ${option(crv)}`);
  if (typeof x !== "string" || !BASE64URL.test(x)) return wrong("invalid base64url in jwk.x");
  if (typeof y !== "string" || !BASE64URL.test(y)) return wrong("invalid base64url in jwk.y");
  if (decodeBase64(x)?.length !== 32 || decodeBase64(y)?.length !== 32)
    return refused("bad_key", "P-256 coordinates must be exactly 32 bytes each");
  let key: KeyObject;
  try {
    key = createPublicKey({ key: { kty: "EC", crv: "P-256", x, y }, format: "jwk" });
  } catch {
    return refused("bad_key", "invalid P-256 public key (point not on curve)");
  }
  if (thumbprint(x, y) !== jkt) {
    return refused("bad_key", "DPoP key thumbprint does not match lease cnf.jkt (key binding failure)");
  }
  return key;
}

/** RFC 7638: the members in order, as they were sent. */
export function thumbprint(x: string, y: string): string {
  const text = JSON.stringify({ crv: "P-256", kty: "EC", x, y });
  return createHash("sha256").update(text).digest("base64url");
}

const proofClaims = struct("DPoPClaims", {
  jti: required(text),
  htm: required(text),
  htu: required(text),
  iat: required(signed),
  ath: required(text),
});

function claimsOf(payload: string): ProofClaims | string {
  const bytes = decodeBase64(payload);
  if (bytes === undefined) return "invalid base64url encoding in JWT payload";
  try {
    return decode(bytes, proofClaims);
  } catch (error) {
    if (!(error instanceof JsonShapeError || error instanceof JsonSyntaxError)) throw error;
    return `payload claims invalid or missing required fields: ${problemOf(error, { paths: false })}`;
  }
}

/** RFC 9449, 4.3 says to normalise; this is how far the gate goes. The path is compared byte for byte. */
function normalise(uri: string): string | undefined {
  const bare = (uri.split("#")[0] ?? "").split("?")[0] ?? "";
  const at = bare.indexOf("://");
  if (at < 0) return undefined;
  const scheme = bare.slice(0, at).toLowerCase();
  const rest = bare.slice(at + 3);
  const slash = rest.indexOf("/");
  let authority = (slash < 0 ? rest : rest.slice(0, slash)).toLowerCase();
  if (scheme === "http" && authority.endsWith(":80")) authority = authority.slice(0, -3);
  if (scheme === "https" && authority.endsWith(":443")) authority = authority.slice(0, -4);
  return `${scheme}://${authority}${slash < 0 ? "/" : rest.slice(slash)}`;
}

/** `undefined` for anything but unpadded base64url. */
function decodeBase64(text: string): Buffer | undefined {
  return BASE64URL.test(text) ? Buffer.from(text, "base64url") : undefined;
}

/** As Rust prints an `Option<&str>` with `{:?}`. */
function option(value: unknown): string {
  return typeof value === "string" ? `Some(${JSON.stringify(value)})` : "None";
}

/** Control characters never reach a deny_reason. */
function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, " ");
}

/** r‖s as DER: OpenSSL's own reading of r‖s is several times slower on Node 24. */
function derOf(signature: Buffer): Buffer {
  const integer = (bytes: Buffer) => {
    let start = 0;
    while (start < bytes.length - 1 && bytes[start] === 0) start += 1;
    const digits = bytes.subarray(start);
    const body = (digits[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), digits]) : digits;
    return Buffer.concat([Buffer.from([2, body.length]), body]);
  };
  const both = Buffer.concat([integer(signature.subarray(0, 32)), integer(signature.subarray(32))]);
  return Buffer.concat([Buffer.from([0x30, both.length]), both]);
}
