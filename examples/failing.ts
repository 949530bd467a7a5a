/** How an example fails, and a program could: what happened, what to do about it, exit code 1, and no stack. */
import { LatchGateError, LatchGateTransportError } from "latchgate-client";

process.on("uncaughtException", (error) => {
  if (!(error instanceof LatchGateError)) console.error(error);
  else {
    console.error(error.message);
    if (error.hint !== undefined) console.error(error.hint);
    if (error.outcome !== "not_executed") console.error(`Whether the action has run: ${error.outcome}.`);
    if (error instanceof LatchGateTransportError || error.code === "no_credentials")
      console.error("`npx latchgate-client doctor` looks at each part of the way to the gate.");
  }
  process.exit(1);
});
