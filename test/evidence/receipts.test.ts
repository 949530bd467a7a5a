import { createHash, createPrivateKey, sign, verify } from "node:crypto";
import { type ReceiptKey, verifyReceipt } from "latchgate-client";
import { describe, expect, it } from "vitest";
import { receiptFromJson } from "../../src/vocabulary/models.ts";
import { exchanges, isAnswer } from "../documents/recordings.ts";
import { newKeyPair } from "../support/keys.ts";

type Receipt = Parameters<typeof receiptFromJson>[0];

interface Recorded {
  readonly name: string;
  readonly receipt: Receipt;
  readonly keys: readonly ReceiptKey[] | undefined;
}

const answered = exchanges().flatMap(({ file, id, request, response }) =>
  isAnswer(response) && response.status === 200
    ? [{ file, id, path: request.path, json: response.json }]
    : [],
);

const keysOf = (file: string) =>
  answered
    .filter((one) => one.file === file && one.path === "/v1/receipt-keys")
    .flatMap(({ json }) => (json as unknown as { keys: ReceiptKey[] }).keys);

const recorded: Recorded[] = answered
  .filter(({ path }) => path.startsWith("/v1/receipts/"))
  .map(({ file, id, json }) => {
    const receipt = json as unknown as Receipt;
    const keys = keysOf(file);
    const theirs = keys.some(({ kid }) => kid === receipt.signing_key_id) ? keys : undefined;
    return { name: `${file} ${id}`, receipt, keys: theirs };
  });

/** RFC 8785 for what these receipts hold: sorted names, JavaScript's own numbers and strings. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join(",")}}`;
}

function hashByHand(receipt: Receipt): string {
  const { result_hash, receipt_signature, signing_key_id, signature_status, ...hashed } = receipt;
  const utc = (time: string) => `${time.slice(0, -1)}+00:00`;
  const members = { ...hashed, started_at: utc(receipt.started_at), finished_at: utc(receipt.finished_at) };
  return createHash("sha256").update(canonical(members)).digest("hex");
}

/** Signs a receipt anew, as a gate with this key would. */
function signedBy(receipt: Receipt, { privateKey, publicKey } = newKeyPair("ed25519")) {
  const x = publicKey.export({ format: "jwk" }).x ?? "";
  const x_hex = Buffer.from(x, "base64url").toString("hex");
  const result_hash = hashByHand(receipt);
  const receipt_signature = sign(null, Buffer.from(result_hash), privateKey).toString("hex");
  const kid = x_hex.slice(0, 16);
  return {
    receipt: { ...receipt, result_hash, receipt_signature, signing_key_id: kid },
    keys: [{ kid, x_hex }],
  };
}

/** Every way to change one scalar, drop or add one member anywhere in the receipt, with the path to where. */
function* changes(value: unknown, path: string): Generator<[string, unknown]> {
  if (Array.isArray(value)) {
    yield [`${path}[+]`, [...value, null]];
    for (const [index, item] of value.entries())
      for (const [at, changed] of changes(item, `${path}[${index}]`)) yield [at, value.with(index, changed)];
    return;
  }
  if (typeof value === "object" && value !== null) {
    yield [`${path}.+`, { ...value, added: 1 }];
    for (const [name, member] of Object.entries(value)) {
      const { [name]: _, ...rest } = value as Record<string, unknown>;
      yield [`${path}.-${name}`, rest];
      for (const [at, changed] of changes(member, `${path}.${name}`))
        yield [at, { ...value, [name]: changed }];
    }
    return;
  }
  yield [`${path}=null`, value === null ? "x" : null];
  if (typeof value === "string") {
    yield [`${path}+`, `${value} `];
    if (value !== "") yield [`${path}~`, value.replace(/.$/, (last) => (last === "0" ? "1" : "0"))];
    yield [`${path}=5`, 5];
  }
  if (typeof value === "number") yield [`${path}+1`, value + 1];
  if (typeof value === "boolean") yield [`${path}!`, !value];
}

describe("every recorded receipt", () => {
  it.each(recorded)(
    "$name: its hash holds, and its signature where the keys were recorded",
    ({ receipt, keys }) => {
      expect(hashByHand(receipt)).toBe(receipt.result_hash);
      expect(verifyReceipt(receipt)).toEqual({
        state: "hash_holds",
        hash: { result: "ok" },
        signature: { result: "not_done", why: "no keys were given" },
      });
      if (keys === undefined) return;
      const verified = { state: "verified", hash: { result: "ok" }, signature: { result: "ok" } };
      expect(verifyReceipt(receipt, keys)).toEqual(verified);
      expect(verifyReceipt(receipt, { keys })).toEqual(verified);
      expect(verifyReceipt(receiptFromJson(receipt), keys)).toEqual(verified);
    },
  );

  it.each(recorded)(
    "$name: changed in any one place it does not verify, with the gate's or a forger's key",
    ({ receipt }) => {
      const { receipt: own, keys } = signedBy(receipt);
      expect(verifyReceipt(own, keys).state).toBe("verified");
      let count = 0;
      for (const name of Object.keys(own) as (keyof Receipt)[]) {
        // The gate's own opinion, added when it is read.
        if (name === "signature_status") continue;
        for (const [at, changed] of changes(own[name], name)) {
          count += 1;
          const { state } = verifyReceipt({ ...own, [name]: changed } as Receipt, keys);
          if (state !== "invalid") expect.fail(`${at} is ${state}`);
        }
        const { [name]: _, ...without } = own;
        expect([name, verifyReceipt(without as Receipt, keys).state]).toEqual([name, "invalid"]);
      }
      expect(count).toBeGreaterThan(40);
    },
  );

  it("is counted", () => {
    const hashes = recorded.filter(({ receipt }) => verifyReceipt(receipt).hash.result === "ok").length;
    const withKeys = recorded.filter(({ keys }) => keys !== undefined);
    const signatures = withKeys.filter(
      ({ receipt, keys }) => verifyReceipt(receipt, keys).signature.result === "ok",
    );
    console.log(`receipts verified: ${hashes} of ${recorded.length} hashes, ${signatures.length} signatures`);
    expect(hashes).toBe(recorded.length);
    expect(recorded.length).toBeGreaterThanOrEqual(20);
    expect(signatures.length).toBe(withKeys.length);
    expect(signatures.length).toBeGreaterThanOrEqual(3);
  });
});

const [{ receipt: some }] = recorded as [Recorded];

describe("the verdict says which step failed or could not be done", () => {
  const { receipt, keys } = signedBy(some);
  const [key] = keys as [ReceiptKey];

  it("a wrong hash, though its signature holds: the gate's signature covers the hash alone", () => {
    const changed = { ...receipt, failure_class: "timeout" } as Receipt;
    expect(verifyReceipt(changed, keys)).toEqual({
      state: "invalid",
      hash: { result: "failed", why: "result_hash is not the hash of the receipt's members" },
      signature: { result: "ok" },
    });
  });

  it("a changed hash with changed members: the signature fails", () => {
    const changed = { ...receipt, failure_class: "timeout" } as Receipt;
    const forged = { ...changed, result_hash: hashByHand(changed) };
    expect(verifyReceipt(forged, keys)).toMatchObject({
      state: "invalid",
      hash: { result: "ok" },
      signature: { result: "failed" },
    });
  });

  it("an unsigned receipt: without keys it can't be checked, with keys it is none of theirs", () => {
    const { receipt_signature, ...unsigned } = receipt;
    const why = "the receipt is not signed";
    expect(verifyReceipt(unsigned as Receipt)).toMatchObject({
      state: "hash_holds",
      signature: { result: "not_done", why },
    });
    expect(verifyReceipt(unsigned as Receipt, keys)).toMatchObject({
      state: "invalid",
      hash: { result: "ok" },
      signature: { result: "failed", why },
    });
  });

  it.each<[string, object]>([
    [
      "no result_hash, and something that no hash is of",
      { result_hash: undefined, provider_receipt: { ok: Number.NaN } },
    ],
    ["1e999, as JSON.parse reads it", { provider_receipt: JSON.parse('{"ok":true,"n":1e999}') }],
    ["half a surrogate pair", { provider_receipt: "x\ud800" }],
    ["half a surrogate pair in a name", { provider_receipt: { "x\ud800": 1 } }],
    ["a Map, which would be hashed as {}", { provider_receipt: new Map([["ok", true]]) }],
    ["a Date, which would be hashed as its text", { provider_receipt: { at: new Date(0) } }],
    ["a BigInt", { provider_receipt: 1n }],
  ])("what can't be hashed is invalid: %s", (_what, members) => {
    const wrong = { ...receipt, result_hash: undefined, ...members } as unknown as Receipt;
    for (const given of [undefined, keys]) expect(verifyReceipt(wrong, given).state).toBe("invalid");
    const hashed = { ...receipt, ...members } as unknown as Receipt;
    expect(verifyReceipt(hashed).hash).toMatchObject({ result: "failed" });
    // The hash of what JSON would make of it is no way out.
    const likeJson = JSON.parse(JSON.stringify({ ...receipt, provider_receipt: {} })) as Receipt;
    expect(verifyReceipt({ ...hashed, result_hash: hashByHand(likeJson) } as Receipt).state).toBe("invalid");
  });

  it("a saved receipt whose readable half was edited, or lost a member", () => {
    const saved = () => JSON.parse(JSON.stringify(receiptFromJson(receipt))) as Record<string, unknown>;
    expect(verifyReceipt(saved() as never, keys).state).toBe("verified");
    for (const name of Object.keys(saved()).filter((member) => member !== "raw"))
      for (const changed of ["forged", undefined]) {
        const edited = { ...saved(), [name]: changed };
        expect([name, verifyReceipt(edited as never, keys)]).toMatchObject([
          name,
          { state: "invalid", hash: { result: "failed", why: expect.stringContaining("raw") } },
        ]);
      }
    const inner = saved();
    (inner["normalizedResult"] as Record<string, unknown>)["summary"] = "all is well";
    expect(verifyReceipt(inner as never).state).toBe("invalid");
  });

  it("several keys of one kid are all tried", () => {
    const twin = { kid: key.kid, x_hex: key.kid + "0".repeat(48) };
    for (const given of [
      [twin, key],
      [key, twin],
      [twin, twin, key],
    ])
      expect(verifyReceipt(receipt, given).state).toBe("verified");
    expect(verifyReceipt(receipt, [twin]).state).toBe("invalid");
  });

  it("no key of that kid, and an empty list of keys", () => {
    const why = "none of the keys has the receipt's signing_key_id";
    const others = signedBy(some).keys;
    for (const given of [others, [], { keys: [] }])
      expect(verifyReceipt(receipt, given)).toMatchObject({
        state: "invalid",
        signature: { result: "failed", why },
      });
  });

  it("a key under another's kid", () => {
    const [other] = signedBy(some).keys as [ReceiptKey];
    expect(verifyReceipt(receipt, [{ kid: key.kid, x_hex: other.x_hex }])).toMatchObject({
      state: "invalid",
      signature: { result: "failed", why: "the key is not the one that its kid names" },
    });
  });

  it.each([
    ["cut", key.x_hex.slice(2)],
    ["upper case", key.x_hex.toUpperCase()],
    ["no hex", `${key.x_hex.slice(0, 62)}zz`],
    ["empty", ""],
  ])("a key that is none: %s", (_what, x_hex) => {
    expect(verifyReceipt(receipt, [{ kid: key.kid, x_hex }])).toMatchObject({
      signature: { result: "failed" },
    });
  });

  it.each([
    ["cut", (hex: string) => hex.slice(2)],
    ["upper case", (hex: string) => hex.toUpperCase()],
    ["empty", () => ""],
    ["zeros", () => "0".repeat(128)],
  ])("a signature that is none: %s", (_what, change) => {
    const wrong = { ...receipt, receipt_signature: change(receipt.receipt_signature) };
    expect(verifyReceipt(wrong, keys)).toMatchObject({ state: "invalid", signature: { result: "failed" } });
  });

  it("a signature whose second half is not reduced", () => {
    const L = 2n ** 252n + 27742317777372353535851937790883648493n;
    const reversed = (hex: string) => hex.match(/../g)?.reverse().join("") ?? "";
    const s = BigInt(`0x${reversed(receipt.receipt_signature.slice(64))}`) + L;
    const wrong = {
      ...receipt,
      receipt_signature: receipt.receipt_signature.slice(0, 64) + reversed(s.toString(16).padStart(64, "0")),
    };
    expect(verifyReceipt(wrong, keys)).toMatchObject({ state: "invalid", signature: { result: "failed" } });
  });

  it("members in another order are the same receipt", () => {
    const reversed = Object.fromEntries(Object.entries(receipt).reverse()) as Receipt;
    expect(verifyReceipt(reversed, keys).state).toBe("verified");
  });

  it("the gate's own opinion changes nothing", () => {
    for (const signature_status of ["invalid", "valid", "unknown_key_id"] as const)
      expect(verifyReceipt({ ...receipt, signature_status }, keys).state).toBe("verified");
  });

  it("a true receipt inside a false one does not speak for it", () => {
    const false_ = { ...some, provider_receipt: { ok: true, data: "forged" }, raw: receipt } as Receipt;
    expect(verifyReceipt(false_, keys).state).toBe("invalid");
  });

  it.each([
    [{ raw: null }],
    [{}],
    [{ receipt_id: 5 }],
    [{ ...receipt, started_at: 5 }],
    [{ ...receipt, finished_at: null }],
    [{ ...receipt, receipt_signature: 5 }],
    [{ ...receipt, receipt_signature: [receipt.receipt_signature] }],
    [{ ...receipt, receipt_signature: null }],
  ])("what is no receipt is invalid, and no crash: %j", (nonsense) => {
    expect(verifyReceipt(nonsense as unknown as Receipt, keys).state).toBe("invalid");
  });
});

describe("keys that verify what nobody signed", () => {
  // The encodings of points of order 1, 2, 4 and 8, canonical and not, as libsodium lists them (little-endian).
  const SMALL = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  ];
  const withSign = (hex: string) =>
    hex.slice(0, 62) + (Number.parseInt(hex.slice(62), 16) | 0x80).toString(16);

  it.each([...SMALL, ...SMALL.map(withSign)])(
    "are refused, and so is such a point in a signature: %s",
    (point) => {
      const kid = point.slice(0, 16);
      // With a key of order 1, this signature holds for every message: OpenSSL says yes.
      for (const r of [point, "0100000000000000000000000000000000000000000000000000000000000000"]) {
        const forged = { ...some, signing_key_id: kid, receipt_signature: r + "0".repeat(64) };
        expect(verifyReceipt(forged, [{ kid, x_hex: point }])).toMatchObject({
          state: "invalid",
          signature: { result: "failed" },
        });
      }
      const { receipt, keys } = signedBy(some);
      const replaced = { ...receipt, receipt_signature: point + receipt.receipt_signature.slice(64) };
      expect(verifyReceipt(replaced, keys)).toMatchObject({ signature: { result: "failed" } });
    },
  );

  it("do not make a signature of their point R true, with a key that is in order: the identity for R", () => {
    const { privateKey, publicKey } = newKeyPair("ed25519");
    const x_hex = Buffer.from(publicKey.export({ format: "jwk" }).x ?? "", "base64url").toString("hex");
    const seed = Buffer.from(privateKey.export({ format: "jwk" }).d ?? "", "base64url");
    const number = (bytes: Buffer) => BigInt(`0x${Buffer.from(bytes).reverse().toString("hex")}`);
    const sha512 = (bytes: Buffer) => createHash("sha512").update(bytes).digest();
    const scalar = sha512(seed).subarray(0, 32);
    scalar[0] = (scalar[0] ?? 0) & 248;
    scalar[31] = ((scalar[31] ?? 0) & 127) | 64;
    const R = Buffer.from(`01${"00".repeat(31)}`, "hex");
    const message = Buffer.from(some.result_hash);
    const L = 2n ** 252n + 27742317777372353535851937790883648493n;
    // S·B = R + h·A, where R is nothing: whoever has the key signs without a nonce, and OpenSSL says yes.
    const h = number(sha512(Buffer.concat([R, Buffer.from(x_hex, "hex"), message])));
    const S = Buffer.from(((h * number(scalar)) % L).toString(16).padStart(64, "0"), "hex").reverse();
    const signature = Buffer.concat([R, S]);
    // The OpenSSL of Node 20 and 22 takes such a signature for good; that of newer ones refuses it by itself.
    if (Number(process.versions.node.split(".")[0]) < 24)
      expect(verify(null, message, publicKey, signature)).toBe(true);
    const kid = x_hex.slice(0, 16);
    const receipt = { ...some, signing_key_id: kid, receipt_signature: signature.toString("hex") };
    expect(verifyReceipt(receipt, [{ kid, x_hex }])).toMatchObject({
      state: "invalid",
      signature: { result: "failed", why: "the key or the signature is a point that verifies anything" },
    });
  });

  it.each([0n, 1n, 3n, 4n, 5n, 9n, 18n])("are refused where they are not canonical: p + %s", (offset) => {
    const x_hex = Buffer.from((2n ** 255n - 19n + offset).toString(16).padStart(64, "0"), "hex")
      .reverse()
      .toString("hex");
    const forged = { ...some, signing_key_id: x_hex.slice(0, 16) };
    const verdict = verifyReceipt(forged, [{ kid: x_hex.slice(0, 16), x_hex }]);
    expect(verdict.signature).toEqual({
      result: "failed",
      why: "the key or the signature is a point that verifies anything",
    });
  });
});

it("agrees with RFC 8032's second test vector about keys", () => {
  const seed = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb";
  const privateKey = createPrivateKey({
    key: Buffer.from(`302e020100300506032b657004220420${seed}`, "hex"),
    format: "der",
    type: "pkcs8",
  });
  const x_hex = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
  const kid = x_hex.slice(0, 16);
  const receipt_signature = sign(null, Buffer.from(some.result_hash), privateKey).toString("hex");
  const receipt = { ...some, signing_key_id: kid, receipt_signature };
  expect(verifyReceipt(receipt, [{ kid, x_hex }]).state).toBe("verified");
});
