import type { Pair } from "./pair.ts";

const string = { type: "string" };

/** Changes of what a gate answers. */
export const ANSWERS: readonly Pair[] = [
  // A program that reads a member that may not be there any more fails.
  [
    "a required member is gone",
    [
      ["drop", "@Widget.size"],
      ["take", "@Widget required", "size"],
    ],
    ["wire Widget.size is gone"],
  ],
  [
    "a required member may be missing",
    [["take", "@Widget required", "size"]],
    ["wire Widget.size may be missing now"],
  ],
  ["an optional member is gone", [["drop", "@Widget.weight"]], ["source Widget.weight is gone"]],
  [
    "an optional member is always there",
    [["add", "@Widget required", "note"]],
    ["notice Widget.note is always there now"],
  ],
  ["a new optional member", [["set", "@Widget.extra", string]], ["notice Widget.extra is new, and optional"]],
  [
    "a new required member",
    [
      ["set", "@Widget.extra", string],
      ["add", "@Widget required", "extra"],
    ],
    ["notice Widget.extra is new"],
  ],
  [
    "a member has another name",
    [["name", "@Widget.weight", "mass"]],
    ["source Widget.weight is called mass now"],
  ],
  [
    "a required member has another name",
    [
      ["name", "@Part.n", "m"],
      ["set", "@Part required", ["m"]],
    ],
    ["wire Part.n is called m now"],
  ],
  [
    "a member of a closed object is new",
    [["set", "@Seal.when", string]],
    ["wire Seal.when is new, in a closed object"],
  ],
  ["an optional member of a closed object is gone", [["drop", "@Seal.hex"]], ["source Seal.hex is gone"]],
  [
    "a required member of a closed object is gone",
    [
      ["drop", "@Seal.by"],
      ["set", "@Seal required", []],
    ],
    ["wire Seal.by is gone"],
  ],
  [
    "a closed object opens",
    [["drop", "@Seal additionalProperties"]],
    ["wire Seal may have other members now"],
  ],
  [
    "an open object closes",
    [["set", "@Part additionalProperties", false]],
    ["notice Part has no other members any more"],
  ],

  [
    "integer becomes string",
    [["set", "@Part.n type", "string"]],
    ["wire Part.n type was integer, is string"],
  ],
  [
    "integer becomes number",
    [["set", "@Part.n type", "number"]],
    ["wire Part.n type was integer, is number"],
  ],
  [
    "number becomes integer",
    [["set", "@Widget.weight type", "integer"]],
    ["notice Widget.weight type was number, is integer"],
  ],
  [
    "a member may be null",
    [["set", "@Widget.weight type", ["number", "null"]]],
    ["wire Widget.weight type was number, is number | null"],
  ],
  [
    "a member is never null",
    [["set", "@Widget.color type", "string"]],
    ["notice Widget.color type was string | null, is string"],
  ],
  [
    "a member may be anything",
    [["set", "@Widget.weight", {}]],
    ["wire Widget.weight type was number, is anything"],
  ],
  [
    "an object becomes an array",
    [["set", "@Widget.labels", { type: "array", items: string }]],
    ["wire Widget.labels type was object, is array"],
  ],
  [
    "items have another type",
    [["set", "@Widget.parts items", string]],
    ["wire Widget.parts[] type was object, is string"],
  ],
  [
    "values of a map have another type",
    [["set", "@Widget.labels additionalProperties", { type: "integer" }]],
    ["wire Widget.labels.* type was string, is integer"],
  ],
  [
    "values of a map may be anything",
    [["set", "@Widget.labels additionalProperties", true]],
    ["wire Widget.labels.* type was string, is anything"],
  ],

  ["a closed list has a new value", [["add", "@Waiting.after enum", 3]], ["wire Waiting.after may be 3 now"]],
  [
    "a closed list lost a value",
    [["take", "@Waiting.after enum", 2]],
    ["source Waiting.after is never 2 any more"],
  ],
  [
    "a closed list opens",
    [["set", "@Widget.state", { type: "string", "x-extensible-enum": ["new", "old"] }]],
    ["wire Widget.state values was new | old, is new | old"],
  ],
  [
    "a closed list becomes any string",
    [["set", "@Widget.state", string]],
    ["wire Widget.state values was new | old, is anything"],
  ],
  [
    "any string becomes a closed list",
    [["set", "@Widget.color", { type: ["string", "null"], enum: ["red", null] }]],
    ["notice Widget.color values was anything, is red"],
  ],
  [
    "an open list has a new word",
    [["add", "@Widget.kind x-extensible-enum", "long"]],
    ["notice Widget.kind has a new word, long"],
  ],
  [
    "an open list lost a word",
    [["take", "@Widget.kind x-extensible-enum", "flat"]],
    ["notice Widget.kind does not list flat any more"],
  ],
  [
    "an open list closes",
    [["set", "@Widget.kind", { type: "string", enum: ["round", "flat"] }]],
    ["notice Widget.kind values was round | flat, is round | flat"],
  ],
  [
    "an open list becomes any string",
    [["set", "@Widget.kind", string]],
    ["notice Widget.kind lists no known words any more"],
  ],
  [
    "a new error word",
    [["add", "@Unauthorized.error x-extensible-enum", "no_key"]],
    ["notice Unauthorized.error has a new word, no_key"],
  ],
  [
    "a constant is another one",
    [["set", "@Held.decision const", "pending"]],
    ["wire Held.decision may be pending now", "source Held.decision is never held any more"],
  ],

  ["maximum is higher", [["set", "@Widget.size maximum", 10]], ["wire Widget.size maximum was 9, is 10"]],
  ["maximum is lower", [["set", "@Widget.size maximum", 8]], ["notice Widget.size maximum was 9, is 8"]],
  ["minimum is lower", [["set", "@Widget.size minimum", 0]], ["wire Widget.size minimum was 1, is 0"]],
  ["minimum is higher", [["set", "@Widget.size minimum", 2]], ["notice Widget.size minimum was 1, is 2"]],
  ["maximum is gone", [["drop", "@Widget.size maximum"]], ["wire Widget.size maximum was 9, is none"]],
  [
    "maxLength is higher",
    [["set", "@Widget.note maxLength", 200]],
    ["wire Widget.note maxLength was 100, is 200"],
  ],
  [
    "maxLength is lower",
    [["set", "@Widget.note maxLength", 50]],
    ["notice Widget.note maxLength was 100, is 50"],
  ],
  ["minItems is gone", [["drop", "@Widget.parts minItems"]], ["wire Widget.parts minItems was 1, is none"]],
  [
    "maxItems of an answer that is a list is higher",
    [["set", "#listWidgets responses 200 content application/json schema maxItems", 300]],
    ["wire answer 200 maxItems was 200, is 300"],
  ],
  [
    "pattern is another one",
    [["set", "@Widget.id pattern", "^x"]],
    ["wire Widget.id pattern was ^w[0-9]+$, is ^x"],
  ],
  ["pattern is gone", [["drop", "@Widget.id pattern"]], ["wire Widget.id pattern was ^w[0-9]+$, is none"]],
  ["pattern is new", [["set", "@Widget.note pattern", "^."]], ["notice Widget.note pattern was none, is ^."]],
  ["format is gone", [["drop", "@Widget.made format"]], ["wire Widget.made format was date-time, is none"]],
  ["format is new", [["set", "@Widget.note format", "uri"]], ["notice Widget.note format was none, is uri"]],
  [
    "int32 becomes int64",
    [["set", "@Widget.count format", "int64"]],
    ["wire Widget.count format was int32, is int64"],
  ],

  [
    "a member that came with another one need not come",
    [["drop", "@Widget dependentRequired"]],
    ["wire Widget dependentRequired made→note was there, is none"],
  ],
  [
    "a member comes with another one",
    [["set", "@Widget dependentRequired weight", ["count"]]],
    ["notice Widget dependentRequired weight→count was none, is there"],
  ],
  [
    "a condition is gone",
    [
      ["drop", "@Widget if"],
      ["drop", "@Widget then"],
    ],
    ["wire Widget.weight may be missing now, where kind is round"],
  ],
  [
    "what follows from a condition is less",
    [["set", "@Widget then required", []]],
    ["wire Widget.weight may be missing now, where kind is round"],
  ],
  [
    "what follows from a condition is more",
    [["add", "@Widget then required", "count"]],
    ["notice Widget.count is always there now, where kind is round"],
  ],

  [
    "a tagged union has a new member",
    [
      [
        "add",
        "@Poll oneOf",
        { type: "object", required: ["status"], properties: { status: { type: "string", const: "lost" } } },
      ],
    ],
    ["wire Poll may be status: lost now"],
  ],
  [
    "a tagged union lost a member",
    [["drop", "@Poll oneOf 2"]],
    ["source Poll is never status: refused any more"],
  ],
  [
    "a member of one member of a union is gone",
    [
      ["drop", "@Refused allOf 1 properties reason"],
      ["take", "@Refused allOf 1 required", "reason"],
    ],
    ["wire Refused.reason is gone"],
  ],
  [
    "a member of one member of a union may be missing",
    [["take", "@Waiting required", "after"]],
    ["wire Waiting.after may be missing now"],
  ],
  [
    "what two members of a union share is gone",
    [
      ["drop", "@Ended.by"],
      ["set", "@Ended required", []],
    ],
    ["wire Done.by is gone", "wire Refused.by is gone"],
  ],
  [
    "a tag has another name for one member",
    [["set", "@Waiting.status const", "pending"]],
    ["wire Waiting.status may be pending now", "source Waiting.status is never waiting any more"],
  ],
  [
    "a member of what contains itself changes",
    [["set", "@Part.in", { anyOf: [{ $ref: "#/components/schemas/Part" }, { type: "null" }] }]],
    ["wire Part.in type was object, is object | null"],
  ],
  [
    "a member is deprecated",
    [["set", "@Widget.note deprecated", true]],
    ["notice Widget.note is deprecated now"],
  ],
];
