import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Row } from "./client.ts";
import { SAID } from "./said.ts";

export interface Soaked {
  readonly rows: readonly Row[];
  /** What was said, and how often. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** What is wrong: nothing, if all is well. */
  readonly problems: readonly string[];
  /** How long the client's process took to end after close(). */
  readonly exitMs: number;
}

const EXIT_MS = 2_000;

interface LastWord {
  readonly said: string;
  readonly warnings: readonly string[];
  readonly listeners: number;
}

/** Makes so many calls through one client against a gate in another process, and looks at the client's process meanwhile. */
export async function soak(
  calls: number,
  { leaseSeconds = 10, onRow = () => {} }: { leaseSeconds?: number; onRow?: (row: Row) => void } = {},
): Promise<Soaked> {
  const folder = mkdtempSync(join(tmpdir(), "lgs-"));
  const socket = join(folder, "gate.sock");
  const gate = start(new URL("./gate.ts", import.meta.url), [socket, String(calls), String(leaseSeconds)]);
  const children = [gate];
  try {
    await once(gate, "message");
    const client = start(new URL("./client.ts", import.meta.url), [socket, String(calls)]);
    children.push(client);
    const rows: Row[] = [];
    let last: LastWord | undefined;
    let lastAt = 0;
    client.on("message", (message: { row: Row } | LastWord) => {
      if ("row" in message) {
        rows.push(message.row);
        onRow(message.row);
      } else {
        last = message;
        lastAt = performance.now();
        // A process that does not end by itself is ended here, and that is a problem.
        setTimeout(() => client.kill("SIGKILL"), EXIT_MS).unref();
      }
    });
    const [code] = (await once(client, "exit")) as [number | null];
    const exitMs = Math.round(performance.now() - lastAt);
    if (last === undefined) throw new Error(`the client's process ended before its work (code ${code})`);
    const ran = Promise.race([once(gate, "message"), once(gate, "exit")]);
    gate.send("how often did each run?");
    const judged = judge(Buffer.from(last.said, "base64"), Buffer.from(String((await ran)[0]), "base64"));
    const problems = [
      ...judged.problems,
      ...last.warnings,
      ...(code === 0 ? [] : [`the client's process did not end by itself (code ${code})`]),
      ...(last.listeners === 0 ? [] : [`${last.listeners} listeners are left on the signal`]),
      ...growth(rows),
    ];
    return { rows, outcomes: judged.outcomes, problems, exitMs };
  } finally {
    for (const child of children) if (child.exitCode === null) child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
}

function start(file: URL, args: readonly string[]): ChildProcess {
  return fork(file, args, {
    execArgv: ["--expose-gc", "--import", "tsx"],
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
}

/** Each call's word against what the gate has counted. */
function judge(said: Buffer, ran: Buffer) {
  const outcomes: Record<string, number> = {};
  const problems: string[] = [];
  for (const [nth, index] of said.entries()) {
    const word = SAID[index] || "nothing";
    outcomes[word] = (outcomes[word] ?? 0) + 1;
    const times = ran[nth] ?? 0;
    const right =
      word === "unknown" ? times <= 1 : times === (word === "result" || word === "executed" ? 1 : 0);
    if (!right || word === "foreign" || word === "nothing")
      problems.push(`call ${nth}: ${word}, and it ran ${times} times`);
  }
  return { outcomes, problems };
}

/** What grew between the second tenth, when everything is warm, and the last. */
function growth(rows: readonly Row[]): string[] {
  const warm = rows[1];
  const last = rows.at(-1);
  if (warm === undefined || last === undefined) return ["no rows"];
  const grown = (name: "rssMb" | "heapMb" | "handles" | "listeners", allowed: number) =>
    last[name] - warm[name] > allowed ? [`${name} grew from ${warm[name]} to ${last[name]}`] : [];
  return [...grown("rssMb", 40), ...grown("heapMb", 4), ...grown("handles", 20), ...grown("listeners", 20)];
}
