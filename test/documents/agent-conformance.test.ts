import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { isObject, type Json } from "../../scripts/documents.ts";
import { createJudge } from "./judge.ts";
import { type Exchange, exchanges, isAnswer, nameOf, proofVectors } from "./recordings.ts";

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
  "peercred.json lease.ceiling-malformed-outside":
    "contract 3.3: a malformed scope is dropped, or refused where there is no ceiling",
};

/** The same path on the operator's socket is another operation there. */
const OPERATORS_OWN = new Set(["getReceipt"]);

const recorded = exchanges();
const askedOf = ({ request }: Exchange) => judge.asked(request.method, request.path);
const isOurs = (exchange: Exchange) => {
  const asked = askedOf(exchange);
  return exchange.socket === "agent" || (asked !== undefined && !OPERATORS_OWN.has(asked.operation.id));
};
const ours = recorded.filter(isOurs);

describe("the recordings of the client socket", () => {
  test("every answer that a gate gave is one that the document describes", () => {
    const answered = ours.filter(({ response }) => isAnswer(response));
    const failures = answered.flatMap((exchange) => named(exchange, answerComplaints(exchange)));
    const failed = new Set(failures.map(([name]) => name)).size;
    const silent = ours.length - answered.length;
    console.log(
      `recorded exchanges conforming: ${answered.length - failed} of ${answered.length} (and ${silent} connections without an answer)`,
    );
    expect(failures).toEqual([]);
    expect(answered.length).toBeGreaterThan(200);
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
    const refused = ours.flatMap((exchange) => {
      const asked = askedOf(exchange);
      if (asked === undefined || !isAccepted(exchange)) return [];
      return named(exchange, judge.request(asked, bodyOf(exchange)));
    });
    expect(refused.filter(([name]) => REFUSED_ON_PURPOSE[name] === undefined)).toEqual([]);
    expect([...new Set(refused.map(([name]) => name))].sort()).toEqual(
      Object.keys(REFUSED_ON_PURPOSE).sort(),
    );
  });

  test("nothing that would leave its path segment is a path parameter", () => {
    const leaving = ["", ".", "..", "a/b", "%2e%2e", "a?b", "a b", "x".repeat(257)];
    const allowed = judge.operations.flatMap((operation) =>
      operation.parameters.flatMap(({ name }) =>
        leaving
          .filter(
            (value) =>
              judge.request({ operation, parameters: { [String(name)]: value } }, undefined).length === 0,
          )
          .map((value) => `${operation.id} ${value}`),
      ),
    );
    expect(allowed).toEqual([]);
  });

  test("every operation of the document was asked, and every JSON example is a recorded one", () => {
    const asked = new Set(ours.map((exchange) => askedOf(exchange)?.operation.id));
    expect(judge.operations.map(({ id }) => id).filter((id) => !asked.has(id))).toEqual([]);
    const known = new Set([
      ...ours.flatMap(({ response }) =>
        isAnswer(response) ? [same(response.json ?? response.text ?? "")] : [],
      ),
      ...ours.map((exchange) => same(bodyOf(exchange) ?? "")),
      ...proofVectors().map(({ body }) => same(body)),
    ]);
    const invented = [...examples(judge.document.root)].filter(
      (example) => !known.has(same(example)) && !isCutShort(example),
    );
    expect(invented).toEqual([]);
  });
});

function named(exchange: Exchange, complaints: string[]): [name: string, complaint: string][] {
  return complaints.map((complaint) => [nameOf(exchange), complaint]);
}

function answerComplaints(exchange: Exchange): string[] {
  const { request, response } = exchange;
  if (!isAnswer(response)) return [];
  const asked = askedOf(exchange);
  return asked === undefined ? judge.unrouted(request.path, response) : judge.answer(asked, response);
}

function isAccepted({ response }: Exchange): boolean {
  return isAnswer(response) && response.status >= 200 && response.status < 300;
}

function bodyOf({ request }: Exchange): Json | undefined {
  if (request.body === undefined || request.body === "") return undefined;
  try {
    return JSON.parse(request.body) as Json;
  } catch {
    return undefined;
  }
}

/** A text that is the same for equal JSON, whatever the order of its members. */
function same(value: Json): string {
  return JSON.stringify(value, (_, member: Json) =>
    isObject(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}

/** The examples of media types, at any depth of the document. */
function* examples(at: Json): Generator<Json> {
  if (Array.isArray(at)) for (const item of at) yield* examples(item);
  if (!isObject(at)) return;
  for (const [name, value] of Object.entries(at)) {
    if (name !== "content" || !isObject(value)) yield* examples(value);
    else
      for (const media of Object.values(value).filter(isObject)) {
        if (media["example"] !== undefined) yield media["example"];
        if (isObject(media["examples"]))
          for (const example of Object.values(media["examples"]).filter(isObject))
            yield example["value"] ?? null;
      }
  }
}

/** The list of actions is shown with its first three. */
function isCutShort(example: Json): boolean {
  const whole = ours.find((exchange) => askedOf(exchange)?.operation.id === "listActions")?.response;
  if (!isObject(example) || whole === undefined || !isAnswer(whole) || !isObject(whole.json ?? null))
    return false;
  const { actions } = whole.json as { actions: Json[] };
  return same(example) === same({ actions: actions.slice(0, 3) });
}
