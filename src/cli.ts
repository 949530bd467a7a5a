#!/usr/bin/env node
/** The command `latchgate-client`. */
import { createInterface } from "node:readline/promises";

// A reader that has seen enough (`| head -1`) is no failure.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});

const { stdin, stdout, stderr, env } = process;

// Node 18 has not all that is imported from there.
const { run } = await import("./cli/dispatch.ts").catch((error: unknown) => {
  if (!(error instanceof SyntaxError)) throw error;
  process.stderr.write(
    `latchgate-client needs Node 20.19 or later, and this is Node ${process.versions.node}\n`,
  );
  process.exit(1);
});

process.exitCode = await run(process.argv.slice(2), {
  out: (line) => void process.stdout.write(`${line}\n`),
  err: (line) => void process.stderr.write(`${line}\n`),
  cwd: process.cwd(),
  env,
  // What it has for colours, Node knows by NO_COLOR, TERM and the like.
  colours: stdout.isTTY && stdout.hasColors(env),
  columns: stdout.isTTY ? stdout.columns : undefined,
  watched: stderr.isTTY ? stderr : undefined,
  ask: stdin.isTTY && stdout.isTTY ? ask : undefined,
});

async function ask(question: string): Promise<string> {
  const lines = createInterface({ input: stdin, output: stdout });
  try {
    return await lines.question(question);
  } finally {
    lines.close();
  }
}
