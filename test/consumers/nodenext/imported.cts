/** By `module: node16`, where the compiler lets no CommonJS file require a module of ESM: the types, and `import()`. */
import type { LatchGateError } from "latchgate-client" with { "resolution-mode": "import" };

async function codeOf(error: unknown): Promise<LatchGateError["code"]> {
  const { LatchGateError } = await import("latchgate-client");
  return error instanceof LatchGateError ? error.code : "something else";
}

export = { codeOf };
