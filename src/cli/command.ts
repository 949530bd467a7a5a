import { type ParseArgsConfig, parseArgs } from "node:util";

/** Where a command runs: the only way from a command to the outside, so that a test can stand there. */
export interface Terminal {
  out(line: string): void;
  err(line: string): void;
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** Whether `out` goes to a person's terminal that shows colours. */
  readonly colours?: boolean;
  /** Asks the person at the terminal; undefined where there is none. */
  readonly ask?: ((question: string) => Promise<string>) | undefined;
  /** Ends a command that goes on until it is told to stop; SIGINT and SIGTERM do so too. */
  readonly signal?: AbortSignal;
}

/** One command of `latchgate-client`. */
export interface Command {
  /** What `--help` prints. */
  readonly usage: string;
  /** Gives the exit code. Throws a {@link UsageError} for wrong use, anything else for a failure. */
  run(args: readonly string[], terminal: Terminal): Promise<number>;
}

/** The command was used wrongly: exit code 2. */
export class UsageError extends Error {}

/** The arguments by Node's own parser; what it does not know is wrong use. */
export function argumentsOf<Options extends NonNullable<ParseArgsConfig["options"]>>(
  args: readonly string[],
  options: Options,
) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    // Node adds a second sentence about `--` that helps nobody here.
    throw new UsageError(error instanceof Error ? (error.message.split(". To ")[0] ?? "") : String(error));
  }
}
