import { inspect } from "node:util";
import { describe, expect, it } from "vitest";

const client = await import("latchgate-client");
const {
  LatchGateApprovalLost,
  LatchGateApprovalRequired,
  LatchGateBudgetExhausted,
  LatchGateDenied,
  LatchGateError,
  LatchGateOutcomeUnknown,
  LatchGateTransportError,
  LatchGateUnavailable,
} = client;

type Errors = typeof import("../../src/vocabulary/errors.ts");

/** The module once more, as a second copy of the package in one program has it. */
async function anotherCopy(name: string): Promise<Errors> {
  return import(/* @vite-ignore */ `../../src/vocabulary/errors.ts?copy=${name}`);
}

/** One of each class, made by the constructors of 0.2.0 where it had the class. */
const make = (from: Errors | typeof client) => ({
  LatchGateError: new from.LatchGateError("something"),
  LatchGateDenied: new from.LatchGateDenied("send_mail", "no"),
  LatchGateApprovalRequired: new from.LatchGateApprovalRequired("send_mail", "ap-1"),
  LatchGateBudgetExhausted: new from.LatchGateBudgetExhausted("send_mail"),
  LatchGateAuthError: new from.LatchGateAuthError("invalid_dpop"),
  LatchGateLeaseExpired: new from.LatchGateLeaseExpired("lease_expired"),
  LatchGateReplayDetected: new from.LatchGateReplayDetected("replay_detected"),
  LatchGateUnavailable: new from.LatchGateUnavailable("policy_engine_unavailable"),
  LatchGateTransportError: new from.LatchGateTransportError("fetch failed"),
  LatchGateNotConnected: new from.LatchGateNotConnected(),
  LatchGateInvalidRequest: new from.LatchGateInvalidRequest("send_mail", "the parameters hold a BigInt"),
  LatchGateNotFound: new from.LatchGateNotFound("<receipt>", "not_found"),
  LatchGateRateLimited: new from.LatchGateRateLimited("rate_limited"),
  LatchGateConflict: new from.LatchGateConflict("it changes"),
  LatchGateTooLarge: new from.LatchGateTooLarge("too large"),
  LatchGateJournalError: new from.LatchGateJournalError("the journal failed"),
  LatchGateOutcomeUnknown: new from.LatchGateOutcomeUnknown("it may have run"),
  LatchGateApprovalLost: new from.LatchGateApprovalLost("ap-1"),
  LatchGateApprovalDenied: new from.LatchGateApprovalDenied("ap-1", "no"),
  LatchGateApprovalExpired: new from.LatchGateApprovalExpired("ap-1"),
});

type Name = keyof ReturnType<typeof make>;

/** design.md, Errors: which classes each class is one of, beside itself and the base. */
const PARENTS: Record<Name, Name[]> = {
  LatchGateError: [],
  LatchGateDenied: [],
  LatchGateApprovalRequired: [],
  LatchGateBudgetExhausted: [],
  LatchGateAuthError: [],
  LatchGateLeaseExpired: ["LatchGateAuthError"],
  LatchGateReplayDetected: ["LatchGateAuthError"],
  LatchGateUnavailable: [],
  LatchGateTransportError: [],
  LatchGateNotConnected: [],
  LatchGateInvalidRequest: ["LatchGateDenied"],
  LatchGateNotFound: ["LatchGateDenied"],
  LatchGateRateLimited: ["LatchGateUnavailable"],
  LatchGateConflict: [],
  LatchGateTooLarge: [],
  LatchGateJournalError: [],
  LatchGateOutcomeUnknown: [],
  LatchGateApprovalLost: [],
  LatchGateApprovalDenied: [],
  LatchGateApprovalExpired: [],
};
const names = Object.keys(PARENTS) as Name[];
const isOne = (name: Name, of: Name) => of === "LatchGateError" || of === name || PARENTS[name].includes(of);

describe("the errors of 0.2.0", () => {
  it.each<[Name, string, Record<string, unknown>]>([
    ["LatchGateError", "something", {}],
    ["LatchGateDenied", "action 'send_mail' denied by policy: no", { actionId: "send_mail", reason: "no" }],
    [
      "LatchGateApprovalRequired",
      "action 'send_mail' requires approval: poll approvalId='ap-1'",
      { actionId: "send_mail", approvalId: "ap-1" },
    ],
    ["LatchGateBudgetExhausted", "budget exhausted for action 'send_mail'", { actionId: "send_mail" }],
    [
      "LatchGateAuthError",
      "authentication failed: invalid_dpop",
      { detail: "invalid_dpop", code: "invalid_dpop" },
    ],
    [
      "LatchGateLeaseExpired",
      "authentication failed: lease_expired",
      { detail: "lease_expired", code: "lease_expired" },
    ],
    [
      "LatchGateReplayDetected",
      "authentication failed: replay_detected",
      { detail: "replay_detected", code: "replay_detected" },
    ],
    [
      "LatchGateUnavailable",
      "gateway unavailable: policy_engine_unavailable",
      { detail: "policy_engine_unavailable" },
    ],
    ["LatchGateTransportError", "transport error: fetch failed", { detail: "fetch failed" }],
    ["LatchGateNotConnected", "call connect() before execute()", {}],
  ])("%s has its constructor, message and fields", (name, message, fields) => {
    expect(make(client)[name]).toMatchObject({ name, message, ...fields });
  });

  it("a denial without a reason says no more than that", () => {
    const error = new LatchGateDenied("send_mail");
    expect(error.message).toBe("action 'send_mail' denied by policy");
    expect(error.reason).toBeUndefined();
    expect(new LatchGateDenied("send_mail", "").message).toBe("action 'send_mail' denied by policy");
  });

  it("are told apart in the order that latchgate-ai-sdk asks in", () => {
    const first = (error: unknown) =>
      [LatchGateApprovalRequired, LatchGateBudgetExhausted, LatchGateDenied, LatchGateError].find(
        (one) => error instanceof one,
      );
    const all = make(client);
    expect(first(all.LatchGateApprovalRequired)).toBe(LatchGateApprovalRequired);
    expect(first(all.LatchGateBudgetExhausted)).toBe(LatchGateBudgetExhausted);
    expect(first(all.LatchGateNotFound)).toBe(LatchGateDenied);
    expect(first(all.LatchGateOutcomeUnknown)).toBe(LatchGateError);
  });

  it("show no id of an approval in a message of a class that 0.2.0 did not have", () => {
    expect(new LatchGateApprovalLost("ap-secret-1").message).not.toContain("ap-secret-1");
    expect(new LatchGateApprovalLost("ap-secret-1").approvalId).toBe("ap-secret-1");
  });
});

describe("every error", () => {
  it.each(names)(
    "%s is an Error with its own name, printed under it, with a stack that begins here",
    (name) => {
      const error = make(client)[name];
      expect(error).toBeInstanceOf(Error);
      expect(error.name).toBe(name);
      expect(String(error)).toBe(`${name}: ${error.message}`);
      expect(inspect(error)).toContain(name);
      expect(error.stack).toContain("errors.test.ts");
      expect(Object.keys(error)).not.toContain("name");
    },
  );

  it.each(names)("%s is what design.md says it is, and nothing else", (name) => {
    const error = make(client)[name];
    for (const other of names)
      expect([other, error instanceof client[other]]).toEqual([other, isOne(name, other)]);
  });

  it.each(names)("%s is known to another copy of the package, both ways", async (name) => {
    const copy = await anotherCopy("two");
    expect(copy.LatchGateError).not.toBe(LatchGateError);
    for (const other of names) {
      expect([other, make(client)[name] instanceof copy[other]]).toEqual([other, isOne(name, other)]);
      expect([other, make(copy)[name] instanceof client[other]]).toEqual([other, isOne(name, other)]);
    }
  });

  it.each(names)("%s keeps its name and its class where a minifier has renamed it", async (name) => {
    const minified = await anotherCopy("minified");
    for (const other of names) Object.defineProperty(minified[other], "name", { value: "t" });
    const error = make(minified)[name];
    expect(error.name).toBe(name);
    expect(error).toBeInstanceOf(client[name]);
    expect(String(error)).toMatch(new RegExp(`^${name}: `));
  });

  // `unknown` where a class exists because something may have run, else `not_executed`.
  const UNKNOWN: Name[] = [
    "LatchGateError",
    "LatchGateReplayDetected",
    "LatchGateOutcomeUnknown",
    "LatchGateApprovalLost",
    "LatchGateJournalError",
  ];
  it.each(names)("%s says by itself whether the action may have run", (name) => {
    expect(make(client)[name].outcome).toBe(UNKNOWN.includes(name) ? "unknown" : "not_executed");
    expect(make(client)[name].attempts).toBe(0);
  });

  it("takes what is known beside the message", () => {
    const cause = new Error("why");
    const details = {
      code: "lost",
      status: 502,
      outcome: "executed" as const,
      retryAfterMs: 1000,
      attempts: 2,
      request: { method: "POST", path: "/v1/x" },
      sessionId: "s",
      traceId: "t",
      body: { error: "x" },
      hint: "look",
      cause,
    };
    const error = new LatchGateOutcomeUnknown("gone", details);
    expect(error).toMatchObject({ ...details, message: "gone" });
    expect(error.cause).toBe(cause);
  });

  it("is no other thing: not what has no brand, null, a function, or what is called the same", () => {
    for (const value of [
      null,
      undefined,
      1,
      "x",
      {},
      new Error("x"),
      LatchGateError,
      { name: "LatchGateError" },
    ])
      expect(value instanceof LatchGateError).toBe(false);
  });
});

describe("toJSON", () => {
  it("holds all fields, and of the cause its name, code and message", () => {
    const cause = Object.assign(new Error("connect ECONNREFUSED"), {
      code: "ECONNREFUSED",
      config: { headers: "x" },
    });
    const error = new LatchGateTransportError("refused", { code: "connection_refused", attempts: 1, cause });
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      name: "LatchGateTransportError",
      message: "transport error: refused",
      code: "connection_refused",
      outcome: "not_executed",
      attempts: 1,
      detail: "refused",
      cause: { name: "Error", message: "connect ECONNREFUSED", code: "ECONNREFUSED" },
    });
  });

  it.each(names)("of %s has its name, message, code and outcome", (name) => {
    const error = make(client)[name];
    const { message, code, outcome } = error;
    expect(JSON.parse(JSON.stringify(error))).toMatchObject({ name, message, code, outcome });
  });
});

describe("a user's own class", () => {
  class Refused extends LatchGateDenied {}
  class Named extends LatchGateError {
    override readonly name = "Named";
  }

  it("is a class of its own and one of its parents'", async () => {
    const error = new Refused("send_mail", "no");
    expect(error).toBeInstanceOf(Refused);
    expect(error).toBeInstanceOf(LatchGateDenied);
    expect(error).toBeInstanceOf(LatchGateError);
    expect(error).not.toBeInstanceOf(LatchGateUnavailable);
    expect(new LatchGateDenied("send_mail")).not.toBeInstanceOf(Refused);
    expect(error).toBeInstanceOf((await anotherCopy("two")).LatchGateDenied);
  });

  it("has the name of the class, or the one that it gives itself, as in 0.2.0", () => {
    expect(new Refused("send_mail").name).toBe("Refused");
    expect(new Named("x").name).toBe("Named");
  });

  it("has the code and outcome of its parent", () => {
    expect(new Refused("send_mail")).toMatchObject({ code: "denied", outcome: "not_executed" });
  });
});

it("every error class of the package is in this file's list", () => {
  const exported = Object.entries(client)
    .filter(([, value]) => typeof value === "function" && value.prototype instanceof Error)
    .map(([name]) => name);
  expect(exported.sort()).toEqual([...names].sort());
});
