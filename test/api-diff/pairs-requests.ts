import type { Pair } from "./pair.ts";

const string = { type: "string" };
const LIMIT = "#listWidgets parameters 0";
const STATE = "#listWidgets parameters 1";
const TRACE = "#listWidgets parameters 2";

/** Changes of what a gate takes. */
export const REQUESTS: readonly Pair[] = [
  ["a member must be given", [["add", "@Ask required", "tags"]], ["wire Ask.tags is required now"]],
  ["a member need not be given", [["take", "@Ask required", "size"]], ["notice Ask.size is optional now"]],
  [
    "a new member must be given",
    [
      ["set", "@Ask.extra", string],
      ["add", "@Ask required", "extra"],
    ],
    ["wire Ask.extra is new, and required"],
  ],
  ["a new member may be given", [["set", "@Ask.extra", string]], ["notice Ask.extra is new, and optional"]],
  ["an optional member is gone, and ignored", [["drop", "@Ask.tags"]], ["source Ask.tags is gone"]],
  [
    "a required member is gone, and ignored",
    [
      ["drop", "@Ask.size"],
      ["take", "@Ask required", "size"],
    ],
    ["source Ask.size is gone"],
  ],
  ["a member of a closed object is gone", [["drop", "@Closed.note"]], ["wire Closed.note is refused now"]],
  [
    "a required member of a closed object is gone",
    [
      ["drop", "@Closed.reason"],
      ["set", "@Closed required", []],
    ],
    ["wire Closed.reason is refused now"],
  ],
  [
    "a closed object takes a new member",
    [["set", "@Closed.more", string]],
    ["notice Closed.more is taken now"],
  ],
  [
    "a closed object opens",
    [["drop", "@Closed additionalProperties"]],
    ["notice Closed takes other members now"],
  ],
  [
    "an open object closes",
    [["set", "@Route additionalProperties", false]],
    ["wire Route refuses other members now"],
  ],
  ["a member has another name", [["name", "@Ask.tags", "labels"]], ["source Ask.tags is called labels now"]],

  [
    "string becomes integer",
    [["set", "@Route.to type", "integer"]],
    ["wire Route.to type was string, is integer"],
  ],
  [
    "string may be integer too",
    [["set", "@Route.to type", ["string", "integer"]]],
    ["notice Route.to type was string, is integer | string"],
  ],
  [
    "integer becomes number",
    [["set", "@Ask.size type", "number"]],
    ["notice Ask.size type was integer, is number"],
  ],
  [
    "null is refused",
    [["set", "@Ask.color", { type: "string", enum: ["red", "blue"] }]],
    ["wire Ask.color type was string | null, is string"],
  ],
  [
    "null is taken",
    [["set", "@Ask.at type", ["string", "null"]]],
    ["notice Ask.at type was string, is string | null"],
  ],
  [
    "items have another type",
    [["set", "@Ask.tags items", { type: "integer" }]],
    ["wire Ask.tags[] type was string, is integer"],
  ],
  [
    "values of a map have another type",
    [["set", "@Ask.more additionalProperties", { type: "integer" }]],
    ["wire Ask.more.* type was string, is integer"],
  ],
  [
    "values of a map may be anything",
    [["set", "@Ask.more additionalProperties", true]],
    ["notice Ask.more.* type was string, is anything"],
  ],
  [
    "names of a map are limited",
    [["set", "@Ask.more propertyNames", { maxLength: 5 }]],
    ["wire Ask.more.(name) maxLength was none, is 5"],
  ],

  ["a value is refused", [["take", "@Ask.color enum", "blue"]], ["wire Ask.color refuses blue now"]],
  ["a value is taken", [["add", "@Ask.color enum", "green"]], ["notice Ask.color takes green now"]],
  [
    "a list of values becomes any string",
    [["drop", "@Ask.color enum"]],
    ["notice Ask.color values was red | blue, is anything"],
  ],
  [
    "any string becomes a list of values",
    [["set", "@Route.to enum", ["here"]]],
    ["wire Route.to values was anything, is here"],
  ],
  [
    "an alternative is refused",
    [["drop", "@Ask.way oneOf 1"]],
    ["wire Ask.way type was object | string, is string"],
  ],
  [
    "an alternative is taken",
    [["add", "@Ask.way oneOf", { type: "integer" }]],
    ["notice Ask.way type was object | string, is integer | object | string"],
  ],

  ["maximum is lower", [["set", "@Ask.size maximum", 8]], ["wire Ask.size maximum was 9, is 8"]],
  ["maximum is higher", [["set", "@Ask.size maximum", 10]], ["notice Ask.size maximum was 9, is 10"]],
  ["minimum is higher", [["set", "@Ask.size minimum", 2]], ["wire Ask.size minimum was 1, is 2"]],
  ["minimum is gone", [["drop", "@Ask.size minimum"]], ["notice Ask.size minimum was 1, is none"]],
  ["minLength is higher", [["set", "@Ask.name minLength", 2]], ["wire Ask.name minLength was 1, is 2"]],
  ["maxLength is new", [["set", "@Ask.at maxLength", 30]], ["wire Ask.at maxLength was none, is 30"]],
  ["maxItems is lower", [["set", "@Ask.tags maxItems", 4]], ["wire Ask.tags maxItems was 5, is 4"]],
  [
    "items must differ",
    [["set", "@Ask.tags uniqueItems", true]],
    ["wire Ask.tags uniqueItems was none, is true"],
  ],
  ["pattern is new", [["set", "@Ask.name pattern", "^[a-z]"]], ["wire Ask.name pattern was none, is ^[a-z]"]],
  ["format is new", [["set", "@Ask.name format", "uri"]], ["wire Ask.name format was none, is uri"]],
  ["format is gone", [["drop", "@Ask.at format"]], ["notice Ask.at format was date-time, is none"]],
  ["multipleOf is new", [["set", "@Ask.size multipleOf", 2]], ["wire Ask.size multipleOf was none, is 2"]],
  [
    "a count of members is limited",
    [["set", "@Ask.more maxProperties", 3]],
    ["wire Ask.more maxProperties was none, is 3"],
  ],
  [
    "a default is another one",
    [["set", "@Ask.tone default", "loud"]],
    ["wire Ask.tone default was soft, is loud"],
  ],
  ["a default is gone", [["drop", "@Ask.tone default"]], ["wire Ask.tone default was soft, is nothing"]],
  ["a default is new", [["set", "@Ask.name default", "it"]], []],
  [
    "a member needs another one",
    [["set", "@Ask dependentRequired", { at: ["tone"] }]],
    ["wire Ask dependentRequired at→tone was none, is there"],
  ],
  [
    "something is forbidden",
    [["set", "@Ask not", { required: ["at", "tone"] }]],
    ["wire Ask the rule not (at and tone are there) was none, is there"],
  ],
  ["a member is deprecated", [["set", "@Ask.tone deprecated", true]], ["notice Ask.tone is deprecated now"]],

  [
    "the body must be given",
    [["set", "#changeWidget requestBody required", true]],
    ["wire body is required now"],
  ],
  [
    "the body need not be given",
    [["set", "#createWidget requestBody required", false]],
    ["notice body is optional now"],
  ],
  ["the body is gone", [["drop", "#changeWidget requestBody"]], ["source body is gone"]],
  [
    "a body is new, and may be given",
    [["set", "#pollWidget requestBody", { content: { "text/plain": { schema: string } } }]],
    ["notice body is new, and optional"],
  ],
  [
    "a body is new, and must be given",
    [["set", "#pollWidget requestBody", { required: true, content: { "text/plain": { schema: string } } }]],
    ["wire body is new, and required"],
  ],
  [
    "a media type is refused",
    [["drop", "#changeWidget requestBody content text/plain"]],
    ["wire body text/plain is refused now"],
  ],
  [
    "a media type is taken",
    [["set", "#createWidget requestBody content text/plain", { schema: string }]],
    ["notice body text/plain is taken now"],
  ],

  [
    "a parameter is new, and required",
    [["add", "#listWidgets parameters", { name: "q", in: "query", required: true, schema: string }]],
    ["wire query parameter q is new, and required"],
  ],
  [
    "a parameter is new, and optional",
    [["add", "#listWidgets parameters", { name: "q", in: "query", schema: string }]],
    ["notice query parameter q is new, and optional"],
  ],
  ["a parameter is gone", [["drop", LIMIT]], ["source query parameter limit is gone"]],
  [
    "a parameter is required",
    [["set", `${LIMIT} required`, true]],
    ["wire query parameter limit is required now"],
  ],
  [
    "a parameter is optional",
    [["set", `${TRACE} required`, false]],
    ["notice header parameter X-Trace is optional now"],
  ],
  [
    "a header must be longer",
    [["set", `${TRACE} schema minLength`, 8]],
    ["wire header parameter X-Trace minLength was 1, is 8"],
  ],
  [
    "a parameter takes less",
    [["set", `${LIMIT} schema maximum`, 100]],
    ["wire query parameter limit maximum was 200, is 100"],
  ],
  [
    "a parameter has another default",
    [["set", `${LIMIT} schema default`, 20]],
    ["wire query parameter limit default was 50, is 20"],
  ],
  [
    "a parameter is of another type",
    [["set", `${LIMIT} schema`, { type: "string" }]],
    [
      "wire query parameter limit type was integer, is string",
      "wire query parameter limit default was 50, is nothing",
    ],
  ],
  [
    "a parameter is somewhere else",
    [["set", `${TRACE} in`, "cookie"]],
    ["source header parameter X-Trace is gone", "wire cookie parameter X-Trace is new, and required"],
  ],
  [
    "a parameter is written in another style",
    [["set", `${STATE} style`, "pipeDelimited"]],
    ["wire query parameter state is written in another style"],
  ],
  [
    "a parameter is deprecated",
    [["set", `${LIMIT} deprecated`, true]],
    ["notice query parameter limit is deprecated now"],
  ],
  [
    "a path parameter takes less",
    [["set", "components parameters WidgetId schema maxLength", 32]],
    ["wire path parameter widget_id maxLength was 64, is 32"],
  ],
  [
    "a path parameter takes more",
    [["set", "components parameters WidgetId schema maxLength", 99]],
    ["notice path parameter widget_id maxLength was 64, is 99"],
  ],
];
