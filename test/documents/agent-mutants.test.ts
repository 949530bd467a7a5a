import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { isObject, type Json, type JsonObject } from "../../scripts/documents.ts";
import { type Asked, createJudge } from "./judge.ts";
import { exchanges, isAnswer } from "./recordings.ts";

const judge = createJudge(join(import.meta.dirname, "../../openapi/agent.yaml"));

/*
 * What the contract says of the recorded bodies, written down here a second time and not read from the document that is
 * judged. Keys are "operation status pointer", with `*` for array indices; a request's status is "request".
 */

/** Free JSON: whatever is in it is left alone. */
const FREE = [
  /^executeAction 200 \/output\/(?!ok$)/, // 9.1
  /^getActionRequestSchema 200 \//, // 3.7
  /^createLease request \/dpop_jwk\/(kid|use|alg)$/, // 3.3: ignored by the gate
  /^getReceipt 200 \/provider_receipt\//, // 9.3
  /^getReceipt 200 \/verification_outcome\/evidence\//, // 9.3
];
/** Any JSON at all: its type may change too. */
const ANY = [/^getReceipt 200 \/provider_receipt$/, /^getReceipt 200 \/verification_outcome\/evidence$/]; // 9.3

/** There in every recorded answer, and optional all the same. */
const OPTIONAL = ["pollApproval 200 /receipt_id"]; // 3.9: "expected always; optional in type"

/** The types that a place may have beside the one that is recorded. */
const MAY_ALSO_BE: { readonly [key: string]: readonly string[] } = {
  "getReadiness 200 /egress_proxy": ["boolean", "null"], // 3.2
  "getAction 200 /egress": ["string", "null"], // 3.6
  "getActionRequestSchema 200 ": ["object", "boolean"], // 3.7
  "getReceipt 200 /failure_class": ["null"], // 9.3
  "createLease request /budgets": ["null"], // 3.3
  "createLease request /fs_root": ["null"], // 3.3
};

/** 9.1: an integer, without "≥ 0". */
const MAY_BE_NEGATIVE = ["executeAction 200 /runtime/exit_code"];

/** Words of a closed list. */
const CLOSED = [
  "getHealth 200 /status", // 3.1
  "getReadiness 200 /status", // 3.2
  /^createLease request \/dpop_jwk\/(kty|crv)$/, // 3.3
  /^getLeaseKeys 200 \/keys\/\*\/(kty|crv|use|alg)$/, // 3.4
  /^(listActions|getAction) 200 .*\/risk_level$/, // 3.5
  /^executeAction 20[02] \/decision$/, // 3.8, 9.1
  /^executeAction 200 \/verification(_outcome|\/outcome)$/, // 9.2, 14
  /^pollApproval 200 \/status$/, // 3.9
  /^pollApproval 200 \/retry_after_seconds$/, // 3.9
  /^getReceipt 200 \/(normalized_result\/kind|verification_outcome\/status|failure_class)$/, // 9.3, 14
];

/** Words of an open list: others must be let in. */
const OPEN = [
  / \/error$/, // 14
  "getReceipt 200 /signature_status", // 9.3
  "getAction 200 /egress", // 14
  /^getAction 200 \/declared_side_effects\/\*$/, // 3.6
];

/** 3.3: the gate refuses members that it does not know at the top of a lease request, and ignores them further down. */
const CLOSED_OBJECTS = ["createLease request "];

/** The forms that the contract gives to strings, told by what they look like in the recordings, and how each can be broken. */
const FORMS: {
  readonly name: string;
  readonly looks: RegExp;
  readonly broken: (word: string) => string[];
}[] = [
  {
    name: "uuid",
    looks: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
    broken: (id) => [id.slice(1), `${id.slice(0, 14)}4${id.slice(15)}`, id.toUpperCase()],
  },
  {
    name: "digest",
    looks: /^sha256:[0-9a-f]{64}$/,
    broken: (hash) => [hash.slice(7), hash.slice(0, -1), hash.replace("sha256", "md5")],
  },
  {
    name: "hex",
    looks: /^([0-9a-f]{16}|[0-9a-f]{64}|[0-9a-f]{128})$/,
    broken: (hex) => [hex.slice(1), `${hex.slice(1)}g`, `sha256:${hex}`],
  },
  {
    name: "time",
    looks: /^\d{4}-\d{2}-\d{2}T.*Z$/,
    broken: (time) => [
      time.replace("Z", "+00:00"),
      time.replace("T", " "),
      time.replace(/-\d{2}-/, "-13-"),
      time.replace("Z", "5Z"),
    ],
  },
  {
    name: "jws",
    looks: /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/,
    broken: (jws) => [jws.slice(0, jws.lastIndexOf(".")), `${jws}=`, jws.replace(".", "")],
  },
  { name: "coordinate", looks: /^[\w-]{43}$/, broken: (x) => [x.slice(1), `${x}=`, `${x.slice(1)}+`] },
  { name: "module", looks: /^builtin:/, broken: (module) => [module.slice(8), "builtin:", "sha256:12"] },
  { name: "path", looks: /^\//, broken: (path) => [path.slice(1)] },
  {
    name: "scope",
    looks: /^(tools:call|audit:read|team:\w+)$/,
    broken: () => ["Tools Call", "a:b", "tools:"],
  },
];

interface Body {
  readonly asked: Asked;
  /** "operation status", or "operation request". */
  readonly of: string;
  readonly json: Json;
  readonly complaints: (json: Json) => string[];
}

/** One object or value within a body; `variant` is the word that says which of several shapes the object around it has. */
interface Place {
  readonly key: string;
  readonly steps: readonly (string | number)[];
  readonly value: Json;
  readonly shape: string;
}

interface Mutant {
  readonly kind: string;
  readonly json: Json;
  readonly body: Body;
}

const bodies = recordedBodies();
const always = membersThatAreAlwaysThere();

describe("the document, tried with recorded bodies that were changed", () => {
  test("refuses every kind of change that no gate makes", () => {
    const mutants = bodies.flatMap(mutantsToRefuse);
    const kinds = new Set(mutants.map(({ kind }) => kind));
    const survivors = new Set(
      mutants.filter(({ json, body }) => body.complaints(json).length === 0).map(({ kind }) => kind),
    );
    console.log(`mutants refused: ${kinds.size - survivors.size} of ${kinds.size} kinds`);
    expect(kinds.size).toBeGreaterThan(300);
    expect([...survivors]).toEqual([]);
  });

  test("lets in unknown members, unknown words of open lists, and answers without an optional member", () => {
    const mutants = bodies.flatMap(mutantsToAccept);
    const kinds = new Set(mutants.map(({ kind }) => kind));
    const refused = mutants.flatMap(({ kind, json, body }) =>
      body.complaints(json).map((text) => [kind, text]),
    );
    const refusedKinds = new Set(refused.map(([kind]) => kind));
    console.log(`harmless changes accepted: ${kinds.size - refusedKinds.size} of ${kinds.size} kinds`);
    expect(refused).toEqual([]);
  });

  test("lets in what the contract describes and no recording shows", () => {
    const described = unrecorded();
    const refused = described.filter(({ of, json }) => {
      const [id, status] = of.split(" ");
      const operation = judge.operations.find((operation) => operation.id === id);
      if (operation === undefined) return true;
      return (
        judge.answerBody({ operation, parameters: {} }, Number(status), "application/json", json).length > 0
      );
    });
    expect(described.length).toBeGreaterThan(15);
    expect(refused).toEqual([]);
  });

  test("refuses an unknown member where the gate does", () => {
    const mutants = bodies.flatMap((body) =>
      places(body)
        .filter(({ key, value }) => isObject(value) && CLOSED_OBJECTS.includes(key))
        .map((place) =>
          changed(body, place, "unknown member", { ...(place.value as JsonObject), unknown_member: 1 }),
        ),
    );
    expect(mutants.length).toBeGreaterThan(10);
    expect(mutants.filter(({ json, body }) => body.complaints(json).length === 0)).toEqual([]);
  });
});

function unrecorded(): { of: string; json: Json }[] {
  const like = (of: string, changes: JsonObject) => {
    const body = bodies.find((body) => body.of === of)?.json;
    return { of, json: { ...(isObject(body ?? null) ? (body as JsonObject) : {}), ...changes } };
  };
  const { receipt_signature: _, signing_key_id: __, ...unsigned } = like("getReceipt 200", {}).json;
  const notReady = { ...like("getReadiness 200", {}).json, status: "not_ready", redis: false };
  const database = {
    mode: "hybrid",
    statements: [{ id: "by_id", operation: "select", tables: ["users"], param_count: 1 }],
    allows_parameterized_queries: true,
    parameterized_operations: ["select"],
    blocked_operations: ["ddl", "copy_io"],
  };
  return [
    like("getReadiness 200", { status: "degraded", egress_proxy: false }), // 3.2
    { of: "getReadiness 503", json: notReady },
    like("createLease 400", { error: "invalid_request" }), // 3.3
    { of: "createLease 500", json: { error: "internal_error" } },
    { of: "createLease 503", json: { error: "clock_error" } },
    like("getAction 200", { egress: null, database }), // 3.6
    like("getAction 200", { provider_module_digest: `sha256:${"0".repeat(64)}` }),
    { of: "executeAction 403", json: { error: "budget_session_not_found" } }, // 3.8
    { of: "executeAction 409", json: { error: "grant_consumed" } },
    { of: "executeAction 500", json: { error: "evidence_persistence_failed" } },
    { of: "executeAction 502", json: { error: "action_execution_failed" } },
    { of: "executeAction 503", json: { error: "replay_cache_unavailable" } },
    { of: "getReceipt 200", json: { ...unsigned, signature_status: "missing_signature" } }, // 9.3
    like("getReceipt 200", { started_at: "2026-11-24T00:00:00Z", finished_at: "2026-11-24T00:00:00.500Z" }),
    like("getReceipt 200", {
      normalized_result: { kind: "provider_failure", reason: "x" },
      failure_class: "provider_error",
    }),
    like("getReceipt 200", {
      normalized_result: { kind: "timeout" },
      verification_outcome: { status: "skipped" },
    }),
    like("getReceipt 200", { verification_outcome: { status: "unverifiable_declared" } }),
    { of: "getReceipt 500", json: { error: "internal_error" } }, // 3.10
    { of: "getReceipt 503", json: { error: "clock_error" } },
  ];
}

function recordedBodies(): Body[] {
  const seen = new Set<string>();
  return exchanges()
    .flatMap(({ socket, request, response }): Body[] => {
      const asked = judge.asked(request.method, request.path);
      if (asked === undefined || !isAnswer(response)) return [];
      const { id } = asked.operation;
      if (socket === "operator" && id === "getReceipt") return [];
      const mediaType = response.headers["content-type"]?.split(";")[0];
      const accepted = id === "createLease" && response.status === 200 && request.body !== undefined;
      return [
        ...(mediaType === undefined
          ? []
          : [
              {
                asked,
                of: `${id} ${response.status}`,
                json: response.json ?? response.text ?? "",
                complaints: (json: Json) => judge.answerBody(asked, response.status, mediaType, json),
              },
            ]),
        ...(accepted
          ? [
              {
                asked,
                of: `${id} request`,
                json: JSON.parse(request.body) as Json,
                complaints: (json: Json) => judge.request(asked, json),
              },
            ]
          : []),
      ];
    })
    .filter(({ of, json, complaints }) => {
      const text = `${of} ${JSON.stringify(json)}`;
      if (seen.has(text)) return false;
      seen.add(text);
      // A few accepted requests are refused on purpose (agent-conformance.test.ts): they are no ground for mutants.
      return complaints(json).length === 0;
    });
}

/** Every place in a body but free JSON, the body itself first. Of long arrays three items do. */
function places(body: Body): Place[] {
  const found: Place[] = [];
  const visit = (value: Json, steps: (string | number)[], key: string) => {
    if (FREE.some((free) => free.test(key))) return;
    const word = isObject(value) ? (value["status"] ?? value["kind"] ?? value["error"] ?? "") : "";
    found.push({ key, steps, value, shape: `${key} ${typeof word === "string" ? word : ""}`.trimEnd() });
    if (Array.isArray(value))
      for (const [at, item] of value.slice(0, 3).entries()) visit(item, [...steps, at], `${key}/*`);
    if (isObject(value))
      for (const [name, member] of Object.entries(value)) visit(member, [...steps, name], `${key}/${name}`);
  };
  visit(body.json, [], `${body.of} `);
  return found;
}

/** Per shape of an object: the members that each recorded one has. */
function membersThatAreAlwaysThere(): Map<string, Set<string>> {
  const members = new Map<string, Set<string>>();
  for (const { value, shape } of bodies.flatMap(places)) {
    if (!isObject(value)) continue;
    const others = members.get(shape);
    members.set(
      shape,
      new Set(Object.keys(value).filter((name) => others === undefined || others.has(name))),
    );
  }
  return members;
}

function mutantsToRefuse(body: Body): Mutant[] {
  return places(body).flatMap((place) => {
    const { key, value } = place;
    const change = (what: string, value: Json) => changed(body, place, what, value);
    return [
      ...dropped(body, place, (name) => isRequired(place, name)),
      ...(matches(ANY, key) ? [] : otherTypes(value, key).map((other) => change("other type", other))),
      ...(matches(CLOSED, key)
        ? [change("foreign value", typeof value === "number" ? 3 : "no_such_word")]
        : []),
      ...(typeof value === "string"
        ? FORMS.filter(({ looks }) => looks.test(value)).flatMap(({ name, broken }) =>
            broken(value).map((word) => change(`broken ${name}`, word)),
          )
        : []),
      ...(key.endsWith("/action_id")
        ? [change("broken action id", "a/b"), change("broken action id", "")]
        : []),
      ...(typeof value === "number"
        ? [
            change("fraction", value + 0.5),
            ...(MAY_BE_NEGATIVE.includes(key) ? [] : [change("negative", -1)]),
          ]
        : []),
      ...(key === "createLease request /budgets/max_calls"
        ? [change("out of range", 0), change("out of range", 2 ** 53)]
        : []),
      ...(typeof body.json === "string" ? [change("foreign text", "<html>")] : []),
    ];
  });
}

function mutantsToAccept(body: Body): Mutant[] {
  return places(body).flatMap((place) => {
    const { key, value } = place;
    return [
      ...dropped(body, place, (name) => !isRequired(place, name)),
      ...(isObject(value) && !CLOSED_OBJECTS.includes(key)
        ? [changed(body, place, "unknown member", { ...value, unknown_member: { a: [1] } })]
        : []),
      ...(matches(OPEN, key) && typeof value === "string"
        ? [changed(body, place, "unknown word", "no_such_word")]
        : []),
    ];
  });
}

function isRequired({ key, shape }: Place, name: string): boolean {
  return (always.get(shape)?.has(name) ?? false) && !OPTIONAL.includes(`${key}/${name}`);
}

function dropped(body: Body, place: Place, which: (name: string) => boolean): Mutant[] {
  const { value } = place;
  if (!isObject(value)) return [];
  return Object.keys(value)
    .filter((name) => which(name) && !FREE.some((free) => free.test(`${place.key}/${name}`)))
    .map((name) => {
      const { [name]: _, ...rest } = value;
      return changed(body, place, `drop ${name}`, rest, place.shape);
    });
}

function changed(body: Body, { steps, key }: Place, what: string, value: Json, at: string = key): Mutant {
  const replace = (json: Json, [step, ...rest]: readonly (string | number)[]): Json => {
    if (step === undefined) return value;
    if (Array.isArray(json)) return json.map((item, index) => (index === step ? replace(item, rest) : item));
    return isObject(json) ? { ...json, [step]: replace(json[step] ?? null, rest) } : json;
  };
  return { kind: `${at}: ${what}`, json: replace(body.json, steps), body };
}

function otherTypes(value: Json, key: string): Json[] {
  const types = [nameOfType(value), ...(MAY_ALSO_BE[key] ?? [])];
  return [7, "seven", true, [], {}, null].filter((other) => !types.includes(nameOfType(other)));
}

function nameOfType(value: Json): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

function matches(list: readonly (string | RegExp)[], key: string): boolean {
  return list.some((entry) => (typeof entry === "string" ? entry === key : entry.test(key)));
}
