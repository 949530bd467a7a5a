import {
  LatchGateAuthError,
  LatchGateError,
  LatchGateInvalidRequest,
  LatchGateTransportError,
} from "../vocabulary/errors.ts";
import type { Terminal } from "./command.ts";
import { fitted, plain, sentence } from "./show.ts";
import { spoken } from "./spoken.ts";

/** Runs a command, and says of an error of this package what to do about it: in commands, since it is said at a terminal. */
export async function reported(
  name: string,
  json: boolean | undefined,
  terminal: Terminal,
  run: () => Promise<number>,
): Promise<number> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof LatchGateError)) throw error;
    if (json) terminal.out(JSON.stringify({ error }));
    else {
      const say = (lines: string[]) => {
        for (const line of lines) terminal.err(line);
      };
      say(sentence(`latchgate-client ${name}: ${plain(spoken(error.message))}`, terminal));
      for (const more of [error.hint, nextStep(error)])
        if (more !== undefined) say(fitted("  ", plain(spoken(more)), terminal));
      if (error.outcome !== "not_executed") terminal.err(`  outcome: ${error.outcome}`);
    }
    return 1;
  }
}

/** What finds out more, where the error itself can't know it. */
function nextStep(error: LatchGateError): string | undefined {
  if (error instanceof LatchGateInvalidRequest && error.code === "no_credentials")
    return "run it in the folder of the gate (the one with .latchgate/), or name the gate with --admin-socket or --admin-url and the credentials in the environment; `latchgate-client doctor` says what is found here";
  if (error instanceof LatchGateTransportError && error.outcome === "not_executed")
    return "`latchgate-client doctor` says what is found here; --admin-socket FILE or --admin-url URL names another place";
  return error instanceof LatchGateAuthError ? "`latchgate-client doctor` finds out which it is" : undefined;
}
