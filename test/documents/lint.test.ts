import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, it } from "vitest";
import { lint } from "../../scripts/lint-openapi.ts";
import { temporaryFolder } from "../support/bare.ts";

const ROOT = resolve(import.meta.dirname, "../..");

it("a wrong name in an example of a union is one problem, with its place", { timeout: 120_000 }, async () => {
  const folder = temporaryFolder();
  cpSync(join(ROOT, "redocly.yaml"), join(folder, "redocly.yaml"));
  const lines = readFileSync(join(ROOT, "openapi/operator.yaml"), "utf8").split("\n");
  const slip = (name: string, wrong: string) => {
    const at = lines.findIndex((line) => line.trimStart().startsWith(`${name}: "`));
    lines[at] = (lines[at] ?? "").replace(name, wrong);
  };
  slip("deny_reason", "deny_reasons");
  slip("verification_outcome", "verification_result");
  writeFileSync(join(folder, "operator.yaml"), lines.join("\n"));
  const found = await lint(["operator.yaml"], folder);
  expect(found).toEqual([
    expect.stringMatching(/^operator\.yaml:\d+:\d+ .*deny_reason is missing, deny_reasons is not described/),
    expect.stringMatching(
      /^operator\.yaml:\d+:\d+ .*verification_outcome is missing, verification_result is not/,
    ),
  ]);
});
