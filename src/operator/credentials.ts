import { inspect } from "node:util";
import type { OperationFacts } from "../generated/operations.ts";
import { type Credentials, computeAth, DPoPKeyPair, type PrivateKeySource } from "../proof/dpop.ts";
import { LatchGateInvalidRequest } from "../vocabulary/errors.ts";

/** An operator's api key and proof key. Neither is ever printed. */
export class OperatorCredentials implements Credentials {
  readonly key: DPoPKeyPair;
  readonly ath: string;
  readonly #apiKey: string;

  constructor(apiKey: string, privateKey: PrivateKeySource) {
    if (typeof apiKey !== "string" || apiKey === "") throw wrong("apiKey is missing");
    // Anything else can't be sent in a header, and is most often a line end that was read with the key.
    if (!/^[\x21-\x7e]+$/.test(apiKey))
      throw wrong("apiKey has a character that no api key has (a space, a line end, or one outside ASCII)");
    if (typeof privateKey !== "string" && (typeof privateKey !== "object" || privateKey === null))
      throw wrong("privateKey is missing");
    this.key = DPoPKeyPair.from(privateKey);
    this.#apiKey = apiKey;
    this.ath = computeAth(apiKey);
  }

  authorization(): string {
    return `DPoP ${this.#apiKey}`;
  }

  [inspect.custom](): string {
    return "OperatorCredentials {}";
  }
}

const wrong = (problem: string) =>
  new LatchGateInvalidRequest("<options>", problem, { code: "invalid_credentials" });

/** What an operator's credentials are not good for. */
export function refuseLeased({ security, path }: OperationFacts, subject: string): void {
  if (security === "lease")
    throw new LatchGateInvalidRequest(
      subject,
      `${path} needs an agent's lease, and this client has an operator's credentials: use LatchGateClient or createAgentApi`,
      { code: "lease_needed" },
    );
}
