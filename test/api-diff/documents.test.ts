import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { parse, stringify } from "yaml";
import { apiDiff } from "../../scripts/api-diff.ts";
import { run } from "../../src/cli/dispatch.ts";
import { compareDocuments } from "../../src/diff/compare.ts";
import { loadDocuments } from "../../src/diff/load.ts";
import { isObject, type Json } from "../../src/documents/document.ts";

const REPOSITORY = join(import.meta.dirname, "../..");
const OPENAPI = join(REPOSITORY, "openapi");

// Types are generated four times, and compiled twice: seconds, and more on a busy machine.
vi.setConfig({ testTimeout: 90_000 });

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "latchgate-documents-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The documents in a folder of their own, with each text changed. */
function changed(name: string, change: (text: string, document: string) => string): string {
  const target = join(folder, name);
  mkdirSync(target);
  cpSync(OPENAPI, target, { recursive: true });
  for (const document of ["agent", "operator"]) {
    const file = join(target, `${document}.yaml`);
    writeFileSync(file, change(readFileSync(file, "utf8"), document));
  }
  return target;
}

/** Members, and lists without an order, the other way round. */
function reordered(value: Json, name = ""): Json {
  if (Array.isArray(value)) {
    const items = value.map((item) => reordered(item));
    const free = [
      "required",
      "enum",
      "x-extensible-enum",
      "oneOf",
      "anyOf",
      "allOf",
      "parameters",
      "tags",
      "type",
    ];
    return free.includes(name) ? items.reverse() : items;
  }
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, item]) => [key, reordered(item, key)]),
  );
}

test("the documents against themselves say nothing", () => {
  expect(compareDocuments(loadDocuments(OPENAPI), loadDocuments(OPENAPI))).toEqual([]);
});

test("reformatted and reordered they say nothing, in both directions", () => {
  const other = changed("reordered", (text) =>
    stringify(reordered(parse(text, { maxAliasCount: -1 }) as Json), {
      aliasDuplicateObjects: false,
      lineWidth: 0,
    }),
  );
  expect(compareDocuments(loadDocuments(OPENAPI), loadDocuments(other))).toEqual([]);
  expect(compareDocuments(loadDocuments(other), loadDocuments(OPENAPI))).toEqual([]);
});

test("members that come with each other may be said in a chain, or of each", () => {
  const chain = /^( {8}operator_\w+:) \[approved_by\]$/gm;
  const other = changed("chain", (text) =>
    text.replace(chain, "$1 [approval_id, operator_authn_method, operator_proof_jti, approved_by]"),
  );
  expect(readFileSync(join(other, "operator.yaml"), "utf8")).not.toMatch(chain);
  expect(compareDocuments(loadDocuments(OPENAPI), loadDocuments(other))).toEqual([]);
  expect(compareDocuments(loadDocuments(other), loadDocuments(OPENAPI))).toEqual([]);
});

const finished = async (args: readonly string[]) => {
  const out: string[] = [];
  const err: string[] = [];
  const terminal = {
    out: (line: string) => void out.push(line),
    err: (line: string) => void err.push(line),
    cwd: folder,
    env: {},
  };
  const code = await apiDiff(REPOSITORY, args, terminal);
  return { code, out: out.join("\n"), err: err.join("\n") };
};

test("a change is told with what it touches, and fails where it breaks programs without a new version", async () => {
  const other = changed("lease", (text, name) =>
    name === "agent" ? text.replace("required: [status, retry_after_seconds]", "required: [status]") : text,
  );
  const { code, out, err } = await finished([OPENAPI, other, "--fail-on", "wire"]);
  expect(code).toBe(1);
  const [first = "", ...rest] = out.split("\n");
  expect(first).toMatch(
    /^wire {4}[0-9a-f]{12} {2}agent {2}pollApproval: answer 200, ApprovalPollPending\.retry_after_seconds may be missing now$/,
  );
  expect(rest.join("\n")).toContain("LatchGateClient.waitForApproval");
  expect(rest.join("\n")).toContain("mock: leaseHandlers.pollApproval (src/testing/decisions/agent.ts)");
  expect(rest.join("\n")).toMatch(/pages: .*docs\/agents\.md:\d+ \(An agent in twenty lines\)/);
  expect(rest.at(-1)).toBe("1 wire, 0 source, 0 notice. tsc sees 1 of them in the generated types.");
  const [fingerprint = ""] = /[0-9a-f]{12}/.exec(first) ?? [];
  expect(err).toBe(`1 of these neither accepted nor announced by a new info.version: ${fingerprint}`);

  // Accepted by its fingerprint, and only by that.
  const accepted = join(folder, "accepted.json");
  writeFileSync(accepted, JSON.stringify({ [fingerprint]: "never recorded" }));
  const again = await finished([OPENAPI, other, "--fail-on", "wire", "--accepted", accepted, "--no-types"]);
  expect([again.code, again.err]).toEqual([0, ""]);
  expect(again.out).toContain("accepted: never recorded");
  writeFileSync(accepted, JSON.stringify({ abc: "never recorded" }));
  await expect(finished([OPENAPI, other, "--accepted", accepted])).rejects.toThrow(
    "abc is not a fingerprint",
  );
});

test("a new version announces it, --json has all of it, --markdown is for a changelog", async () => {
  const other = changed("announced", (text, name) =>
    name === "agent"
      ? text
          .replace("[grant_consumed]", "[grant_consumed, grant_lost]")
          .replace("version: 0.2.0", "version: 0.3.0")
          .replace("maxLength: 300", "maxLength: 299")
          .replace("required: [status, retry_after_seconds]", "required: [status]")
      : text,
  );
  const { code, out } = await finished([OPENAPI, other, "--fail-on", "wire", "--json"]);
  expect(code).toBe(0);
  const report = JSON.parse(out);
  expect(report.versions.agent).toEqual({ before: "0.2.0", after: "0.3.0" });
  expect(
    report.changes.map(({ severity, compiler }: { severity: string; compiler: boolean }) => [
      severity,
      compiler,
    ]),
  ).toEqual([
    ["wire", true],
    ["notice", false],
    ["notice", false],
  ]);
  expect(report.changes[1].question ?? report.changes[2].question).toMatch(
    /x-outcomes has no rule of its own for it/,
  );
  expect(report.unexplained).toEqual([]);
  expect((await finished([OPENAPI, other, "--markdown", "--no-types"])).out).toMatch(
    /^The gate's API: agent 0\.2\.0 → 0\.3\.0\.\n\n### Breaking: programs that run today fail\n\n- `pollApproval`, `ApprovalPollPending\.retry_after_seconds`: may be missing now \(touches .*\n\n### Also changed\n\n- /,
  );
});

test("latchgate-client api-diff compares files and folders, and says wrong use", async () => {
  const out: string[] = [];
  const err: string[] = [];
  const terminal = {
    out: (line: string) => void out.push(line),
    err: (line: string) => void err.push(line),
    cwd: OPENAPI,
    env: {},
  };
  expect(await run(["api-diff", "agent.yaml", "agent.yaml"], terminal)).toBe(0);
  expect(out).toEqual(["The API is the same."]);
  expect(await run(["api-diff", "agent.yaml"], terminal)).toBe(2);
  expect(await run(["api-diff", ".", ".", "--fail-on", "all"], terminal)).toBe(2);
  expect(await run(["api-diff", ".", "nowhere"], terminal)).toBe(1);
  expect(err.join("\n")).toContain("nowhere");
});
