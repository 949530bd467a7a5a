import { spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { expect, it } from "vitest";

const ROOT = resolve(import.meta.dirname, "..");

/** An example as a process of its own, with a gate that is named and not there. */
function withoutGate(name: string) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--import", "tsx", resolve(ROOT, `examples/${name}.ts`)],
    {
      cwd: ROOT,
      encoding: "utf8",
      env: { PATH: process.env["PATH"], HOME: "/nonexistent", LATCHGATE_URL: "http://127.0.0.1:9" },
    },
  );
  return { status, stdout, stderr };
}

it.each(["hello", "approval_flow", "smoke_test"])(
  "examples/%s.ts without a gate says what is wrong and what to do, and ends with 1",
  { timeout: 60_000 },
  (name) => {
    const { status, stdout, stderr } = withoutGate(name);
    expect(status).toBe(1);
    const said = stdout + stderr;
    expect(said).not.toMatch(/^ +at |node_modules|\bsrc\//m);
    if (name === "smoke_test")
      expect(stdout).toMatch(/FAIL {2}lease: .*refused.*\n- {5}execute: .*\n- {5}receipt: /);
    else expect(stderr).toMatch(/latchgate-client doctor/);
  },
);
