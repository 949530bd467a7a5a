import type { Command } from "@commander-js/extra-typings";

/** Where a command runs: the only way from a command to the outside, so that a test can stand there. */
export interface Terminal {
  out(line: string): void;
  err(line: string): void;
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** Whether `out` goes to a person's terminal that shows colours. */
  readonly colours?: boolean;
  /** How many columns `out` has; 80 where nobody knows. */
  readonly columns?: number | undefined;
  /** The person's terminal that a counter may turn on while a command works; undefined where there is none. */
  readonly watched?: NodeJS.WriteStream | undefined;
  /** Asks the person at the terminal; undefined where there is none. */
  readonly ask?: ((question: string) => Promise<string>) | undefined;
  /** Ends a command that goes on until it is told to stop; SIGINT and SIGTERM do so too. */
  readonly signal?: AbortSignal;
}

/**
 * Says what a command takes and does. What it does gives the exit code to `ends`; it throws a {@link UsageError} for wrong
 * use, anything else for a failure.
 */
export type Define = (command: Command, terminal: Terminal, ends: Ends) => void;
export type Ends = (code: number) => void;

/** The command was used wrongly: exit code 2. */
export class UsageError extends Error {}
