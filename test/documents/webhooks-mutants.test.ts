import { describe, expect, test } from "vitest";
import { isObject, type Json, type JsonObject } from "../../src/documents/document.ts";
import { bodyOf, deliveries, formatOf, kindsById } from "../webhooks/recorded.ts";
import { type Body, FORMS, mutantsOf } from "./mutants.ts";
import { createWebhooksJudge } from "./webhooks-judge.ts";

const judge = createWebhooksJudge();
const kinds = kindsById();
const formats = ["generic", "slack", "discord", "pagerduty"] as const;

const bodies = deliveries().map((delivery): Body => {
  const json = bodyOf(delivery);
  const format = formatOf(json);
  const kind = kinds.get(delivery.event);
  return {
    // The messages for people don't say their kind, and have one shape for all.
    of: format === "generic" || format === "pagerduty" ? `${format} ${kind}` : format,
    json,
    complaints: (changed) => judge.body(format, changed),
  };
});

/* What contract/webhooks.md says of the recorded bodies. */
const mutants = mutantsOf(bodies, {
  shaping: ["fields", "elements"],
  free: [/\/request_summary\//], // 5: any JSON
  any: [/\/request_summary$/],
  optional: [/\/unresolved_(domains|paths)$/], // 5: absent when empty
  mayAlsoBe: [{ at: [/\/owner$/], types: ["null", "string"] }], // 5
  mayBeNegative: [],
  closed: [
    /\/risk_level$/, // 5
    /\/verification_outcome$/, // 5
    /\/message$/, // 5: a test's
    /^(slack|discord) .*\/type$/, // 8
    /\/color$/, // 8
    /^pagerduty .*\/(event_action|severity|source|group)$/, // 8
  ],
  open: [/\/(error_class|label)$/], // 5
  closedObjects: [],
  forms: [
    ...FORMS.filter(({ name }) => name !== "time"),
    {
      name: "event id",
      looks: /^evt_[0-9a-f-]{36}$/,
      broken: (id) => [id.slice(4), id.slice(0, -1), id.toUpperCase(), `${id.slice(0, 18)}4${id.slice(19)}`],
    },
    {
      name: "test event id",
      looks: /^evt_test_/,
      broken: (id) => [id.replace("test_", "trial_"), id.slice(9), id.slice(0, -1)],
    },
    {
      name: "whole second",
      looks: /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/,
      broken: (time) => [
        time.replace("Z", "+00:00"),
        time.replace("Z", ".5Z"),
        time.replace("T", " "),
        time.replace(/-\d{2}-/, "-13-"),
      ],
    },
    {
      name: "nanosecond",
      looks: /\.\d{9}\+00:00$/,
      where: /_at$/,
      broken: (time) => [
        time.replace("+00:00", "Z"),
        time.replace("T", " "),
        time.replace(/-\d{2}-/, "-13-"),
      ],
    },
    { name: "version", looks: /^\d+\.\d+\.\d+$/, broken: () => ["0.2", "v0.2.0", ""] },
    {
      name: "footer",
      looks: /^evt_.* · LatchGate /,
      broken: (text) => [
        text.replace("evt_", ""),
        text.replace(" · ", " - "),
        text.replace(/\d+\.\d+\.\d+$/, ""),
      ],
    },
    { name: "summary", looks: /^LatchGate: /, broken: (text) => [text.slice(11), ""] },
    { name: "title", looks: /^(⏳|✅|❌|⏰|💥|🔴|💰|🔔|📌)/u, broken: () => [""] },
  ],
  formless: [/^discord .*\/value$/], // a text for people
  outOfRange: [{ at: [/\/(old|new)_epoch$/], values: [-1] }],
});

describe("the document of webhooks, tried with recorded deliveries that were changed", () => {
  test("refuses at least 95 in 100 kinds of change that no gate makes, and these are the others", () => {
    const { kinds: all, survivors } = mutants.survivors("mutants of deliveries refused");
    expect(all).toBeGreaterThan(300);
    expect(survivors).toEqual([]);
    expect(survivors.length / all).toBeLessThan(0.05);
  });

  test("lets in unknown members, unknown words of open lists, and events without an optional member", () => {
    expect(mutants.refused("harmless changes of deliveries accepted")).toEqual([]);
  });

  test("refuses headers that no gate sends, each in turn missing or broken", () => {
    const sent = deliveries()[0]?.request.headers ?? [];
    const BROKEN: { readonly [name: string]: readonly string[] } = {
      "x-latchgate-signature": ["", "sha256=", "00", "sha1=00", "SIGNATURE", "HALF", "UPPER"],
      "x-latchgate-timestamp": ["", "-1", "1.5", "+1", "1e9", "now", " 1"],
      "user-agent": ["", "curl/8", "latchgate-webhooks/0.1"],
    };
    const edited = (name: string, value: string | undefined) =>
      sent.flatMap(([other, given]) => {
        if (other !== name) return [[other, given] as const];
        if (value === undefined) return [];
        const known = { SIGNATURE: given.slice(7), HALF: given.slice(0, -1), UPPER: given.toUpperCase() };
        return [[other, known[value as keyof typeof known] ?? value] as const];
      });
    const changes = Object.entries(BROKEN).flatMap(([name, values]) =>
      [undefined, ...values].map((value) => ({ name, value })),
    );
    const survivors = formats.flatMap((format) =>
      changes.filter(({ name, value }) => judge.headers(format, edited(name, value)).length === 0),
    );
    expect(judge.headers("generic", sent)).toEqual([]);
    expect(survivors).toEqual([]);
  });

  test("lets in what the contract describes and no recording shows", () => {
    expect(unrecorded().flatMap((json) => judge.body("generic", json))).toEqual([]);
  });

  test("lets in a kind that it does not know, and no known kind with the data of another", () => {
    const event = like("revocation", {});
    for (const data of [{}, { anything: [1, null] }])
      expect(judge.body("generic", { ...event, type: "lease.issued", data })).toEqual([]);
    const others = [...new Set(kinds.values())].filter((kind) => kind !== "revocation");
    for (const kind of others) expect(judge.body("generic", { ...event, type: kind }), kind).not.toEqual([]);
    expect(judge.body("generic", { ...event, type: "" })).not.toEqual([]);
  });
});

/** A recorded event with other data. */
function like(kind: string, changes: JsonObject): JsonObject {
  const event = deliveries()
    .map(bodyOf)
    .find(({ type }) => type === kind);
  if (event === undefined || !isObject(event["data"])) throw new Error(`no ${kind} was recorded`);
  return { ...event, data: { ...event["data"], ...changes } };
}

function unrecorded(): Json[] {
  const { data, ...executed } = like("action.executed", {});
  const { action_id, principal, owner, trace_id } = data as JsonObject;
  return [
    like("approval.pending", { owner: null }), // 5
    like("approval.pending", { request_summary: "***TRUNCATED (max depth)***" }),
    like("approval.pending", {
      request_summary: null,
      unresolved_paths: ["a"],
      unresolved_domains: ["b.example"],
    }),
    like("approval.pending", { risk_level: "medium", expires_at: "2026-11-28T09:05:57+00:00" }),
    like("approval.denied", { reason: "operator_denied" }),
    like("approval.expired", { owner: null }),
    {
      ...executed,
      type: "action.denied",
      data: { action_id, principal, owner, deny_reason: "", trace_id },
    } as Json,
    like("action.executed", { owner: null, verification_outcome: "skipped" }),
    like("action.failed", {
      owner: null,
      error_class: "verification_failed_high_risk:unverifiable_declared",
    }),
    like("action.failed", { error_class: "memory_limit" }),
    like("budget.exhausted", { owner: null }),
    like("budget.rollback_failed", { label: "grant_validation_failure", error: "" }),
    like("revocation", { old_epoch: 12, new_epoch: 13 }),
    { ...like("revocation", {}), gate_version: "0.10.1-rc.1" },
  ];
}
