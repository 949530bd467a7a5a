import { describe, expect, it } from "vitest";
import { type Copy, decide, judgeAnswer, judgeFailure, type Next } from "../../src/call/retry-decision.ts";
import {
  agentOperations,
  errorCodes,
  type OperationFacts,
  type Outcome,
  operatorOperations,
} from "../../src/generated/operations.ts";
import { retryPolicy } from "../../src/wire/backoff.ts";
import { BufferedResponse, type FailureCode, SendFailure } from "../../src/wire/send.ts";

/**
 * The judgement as a table, once more and by hand: every operation, every answer that its document knows and many that no
 * gate gives, on a first copy, after one that was lost, and after one that was refused before the replay check.
 */
const OPERATIONS: Readonly<Record<string, OperationFacts>> = { ...agentOperations, ...operatorOperations };
const NOW = 100_000;
const WALL = Date.UTC(2026, 10, 30);

const response = (
  status: number,
  body: string,
  type: string | null,
  headers: Record<string, string> = {},
) => {
  const all: Record<string, string> = { ...headers, ...(type === null ? {} : { "content-type": type }) };
  return new BufferedResponse(
    status,
    Object.assign(Object.entries(all), { get: (name: string) => all[name] ?? null }) as never,
    body,
  );
};
const json = (status: number, body: unknown, headers = {}) =>
  response(status, JSON.stringify(body), "application/json", headers);

/** An answer, or what took the place of one, with the sentence that says what it is. */
interface Kind {
  readonly says: string;
  readonly made: BufferedResponse | SendFailure;
  /** What is known of it without a table: who says it, and when the gate can say it. */
  readonly status?: number;
  readonly word?: string;
  readonly form?: "(empty)" | "(text)" | "foreign";
}

const HTML = "<html><body>Please wait</body></html>";
const words = (status: number): Kind[] =>
  [...errorCodes].map((word) => ({
    says: `${status} ${word}`,
    made: json(status, { error: word }),
    status,
    word,
  }));
const STATUSES = [
  400, 401, 403, 404, 405, 408, 409, 413, 414, 415, 418, 422, 425, 429, 431, 451, 499, 500, 502, 503, 504,
  599,
];
const KINDS: readonly Kind[] = [
  ...[400, 401, 403, 404, 409, 413, 422, 429, 500, 502, 503].flatMap(words),
  ...STATUSES.flatMap((status): Kind[] => [
    {
      says: `${status} with a page of HTML`,
      made: response(status, HTML, "text/html"),
      status,
      form: "foreign",
    },
    { says: `${status} with nothing`, made: response(status, "", null), status, form: "(empty)" },
    {
      says: `${status} with nothing that is HTML`,
      made: response(status, "", "text/html"),
      status,
      form: "foreign",
    },
    {
      says: `${status} in the framework's text`,
      made: response(
        status,
        "Failed to buffer the request body: length limit exceeded",
        "text/plain; charset=utf-8",
      ),
      status,
      form: "(text)",
    },
    {
      says: `${status} in another's text`,
      made: response(status, "slow down", "text/plain"),
      status,
      form: "foreign",
    },
    {
      says: `${status} with JSON without a word`,
      made: json(status, { message: "Forbidden" }),
      status,
      form: "foreign",
    },
    {
      says: `${status} with another's word`,
      made: json(status, { error: "Forbidden" }),
      status,
      form: "foreign",
    },
    { says: `${status} with a word that is none`, made: json(status, { error: 5 }), status, form: "foreign" },
    {
      says: `${status} that was cut off`,
      made: response(status, '{"error":"rate_li', "application/json"),
      status,
      form: "foreign",
    },
  ]),
];

/** What the gate says before it has stored the proof, and will say otherwise in a moment (issue: "decided"). */
const EARLY_BUSY = new Set(["429 rate_limited", "503 clock_error", "503 replay_cache_unavailable"]);
const LATE_BUSY = [
  "policy_engine_unavailable",
  "policy_engine_timeout",
  "policy_engine_invalid_response",
  "store_unavailable",
  "budget_store_unavailable",
].map((word) => `503 ${word}`);

/** Whether an execute that is answered so may have run: design.md's table of execute, by hand. */
function outcomeOfExecute({ status = 0, word, form }: Kind): Outcome {
  if (form !== undefined) {
    const known = ["404 (empty)", "405 (empty)", "414 (empty)", "431 (empty)", "400 (text)", "413 (text)"];
    return known.includes(`${status} ${form}`) ? "not_executed" : "unknown";
  }
  if (status === 401 && word === "replay_detected") return "unknown";
  if (status === 422) return "unknown";
  if (status < 500) return "not_executed";
  if (status === 500 && word === "evidence_persistence_failed") return "executed";
  const sure = [...LATE_BUSY, "503 draining", "503 clock_error", "503 replay_cache_unavailable"];
  return sure.includes(`${status} ${word}`) ? "not_executed" : "unknown";
}

const policy = retryPolicy(undefined);
function judged(
  operation: OperationFacts,
  copies: readonly (Partial<Copy> & { made: BufferedResponse | SendFailure })[],
  call: Partial<Parameters<typeof decide>[0]> = {},
) {
  const ledger = copies.map(({ made, ...rest }): Copy => {
    const verdict =
      made instanceof SendFailure ? judgeFailure(operation, made) : judgeAnswer(operation, made, WALL);
    return { verdict, proof: 1, signedAt: NOW - 10, leaseEnded: false, ...rest };
  });
  const judgement = decide({ operation, policy, deadline: NOW + 40_000, ...call }, ledger, NOW, WALL, 0.5);
  return { ...judgement, ledger };
}

const lost = (): SendFailure => new SendFailure("lost", "lost", { sent: true });
const failed = (code: FailureCode, sent: boolean, answering = false) =>
  new SendFailure(code, code, { sent, answering });
const EXECUTE = agentOperations.executeAction;

describe("an execute that is answered", () => {
  it.each(KINDS)("$says has the outcome that the design gives it", (kind) => {
    expect(judged(EXECUTE, [kind]).outcome).toBe(outcomeOfExecute(kind));
  });

  it.each(KINDS)("$says is followed only by what surely does not run it twice", (kind) => {
    const { next } = judged(EXECUTE, [kind]);
    const key = `${kind.status} ${kind.word}`;
    const expected: Next = EARLY_BUSY.has(key)
      ? "same_bytes"
      : LATE_BUSY.includes(key)
        ? "fresh"
        : key === "401 invalid_lease" || key === "403 budget_session_not_found"
          ? "new_lease"
          : "nothing";
    expect(next).toBe(expected);
  });

  it.each(KINDS)(
    "$says after a lost copy is resolved only where the gate says it after the replay check",
    (kind) => {
      const { outcome, next } = judged(EXECUTE, [{ made: lost() }, kind]);
      const key = `${kind.status} ${kind.word}`;
      const settles =
        LATE_BUSY.includes(key) ||
        [
          "403 policy_denied",
          "403 budget_exhausted",
          "403 budget_session_not_found",
          "403 action_not_registered",
          "403 action_digest_mismatch",
          "404 action_not_found",
          "409 grant_consumed",
        ].includes(key);
      const own = outcomeOfExecute(kind);
      expect(outcome).toBe(settles || own === "executed" ? own : "unknown");
      // Whatever follows an unknown copy carries its proof.
      if (outcome !== "not_executed") expect(["nothing", "same_bytes"]).toContain(next);
      if (next === "same_bytes") expect(EARLY_BUSY.has(key)).toBe(true);
    },
  );

  it.each(KINDS)(
    "$says after an early refusal of the same proof is never followed by a fresh one, unless the gate has accepted it",
    (kind) => {
      const { next, ledger } = judged(EXECUTE, [{ made: json(429, { error: "rate_limited" }) }, kind]);
      const settles = ledger.at(-1)?.verdict.settles ?? false;
      if (!settles) expect(["nothing", "same_bytes"]).toContain(next);
    },
  );
});

describe.each(Object.keys(OPERATIONS))("%s", (id) => {
  const operation = OPERATIONS[id] as OperationFacts;

  it("is never unknown where it has no effect, whatever is answered or lost", () => {
    if (operation.effect !== "none") return;
    for (const { made, says } of [...KINDS, { made: lost(), says: "lost" }])
      expect(judged(operation, [{ made }]).outcome, says).toBe("not_executed");
  });

  it("is unknown and never repeated where it has one, and what is answered is not the gate's", () => {
    if (operation.effect === "none") return;
    for (const kind of KINDS) {
      if (kind.form !== "foreign") continue;
      const { outcome, next } = judged(operation, [kind]);
      expect({ outcome, next }, kind.says).toEqual({ outcome: "unknown", next: "nothing" });
    }
  });

  it("signs no fresh proof once a copy of it is out", () => {
    if (operation.effect === "none") return;
    for (const { made, says } of KINDS) {
      const { next, outcome } = judged(operation, [{ made: lost() }, { made }]);
      if (outcome !== "not_executed") expect(["nothing", "same_bytes"], says).toContain(next);
    }
  });
});

describe("a connection that is lost", () => {
  it("before any answer: the same bytes are sent once", () => {
    expect(judged(EXECUTE, [{ made: lost() }])).toMatchObject({
      next: "same_bytes",
      waitMs: 0,
      outcome: "unknown",
    });
    expect(judged(EXECUTE, [{ made: lost() }, { made: lost() }])).toMatchObject({
      next: "nothing",
      outcome: "unknown",
    });
  });

  it.each([
    ["within an answer", { made: failed("lost", true, true) }, {}],
    ["30 s after the proof was signed", { made: lost(), signedAt: NOW - 30_000 }, {}],
    ["where nothing was signed", { made: lost(), proof: 0 }, {}],
    ["when the call's time is over", { made: lost() }, { deadline: NOW }],
    ["with resend: false", { made: lost() }, { policy: retryPolicy({ resend: false }) }],
  ])("%s: nothing is sent again", (_when, copy, call) => {
    expect(judged(EXECUTE, [copy], call)).toMatchObject({ next: "nothing", outcome: "unknown" });
  });

  it("just before its proof is 30 s old: the same bytes are sent", () => {
    expect(judged(EXECUTE, [{ made: lost(), signedAt: NOW - 29_999 }]).next).toBe("same_bytes");
  });

  it("and a second copy that could not be sent leaves it unknown", () => {
    expect(judged(EXECUTE, [{ made: lost() }, { made: failed("connection_refused", false) }])).toMatchObject({
      outcome: "unknown",
      next: "nothing",
      standing: { result: { code: "lost" } },
    });
  });

  it("of an approve: the same, and of an operator's other writes: never", () => {
    expect(judged(operatorOperations.approveApproval, [{ made: lost() }]).next).toBe("same_bytes");
    expect(judged(operatorOperations.addDomain, [{ made: lost() }])).toMatchObject({
      next: "nothing",
      outcome: "unknown",
    });
  });
});

describe("an early refusal", () => {
  const busy = json(429, { error: "rate_limited" });

  it("is repeated with the same bytes as long as the proof is young when they are sent", () => {
    expect(judged(EXECUTE, [{ made: busy, signedAt: NOW - 28_900 }])).toMatchObject({
      next: "same_bytes",
      waitMs: 1_000,
    });
    expect(judged(EXECUTE, [{ made: busy, signedAt: NOW - 29_000 }])).toMatchObject({
      next: "nothing",
      outcome: "not_executed",
    });
  });

  it("waits for what Retry-After asks, and not past the call's end", () => {
    const asked = json(429, { error: "rate_limited" }, { "retry-after": "7" });
    expect(judged(EXECUTE, [{ made: asked }])).toMatchObject({ next: "same_bytes", waitMs: 7_000 });
    expect(judged(EXECUTE, [{ made: asked }], { deadline: NOW + 7_000 }).next).toBe("nothing");
  });

  it("binds the call to its proof, also when the gate then can't be reached", () => {
    expect(judged(EXECUTE, [{ made: busy }, { made: failed("connection_refused", false) }]).next).toBe(
      "same_bytes",
    );
  });

  it("of a read is signed anew: it binds nothing, and no proof has to be young for it", () => {
    const copy = { made: json(503, { error: "replay_cache_unavailable" }), signedAt: NOW - 60_000 };
    expect(judged(agentOperations.getReceipt, [copy]).next).toBe("fresh");
  });

  it("of a write that carries no proof is made again as it is", () => {
    const copy = { made: json(503, { error: "replay_cache_unavailable" }), proof: 0, signedAt: 0 };
    expect(judged(operatorOperations.denyApproval, [copy]).next).toBe("fresh");
  });

  it("of a lost copy's bytes is repeated too: what comes then tells of both", () => {
    expect(judged(EXECUTE, [{ made: lost() }, { made: busy }])).toMatchObject({
      next: "same_bytes",
      outcome: "unknown",
    });
  });
});

describe("a lease that is refused", () => {
  const expired = json(401, { error: "lease_expired" });
  const invalid = json(401, { error: "invalid_lease" });

  it("as expired is replaced only if it had ended by its own clock before the proof was signed", () => {
    expect(judged(EXECUTE, [{ made: expired }]).next).toBe("nothing");
    expect(judged(EXECUTE, [{ made: expired, leaseEnded: true }]).next).toBe("new_lease");
  });

  it("as unknown is replaced once, unless that is turned off", () => {
    expect(judged(EXECUTE, [{ made: invalid }]).next).toBe("new_lease");
    expect(judged(EXECUTE, [{ made: invalid }, { made: invalid, proof: 2 }]).next).toBe("nothing");
    expect(judged(EXECUTE, [{ made: invalid }], { policy: retryPolicy({ newLease: false }) }).next).toBe(
      "nothing",
    );
  });
});

describe("a proof that is refused for its time", () => {
  const refused = (ahead: number) =>
    json(401, {
      error: "invalid_dpop",
      deny_reason: `iat too old: 1 (now=${WALL / 1000 + ahead}, max_age=60s)`,
    });

  it.each([5, 90, -90])("by a gate whose clock is %i s off is signed anew", (ahead) => {
    expect(judged(EXECUTE, [{ made: refused(ahead) }])).toMatchObject({
      next: "new_clock",
      outcome: "not_executed",
    });
  });

  it.each([0, 1, -3])(
    "by a gate whose clock is %i s off is not: it was queued, and another would be too",
    (ahead) => {
      expect(judged(EXECUTE, [{ made: refused(ahead) }]).next).toBe("nothing");
    },
  );

  it("for its URL is never signed anew", () => {
    const htu = json(401, {
      error: "invalid_dpop",
      deny_reason: "htu mismatch: expected 'http://a', got 'http://b'",
    });
    expect(judged(EXECUTE, [{ made: htu }]).next).toBe("nothing");
  });

  it("without a word shows the time by its Date, to an agent's poll and an operator's read", () => {
    const wordless = response(401, "", null, { date: new Date(WALL + 90_000).toUTCString() });
    for (const operation of [
      agentOperations.pollApproval,
      operatorOperations.getApproval,
      operatorOperations.getStatus,
    ])
      expect(judged(operation, [{ made: wordless }]).next).toBe("new_clock");
    expect(judged(EXECUTE, [{ made: wordless }])).toMatchObject({ next: "nothing", outcome: "unknown" });
  });
});

describe("of several attempts", () => {
  const busy = (word: string) => json(503, { error: word });
  const at = (made: BufferedResponse | SendFailure, proof: number) => ({ made, proof });

  it("a definite refusal stands before one that passes, and the first of a kind before a later one", () => {
    const denied = json(403, { error: "policy_denied" });
    const after = judged(EXECUTE, [at(busy("store_unavailable"), 1), at(denied, 2)]);
    expect(after.standing.word).toBe("policy_denied");
    expect(after.other?.word).toBe("store_unavailable");
    const twice = judged(EXECUTE, [at(busy("store_unavailable"), 1), at(busy("policy_engine_timeout"), 2)]);
    expect(twice.standing.word).toBe("store_unavailable");
    expect(twice.other?.word).toBe("policy_engine_timeout");
  });

  it("one that may have run stands before all that did not", () => {
    const after = judged(EXECUTE, [at(busy("store_unavailable"), 1), at(failed("timeout", true), 2)]);
    expect(after).toMatchObject({
      outcome: "unknown",
      owed: true,
      standing: { result: { code: "timeout" } },
    });
  });

  it("the answer that settles a lost copy stands for both", () => {
    const after = judged(EXECUTE, [at(lost(), 1), at(json(500, { error: "internal_error" }), 1)]);
    expect(after).toMatchObject({ outcome: "unknown", standing: { word: "internal_error" } });
  });

  it("there are as many as the policy allows, and a copy that asks for a lost one's fate is none of them", () => {
    const two = { policy: retryPolicy({ attempts: 2 }) };
    expect(judged(EXECUTE, [at(busy("store_unavailable"), 1)], two).next).toBe("fresh");
    expect(
      judged(EXECUTE, [at(busy("store_unavailable"), 1), at(busy("store_unavailable"), 2)], two).next,
    ).toBe("nothing");
    expect(judged(EXECUTE, [at(lost(), 1), at(busy("store_unavailable"), 1)], two).next).toBe("fresh");
  });

  it("a call that surely did not run takes nothing of its budget", () => {
    expect(judged(EXECUTE, [at(busy("store_unavailable"), 1)]).owed).toBe(false);
    expect(judged(EXECUTE, [at(json(500, { error: "internal_error" }), 1)]).owed).toBe(true);
  });
});

describe("a failure to send", () => {
  it.each<FailureCode>(["connection_refused", "no_socket", "connect_failed", "name_not_resolved"])(
    "%s: nothing was sent, and it is tried again",
    (code) => {
      expect(judged(EXECUTE, [{ made: failed(code, false) }])).toMatchObject({
        next: "fresh",
        outcome: "not_executed",
      });
    },
  );

  it("a connection that takes too long is tried again while the call has time", () => {
    expect(judged(EXECUTE, [{ made: failed("timeout", false) }]).next).toBe("fresh");
    expect(judged(agentOperations.createLease, [{ made: failed("timeout", false), proof: 0 }]).next).toBe(
      "fresh",
    );
    expect(judged(EXECUTE, [{ made: failed("timeout", false) }], { deadline: NOW }).next).toBe("nothing");
  });

  it.each<FailureCode>(["aborted", "closed", "client_certificate_refused"])("%s is final", (code) => {
    expect(judged(EXECUTE, [{ made: failed(code, false) }])).toMatchObject({
      next: "nothing",
      outcome: "not_executed",
    });
  });

  it.each<FailureCode>(["timeout", "aborted", "answer_too_large", "redirected"])(
    "%s after the bytes left: it may have run",
    (code) => {
      expect(judged(EXECUTE, [{ made: failed(code, true, true) }])).toMatchObject({
        next: "nothing",
        outcome: "unknown",
      });
    },
  );
});
