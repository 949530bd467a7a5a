import { createServer, type Socket } from "node:net";
import { inspect } from "node:util";
import {
  type ClientOptions,
  LatchGateClient,
  LatchGateError,
  LatchGateInvalidRequest,
  LatchGateOutcomeUnknown,
  LatchGateTooLarge,
  LatchGateTransportError,
  LatchGateUnavailable,
} from "latchgate-client";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  type Answer,
  type Arrived,
  answerExecuted,
  answerJson,
  bareGate,
  everythingOf,
  leaseBody,
  leaseToken,
  listening,
  rejection,
  secretsIn,
} from "../support/bare.ts";

function clientOf(options: ClientOptions): LatchGateClient {
  const client = new LatchGateClient({ agentId: "agent:test", retry: false, ...options });
  onTestFinished(() => client.close());
  return client;
}

const text =
  (status: number, body: string | Buffer, type = "text/html"): Answer =>
  (_request, response) =>
    response.writeHead(status, { "content-type": type }).end(body);
const json =
  (status: number, body: unknown): Answer =>
  (_request, response) =>
    answerJson(response, status, body);

/** Nothing that arrived as a token or proof is in what the caller got. */
function expectNoSecret(error: unknown, arrived: readonly Arrived[]): void {
  const secrets = secretsIn(arrived);
  expect(secrets.length).toBeGreaterThan(0);
  const all = everythingOf(error);
  for (const secret of secrets) if (all.includes(secret)) expect.fail(`${secret} is in ${all}`);
}

const HTML = "<html><body><h1>It works!</h1></body></html>";

describe("an answer to execute that can't be used", () => {
  type Row = [string, Answer, unknown, Partial<LatchGateError>];
  const rows: Row[] = [
    [
      "HTML with 200",
      text(200, HTML),
      LatchGateOutcomeUnknown,
      { code: "unreadable_answer", status: 200, outcome: "unknown" },
    ],
    ["null", json(200, null), LatchGateOutcomeUnknown, { code: "unreadable_answer", outcome: "unknown" }],
    ["a list", json(200, []), LatchGateOutcomeUnknown, { code: "unreadable_answer", outcome: "unknown" }],
    ["a string", json(200, "x"), LatchGateOutcomeUnknown, { code: "unreadable_answer", outcome: "unknown" }],
    [
      "nothing with 200",
      text(200, ""),
      LatchGateOutcomeUnknown,
      { code: "unreadable_answer", outcome: "unknown" },
    ],
    [
      "bytes that are no UTF-8",
      text(200, Buffer.from([0xff, 0xfe, 0x7b, 0x80])),
      LatchGateOutcomeUnknown,
      { code: "unreadable_answer", outcome: "unknown" },
    ],
    [
      "JSON that is cut",
      text(200, '{"receipt_id":"r","outp'),
      LatchGateOutcomeUnknown,
      { code: "unreadable_answer", outcome: "unknown" },
    ],
    [
      "200 without receipt_id",
      json(200, { decision: "executed", output: {} }),
      LatchGateOutcomeUnknown,
      { code: "unreadable_answer", status: 200, outcome: "unknown" },
    ],
    [
      "202 without approval_id",
      json(202, { decision: "pending_approval" }),
      LatchGateOutcomeUnknown,
      { code: "unreadable_answer", status: 202, outcome: "unknown" },
    ],
    [
      "nothing with 202",
      text(202, ""),
      LatchGateOutcomeUnknown,
      { code: "unreadable_answer", outcome: "unknown" },
    ],
    [
      "204",
      (_request, response) => response.writeHead(204).end(),
      LatchGateOutcomeUnknown,
      { status: 204, outcome: "unknown" },
    ],
    ["201", json(201, {}), LatchGateOutcomeUnknown, { status: 201, outcome: "unknown" }],
    [
      "302",
      (_request, response) => response.writeHead(302, { location: "/login" }).end(),
      LatchGateOutcomeUnknown,
      { status: 302, code: "unexpected_status_302", outcome: "unknown" },
    ],
    [
      "500 with null",
      json(500, null),
      LatchGateOutcomeUnknown,
      { status: 500, code: "unexpected_status_500", outcome: "unknown" },
    ],
    ["500 with nothing", text(500, ""), LatchGateOutcomeUnknown, { status: 500, outcome: "unknown" }],
    [
      "502 with HTML",
      text(502, HTML),
      LatchGateOutcomeUnknown,
      { status: 502, code: "unexpected_status_502", outcome: "unknown", body: HTML },
    ],
    ["503 with HTML", text(503, HTML), LatchGateOutcomeUnknown, { status: 503, outcome: "unknown" }],
    [
      "413 in plain text",
      text(413, "Failed to buffer the request body: length limit exceeded", "text/plain"),
      LatchGateTooLarge,
      { status: 413, outcome: "not_executed" },
    ],
    [
      "400 in plain text",
      text(400, "Invalid URL: Invalid UTF-8 in `action_id`", "text/plain; charset=utf-8"),
      LatchGateInvalidRequest,
      { status: 400, outcome: "not_executed" },
    ],
    [
      "400 in a proxy's text",
      text(400, "Bad Request", "text/plain"),
      LatchGateOutcomeUnknown,
      { status: 400, outcome: "unknown" },
    ],
    ["403 with HTML", text(403, HTML), LatchGateOutcomeUnknown, { status: 403, outcome: "unknown" }],
    [
      "an error word that is none",
      json(503, { error: { a: 1 } }),
      LatchGateOutcomeUnknown,
      { status: 503, outcome: "unknown" },
    ],
  ];
  it.each(rows)("%s", async (_what, answer, type, fields) => {
    const gate = await bareGate(answer);
    const error = await rejection(clientOf({ baseUrl: gate.baseUrl }).execute("echo", { a: 1 }));
    expect((error as Error).constructor).toBe(type);
    expect(error).toMatchObject({
      ...fields,
      attempts: 1,
      request: { method: "POST", path: "/v1/actions/echo/execute" },
      sessionId: "01a20b78-9109-77a1-be39-5571fe431537",
    });
    expectNoSecret(error, gate.arrived);
    expect(gate.calls).toHaveLength(1);
  });

  it("says `invalid JSON in execute response`, as 0.2.0 did", async () => {
    const gate = await bareGate(text(200, HTML));
    const error = await rejection(clientOf({ baseUrl: gate.baseUrl }).execute("echo"));
    expect((error as Error).message).toMatch(/^invalid JSON in execute response: the action may have run/);
  });

  it("is not made smaller than it is: a body of null does not crash, a long one is cut", async () => {
    const gate = await bareGate(text(502, `<p>${"x".repeat(5000)}</p>`));
    const error = (await rejection(clientOf({ baseUrl: gate.baseUrl }).execute("echo"))) as LatchGateError;
    expect(String(error.body)).toHaveLength(1000);
  });

  const deep = `${"[".repeat(20_000)}${"]".repeat(20_000)}`;
  const large = JSON.stringify("x".repeat(70_000));

  it.each([
    ["deep", deep],
    ["large", large],
  ])("is understood by its words and can be written to a log, however %s it is", async (_, more) => {
    const gate = await bareGate(text(401, `{"more":${more},"error":"replay_detected","deny_reason":"seen"}`));
    const error = (await rejection(clientOf({ baseUrl: gate.baseUrl }).execute("echo"))) as LatchGateError;
    expect(JSON.parse(JSON.stringify(error))).toMatchObject({
      name: "LatchGateReplayDetected",
      code: "replay_detected",
      outcome: "unknown",
      body: { error: "replay_detected", deny_reason: "seen" },
    });
    expect(error.body).not.toHaveProperty("more");
  });

  it.each([deep, large])("without words is kept as text, cut to what a person would read", async (body) => {
    const gate = await bareGate(text(503, body));
    const error = (await rejection(clientOf({ baseUrl: gate.baseUrl }).execute("echo"))) as LatchGateError;
    expect(JSON.parse(JSON.stringify(error))).toMatchObject({ status: 503, body: body.slice(0, 1000) });
  });
});

describe("an answer to a read that can't be used", () => {
  const reads: [string, (client: LatchGateClient) => Promise<unknown>, string][] = [
    ["getReceipt", (client) => client.getReceipt("r-1"), "receipt"],
    ["getApprovalStatus", (client) => client.getApprovalStatus("a-1"), "approval"],
    ["getActionEgress", (client) => client.getActionEgress("echo"), "action"],
  ];
  const answers: [string, Answer, string][] = [
    ["HTML", text(200, HTML), "invalid JSON in"],
    ["null", json(200, null), "expected JSON object in"],
    ["a list", json(200, []), "expected JSON object in"],
    ["nothing", text(200, ""), "invalid JSON in"],
  ];
  it.each(
    reads.flatMap(([name, read, word]) =>
      answers.map(([what, answer, problem]) => ({ name, read, word, what, answer, problem })),
    ),
  )("$name: $what", async ({ read, word, answer, problem }) => {
    const gate = await bareGate(answer);
    const error = await rejection(read(clientOf({ baseUrl: gate.baseUrl })));
    expect(error).toBeInstanceOf(LatchGateTransportError);
    expect(error).toMatchObject({
      message: `transport error: ${problem} ${word} response`,
      outcome: "not_executed",
      code: "unreadable_answer",
      status: 200,
    });
  });

  it.each<[string, (client: LatchGateClient) => Promise<unknown>]>([
    ["actions", (client) => client.actions()],
    ["leaseKeys", (client) => client.leaseKeys()],
    ["getReceipt", (client) => client.getReceipt("r-1")],
    ["getApprovalStatus", (client) => client.getApprovalStatus("a-1")],
  ])("%s of an object without what it is about", async (_name, read) => {
    const gate = await bareGate(json(200, { other: 1 }));
    const error = await rejection(read(clientOf({ baseUrl: gate.baseUrl })));
    expect(error).toBeInstanceOf(LatchGateTransportError);
    expect(error).toMatchObject({ code: "unreadable_answer", outcome: "not_executed" });
  });
});

describe("an answer to a lease request that can't be used", () => {
  const without = (name: string) => () => {
    const { [name]: _, ...rest } = leaseBody();
    return rest;
  };
  it.each<[string, () => unknown]>([
    ["no lease_jwt", without("lease_jwt")],
    ["a lease_jwt that is no text", () => ({ ...leaseBody(), lease_jwt: 5 })],
    ["an empty lease_jwt", () => leaseBody("")],
    ["a lease_jwt that fits no header", () => leaseBody("ab\r\nX-Evil: 1")],
    ["a lease_jwt with a space", () => leaseBody("a b")],
    ["no session_id anywhere", () => ({ ...leaseBody("fake.jwt.token"), session_id: undefined })],
    ["null", () => null],
    ["a list", () => []],
  ])("%s: nothing is executed", async (_what, lease) => {
    const gate = await bareGate(answerExecuted, { lease });
    const client = clientOf({ baseUrl: gate.baseUrl });
    for (const call of [client.execute("echo"), client.connect()]) {
      const error = await rejection(call);
      expect(error).toBeInstanceOf(LatchGateTransportError);
      expect(error).toMatchObject({ outcome: "not_executed", code: "unreadable_answer" });
      expect(everythingOf(error)).not.toMatch(/X-Evil|fake\.jwt/);
    }
    expect(gate.calls).toEqual([]);
    expect(client.sessionId).toBeNull();
  });

  it.each(["expires_at", "lease_jti"])("one that lacks %s works: its own token says so", async (name) => {
    const gate = await bareGate(answerExecuted, { lease: without(name) });
    const client = clientOf({ baseUrl: gate.baseUrl });
    expect((await client.execute("echo")).ok).toBe(true);
    expect(client.session?.expiresAt.getTime()).toBeGreaterThan(Date.now() + 200_000);
    expect(client.leaseJti).toBe("01a20b78-9109-77a1-be39-558bf9076c9c");
  });

  it.each([201, 302, 500])("a lease with the status %i keeps its token out of the error", async (status) => {
    const token = leaseToken();
    const server = createServer((socket) => {
      const body = JSON.stringify(leaseBody(token));
      socket.once("data", () =>
        socket.end(
          `HTTP/1.1 ${status} X\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
        ),
      );
    });
    const { port } = await listening(server);
    const error = await rejection(clientOf({ baseUrl: `http://localhost:${port}` }).connect());
    expect(error).toBeInstanceOf(LatchGateError);
    expect(error).toMatchObject({ status, outcome: "not_executed" });
    expect(everythingOf(error)).not.toContain(token);
  });
});

describe("an error page that quotes the request", () => {
  const echo: Answer = ({ rawHeaders }, response, nth) => {
    const quoted = rawHeaders.join(" ");
    const status = [400, 401, 403, 500, 502, 503][nth - 1] ?? 500;
    if (nth % 2) response.writeHead(status, { "content-type": "text/html" }).end(`<pre>${quoted}</pre>`);
    else
      answerJson(response, status, {
        error: "quoted",
        deny_reason: quoted,
        message: quoted,
        more: { deep: [quoted] },
      });
  };

  it("goes into no error with its token or proof", async () => {
    const gate = await bareGate(echo);
    const client = clientOf({ baseUrl: gate.baseUrl });
    for (let count = 0; count < 6; count += 1) {
      const error = await rejection(client.execute("echo"));
      expect(everythingOf(error)).toContain("[redacted]");
      expectNoSecret(error, gate.arrived);
    }
  });

  it("does not show them in an answer that is held either", async () => {
    const gate = await bareGate(({ rawHeaders }, response) =>
      answerJson(response, 202, { approval_id: "a", note: rawHeaders }),
    );
    const error = await rejection(clientOf({ baseUrl: gate.baseUrl }).execute("echo"));
    expect(error).toMatchObject({ name: "LatchGateApprovalRequired" });
    expectNoSecret(error, gate.arrived);
  });
});

it("nothing of a client shows its token, key or proof, however it is printed", async () => {
  const gate = await bareGate(answerExecuted);
  const events: unknown[] = [];
  const client = clientOf({ baseUrl: gate.baseUrl, onEvent: (event) => events.push(event) });
  const result = await client.execute("echo");
  expectNoSecret(inspect(client, { showHidden: true, depth: null, getters: true }), gate.arrived);
  for (const value of [client, client.session, client.api, result, events])
    expectNoSecret(value, gate.arrived);
});

describe("a connection that is lost", () => {
  const lossy = async (serve: (socket: Socket) => void) => {
    const calls: string[] = [];
    const server = createServer((socket) => {
      socket.on("data", (data: Buffer) => {
        const request = data.toString();
        if (!request.startsWith("POST /v1/leases")) {
          calls.push(request);
          serve(socket);
          return;
        }
        const body = JSON.stringify(leaseBody());
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
      });
    });
    const { port } = await listening(server);
    return { baseUrl: `http://localhost:${port}`, calls };
  };
  const places: [string, (socket: Socket) => void][] = [
    ["before an answer", (socket) => socket.destroy()],
    ["within the headers", (socket) => socket.end("HTTP/1.1 200 OK\r\nConte")],
    ["within the body", (socket) => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")],
  ];

  it.each(places)("%s leaves an execute's outcome unknown", async (_where, serve) => {
    const { baseUrl, calls } = await lossy(serve);
    const error = await rejection(clientOf({ baseUrl }).execute("echo"));
    expect((error as Error).constructor).toBe(LatchGateOutcomeUnknown);
    expect(error).toMatchObject({ code: "lost", outcome: "unknown", status: undefined, attempts: 1 });
    expect(calls).toHaveLength(1);
    expect(everythingOf(error)).not.toContain(/authorization: DPoP (\S+)/i.exec(calls[0] ?? "")?.[1]);
  });

  it.each(places)(
    "%s leaves it unknown with repetitions too, and no fresh proof was signed",
    async (_where, serve) => {
      const { baseUrl, calls } = await lossy(serve);
      const error = await rejection(
        clientOf({ baseUrl, retry: { minDelayMs: 1, maxDelayMs: 2 } }).execute("echo"),
      );
      expect((error as Error).constructor).toBe(LatchGateOutcomeUnknown);
      expect(error).toMatchObject({ outcome: "unknown" });
      expect(new Set(calls.map((call) => /\bdpop: (\S+)/i.exec(call)?.[1])).size).toBe(1);
    },
  );

  it.each(places)("%s does nothing for a read", async (_where, serve) => {
    const { baseUrl, calls } = await lossy(serve);
    const error = await rejection(clientOf({ baseUrl }).getReceipt("r-1"));
    expect((error as Error).constructor).toBe(LatchGateTransportError);
    expect(error).toMatchObject({ code: "lost", outcome: "not_executed" });
    expect(calls).toHaveLength(1);
  });

  it.each(["timeout", "aborted"])("or that has a %s: the same", async (code) => {
    // The call ends when the gate has it, and not after some time that a busy machine may need for less.
    let end = () => {};
    const { baseUrl } = await lossy(() => end());
    const clock = {
      now: Date.now,
      monotonic: () => performance.now(),
      random: Math.random,
      timer: (_ms: number, run: () => void) => {
        if (code === "timeout") end = run;
        return () => {};
      },
    };
    const client = clientOf({ baseUrl, clock });
    await client.connect();
    const options = () => {
      const controller = new AbortController();
      if (code === "aborted") end = () => controller.abort();
      return { signal: controller.signal };
    };
    expect(await rejection(client.execute("echo", {}, options()))).toMatchObject({
      name: "LatchGateOutcomeUnknown",
      code,
      outcome: "unknown",
    });
    expect(await rejection(client.getReceipt("r-1", options()))).toMatchObject({
      name: "LatchGateTransportError",
      code,
      outcome: "not_executed",
    });
  });
});

describe("a call that is wrong", () => {
  const cycle: Record<string, unknown> = {};
  cycle["self"] = { cycle };
  let deep: Record<string, unknown> = {};
  for (let depth = 0; depth < 20_000; depth += 1) deep = { deep };
  const bad = (value: unknown) => value as Record<string, unknown>;
  const throwing = {
    toJSON() {
      throw new Error("secret-of-the-object");
    },
  };

  const ids = [
    "",
    ".",
    "..",
    "a/b",
    "a%2fb",
    "%2e%2e",
    "a b",
    "ä",
    "a.b",
    "a\n",
    "\n",
    "a?",
    "a#b",
    "x".repeat(129),
    5,
    null,
    undefined,
    {},
    ["echo"],
  ];
  const options: [string, object][] = [
    ["timeoutMs 0", { timeoutMs: 0 }],
    ["a negative timeoutMs", { timeoutMs: -5 }],
    ["timeoutMs NaN", { timeoutMs: Number.NaN }],
    ["a timeoutMs of text", { timeoutMs: "5" }],
  ];
  const parameters: [string, unknown, RegExp][] = [
    ["a BigInt", { a: 1n }, /BigInt/],
    ["a cycle", cycle, /cycle/],
    ["a toJSON that throws", { a: throwing }, /toJSON/],
    ["too deep", deep, /too deep/],
    ["more than 1 MiB", { a: "x".repeat(1024 * 1024) }, /larger than the gate takes/],
    ["more than 1 MiB in bytes, not in characters", { a: "ä".repeat(600_000) }, /larger than the gate takes/],
    ["null", null, /must be an object/],
    ["a list", [1], /must be an object/],
    ["text", "x", /must be an object/],
    ["a number", 5, /must be an object/],
    ["a function", () => {}, /must be an object/],
    ["what becomes text", new Date(), /toJSON/],
    ["what becomes a list", { toJSON: () => [] }, /toJSON/],
    ["what becomes nothing", { toJSON: () => undefined }, /toJSON/],
  ];
  const leases: [string, object][] = [
    ["maxCalls 0", { maxCalls: 0 }],
    ["a negative maxCalls", { maxCalls: -1 }],
    ["half a call", { maxCalls: 1.5 }],
    ["maxCalls NaN", { maxCalls: Number.NaN }],
    ["maxCalls beyond what a number holds", { maxCalls: 2 ** 53 }],
    ["a maxCalls of text", { maxCalls: "5" }],
    ["no scopes", { scopes: [] }],
    ["a scope for scopes", { scopes: "tools:call" }],
    ["maxCostUsdCents alone", { maxCostUsdCents: 100 }],
    ["a relative fsRoot", { fsRoot: "work" }],
  ];

  type Row = [string, (client: LatchGateClient) => Promise<unknown>, RegExp];
  const rows: Row[] = [
    ...ids.flatMap((id): Row[] => [
      [`execute of the action ${JSON.stringify(id)}`, (client) => client.execute(id as string), /action_id/],
      [
        `egress of the action ${JSON.stringify(id)}`,
        (client) => client.getActionEgress(id as string),
        /action_id/,
      ],
    ]),
    ...["", ".", "..", "../x", "a/b", "-a", "%2e", "x".repeat(257), 5, null].flatMap((id): Row[] => [
      [`receipt ${JSON.stringify(id)}`, (client) => client.getReceipt(id as string), /receipt_id/],
      [`approval ${JSON.stringify(id)}`, (client) => client.getApprovalStatus(id as string), /approval_id/],
    ]),
    ...options.flatMap(([what, given]): Row[] => [
      [`execute with ${what}`, (client) => client.execute("echo", {}, given), /timeoutMs/],
      [`getReceipt with ${what}`, (client) => client.getReceipt("r", given), /timeoutMs/],
      [`connect with ${what}`, (client) => client.connect({}, given), /timeoutMs/],
    ]),
    ...parameters.map(
      ([what, given, words]): Row => [
        `parameters: ${what}`,
        (client) => client.execute("echo", bad(given)),
        words,
      ],
    ),
    ...leases.map(
      ([what, given]): Row => [
        `connect with ${what}`,
        (client) => client.connect(given),
        /maxCalls|scopes|fsRoot/,
      ],
    ),
  ];

  it("is refused by this package's own error, and nothing is sent", async () => {
    const gate = await bareGate(answerExecuted);
    for (const [what, call, words] of rows) {
      const error = await rejection(call(clientOf({ baseUrl: gate.baseUrl })));
      if (!(error instanceof LatchGateInvalidRequest)) expect.fail(`${what}: ${error}`);
      expect([what, error.outcome, error.status]).toEqual([what, "not_executed", undefined]);
      if (!words.test(error.message)) expect.fail(`${what}: ${error.message}`);
      expect(error.message).not.toContain("secret-of-the-object");
      expect(JSON.stringify(error).length).toBeLessThan(2_000);
    }
    expect(gate.arrived).toEqual([]);
  });

  it.each(options)("is refused where a client has %s", async (_what, given) => {
    const gate = await bareGate(answerExecuted);
    const made = async () => clientOf({ baseUrl: gate.baseUrl, ...given });
    expect(await rejection(made().then((client) => client.execute("echo")))).toBeInstanceOf(
      LatchGateInvalidRequest,
    );
    expect(gate.arrived).toEqual([]);
  });

  it("an id of 128 characters and parameters of just 1 MiB are none", async () => {
    const gate = await bareGate(answerExecuted);
    const client = clientOf({ baseUrl: gate.baseUrl });
    const fill = "x".repeat(1024 * 1024 - '{"a":""}'.length);
    expect((await client.execute(`${"A-_9".repeat(32)}`, { a: fill })).ok).toBe(true);
    expect(gate.calls[0]?.body.length).toBe(1024 * 1024);
  });

  it("maxCostUsdCents beside maxCalls is passed on, with one warning for the process", async () => {
    const gate = await bareGate(answerExecuted);
    const seen: Error[] = [];
    const listener = (warning: Error) => seen.push(warning);
    process.on("warning", listener);
    onTestFinished(() => void process.off("warning", listener));
    for (let count = 0; count < 3; count += 1)
      await clientOf({ baseUrl: gate.baseUrl }).connect({ maxCalls: 5, maxCostUsdCents: 100 });
    await new Promise(setImmediate);
    expect(seen.map(({ message }) => message)).toEqual([expect.stringContaining("no cost budget")]);
    expect(JSON.parse(gate.arrived[0]?.body ?? "")).toMatchObject({
      budgets: { max_calls: 5, max_cost_usd_cents: 100 },
    });
  });
});

it("an unavailable gate is that where nothing can have run", async () => {
  const gate = await bareGate(json(503, { error: "policy_engine_unavailable" }));
  const error = await rejection(clientOf({ baseUrl: gate.baseUrl }).execute("echo"));
  expect(error).toBeInstanceOf(LatchGateUnavailable);
  expect(error).toMatchObject({ detail: "policy_engine_unavailable", outcome: "not_executed" });
});
