import fc from "fast-check";
import {
  LatchGateWebhookError,
  type RawBody,
  verifyWebhook,
  type WebhookHeaders,
  webhookReceiver,
} from "latchgate-client/webhooks";
import { expect, test } from "vitest";
import { leaksOf } from "../faults/sinks.ts";
import { NOW, pending, revocation, SECRET, signed } from "./signed.ts";

const now = () => NOW;
const RUNS = { numRuns: 300 };

/** Bodies of strangers: any text, any bytes, JSON of any shape, and a gate's own with something changed. */
const body: fc.Arbitrary<string | Uint8Array<ArrayBuffer>> = fc.oneof(
  fc.string({ unit: "binary", maxLength: 400 }),
  fc.uint8Array({ maxLength: 400 }).map((bytes) => Uint8Array.from(bytes)),
  fc.json(),
  fc.integer({ min: 1, max: 3_000 }).map((depth) => "[".repeat(depth)),
  fc.constantFrom(pending(), revocation(), "", "null", '{"__proto__":{"id":1}}'),
);
const value = fc.oneof(
  fc.string({ unit: "binary", maxLength: 100 }),
  fc.stringMatching(/^sha256=[0-9a-f]{64}$/),
  fc.integer({ min: NOW / 1_000 - 10, max: NOW / 1_000 + 10 }).map(String),
  fc.constantFrom("", ",", "sha256=", "1e9", "-0", "9".repeat(500)),
);
const name = fc.oneof(
  fc.constantFrom("x-latchgate-signature", "X-LatchGate-Timestamp", "__proto__", "constructor"),
  fc.string({ maxLength: 30 }),
);
const anything = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withTypedArray: true,
  withNullPrototype: true,
});
const headers = fc.oneof(
  fc.dictionary(name, fc.oneof(value, fc.array(value, { maxLength: 3 }))),
  fc.array(fc.tuple(name, value), { maxLength: 6 }),
  anything,
);

/** Runs it; what it throws must be the package's own, and must hold nothing secret. */
function refusal(run: () => unknown, secrets: readonly string[]): string {
  try {
    run();
    return "";
  } catch (error) {
    if (!(error instanceof LatchGateWebhookError)) throw error;
    expect(leaksOf(error.name, error, secrets)).toEqual([]);
    return error.code;
  }
}

test("whatever strangers send, verifyWebhook gives an event or its own error, and no event without the signature", () => {
  const codes = new Set<string>();
  const property = fc.property(fc.oneof(body, anything), headers, (sent, given) => {
    const code = refusal(
      () => verifyWebhook(sent as RawBody, given as WebhookHeaders, SECRET, { now }),
      [SECRET],
    );
    expect(code).not.toBe("");
    codes.add(code);
  });
  fc.assert(property, RUNS);
  expect(codes.size).toBeGreaterThan(2);
});

test("whatever a holder of the secret signs, it is an event or a clear error, and nothing of it is in the error", () => {
  const property = fc.property(body, fc.string({ minLength: 12, maxLength: 40 }), (sent, marked) => {
    const text = typeof sent === "string" ? `${sent}${JSON.stringify(marked)}` : sent;
    const code = refusal(() => verifyWebhook(text, signed(text), SECRET, { now }), [SECRET, marked]);
    expect(["", "not_json", "not_an_event"]).toContain(code);
  });
  fc.assert(property, RUNS);
});

test("whatever is given for secrets and options, the error is the package's own", () => {
  const text = revocation();
  const property = fc.property(anything, anything, (secret, options) => {
    const code = refusal(
      () => verifyWebhook(text, signed(text), secret as string, options as object),
      [SECRET],
    );
    expect(code).toMatch(/^(invalid_options|signature|too_old|from_the_future)$/);
  });
  fc.assert(property, RUNS);
});

test("a receiver answers every stranger with a status that it has, never rejects, and runs no handler", async () => {
  const handled: string[] = [];
  const note = ({ type }: { type: string }) => void handled.push(type);
  const receiver = webhookReceiver({
    secrets: SECRET,
    now,
    on: { "approval.pending": note, revocation: note },
    onUnknown: note,
    onError: (error) => expect(leaksOf(error.name, error, [SECRET])).toEqual([]),
  });
  const property = fc.asyncProperty(
    body,
    fc.array(fc.tuple(name, value), { maxLength: 6 }),
    async (sent, given) => {
      const list = new Headers();
      for (const [name, value] of given)
        try {
          list.append(name, value);
        } catch {
          // No header at all.
        }
      const request = new Request("https://hooks.example/", { method: "POST", body: sent, headers: list });
      const { status } = await receiver.fetch(request);
      expect([400, 401, 413]).toContain(status);
    },
  );
  await fc.assert(property, RUNS);
  await receiver.idle();
  expect(handled).toEqual([]);
});

test("a receiver, its handlers' errors and what a program prints of them show no secret", () => {
  const receiver = webhookReceiver({ secrets: [SECRET, `${SECRET}-2`], onError: () => {} });
  expect(leaksOf("receiver", receiver, [SECRET])).toEqual([]);
});
