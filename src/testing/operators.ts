import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
} from "node:crypto";
import { thumbprint } from "./proof.ts";

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
  let first: OperatorCredentials | undefined;
  const operators = given ?? { default: { apiKey: `key-default-${randomBytes(16).toString("hex")}` } };
  for (const [operatorId, operator] of Object.entries(operators)) {
    const { apiKey, dpopJkt } = operator;
    if (apiKey === "" || byKey.has(apiKey)) {
      throw new TypeError(`MockGate: the operator ${operatorId} needs an apiKey of its own`);
    }
    const key = privateKeyOf(operatorId, operator);
    const jkt = dpopJkt === undefined && key !== undefined ? jktOf(key) : (dpopJkt ?? undefined);
    byKey.set(apiKey, { operatorId, jkt });
    if (first === undefined && key !== undefined && jkt !== undefined) {
      const privateKey = key.export({ type: "pkcs8", format: "pem" }).toString();
      first = { operatorId, apiKey, privateKey, dpopJkt: jkt, publicBaseUrl };
    }
  }

  return {
    find: (apiKey: string) => byKey.get(apiKey),
    /** The first operator whose key the gate was given or has made. */
    credentials(): OperatorCredentials {
      if (first === undefined) {
        throw new Error("MockGate: the keys of its operators are elsewhere: none was given as a privateKey");
      }
      return first;
    },
  };
}

function privateKeyOf(operatorId: string, operator: MockOperator): KeyObject | undefined {
  const { privateKey, dpopJkt } = operator;
  if (privateKey === undefined) {
    if (dpopJkt !== undefined) return undefined;
    return generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  }
  const key = typeof privateKey === "string" ? createPrivateKey(privateKey) : privateKey;
  if (key.type !== "private" || key.asymmetricKeyDetails?.namedCurve !== "prime256v1") {
    throw new TypeError(`MockGate: the privateKey of the operator ${operatorId} is no P-256 private key`);
  }
  return key;
}

function jktOf(key: KeyObject): string {
  const { x = "", y = "" } = createPublicKey(key).export({ format: "jwk" });
  return thumbprint(x, y);
}
