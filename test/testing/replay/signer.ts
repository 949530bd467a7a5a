import type { KeyObject } from "node:crypto";
import { createHash, createPublicKey, verify } from "node:crypto";
import { jwkThumbprint, keyPair, signedProof } from "../by-hand.ts";
import type { Names } from "./names.ts";
import { type Json, partOf } from "./recordings.ts";

const ath = (token: string) => createHash("sha256").update(token).digest("base64url");

/**
 * Signs recorded requests anew: every recorded key has a key here that stands for it. What was right about a recorded
 * proof is right again, and what was wrong is wrong in the same way.
 */
export function createSigner(names: Names) {
  const keys = new Map<string, { readonly privateKey: KeyObject; readonly jwk: Record<string, Json> }>();

  /** The key that stands for a recorded one. */
  function keyFor(recordedJkt: string) {
    let key = keys.get(recordedJkt);
    if (key === undefined) {
      key = keyPair();
      keys.set(recordedJkt, key);
      if (recordedJkt.length === 43) names.bind(recordedJkt, jwkThumbprint(key.jwk));
    }
    return key;
  }

  /** A lease's body with our key in the place of the recorded one: of the same length, so that columns stay. */
  function leaseBody(body: string): string {
    const [, x, y] = /"x":"([\w-]{43})","y":"([\w-]{43})"/.exec(body) ?? [];
    if (x === undefined || y === undefined) return body;
    const { jwk } = keyFor(jwkThumbprint({ kty: "EC", crv: "P-256", x, y }));
    return body.replace(x, jwk["x"] as string).replace(y, jwk["y"] as string);
  }

  function proof(recorded: string, token: string, mockToken: string, path: (text: string) => string): string {
    const header = partOf(recorded, 0);
    const claims = partOf(recorded, 1);
    if (header === undefined || claims === undefined) return recorded;
    const { x, y } = header["jwk"] as { x: string; y: string };
    const { privateKey, jwk } = keyFor(jwkThumbprint({ kty: "EC", crv: "P-256", x, y }));
    const signed = signedProof(
      privateKey,
      jwk,
      {
        ...claims,
        htu: path(claims["htu"] as string),
        ath: claims["ath"] === ath(token) ? ath(mockToken) : claims["ath"],
      },
      { ...header, jwk: { ...header["jwk"], ...jwk } },
    );
    return isValid(recorded, header["jwk"] as Json) ? signed : `${signed.slice(0, -8)}AAAAAAAA`;
  }

  /** The headers of a recorded request, as they are right here. */
  function headers(recorded: Readonly<Record<string, string>>): Record<string, string> {
    const { authorization, dpop, ...rest } = recorded;
    const signed: Record<string, string> = { ...rest };
    const [, scheme = "", token = ""] = /^(\w* *)(.*)$/s.exec(authorization ?? "") ?? [];
    const mockToken = names.translate(token);
    if (authorization !== undefined) signed["authorization"] = `${scheme}${mockToken}`;
    if (dpop !== undefined) signed["dpop"] = proof(dpop, token, mockToken, names.translate);
    return signed;
  }

  return { keyFor, leaseBody, headers };
}

function isValid(proof: string, jwk: Json): boolean {
  const [header, payload, signature = ""] = proof.split(".");
  const key = createPublicKey({ key: { ...jwk }, format: "jwk" });
  const data = Buffer.from(`${header}.${payload}`);
  return verify("sha256", data, { key, dsaEncoding: "ieee-p1363" }, Buffer.from(signature, "base64url"));
}
