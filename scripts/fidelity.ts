/**
 * How like the gate the mock is, by two judges: every exchange that was recorded at a gate, and every step of the random programs that a
 * gate has answered, is asked of the mock again. Prints, per operation, status and word, how many exchanges were recorded, could be
 * replayed, and were answered alike, and how many steps there are, and how many are alike to the last word (`npm run fidelity`;
 * `--json` for programs).
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { described } from "../src/cli/check/described.ts";
import { isObject, type Json } from "../src/documents/document.ts";
import type { StepResult } from "../test/differential/alike.ts";
import { differential } from "../test/differential/differential.ts";
import { exchanges, isAnswer, proofVectors } from "../test/documents/recordings.ts";
import { replay } from "../test/testing/replay/replayer.ts";
import { replayVectors } from "../test/testing/replay/vectors.ts";
import { worlds } from "../test/testing/replay/worlds.ts";

/** One line of the table. */
interface Row {
  readonly operation: string;
  /** The status and its word; `no answer` where the recorder hung up. */
  readonly answer: string;
  recorded: number;
  replayed: number;
  alike: number;
  steps: number;
  stepsAlike: number;
}

const RECORDINGS = join(import.meta.dirname, "../test/recordings");

/**
 * The table, the gate that it is about, and what could not be replayed. `programs`: some of them; all 250 when left out. `entry`: another
 * mock than this one, for the programs.
 */
export async function fidelity({
  programs,
  entry,
}: {
  readonly programs?: ReadonlySet<number>;
  readonly entry?: string;
} = {}) {
  const faces = { agent: described("agent"), operator: described("operator") };
  const rows = new Map<string, Row>();
  const row = (operation: string, answer: string): Row => {
    const key = `${operation} ${answer}`;
    const found = rows.get(key) ?? {
      operation,
      answer,
      recorded: 0,
      replayed: 0,
      alike: 0,
      steps: 0,
      stepsAlike: 0,
    };
    rows.set(key, found);
    return found;
  };
  const left: string[] = [];
  const all = exchanges();
  for (const world of worlds) {
    const replayed = await replay(world);
    const different = idsOf(replayed.complaints);
    const unasked = idsOf(replayed.left);
    left.push(...replayed.left.map((line) => `${world.file} ${line}`));
    for (const { file, id, socket, request, response } of all) {
      if (file !== `${world.file}.json`) continue;
      const operation = faces[socket].find(request.method, request.path)?.id ?? "no operation";
      const counted = row(
        operation,
        isAnswer(response) ? answerOf(response.status, response.json) : "no answer",
      );
      counted.recorded += 1;
      if (unasked.has(id)) continue;
      counted.replayed += 1;
      if (!different.has(id)) counted.alike += 1;
    }
  }
  const { complaints } = await replayVectors();
  const different = new Set((complaints as { readonly id: string }[]).map(({ id }) => id));
  for (const { id, method, path, status, body } of proofVectors()) {
    const counted = row(faces.agent.find(method, path)?.id ?? "no operation", answerOf(status, body));
    counted.recorded += 1;
    counted.replayed += 1;
    if (!different.has(id)) counted.alike += 1;
  }
  const run = await differential(entry, programs);
  for (const step of run.programs.flatMap(({ steps }) => steps)) {
    const counted = row(operationOf(step), `${step.status} ${step.word}`.trim());
    counted.steps += 1;
    if (step.differs === undefined) counted.stepsAlike += 1;
  }

  function operationOf({ operation, socket }: StepResult): string {
    const [method = "", path = ""] = operation.split(" ");
    return faces[socket].find(method, path)?.id ?? "no operation";
  }

  const sorted = [...rows.values()].sort((one, other) =>
    `${one.operation} ${one.answer}`.localeCompare(`${other.operation} ${other.answer}`),
  );
  const never = [
    ...new Set([...faces.agent.operations, ...faces.operator.operations].map(({ id }) => id)),
  ].filter((id) => !sorted.some(({ operation }) => operation === id));
  return { gate: recordedGate(), rows: sorted, left, never };
}

/** Lines begin with the id of the exchange that they are about. */
const idsOf = (lines: readonly string[]) => new Set(lines.map((line) => line.split(": ")[0] ?? ""));

function answerOf(status: number, json: Json | undefined): string {
  const word = isObject(json) ? (json["error"] ?? json["decision"]) : undefined;
  return typeof word === "string" ? `${status} ${word}` : `${status}`;
}

/** Which gate was recorded, and when. */
function recordedGate() {
  const main = JSON.parse(readFileSync(join(RECORDINGS, "main.json"), "utf8")) as {
    readonly gate: string;
    readonly commit: string;
    readonly exchanges: readonly { readonly at: string }[];
  };
  return { version: main.gate, commit: main.commit, date: main.exchanges[0]?.at.slice(0, 10) ?? "" };
}

const COUNTS = ["recorded", "replayed", "alike", "steps", "stepsAlike"] as const;

function print({ gate, rows, left, never }: Awaited<ReturnType<typeof fidelity>>): void {
  const sum = (of: (typeof COUNTS)[number]) => String(rows.reduce((total, row) => total + row[of], 0));
  const table = [
    ["operation", "answer", "recorded", "replayed", "alike", "steps", "alike"],
    ...rows.map((row) => [row.operation, row.answer, ...COUNTS.map((of) => String(row[of]))]),
    ["all", "", ...COUNTS.map(sum)],
  ];
  const widths = (table[0] ?? []).map((_, column) =>
    Math.max(...table.map((cells) => cells[column]?.length ?? 0)),
  );
  console.log(`The mock gate against a gate ${gate.version} (${gate.commit}), recorded on ${gate.date}\n`);
  for (const cells of table)
    console.log(
      cells
        .map((cell, at) => (at < 2 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
        .join("  "),
    );
  if (left.length > 0) console.log(`\nnot replayed:\n${left.map((line) => `  ${line}`).join("\n")}`);
  console.log(`\nnever recorded: ${never.join(", ")}`);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { values } = parseArgs({ options: { json: { type: "boolean", default: false } } });
  const found = await fidelity();
  if (values.json) console.log(JSON.stringify(found));
  else print(found);
  const isAlike = (row: Row) => row.replayed === row.alike && row.steps === row.stepsAlike;
  process.exitCode = found.rows.every(isAlike) ? 0 : 1;
}
