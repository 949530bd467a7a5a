import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";

interface KeyPair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/**
 * A new key pair, by way of PEM: the `KeyObject`s that `generateKeyPairSync` hands out itself can make an `export` wait for
 * ever (see src/proof/dpop.ts).
 */
export function newKeyPair(
  type: "ec" | "ed25519" | "x25519" | "rsa" | "dsa" = "ec",
  options: object = { namedCurve: "P-256" },
): KeyPair {
  const encodings = {
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  };
  const generate = generateKeyPairSync as (type: string, options: object) => Record<keyof KeyPair, string>;
  const { privateKey, publicKey } = generate(type, { ...options, ...encodings });
  return { privateKey: createPrivateKey(privateKey), publicKey: createPublicKey(publicKey) };
}
