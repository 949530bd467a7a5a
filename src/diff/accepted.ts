import { existsSync, readFileSync } from "node:fs";

/** Changes that somebody has looked at and accepted: their fingerprint, and why. */
export type Accepted = { readonly [fingerprint: string]: string };

/** Reads `openapi/accepted.json`; nothing is accepted where there is none. */
export function readAccepted(file: string): Accepted {
  if (!existsSync(file)) return {};
  const accepted: unknown = JSON.parse(readFileSync(file, "utf8"));
  if (typeof accepted !== "object" || accepted === null || Array.isArray(accepted))
    throw new Error(`${file} is not an object of fingerprints and reasons`);
  for (const [fingerprint, why] of Object.entries(accepted))
    if (!/^[0-9a-f]{12}$/.test(fingerprint) || typeof why !== "string" || why === "")
      throw new Error(`${file}: ${fingerprint} is not a fingerprint with a reason`);
  return accepted as Accepted;
}
