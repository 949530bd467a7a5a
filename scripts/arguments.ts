import { type ParseArgsConfig, parseArgs } from "node:util";
import { UsageError } from "../src/cli/command.ts";

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
