import type { LatchGateWebhookError } from "./webhook-error.ts";

/** Tells the program what went wrong: its listener, or, without one, as warnings. */
export function createReports(
  onError: ((error: LatchGateWebhookError) => void) | undefined,
): (error: LatchGateWebhookError) => void {
  if (onError !== undefined) return (error) => quietly(() => onError(error));
  const told = new Set<string>();
  return (error) => {
    const { code, message, cause } = error;
    // Strangers could fill a log with refusals.
    if (code !== "handler" && told.has(code)) return;
    told.add(code);
    warn(
      cause === undefined ? message : `${message}: ${cause instanceof Error ? cause.message : typeof cause}`,
    );
  };
}

/** What somebody's listener throws changes nothing for what it heard of. */
export function quietly(tell: () => void): void {
  try {
    tell();
  } catch {
    // Not ours to report.
  }
}

/** Without Node's `process`, as in some Workers, the console takes it. */
function warn(message: string): void {
  const { process } = globalThis as {
    process?: { emitWarning?: (message: string, options: object) => void };
  };
  if (typeof process?.emitWarning === "function")
    process.emitWarning(message, { type: "LatchGateWebhookWarning", code: "LATCHGATE_WEBHOOK" });
  else console.warn(message);
}
