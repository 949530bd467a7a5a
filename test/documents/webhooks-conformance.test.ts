import { describe, expect, test } from "vitest";
import { isObject, type Json } from "../../src/documents/document.ts";
import { bodyOf, deliveries, formatOf, kindsById, same, valuesOf } from "../webhooks/recorded.ts";
import { createWebhooksJudge } from "./webhooks-judge.ts";

const judge = createWebhooksJudge();
const recorded = deliveries();

describe("the recorded webhooks", () => {
  test("every one is as the document describes its format: headers, body, and the answer that was given", () => {
    const complaints = recorded.flatMap((delivery) => {
      const json = bodyOf(delivery);
      const format = formatOf(json);
      return [...judge.headers(format, delivery.request.headers), ...judge.body(format, json)].map((text) => [
        delivery.n,
        text,
      ]);
    });
    const failed = new Set(complaints.map(([n]) => n)).size;
    console.log(`recorded deliveries conforming: ${recorded.length - failed} of ${recorded.length}`);
    expect(complaints).toEqual([]);
    expect(recorded.length).toBeGreaterThan(400);
  });

  test("all say application/json, and user agents but for a configured second one are the gate's", () => {
    for (const delivery of recorded) {
      expect(valuesOf(delivery, "content-type")[0]).toBe("application/json");
      expect(delivery.request.method).toBe("POST");
    }
  });

  test("every kind but the one that never comes was sent, and is one of the document's", () => {
    const known = judge.document.object(judge.document.root["components"], "components");
    const schemas = judge.document.object(known["schemas"], "schemas");
    const { discriminator } = judge.document.object(schemas["KnownEvent"], "KnownEvent");
    const { mapping } = isObject(discriminator) ? discriminator : {};
    const described = Object.keys(isObject(mapping) ? mapping : {});
    expect(described.sort()).toEqual([...new Set(kindsById().values()), "action.denied"].sort());
  });

  test("every example was sent", () => {
    const bodies = new Set(recorded.map((delivery) => same(bodyOf(delivery))));
    const shown = examples(judge.document.root);
    expect(shown.length).toBeGreaterThan(12);
    expect(shown.filter((example) => !bodies.has(same(example)))).toEqual([]);
  });

  test("each status is described, and nothing of another document or by an alias is needed to read this one", () => {
    for (const status of [200, 204, 299, 301, 304, 308, 400, 401, 408, 410, 429, 499, 500, 503])
      expect(judge.answer("generic", status), String(status)).toBe(true);
    expect(judge.document.referredFiles()).toEqual([]);
    expect(judge.document.text).not.toMatch(/: [&*]\w/);
  });
});

function examples(at: Json): Json[] {
  if (Array.isArray(at)) return at.flatMap(examples);
  if (!isObject(at)) return [];
  return Object.entries(at).flatMap(([name, value]) =>
    name === "examples" && isObject(value)
      ? Object.values(value).flatMap((example) => (isObject(example) ? [example["value"] ?? null] : []))
      : examples(value),
  );
}
