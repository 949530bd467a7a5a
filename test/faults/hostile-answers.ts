import fc from "fast-check";
import { executed, leaseBody } from "../support/bare.ts";

/** An id as the gate's. */
export const ID = "01a20b78-9135-73d1-b60a-96ca386fced1";
/** What the client is told to take at most; bodies are made around it. */
export const MAX_BYTES = 64 * 1024;

const hostileValue = fc.oneof(
  fc.constantFrom<unknown>(null, 0, -1, 1e308, 2 ** 53 + 1, "", "\u0000", [], {}, true, "approved", "\ud800"),
  fc.jsonValue({ maxDepth: 3 }),
);

/** An answer as the gate's, with members of wrong types, and others that nobody asked for. */
const mutated = fc
  .tuple(
    fc.constantFrom<Record<string, unknown>>(
      executed,
      leaseBody(),
      { decision: "pending_approval", approval_id: ID, request_hash: "sha256:00", trace_id: ID },
      { status: "pending", retry_after_seconds: 2 },
      { status: "approved", receipt_id: ID },
      { receipt_id: ID, grant_id: ID, normalized_result: {}, verification_outcome: {}, result_hash: "00" },
      { actions: [] },
      { action_id: "echo", egress: { proxy_allowlist: { allowed_domains: ["a"] } } },
      { error: "invalid_dpop", deny_reason: "iat too old (iat=1, now=99999999999999999999)" },
      { error: "policy_denied", deny_reason: "budget exhausted" },
      { error: "rate_limited", retry_after_seconds: 1e9 },
    ),
    fc.dictionary(
      fc.constantFrom(
        ...[
          "receipt_id",
          "verification",
          "runtime",
          "output",
          "lease_jwt",
          "session_id",
          "expires_at",
          "status",
        ],
        ...["retry_after_seconds", "actions", "egress", "error", "deny_reason", "approval_id", "trace_id"],
        ...["normalized_result", "verification_outcome", "__proto__", "constructor", "toString", "toJSON"],
      ),
      hostileValue,
      { noNullPrototype: true },
    ),
  )
  .map(([body, changes]) => JSON.stringify({ ...body, ...changes }));

const deep = (depth: number) => `${'{"a":['.repeat(depth)}1${"]}".repeat(depth)}`;

const body: fc.Arbitrary<Buffer> = fc.oneof(
  { weight: 4, arbitrary: mutated.map((text) => Buffer.from(text)) },
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  fc.json().map((text) => Buffer.from(text)),
  fc
    .constantFrom(
      ...[
        "",
        "null",
        "[]",
        "1e999",
        "-",
        "{",
        '{"receipt_id":',
        deep(5_000),
        deep(40_000),
        `[${"9".repeat(5000)}]`,
      ],
      ...['{"__proto__":{"polluted":1},"receipt_id":"x"}', '{"constructor":{"prototype":{"polluted":1}}}'],
      ...['\ufeff{"receipt_id":"x"}', '{"receipt_id":"x","receipt_id":5}', "<html>", '"lone \\ud800"'],
    )
    .map((text) => Buffer.from(text)),
  fc
    .constantFrom(MAX_BYTES - 1, MAX_BYTES, MAX_BYTES + 1, 3 * MAX_BYTES)
    .map((size) => Buffer.alloc(size, " ")),
  fc.constant(
    Buffer.concat([Buffer.from('{"receipt_id":"'), Buffer.from([0xff, 0xc0, 0x80]), Buffer.from('"}')]),
  ),
);

const status = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(200, 202, 401, 403, 422, 429, 500, 503) },
  fc.integer({ min: 100, max: 999 }),
);

const oddHeader = fc.oneof(
  fc.constantFrom(
    ...[
      "Retry-After: -1",
      "Retry-After: 1e99",
      "Retry-After: Thu, 99 Foo",
      "Retry-After: 99999999999999999999",
    ],
    ...[
      "Content-Length: 5",
      "Content-Length: -1",
      "Content-Length: 99999999999",
      "Transfer-Encoding: chunked",
    ],
    ...[
      "Transfer-Encoding: gzip, chunked",
      "Content-Encoding: gzip",
      "Content-Type: text/html; charset=utf-7",
    ],
    ...[
      "Location: http://127.0.0.1:9/",
      "Connection: close",
      "Connection: upgrade",
      "Upgrade: h2c",
      "Date: never",
    ],
    ...[
      "Date: Thu, 01 Jan 1970 00:00:00 GMT",
      "__proto__: x",
      "constructor: x",
      "X: \u00e4\u0007",
      "no colon",
      ": x",
    ],
    ...[" folded: x", `X-Long: ${"y".repeat(20_000)}`, "Set-Cookie: a=b", "DPoP-Nonce: abc"],
  ),
  fc.string({ maxLength: 30 }),
);

/** What a server of bare bytes sends for one answer, in how many pieces, and what it does then. */
export const wire = fc
  .record({
    start: fc.oneof(
      { weight: 8, arbitrary: status.map((code) => `HTTP/1.1 ${code} X`) },
      fc.constantFrom(
        "HTTP/1.1 99 X",
        "HTTP/1.1 2000 X",
        "HTTP/1.0 200",
        "HTTP/9.9 200 X",
        "ICY 200 OK",
        "",
        "\u0000",
      ),
    ),
    before: fc.constantFrom(
      ...["", "", "", "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 103 Early\r\nLink: x\r\n\r\n", "\r\n\r\n"],
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    ),
    headers: fc.array(oddHeader, { maxLength: 2 }),
    sized: fc.boolean(),
    body,
    cuts: fc.array(fc.nat(400), { maxLength: 4 }),
    end: fc.oneof(
      { weight: 6, arbitrary: fc.constant("end" as const) },
      { weight: 3, arbitrary: fc.constant("destroy" as const) },
      { weight: 1, arbitrary: fc.constant("stay" as const) },
    ),
  })
  .map(({ start, before, headers, sized, body: bytes, cuts, end }) => {
    const length = sized ? [`Content-Length: ${bytes.length}`] : [];
    const head = `${before}${[start, ...length, ...headers].join("\r\n")}\r\n\r\n`;
    const whole = Buffer.concat([Buffer.from(head, "latin1"), bytes]);
    const places = [0, ...cuts.filter((cut) => cut < whole.length).sort((a, b) => a - b), whole.length];
    const pieces = places.slice(1).map((place, nth) => whole.subarray(places[nth], place));
    return { pieces, end };
  });
export type Wire = typeof wire extends fc.Arbitrary<infer Value> ? Value : never;

/** What a stand-in for fetch may give or throw. */
export const fetched = fc.oneof(
  fc.tuple(status, body, fc.array(oddHeader, { maxLength: 2 })).map(
    ([code, bytes, headers]) =>
      () =>
        duck(code, bytes, headers),
  ),
  fc.tuple(fc.constantFrom(200, 202, 400, 503), body).map(
    ([code, bytes]) =>
      () =>
        new Response(bytes, { status: code }),
  ),
  fc.tuple(hostileValue, hostileValue, hostileValue).map(([code, headers, content]) => () => ({
    status: code,
    headers,
    body: content,
  })),
  hostileValue.map((value) => () => value),
  fc
    .oneof(hostileValue, fc.constantFrom<unknown>(undefined, Symbol("x"), hostileError()))
    .map((thrown) => () => {
      throw thrown;
    }),
);

function duck(code: number, bytes: Buffer, lines: readonly string[]) {
  const pairs = lines.map((line) => line.split(": ") as [string, string]);
  const get = (name: string) => pairs.find(([key]) => key.toLowerCase() === name)?.[1] ?? null;
  const headers = { get, [Symbol.iterator]: () => pairs[Symbol.iterator]() };
  const text = async () => bytes.toString();
  return { status: code, ok: code === 200, redirected: code === 302, headers, text };
}

/** An error that can't be looked at. */
function hostileError(): Error {
  const error = new Error("hostile");
  for (const name of ["code", "cause", "stack", "name"])
    Object.defineProperty(error, name, {
      get: () => {
        throw new Error(`do not ask for ${name}`);
      },
    });
  return error;
}
