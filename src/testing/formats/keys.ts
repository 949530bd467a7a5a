import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
} from "node:crypto";

/** A new key pair, and its public half as a JWK has it. */
export interface NewKeyPair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly jwk: { readonly x: string; readonly y: string };
}

/**
 * A new P-256 key pair. Not as `generateKeyPairSync` hands out its own `KeyObject`s: these share a lock with the job that has
 * made them. An `export` holds that lock while it allocates; is the job collected just then, its destructor waits for
 * the lock, on the same thread, for ever (seen on Node 20.20.2, once in some thousand keys). A JWK comes out before the job
 * is garbage, and the key that is made of it has a lock of its own.
 */
export function newP256KeyPair(): NewKeyPair {
  return severed("ec", { namedCurve: "P-256" });
}

/** The same for Ed25519; its `y` is empty. */
export function newEd25519KeyPair(): NewKeyPair {
  return severed("ed25519", {});
}

// Node's types have no `jwk` here; Node has it since 15.9.
const generate = generateKeyPairSync as unknown as (
  type: "ec" | "ed25519",
  options: object,
) => { readonly privateKey: JsonWebKey };

function severed(type: "ec" | "ed25519", options: { namedCurve?: string }): NewKeyPair {
  const jwk = { format: "jwk" };
  const { privateKey: key } = generate(type, { ...options, publicKeyEncoding: jwk, privateKeyEncoding: jwk });
  const privateKey = createPrivateKey({ key, format: "jwk" });
  return { privateKey, publicKey: createPublicKey(privateKey), jwk: { x: key.x ?? "", y: key.y ?? "" } };
}
