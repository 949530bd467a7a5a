import { computeAth, type DPoPKeyPair } from "../../proof/dpop.ts";

/** Who signs: a lease and its key, or an operator's api key and theirs. */
export interface Signer {
  readonly key: DPoPKeyPair;
  readonly token: string;
}

/** What is wrong with a proof, on purpose. */
export interface Flaw {
  readonly htm?: string;
  readonly path?: string;
  readonly iat?: number;
  readonly token?: string;
  readonly key?: DPoPKeyPair;
  readonly scheme?: string;
}

/** The two headers of a signed request. */
export function signedHeaders(
  { key, token }: Signer,
  publicBaseUrl: string,
  method: string,
  path: string,
  flaw: Flaw = {},
): { readonly authorization: string; readonly dpop: string } {
  const htu = `${publicBaseUrl}${flaw.path ?? decodeURIComponent(path.split("?")[0] ?? "")}`;
  const ath = computeAth(flaw.token ?? token);
  return {
    authorization: `${flaw.scheme ?? "DPoP"} ${token}`,
    dpop: (flaw.key ?? key).signProof(flaw.htm ?? method, htu, ath, flaw.iat),
  };
}
