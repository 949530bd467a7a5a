import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { program } from "./programs.mjs";
import { Gate, generator, runProgram } from "./run.mjs";
import type { ProgramRun, Trace } from "./trace.ts";

const HERE = import.meta.dirname;
const RECORDED_ACTIONS = join(HERE, "../recordings/actions.json");

/** What is tried, and on how many mocks at a time. */
export interface TrialOptions {
  /** The mock's module: the built one, or its source, which tsx then loads. */
  readonly entry: string;
  /** The programs, in the order in which they begin. */
  readonly seeds: readonly number[];
  readonly workers?: number;
}

/** Runs programs on mock gates, each a process on Unix sockets in a folder of its own, and gives what they answered. */
export async function runTrial({ entry, seeds, workers = 4 }: TrialOptions): Promise<Trace> {
  const left = [...seeds];
  const runs: ProgramRun[] = [];
  await Promise.all(
    Array.from({ length: workers }, async () => {
      await using mock = await startMock(entry);
      for (let seed = left.shift(); seed !== undefined; seed = left.shift()) {
        runs.push(await runProgram(mock.gate, program(seed)));
      }
    }),
  );
  runs.sort((one, other) => one.seed - other.seed);
  return { generator, programs: new Map(runs.map((run) => [run.seed, run])) };
}

/** A folder whose name is as long as that of the recorder: refusals name columns of bodies that name it. */
function makeFolder(): string {
  for (;;) {
    const dir = `/tmp/${randomBytes(2).toString("hex")}`;
    try {
      mkdirSync(dir);
      return dir;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
}

async function startMock(entry: string) {
  const dir = makeFolder();
  const loader = entry.endsWith(".ts") ? ["--import", "tsx"] : [];
  const args = [...loader, join(HERE, "mock.mjs"), entry, dir, RECORDED_ACTIONS];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const stop = async () => {
    child.kill();
    rmSync(dir, { recursive: true, force: true });
  };
  for await (const line of createInterface(child.stdout)) {
    const [apiKey = "", pem = ""] = line.split(" ");
    const signal = (name: string) => `kill -${name} ${child.pid}`;
    const gate = new Gate({
      dir,
      apiKey,
      pem,
      noEffects: true,
      onReset: signal("USR2"),
      restart: signal("HUP"),
    });
    return { gate, [Symbol.asyncDispose]: stop };
  }
  await stop();
  throw new Error(`no mock gate of ${entry} could be started`);
}
