import { script } from "@bomb.sh/tab";
import { Argument, type Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import type { Define } from "./command.ts";

const NAME = "latchgate-client";

export const define: Define = (command, terminal, ends) => {
  command
    .description("Prints a script by which a shell completes the commands and options of this command.")
    .addArgument(new Argument("<shell>").choices(["bash", "zsh", "fish"]))
    .addHelpText(
      "after",
      `
At the end of the shell's start-up file:
  bash   eval "$(${NAME} completion bash)"
  zsh    eval "$(${NAME} completion zsh)"
  fish   ${NAME} completion fish | source
bash needs the package bash-completion; zsh has run compinit before.`,
    )
    .action((shell) => {
      terminal.out(scriptFor(shell));
      ends(0);
    });
};

/** The script of a library that shells ask by; what there is to choose from they ask of {@link candidatesOf}. */
function scriptFor(shell: string): string {
  const lines: string[] = [];
  const { log } = console;
  // The library prints. What it has to say is over when it returns.
  console.log = (line: string) => void lines.push(line);
  try {
    script(shell, NAME, NAME);
  } finally {
    console.log = log;
  }
  const text = lines.join("\n").trimEnd();
  if (shell !== "bash") return text;
  // Its constants would fail where a start-up file is read twice, and bash's own completion of files is never let in.
  return text.replaceAll(/^readonly /gm, "").replaceAll(/^complete -F /gm, "complete -o default -F ");
}

/** By what the shell goes on (cobra's protocol, which the script speaks): files where nothing is chosen from, or none. */
const FILES = ":0";
const NO_FILES = ":4";

/**
 * What the last word of a line could be, one candidate per line with its explanation behind a tab, and a last line that says
 * whether a file could stand there too.
 */
export function candidatesOf(program: CommandUnknownOpts, words: readonly string[]): string[] {
  const typed = words.slice(0, -1);
  const last = words.at(-1) ?? "";
  const { command, operands } = calledBy(program, typed);
  const option = last.startsWith("-") ? undefined : openOption(command, typed.at(-1));
  if (option !== undefined) return option.argChoices === undefined ? [FILES] : lines(option.argChoices, last);
  if (last.startsWith("-")) return lines(flagsOf(command), last);
  const argument =
    command.registeredArguments[operands] ?? command.registeredArguments.findLast((one) => one.variadic);
  if (argument !== undefined)
    return argument.argChoices === undefined ? [FILES] : lines(argument.argChoices, last);
  return lines(command.createHelp().visibleCommands(command).map(named), last);
}

type Candidate = string | readonly [text: string, explanation: string];

function lines(candidates: readonly Candidate[], begun: string): string[] {
  const fitting = candidates
    .map((one) => (typeof one === "string" ? ([one, ""] as const) : one))
    .filter(([text]) => text.startsWith(begun));
  return [...fitting.map(([text, explanation]) => `${text}\t${explanation}`), NO_FILES];
}

const named = (command: CommandUnknownOpts): Candidate => [
  command.name(),
  command.summary() || command.description(),
];

const flagsOf = (command: CommandUnknownOpts): Candidate[] =>
  command
    .createHelp()
    .visibleOptions(command as Command)
    .map(({ long, short, description }) => [long ?? short ?? "", description.split("\n")[0] ?? ""]);

/** The command that the words before call, and how many of them are its arguments. */
function calledBy(program: CommandUnknownOpts, typed: readonly string[]) {
  let command = program;
  let operands = 0;
  for (const [at, word] of typed.entries()) {
    if (word.startsWith("-") || openOption(command, typed[at - 1]) !== undefined) continue;
    const next = command.commands.find((one) => one.name() === word);
    if (next !== undefined && operands === 0) command = next;
    else operands += 1;
  }
  return { command, operands };
}

/** The option that takes the next word for its value. */
function openOption(command: CommandUnknownOpts, word: string | undefined) {
  if (word === undefined) return undefined;
  const found = command.options.find(({ long, short }) => word === long || word === short);
  return found?.required ? found : undefined;
}
