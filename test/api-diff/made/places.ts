import type { Json, JsonObject } from "../../../src/documents/document.ts";

/** Gives a schema a name of its own, and gives the reference to it, which it may hold itself. */
export type Define = (make: (reference: JsonObject) => JsonObject) => JsonObject;

/** A place where a schema stands in a larger one: what the larger one takes grows with what the schema takes, or shrinks with it. */
export interface Place {
  readonly name: string;
  readonly around: (schema: JsonObject, define: Define) => JsonObject;
  /** The value of the larger schema that has this one in the place. */
  readonly with: (value: Json) => Json;
  readonly isTurned?: true;
  /** Whether a value in there still shows what is wrong with it. */
  readonly takes?: (value: Json) => boolean;
}

const ID: JsonObject = { type: "string", minLength: 1 };

export const PLACES: readonly Place[] = [
  { name: "by itself", around: (schema) => schema, with: (value) => value },
  {
    name: "a required member",
    around: (schema) => ({ type: "object", required: ["v"], properties: { v: schema, id: ID } }),
    with: (v) => ({ v }),
  },
  {
    name: "a member of a closed object",
    around: (schema) => ({ type: "object", additionalProperties: false, properties: { v: schema, id: ID } }),
    with: (v) => ({ v, id: "1" }),
  },
  {
    name: "items",
    around: (schema) => ({ type: "array", items: schema }),
    with: (value) => [value],
  },
  {
    name: "a place of a tuple",
    around: (schema) => ({ type: "array", prefixItems: [ID, schema], minItems: 2 }),
    with: (value) => ["x", value],
  },
  {
    name: "other members",
    around: (schema) => ({ type: "object", properties: { id: ID }, additionalProperties: schema }),
    with: (value) => ({ id: "1", other: value }),
  },
  {
    name: "members by a pattern",
    around: (schema) => ({ type: "object", patternProperties: { "^v[0-9]$": schema } }),
    with: (v1) => ({ v1 }),
  },
  {
    name: "a part of allOf",
    around: (schema) => ({ allOf: [{ description: "anything" }, schema] }),
    with: (value) => value,
  },
  {
    name: "a member by way of allOf",
    around: (schema) => ({
      allOf: [
        { type: "object", properties: { id: ID } },
        { type: "object", required: ["v"], properties: { v: schema } },
      ],
    }),
    with: (v) => ({ v }),
  },
  {
    name: "a tagged alternative",
    around: (schema) => ({
      oneOf: [
        { type: "object", required: ["kind", "v"], properties: { kind: { const: "one" }, v: schema } },
        {
          type: "object",
          required: ["kind"],
          properties: { kind: { const: "other" }, n: { type: "integer" } },
        },
      ],
    }),
    with: (v) => ({ kind: "one", v }),
  },
  {
    name: "an alternative beside null",
    around: (schema) => ({ anyOf: [schema, { type: "null" }] }),
    with: (value) => value,
    takes: (value) => value !== null,
  },
  {
    name: "a consequence",
    around: (schema) => ({
      type: "object",
      required: ["kind"],
      properties: { kind: { enum: ["one", "other"] }, v: {} },
      if: { properties: { kind: { const: "one" } }, required: ["kind"] },
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
      then: { properties: { v: schema } },
    }),
    with: (v) => ({ kind: "one", v }),
  },
  {
    name: "a schema that contains itself",
    around: (schema, define) =>
      define((itself) => ({ type: "object", properties: { v: schema, next: itself } })),
    with: (v) => ({ next: { v } }),
  },
  {
    name: "a named schema",
    around: (schema, define) => define(() => schema),
    with: (value) => value,
  },
  {
    name: "an item that must be there",
    around: (schema) => ({ type: "array", contains: schema }),
    with: (value) => [value],
  },
  {
    name: "what must not be there",
    around: (schema) => ({ type: "object", required: ["v"], properties: { v: { not: schema } } }),
    with: (v) => ({ v }),
    isTurned: true,
  },
];
