import type { MockGate } from "../gate/gate.ts";

/** What a client is made with: everything that it needs of the world. */
export interface ConformanceSetup {
  /** Reaches the gate. */
  readonly fetch: typeof globalThis.fetch;
  /** The time that leases and proofs go by, in milliseconds; it jumps when a check lets a lease end. */
  readonly now: () => number;
  /** Where requests go to. */
  readonly baseUrl: string;
  /** What the gate believes its URL to be: proofs name it. */
  readonly publicBaseUrl: string;
}

export interface ConformanceOptions {
  readonly maxCalls?: number;
  readonly scopes?: readonly string[];
}

export interface ConformanceExecuteOptions {
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
  /** A second call with the same id is the same call. */
  readonly callId?: string;
}

export interface ExecuteRequest {
  readonly actionId: string;
  readonly params: Record<string, unknown>;
  readonly options?: ConformanceExecuteOptions;
}

/** What a client must be able to do to be checked: an adapter of a few lines, for a client of another shape. */
export interface ConformanceClient {
  connect(options?: ConformanceOptions): Promise<void>;
  /**
   * Executes an action. `ok` says whether it did what it should. A call that an operator has to decide about is rejected
   * with an error that has an `approvalId`.
   */
  execute(
    actionId: string,
    params: Record<string, unknown>,
    options?: ConformanceExecuteOptions,
  ): Promise<{ readonly ok: boolean }>;
  getApprovalStatus(approvalId: string): Promise<{ readonly status: string }>;
  close?(): Promise<void>;
}

export type ClientFactory = (setup: ConformanceSetup) => ConformanceClient;

/** What an error says of the effect; undefined where it says nothing. */
export type OutcomeOf = (error: unknown) => "not_executed" | "unknown" | "executed" | undefined;

/** What the client handed to `fetch`, whether or not it came to the gate. */
export interface SentRequest {
  readonly path: string;
  readonly at: number;
}

/** What a check has at hand. */
export interface Scene {
  readonly gate: MockGate;
  readonly client: ConformanceClient;
  readonly sent: readonly SentRequest[];
  readonly outcomeOf: OutcomeOf;
}

export type Check = (scene: Scene) => Promise<void>;

export function demand(condition: boolean, why: string): asserts condition {
  if (!condition) throw new Error(why);
}

export const received = ({ gate }: Scene, operationId: string) =>
  gate.received.filter((request) => request.operationId === operationId);

export const executes = (scene: Scene) => received(scene, "executeAction");

export const jtis = (scene: Scene) => new Set(executes(scene).map(({ proof }) => proof?.jti));

/** A session and one call that goes well. */
export async function begin({ client, gate }: Scene, options: { maxCalls?: number; scopes?: string[] } = {}) {
  await client.connect(options);
  const { ok } = await client.execute("act", { marker: "first" });
  demand(ok, "a call that succeeds is reported as failed");
  demand(gate.effects.length === 1, "a call that succeeds runs once");
}

type Told = { readonly value: { readonly ok: boolean } } | { readonly error: unknown };

export const tellOf = (call: Promise<{ readonly ok: boolean }>): Promise<Told> =>
  call.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );

/** What must hold of any call, judged by what ran. */
export function judge({ gate, outcomeOf }: Scene, told: Told, marker: string): void {
  const ran = gate.effects.filter(({ params }) => (params as { marker?: unknown }).marker === marker).length;
  demand(ran <= 1, `the call ran ${ran} times`);
  if ("value" in told) {
    demand(ran === 1, "the client gives a result of a call that did not run");
    return;
  }
  const outcome = outcomeOf(told.error);
  demand(outcome !== "not_executed" || ran === 0, "the client says not_executed of a call that ran");
  demand(outcome !== "executed" || ran === 1, "the client says executed of a call that did not run");
}

/** A call that an operator has to decide about; gives its approval. */
export async function hold({ client }: Scene): Promise<string> {
  await client.connect();
  const told = await tellOf(client.execute("risky", { marker: "held" }));
  const { approvalId } = ("error" in told ? (told.error ?? {}) : {}) as { approvalId?: unknown };
  demand(typeof approvalId === "string", "a held call is not rejected with its approvalId");
  return approvalId;
}
