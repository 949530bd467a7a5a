import { createPrivateKey, createPublicKey, type KeyObject, randomBytes } from "node:crypto";
import { newP256KeyPair } from "../formats/keys.ts";
import { thumbprint } from "../formats/proof.ts";

/** An operator that a gate knows. */
export interface MockOperator {
  readonly apiKey: string;
  /** Its key, P-256: PEM text or a `KeyObject`. A new one when neither this nor `dpopJkt` is given. */
  readonly privateKey?: string | KeyObject;
  /** The thumbprint of its key, where the key itself is elsewhere. `null`: bound to none, and always refused. */
  readonly dpopJkt?: string | null;
}

/** What an operator's client needs: `new LatchGateOperator({ fetch: gate.operatorFetch, ...gate.operatorCredentials })`. */
export interface OperatorCredentials {
  readonly operatorId: string;
  readonly apiKey: string;
  /** PEM, PKCS#8. */
  readonly privateKey: string;
  /** The thumbprint of the key, as a gate's configuration has it. */
  readonly dpopJkt: string;
  /** The base that proofs have to name. */
  readonly publicBaseUrl: string;
}

/** One row of the gate's `[operator_credentials]`. */
export interface KnownOperator {
  readonly operatorId: string;
  readonly jkt: string | undefined;
}

/** The operators of a gate, by their api keys. Read at the start only, as in the gate. */
export function createOperators(
  given: Readonly<Record<string, MockOperator>> | undefined,
  publicBaseUrl: string,
) {
  const byKey = new Map<string, KnownOperator>();
  let first: (() => OperatorCredentials) | undefined;
  let told: OperatorCredentials | undefined;
  const operators = given ?? { default: { apiKey: `key-default-${randomBytes(16).toString("hex")}` } };
  for (const [operatorId, operator] of Object.entries(operators)) {
    const { apiKey } = operator;
    if (apiKey === "" || byKey.has(apiKey)) {
      throw new TypeError(`MockGate: the operator ${operatorId} needs an apiKey of its own`);
    }
    const own = ownKeyOf(operatorId, operator);
    byKey.set(apiKey, {
      operatorId,
      get jkt() {
        return own === undefined ? (operator.dpopJkt ?? undefined) : own().jkt;
      },
    });
    if (own === undefined) continue;
    first ??= () => {
      const { jkt, key } = own();
      const privateKey = key.export({ type: "pkcs8", format: "pem" }).toString();
      return { operatorId, apiKey, privateKey, dpopJkt: jkt, publicBaseUrl };
    };
  }

  return {
    find: (apiKey: string) => byKey.get(apiKey),
    /** The first operator whose key the gate was given or has made. */
    credentials(): OperatorCredentials {
      if (first === undefined) {
        throw new Error("MockGate: the keys of its operators are elsewhere: none was given as a privateKey");
      }
      told ??= first();
      return told;
    },
  };
}

/** An operator's key and its thumbprint, if the key is here. One that the gate has to make is made when it is needed: few tests have an operator. */
function ownKeyOf(operatorId: string, operator: MockOperator) {
  const { privateKey, dpopJkt } = operator;
  if (privateKey === undefined) {
    if (dpopJkt !== undefined) return undefined;
    let made: { readonly key: KeyObject; readonly jkt: string } | undefined;
    return () => {
      if (made === undefined) {
        const { privateKey: key, jwk } = newP256KeyPair();
        made = { key, jkt: thumbprint(jwk.x, jwk.y) };
      }
      return made;
    };
  }
  const key = typeof privateKey === "string" ? createPrivateKey(privateKey) : privateKey;
  if (key.type !== "private" || key.asymmetricKeyDetails?.namedCurve !== "prime256v1") {
    throw new TypeError(`MockGate: the privateKey of the operator ${operatorId} is no P-256 private key`);
  }
  const own = { key, jkt: dpopJkt ?? jktOf(key) };
  return dpopJkt === null ? undefined : () => own;
}
function jktOf(key: KeyObject): string {
  const { x = "", y = "" } = createPublicKey(key).export({ format: "jwk" });
  return thumbprint(x, y);
}
