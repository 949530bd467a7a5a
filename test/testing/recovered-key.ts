/**
 * Whose key signed this? An ECDSA signature names at most two public keys that fit it (SEC 1, 4.1.6), and a lease's
 * `kid` is a hash of the right one. So the key of a gate that was recorded without its key set can be found again
 * from one of its leases, and is confirmed by 64 bits that the gate itself wrote down.
 */
import { createHash, createPublicKey } from "node:crypto";
import type { LeaseKey } from "../../src/testing/index.ts";

const P = 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n;
const N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const B = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn;
const G = {
  x: 0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296n,
  y: 0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5n,
};

type Point = { x: bigint; y: bigint } | undefined;

/** The public key of the lease's gate, or `undefined` when neither candidate has the lease's `kid`. */
export function recoverLeaseKey(leaseJwt: string): LeaseKey | undefined {
  const [header = "", payload = "", signature = ""] = leaseJwt.split(".");
  const { kid } = JSON.parse(Buffer.from(header, "base64url").toString()) as { kid: string };
  const raw = Buffer.from(signature, "base64url").toString("hex");
  const r = BigInt(`0x${raw.slice(0, 64)}`);
  const s = BigInt(`0x${raw.slice(64)}`);
  const e = BigInt(`0x${createHash("sha256").update(`${header}.${payload}`).digest("hex")}`);
  const root = power(mod(r ** 3n - 3n * r + B, P), (P + 1n) / 4n, P);
  for (const y of [root, P - root]) {
    // Q = r⁻¹ (s·R − e·G)
    const inverse = power(r, N - 2n, N);
    const key = add(times(mod(s * inverse, N), { x: r, y }), times(mod(-e * inverse, N), G));
    if (key === undefined) continue;
    const jwk = { kty: "EC", crv: "P-256", x: coordinate(key.x), y: coordinate(key.y) };
    const spki = createPublicKey({ key: jwk, format: "jwk" }).export({ type: "spki", format: "der" });
    if (createHash("sha256").update(spki).digest("hex").slice(0, 16) === kid) {
      return { ...jwk, kid, use: "sig", alg: "ES256" };
    }
  }
  return undefined;
}

function coordinate(value: bigint): string {
  return Buffer.from(value.toString(16).padStart(64, "0"), "hex").toString("base64url");
}

function mod(value: bigint, modulus: bigint): bigint {
  const rest = value % modulus;
  return rest < 0n ? rest + modulus : rest;
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  for (
    let square = mod(base, modulus), left = exponent;
    left > 0n;
    left >>= 1n, square = (square * square) % modulus
  ) {
    if (left & 1n) result = (result * square) % modulus;
  }
  return result;
}

function add(one: Point, other: Point): Point {
  if (one === undefined) return other;
  if (other === undefined) return one;
  if (one.x === other.x && mod(one.y + other.y, P) === 0n) return undefined;
  const slope =
    one.x === other.x
      ? (3n * one.x * one.x - 3n) * power(2n * one.y, P - 2n, P)
      : (other.y - one.y) * power(other.x - one.x, P - 2n, P);
  const x = mod(slope * slope - one.x - other.x, P);
  return { x, y: mod(slope * (one.x - x) - one.y, P) };
}

function times(factor: bigint, point: Point): Point {
  let result: Point;
  for (let doubled = point, left = factor; left > 0n; left >>= 1n, doubled = add(doubled, doubled)) {
    if (left & 1n) result = add(result, doubled);
  }
  return result;
}
