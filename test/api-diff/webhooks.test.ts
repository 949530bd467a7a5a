import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type Change, compareDocuments } from "../../src/diff/compare.ts";
import { reportOf } from "../../src/diff/report.ts";
import { OpenApiDocument } from "../../src/documents/document.ts";

const FILE = join(import.meta.dirname, "../../openapi/webhooks.yaml");
const TEXT = readFileSync(FILE, "utf8");

// The last test generates types twice, and compiles them.
vi.setConfig({ testTimeout: 90_000 });

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "latchgate-webhooks-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const documents = (file: string) => new Map([["webhooks", new OpenApiDocument(file)]]);

/** Two versions: ours, and one in which each text stands for another. */
function versions(...edits: readonly (readonly [string, string])[]) {
  const text = edits.reduce((before, [from, to]) => {
    expect(before).toContain(from);
    return before.replace(from, to);
  }, TEXT);
  const file = join(folder, "webhooks.yaml");
  writeFileSync(file, text);
  return [documents(FILE), documents(file)] as const;
}

const told = (changes: readonly Change[]) =>
  changes.map(({ severity, operations, schema, where, what }) =>
    [severity, operations.join(), schema ?? where, what].filter((part) => part !== "").join(" "),
  );

const there = (...edits: readonly (readonly [string, string])[]) => {
  const [before, after] = versions(...edits);
  return told(compareDocuments(before, after));
};
const back = (...edits: readonly (readonly [string, string])[]) => {
  const [before, after] = versions(...edits);
  return told(compareDocuments(after, before));
};

test("a member that a gate may leave out breaks those who read it; one that is always there breaks nobody", () => {
  const edit = ["required: [old_epoch, new_epoch, operator_id]", "required: [old_epoch, new_epoch]"] as const;
  // PagerDuty's message has the event's data too, where its summary says of which kind it is.
  const inPagerDuty = expect.stringMatching(
    /^wire deliverPagerDutyEvent RevocationData\.operator_id may be missing now, where summary pattern .*Revocation/,
  );
  expect(there(edit)).toEqual([
    "wire deliverEvent RevocationData.operator_id may be missing now",
    inPagerDuty,
  ]);
  expect(back(edit)).toContain("notice deliverEvent RevocationData.operator_id is always there now");
});

test("what a gate sends is judged as an answer is: a new word of a closed list breaks those who read it", () => {
  const edit = ["enum: [low, medium, high, critical]", "enum: [low, medium, high, critical, fatal]"] as const;
  const [change = ""] = there(edit);
  expect(change).toMatch(/^wire deliverEvent RiskLevel .*fatal/);
  expect(back(edit).filter((line) => line.includes("deliverEvent"))).toEqual([
    expect.stringMatching(/^(source|notice) deliverEvent RiskLevel .*fatal/),
  ]);
});

test("a header that may be missing breaks who verifies by it", () => {
  const edit = [
    "name: X-LatchGate-Timestamp\n      in: header\n      required: true",
    "name: X-LatchGate-Timestamp\n      in: header\n      required: false",
  ] as const;
  const all = "deliverDiscordMessage,deliverEvent,deliverPagerDutyEvent,deliverSlackMessage";
  expect(there(edit)).toEqual([`wire ${all} delivery header X-LatchGate-Timestamp may be missing now`]);
  expect(back(edit)).toEqual([`notice ${all} delivery header X-LatchGate-Timestamp is always there now`]);
});

test("a status that means nothing to the gate any more breaks who answers with it", () => {
  const edit = ['        5XX: { $ref: "#/components/responses/TriedAgain" }\n', ""] as const;
  expect(there(edit)).toEqual(["wire deliverEvent answer 5XX means nothing to the gate any more"]);
  expect(back(edit)).toEqual(["notice deliverEvent answer 5XX means something to the gate now"]);
});

test("a format that is gone breaks its receivers; a new one asks whether the mock gate sends it", () => {
  const [before, after] = versions(
    ["  slack:\n    post:", "  teams:\n    post:"],
    ["deliverSlack", "deliverTeams"],
  );
  const changes = compareDocuments(before, after);
  expect(told(changes)).toEqual([
    "wire deliverSlackMessage POST slack is gone",
    "notice deliverTeamsMessage POST teams is new",
  ]);
  expect(changes[1]?.question).toBe("does the mock gate send it, and can a receiver read it?");
});

test("tsc sees in the generated types what it can see, in the same direction", async () => {
  // Of `WebhookEvent` it sees nothing: what is no known event any more fits `UnknownEvent`.
  const [before, after] = versions([
    "required: [dedup_key, event_action, images",
    "required: [event_action, images",
  ]);
  const options = { accepted: {}, surface: undefined, ignored: new Set<string>(), types: true };
  const report = await reportOf(before, after, options);
  expect([report.notAsked, report.unexplained]).toEqual([undefined, []]);
  expect(report.changes.map(({ severity, compiler }) => [severity, compiler])).toEqual([["wire", true]]);
});
