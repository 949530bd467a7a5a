import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { components } from "../generated/agent.ts";
import { LatchGateInvalidRequest } from "../vocabulary/errors.ts";
import { type ExecutionReceipt, receiptFromJson } from "../vocabulary/models.ts";
import { canonicalHash } from "./canonical.ts";

type WireReceipt = components["schemas"]["Receipt"];

/** A receipt key as the gate's operator socket lists it (`GET /v1/receipt-keys`). */
export interface ReceiptKey {
  /** The first 16 hex characters of the key. */
  readonly kid: string;
  /** The 32 bytes of an Ed25519 public key, in hex. */
  readonly x_hex: string;
}

/** Receipt keys as a list, or as the gate's answer that holds it. */
export type ReceiptKeys = readonly ReceiptKey[] | { readonly keys: readonly ReceiptKey[] };

/** One step of a verification: it held, it did not, or it could not be done, and then why. */
export type VerificationStep =
  | { readonly result: "ok" }
  | { readonly result: "failed"; readonly why: string }
  | { readonly result: "not_done"; readonly why: string };

/**
 * What an offline verification found. `verified`: hash and signature hold. `hash_holds`: the receipt is what its hash
 * says, and who signed it was not checked, since no keys were given. `invalid`: a step failed, or the keys that were given
 * did not sign it.
 */
export interface ReceiptVerdict {
  readonly state: "verified" | "hash_holds" | "invalid";
  readonly hash: VerificationStep;
  readonly signature: VerificationStep;
}

/** The members that the gate hashes (contract agent.md 9.4). */
const HASHED = [
  "receipt_id",
  "grant_id",
  "provider_module_digest",
  "provider_receipt",
  "normalized_result",
  "verification_outcome",
  "effect_evidence",
  "started_at",
  "finished_at",
  "failure_class",
] as const;

/**
 * Verifies a receipt without a gate: recomputes `result_hash` over the receipt's own members, and checks the Ed25519
 * signature when keys are given (contract agent.md 9.4 and 9.5). The gate's `signature_status` is not looked at: it says
 * nothing about the members. Of what `getReceipt` gave, both halves must say the same: its readable members and `raw`.
 * Numbers are compared as the gate hashes them, as doubles: beyond 2^53, neighbours are the same.
 * @param keys what an operator got from `GET /v1/receipt-keys`: what they did not sign is invalid; an agent has none, then
 * the signature is not checked
 * @throws LatchGateInvalidRequest when what is given is no object at all
 */
export function verifyReceipt(receipt: ExecutionReceipt | WireReceipt, keys?: ReceiptKeys): ReceiptVerdict {
  if (typeof receipt !== "object" || receipt === null)
    throw new LatchGateInvalidRequest("<receipt>", "what is verified must be a receipt", {
      code: "invalid_parameters",
    });
  const wire = isOurs(receipt) ? receipt.raw : receipt;
  const hash = isOurs(receipt) && !saysTheSame(receipt) ? HALVES_DIFFER : checkHash(wire);
  const signature = checkSignature(wire, isKeySet(keys) ? keys.keys : (keys ?? undefined));
  const failed = hash.result !== "ok" || signature.result === "failed";
  return {
    state: failed ? "invalid" : signature.result === "ok" ? "verified" : "hash_holds",
    hash,
    signature,
  };
}

/** The wire's own object may have any further members, one called `raw` too: that one does not speak for it. */
const isOurs = (receipt: ExecutionReceipt | WireReceipt): receipt is ExecutionReceipt =>
  !("receipt_id" in receipt) && typeof receipt["raw"] === "object" && receipt["raw"] !== null;

/** Whether the members that a program reads are those of the wire's object, which alone is hashed. */
function saysTheSame(receipt: ExecutionReceipt): boolean {
  try {
    const { raw: _, ...readable } = receiptFromJson(receipt.raw);
    return Object.entries(readable).every(([name, member]) =>
      isDeepStrictEqual(receipt[name as keyof ExecutionReceipt], member),
    );
  } catch {
    // Nested without end.
    return false;
  }
}

/** Undefined: there is no hash of it, and a gate never made one. */
function hashOf(members: unknown): string | undefined {
  try {
    return canonicalHash(members);
  } catch {
    return undefined;
  }
}

const isKeySet = (keys: ReceiptKeys | null | undefined): keys is { readonly keys: readonly ReceiptKey[] } =>
  keys !== undefined && keys !== null && !Array.isArray(keys);

function checkHash(receipt: WireReceipt): VerificationStep {
  const missing = HASHED.filter((name) => receipt[name] === undefined);
  if (missing.length > 0) return failed(`the receipt lacks ${missing.join(", ")}`);
  const members = Object.fromEntries(HASHED.map((name): [string, unknown] => [name, receipt[name]]));
  // The gate hashes chrono's own spelling of UTC, and serialises the other one.
  for (const name of ["started_at", "finished_at"]) {
    const time = members[name];
    if (typeof time !== "string") return failed(`${name} is no time`);
    members[name] = time.replace(/Z$/, "+00:00");
  }
  const hash = hashOf(members);
  if (hash === undefined) return failed("the receipt holds what JSON does not have, and can't be hashed");
  return hash === receipt.result_hash ? OK : failed("result_hash is not the hash of the receipt's members");
}

function checkSignature(receipt: WireReceipt, keys: readonly ReceiptKey[] | undefined): VerificationStep {
  const { receipt_signature, signing_key_id, result_hash } = receipt;
  const isSigned = receipt_signature !== undefined && signing_key_id !== undefined;
  if (keys === undefined) return notDone(isSigned ? "no keys were given" : "the receipt is not signed");
  if (!isSigned) return failed("the receipt is not signed");
  if (!isHex(receipt_signature, 64)) return failed("receipt_signature is not 64 bytes in hex");
  if (typeof result_hash !== "string") return failed("the receipt has no result_hash");
  const named = keys.filter((key) => key?.kid === signing_key_id);
  if (named.length === 0) return failed("none of the keys has the receipt's signing_key_id");
  const signature = Buffer.from(receipt_signature, "hex");
  const steps = named.map((key) => checkKey(key, signature, result_hash));
  return steps.find(({ result }) => result === "ok") ?? (steps[0] as VerificationStep);
}

function checkKey({ kid, x_hex }: ReceiptKey, signature: Buffer, hash: string): VerificationStep {
  if (!isHex(x_hex, 32) || !x_hex.startsWith(kid)) return failed("the key is not the one that its kid names");
  if (isWeakPoint(Buffer.from(x_hex, "hex")) || isWeakPoint(signature.subarray(0, 32)))
    return failed("the key or the signature is a point that verifies anything");
  const holds = verify(null, Buffer.from(hash), publicKey(x_hex), signature);
  return holds ? OK : failed("receipt_signature is not this key's signature of result_hash");
}

const isHex = (text: unknown, bytes: number): text is string =>
  typeof text === "string" && text.length === 2 * bytes && /^[0-9a-f]*$/.test(text);

function publicKey(hex: string): KeyObject {
  return createPublicKey({
    key: { kty: "OKP", crv: "Ed25519", x: Buffer.from(hex, "hex").toString("base64url") },
    format: "jwk",
  });
}

const P = 2n ** 255n - 19n;

/** The y of every point of order 1, 2, 4 or 8 on Curve25519 in Edwards form. */
const SMALL_ORDER_Y = new Set([
  0n,
  1n,
  P - 1n,
  0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n,
  0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n,
]);

/**
 * Whether an encoded point is of small order or not canonical: the gate's strict verification refuses both, OpenSSL
 * neither (contract agent.md 9.5).
 */
function isWeakPoint(encoded: Buffer): boolean {
  const bytes = Buffer.from(encoded).reverse();
  bytes[0] = (bytes[0] ?? 0) & 0x7f;
  const y = BigInt(`0x${bytes.toString("hex")}`);
  return y >= P || SMALL_ORDER_Y.has(y);
}

const OK: VerificationStep = { result: "ok" };
const HALVES_DIFFER: VerificationStep = {
  result: "failed",
  why: "its readable members are not those of `raw`, the wire's own object",
};
const failed = (why: string): VerificationStep => ({ result: "failed", why });
const notDone = (why: string): VerificationStep => ({ result: "not_done", why });
