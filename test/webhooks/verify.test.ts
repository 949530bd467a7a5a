import { LatchGateError } from "latchgate-client";
import {
  LatchGateWebhookError,
  type RawBody,
  type VerifyOptions,
  verifyWebhook,
  verifyWebhookSignature,
  type WebhookErrorCode,
  type WebhookHeaders,
} from "latchgate-client/webhooks";
import { describe, expect, expectTypeOf, test } from "vitest";
import { leaksOf } from "../faults/sinks.ts";
import { bodyOf, deliveries, formatOf, valuesOf } from "./recorded.ts";
import { eventText, NOW, pending, revocation, SECRET, signed } from "./signed.ts";

const now = () => NOW;

/** What a verification fails with: the package's own error, and nothing secret in it. */
function failure(
  body: RawBody,
  headers: WebhookHeaders,
  secret: string | readonly string[] = SECRET,
  options: VerifyOptions = { now },
): LatchGateWebhookError {
  try {
    verifyWebhook(body, headers, secret, options);
  } catch (error) {
    if (!(error instanceof LatchGateWebhookError)) throw error;
    expect(error).toBeInstanceOf(LatchGateError);
    const given = typeof secret === "string" ? [secret] : Array.isArray(secret) ? secret : [];
    const words = [...given, "docs/leave.md", "agent:t"].filter(
      (word) => typeof word === "string" && word.length > 3,
    );
    expect(leaksOf(error.name, error, words)).toEqual([]);
    return error;
  }
  throw new Error("it was accepted");
}

describe("recorded deliveries", () => {
  const recorded = deliveries();
  const at = (delivery: { at: string }) => ({ now: () => Date.parse(delivery.at) });
  const twice = (delivery: (typeof recorded)[number]) =>
    valuesOf(delivery, "x-latchgate-signature").length > 1;

  test("each is accepted with the secret that signed it, by its bytes and by its text", () => {
    let accepted = 0;
    for (const delivery of recorded) {
      const { headers, body } = delivery.request;
      // The one endpoint whose configuration doubles the gate's headers: what it was sent the gate's own came first.
      const own = headers.filter(([name], index) => headers.findIndex(([other]) => other === name) === index);
      verifyWebhookSignature(Buffer.from(body, "utf8"), own, delivery.secret, at(delivery));
      verifyWebhookSignature(body, own, delivery.secret, at(delivery));
      accepted += 1;
    }
    console.log(`recorded signatures verified: ${accepted} of ${recorded.length}`);
    expect(accepted).toBe(recorded.length);
  });

  test("those of the generic format are events, and those of the others are told to be none", () => {
    for (const delivery of recorded.filter((one) => !twice(one))) {
      const { headers, body } = delivery.request;
      if (formatOf(bodyOf(delivery)) === "generic")
        expect(verifyWebhook(body, headers, delivery.secret, at(delivery))).toEqual(bodyOf(delivery));
      else expect(failure(body, headers, delivery.secret, at(delivery)).code).toBe("not_an_event");
    }
  });

  test("those with the gate's headers doubled by the endpoint's configuration are refused, as pairs and as joined", () => {
    const doubled = recorded.filter(twice);
    expect(doubled.length).toBeGreaterThan(0);
    for (const delivery of doubled) {
      const { headers, body } = delivery.request;
      const pairs = headers.map(([name, value]): [string, string] => [name, value]);
      for (const given of [pairs, new Headers(pairs.filter(([name]) => name.startsWith("x-latchgate")))])
        expect(failure(body, given, delivery.secret, at(delivery)).code).toBe("repeated_header");
    }
  });

  test("none is accepted with another endpoint's secret, with a byte changed, or at another second", () => {
    for (const [index, delivery] of recorded.filter((one) => !twice(one)).entries()) {
      const { headers, body } = delivery.request;
      expect(failure(body, headers, `${delivery.secret} `, at(delivery)).code).toBe("signature");
      const bytes = Buffer.from(body);
      const place = index % bytes.length;
      bytes[place] = (bytes[place] ?? 0) ^ 1;
      expect(failure(bytes, headers, delivery.secret, at(delivery)).code).toBe("signature");
      const later = headers.map(([name, value]): [string, string] => [
        name,
        name === "x-latchgate-timestamp" ? String(Number(value) + 1) : value,
      ]);
      expect(failure(body, later, delivery.secret, at(delivery)).code).toBe("signature");
    }
  });
});

describe("verifyWebhook", () => {
  test("gives the event, told apart by its type, with members that are not described", () => {
    const body = pending({ new_member: [1] });
    const event = verifyWebhook(body, signed(body), SECRET, { now });
    expect(event).toEqual(JSON.parse(body));
    if (event.type !== "approval.pending") throw new Error("another kind");
    expectTypeOf(event.data.risk_level).toEqualTypeOf<"low" | "medium" | "high" | "critical">();
    expectTypeOf(event.data.owner).toEqualTypeOf<string | null>();
    const unknown = eventText("lease.issued", {});
    expect(verifyWebhook(unknown, signed(unknown), SECRET, { now }).type).toBe("lease.issued");
  });

  test("takes bytes in every shape in which they are handed over", () => {
    const body = pending({ principal: "é🔒\u2028" });
    const bytes = new TextEncoder().encode(body);
    const within = new Uint8Array(bytes.length + 7);
    within.set(bytes, 3);
    const shapes = [body, bytes, Buffer.from(body), bytes.buffer, within.subarray(3, bytes.length + 3)];
    for (const shape of shapes)
      expect(verifyWebhook(shape, signed(body), SECRET, { now })).toEqual(JSON.parse(body));
  });

  test("takes headers in every shape in which they are handed over, in any case of their names", () => {
    const body = revocation();
    const headers = signed(body);
    const upper = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name.toUpperCase(), value]),
    );
    const distinct = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]]));
    const pairs = Object.entries(headers);
    const shapes = [
      headers,
      upper,
      distinct,
      new Headers(headers),
      pairs,
      new Map(pairs),
      { ...headers, a: undefined },
    ];
    for (const shape of shapes) expect(verifyWebhook(body, shape, SECRET, { now }).type).toBe("revocation");
  });

  const body = revocation();
  const headers = signed(body);
  const {
    "x-latchgate-signature": signature = "",
    "x-latchgate-timestamp": timestamp = "",
    ...neither
  } = headers;

  const REFUSED: readonly [title: string, code: WebhookErrorCode, headers: WebhookHeaders][] = [
    ["no headers at all", "missing_header", {}],
    ["no signature", "missing_header", { ...neither, "x-latchgate-timestamp": timestamp }],
    ["no timestamp", "missing_header", { ...neither, "x-latchgate-signature": signature }],
    ["an empty list", "missing_header", { ...headers, "x-latchgate-timestamp": [] }],
    [
      "two signatures in a list",
      "repeated_header",
      { ...headers, "x-latchgate-signature": [signature, signature] },
    ],
    ["two timestamps joined", "repeated_header", { ...headers, "x-latchgate-timestamp": `${timestamp}, 1` }],
    ["two of other case", "repeated_header", { ...headers, "X-LatchGate-Signature": signature }],
    ["two pairs", "repeated_header", [...Object.entries(headers), ["x-latchgate-timestamp", timestamp]]],
    ["an empty signature", "malformed_header", { ...headers, "x-latchgate-signature": "" }],
    ["hex alone", "malformed_header", { ...headers, "x-latchgate-signature": signature.slice(7) }],
    ["half a signature", "malformed_header", { ...headers, "x-latchgate-signature": signature.slice(0, -2) }],
    ["a longer signature", "malformed_header", { ...headers, "x-latchgate-signature": `${signature}00` }],
    ["no hex", "malformed_header", { ...headers, "x-latchgate-signature": `${signature.slice(0, -1)}g` }],
    ["a line's end behind it", "malformed_header", { ...headers, "x-latchgate-signature": `${signature}\n` }],
    [
      "another algorithm",
      "malformed_header",
      { ...headers, "x-latchgate-signature": signature.replace("256", "512") },
    ],
    [
      "its name in upper case",
      "malformed_header",
      { ...headers, "x-latchgate-signature": signature.replace("sha", "SHA") },
    ],
    ["an empty timestamp", "malformed_header", { ...headers, "x-latchgate-timestamp": "" }],
    ["a signed timestamp", "malformed_header", { ...headers, "x-latchgate-timestamp": `+${timestamp}` }],
    ["a negative one", "malformed_header", { ...headers, "x-latchgate-timestamp": "-1" }],
    ["a fraction", "malformed_header", { ...headers, "x-latchgate-timestamp": `${timestamp}.0` }],
    ["hex", "malformed_header", { ...headers, "x-latchgate-timestamp": "0x6a" }],
    ["a blank before it", "malformed_header", { ...headers, "x-latchgate-timestamp": ` ${timestamp}` }],
    ["digits of another script", "malformed_header", { ...headers, "x-latchgate-timestamp": "١٢٣" }],
    ["a date", "malformed_header", { ...headers, "x-latchgate-timestamp": new Date(NOW).toISOString() }],
    ["the epoch", "too_old", { ...headers, "x-latchgate-timestamp": "0" }],
    [
      "more digits than a number holds",
      "from_the_future",
      { ...headers, "x-latchgate-timestamp": "9".repeat(400) },
    ],
    ["a header that is no text", "malformed_header", { ...headers, "x-latchgate-timestamp": 1 as never }],
    ["a flat list", "invalid_options", Object.entries(headers).flat() as never],
    ["none", "invalid_options", undefined as never],
  ];
  for (const [title, code, given] of REFUSED)
    test(`refuses headers: ${title}`, () => {
      expect(failure(body, given).code).toBe(code);
    });

  test("accepts the signature's hex in either case, as the gate's own verifier does", () => {
    const upper = `sha256=${signature.slice(7).toUpperCase()}`;
    expect(verifyWebhook(body, { ...headers, "x-latchgate-signature": upper }, SECRET, { now }).type).toBe(
      "revocation",
    );
  });

  test("accepts 300 seconds back and 5 ahead, both inclusive, and not one more", () => {
    const at = (seconds: number) => ({ now: () => NOW + seconds * 1_000 });
    for (const seconds of [300.999, 300, 0, -5])
      expect(verifyWebhook(body, headers, SECRET, at(seconds)).type).toBe("revocation");
    expect(failure(body, headers, SECRET, at(301))).toMatchObject({ code: "too_old", message: /301 s ago/ });
    expect(failure(body, headers, SECRET, at(-5.001)).code).toBe("from_the_future");
  });

  test("takes other tolerances, none, and any age", () => {
    const options = (toleranceSeconds: number, forwardToleranceSeconds: number, seconds: number) => ({
      toleranceSeconds,
      forwardToleranceSeconds,
      now: () => NOW + seconds * 1_000,
    });
    expect(failure(body, headers, SECRET, options(0, 0, 1)).code).toBe("too_old");
    expect(failure(body, headers, SECRET, options(0, 0, -1)).code).toBe("from_the_future");
    for (const accepted of [options(0, 0, 0), options(Number.POSITIVE_INFINITY, 0, 9e9), options(0, 60, -60)])
      expect(verifyWebhook(body, headers, SECRET, accepted).type).toBe("revocation");
  });

  test("reads the clock of this machine where none is given", () => {
    expect(verifyWebhook(body, signed(body, { at: Date.now() }), SECRET).type).toBe("revocation");
    expect(failure(body, headers, SECRET, {}).code).toMatch(/^(too_old|from_the_future)$/);
  });

  test("refuses another secret, and other bytes", () => {
    expect(failure(body, headers, "whsec_another").code).toBe("signature");
    expect(failure(`${body}\n`, headers).code).toBe("signature");
    expect(failure("", headers).code).toBe("signature");
  });

  test("signs the body as it came, not as it would be written again", () => {
    const text = eventText("lease.issued", {}).replace("{}", '{"n":1e+21,"s":"\\u00e9"}');
    expect(JSON.stringify(JSON.parse(text))).not.toBe(text);
    expect(verifyWebhook(text, signed(text), SECRET, { now }).type).toBe("lease.issued");
    expect(failure(JSON.stringify(JSON.parse(text)), signed(text)).code).toBe("signature");
  });

  test("takes a secret whole: no prefix cut, nothing decoded, nothing trimmed", () => {
    for (const secret of [
      " ключ ✓ \"'\\ ",
      "a",
      " ",
      "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
      "x".repeat(5_000),
    ]) {
      expect(verifyWebhook(body, signed(body, { secret }), secret, { now }).type).toBe("revocation");
      for (const other of [secret.trim(), secret.replace("whsec_", ""), `${secret} `])
        if (other !== secret && other !== "")
          expect(failure(body, signed(body, { secret }), other).code).toBe("signature");
    }
  });

  test("takes several secrets while one is being changed, whichever of them has signed", () => {
    const old = "whsec_the-old-one-that-goes";
    for (const secrets of [
      [old, SECRET],
      [SECRET, old],
      [SECRET, old, "whsec_third-of-three"],
    ]) {
      expect(verifyWebhook(body, headers, secrets, { now }).type).toBe("revocation");
      expect(verifyWebhook(body, signed(body, { secret: old }), secrets, { now }).type).toBe("revocation");
    }
    expect(failure(body, headers, [old, "whsec_third-of-three"]).code).toBe("signature");
  });

  test("says so where the body is no event, only once the signature holds", () => {
    for (const text of [
      "",
      "null",
      "[]",
      '"x"',
      "{}",
      '{"id":"evt_1","type":"a"}',
      '{"id":1,"type":"a","data":{}}',
    ])
      expect(failure(text, signed(text)).code).toBe(text === "" ? "not_json" : "not_an_event");
    expect(failure("{", signed("{")).code).toBe("not_json");
    // A byte order mark is no JSON, in text or in bytes.
    const marked = `\ufeff${body}`;
    for (const given of [marked, Buffer.from(marked)])
      expect(failure(given, signed(marked)).code).toBe("not_json");
    const latin = Buffer.from(body.replace("default", "d\u00e9fault"), "latin1");
    expect(failure(latin, signed(latin)).code).toBe("not_json");
    expect(failure("{", { ...signed("{"), "x-latchgate-signature": signature }).code).toBe("signature");
  });

  test("refuses a parsed body, and says how to keep the bytes", () => {
    for (const parsed of [JSON.parse(body), undefined, null, 7, [body]])
      expect(failure(parsed as never, headers)).toMatchObject({
        code: "parsed_body",
        message: /express\.raw/,
      });
  });

  test("refuses what can't be meant: no secret, an empty one, tolerances and a clock that are none", () => {
    for (const secret of ["", [], [""], [SECRET, ""], null, 7, [undefined], {}])
      expect(failure(body, headers, secret as never).code).toBe("invalid_options");
    const wrong = [
      { toleranceSeconds: -1 },
      { forwardToleranceSeconds: Number.NaN },
      { toleranceSeconds: "300" },
      { now: NOW },
      null,
    ];
    for (const options of wrong)
      expect(failure(body, headers, SECRET, options as never).code).toBe("invalid_options");
    expect(failure(body, headers, SECRET, { now: () => Number.NaN }).code).toBe("from_the_future");
  });
});
