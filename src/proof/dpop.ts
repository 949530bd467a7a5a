import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type JsonWebKey,
  type JsonWebKeyInput,
  KeyObject,
  randomUUID,
  sign,
} from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { LatchGateInvalidRequest } from "../vocabulary/errors.ts";
import { isPem } from "../wire/pem.ts";
import type { GateRequest } from "../wire/send.ts";

/** The public half of a proof key as it stands in a proof's header and in a lease request (RFC 7517). */
export interface DPoPJwk {
  readonly kty: "EC";
  readonly crv: "P-256";
  readonly x: string;
  readonly y: string;
}

/** A private key as a program may have it: PEM text (PKCS#8 or SEC1), a JWK with `d`, a `KeyObject`, or a key pair. */
export type PrivateKeySource = string | KeyObject | DPoPKeyPair | PrivateJwk;

export interface PrivateJwk {
  readonly kty?: string;
  readonly crv?: string;
  readonly x?: string;
  readonly y?: string;
  readonly d?: string;
}

/** `signProof` for what is in the gate's spelling already. */
let signNormalized: (pair: DPoPKeyPair, htm: string, htu: string, ath: string, iat: number) => string;

/** The private key, to be sealed at once: what hands a session over is the only one that may ask for it. */
export let privateJwkOf: (pair: DPoPKeyPair) => PrivateJwk;

/**
 * A P-256 key pair that signs DPoP proofs (RFC 9449). The private key does not leave the object: nothing prints it, exports it
 * or puts it in an error. A client with `handover` seals it into its journal; no other does.
 */
export class DPoPKeyPair {
  readonly #privateKey: KeyObject;
  readonly #header: string;
  readonly jwk: DPoPJwk;

  private constructor(privateKey: KeyObject) {
    const { asymmetricKeyType, asymmetricKeyDetails } = privateKey;
    // Asked before the export: that throws for keys that have no JWK form.
    if (asymmetricKeyType !== "ec" || asymmetricKeyDetails?.namedCurve !== "prime256v1")
      throw wrongKey("the private key must be an EC key on P-256");
    const { x = "", y = "" } = createPublicKey(privateKey).export({ format: "jwk" });
    this.#privateKey = privateKey;
    this.jwk = Object.freeze({ kty: "EC", crv: "P-256", x, y });
    this.#header = base64url(JSON.stringify({ typ: "dpop+jwt", alg: "ES256", jwk: this.jwk }));
  }

  /** A new key pair. */
  static async generate(): Promise<DPoPKeyPair> {
    // A fifth of a millisecond: less than the way to another thread and back.
    return new DPoPKeyPair(newPrivateKey());
  }

  /** The pair of a private key in PEM: PKCS#8 (`BEGIN PRIVATE KEY`) or SEC1 (`BEGIN EC PRIVATE KEY`). */
  static async fromPem(pem: string): Promise<DPoPKeyPair> {
    return DPoPKeyPair.from(pem);
  }

  /** The pair of a private key in whichever form: PEM text, a JWK, a `KeyObject`, or a pair, which is returned as it is. */
  static from(key: PrivateKeySource): DPoPKeyPair {
    if (key instanceof DPoPKeyPair) return key;
    try {
      const read =
        key instanceof KeyObject
          ? key
          : createPrivateKey(
              typeof key === "string" ? key : { key: key as JsonWebKeyInput["key"], format: "jwk" },
            );
      if (read.type === "private") return new DPoPKeyPair(read);
    } catch (error) {
      if (error instanceof LatchGateInvalidRequest) throw error;
      // The parser's own error is left out: OpenSSL may quote what it could not read.
    }
    throw wrongKey(
      typeof key === "string"
        ? "the PEM holds no private key that can be read (PKCS#8 or SEC1, unencrypted)"
        : "this is no private key that can be read",
    );
  }

  /** Like `fromPem`, from a file; warns once about a file when others than its owner may read it. */
  static async fromPemFile(path: string): Promise<DPoPKeyPair> {
    if (typeof path !== "string") throw wrongKey("the path of a key file must be a text");
    if (isPem(path)) throw wrongKey("what is given is the PEM itself, and must be the path of its file");
    const [pem, { mode }] = await Promise.all([readFile(path, "utf8"), stat(path)]).catch(
      (error: NodeJS.ErrnoException) => {
        throw wrongKey(`the key file ${path} can't be read (${error.code ?? "unknown error"})`);
      },
    );
    if ((mode & 0o077) !== 0 && process.platform !== "win32") warnLooseMode(path, mode);
    return DPoPKeyPair.fromPem(pem);
  }

  /** The RFC 7638 SHA-256 thumbprint of the public key: a lease's `cnf.jkt`, an operator's `dpop_jkt`. */
  async thumbprint(): Promise<string> {
    // Few programs ask for it, and loading it is a twentieth of the time to a first call.
    const { calculateJwkThumbprint } = await import("jose/jwk/thumbprint");
    return calculateJwkThumbprint(this.jwk, "sha256");
  }

  /**
   * One proof (RFC 9449, section 4.2) for one attempt: a new `jti` each time.
   * @param htm the method, upper-cased here
   * @param htu the URL, normalised here
   * @param ath the token's hash, from `computeAth`
   * @param iat seconds since the epoch; now, if left out
   */
  signProof(htm: string, htu: string, ath: string, iat: number = Math.floor(Date.now() / 1000)): string {
    return this.#sign(htm.toUpperCase(), normalizeHtu(htu), ath, iat);
  }

  static {
    signNormalized = (pair, htm, htu, ath, iat) => pair.#sign(htm, htu, ath, iat);
    privateJwkOf = (pair) => pair.#privateKey.export({ format: "jwk" }) as PrivateJwk;
  }

  #sign(htm: string, htu: string, ath: string, iat: number): string {
    const claims = { jti: randomUUID(), htm, htu, iat, ath };
    const input = `${this.#header}.${base64url(JSON.stringify(claims))}`;
    return `${input}.${p1363(sign("sha256", Buffer.from(input, "latin1"), this.#privateKey))}`;
  }
}

// Node's types have no `jwk` here; Node has it since 15.9.
const generateAsJwk = generateKeyPairSync as unknown as (
  type: "ec",
  options: object,
) => { readonly privateKey: JsonWebKey };

/**
 * A key that `generateKeyPairSync` hands out as a `KeyObject` shares a lock with the job that has made it. Its `export` holds
 * that lock while it allocates; is the job collected just then, its destructor waits for the lock, on the same thread, for
 * ever (seen on Node 20.20.2, once in some thousand keys). A JWK comes out before the job is garbage, and the key that is
 * made of it has a lock of its own.
 */
function newPrivateKey(): KeyObject {
  const jwk = { format: "jwk" };
  const options = { namedCurve: "P-256", publicKeyEncoding: jwk, privateKeyEncoding: jwk };
  return createPrivateKey({ key: generateAsJwk("ec", options).privateKey, format: "jwk" });
}

/**
 * The `ath` claim of a token: base64url SHA-256 of its text (RFC 9449, section 4.2).
 * @throws LatchGateInvalidRequest when the token is no text
 */
export function computeAth(token: string): string {
  if (typeof token !== "string") throw noText("the token");
  return createHash("sha256").update(token).digest("base64url");
}

/**
 * A URL as the gate compares `htu`: no fragment, no query, scheme and authority in lower case, no default port, `/` for
 * an empty path (contract agent.md 4.3). Text without a scheme is returned as it is.
 * @throws LatchGateInvalidRequest when the URL is no text
 */
export function normalizeHtu(uri: string): string {
  if (typeof uri !== "string") throw noText("the URL");
  const bare = uri.replace(/[#?].*$/s, "");
  const match = /^([^:/]+):\/\/([^/]*)(.*)$/s.exec(bare);
  if (match === null) return uri;
  const [, rawScheme = "", rawAuthority = "", path = ""] = match;
  const scheme = lowered(rawScheme);
  const defaultPort = scheme === "http" ? /:80$/ : scheme === "https" ? /:443$/ : /(?!)/;
  return `${scheme}://${lowered(rawAuthority).replace(defaultPort, "")}${path === "" ? "/" : path}`;
}

/** In ASCII alone, as the gate does it: İ and the Kelvin sign stay what they are. */
const lowered = (text: string) => text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());

const noText = (what: string) =>
  new LatchGateInvalidRequest("<proof>", `${what} of a proof must be a text`, { code: "invalid_options" });

/** What one signature needs: the token, its hash, and the key that the token is bound to. Never printed. */
export interface Credentials {
  readonly key: DPoPKeyPair;
  readonly ath: string;
  authorization(): string;
}

/** The clock that proofs are dated by: this machine's, or the gate's once the two were found to differ. */
export interface ProofClock {
  now(): number;
  /** Goes by the gate's time from now on; false (and unchanged) when that is more than ten minutes away. */
  correct(gateNow: number): boolean;
}

const MAX_CORRECTION_MS = 600_000;

export function createProofClock(now: () => number): ProofClock {
  let offset = 0;
  return {
    now: () => now() + offset,
    correct(gateNow) {
      const difference = gateNow - now();
      if (!(Math.abs(difference) <= MAX_CORRECTION_MS)) return false;
      offset = difference;
      return true;
    },
  };
}

/** A request that can be signed. */
export interface SignableRequest extends GateRequest {
  /** The path that the proof names; the gate puts its own public base URL before it. */
  readonly path: string;
}

/** Signs one attempt: the headers of the request with the token and a new proof. */
export type Sign = (credentials: Credentials, request: SignableRequest) => GateRequest["headers"];

/**
 * What signs the requests to one gate (RFC 9449, section 4.2).
 * @param now the clock that proofs are dated by
 */
export function createSign(publicBaseUrl: string, now: () => number): Sign {
  const base = normalizeHtu(`${publicBaseUrl}/`).slice(0, -1);
  return (credentials, { method, path, headers }) => {
    const iat = Math.floor(now() / 1000);
    // The base is normalised, and the path is the document's, which has nothing to normalise.
    const proof = signNormalized(credentials.key, method, `${base}${path}`, credentials.ath, iat);
    // The case of 0.2.0, as its users' mocks see it.
    return { Authorization: credentials.authorization(), DPoP: proof, ...headers };
  };
}

const base64url = (text: string) => Buffer.from(text).toString("base64url");

/** Where a signature is put together: one place for all of them saves an allocation outside the heap for each. */
const SIGNATURE = Buffer.alloc(64);

/**
 * An ECDSA signature from DER to the 64 bytes `r‖s` that JWS wants (RFC 7518, section 3.4). Asking OpenSSL for
 * ieee-p1363 gives the same and is slow on Node 24.
 */
function p1363(der: Buffer): string {
  const raw = SIGNATURE.fill(0);
  let offset = 2;
  for (const end of [32, 64]) {
    const length = der[offset + 1] ?? 0;
    const start = offset + 2;
    // A leading zero keeps DER's integer positive; short numbers are padded on the left.
    const from = start + Math.max(0, length - 32);
    der.copy(raw, end - (start + length - from), from, start + length);
    offset = start + length;
  }
  return raw.toString("base64url");
}

const wrongKey = (problem: string) => new LatchGateInvalidRequest("<key>", problem, { code: "invalid_key" });

const warnedModes = new Set<string>();

function warnLooseMode(path: string, mode: number): void {
  if (warnedModes.has(path)) return;
  warnedModes.add(path);
  process.emitWarning(
    `${path} has mode ${(mode & 0o777).toString(8)}: others can read this private key; chmod 600 it`,
    {
      code: "LATCHGATE_LOOSE_KEY_MODE",
    },
  );
}
