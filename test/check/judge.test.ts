import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { slimDocument } from "../../scripts/slim-documents.ts";
import { described } from "../../src/cli/check/described.ts";
import { differencesOf } from "../../src/cli/check/differences.ts";
import { type Answer, driftOf } from "../../src/cli/check/judge.ts";
import { type Json, type JsonObject, OpenApiDocument } from "../../src/documents/document.ts";
import { createJudge } from "../documents/judge.ts";
import { exchanges, isAnswer } from "../documents/recordings.ts";
import { temporaryFolder } from "../support/bare.ts";

describe("what check judges by", () => {
  test("finds nothing in 404 recorded answers of a gate", () => {
    const faces = { agent: described("agent"), operator: described("operator") };
    const judged = exchanges().flatMap(({ file, id, socket, request, response }) => {
      const operation = faces[socket].find(request.method, request.path);
      // The recorder cut these.
      const isCut = id === "operator.metrics" || id === "outbox.metrics";
      if (operation === undefined || !isAnswer(response) || isCut) return [];
      return [{ name: `${file} ${id}`, drift: driftOf(operation, asAnswer(response)) }];
    });
    expect(judged.filter(({ drift }) => drift.length > 0)).toEqual([]);
    expect(judged.length).toBeGreaterThanOrEqual(404);
  });

  test("agrees with Ajv about recorded answers in which a member is gone or has another type", () => {
    const faces = { agent: described("agent"), operator: described("operator") };
    const judges = { agent: judgeOf("agent"), operator: judgeOf("operator") };
    const seen = new Set<string>();
    const disagreeing: string[] = [];
    for (const { socket, request, response } of exchanges()) {
      const operation = faces[socket].find(request.method, request.path);
      const asked = judges[socket].asked(request.method, request.path);
      if (operation === undefined || asked === undefined || !isAnswer(response)) continue;
      for (const { key, json } of mutants(response.json ?? null)) {
        const name = `${operation.id} ${response.status} ${key}`;
        if (seen.has(name)) continue;
        seen.add(name);
        const answer = asAnswer({ ...response, json });
        // Ajv knows nothing of members and words that are not described.
        const drift = driftOf(operation, answer).filter(({ kind }) => kind !== "unknown" && kind !== "word");
        if (drift.length > 0 !== judges[socket].answer(asked, { ...response, json }).length > 0)
          disagreeing.push(name);
      }
    }
    expect(disagreeing).toEqual([]);
    expect(seen.size).toBeGreaterThan(900);
  });

  test("reads the JSON of a built package as it reads the YAML", () => {
    const folder = temporaryFolder();
    for (const face of ["agent", "operator"])
      writeFileSync(
        join(folder, `${face}.json`),
        slimDocument(new URL(`../../openapi/${face}.yaml`, import.meta.url).pathname),
      );
    for (const face of ["agent", "operator"] as const) {
      const { document } = described(face);
      const built = new OpenApiDocument(join(folder, `${face}.json`));
      expect([...built.operations()].map(({ id }) => id)).toEqual(
        [...document.operations()].map(({ id }) => id),
      );
      expect(Object.keys(built.root["components"] as object)).toEqual(
        Object.keys(document.root["components"] as object),
      );
    }
  });

  test("stops at a keyword that it does not know", () => {
    const { document } = described("agent");
    expect(() => differencesOf("x", { type: "string", contentEncoding: "base64" }, document)).toThrow(
      "contentEncoding",
    );
    expect(() => differencesOf("x", { format: "iri" }, document)).toThrow("iri");
  });

  test("knows every keyword of both documents", () => {
    for (const face of ["agent", "operator"] as const) {
      const { document } = described(face);
      const { schemas } = document.root["components"] as { schemas: Record<string, Json> };
      for (const schema of Object.values(schemas))
        for (const value of [null, "x", 1, {}, [], true])
          expect(differencesOf(value, schema, document)).toBeDefined();
    }
  });
});

function asAnswer({
  status,
  headers,
  json,
  text,
}: {
  status: number;
  headers: Answer["headers"];
  json?: Json;
  text?: string;
}): Answer {
  return { status, headers, json, text: text ?? (json === undefined ? "" : JSON.stringify(json)) };
}

const judgeOf = (face: string) =>
  createJudge(new URL(`../../openapi/${face}.yaml`, import.meta.url).pathname);

/** A body with one member gone, or an object in its place, at every depth. */
function* mutants(whole: Json, path: readonly string[] = []): Generator<{ key: string; json: Json }> {
  const at = path.reduce<Json>((value, name) => (value as JsonObject)[name] ?? null, whole);
  if (typeof at !== "object" || at === null) return;
  for (const name of Object.keys(at).slice(0, Array.isArray(at) ? 1 : undefined)) {
    const key = [...path, name].join(".").replaceAll(/\b\d+\b/g, "*");
    for (const how of ["gone", "an object"]) {
      const json = structuredClone(whole);
      const parent = path.reduce<Json>(
        (value, step) => (value as JsonObject)[step] ?? null,
        json,
      ) as JsonObject;
      if (how === "an object") parent[name] = { a: 1 };
      else delete parent[name];
      if (!Array.isArray(at) || how !== "gone") yield { key: `${key} ${how}`, json };
    }
    yield* mutants(whole, [...path, name]);
  }
}
