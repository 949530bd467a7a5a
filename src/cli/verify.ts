import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import type { Command, OptionValues } from "@commander-js/extra-typings";
import { type AuditVerdict, type ChainedEvent, type Findings, verifyAuditChain } from "../evidence/audit.ts";
import { MemberTwice, parseIJson } from "../evidence/i-json.ts";
import {
  type ReceiptKeys,
  type ReceiptVerdict,
  type VerificationStep,
  verifyReceipt,
} from "../evidence/receipts.ts";
import type { LatchGateOperator } from "../operator/operator.ts";
import { LatchGateNotFound } from "../vocabulary/errors.ts";
import type { ExecutionReceipt } from "../vocabulary/models.ts";
import { type Define, type Terminal, UsageError } from "./command.ts";
import { counted, createCounter } from "./counter.ts";
import { findOperator, type OperatorValues } from "./operator-options.ts";
import { CREDENTIALS, takesOperatorPlace } from "./place-options.ts";
import { reported } from "./reported.ts";
import { fitted, painter, plain } from "./show.ts";

export const define: Define = (command, terminal, ends) => {
  command
    .description(
      "Verifies here, without the gate's own verdict. Bad (exit code 1) is also a receipt that given keys did not sign, a whole ledger that does not begin with its first event, an empty one, and text that names a member twice.",
    )
    .addHelpText("after", CREDENTIALS);

  common(
    command
      .command("receipt")
      .description("Recomputes a receipt's hash, and checks its signature where there are keys.")
      .argument(
        "<file-or-id...>",
        "JSON files that hold a receipt, or ids, which an operator then fetches with the gate's receipt keys",
      )
      .option("--keys <file>", "receipt keys, as GET /v1/receipt-keys answers them"),
  ).action(async (names, values) =>
    ends(
      await reported("verify receipt", values.json, terminal, () => verifyReceipts(names, values, terminal)),
    ),
  );

  common(
    command
      .command("audit")
      .description("The chain of the audit ledger, from the gate (as an operator) or from a file.")
      .option(
        "--file <jsonl>",
        "one event per line (the gate's ledger_jsonl_path), or an answer of GET /v1/audit/events",
      ),
  ).action(async (values) =>
    ends(await reported("verify audit", values.json, terminal, () => verifyLedger(values, terminal))),
  );
};

function common<Args extends unknown[], Opts extends OptionValues, Global extends OptionValues>(
  command: Command<Args, Opts, Global>,
) {
  return takesOperatorPlace(
    command.helpOption("-h, --help", "this").option("--json", "the verdicts as JSON, a line each"),
  );
}

interface Values extends OperatorValues {
  readonly keys?: string | undefined;
  readonly file?: string | undefined;
  readonly json?: boolean | undefined;
}

async function verifyReceipts(names: readonly string[], values: Values, terminal: Terminal): Promise<number> {
  const paint = painter(terminal);
  let operator: LatchGateOperator | undefined;
  /** The operator, who is asked for what is no file. */
  const asked = async (name: string) => {
    try {
      operator ??= await findOperator(values, terminal);
    } catch (error) {
      terminal.err(
        `${plain(name)} is no file here: an operator is needed to ask the gate for a receipt of this id`,
      );
      throw error;
    }
    return operator;
  };
  try {
    let keys = values.keys === undefined ? undefined : await keysOf(values.keys, terminal);
    let bad = false;
    for (const name of names) {
      const path = resolve(terminal.cwd, name);
      const isFile = await stat(path).then(
        () => true,
        () => false,
      );
      if (!isFile && /[/\\]|\.json$/.test(name)) throw new UsageError(`there is no file ${name}`);
      if (!isFile) keys ??= await (await asked(name)).receiptKeys();
      const verdict = isFile
        ? await verdictOfFile(name, keys, terminal)
        : verifyReceipt(await receiptOf(await asked(name), name), keys);
      const isBad = verdict.state === "invalid";
      bad ||= isBad;
      terminal.out(
        values.json
          ? JSON.stringify({ receipt: name, ...verdict })
          : `${paint(isBad ? "red" : "green", verdict.state.padEnd(10))}  ${plain(name)}  ${receiptWords(verdict)}`,
      );
    }
    return bad ? 1 : 0;
  } finally {
    await operator?.close();
  }
}

async function receiptOf(operator: LatchGateOperator, id: string): Promise<ExecutionReceipt> {
  try {
    return await operator.receipt(id);
  } catch (error) {
    if (!(error instanceof LatchGateNotFound)) throw error;
    throw new LatchGateNotFound(id, "no file here, and no receipt that the gate has", {
      ...error,
      cause: error.cause,
    });
  }
}

async function verdictOfFile(
  name: string,
  keys: ReceiptKeys | undefined,
  terminal: Terminal,
): Promise<ReceiptVerdict> {
  try {
    const receipt = (await readJson(name, terminal)) ?? {};
    return verifyReceipt(receipt as Parameters<typeof verifyReceipt>[0], keys);
  } catch (error) {
    if (!(error instanceof MemberTwice)) throw error;
    // Another reader sees another receipt in the same text.
    const signature = { result: "not_done", why: "there is no one receipt in the text" } as const;
    return { state: "invalid", hash: { result: "failed", why: error.message }, signature };
  }
}

const receiptWords = ({ hash, signature }: ReceiptVerdict) =>
  `hash ${stepWords(hash)}; signature ${stepWords(signature)}`;

function stepWords(step: VerificationStep): string {
  if (step.result === "ok") return "holds";
  return step.result === "failed" ? `FAILED: ${plain(step.why)}` : `not checked (${plain(step.why)})`;
}

/** Receipt keys as a list, or as the gate's answer that holds it. */
async function keysOf(name: string, terminal: Terminal): Promise<ReceiptKeys> {
  const value = await readJson(name, terminal).catch((error: unknown) => {
    throw error instanceof MemberTwice ? new UsageError(`${name}: ${error.message}`) : error;
  });
  const list: unknown = Array.isArray(value) ? value : (value as { keys?: unknown } | null)?.keys;
  const isKey = (key: unknown) =>
    typeof (key as { kid?: unknown } | null)?.kid === "string" &&
    typeof (key as { x_hex?: unknown }).x_hex === "string";
  if (Array.isArray(list) && list.length > 0 && list.every(isKey)) return list as ReceiptKeys;
  throw new UsageError(
    `${name} holds no receipt keys: a list of { kid, x_hex } is wanted, or an object with it as \`keys\``,
  );
}

async function readJson(name: string, { cwd }: Terminal): Promise<unknown> {
  const text = await readFile(resolve(cwd, name), "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`${name} can't be read (${error.code ?? "unknown error"})`);
  });
  try {
    return parseIJson(text);
  } catch (error) {
    if (error instanceof MemberTwice) throw error;
    throw new UsageError(`${name} is no JSON`);
  }
}

async function verifyLedger(values: Values, terminal: Terminal): Promise<number> {
  const operator = values.file === undefined ? await findOperator(values, terminal) : undefined;
  const counter = createCounter(terminal, "events");
  try {
    const events = operator === undefined ? lines(values.file ?? "", terminal) : operator.audit.events();
    const verdict = await verifyAuditChain(counted(events, counter));
    counter.end();
    const code = told(verdict, values, terminal);
    // The whole ledger was asked for: one that begins later has lost its beginning.
    return operator !== undefined && verdict.state !== "intact" ? 1 : code;
  } finally {
    counter.end();
    await operator?.close();
  }
}

/** The events of a file, one line at a time. */
async function* lines(name: string, { cwd }: Terminal): AsyncGenerator<ChainedEvent> {
  const path = resolve(cwd, name);
  await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`${name} can't be read (${error.code ?? "unknown error"})`);
  });
  let first = true;
  for await (const line of createInterface({
    input: createReadStream(path),
    crlfDelay: Number.POSITIVE_INFINITY,
  })) {
    if (line.trim() === "") continue;
    let value: unknown;
    try {
      value = parseIJson(line);
    } catch (error) {
      if (first && !(error instanceof MemberTwice))
        throw new UsageError(`${name} holds no event in its first line: one event per line is wanted`);
      // A line that broke off, or names a member twice, is no event: the verdict names its place.
    }
    first = false;
    const { events } = (value ?? {}) as { events?: readonly ChainedEvent[] };
    if (Array.isArray(events)) yield* events;
    else yield value as ChainedEvent;
  }
}

const FINDINGS = [
  ["missingPredecessor", "events whose predecessor is missing: it was deleted, altered, or not given"],
  [
    "withoutSuccessor",
    "events that nothing follows, one of them the last: any other was altered, or the next one deleted",
  ],
  ["forks", "events that follow one which another follows too"],
  ["duplicates", "events that come twice"],
  ["furtherBeginnings", "further beginnings of a chain"],
  ["malformed", "lines that can't be hashed, or are no event"],
] as const;

function told(verdict: AuditVerdict, { json }: Values, terminal: Terminal): number {
  const code = verdict.state === "broken" || verdict.state === "empty" ? 1 : 0;
  if (json) {
    terminal.out(JSON.stringify(verdict));
    return code;
  }
  const colour = ({ intact: "green", partial: "yellow", broken: "red", empty: "yellow" } as const)[
    verdict.state
  ];
  const { state, events, links } = verdict;
  terminal.out(
    `${painter(terminal)(colour, state)}  ${events} events, ${links} of them confirmed by the hash that another names`,
  );
  if (state === "partial")
    terminal.out(
      `  it does not begin with the ledger's first event, but with ${named(verdict.missingPredecessor)}`,
    );
  if (state === "broken")
    for (const [name, words] of FINDINGS)
      if (verdict[name].count > (name === "withoutSuccessor" ? 1 : 0))
        terminal.out(`  ${words}: ${named(verdict[name])}`);
  terminal.out("Not proven by this:");
  for (const what of verdict.notProven) for (const line of fitted("  ", what, terminal)) terminal.out(line);
  return code;
}

function named({ count, traceIds }: Findings): string {
  const some = traceIds.slice(0, 10).map(plain).join(", ");
  return count > 10 ? `${count}, the first are ${some}` : some;
}
