#!/usr/bin/env node
/** The command `latchgate-client`. */
import { run } from "./cli/dispatch.ts";

// A reader that has seen enough (`| head -1`) is no failure.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});

process.exitCode = await run(process.argv.slice(2), {
  out: (line) => void process.stdout.write(`${line}\n`),
  err: (line) => void process.stderr.write(`${line}\n`),
  cwd: process.cwd(),
  env: process.env,
});
