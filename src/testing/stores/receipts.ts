import { createPublicKey, sign, verify } from "node:crypto";
import type { BodyOf } from "../formats/bodies.ts";
import { canonical, sha256 } from "../formats/canonical.ts";
import type { Clock } from "../formats/clock.ts";
import { newEd25519KeyPair } from "../formats/keys.ts";
import { createIndex } from "./log.ts";

/** A receipt as it is served. */
export type ServedReceipt = BodyOf<"getReceipt">;

/** What a check of the effect found, as a receipt says it; the other two are never produced. */
export type VerificationOutcome = Extract<
  ServedReceipt["verification_outcome"],
  { readonly status: "verified" | "verification_failed" | "unverifiable_declared" }
>;

/** The ten members of a receipt that its hash covers. */
export type ReceiptBody = Pick<
  ServedReceipt,
  | "receipt_id"
  | "grant_id"
  | "provider_module_digest"
  | "provider_receipt"
  | "normalized_result"
  | "verification_outcome"
  | "effect_evidence"
  | "started_at"
  | "finished_at"
  | "failure_class"
>;

/** A receipt as it is stored. */
export type StoredReceipt = Omit<ServedReceipt, "signature_status">;

/** One entry of `GET /v1/receipt-keys`. */
export interface ReceiptKey extends KeyEntry {}

type KeyEntry = BodyOf<"listReceiptKeys">["keys"][number];

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
      const receipt: StoredReceipt = {
        ...body,
        result_hash: hash,
        receipt_signature: signature,
        signing_key_id: key.kid,
      };
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

function signatureStatus(receipt: StoredReceipt, keys: readonly ReceiptKey[]): string {
  const key = keys.find(({ kid }) => kid === receipt.signing_key_id);
  if (key === undefined) return "unknown_key_id";
  const signature = Buffer.from(receipt.receipt_signature ?? "", "hex");
  if (signature.length !== 64) return "malformed_signature";
  const jwk = { kty: "OKP", crv: "Ed25519", x: Buffer.from(key.x_hex, "hex").toString("base64url") };
  const publicKey = createPublicKey({ key: jwk, format: "jwk" });
  return verify(null, Buffer.from(receipt.result_hash), publicKey, signature) ? "valid" : "invalid";
}
