import { defineConfig } from "vitest/config";
import { watchdog } from "./test/watchdog/reporter.ts";

const source = (path: string) => new URL(`./src/${path}`, import.meta.url).pathname;

export default defineConfig({
  resolve: {
    alias: [
      { find: /^latchgate-client$/, replacement: source("index.ts") },
      { find: /^latchgate-client\/operator$/, replacement: source("operator.ts") },
      { find: /^latchgate-client\/testing$/, replacement: source("testing/index.ts") },
      { find: /^latchgate-client\/tools$/, replacement: source("tools.ts") },
      { find: /^latchgate-client\/webhooks$/, replacement: source("webhooks.ts") },
      { find: /^latchgate-client\/journals$/, replacement: source("journals.ts") },
    ],
  },
  test: {
    include: ["test/**/*.test.ts", "examples/{contract,held}_test.ts"],
    testTimeout: 15_000,
    // Threads would share one process: while one of them starts a program, that has the others' closed sockets still open.
    pool: "forks",
    maxWorkers: 2,
    // So that each worker has a port of its own to be looked into, should it hang.
    execArgv: ["--inspect-port=0"],
    reporters: ["default", watchdog()],
  },
});
