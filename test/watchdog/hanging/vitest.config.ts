import { defineConfig } from "vitest/config";
import { watchdog } from "../reporter.ts";

/** A run that hangs, for watchdog.test.ts. */
export default defineConfig({
  test: {
    dir: import.meta.dirname,
    include: ["*.hang.ts"],
    pool: "forks",
    maxWorkers: 2,
    execArgv: ["--inspect-port=0"],
    reporters: ["default", watchdog({ limitMs: 4_000 })],
  },
});
