import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { OpenApiDocument } from "../../src/documents/document.ts";
import { operationsTable } from "../../src/documents/operations-table.ts";

const AGENT = readFileSync(join(import.meta.dirname, "../../openapi/agent.yaml"), "utf8");
const folder = mkdtempSync(join(tmpdir(), "latchgate-outcomes-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** The table of the agent's document with one place changed. */
function tableWith(place: string | RegExp, by: string): string {
  const text = AGENT.replace(place, by);
  expect(text).not.toBe(AGENT);
  return tableOf(text);
}

function tableOf(text: string): string {
  const file = join(folder, "agent.yaml");
  writeFileSync(file, text);
  return operationsTable({ agent: new OpenApiDocument(file) });
}

const said = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return "nothing";
};

describe("x-outcomes", () => {
  test("names rules of the document, and may write one out", () => {
    expect(tableWith('"409 grant_consumed": refused\n', '"409 grant_consumed": executed\n')).toContain(
      '"409 grant_consumed": {\n        "outcome": "executed",\n        "replayCheck": "after",\n        "again": "never"',
    );
    const written = "{ outcome: executed, replayCheck: after, again: never }";
    expect(tableWith('"409 grant_consumed": refused\n', `"409 grant_consumed": ${written}\n`)).toBe(
      tableWith('"409 grant_consumed": refused\n', '"409 grant_consumed": executed\n'),
    );
  });

  test("may speak of an answer's form, an empty body or a text, and of no other", () => {
    const rule = (form: string) => `"409 ${form}": unknown\n          "409 grant_consumed": refused\n`;
    const place = '"409 grant_consumed": refused\n';
    for (const form of ["(empty)", "(text)"])
      expect(tableWith(place, rule(form))).toContain(`"409 ${form}": {\n        "outcome": "unknown"`);
    expect(said(() => tableWith(place, rule("(html)")))).toBe(
      "executeAction: x-outcomes speaks of 409 (html), which is no word of it: grant_consumed, (empty), (text)",
    );
  });

  test("that is missing is told as a whole to be filled in, with the rules there are", () => {
    const message = said(() => tableWith(/x-outcomes:\n(?: {8}.*\n)+/, "\n"));
    expect(message).toMatch(/^getHealth has no x-outcomes; it says what each answer means:\nx-outcomes:\n/);
    expect(message).toContain('    "200": a rule\n    "400": a rule\n');
    expect(message).toContain("  effect: none | gate | world\n");
    expect(message).toContain("  busy_early: outcome not_executed, replayCheck before, again backoff\n");
    expect(message).toContain("  lost_harmless: outcome not_executed, again backoff\n");
  });

  test("that names what is no rule is told the rules that can stand there", () => {
    const answer = said(() => tableWith('"409 grant_consumed": refused\n', '"409 grant_consumed": refusd\n'));
    expect(answer).toMatch(
      /^executeAction: x-outcomes says of 409 grant_consumed "refusd", which is no rule\n/,
    );
    expect(answer).toContain("  refused: outcome not_executed, replayCheck after, again never\n");
    expect(answer).not.toContain("lost_harmless");
    expect(answer).toMatch(
      /or \{ outcome: not_executed \| unknown \| executed, replayCheck: before \| after, again: /,
    );
    const lost = said(() => tableWith("lost: lost_in_the_world", "lost: refused_if_lost"));
    expect(lost).toMatch(/^executeAction: x-outcomes has as lost "refused_if_lost"\n/);
    expect(lost).toContain("  lost_in_the_world: outcome unknown, again same_proof\n");
    expect(lost).not.toContain("replayCheck");
    expect(said(() => tableWith("effect: world", "effect: everywhere"))).toBe(
      'executeAction: x-outcomes has as effect "everywhere"\neffect is one of none, gate, world',
    );
  });

  test("without rules of the document is told how one is written", () => {
    const message = said(() => tableOf(AGENT.replace(/x-outcome-rules:\n(?: {2}.*\n)+/, "")));
    expect(message).toBe(
      'getHealth: x-outcomes has as lost "lost_harmless"\na rule is { outcome: not_executed | unknown | executed, again: never | backoff | same_proof }',
    );
  });

  test("is told everything that it says nothing of at once", () => {
    const message = said(() => tableWith(/ {10}"409 grant_consumed": refused\n/, ""));
    expect(message).toMatch(/^executeAction: x-outcomes has nothing to say of 409, 409 grant_consumed\n/);
  });

  test("speaks of no response and of no word that the operation doesn't have", () => {
    expect(said(() => tableWith('"500": unknown_early', '"510": unknown_early'))).toMatch(
      /^executeAction: x-outcomes speaks of 510, which is no response of it: 200, 202, 400, .*4XX, 5XX or default$/,
    );
    expect(said(() => tableWith('"409 grant_consumed"', '"409 grant_lost"'))).toContain(
      "speaks of 409 grant_lost, which is no word of it: grant_consumed, (empty), (text)",
    );
  });
});
