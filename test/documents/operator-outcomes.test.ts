import { describe, expect, test } from "vitest";
import {
  type AnswerFacts,
  agentOperations,
  type OperationFacts,
  operatorOperations,
} from "../../src/generated/operations.ts";

const operations: { readonly [id: string]: OperationFacts } = operatorOperations;
const entries = Object.entries(operations);

const answers = (id: string): [answer: string, facts: AnswerFacts][] =>
  Object.entries(operations[id]?.answers ?? {});

const outcomes = (id: string, status: string) =>
  Object.fromEntries(
    answers(id)
      .filter(([answer]) => answer.split(" ")[0] === status)
      .map(([answer, { outcome }]) => [answer, outcome]),
  );

describe("what the operator's document says of an approve", () => {
  test("an answer that speaks of another run does not say that nothing ran", () => {
    expect(outcomes("approveApproval", "200")).toEqual({
      "200": "executed",
      "200 executed": "executed",
      "200 already_approved": "executed",
      "200 already_denied": "unknown",
      "200 already_failed": "unknown",
      "200 already_completed": "unknown",
    });
    expect(outcomes("approveApproval", "409")).toEqual({
      "409": "unknown",
      "409 conflict": "unknown",
      "409 grant_consumed": "unknown",
    });
  });

  test("a 422, a 502 and a 500 may come after the effect, and one of them always does", () => {
    expect(new Set(Object.values(outcomes("approveApproval", "422")))).toEqual(new Set(["unknown"]));
    expect(new Set(Object.values(outcomes("approveApproval", "502")))).toEqual(new Set(["unknown"]));
    expect(outcomes("approveApproval", "500")).toEqual({
      "500": "unknown",
      "500 internal_error": "unknown",
      "500 evidence_persistence_failed": "executed",
    });
  });

  test("any other refusal is one, a replayed proof excepted", () => {
    const unknown = answers("approveApproval")
      .filter(([answer, { outcome }]) => /^4(?!09|22)/.test(answer) && outcome !== "not_executed")
      .map(([answer]) => answer);
    expect(unknown).toEqual(["401 replay_detected"]);
  });

  test("it is sent again by itself only where it was not looked at, and with the same proof when it was lost", () => {
    const again = answers("approveApproval").filter(([, { again }]) => again !== "never");
    expect(Object.fromEntries(again.map(([answer, { again }]) => [answer, again]))).toEqual({
      "401 invalid_dpop": "new_clock",
      "429 operator_throttled": "backoff",
      "503 replay_cache_unavailable": "backoff",
    });
    expect(operations["approveApproval"]?.lost).toEqual({ outcome: "unknown", again: "same_proof" });
  });
});

describe("what the operator's document says of the other operations", () => {
  const writes = entries.filter(([, { effect }]) => effect === "gate");
  const reads = entries.filter(([, { effect }]) => effect === "none");

  test("approve alone acts in the world, GET reads, and whatever is no GET writes", () => {
    expect(entries.filter(([, { effect }]) => effect === "world").map(([id]) => id)).toEqual([
      "approveApproval",
    ]);
    for (const [id, { method }] of reads) expect(method, id).toBe("GET");
    for (const [id, { method }] of writes) expect(method, id).not.toBe("GET");
  });

  test("a read is never unknown and may be repeated when it was lost", () => {
    for (const [id, { answers, lost }] of reads) {
      expect(new Set(Object.values(answers).map(({ outcome }) => outcome)), id).toEqual(
        new Set(["not_executed"]),
      );
      expect(lost, id).toEqual({ outcome: "not_executed", again: "backoff" });
    }
  });

  test("a write that failed at the gate may have been done, but for a reload that was refused", () => {
    const surely = writes.flatMap(([id]) =>
      answers(id)
        .filter(([answer, { outcome }]) => answer.startsWith("5") && outcome === "not_executed")
        .map(([answer]) => `${id} ${answer}`),
    );
    expect(surely).toEqual(["denyApproval 503 replay_cache_unavailable", "reload 500 reload_failed"]);
    for (const [id, { lost }] of writes)
      expect(lost, id).toEqual({
        outcome: "unknown",
        again: id === "denyApproval" ? "same_proof" : "never",
      });
  });

  test("a deny of what had ended before did nothing", () => {
    expect(outcomes("denyApproval", "200")).toEqual({
      "200": "executed",
      "200 deny": "executed",
      "200 already_approved": "not_executed",
      "200 already_denied": "not_executed",
      "200 already_failed": "not_executed",
      "200 already_completed": "not_executed",
    });
  });

  test("extractors and credentials come before the proof is stored, drain, rate limit and values after", () => {
    for (const [id, { answers }] of entries)
      for (const [answer, { replayCheck }] of Object.entries(answers)) {
        const [status = "", word] = answer.split(" ");
        if (["401", "413", "414", "415", "431"].includes(status) || word === "replay_cache_unavailable")
          expect(replayCheck, `${id} ${answer}`).toBe("before");
        // The router's and the extractors' forms come first of all; of a word that is not the operation's nothing is known.
        else if (word?.startsWith("(")) expect(replayCheck, `${id} ${answer}`).toBe("before");
        else if (word !== undefined) expect(replayCheck, `${id} ${answer}`).toBe("after");
      }
    // The client socket's execute has it the other way round: its bucket and drain come first.
    expect(agentOperations.executeAction.answers["503 draining"].replayCheck).toBe("before");
    expect(operatorOperations.approveApproval.answers["503 draining"].replayCheck).toBe("after");
  });
});
