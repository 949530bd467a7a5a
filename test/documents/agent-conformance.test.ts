import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Json } from "../../src/documents/document.ts";
import { createConformance } from "./conformance.ts";
import { createJudge } from "./judge.ts";
import { exchanges, isAnswer, proofVectors } from "./recordings.ts";

const judge = createJudge(join(import.meta.dirname, "../../openapi/agent.yaml"));

/** Accepted by the gate, refused by the document on purpose: what the gate then does is of no use to a caller. */
const REFUSED_ON_PURPOSE: { readonly [exchange: string]: string } = {
  "main.json lease.budget-zero": "contract 7: every call is denied",
  "main.json lease.budget-empty": "contract 7, 14: without max_calls every call is denied",
  "main.json lease.budget-null-calls": "contract 7, 14: with null every call is denied",
  "main.json lease.budget-cost":
    "contract 7, 13: there is no cost budget, and without max_calls every call is denied",
  "main.json lease.budget-huge-raw": "contract 7: above 2^63-1 the counter wraps and every call is denied",
  "main.json session.budget-empty": "contract 7, 14: without max_calls every call is denied",
  "webhooks.json outbox.lease.zero": "contract 7: every call is denied",
  "peercred.json lease.ceiling-malformed-outside":
    "contract 3.3: a malformed scope is dropped, or refused where there is no ceiling",
};

/** The same path on the operator's socket is another operation there. */
const OPERATORS_OWN = new Set(["getReceipt"]);

const askedOf = (method: string, path: string) => judge.asked(method, path)?.operation.id;
const ours = exchanges().filter(({ socket, request }) => {
  const id = askedOf(request.method, request.path);
  return socket === "agent" || (id !== undefined && !OPERATORS_OWN.has(id));
});
const conformance = createConformance(judge, ours);

describe("the recordings of the client socket", () => {
  test("every answer that a gate gave is one that the document describes", () => {
    const { complaints, answered } = conformance.answers("recorded exchanges conforming");
    expect(complaints).toEqual([]);
    expect(answered).toBeGreaterThan(200);
  });

  test("every verdict on a proof is an answer of execute that the document describes", () => {
    const vectors = proofVectors();
    const failures = vectors.flatMap(({ id, method, path, status, body }) => {
      const asked = judge.asked(method, path);
      if (asked === undefined) return [[id, "is no operation"]];
      return judge.answerBody(asked, status, "application/json", body).map((text) => [id, text]);
    });
    console.log(
      `recorded proof verdicts conforming: ${vectors.length - failures.length} of ${vectors.length}`,
    );
    expect(failures).toEqual([]);
  });

  test("every request that a gate accepted is one that the document allows, but for those that help nobody", () => {
    const refused = conformance.acceptedRequests();
    expect(refused.filter(([name]) => REFUSED_ON_PURPOSE[name] === undefined)).toEqual([]);
    expect([...new Set(refused.map(([name]) => name))].sort()).toEqual(
      Object.keys(REFUSED_ON_PURPOSE).sort(),
    );
  });

  test("nothing that would leave its path segment is a path parameter", () => {
    expect(conformance.leavingItsSegment()).toEqual([]);
  });

  test("every operation of the document was asked, and every JSON example is a recorded one", () => {
    expect(conformance.neverAsked()).toEqual([]);
    const verdicts = proofVectors().map(({ body }) => body);
    expect(conformance.invented([...verdicts, firstActions(3)])).toEqual([]);
  });
});

/** The list of actions is shown with its first ones. */
function firstActions(count: number): Json {
  const whole = ours.find(({ request }) => askedOf(request.method, request.path) === "listActions")?.response;
  if (whole === undefined || !isAnswer(whole)) throw new Error("no list of actions was recorded");
  const { actions } = whole.json as { actions: Json[] };
  return { actions: actions.slice(0, count) };
}
