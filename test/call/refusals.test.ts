import {
  LatchGateAuthError,
  LatchGateBudgetExhausted,
  LatchGateConflict,
  LatchGateDenied,
  type LatchGateError,
  LatchGateInvalidRequest,
  LatchGateLeaseExpired,
  LatchGateNotFound,
  LatchGateOutcomeUnknown,
  LatchGateRateLimited,
  LatchGateReplayDetected,
  LatchGateTooLarge,
  LatchGateTransportError,
  LatchGateUnavailable,
  outcomeOf,
} from "latchgate-client";
import { describe, expect, it } from "vitest";
import { refusalError } from "../../src/call/refusals.ts";
import {
  type AgentOperationId,
  agentOperations,
  errorCodes,
  type Outcome,
} from "../../src/generated/operations.ts";
import { answerFacts } from "../../src/vocabulary/outcomes.ts";

const ids = Object.keys(agentOperations) as AgentOperationId[];
const NOW = Date.UTC(2026, 10, 24);

function refused(
  operationId: AgentOperationId,
  status: number,
  body: unknown = undefined,
  headers: Record<string, string> = {},
): LatchGateError {
  return refusalError({
    operationId,
    operation: agentOperations[operationId],
    subject: "echo",
    status,
    outcome: answerFacts(
      agentOperations[operationId],
      status,
      (body as { error?: string } | undefined)?.error,
    ).outcome,
    body,
    headers: { get: (name) => headers[name] ?? null },
    receivedAt: NOW,
    details: { attempts: 1, request: { method: "POST", path: "/v1/x" }, sessionId: "s" },
  });
}

/** What the design's table of execute and contract agent.md 3 say, once more and by hand. */
function outcomeByHand(id: AgentOperationId, status: number, code: string | undefined): Outcome {
  if (id !== "executeAction") return "not_executed";
  if (code === "replay_detected" && status === 401) return "unknown";
  if (code === "evidence_persistence_failed" && status === 500) return "executed";
  if (status === 422) return "unknown";
  // A word that the gate has not, or none: something between may have said it. Forms are the gate's framework's.
  if (status >= 400 && status < 500) return isGates(status, code) ? "not_executed" : "unknown";
  const nothingRan = [
    "draining",
    "clock_error",
    "replay_cache_unavailable",
    "store_unavailable",
    "budget_store_unavailable",
  ];
  if (
    status === 503 &&
    code !== undefined &&
    (nothingRan.includes(code) || code.startsWith("policy_engine_"))
  )
    return "not_executed";
  return "unknown";
}

const isGates = (status: number, code: string | undefined) =>
  (errorCodes as readonly (string | undefined)[]).includes(code) ||
  [`404 (empty)`, "405 (empty)", "414 (empty)", "431 (empty)", "400 (text)", "413 (text)"].includes(
    `${status} ${code}`,
  );

/** The design's "Errors" and api-0.2.0.md's table of what is thrown when. */
function classByHand(outcome: Outcome, status: number, code: string | undefined): unknown {
  if (code === "replay_detected" && status === 401) return LatchGateReplayDetected;
  if (outcome !== "not_executed") return LatchGateOutcomeUnknown;
  if (status === 401) return code === "lease_expired" ? LatchGateLeaseExpired : LatchGateAuthError;
  if (status === 403) return code === "budget_exhausted" ? LatchGateBudgetExhausted : LatchGateDenied;
  if (status === 404) return LatchGateNotFound;
  if (status === 409) return LatchGateConflict;
  if (status === 413) return LatchGateTooLarge;
  if (status === 429) return LatchGateRateLimited;
  return status >= 400 && status < 500 ? LatchGateInvalidRequest : LatchGateUnavailable;
}

/** Every answer that the document has for the operation and that is no result, and some that it has not. */
function answersOf(id: AgentOperationId): [status: number, code: string | undefined][] {
  const known = Object.keys(agentOperations[id].answers).flatMap((answer): [number, string | undefined][] => {
    const [status = "", code] = answer.split(" ");
    if (status === "4XX") return [[418, undefined]];
    if (status === "5XX") return [[599, undefined]];
    if (status === "default")
      return [
        [302, undefined],
        [205, undefined],
        [700, undefined],
      ];
    return Number(status) < 300 ? [] : [[Number(status), code]];
  });
  const unknownWords = [400, 401, 403, 404, 409, 413, 422, 429, 500, 502, 503].map(
    (status): [number, string] => [status, "a_word_of_tomorrow"],
  );
  return [...known, ...unknownWords, [401, "constructor"], [503, "__proto__"], [500, ""]];
}

describe.each(ids)("a refusal of %s", (id) => {
  it.each(answersOf(id))("%i %s is the class and has the outcome that the design says", (status, code) => {
    const body = code === undefined ? undefined : { error: code };
    const error = refused(id, status, body);
    const outcome = outcomeByHand(id, status, code);
    expect(error.outcome).toBe(outcome);
    expect(error.constructor).toBe(classByHand(outcome, status, code));
    expect(error).toMatchObject({ status, attempts: 1, sessionId: "s", request: { path: "/v1/x" } });
    expect(error.body).toEqual(body);
    if (code !== undefined) expect(error.code).toBe(code);
    expect(outcomeOf(id, { status }, body)).toBe(outcome);
  });

  it("that may have run is never unavailable, a transport error, a denial or a wrong request, whatever the word", () => {
    const statuses = [201, 204, 302, 307, ...Array.from({ length: 200 }, (_, offset) => 400 + offset)];
    for (const status of statuses)
      for (const code of [undefined, "tomorrow", ...errorCodes]) {
        const error = refused(id, status, code === undefined ? null : { error: code });
        if (error.outcome === "not_executed") continue;
        for (const safe of [
          LatchGateUnavailable,
          LatchGateTransportError,
          LatchGateDenied,
          LatchGateBudgetExhausted,
        ])
          if (error instanceof safe) expect.fail(`${status} ${code} is ${error.name} and ${error.outcome}`);
        if (!/may have run|has run|replay_detected|is being changed, or has been/.test(error.message))
          expect.fail(`${status} ${code}: ${error.message}`);
      }
  });
});

describe("what a refusal says", () => {
  it.each([
    [
      "policy_denied",
      "no grant",
      "action 'echo' denied by policy: policy_denied: no grant",
      "policy_denied: no grant",
    ],
    ["policy_denied", undefined, "action 'echo' denied by policy: policy_denied", "policy_denied"],
  ])("403 %s (%s)", (error, deny_reason, message, reason) => {
    expect(refused("executeAction", 403, { error, deny_reason })).toMatchObject({
      message,
      reason,
      actionId: "echo",
    });
  });

  it.each([
    [
      "policy_engine_unavailable",
      503,
      "gateway unavailable: policy_engine_unavailable",
      "policy_engine_unavailable",
    ],
    [
      "rate_limited",
      429,
      "gateway unavailable: unexpected_status_429: rate_limited",
      "unexpected_status_429: rate_limited",
    ],
  ])("%s is as in 0.2.0", (error, status, message, detail) => {
    expect(refused("executeAction", status, { error })).toMatchObject({ message, detail });
  });

  it("500 of a lease is as in 0.2.0", () => {
    expect(refused("createLease", 500, { error: "internal_error" })).toMatchObject({
      message: "gateway unavailable: unexpected_status_500: internal_error",
      outcome: "not_executed",
    });
  });

  it("401 without a word (of a poll) has one code in all its fields", () => {
    const error = refused("pollApproval", 401);
    expect(error).toMatchObject({ detail: "unauthorized", code: "unauthorized", status: 401 });
  });

  it("a used-up budget is one, whichever of its two words the gate has for it, and is not to be granted", () => {
    const reason = "budget exhausted: no calls remaining";
    const error = refused("executeAction", 403, { error: "policy_denied", deny_reason: reason });
    expect(error).toBeInstanceOf(LatchGateBudgetExhausted);
    expect(error).toMatchObject({ message: "budget exhausted for action 'echo'", outcome: "not_executed" });
    expect(error.hint ?? "").not.toContain("grant");
    expect(refused("executeAction", 403, { error: "budget_exhausted" })).toBeInstanceOf(
      LatchGateBudgetExhausted,
    );
  });

  it("what is not there is named, and what an approval's 404 can also mean", () => {
    expect(refused("getAction", 404).message).toContain("echo");
    expect(refused("executeAction", 404, { error: "action_not_found" }).message).toContain("echo");
    expect(refused("pollApproval", 404).hint).toContain("session");
  });

  it("never speaks of a policy for a 422", () => {
    for (const id of ids)
      expect(refused(id, 422, { error: "schema_violation" }).message).not.toContain("policy");
    expect(refused("executeAction", 422, { error: "schema_violation" }).hint).toContain("operator");
  });

  it("a lease's message and an extractor's text reach the caller", () => {
    const scopes = { error: "invalid_request", message: "scope 'X' is malformed" };
    expect(refused("createLease", 400, scopes)).toMatchObject({
      message: "the gate refused the request: invalid_request: scope 'X' is malformed",
      body: scopes,
    });
    const text = "Failed to deserialize the JSON body into the target type: unknown field `agent_id`";
    expect(refused("createLease", 422, text).message).toContain("unknown field `agent_id`");
  });

  it("an htu mismatch names both URLs", () => {
    const deny_reason = "htu mismatch: expected 'http://localhost:3000/v1/x', got 'http://localhost/v1/x'";
    const { hint, outcome } = refused("executeAction", 401, { error: "invalid_dpop", deny_reason });
    expect(outcome).toBe("not_executed");
    expect(hint).toContain("http://localhost:3000/v1/x");
    expect(hint).toContain("signs for http://localhost/v1/x");
    expect(hint).toContain("publicBaseUrl");
  });

  it.each([
    [`iat too old: iat=1, (now=${NOW / 1000 + 90})`, "90 s behind"],
    [`iat too far in future: iat=9 (now=${NOW / 1000 - 12})`, "12 s ahead of"],
  ])("a clock that differs is told by how much: %s", (deny_reason, words) => {
    expect(refused("executeAction", 401, { error: "invalid_dpop", deny_reason }).hint).toContain(words);
  });

  it("a redirect says that it is one, and was not followed", () => {
    const error = refused("executeAction", 307);
    expect(error).toMatchObject({ outcome: "unknown", code: "unexpected_status_307" });
    expect(error.hint).toContain("redirect");
    expect(refused("getHealth", 302).hint).toContain("redirect");
  });
});

describe("how long to wait", () => {
  const waits = (headers: Record<string, string>, body: unknown = { error: "rate_limited" }, status = 429) =>
    refused("executeAction", status, body, headers).retryAfterMs;

  it("is Retry-After, in seconds or as a date", () => {
    expect(waits({ "retry-after": "3" })).toBe(3000);
    expect(waits({ "retry-after": "0" })).toBe(0);
    expect(waits({ "retry-after": " 7 " })).toBe(7000);
    expect(waits({ "retry-after": new Date(NOW + 5000).toUTCString() })).toBe(5000);
    expect(waits({ "retry-after": new Date(NOW - 5000).toUTCString() })).toBe(0);
  });

  it("is the body's hint where there is no header", () => {
    expect(waits({}, { error: "draining", retry_after_seconds: 2 }, 503)).toBe(2000);
  });

  it("is 1 s for a 429 that says nothing usable: the gate refills its buckets each second", () => {
    expect(waits({})).toBe(1000);
    expect(waits({ "retry-after": "soon" })).toBe(1000);
    expect(refused("createLease", 429, { error: "rate_limit_exceeded" }).retryAfterMs).toBe(1000);
  });

  it.each([-1, Number.NaN, "2", null])("is unknown where the hint is %s", (retry_after_seconds) => {
    expect(waits({ "retry-after": "soon" }, { error: "draining", retry_after_seconds }, 503)).toBeUndefined();
  });
});

it.each([null, [], "text", 5, true, { error: 5 }, { error: null }, [{ error: "draining" }]])(
  "a body that is %j has no word, and is kept",
  (body) => {
    const error = refused("executeAction", 503, body);
    expect(error).toBeInstanceOf(LatchGateOutcomeUnknown);
    expect(error).toMatchObject({ code: "unexpected_status_503", body });
  },
);
