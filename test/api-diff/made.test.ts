import { describe, expect, test, vi } from "vitest";
import { compareDocuments } from "../../src/diff/compare.ts";
import type { JsonObject } from "../../src/documents/document.ts";
import { documentOf } from "./base.ts";
import { CHANGES, type Effect } from "./made/changes.ts";
import { effectSeen } from "./made/judge.ts";
import { everyPair, type MadePair, madePairs, type Schema } from "./made/pairs.ts";

// `PAIRS=all`: each change in each place, and in many pairs and triples of places.
const isWhole = process.env["PAIRS"] === "all";
vi.setConfig({ testTimeout: isWhole ? 900_000 : 120_000 });

/** The same numbers in each run (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const random = seeded(Number(process.env["PAIRS_SEED"] ?? 19));
const PAIRS: readonly MadePair[] = isWhole
  ? [...everyPair(), ...madePairs([2, 2, 2, 2, 3, 3], random)]
  : madePairs([0, 2], random);

/** An operation that asks with the schema, and answers with it. */
const documentWith = ({ schema, named }: Schema): JsonObject => ({
  openapi: "3.1.0",
  info: { title: "t", version: "1" },
  paths: {
    "/x": {
      post: {
        operationId: "op",
        requestBody: { required: true, content: { "application/json": { schema } } },
        responses: { "200": { description: "ok", content: { "application/json": { schema } } } },
      },
    },
  },
  components: { schemas: named },
});

/** What breaks whom: a request that is refused now, an answer that never came before. */
const BREAKS: { readonly [side: string]: readonly Effect[] } = {
  body: ["fewer", "other"],
  answer: ["more", "other"],
};

function verdictsOf({ name, before, after, effect }: MadePair) {
  const one = (schema: Schema) => new Map([["api", documentOf(documentWith(schema))]]);
  const changes = compareDocuments(one(before), one(after));
  return Object.entries(BREAKS).map(([side, effects]) => {
    const told = changes.filter(
      ({ severity, where }) => severity === "wire" && where.split(", ").some((at) => at.startsWith(side)),
    );
    const surely = told.filter(({ what }) => !what.includes("can't be told"));
    const breaks = effects.includes(effect);
    const verdict = breaks
      ? told.length > 0
        ? "right"
        : "silent"
      : surely.length > 0
        ? "false alarm"
        : told.length > 0
          ? "can't be told"
          : "right";
    return {
      verdict,
      text: `${side}: ${name}: ${told.map(({ where, what }) => `${where} ${what}`).join("; ") || "nothing"}`,
    };
  });
}

describe(`${PAIRS.length} pairs of documents, each made by a change whose effect is known`, () => {
  test("have that effect on values, as a validator sees it", () => {
    const judging = seeded(7);
    const others = PAIRS.filter((pair) => effectSeen(pair, judging) !== pair.effect).map(
      (pair) => `${pair.name}: ${pair.effect}, and the validator sees ${effectSeen(pair, judging)}`,
    );
    expect(others).toEqual([]);
    expect(CHANGES.length).toBeGreaterThan(100);
  });

  test("are told: none in silence, none with a false alarm, and at most 2 % that can't be told", () => {
    const verdicts = PAIRS.flatMap(verdictsOf);
    const of = (kind: string) => verdicts.filter(({ verdict }) => verdict === kind).map(({ text }) => text);
    const [silent, alarms, doubts] = [of("silent"), of("false alarm"), of("can't be told")];
    const share = ((100 * doubts.length) / verdicts.length).toFixed(1);
    console.log(
      `api-diff over ${PAIRS.length} pairs, ${verdicts.length} verdicts: ${silent.length} silent, ${alarms.length} false alarms, ${doubts.length} that can't be told (${share} %)`,
    );
    expect([silent, alarms]).toEqual([[], []]);
    expect(doubts.length / verdicts.length, doubts.join("\n")).toBeLessThanOrEqual(0.02);
  });
});
