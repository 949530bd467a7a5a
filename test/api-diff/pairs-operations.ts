import type { Pair } from "./pair.ts";

const POST = "#createWidget";
const ANSWERS = "#createWidget x-outcomes answers";
const answer = {
  description: "…",
  content: { "application/json": { schema: { $ref: "#/components/schemas/Held" } } },
};
const rule = (outcome: string, again = "never", replayCheck = "after") => ({ outcome, again, replayCheck });

/** Changes of operations, answers as a whole, headers, security, and of what answers mean. */
export const OPERATIONS: readonly Pair[] = [
  ["an operation is gone", [["drop", "paths /healthz"]], ["wire GET /healthz is gone"]],
  ["an operation of a path is gone", [["drop", "paths /v1/widgets post"]], ["wire POST /v1/widgets is gone"]],
  [
    "an operation is new",
    [["set", "paths /readyz", { get: { operationId: "getReadiness", security: [], responses: {} } }]],
    ["notice GET /readyz is new"],
  ],
  [
    "an operation has another method",
    [
      ["name", "#changeWidget", "patch"],
      ["name", "paths /v1/widgets/{widget_id} patch", "patch"],
      ["set", "paths /v1/widgets/{widget_id} delete", { operationId: "dropWidget", responses: {} }],
    ],
    ["wire PUT /v1/widgets/{widget_id} is gone", "notice DELETE /v1/widgets/{widget_id} is new"],
  ],
  [
    "an operation has another path",
    [["name", "paths /healthz", "/livez"]],
    ["wire was GET /healthz, is GET /livez"],
  ],
  [
    "an operation has another id",
    [["set", "#getHealth operationId", "getLiveness"]],
    ["source operationId was getHealth, is getLiveness"],
  ],
  ["an operation is deprecated", [["set", "#getHealth deprecated", true]], ["notice is deprecated now"]],
  [
    "a path parameter has another name",
    [
      ["name", "paths /v1/widgets/{widget_id}", "/v1/widgets/{id}"],
      ["set", "components parameters WidgetId name", "id"],
    ],
    ["source path parameter widget_id is called id now"],
  ],

  ["a success is new", [["set", `${POST} responses 201`, answer]], ["wire answer 201 is new"]],
  ["a success is gone", [["drop", `${POST} responses 202`]], ["source answer 202 is gone"]],
  [
    "a success has another status",
    [["name", `${POST} responses 202`, "203"]],
    ["source answer 202 is gone", "wire answer 203 is new"],
  ],
  [
    "a redirect is new",
    [["set", `${POST} responses 307`, { description: "there" }]],
    ["wire answer 307 is new"],
  ],
  ["an error is new", [["set", `${POST} responses 418`, answer]], ["notice answer 418 is new"]],
  ["an error is gone", [["drop", `${POST} responses 409`]], ["source answer 409 is gone"]],
  [
    "an answer has a body of another media type too",
    [["set", "#pollWidget responses 200 content text/plain", { schema: { type: "string" } }]],
    ["wire answer 200 text/plain is new"],
  ],
  [
    "an answer lost one of its media types",
    [["drop", `${POST} responses 400 content text/plain`]],
    ["source answer 400 text/plain is gone"],
  ],
  [
    "an answer lost its body",
    [["drop", `${POST} responses 202 content`]],
    ["wire answer 202 application/json is gone"],
  ],
  [
    "an answer without a body has one",
    [["set", "#pollWidget responses 404 content", { "text/plain": { schema: { type: "string" } } }]],
    ["notice answer 404 text/plain is new"],
  ],
  [
    "a text has another form",
    [["set", `${POST} responses 400 content text/plain schema pattern`, "^Sorry"]],
    ["wire answer 400 pattern was ^Failed, is ^Sorry"],
  ],

  [
    "a header is gone",
    [["drop", "#listWidgets responses 200 headers Date"]],
    ["wire answer 200 header Date is gone"],
  ],
  [
    "a header that may be there is gone",
    [["drop", "#listWidgets responses 200 headers Age"]],
    ["source answer 200 header Age is gone"],
  ],
  [
    "a header may be missing",
    [["set", "#listWidgets responses 200 headers Date required", false]],
    ["wire answer 200 header Date may be missing now"],
  ],
  [
    "a header is always there",
    [["set", "#listWidgets responses 200 headers Age required", true]],
    ["notice answer 200 header Age is always there now"],
  ],
  [
    "a header is new",
    [["set", "#listWidgets responses 200 headers Retry-After", { schema: { type: "integer" } }]],
    ["notice answer 200 header Retry-After is new"],
  ],
  [
    "a header has another type",
    [["set", "#listWidgets responses 200 headers Age schema type", "string"]],
    ["wire answer 200 header Age type was integer, is string"],
  ],

  [
    "who may ask is another one",
    [["set", "#listWidgets security", [{ operator: [] }]]],
    ["wire security was lease + leaseProof, is operator"],
  ],
  [
    "a lease is needed",
    [["set", "#getHealth security", [{ lease: [], leaseProof: [] }]]],
    ["wire security was none, is lease + leaseProof"],
  ],
  [
    "nothing is needed",
    [["set", "#listWidgets security", []]],
    ["notice security was lease + leaseProof, is none"],
  ],
  [
    "a proof is needed too",
    [["set", "#changeWidget security", [{ operator: [], leaseProof: [] }]]],
    ["wire security was operator, is leaseProof + operator"],
  ],
  [
    "a proof is not needed",
    [["set", "#listWidgets security", [{ lease: [] }]]],
    ["notice security was lease + leaseProof, is lease"],
  ],
  [
    "another way in",
    [["add", "#listWidgets security", { operator: [] }]],
    ["notice security was lease + leaseProof, is lease + leaseProof or operator"],
  ],
  [
    "a scheme is another one",
    [["set", "components securitySchemes operator scheme", "Bearer"]],
    ["wire security was operator, is operator"],
  ],

  [
    "an answer is not safe any more",
    [["set", `${ANSWERS} 202 outcome`, "unknown"]],
    ["wire x-outcomes 202: outcome was not_executed, is unknown"],
  ],
  [
    "an answer is known to be safe",
    [["set", `${ANSWERS} 409~conflict outcome`, "not_executed"]],
    ["notice x-outcomes 409 conflict: outcome was unknown, is not_executed"],
  ],
  [
    "an executed one is in doubt",
    [["set", `${ANSWERS} 200 outcome`, "unknown"]],
    ["wire x-outcomes 200: outcome was executed, is unknown"],
  ],
  [
    "an answer may be sent again",
    [["set", `${ANSWERS} 400 again`, "backoff"]],
    ["notice x-outcomes 400: again was never, is backoff"],
  ],
  [
    "an answer comes before the replay check",
    [["set", `${ANSWERS} 202 replayCheck`, "before"]],
    ["wire x-outcomes 202: replayCheck was after, is before"],
  ],
  [
    "an answer comes after the replay check",
    [["set", `${ANSWERS} 400 replayCheck`, "after"]],
    ["notice x-outcomes 400: replayCheck was before, is after"],
  ],
  [
    "a lost connection must not be repeated",
    [["set", "#createWidget x-outcomes lost again", "never"]],
    ["wire x-outcomes lost connection: again was same_proof, is never"],
  ],
  [
    "it acts at the gate alone",
    [["set", "#createWidget x-outcomes effect", "gate"]],
    ["notice x-outcomes effect was world, is gate"],
  ],
  [
    "a new word is taken for safe, and is not",
    [
      ["add", "@Conflict.error x-extensible-enum", "late"],
      ["set", `${ANSWERS} 409~late`, rule("unknown")],
    ],
    [
      "wire x-outcomes 409 late: outcome was not_executed, is unknown",
      "notice Conflict.error has a new word, late",
    ],
  ],
  [
    "a new word with a rule that is as safe",
    [
      ["add", "@Conflict.error x-extensible-enum", "late"],
      ["set", `${ANSWERS} 409~late`, rule("not_executed", "backoff")],
    ],
    ["notice Conflict.error has a new word, late"],
  ],
  [
    "the table is gone",
    [["drop", "#createWidget x-outcomes"]],
    ["source x-outcomes does not say any more what its answers mean (x-outcomes)"],
  ],
  [
    "a table is new",
    [["set", "#getHealth x-outcomes", { effect: "none", lost: {}, answers: {} }]],
    ["notice x-outcomes says what its answers mean now (x-outcomes)"],
  ],

  [
    "a named schema has another name",
    [
      ["name", "@Held", "Pending"],
      ["set", `${POST} responses 202 content application/json schema $ref`, "#/components/schemas/Pending"],
    ],
    ["source components.schemas.Held is called components.schemas.Pending now"],
  ],
  [
    "the server is another one",
    [["set", "servers 0 url", "http://localhost:4000"]],
    ["notice the servers changed"],
  ],
  [
    "what is answered where nothing is changes",
    [["set", "x-unrouted wrong_method", {}]],
    ["notice x-unrouted changed: what is answered where there is no operation"],
  ],
];
