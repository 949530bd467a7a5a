import { type Journal, LatchGateApprovalDenied, LatchGateClient, LatchGateError } from "latchgate-client";

/** A call that must be made once: `pay` is held for an operator, `ship` runs at once. */
export interface Order {
  readonly callId: string;
  readonly actionId: "pay" | "ship";
}

/** How an order ended, as its worker tells it. */
export interface Ending {
  readonly outcome: "result" | "denied" | "unknown" | "executed";
  readonly code: string;
}

/** So long a call may be under way: a second worker that finds it waits a little longer than that. */
export const CALL_MS = 4_000;

/** The client of a worker, or of the judge: what they share is in the environment. */
export function clientOf(journal: Journal): LatchGateClient {
  const { ENGINES_SOCKET = "", ENGINES_KEY = "" } = process.env;
  return new LatchGateClient({
    agentId: "agent:worker",
    socket: ENGINES_SOCKET,
    journal,
    handover: { key: Buffer.from(ENGINES_KEY, "base64") },
    timeoutMs: CALL_MS,
  });
}

/**
 * Makes an order's call, or takes it up. What may still be under way, and what was not tried, is thrown: the engine runs the
 * job again.
 */
export async function carryOut(client: LatchGateClient, { callId, actionId }: Order): Promise<Ending> {
  try {
    await client.execute(actionId, { callId }, { callId, whenHeld: "wait" });
    return { outcome: "result", code: "" };
  } catch (error) {
    return endingOf(error);
  }
}

export function endingOf(error: unknown): Ending {
  if (!(error instanceof LatchGateError)) throw error;
  if (error instanceof LatchGateApprovalDenied) return { outcome: "denied", code: error.code };
  if (AGAIN.has(error.code) || error.outcome === "not_executed") throw error;
  return { outcome: error.outcome, code: error.code };
}

const AGAIN: ReadonlySet<string> = new Set(["under_way", "journal_failed"]);
