import { createHash, createPublicKey, verify } from "node:crypto";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import { calculateJwkThumbprint, EmbeddedJWK, jwtVerify } from "jose";
import { computeAth, DPoPKeyPair, LatchGateInvalidRequest, normalizeHtu } from "latchgate-client";
import { describe, expect, it, onTestFinished } from "vitest";
import { everythingOf, rejection, temporaryFolder } from "../support/bare.ts";
import { newKeyPair } from "../support/keys.ts";

/** RFC 9449, section 7.1: the access token of the example and the hash that its proof names. */
const RFC_TOKEN = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";
const RFC_ATH = "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo";

const URL_OF_EXECUTE = "http://localhost:3000/v1/actions/echo/execute";

const ecPem = (namedCurve: string, type: "pkcs8" | "sec1") =>
  newKeyPair("ec", { namedCurve }).privateKey.export({ type, format: "pem" }).toString();

function warnings(): Error[] {
  const seen: Error[] = [];
  const listener = (warning: Error) => seen.push(warning);
  process.on("warning", listener);
  onTestFinished(() => void process.off("warning", listener));
  return seen;
}

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

describe("a proof", () => {
  it("is what RFC 9449 says, whole, as another implementation reads it", async () => {
    const pair = await DPoPKeyPair.generate();
    const before = Math.floor(Date.now() / 1000);
    const proof = pair.signProof("post", URL_OF_EXECUTE, computeAth(RFC_TOKEN));
    const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, { algorithms: ["ES256"] });
    expect(protectedHeader).toEqual({ typ: "dpop+jwt", alg: "ES256", jwk: pair.jwk });
    expect(Object.keys(pair.jwk).sort()).toEqual(["crv", "kty", "x", "y"]);
    expect(Object.keys(payload).sort()).toEqual(["ath", "htm", "htu", "iat", "jti"]);
    expect(payload).toMatchObject({ htm: "POST", htu: URL_OF_EXECUTE, ath: RFC_ATH });
    expect(payload.jti).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(payload.iat).toBeGreaterThanOrEqual(before);
    expect(payload.iat).toBeLessThanOrEqual(Math.floor(Date.now() / 1000));
  });

  it("has a signature of 64 bytes that verifies, also where r or s is short", async () => {
    const pair = await DPoPKeyPair.generate();
    const key = createPublicKey({ key: { ...pair.jwk }, format: "jwk" });
    let short = 0;
    for (let count = 0; count < 1500; count += 1) {
      const [header, payload, signature = ""] = pair.signProof("GET", URL_OF_EXECUTE, "a").split(".");
      const bytes = Buffer.from(signature, "base64url");
      expect(bytes.length).toBe(64);
      if (bytes[0] === 0 || bytes[32] === 0) short += 1;
      const holds = verify(
        "sha256",
        Buffer.from(`${header}.${payload}`),
        { key, dsaEncoding: "ieee-p1363" },
        bytes,
      );
      if (!holds) expect.fail(`signature ${bytes.toString("hex")} does not verify`);
    }
    // One in 128 has a leading zero byte: that none of 1500 has is one chance in 10^5.
    expect(short).toBeGreaterThan(0);
  });

  it("has a new jti each time", async () => {
    const pair = await DPoPKeyPair.generate();
    const proofs = Array.from({ length: 200 }, () => pair.signProof("GET", URL_OF_EXECUTE, "a"));
    const ids = proofs.map(
      (proof) => JSON.parse(Buffer.from(proof.split(".")[1] ?? "", "base64url").toString()).jti,
    );
    expect(new Set(ids).size).toBe(200);
  });

  it("carries the time that it is given", async () => {
    const pair = await DPoPKeyPair.generate();
    const [, payload = ""] = pair.signProof("GET", URL_OF_EXECUTE, "a", 1_795_488_786).split(".");
    expect(JSON.parse(Buffer.from(payload, "base64url").toString()).iat).toBe(1_795_488_786);
  });

  it("names the token by RFC 9449's hash", () => {
    expect(computeAth(RFC_TOKEN)).toBe(RFC_ATH);
    const text = "häß";
    expect(computeAth(text)).toBe(createHash("sha256").update(Buffer.from(text)).digest("base64url"));
  });

  it("gives the thumbprint of RFC 7638", async () => {
    const pair = await DPoPKeyPair.generate();
    expect(await pair.thumbprint()).toBe(await calculateJwkThumbprint({ ...pair.jwk }));
    const { crv, kty, x, y } = pair.jwk;
    const byHand = createHash("sha256").update(`{"crv":"${crv}","kty":"${kty}","x":"${x}","y":"${y}"}`);
    expect(await pair.thumbprint()).toBe(byHand.digest("base64url"));
  });
});

describe("htu", () => {
  // Contract agent.md 4.3.
  it.each([
    ["http://localhost:3000/v1/x", "http://localhost:3000/v1/x"],
    ["HTTP://LocalHost:3000/V1/X", "http://localhost:3000/V1/X"],
    ["HTTP://\u212Aelvin.\u0130/A", "http://\u212Aelvin.\u0130/A"],
    ["http://gate:80/a", "http://gate/a"],
    ["https://gate:443/a", "https://gate/a"],
    ["http://gate:443/a", "http://gate:443/a"],
    ["https://gate:80/a", "https://gate:80/a"],
    ["http://gate:8080/a", "http://gate:8080/a"],
    ["http://gate", "http://gate/"],
    ["http://gate:80", "http://gate/"],
    ["http://gate/a?b=c", "http://gate/a"],
    ["http://gate/a#b?c", "http://gate/a"],
    ["http://gate/a?b#c", "http://gate/a"],
    ["http://gate?b", "http://gate/"],
    ["http://gate/a/../b/./c", "http://gate/a/../b/./c"],
    ["http://gate/%7Ea%2fb", "http://gate/%7Ea%2fb"],
    ["http://[::1]:80/a", "http://[::1]/a"],
    ["http://[FE80::80]/a", "http://[fe80::80]/a"],
    ["http://gate/a\n?b", "http://gate/a\n"],
    ["no-scheme/a?b", "no-scheme/a?b"],
    ["/v1/a#b", "/v1/a#b"],
    ["", ""],
  ])("%j is compared as %j", (given, normalized) => {
    expect(normalizeHtu(given)).toBe(normalized);
    expect(normalizeHtu(normalized)).toBe(normalized);
  });

  it("stands normalised in the proof", async () => {
    const pair = await DPoPKeyPair.generate();
    const [, payload = ""] = pair.signProof("GET", "HTTP://Gate:80/A?q#f", "a").split(".");
    expect(JSON.parse(Buffer.from(payload, "base64url").toString()).htu).toBe("http://gate/A");
  });
});

describe("a private key in PEM", () => {
  it.each(["pkcs8", "sec1"] as const)("is read as %s, and signs for its public half", async (type) => {
    const { privateKey, publicKey } = newKeyPair();
    const pair = await DPoPKeyPair.fromPem(privateKey.export({ type, format: "pem" }).toString());
    const { x, y } = publicKey.export({ format: "jwk" });
    expect(pair.jwk).toEqual({ kty: "EC", crv: "P-256", x, y });
    await jwtVerify(pair.signProof("GET", URL_OF_EXECUTE, "a"), publicKey);
  });

  const p256 = newKeyPair();
  const encrypted = (passphrase: string) =>
    p256.privateKey.export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase }).toString();
  it.each([
    ["a key on P-384", ecPem("P-384", "pkcs8")],
    ["a key on secp256k1", ecPem("secp256k1", "sec1")],
    ["a key on a curve without a JWK name", ecPem("brainpoolP256r1", "pkcs8")],
    ["an Ed25519 key", newKeyPair("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString()],
    ["an X25519 key", newKeyPair("x25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString()],
    [
      "an RSA key",
      newKeyPair("rsa", { modulusLength: 1024 })
        .privateKey.export({ type: "pkcs8", format: "pem" })
        .toString(),
    ],
    [
      "a DSA key",
      newKeyPair("dsa", { modulusLength: 1024, divisorLength: 160 })
        .privateKey.export({ type: "pkcs8", format: "pem" })
        .toString(),
    ],
    ["an encrypted key", encrypted("correct horse")],
    ["a public key", p256.publicKey.export({ type: "spki", format: "pem" }).toString()],
    ["a cut key", ecPem("P-256", "pkcs8").slice(0, 120)],
    [
      "garbage between the lines",
      "-----BEGIN PRIVATE KEY-----\nU0VDUkVULWdhcmJhZ2U=\n-----END PRIVATE KEY-----\n",
    ],
    ["text", "SECRET-no-pem-at-all"],
    ["nothing", ""],
  ])("is refused where it is %s, without a quotation", async (_what, pem) => {
    const error = await rejection(DPoPKeyPair.fromPem(pem));
    expect(error).toBeInstanceOf(LatchGateInvalidRequest);
    expect(error).toMatchObject({ outcome: "not_executed", code: "invalid_key" });
    const text = everythingOf(error);
    for (const line of pem.split("\n").filter((one) => one !== "" && !one.startsWith("-----")))
      expect(text).not.toContain(line);
  });

  it("is read from a file", async () => {
    const path = join(temporaryFolder(), "key.pem");
    writeFileSync(path, ecPem("P-256", "sec1"), { mode: 0o600 });
    const seen = warnings();
    expect((await DPoPKeyPair.fromPemFile(path)).jwk.crv).toBe("P-256");
    await nextTurn();
    expect(seen).toEqual([]);
  });

  it("in a file that others can read warns once, and still works", async () => {
    const path = join(temporaryFolder(), "loose.pem");
    const pem = ecPem("P-256", "pkcs8");
    writeFileSync(path, pem);
    chmodSync(path, 0o640);
    const seen = warnings();
    await DPoPKeyPair.fromPemFile(path);
    await DPoPKeyPair.fromPemFile(path);
    await nextTurn();
    expect(seen.map(({ message }) => message)).toEqual([
      `${path} has mode 640: others can read this private key; chmod 600 it`,
    ]);
    expect(everythingOf(seen[0])).not.toContain(pem.split("\n")[1]);
  });

  it("that is not there, or a folder, is a clear error that names the path", async () => {
    const folder = temporaryFolder();
    const missing = join(folder, "none.pem");
    const error = await rejection(DPoPKeyPair.fromPemFile(missing));
    expect(error).toBeInstanceOf(LatchGateInvalidRequest);
    expect(error).toMatchObject({
      message: `the key file ${missing} can't be read (ENOENT)`,
      outcome: "not_executed",
    });
    expect(await rejection(DPoPKeyPair.fromPemFile(folder))).toMatchObject({
      message: `the key file ${folder} can't be read (EISDIR)`,
    });
  });
});

describe("nothing of a private key", () => {
  it("is printed, serialised or cloned", async () => {
    const { privateKey } = newKeyPair();
    const pair = await DPoPKeyPair.fromPem(privateKey.export({ type: "pkcs8", format: "pem" }).toString());
    const { d = "" } = privateKey.export({ format: "jwk" });
    const texts = [
      everythingOf(pair),
      inspect(pair, { showHidden: true, depth: null, getters: true, showProxy: true }),
      inspect(structuredClone(pair), { showHidden: true, depth: null }),
      JSON.stringify({ ...pair }),
      `${pair}`,
    ];
    const hex = Buffer.from(d, "base64url").toString("hex");
    for (const text of texts) {
      expect(text).not.toContain(d);
      expect(text).not.toMatch(/PrivateKeyObject|"d"|\bd:/);
      expect(text).not.toContain(hex);
    }
    expect(Object.isFrozen(pair.jwk)).toBe(true);
  });
});
