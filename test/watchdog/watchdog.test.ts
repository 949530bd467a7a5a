import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");

test("a run that hangs ends, has failed, and shows the stack of the file that is busy and what the idle one waits for", {
  timeout: 180_000,
}, () => {
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const config = join(import.meta.dirname, "hanging/vitest.config.ts");
  const { status, stdout, stderr } = spawnSync(process.execPath, [vitest, "run", "--config", config], {
    cwd: root,
    env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined },
    encoding: "utf8",
    timeout: 170_000,
  });
  const said = stdout + stderr;
  expect([status, said]).toEqual([1, expect.stringContaining("watchdog: nothing was heard for 4 s")]);
  expect(said).toMatch(/hanging\/(busy|idle)\.hang\.ts: .*, \d+ s ago/);
  expect(said).toMatch(/busy, in \d+ of \d+ samples\n\s+at askAgainForEver \(.*busy\.hang\.ts:\d+\)/);
  expect(said).toContain("runs nothing: its event loop waits");
});
