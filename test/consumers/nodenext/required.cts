/** The same types, and the same classes, by `require()`. */
import latchgate = require("latchgate-client");

function kindOf(error: unknown): string {
  return error instanceof latchgate.LatchGateNotFound ? error.code : "something else";
}

export = { kindOf };
