import { createHash, createSecretKey, type KeyObject } from "node:crypto";
import type { PrivateJwk } from "../proof/dpop.ts";
import { checkedOptions, wrongOptions } from "../vocabulary/checked-options.ts";
import { type ErrorDetails, LatchGateApprovalLost } from "../vocabulary/errors.ts";

/** Lets another process follow a held call: what that takes is kept in the journal, sealed with a key of the caller's. */
export interface HandoverOptions {
  /**
   * 32 random bytes that all processes of one journal have, or several of them: the first seals, and each opens what it has
   * sealed, so that a key can be replaced while calls are held.
   */
  readonly key: Uint8Array | readonly Uint8Array[];
}

/** What another process needs to follow a held call. Times are the gate's, in milliseconds since the epoch. */
export interface HandedOver {
  readonly token: string;
  readonly privateKey: PrivateJwk;
  readonly sessionId: string;
  readonly leaseEndsAt: number;
  /** When the gate opened the approval; it can be given until `approvalEndsAt`. */
  readonly openedAt: number;
  readonly approvalEndsAt: number;
}

/** What a seal belongs to. It stands in the seal, can be read by everybody, and can't be changed. */
export interface SealedFor {
  readonly callId: string;
  readonly approvalId: string;
  readonly gateUrl: string;
}

/** Seals what is handed over, as a compact JWE (RFC 7516) with `dir` and `A256GCM`, and opens it again. */
export interface Handover {
  seal(bound: SealedFor, content: HandedOver): Promise<string>;
  /** @throws LatchGateApprovalLost with the code `wrong_handover_key`, `foreign_handover` or `changed_handover` */
  open(bound: SealedFor, seal: string, about: ErrorDetails): Promise<HandedOver>;
}

const TYPE = "latchgate-handover";
const KEY_BYTES = 32;

/** @throws LatchGateInvalidRequest when a key is none */
export function createHandover(given: HandoverOptions): Handover {
  const { key: one } = checkedOptions(given);
  const keys = new Map<string, KeyObject>();
  for (const bytes of Array.isArray(one) ? one : [one]) {
    if (!(bytes instanceof Uint8Array) || bytes.byteLength !== KEY_BYTES)
      throw wrongOptions("handover.key must be 32 bytes (a Uint8Array), or a list of such keys");
    keys.set(keyIdOf(bytes), createSecretKey(bytes));
  }
  const [first] = keys;
  if (first === undefined) throw wrongOptions("handover.key must have one key at least");
  const [kid, sealing] = first;

  return {
    async seal(bound, content) {
      // Few programs hand over, and loading it takes time.
      const { CompactEncrypt } = await import("jose/jwe/compact/encrypt");
      return new CompactEncrypt(new TextEncoder().encode(JSON.stringify(content)))
        .setProtectedHeader({ alg: "dir", enc: "A256GCM", typ: TYPE, kid, ...bound })
        .encrypt(sealing);
    },

    async open(bound, seal, about) {
      const header = headerOf(seal);
      const lost = (code: keyof typeof REASONS) =>
        new LatchGateApprovalLost(bound.approvalId, { ...about, code, ...REASONS[code] });
      if (header === undefined) throw lost("changed_handover");
      const key = keys.get(String(header["kid"]));
      if (key === undefined) throw lost("wrong_handover_key");
      if (Object.entries(bound).some(([name, value]) => header[name] !== value))
        throw lost("foreign_handover");
      try {
        const { compactDecrypt } = await import("jose/jwe/compact/decrypt");
        const { plaintext } = await compactDecrypt(seal, key, {
          keyManagementAlgorithms: ["dir"],
          contentEncryptionAlgorithms: ["A256GCM"],
        });
        return JSON.parse(new TextDecoder().decode(plaintext)) as HandedOver;
      } catch {
        // The cause is left out: what it quotes is a seal.
        throw lost("changed_handover");
      }
    },
  };
}

/** What tells keys apart, and says nothing of them. */
const keyIdOf = (key: Uint8Array) =>
  createHash("sha256").update(`${TYPE} `).update(key).digest("base64url").slice(0, 16);

/** The protected header, which the seal's tag covers: it is not to be believed before the seal is open. */
function headerOf(seal: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const header: unknown = JSON.parse(Buffer.from(seal.split(".")[0] ?? "", "base64url").toString());
    return typeof header === "object" && header !== null ? (header as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

const REASONS = {
  wrong_handover_key: {
    message: "the approval's handover was sealed with a key that this process does not have",
    hint: "give this client the key that the other process seals with: handover.key takes several",
  },
  foreign_handover: {
    message: "the approval's handover was sealed for another call, approval or gate",
    hint: "the journal's entry is not what was written, or this client is at another gate (gateUrl): look at both",
  },
  changed_handover: {
    message: "the approval's handover was changed, or is none",
    hint: "the journal's entry is not what was written; the process that opened the approval, or an operator, can still tell",
  },
} as const;
