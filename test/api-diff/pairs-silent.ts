import type { Pair } from "./pair.ts";

const ANSWERS = "#createWidget x-outcomes answers";
const rule = (outcome: string, again: string, replayCheck: string) => ({ outcome, again, replayCheck });

/** Ways to say the same: nothing is to be said of them. */
export const SILENT: readonly Pair[] = [
  ["type as a list of one", [["set", "@Widget.note type", ["string"]]], []],
  ["types in another order", [["set", "@Widget.color type", ["null", "string"]]], []],
  ["null by anyOf", [["set", "@Widget.color", { anyOf: [{ type: "string" }, { type: "null" }] }]], []],
  [
    "null by oneOf, in another order",
    [["set", "@Widget.color", { oneOf: [{ type: "null" }, { type: "string" }] }]],
    [],
  ],
  ["const as enum of one", [["set", "@Held.decision", { type: "string", enum: ["held"] }]], []],
  ["const without its type", [["set", "@Held.decision", { const: "held" }]], []],
  ["enum in another order", [["set", "@State enum", ["old", "new"]]], []],
  [
    "a closed list as alternatives of one",
    [["set", "@State", { oneOf: [{ const: "new" }, { const: "old" }] }]],
    [],
  ],
  ["an open list in another order", [["set", "@Widget.kind x-extensible-enum", ["flat", "round"]]], []],
  ["required in another order", [["set", "@Widget required", ["kind", "state", "size", "id"]]], []],
  [
    "alternatives in another order",
    [
      [
        "set",
        "@Poll oneOf",
        [
          { $ref: "#/components/schemas/Refused" },
          { $ref: "#/components/schemas/Waiting" },
          { $ref: "#/components/schemas/Done" },
        ],
      ],
    ],
    [],
  ],
  ["oneOf of what excludes itself as anyOf", [["name", "@Poll oneOf", "anyOf"]], []],
  ["a reference is written out", [["set", "@Widget.state", { type: "string", enum: ["new", "old"] }]], []],
  [
    "a schema gets a name",
    [
      ["set", "@Note", { type: "string", maxLength: 100 }],
      ["set", "@Widget.note", { $ref: "#/components/schemas/Note" }],
    ],
    [],
  ],
  [
    "a reference by way of another one",
    [
      ["set", "@Also", { $ref: "#/components/schemas/State" }],
      ["set", "@Widget.state", { $ref: "#/components/schemas/Also" }],
    ],
    [],
  ],
  ["allOf of one", [["set", "@Widget.state", { allOf: [{ $ref: "#/components/schemas/State" }] }]], []],
  [
    "allOf written out",
    [
      [
        "set",
        "@Done",
        {
          type: "object",
          required: ["by", "status"],
          properties: { by: { type: "string", minLength: 1 }, status: { type: "string", const: "done" } },
        },
      ],
    ],
    [],
  ],
  [
    "a reference with a description",
    [["set", "@Widget.state", { description: "How it is.", $ref: "#/components/schemas/State" }]],
    [],
  ],
  [
    "descriptions, titles, examples, summaries, tags",
    [
      ["set", "@Widget description", "Another one."],
      ["set", "@Widget.id example", "w2"],
      ["set", "#listWidgets summary", "…"],
      ["set", "#listWidgets tags", ["a"]],
      ["set", "info description", "…"],
      ["set", "components securitySchemes lease description", "…"],
    ],
    [],
  ],
  ["additionalProperties: true in words", [["set", "@Part additionalProperties", true]], []],
  ["additionalProperties: {} in words", [["set", "@Ended additionalProperties", {}]], []],
  [
    "minItems and minLength of 0 in words",
    [
      ["set", "@Ask.tags minItems", 0],
      ["set", "@Widget.note minLength", 0],
    ],
    [],
  ],
  ["required: false in words", [["set", "#listWidgets parameters 0 required", false]], []],
  ["deprecated: false in words", [["set", "@Widget.note deprecated", false]], []],
  ["a header in other letters", [["name", "#listWidgets responses 200 headers Date", "date"]], []],
  [
    "parameters in another order",
    [
      ["drop", "#listWidgets parameters 0"],
      [
        "add",
        "#listWidgets parameters",
        { name: "limit", in: "query", schema: { default: 50, maximum: 200, minimum: 0, type: "integer" } },
      ],
    ],
    [],
  ],
  [
    "a parameter of the path, at the operation",
    [
      ["set", "#pollWidget parameters", [{ $ref: "#/components/parameters/WidgetId" }]],
      ["set", "#changeWidget parameters", [{ $ref: "#/components/parameters/WidgetId" }]],
      ["drop", "paths /v1/widgets/{widget_id} parameters"],
    ],
    [],
  ],
  ["schemes in another order", [["set", "#listWidgets security", [{ leaseProof: [], lease: [] }]]], []],
  [
    "a rule that says what the plain status says",
    [["set", `${ANSWERS} 409~late`, rule("not_executed", "never", "before")]],
    [],
  ],
  [
    "a condition written in another order",
    [["set", "@Widget if", { required: ["kind"], properties: { kind: { enum: ["round"] } } }]],
    [],
  ],
  [
    "a discriminator is written out",
    [["set", "@Poll discriminator mapping", { done: "#/components/schemas/Done" }]],
    [],
  ],
  ["a new version", [["set", "info version", "2.0.0"]], []],
  ["a schema that nobody uses", [["set", "@Nobody", { type: "object" }]], []],
  ["default: in an answer", [["set", "@Widget.weight default", 1]], []],
];
