import { Command, CommanderError, type CommandUnknownOpts } from "@commander-js/extra-typings";
import { VERSION } from "../vocabulary/version.ts";
import { type Define, type Terminal, UsageError } from "./command.ts";
import { columnsOf } from "./show.ts";

interface Listed {
  readonly summary: string;
  load(): Promise<{ readonly define: Define }>;
  /** The word that is meant where none is given. */
  readonly otherwise?: string;
}

/** The commands: what each does, and where it is. Loaded when called, so that one does not wait for another's packages. */
const COMMANDS: Readonly<Record<string, Listed>> = {
  check: { summary: "is the gate that runs here the one described?", load: () => import("./check.ts") },
  approvals: {
    summary: "held actions: list, show, explain, approve, deny, watch",
    load: () => import("./approvals.ts"),
    otherwise: "list",
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
  completion: {
    summary: "completes commands and options in bash, zsh and fish",
    load: () => import("./completion.ts"),
  },
};

const EXIT_CODES = `
Exit code:
  0  done, and all is well
  1  it failed, or what was looked at is not well
  2  wrong use: nothing was done
  3  \`check\` only: nothing differs, and something could not be asked`;

/** Runs what the arguments say; gives the exit code. */
export async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  if (args[0] === "complete") return await complete(args.slice(args[1] === "--" ? 2 : 1), terminal);
  const words = spelledOut(args);
  let code = 0;
  const program = await programFor(words[0], terminal, (given) => {
    code = given;
  });
  let running: CommandUnknownOpts = program;
  program.hook("preAction", (_program, acting) => {
    running = acting;
  });
  try {
    await program.parseAsync(words, { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof UsageError) return wrongUse(running, error.message, terminal);
    terminal.err(`${pathOf(running)}: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}

/** `help a b` is `a b --help`, and some commands have a word that is meant where none is given. */
function spelledOut(args: readonly string[]): string[] {
  const [first, ...rest] = args;
  if (first === "help") {
    const [name] = rest;
    if (name === undefined) return ["--help"];
    return Object.hasOwn(COMMANDS, name) ? [...rest, "--help"] : [name];
  }
  const otherwise = Object.hasOwn(COMMANDS, first ?? "") ? COMMANDS[first ?? ""]?.otherwise : undefined;
  const [word] = rest;
  const asks = word === "--help" || word === "-h" || word === "help";
  if (first === undefined || otherwise === undefined || asks) return [...args];
  return word === undefined || word.startsWith("-") ? [first, otherwise, ...rest] : [...args];
}

/** The program with all commands by name, and the one that is called with all that it takes. */
async function programFor(
  called: string | undefined,
  terminal: Terminal,
  ends: (code: number) => void,
): Promise<CommandUnknownOpts> {
  const program: CommandUnknownOpts = new Command("latchgate-client")
    .usage("<command> [options]")
    .version(VERSION, "--version", "the version of this package")
    .helpOption("-h, --help", "this, or what a command takes: latchgate-client <command> --help")
    .helpCommand("help [command]", "what a command takes")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.out(text.trimEnd()),
      writeErr: (text) => terminal.err(text.trimEnd()),
      getOutHelpWidth: () => columnsOf(terminal),
      getErrHelpWidth: () => columnsOf(terminal),
    })
    .addHelpText("after", EXIT_CODES);
  for (const [name, { summary, load }] of Object.entries(COMMANDS)) {
    const command = program.command(name).summary(summary).helpOption("-h, --help", "this");
    if (name === called) (await load()).define(command, terminal, ends);
  }
  for (const command of everyCommand(program))
    command.configureOutput({
      outputError: (text) => void wrongUse(command, text.replace(/^error: /, "").trimEnd(), terminal),
    });
  return program;
}

const everyCommand = (command: CommandUnknownOpts): CommandUnknownOpts[] => [
  command,
  ...command.commands.flatMap(everyCommand),
];

/** The words by which a command is called. */
function pathOf(command: CommandUnknownOpts): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}

function wrongUse(command: CommandUnknownOpts, problem: string, terminal: Terminal): number {
  terminal.err(`${pathOf(command)}: ${problem}`);
  terminal.err(`See: ${pathOf(command)} --help`);
  return 2;
}

/** What could come next on a line that is being typed. */
async function complete(typed: readonly string[], terminal: Terminal): Promise<number> {
  const words = typed[0] === "help" ? typed.slice(1) : spelledOut(typed);
  const program = await programFor(words[0], terminal, () => {});
  const { candidatesOf } = await import("./completion.ts");
  for (const line of candidatesOf(program, words)) terminal.out(line);
  return 0;
}
