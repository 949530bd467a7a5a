import { readFileSync } from "node:fs";
import { join } from "node:path";
import { brotliDecompressSync } from "node:zlib";

/** One request of a program, and what it was answered. Ids, times and hashes are symbols that keep equality. */
export interface Step {
  readonly id: number;
  readonly op: string;
  readonly note: string;
  /** Socket, method and path. */
  readonly request: string;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly text?: string;
}

/** One program's run. `failed`: it could not be run. */
export interface ProgramRun {
  readonly seed: number;
  readonly ms?: number;
  readonly steps?: readonly Step[];
  readonly failed?: string;
}

/** Programs by their seeds. */
export interface Trace {
  /** Which generator made the programs. */
  readonly generator: string;
  readonly programs: ReadonlyMap<number, ProgramRun>;
}

export function parseTrace(text: string): Trace {
  const [head = "{}", ...lines] = text.trim().split("\n");
  const { generator } = JSON.parse(head) as { generator: string };
  const runs = lines.map((line) => JSON.parse(line) as ProgramRun);
  return { generator, programs: new Map(runs.map((run) => [run.seed, run])) };
}

/** The same as lines of JSON. */
export function traceText({ generator, programs }: Trace): string {
  const lines = [{ about: "what a mock gate answered", generator }, ...programs.values()];
  return lines.map((line) => `${JSON.stringify(line)}\n`).join("");
}

/** What a gate 0.2.0 answered to programs 1 to 250, as its recorder wrote it. */
export function gateTraceText(): string {
  return brotliDecompressSync(
    readFileSync(join(import.meta.dirname, "traces/gate-0.2.0.jsonl.br")),
  ).toString();
}
