import { VERSION } from "../vocabulary/version.ts";
import { type Command, type Terminal, UsageError } from "./command.ts";

/** The commands: what each does, and where it is. Loaded when called, so that one does not wait for another's packages. */
const COMMANDS: Readonly<Record<string, { summary: string; load(): Promise<{ command: Command }> }>> = {
  check: { summary: "is the gate that runs here the one described?", load: () => import("./check.ts") },
  approvals: {
    summary: "held actions: list, show, approve, deny, watch",
    load: () => import("./approvals.ts"),
  },
  doctor: { summary: "can this machine use a gate, and if not, why?", load: () => import("./doctor.ts") },
  verify: { summary: "receipts and the audit ledger, offline", load: () => import("./verify.ts") },
  webhooks: { summary: "what a gate sends by itself: listen, verify", load: () => import("./webhooks.ts") },
  types: { summary: "the gate's actions as TypeScript types", load: () => import("./types.ts") },
  generate: { summary: "the client's types from your own documents", load: () => import("./generate.ts") },
  "api-diff": {
    summary: "what changed between two versions of the API",
    load: () => import("./api-diff.ts"),
  },
  mock: { summary: "a mock gate on real sockets, until Ctrl-C", load: () => import("./mock.ts") },
};

/** Runs what the arguments say; gives the exit code: 0, 1 for a failure, 2 for wrong use. */
export async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  const [first, ...rest] = args;
  if (first === "--help" || first === "-h") {
    terminal.out(usage());
    return 0;
  }
  if (first === "--version") {
    terminal.out(VERSION);
    return 0;
  }
  if (first === undefined) {
    terminal.err(usage());
    return 2;
  }
  const known = Object.hasOwn(COMMANDS, first) ? COMMANDS[first] : undefined;
  if (known === undefined) {
    const what = first.startsWith("-") ? "option" : "command";
    return wrongUse(terminal, `there is no ${what} ${JSON.stringify(first)}`, "");
  }
  const { command } = await known.load();
  const ended = rest.indexOf("--");
  if ((ended < 0 ? rest : rest.slice(0, ended)).some((word) => word === "--help" || word === "-h")) {
    terminal.out(command.usage);
    return 0;
  }
  try {
    return await command.run(rest, terminal);
  } catch (error) {
    if (error instanceof UsageError) return wrongUse(terminal, error.message, ` ${first}`);
    terminal.err(`latchgate-client ${first}: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}

function wrongUse(terminal: Terminal, problem: string, command: string): number {
  terminal.err(`latchgate-client${command}: ${problem}`);
  terminal.err(`See: latchgate-client${command} --help`);
  return 2;
}

function usage(): string {
  const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length));
  const commands = Object.entries(COMMANDS).map(
    ([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`,
  );
  return [
    "Usage: latchgate-client <command> [options]",
    "",
    ...commands,
    "",
    "  --help      this, or what a command takes: latchgate-client <command> --help",
    "  --version   the version of this package",
    "",
    "Exit code: 0, 1 for a failure, 2 for wrong use.",
  ].join("\n");
}
