import { createPublicKey, sign, verify } from "node:crypto";
import { canonical, sha256 } from "../formats/canonical.ts";
import type { Clock } from "../formats/clock.ts";
import { newEd25519KeyPair } from "../formats/keys.ts";
import { createIndex } from "./log.ts";

/** What a check of the effect found, as a receipt says it. */
export type VerificationOutcome =
  | { readonly status: "verified"; readonly evidence: unknown }
  | { readonly status: "verification_failed"; readonly reason: string }
  | { readonly status: "unverifiable_declared" };

/** The ten members of a receipt that its hash covers. */
export interface ReceiptBody {
  readonly receipt_id: string;
  readonly grant_id: string;
  readonly provider_module_digest: string;
  readonly provider_receipt: unknown;
  readonly normalized_result: { readonly kind: "success"; readonly summary: string };
  readonly verification_outcome: VerificationOutcome;
  readonly effect_evidence: readonly unknown[];
  readonly started_at: string;
  readonly finished_at: string;
  readonly failure_class: "verification_failed" | null;
}

/** A receipt as it is stored. */
export interface StoredReceipt extends ReceiptBody {
  readonly result_hash: string;
  readonly receipt_signature: string;
  readonly signing_key_id: string;
}

/** A receipt as it is served. */
export interface ServedReceipt extends StoredReceipt {
  readonly signature_status: "valid" | "invalid" | "unknown_key_id" | "malformed_signature";
}

/** One entry of `GET /v1/receipt-keys`. */
export interface ReceiptKey {
  readonly kid: string;
  readonly x_hex: string;
  readonly kty: "OKP";
  readonly crv: "Ed25519";
  readonly alg: "EdDSA";
  readonly added_at: string;
  readonly use: "sig";
}

/** Hashes, signs and keeps receipts. The key outlives a restart, as the gate's file does. */
export function createReceipts(clock: Clock, limit: number) {
  const { privateKey, jwk } = newEd25519KeyPair();
  const raw = Buffer.from(jwk.x, "base64url").toString("hex");
  const key: ReceiptKey = {
    kid: raw.slice(0, 16),
    x_hex: raw,
    kty: "OKP",
    crv: "Ed25519",
    alg: "EdDSA",
    added_at: new Date(clock.now()).toISOString(),
    use: "sig",
  };
  const keys: ReceiptKey[] = [key];
  const stored = createIndex<StoredReceipt>(limit);

  return {
    keys: { keys } as { readonly keys: readonly ReceiptKey[] },
    store(body: ReceiptBody): StoredReceipt {
      const hash = resultHash(body);
      // Signed is the text of the hash, not its 32 bytes (agent.md 9.5).
      const signature = sign(null, Buffer.from(hash), privateKey).toString("hex");
      const receipt = { ...body, result_hash: hash, receipt_signature: signature, signing_key_id: key.kid };
      stored.set(body.receipt_id, receipt);
      return receipt;
    },
    read(receiptId: string): ServedReceipt | undefined {
      const receipt = stored.get(receiptId);
      return receipt && { ...receipt, signature_status: signatureStatus(receipt, keys) };
    },
  };
}

/** The gate hashes the two times as `…+00:00`, though it sends them as `…Z`. */
function resultHash(body: ReceiptBody): string {
  const offset = (time: string) => time.replace(/Z$/, "+00:00");
  return sha256(
    canonical({ ...body, started_at: offset(body.started_at), finished_at: offset(body.finished_at) }),
  );
}

function signatureStatus(
  receipt: StoredReceipt,
  keys: readonly ReceiptKey[],
): ServedReceipt["signature_status"] {
  const key = keys.find(({ kid }) => kid === receipt.signing_key_id);
  if (key === undefined) return "unknown_key_id";
  const signature = Buffer.from(receipt.receipt_signature, "hex");
  if (signature.length !== 64) return "malformed_signature";
  const jwk = { kty: "OKP", crv: "Ed25519", x: Buffer.from(key.x_hex, "hex").toString("base64url") };
  const publicKey = createPublicKey({ key: jwk, format: "jwk" });
  return verify(null, Buffer.from(receipt.result_hash), publicKey, signature) ? "valid" : "invalid";
}
