import { channel } from "node:diagnostics_channel";
import type { MockGateOptions } from "latchgate-client/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  type ClientOptions,
  createMemoryJournal,
  type Journal,
  LatchGateApprovalDenied,
  LatchGateApprovalExpired,
  LatchGateApprovalRequired,
  LatchGateClient,
  LatchGateInvalidRequest,
  LatchGateJournalError,
  LatchGateOutcomeUnknown,
} from "../../src/index.ts";
import { LatchGateOperator } from "../../src/operator.ts";
import { answerJson, bareGate } from "../support/bare.ts";
import { failureOf } from "../support/failure-of.ts";
import { newKeyPair } from "../support/keys.ts";
import { virtualWorld } from "../support/virtual-world.ts";

/** What hostile looks found at the edges of the promise, each as it went wrong. */
function world(gateOptions: MockGateOptions = {}, clientOptions: ClientOptions = {}) {
  const made = virtualWorld(
    {
      leaseTtlSeconds: 900,
      actions: {
        count: { riskLevel: "low", run: () => ({ ok: true }) },
        risky: { riskLevel: "high", run: () => ({ ok: true }) },
      },
      ...gateOptions,
    },
    clientOptions,
  );
  const { clock, gate } = made;
  const operator = new LatchGateOperator({
    fetch: clock.watch(gate.operatorFetch),
    ...gate.operatorCredentials,
    clock,
  });
  return {
    ...made,
    operator,
    hold: async (options = {}) => {
      const error = await made.failure(made.client.execute("risky", {}, options));
      if (!(error instanceof LatchGateApprovalRequired)) throw error;
      return error;
    },
    /** The operator's connection breaks while the action runs. */
    loseApprove: async (approvalId: string) => {
      gate.fault("approveApproval", { kind: "reset", when: "running" });
      await made.failure(operator.approvals.approve(approvalId));
    },
  };
}

const HTML = "<html><body>Please wait</body></html>";

describe("an approve that was cut off while the action ran", () => {
  it("and a deny 120 s later: whether the action ran is unknown, though an operator denied it", async () => {
    const { clock, gate, client, failure, hold, loseApprove } = world();
    const held = await hold();
    await loseApprove(held.approvalId);
    await clock.pass(121_000);
    await gate.deny(held.approvalId);
    const error = await failure(client.waitForApproval(held));
    expect(error).toBeInstanceOf(LatchGateApprovalDenied);
    expect(error).toMatchObject({ outcome: "unknown", hint: expect.stringContaining("look at its effect") });
    expect(gate.effects).toHaveLength(1);
  });

  it("is seen by a wait that goes on, and the deny after it does not say that nothing ran", async () => {
    const { clock, gate, client, failure, hold, loseApprove } = world();
    const held = await hold();
    const seen: (number | null)[] = [];
    const waiting = client.waitForApproval(held, {
      onPoll: ({ retryAfterSeconds }) => seen.push(retryAfterSeconds),
    });
    waiting.catch(() => {});
    await clock.pass(5_000);
    await loseApprove(held.approvalId);
    await clock.pass(130_000);
    await gate.deny(held.approvalId);
    expect(await failure(waiting)).toMatchObject({ name: "LatchGateApprovalDenied", outcome: "unknown" });
    expect(seen).toContain(1);
  });

  it("and nobody else decides: it is unknown", async () => {
    const { client, failure, hold, loseApprove } = world();
    const held = await hold();
    await loseApprove(held.approvalId);
    expect((await failure(client.waitForApproval(held))).outcome).toBe("unknown");
  });

  it("falls into two minutes without a poll: a denial after them does not say that nothing ran", async () => {
    const { clock, gate, client, failure, hold, loseApprove } = world();
    const held = await hold();
    expect((await clock.until(client.getApprovalStatus(held.approvalId))).retryAfterSeconds).toBe(2);
    await clock.pass(1_000);
    await loseApprove(held.approvalId);
    await clock.pass(125_000);
    await gate.deny(held.approvalId);
    expect(await failure(client.waitForApproval(held))).toMatchObject({ outcome: "unknown" });
    expect(gate.effects).toHaveLength(1);
  });

  it.each([
    [118_000, "not_executed"],
    [119_500, "unknown"],
  ])("could not be, if the approval was free %i ms before it was denied: %s", async (ms, outcome) => {
    const { clock, gate, client, failure, hold } = world();
    const held = await hold();
    await clock.pass(ms);
    await gate.deny(held.approvalId);
    expect(await failure(client.waitForApproval(held))).toMatchObject({
      name: "LatchGateApprovalDenied",
      outcome,
    });
  });
});

describe("something between that answers by itself, after the gate has acted", () => {
  it.each([400, 401, 403, 404, 408, 409, 413, 429, 499])(
    "%i with a page: unknown, one effect, and the same callId does not run it again",
    async (status) => {
      const { gate, make, failure } = world();
      const page = (async (...given: Parameters<typeof fetch>) => {
        const answer = await gate.fetch(...given);
        return String(given[0]).endsWith("/execute")
          ? new Response(HTML, { status, headers: { "content-type": "text/html" } })
          : answer;
      }) as typeof fetch;
      const client = make({ fetch: page, journal: createMemoryJournal() });
      for (const _run of [1, 2]) {
        const error = await failure(client.execute("count", {}, { callId: "c" }));
        expect(error).toBeInstanceOf(LatchGateOutcomeUnknown);
        expect(error.outcome).toBe("unknown");
      }
      expect(gate.effects).toHaveLength(1);
    },
  );

  it.each([
    ["cut off", '{"error":"replay_dete'],
    ["in UTF-16", Buffer.from('{"error":"replay_detected"}', "utf16le")],
    ["compressed", Buffer.from("1f8b0800000000000003", "hex")],
  ])("and a replay_detected whose word is %s is unknown", async (_how, body) => {
    const gate = await bareGate((_request, response) => {
      response.writeHead(401, { "content-type": "application/json" }).end(body);
    });
    const client = new LatchGateClient({ baseUrl: gate.baseUrl, agentId: "t" });
    onTestFinished(() => client.close());
    expect(await failureOf(client.execute("count"))).toMatchObject({ outcome: "unknown", attempts: 1 });
  });

  it("a page in answer to a poll ends no wait", async () => {
    const { clock, gate, client, hold } = world();
    const held = await hold();
    gate.fault("pollApproval", {
      kind: "garbage",
      status: 404,
      contentType: "text/html",
      body: HTML,
    } as never);
    const waiting = client.waitForApproval(held);
    await clock.pass(3_000);
    await gate.approve(held.approvalId);
    expect((await clock.until(waiting)).ok).toBe(true);
  });
});

describe("something between that repeats a request", () => {
  it.each([
    [429, "rate_limited"],
    [503, "replay_cache_unavailable"],
    [503, "clock_error"],
  ])(
    "and hands back the %i %s of one copy while the other runs: one effect, and it is said to be unknown",
    async (status, code) => {
      const { clock, gate, make, failure } = world();
      const doubling = clock.watch((async (...given: Parameters<typeof fetch>) => {
        if (!String(given[0]).endsWith("/execute") || gate.effects.length > 0) return gate.fetch(...given);
        await gate.fetch(...given);
        return Response.json({ error: code }, { status });
      }) as typeof fetch);
      const error = await failure(make({ fetch: doubling }).execute("count"));
      expect(error).toMatchObject({ code: "replay_detected", outcome: "unknown" });
      expect(gate.effects).toHaveLength(1);
    },
  );
});

describe("redaction", () => {
  const apiKey = "key/default.0123456789abcdef+0123";
  it.each([
    ["as it is", (key: string) => key],
    ["with a slash that is escaped", (key: string) => key.replaceAll("/", "\\/")],
    ["with %2E", (key: string) => key.replaceAll(".", "%2E")],
    ["with an entity", (key: string) => key.replaceAll(".", "&#46;")],
    ["escaped twice", (key: string) => encodeURIComponent(encodeURIComponent(key))],
    [
      "in \\u escapes within a text",
      (key: string) =>
        [...key].map((letter) => `\\\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`).join(""),
    ],
  ])("of an api key that comes back %s leaves nothing of it in an error", async (_how, written) => {
    const gate = await bareGate((_request, response) => {
      response
        .writeHead(403, { "content-type": "application/json" })
        .end(`{"error":"policy_denied","deny_reason":"for ${written(apiKey)}","x":["${written(apiKey)}"]}`);
    });
    const { privateKey } = newKeyPair();
    const operator = new LatchGateOperator({ baseUrl: gate.baseUrl, apiKey, privateKey });
    onTestFinished(() => operator.close());
    const error = await failureOf(operator.status());
    const { inspect } = await import("node:util");
    for (const shown of [error.message, JSON.stringify(error), inspect(error, { depth: 9 })])
      expect(shown).not.toMatch(/0123456789abcdef/);
  });

  it("turns no text into structure: escapes that quote the token leave a 503 as unknown as it was", async () => {
    const gate = await bareGate((request, response) => {
      const token = String(request.headers["authorization"]).slice("DPoP ".length);
      const quoted = [...token]
        .map((letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`)
        .join("");
      const fake = "\\u0022,\\u0022error\\u0022:\\u0022store_unavailable";
      response.writeHead(503, { "content-type": "application/json" }).end(`{"note":"${quoted}${fake}"}`);
    });
    const client = new LatchGateClient({ baseUrl: gate.baseUrl, agentId: "t" });
    onTestFinished(() => client.close());
    expect(await failureOf(client.execute("count"))).toMatchObject({ outcome: "unknown", attempts: 1 });
    expect(gate.calls).toHaveLength(1);
  });

  it("leaves results as they came, also one that quotes the request", async () => {
    let token = "";
    const gate = await bareGate((request, response) => {
      token = String(request.headers["authorization"]).slice("DPoP ".length);
      answerJson(response, 200, { receipt_id: "r", output: { quoted: token } });
    });
    const client = new LatchGateClient({ baseUrl: gate.baseUrl, agentId: "t" });
    onTestFinished(() => client.close());
    expect((await client.execute("count")).output).toEqual({ quoted: token });
  });

  it("takes time in proportion to a body, whatever it is made of", async () => {
    const { redactText } = await import("../../src/vocabulary/redaction.ts");
    for (const piece of ["eyJ", "eyJaaaaaaaaaaaaa.", "%25", "\\u0065", "a.", "&#", "\\"]) {
      const text = piece.repeat(Math.ceil(2 ** 20 / piece.length));
      const began = process.cpuUsage();
      redactText(text, ["a-secret-of-some-length"]);
      const { user } = process.cpuUsage(began);
      expect(user / 1e6, piece).toBeLessThan(3);
    }
  });
});

describe("a journal", () => {
  const journalWith = (changes: Partial<Journal>): Journal => ({ ...createMemoryJournal(), ...changes });

  it.each<[string, Partial<Journal>]>([
    ["whose add rejects", { add: async () => Promise.reject(new Error("down")) }],
    ["whose replica lags", { add: async () => false, get: async () => undefined }],
    ["that says null for nothing, as Redis does", { add: async () => false, get: async () => null as never }],
    ["whose entry is none", { add: async () => false, get: async () => "sent" as never }],
  ])("%s: nothing was sent now, and of an earlier run nothing is known", async (_what, changes) => {
    const { executes, make, failure } = world();
    const error = await failure(
      make({ journal: journalWith(changes) }).execute("count", {}, { callId: "c" }),
    );
    expect(error).toBeInstanceOf(LatchGateJournalError);
    expect(error).not.toBeInstanceOf(LatchGateInvalidRequest);
    expect(error).toMatchObject({ code: "journal_failed", outcome: "unknown" });
    expect(executes()).toEqual([]);
  });

  it("that took the call's whole time: nothing is sent, and the id is free", async () => {
    const { clock, executes, make, failure } = world();
    const journal = createMemoryJournal();
    const slow = journalWith({
      ...journal,
      add: async (callId, entry) => {
        await new Promise<void>((resolve) => void clock.timer(300, resolve));
        return journal.add(callId, entry);
      },
    });
    const error = await failure(
      make({ journal: slow }).execute("count", {}, { callId: "c", timeoutMs: 100 }),
    );
    expect(error).toMatchObject({ code: "journal_failed", outcome: "unknown" });
    await clock.pass(1_000);
    expect(executes()).toEqual([]);
    expect(await journal.get("c")).toBeUndefined();
  });

  it("that hangs keeps a caller that has given up for no longer", async () => {
    const { clock, executes, make, failure } = world();
    const controller = new AbortController();
    clock.timer(100, () => controller.abort());
    const began = clock.now();
    const client = make({ journal: journalWith({ add: () => new Promise<never>(() => {}) }) });
    expect(
      (await failure(client.execute("count", {}, { callId: "c", signal: controller.signal }))).outcome,
    ).toBe("unknown");
    expect(clock.now() - began).toBeLessThanOrEqual(300);
    expect(executes()).toEqual([]);
  });

  it("knows the end of a held call that was denied, and the same id is denied again without asking", async () => {
    const { clock, gate, make, failure, executes } = world();
    const journal = createMemoryJournal();
    const client = make({ journal });
    const waiting = client.execute("risky", {}, { callId: "c", whenHeld: "wait" });
    waiting.catch(() => {});
    await clock.pass(3_000);
    await gate.deny(gate.approvals[0]?.approvalId ?? "", "not today");
    expect((await failure(waiting)).outcome).toBe("not_executed");
    expect(await journal.get("c")).toMatchObject({
      state: "ended",
      code: "approval_denied",
      outcome: "not_executed",
    });
    const again = await failure(make({ journal }).execute("risky", {}, { callId: "c", whenHeld: "wait" }));
    expect(again).toMatchObject({
      name: "LatchGateApprovalDenied",
      reason: "not today",
      outcome: "not_executed",
    });
    expect(executes()).toHaveLength(1);
  });

  it("knows the end of a held call that expired", async () => {
    const { make, failure } = world();
    const journal = createMemoryJournal();
    const error = await failure(make({ journal }).execute("risky", {}, { callId: "c", whenHeld: "wait" }));
    expect(error).toBeInstanceOf(LatchGateApprovalExpired);
    expect(await journal.get("c")).toMatchObject({ state: "ended", code: "approval_expired" });
  });

  it("refuses the same id with other parameters also while the first is in flight", async () => {
    const { clock, gate, make, failure } = world();
    const client = make();
    const first = client.execute("count", { n: 1 }, { callId: "c" });
    const second = client.execute("count", { n: 2 }, { callId: "c" });
    expect(await failure(second)).toMatchObject({ code: "call_id_reused" });
    await clock.until(first);
    expect(gate.effects).toHaveLength(1);
  });
});

it.each([400, 405, 415, 422, 431])(
  "waiting for an id whose poll is answered %i does not say that nothing ran",
  async (status) => {
    const { gate, make, failure, hold } = world();
    const held = await hold();
    await gate.approve(held.approvalId);
    gate.fault({ operation: "pollApproval", times: 99 }, { kind: "answer", status, body: "" });
    const error = await failure(make().waitForApproval(held.approvalId));
    expect(error.outcome).toBe("unknown");
    expect(gate.effects).toHaveLength(1);
  },
);

describe("what a program hands over", () => {
  it("listeners that reject end no process", async () => {
    const unhandled: unknown[] = [];
    const hear = (reason: unknown) => void unhandled.push(reason);
    process.on("unhandledRejection", hear);
    onTestFinished(() => void process.off("unhandledRejection", hear));
    const reject = async () => Promise.reject(new Error("the program's own"));
    const { clock, gate, make } = world();
    const client = make({ onEvent: reject, logger: { debug: reject as never, warn: reject as never } });
    const waiting = client.execute("risky", {}, { whenHeld: "wait", onPoll: reject as never });
    await clock.pass(3_000);
    await gate.approve(gate.approvals[0]?.approvalId ?? "");
    expect((await clock.until(waiting)).ok).toBe(true);
    await new Promise((resolve) => setImmediate(resolve));
    expect(unhandled).toEqual([]);
  });

  it.each<[string, object]>([
    ["a signal that can't be left", { signal: { aborted: false, addEventListener() {} } }],
    [
      "options whose getter throws",
      Object.defineProperty({}, "timeoutMs", {
        enumerable: true,
        get: () => {
          throw new Error("mine");
        },
      }),
    ],
    [
      "a Proxy that throws",
      new Proxy(
        { a: 1 },
        {
          ownKeys: () => {
            throw new Error("mine");
          },
        },
      ),
    ],
    ["another word for whenHeld", { whenHeld: "Wait" }],
    ["text for waitMs", { waitMs: "5" }],
    ["text for a delay", { retry: { minDelayMs: "5" } }],
    ["another word for validate", { validate: "after" }],
    ["a callId that is empty", { callId: "" }],
    ["an onPoll that is no function", { onPoll: 5 }],
  ])("%s: an error of this package's own, before anything is sent", async (_what, options) => {
    const { gate, client, failure } = world();
    const error = await failure(client.execute("count", {}, options as never));
    expect(error).toBeInstanceOf(LatchGateInvalidRequest);
    expect(error.outcome).toBe("not_executed");
    expect(gate.received).toEqual([]);
  });

  it("retry: null is as if nothing were said", async () => {
    const { clock, client } = world();
    expect((await clock.until(client.execute("count", {}, { retry: null } as never))).ok).toBe(true);
  });

  it("an agentId that is empty is an error at once", () => {
    expect(() => new LatchGateClient({ agentId: "" })).toThrow(LatchGateInvalidRequest);
  });

  it("a subscriber that freezes what it is told costs nobody a result", async () => {
    const { clock, client } = world();
    const start = channel("tracing:latchgate:execute:start");
    const freeze = (context: unknown) => void Object.freeze(context);
    start.subscribe(freeze);
    onTestFinished(() => void start.unsubscribe(freeze));
    expect((await clock.until(client.execute("count"))).ok).toBe(true);
  });
});

describe("Retry-After", () => {
  it.each(["-5", "1.5", "12, 13", "soon", "2026-11-24"])(
    "%s asks for nothing, and is no date in the past",
    async (asked) => {
      const { retryAfterMs } = await import("../../src/call/retry-after.ts");
      const headers = { get: (name: string) => (name === "retry-after" ? asked : null) };
      expect(retryAfterMs(headers, undefined, 0)).toBeUndefined();
    },
  );

  it("a number of seconds without end asks for nothing", async () => {
    const { retryAfterMs } = await import("../../src/call/retry-after.ts");
    const none = { get: () => null };
    expect(retryAfterMs(none, { retry_after_seconds: 1e308 }, 0)).toBeUndefined();
    expect(
      retryAfterMs({ get: (name) => (name === "retry-after" ? "9".repeat(400) : null) }, undefined, 0),
    ).toBeUndefined();
  });

  it("a date is read against the answer's own", async () => {
    const { retryAfterMs } = await import("../../src/call/retry-after.ts");
    const all: Record<string, string> = {
      "retry-after": "Tue, 24 Nov 2026 12:00:07 GMT",
      date: "Tue, 24 Nov 2026 12:00:00 GMT",
    };
    expect(retryAfterMs({ get: (name) => all[name] ?? null }, undefined, Date.UTC(2030, 0))).toBe(7_000);
  });
});

describe("patience", () => {
  it("of a wait covers the reading of the receipt", async () => {
    const { clock, gate, client, failure, hold } = world();
    const held = await hold();
    await gate.approve(held.approvalId);
    gate.fault({ operation: "getReceipt", times: 9 }, { kind: "hang", when: "unread" });
    const began = clock.now();
    expect(await failure(client.waitForApproval(held, { waitMs: 1_000 }))).toMatchObject({
      code: "receipt_unreadable",
      outcome: "executed",
    });
    expect(clock.now() - began).toBeLessThanOrEqual(1_100);
  });

  it("ends with close(): a call that sleeps before another try is told what stands", async () => {
    const { clock, gate, client, failure } = world();
    await clock.until(client.connect());
    gate.fault(
      { operation: "executeAction", times: 9 },
      { kind: "answer", status: 503, code: "store_unavailable", headers: { "retry-after": "20" } },
    );
    const sleeping = client.execute("count");
    await clock.pass(100);
    const began = clock.now();
    void client.close();
    expect(await failure(sleeping)).toMatchObject({ code: "store_unavailable", outcome: "not_executed" });
    expect(clock.now() - began).toBeLessThan(1_000);
  });

  it("ends with close(): a wait for an operator", async () => {
    const { clock, client, failure, hold } = world();
    const held = await hold();
    const waiting = client.waitForApproval(held);
    waiting.catch(() => {});
    await clock.pass(100);
    const began = clock.now();
    void client.close();
    expect(await failure(waiting)).toMatchObject({ code: "closed", outcome: "unknown" });
    expect(clock.now() - began).toBeLessThan(1_000);
  });

  it("is not moved by a step of `now`: a call's time is what passes", async () => {
    let step = 0;
    const { gate, make } = world();
    const now = () => gate.now() + step;
    const client = make({ clock: undefined, now, fetch: gate.fetch });
    await client.connect();
    gate.fault("executeAction", { kind: "hang", when: "unread" });
    const began = performance.now();
    const call = failureOf(client.execute("count", {}, { timeoutMs: 300 }));
    step = -10_000;
    expect((await call).code).toBe("timeout");
    expect(performance.now() - began).toBeLessThan(5_000);
  });

  it("a step of `now` by 300 s expires no approval: that goes by the gate's own Date", async () => {
    let step = 0;
    const { gate, make } = world();
    const client = make({ clock: undefined, now: () => gate.now() + step, fetch: gate.fetch });
    const held = await failureOf(client.execute("risky"));
    step = 301_500;
    const waiting = failureOf(client.waitForApproval(held as LatchGateApprovalRequired, { waitMs: 700 }));
    expect(await waiting).toMatchObject({ name: "LatchGateApprovalRequired", outcome: "unknown" });
  });
});

describe("a lease", () => {
  it("connect with retry: false asks once", async () => {
    const { clock, gate, client, failure } = world();
    gate.fault({ operation: "createLease", times: 9 }, { kind: "answer", status: 503, code: "clock_error" });
    await failure(client.connect({}, { retry: false }));
    expect(gate.received.filter(({ operationId }) => operationId === "createLease")).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });

  it("connect waits as long as it is told to", async () => {
    const { clock, gate, client, failure } = world();
    gate.fault({ operation: "createLease", times: 9 }, { kind: "hang", when: "unread" });
    const began = clock.now();
    await failure(client.connect({}, { timeoutMs: 60_000 }));
    expect(clock.now() - began).toBe(60_000);
  });

  it("is renewed for what was asked for, whatever became of the caller's object", async () => {
    const scopes = ["tools:call"];
    const { clock, gate, client } = world({ leaseTtlSeconds: 60 });
    await clock.until(client.connect({ scopes }));
    scopes.push("audit:read");
    await clock.pass(61_000);
    await clock.until(client.execute("count"));
    const asked = gate.received
      .filter(({ operationId }) => operationId === "createLease")
      .map(({ body }) => body);
    expect(asked).toHaveLength(2);
    for (const body of asked) expect(JSON.stringify(body)).not.toContain("audit:read");
  });

  it("gives a held call's unit back when nobody waited and it has ended: it is asked about when the budget is short", async () => {
    const { clock, client, failure, hold } = world();
    await clock.until(client.connect({ maxCalls: 1 }));
    await hold();
    expect(await failure(client.execute("count"))).toMatchObject({ name: "LatchGateBudgetExhausted" });
    await clock.pass(302_000);
    expect((await clock.until(client.execute("count"))).ok).toBe(true);
  });

  it("polls of a wait take nothing of what others may repeat", async () => {
    const { clock, gate, client, hold } = world();
    const held = await hold();
    gate.fault(
      { operation: "pollApproval", times: 30 },
      { kind: "answer", status: 503, code: "clock_error" },
    );
    const waiting = client.waitForApproval(held, { waitMs: 120_000 });
    waiting.catch(() => {});
    await clock.pass(70_000);
    gate.fault("executeAction", { kind: "answer", status: 503, code: "store_unavailable" });
    expect((await clock.until(client.execute("count"))).ok).toBe(true);
  });
});

it("a definite refusal after one that passes is what stands, and the first is its cause", async () => {
  const { clock, gate, client, failure } = world();
  await clock.until(client.connect());
  gate.fault("executeAction", { kind: "answer", status: 503, code: "store_unavailable" });
  gate.fault("executeAction", { kind: "answer", status: 403, code: "policy_denied" });
  expect(await failure(client.execute("count"))).toMatchObject({
    name: "LatchGateDenied",
    code: "policy_denied",
    cause: { code: "store_unavailable" },
  });
});
