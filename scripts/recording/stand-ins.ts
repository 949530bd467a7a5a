import {
  createECDH,
  createHash,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign,
  verify,
} from "node:crypto";
import { NOBODY } from "../../src/cli/probing/probe.ts";
import type { Json } from "../../src/documents/document.ts";
import { computeAth } from "../../src/proof/dpop.ts";

/**
 * What stands in a recording for what one gate at one time had: the same thing for the same thing, of the same shape, counted in the
 * order of appearance, so that two recordings of like gates are alike.
 */
export function createStandIns() {
  const known = new Map<string, string>([[NOBODY, NOBODY]]);
  const keys = new Map<string, StandInKey>();
  const tokens = new Map<string, string>();
  let count = 0;

  function standIn(value: string, make: (n: number) => string): string {
    const found = known.get(value);
    if (found !== undefined) return found;
    count += 1;
    const made = make(count);
    known.set(value, made);
    return made;
  }

  const uuid = (value: string) => standIn(value, (n) => `00000000-0000-7000-8000-${hex(n, 12)}`);

  return {
    uuid,
    /** Every UUID and every other name that is known, within a text. */
    inText: (text: string) =>
      known.get(text) ??
      text.replaceAll(UUID, uuid).replaceAll(THUMBPRINT, (word) => known.get(word) ?? word),
    /** A hash, a signature, an id of a key: of its length and alphabet. */
    name(value: string): string {
      if (/^[0-9a-f-]{36}$/.test(value)) return uuid(value);
      const [, scheme = "", rest = ""] = /^(sha256:)?(.*)$/s.exec(value) ?? [];
      const made = (n: number) =>
        /^[0-9a-f]+$/.test(rest) ? hex(n, rest.length) : String(n).padStart(rest.length, "A");
      return standIn(value, (n) => scheme + made(n));
    },
    /** A key that signs in the place of one that signed; and its thumbprint in the place of the other's. */
    key({ x, y }: PublicJwk): StandInKey {
      const found = keys.get(x);
      if (found !== undefined) return found;
      const key = keyNumber(keys.size + 1);
      keys.set(x, key);
      known.set(x, key.jwk.x).set(y, key.jwk.y);
      known.set(thumbprint({ x, y }), thumbprint(key.jwk));
      return key;
    },
    /** What a token became, and what is made of it. */
    token(value: string, make: () => string): string {
      const found = tokens.get(value) ?? make();
      tokens.set(value, found);
      known.set(computeAth(value), computeAth(found));
      return found;
    },
  };
}

/** A key that everybody can make again: it keeps nothing secret. */
export interface StandInKey {
  readonly privateKey: KeyObject;
  readonly jwk: PublicJwk;
}

export interface PublicJwk {
  readonly x: string;
  readonly y: string;
}

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[47][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/g;
const THUMBPRINT = /(?<![\w-])[\w-]{43}(?![\w-])/g;

const hex = (n: number, length: number) => n.toString(16).padStart(length, "0");

/** RFC 7638, of a P-256 key. */
export function thumbprint({ x, y }: PublicJwk): string {
  return createHash("sha256")
    .update(JSON.stringify({ crv: "P-256", kty: "EC", x, y }))
    .digest("base64url");
}

function keyNumber(n: number): StandInKey {
  const secret = createHash("sha256").update(`latchgate-client record, key ${n}`).digest();
  const ecdh = createECDH("prime256v1");
  ecdh.setPrivateKey(secret);
  const point = ecdh.getPublicKey();
  const [x = "", y = "", d = ""] = [point.subarray(1, 33), point.subarray(33), secret].map((part) =>
    part.toString("base64url"),
  );
  const privateKey = createPrivateKey({ key: { kty: "EC", crv: "P-256", x, y, d }, format: "jwk" });
  return { privateKey, jwk: { x, y } };
}

/** A JWT by this key; or with a signature that no key has made. */
export function writeJwt(header: Json, claims: Json, key: KeyObject | undefined): string {
  const input = [header, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .join(".");
  if (key === undefined) return `${input}.${"A".repeat(86)}`;
  return `${input}.${sign("sha256", Buffer.from(input), { key, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
}

/** Header and claims of a JWT, and whether its signature is the one of the key in its header; undefined for what is none. */
export function readJwt(token: string): { header: Json; claims: Json; ofItsKey: boolean } | undefined {
  const [head = "", body = "", signature = ""] = token.split(".");
  try {
    const [header, claims] = [head, body].map(
      (part) => JSON.parse(Buffer.from(part, "base64url").toString()) as Json,
    );
    if (header === undefined || claims === undefined) return undefined;
    const { jwk } = header as { jwk?: PublicJwk };
    const ofItsKey =
      jwk !== undefined &&
      verify(
        "sha256",
        Buffer.from(`${head}.${body}`),
        { key: createPublicKey({ key: { ...jwk }, format: "jwk" }), dsaEncoding: "ieee-p1363" },
        Buffer.from(signature, "base64url"),
      );
    return { header, claims, ofItsKey };
  } catch {
    return undefined;
  }
}
