import { createCipheriv, createHmac } from "node:crypto";

/**
 * TLS alerts about a client's certificate, by hand. Node's server ends such a handshake and then only closes; a gate
 * (rustls) says by an alert why, and a client has to tell the reasons apart. So the alert is written here: as the
 * first record under the server's traffic secret in TLS 1.3 (RFC 8446, 5.2 and 7.3), in the clear in TLS 1.2, whose
 * server has not changed its cipher yet.
 */

const FATAL = 2;
const ALERT = 21;
const APPLICATION_DATA = 23;
const TAG_BYTES = 16;

/** What rustls says of each reason that OpenSSL finds; everything else is an unknown CA. */
const DESCRIPTIONS: Readonly<Record<string, number>> = {
  CERT_SIGNATURE_FAILURE: 51,
  CERT_REVOKED: 44,
  CERT_HAS_EXPIRED: 45,
  CERT_NOT_YET_VALID: 45,
  INVALID_PURPOSE: 43,
};
const UNKNOWN_CA = 48;
const CERTIFICATE_REQUIRED = 116;
const DECODE_ERROR = 50;

/** The alert for a certificate that OpenSSL refuses with this code; without a code, for none at all. */
export function refusalOf(verifyError: string | undefined): number {
  return verifyError === undefined ? CERTIFICATE_REQUIRED : (DESCRIPTIONS[verifyError] ?? UNKNOWN_CA);
}

/** An alert before any cipher is in use; what came is no TLS when no description is given. */
export function plainAlert(description = DECODE_ERROR): Buffer {
  return Buffer.from([ALERT, 3, 3, 0, 2, FATAL, description]);
}

/** An alert as the first record under a TLS 1.3 traffic secret. */
export function sealedAlert(trafficSecret: Buffer, suite: string, description: number): Buffer {
  const hash = suite.endsWith("SHA384") ? "sha384" : "sha256";
  const [algorithm, keyBytes] = suite.includes("CHACHA20")
    ? (["chacha20-poly1305", 32] as const)
    : suite.includes("AES_256")
      ? (["aes-256-gcm", 32] as const)
      : (["aes-128-gcm", 16] as const);
  const key = expanded(hash, trafficSecret, "key", keyBytes);
  // The nonce is this XOR the record's number, which is 0.
  const nonce = expanded(hash, trafficSecret, "iv", 12);
  const inner = Buffer.from([FATAL, description, ALERT]);
  const head = Buffer.from([APPLICATION_DATA, 3, 3, 0, inner.length + TAG_BYTES]);
  // One type for all: those of the two kinds of ciphers differ in what `setAAD` demands, and GCM's is the lesser.
  const cipher = createCipheriv(algorithm as "aes-128-gcm", key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(head, { plaintextLength: inner.length });
  return Buffer.concat([head, cipher.update(inner), cipher.final(), cipher.getAuthTag()]);
}

/** HKDF-Expand-Label without a context, for at most one block. */
function expanded(hash: string, secret: Buffer, label: string, bytes: number): Buffer {
  const name = Buffer.from(`tls13 ${label}`);
  const info = Buffer.concat([Buffer.from([0, bytes, name.length]), name, Buffer.from([0, 1])]);
  return createHmac(hash, secret).update(info).digest().subarray(0, bytes);
}
