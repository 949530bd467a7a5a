import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Change } from "../../src/diff/compare.ts";
import { compareDocuments } from "../../src/diff/compare.ts";
import { isObject, type Json, type JsonObject, OpenApiDocument } from "../../src/documents/document.ts";

const rule = (outcome: string, again: string, replayCheck = "after") => ({ outcome, replayCheck, again });
const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const json = (schema: Json) => ({ content: { "application/json": { schema } } });
const NEEDS_LEASE = [{ lease: [], leaseProof: [] }];

/** A small document that has one of everything; `Ask` is asked with, `Widget` is answered. */
export const BASE: JsonObject = {
  openapi: "3.1.0",
  info: { title: "Widgets", version: "1.0.0" },
  servers: [{ url: "http://localhost:3000", description: "here" }],
  "x-unrouted": { unknown_path: { description: "Empty body." } },
  paths: {
    "/healthz": {
      get: { operationId: "getHealth", security: [], responses: { "200": { description: "ok" } } },
    },
    "/v1/widgets": {
      get: {
        operationId: "listWidgets",
        summary: "All of them",
        security: NEEDS_LEASE,
        parameters: [
          { name: "limit", in: "query", schema: { type: "integer", minimum: 0, maximum: 200, default: 50 } },
          { name: "state", in: "query", schema: ref("State") },
          { name: "X-Trace", in: "header", required: true, schema: { type: "string", minLength: 1 } },
        ],
        responses: {
          "200": {
            description: "ok",
            headers: {
              Date: { required: true, schema: { type: "string" } },
              Age: { schema: { type: "integer", minimum: 0 } },
            },
            ...json({ type: "array", maxItems: 200, items: ref("Widget") }),
          },
          "401": { description: "no", ...json(ref("Unauthorized")) },
        },
      },
      post: {
        operationId: "createWidget",
        security: NEEDS_LEASE,
        requestBody: { required: true, ...json(ref("Ask")) },
        responses: {
          "200": { description: "done", ...json(ref("Widget")) },
          "202": { description: "held", ...json(ref("Held")) },
          "400": {
            description: "bad",
            content: {
              "application/json": { schema: ref("Unauthorized") },
              "text/plain": { schema: { type: "string", pattern: "^Failed" } },
            },
          },
          "409": { description: "twice", ...json(ref("Conflict")) },
        },
        "x-outcomes": {
          effect: "world",
          lost: { outcome: "unknown", again: "same_proof" },
          answers: {
            "200": rule("executed", "never"),
            "202": rule("not_executed", "never"),
            "400": rule("not_executed", "never", "before"),
            "409 conflict": rule("unknown", "never"),
            "409": rule("not_executed", "never", "before"),
            "4XX": rule("not_executed", "never", "before"),
            "5XX": rule("unknown", "never", "before"),
            default: rule("unknown", "never", "before"),
          },
        },
      },
    },
    "/v1/widgets/{widget_id}": {
      parameters: [{ $ref: "#/components/parameters/WidgetId" }],
      get: {
        operationId: "pollWidget",
        security: NEEDS_LEASE,
        responses: { "200": { description: "ok", ...json(ref("Poll")) }, "404": { description: "none" } },
      },
      put: {
        operationId: "changeWidget",
        security: [{ operator: [] }],
        requestBody: {
          required: false,
          content: {
            "application/json": { schema: ref("Closed") },
            "text/plain": { schema: { type: "string" } },
          },
        },
        responses: { "204": { description: "done" } },
      },
    },
  },
  components: {
    securitySchemes: {
      lease: { type: "http", scheme: "DPoP", description: "a lease" },
      leaseProof: { type: "apiKey", in: "header", name: "DPoP" },
      operator: { type: "http", scheme: "DPoP" },
    },
    parameters: {
      WidgetId: {
        name: "widget_id",
        in: "path",
        required: true,
        schema: { type: "string", minLength: 1, maxLength: 64, pattern: "^[a-z]+$" },
      },
    },
    schemas: {
      State: { type: "string", enum: ["new", "old"] },
      Ask: {
        type: "object",
        required: ["name", "size"],
        properties: {
          name: { type: "string", minLength: 1, maxLength: 40 },
          size: { type: "integer", minimum: 1, maximum: 9 },
          color: { type: ["string", "null"], enum: ["red", "blue", null] },
          tags: { type: "array", maxItems: 5, items: { type: "string" } },
          at: { type: "string", format: "date-time" },
          tone: { type: "string", default: "soft" },
          more: { type: "object", additionalProperties: { type: "string" } },
          way: { oneOf: [{ type: "string", const: "none" }, ref("Route")] },
        },
      },
      Route: { type: "object", required: ["to"], properties: { to: { type: "string" } } },
      Closed: {
        type: "object",
        additionalProperties: false,
        required: ["reason"],
        properties: { reason: { type: "string" }, note: { type: "string" } },
      },
      Widget: {
        description: "A widget.",
        type: "object",
        required: ["id", "size", "state", "kind"],
        properties: {
          id: { type: "string", pattern: "^w[0-9]+$", example: "w1" },
          size: { type: "integer", minimum: 1, maximum: 9 },
          weight: { type: "number" },
          state: ref("State"),
          kind: { type: "string", "x-extensible-enum": ["round", "flat"] },
          color: { type: ["string", "null"] },
          note: { type: "string", maxLength: 100 },
          made: { type: "string", format: "date-time" },
          count: { type: "integer", format: "int32" },
          parts: { type: "array", minItems: 1, items: ref("Part") },
          labels: { type: "object", additionalProperties: { type: "string" } },
          seal: ref("Seal"),
        },
        dependentRequired: { made: ["note"] },
        if: { properties: { kind: { const: "round" } }, required: ["kind"] },
        // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
        then: { required: ["weight"] },
      },
      Part: { type: "object", required: ["n"], properties: { n: { type: "integer" }, in: ref("Part") } },
      Seal: {
        type: "object",
        additionalProperties: false,
        required: ["by"],
        properties: { by: { type: "string" }, hex: { type: "string" } },
      },
      Held: {
        type: "object",
        required: ["decision"],
        properties: { decision: { type: "string", const: "held" } },
      },
      Unauthorized: {
        type: "object",
        required: ["error"],
        properties: { error: { type: "string", "x-extensible-enum": ["no_lease", "bad_proof"] } },
      },
      Conflict: {
        type: "object",
        required: ["error"],
        properties: { error: { type: "string", "x-extensible-enum": ["conflict"] } },
      },
      Poll: {
        oneOf: [ref("Waiting"), ref("Done"), ref("Refused")],
        discriminator: { propertyName: "status" },
      },
      Waiting: {
        type: "object",
        required: ["status", "after"],
        properties: {
          status: { type: "string", const: "waiting" },
          after: { type: "integer", enum: [1, 2] },
        },
      },
      Done: {
        allOf: [
          ref("Ended"),
          { type: "object", required: ["status"], properties: { status: { type: "string", const: "done" } } },
        ],
      },
      Refused: {
        allOf: [
          ref("Ended"),
          {
            type: "object",
            required: ["status", "reason"],
            properties: { status: { type: "string", const: "refused" }, reason: { type: "string" } },
          },
        ],
      },
      Ended: { type: "object", required: ["by"], properties: { by: { type: "string", minLength: 1 } } },
    },
  },
};

/** One edit: put a value, take a member or an item away, add an item, or give a member another name. */
export type Edit =
  | readonly ["set" | "add" | "take" | "name", path: string, value: Json]
  | readonly ["drop", path: string];

/**
 * A copy of the document with the edits. Paths are members with spaces between them (`~` for a space in one):
 * `@Widget.size` is a member of a schema, `@Widget` the schema, `#pollWidget` an operation.
 */
export function edited(edits: readonly Edit[], base: JsonObject = BASE): JsonObject {
  // Not structuredClone, which keeps what is shared shared.
  const root = JSON.parse(JSON.stringify(base)) as JsonObject;
  for (const [how, path, value] of edits) {
    const steps = path.split(" ").flatMap((step) => expanded(root, step));
    const last = steps.pop() ?? "";
    const holder = steps.reduce<Json>((at, step) => member(at, step), root) as JsonObject;
    const at = holder[last];
    if (how === "drop") {
      if (at === undefined) throw new Error(`nothing to drop at ${path}`);
      if (Array.isArray(holder)) holder.splice(Number(last), 1);
      else delete holder[last];
    } else if (how === "set") holder[last] = structuredClone(value);
    else if (how === "name") {
      holder[String(value)] = at ?? null;
      delete holder[last];
    } else {
      if (!Array.isArray(at)) throw new Error(`no list at ${path}`);
      if (how === "add") at.push(structuredClone(value));
      else
        at.splice(
          at.findIndex((item) => JSON.stringify(item) === JSON.stringify(value)),
          1,
        );
    }
  }
  return root;
}

function expanded(root: JsonObject, step: string): string[] {
  if (step.startsWith("@")) {
    const [schema = "", ...members] = step.slice(1).split(".");
    return ["components", "schemas", schema, ...members.flatMap((name) => ["properties", name])];
  }
  if (step.startsWith("#")) {
    for (const [path, item] of Object.entries(root["paths"] as JsonObject))
      for (const [method, operation] of Object.entries(item as JsonObject))
        if (isObject(operation) && operation["operationId"] === step.slice(1)) return ["paths", path, method];
    throw new Error(`no operation ${step}`);
  }
  return [step.replaceAll("~", " ")];
}

function member(at: Json, step: string): Json {
  const next = (at as JsonObject)[step];
  if (next === undefined) throw new Error(`no ${step} there`);
  return next;
}

/** A document is read once, as it is made. */
export function documentOf(root: JsonObject): OpenApiDocument {
  const folder = mkdtempSync(join(tmpdir(), "latchgate-api-diff-"));
  try {
    const file = join(folder, "document.json");
    writeFileSync(file, JSON.stringify(root));
    return new OpenApiDocument(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What is said of two documents, a line each: `wire Widget.size type was integer, is string`. */
export function lines(before: JsonObject, after: JsonObject): string[] {
  const one = (root: JsonObject) => new Map([["agent", documentOf(root)]]);
  return compareDocuments(one(before), one(after)).map(line);
}

export const line = ({ severity, schema, where, what }: Change) =>
  [severity, schema ?? where, what].filter((part) => part !== "").join(" ");
