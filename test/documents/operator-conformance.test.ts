import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Json, JsonObject } from "../../src/documents/document.ts";
import { createConformance, examples } from "./conformance.ts";
import { createJudge } from "./judge.ts";
import { type Exchange, exchanges } from "./recordings.ts";

const OPENAPI = join(import.meta.dirname, "../../openapi");
const judge = createJudge(join(OPENAPI, "operator.yaml"));
const agentsJudge = createJudge(join(OPENAPI, "agent.yaml"));

/** What is the operator's alone: the rest is copied from the agent's document, and judged there. */
const own = judge.operations.filter(({ id }) =>
  agentsJudge.operations.every((operation) => operation.id !== id),
);

/** Bodies that were recorded by their size only, and what stands in for them: a whole one of another gate of that version. */
const RECORDED_ELSEWHERE: { readonly [exchange: string]: string } = {
  "operator.metrics": "metrics.txt",
  "outbox.metrics": "metrics.txt",
};

/** Operations of the operator socket that no recording asks: read in the gate's source. */
const NEVER_ASKED = ["getPolicy"];

/** Asked on the client socket only. */
const ASKED_THERE = ["getAction", "getActionRequestSchema", "pollApproval"];

const ours = exchanges()
  .filter(({ socket }) => socket === "operator")
  .map(withItsText);
const conformance = createConformance(judge, ours);

describe("the recordings of the operator socket", () => {
  test("every answer that a gate gave is one that the document describes", () => {
    const { complaints, answered } = conformance.answers("recorded exchanges of operators conforming");
    expect(complaints).toEqual([]);
    expect(answered).toBeGreaterThan(150);
  });

  test("every request that a gate accepted is one that the document allows", () => {
    expect(conformance.acceptedRequests()).toEqual([]);
  });

  test("nothing that would leave its path segment is a path parameter", () => {
    expect(conformance.leavingItsSegment()).toEqual([]);
  });

  test("every operation was asked but for the few that are known, and every JSON example is a recorded one", () => {
    expect(conformance.neverAsked().sort()).toEqual([...NEVER_ASKED, ...ASKED_THERE].sort());
    const agents = createConformance(agentsJudge, exchanges());
    expect(agents.neverAsked()).toEqual([]);
    expect(conformance.invented([...examples(agentsJudge.document.root), wholePolicy()])).toEqual([]);
  });
});

describe("the two documents", () => {
  test("describe the 37 operations of a gate, each in one place, and a receipt once for each socket", () => {
    const described = (of: typeof judge) => of.operations.map(({ method, path }) => `${method} ${path}`);
    const both = new Set([...described(judge), ...described(agentsJudge)]);
    const complete = [...both].filter((name) => described(judge).includes(name));
    console.log(`operations described: ${complete.length} of 37`);
    expect(both.size).toBe(37);
    expect(complete).toHaveLength(37);
    const shared = own.filter((operation) => described(agentsJudge).includes(nameOfPath(operation)));
    expect(shared.map(({ id }) => id)).toEqual(["getReceiptAsOperator"]);
    expect(own).toHaveLength(28);
  });

  test("say of each operation that an operator's credentials are wanted, or a lease, or nothing", () => {
    const wanted = Object.fromEntries(
      judge.operations.map(({ id, operation }) => [id, operation["security"]]),
    );
    for (const { id } of own) expect(wanted[id], id).toEqual([{ operator: [], operatorProof: [] }]);
    for (const { id, operation } of agentsJudge.operations)
      if (id !== "getReceipt") expect(wanted[id], id).toEqual(operation["security"]);
  });

  test("want a body from every DELETE but for those that clear", () => {
    const wanted = judge.operations
      .filter(({ method }) => method === "DELETE")
      .map((operation) => [operation.id, judge.requestBody({ operation, parameters: {} }, undefined)]);
    expect(Object.fromEntries(wanted)).toEqual({
      removeDomain: ["the body is missing"],
      clearDomains: [],
      removePath: ["the body is missing"],
      clearPaths: [],
      disallowAction: ["the body is missing"],
    });
  });

  test("want Retry-After with a throttled decision, and with no other 429", () => {
    const throttled = own.filter(({ document, operation }) => {
      const responses = document.object(operation["responses"], "responses");
      return responses["429"] !== undefined;
    });
    const wanting = throttled.filter((operation) => {
      const content = operation.id === "getApproval" ? {} : { "content-type": "application/json" };
      const headers = { date: "Tue, 24 Nov 2026 02:53:18 GMT", ...content };
      const json = operation.id === "getApproval" ? {} : { json: { error: "a_word" } };
      return judge.answer({ operation, parameters: {} }, { status: 429, headers, ...json }).length > 0;
    });
    expect(throttled).toHaveLength(26);
    expect(wanting.map(({ id }) => id)).toEqual(["approveApproval", "denyApproval"]);
  });

  test("send a path to the operation that a router picks: a literal segment before a parameter", () => {
    expect(judge.asked("POST", "/v1/admin/policy/grant")?.operation.id).toBe("grantActions");
    expect(judge.asked("GET", "/v1/admin/policy/grant")).toBeUndefined();
    expect(judge.asked("GET", "/v1/admin/policy/agent:x")?.operation.id).toBe("getPrincipalPolicy");
    expect(judge.asked("GET", "/v1/receipts/x")?.operation.id).toBe("getReceiptAsOperator");
  });
});

/** An answer of getPolicy: nobody recorded one, and it is what one principal's answer has, by principal. */
function wholePolicy(): Json {
  const recorded = ours.find(({ id }) => id === "operator.policy-after")?.response;
  const { principal, acl } = (
    recorded !== undefined && "json" in recorded ? recorded.json : {}
  ) as JsonObject;
  return { policy_version: "quickstart-init-3", acl: { [String(principal)]: acl ?? null } };
}

function nameOfPath({ method, path }: { method: string; path: string }): string {
  return `${method} ${path}`;
}

function withItsText(exchange: Exchange): Exchange {
  const file = RECORDED_ELSEWHERE[exchange.id];
  if (file === undefined || !("status" in exchange.response)) return exchange;
  const text = readFileSync(join(import.meta.dirname, "../recordings", file), "utf8");
  return { ...exchange, response: { ...exchange.response, text } };
}
