import { join } from "node:path";
import { LatchGateApprovalRequired, LatchGateClient, LatchGateError } from "latchgate-client";
import { LatchGateOperator } from "latchgate-client/operator";
import { MockGate } from "latchgate-client/testing";
import { createProxy, type FaultyProxy } from "./proxy.ts";
import type { WireFault } from "./wire.ts";

export type Carrier = "uds" | "tcp" | "tls";
/** `fail`: the action runs, and the gate answers 500 all the same. */
export type CallName = "execute" | "fail" | "hold" | "approve" | "poll" | "receipt" | "lease";
/** How the session stands when the call begins; `gate expired`: the client does not know it yet. */
export type LeaseState = "fresh" | "ageing" | "ending" | "expired" | "gate expired" | "restarted";

/** One call, and what happens to the exchanges that it makes. */
export interface Case {
  readonly call: CallName;
  /** The operation whose exchanges meet the faults: the call's own, or the lease that it takes on its way. */
  readonly armed: "execute" | "approve" | "poll" | "receipt" | "lease";
  readonly faults: readonly WireFault[];
  readonly connection: "fresh" | "kept";
  readonly lease: LeaseState;
  /** The fault strikes before the gate has the whole request. */
  readonly partial: boolean;
}

/** What the client said of a call, and what the gate did. */
export interface Verdict {
  readonly carrier: Carrier;
  readonly case: Case;
  readonly marker: string;
  /** `result`, `held`, an error's outcome, or what must not be: `hang`, `foreign`. */
  readonly said: "result" | "held" | "not_executed" | "unknown" | "executed" | "hang" | "foreign";
  readonly words: string;
  /** Whether the call met a fault at all: a place behind the end of an exchange has none. */
  readonly struck: boolean;
  /** Effects by this call's marker, and those in its time whose marker nobody sent. */
  effects: number;
  approvals: number;
}

export interface Lane {
  readonly carrier: Carrier;
  /** How many bytes a call's own exchange has, where nothing goes wrong. */
  measure(call: CallName): Promise<{ readonly request: number; readonly answer: number }>;
  run(one: Case): Promise<Verdict>;
  /** Looks at what became of all calls, once nothing is under way any more, and ends the lane. */
  close(): Promise<readonly Verdict[]>;
}

/** What moves the client's bytes. */
export type By = "undici" | "node:http";

export interface LanePlace {
  readonly carrier: Carrier;
  readonly by: By;
  readonly name: string;
  readonly folder: string;
  readonly tls: { readonly ca: string; readonly cert: string; readonly key: string };
}

/** A new client now and then: its quota of repetitions is spent by so many faults. */
const CALLS_PER_CLIENT = 20;
const LIFE_MS = 299_000;
const HANG_MS = 12_000;

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
/** All that a gate in this process still does with bytes that it has. */
const settled = () => pause(3);

/** A gate, a proxy before it, and a client, for one call after another. */
export async function openLane({ carrier, by, name, folder, tls }: LanePlace): Promise<Lane> {
  const gate = new MockGate({
    rateLimits: false,
    receivedLimit: 50,
    actions: {
      mark: { riskLevel: "low", run: () => ({ ok: true }) },
      mark_held: { riskLevel: "high", run: () => ({ ok: true }) },
    },
  });
  const server = await gate.listen(
    carrier === "uds" ? { dir: join(folder, `${name}-gate`) } : { port: 0, adminPort: 0 },
  );
  const socket = join(folder, `${name}.sock`);
  const adminSocket = join(folder, `${name}-admin.sock`);
  const proxy: FaultyProxy = await createProxy({
    front: carrier === "uds" ? { path: socket } : { port: 0 },
    gate: carrier === "uds" ? { path: server.socket } : { port: server.port },
    tls: carrier === "tls" ? tls : undefined,
    restart: () => gate.restart(),
  });
  const adminProxy = await createProxy({
    front: carrier === "uds" ? { path: adminSocket } : { port: 0 },
    gate: carrier === "uds" ? { path: server.adminSocket } : { port: server.adminPort },
    tls: carrier === "tls" ? tls : undefined,
    restart: () => gate.restart(),
  });
  const clock = {
    now: gate.now,
    monotonic: () => performance.now() + skew,
    timer: (ms: number, run: () => void) => {
      const timer = setTimeout(run, Math.max(0, ms));
      return () => clearTimeout(timer);
    },
    random: () => 0.5,
  };
  const placeOf = ({ port }: FaultyProxy, path: string) =>
    carrier === "uds"
      ? { socket: path }
      : { baseUrl: `http${carrier === "tls" ? "s" : ""}://localhost:${port}` };

  const common = {
    clock,
    publicBaseUrl: gate.publicBaseUrl,
    carrier: by,
    timeoutMs: 10_000,
    retry: { attempts: 3, minDelayMs: 1, maxDelayMs: 2 },
    ...(carrier === "tls" ? { tls: { ca: tls.ca } } : {}),
  };
  let skew = 0;
  let client = newClient();
  let operator = newOperator();
  let calls = 0;
  let heldId = "";
  let heldBy = "";
  let approvalId = "";
  let receiptId = "";
  const verdicts: Verdict[] = [];
  const sent = new Set<string>();

  function newClient(): LatchGateClient {
    return new LatchGateClient({ agentId: name, ...common, ...placeOf(proxy, socket) });
  }

  function newOperator(): LatchGateOperator {
    const { apiKey, privateKey } = gate.operatorCredentials;
    return new LatchGateOperator({ apiKey, privateKey, ...common, ...placeOf(adminProxy, adminSocket) });
  }

  /** It lets its calls finish, and a lease may still hang on a connection of the last call. */
  async function endClient(): Promise<void> {
    const closing = Promise.all([client.close(), operator.close()]);
    await Promise.all([proxy.dropAll(), adminProxy.dropAll()]);
    await closing;
  }

  /** A session that most is left of, and for a poll or a receipt something to ask for. */
  async function prepare(one: Case, marker: string): Promise<void> {
    if (calls++ % CALLS_PER_CLIENT === 0) {
      await endClient();
      client = newClient();
      operator = newOperator();
    }
    await made(() => client.connect());
    if (one.call === "poll" && heldBy !== client.sessionId) {
      heldId = await hold({});
      heldBy = client.sessionId ?? "";
    }
    if (one.call === "approve") approvalId = await hold({ marker });
    if (receiptId === "")
      receiptId = (await made(() => client.execute("mark", { marker: "first" }))).receiptId;
    age(one.lease);
    if (one.connection === "fresh") await proxyOf(one).dropAll();
    else await made<unknown>(() => (one.call === "approve" ? operator.status() : client.health()));
  }

  async function hold(params: Record<string, unknown>): Promise<string> {
    const error = await made(() => client.execute("mark_held", params)).catch((reason: unknown) => reason);
    if (error instanceof LatchGateApprovalRequired) return error.approvalId;
    throw error;
  }

  const proxyOf = ({ armed }: Case) => (armed === "approve" ? adminProxy : proxy);

  /** What the call before has left behind (a lease on its way, a spent quota) must not spoil this one. */
  async function made<Value>(call: () => Promise<Value>): Promise<Value> {
    for (let tries = 1; ; tries += 1)
      try {
        return await call();
      } catch (error) {
        if (error instanceof LatchGateApprovalRequired || tries === 5) throw error;
      }
  }

  function age(lease: LeaseState): void {
    if (lease === "restarted") gate.restart();
    const ms = { ageing: 0.85, ending: 0.97, expired: 1.1, "gate expired": 1.1, fresh: 0, restarted: 0 }[
      lease
    ];
    if (lease !== "gate expired") skew += ms * LIFE_MS;
    if (lease === "expired" || lease === "gate expired") gate.advance(ms * LIFE_MS);
  }

  function make({ call }: Case, marker: string, timeoutMs: number): Promise<unknown> {
    const options = { timeoutMs };
    if (call === "execute" || call === "fail") return client.execute("mark", { marker }, options);
    if (call === "hold") return client.execute("mark_held", { marker }, options);
    if (call === "approve") return operator.approvals.approve(approvalId, options);
    if (call === "poll") return client.getApprovalStatus(heldId, options);
    if (call === "receipt") return client.getReceipt(receiptId, options);
    return client.connect({}, options);
  }

  async function run(one: Case): Promise<Verdict> {
    const marker = `${name}-${String(verdicts.length).padStart(6, "0")}`;
    sent.add(marker);
    await prepare(one, marker);
    const faulty = proxyOf(one);
    const before = gate.effects.length;
    const failing = one.call === "fail" ? gate.fault("executeAction", INTERNAL_ERROR) : undefined;
    faulty.arm(one.armed, one.faults);
    if (one.faults.some(({ kind }) => kind === "down")) await faulty.goDown();
    const { said, words } = await saying(make(one, marker, timeoutOf(one)));
    await faulty.disarm();
    failing?.remove();
    if (!one.faults.every(({ kind }) => GENTLE.has(kind))) await faulty.dropAll();
    if (one.faults.some(({ kind }) => kind === "corrupt")) await settled();
    const aliens = gate.effects.slice(before).filter(({ params }) => !sent.has(markerOf(params))).length;
    const struck = faulty.struck > 0;
    const verdict = { carrier, case: one, marker, said, words, struck, effects: aliens, approvals: 0 };
    verdicts.push(verdict);
    return verdict;
  }

  return {
    carrier,
    async measure(call) {
      const armed = call === "hold" || call === "fail" ? "execute" : call;
      await run({ call, armed, faults: [], connection: "kept", lease: "fresh", partial: false });
      return (call === "approve" ? adminProxy : proxy).lengths(armed);
    },
    run,
    async close() {
      await endClient();
      await settled();
      await Promise.all([proxy.close(), adminProxy.close()]);
      await settled();
      await server.close();
      const byMarker = new Map(verdicts.map((verdict) => [verdict.marker, verdict]));
      for (const { params } of gate.effects) {
        const verdict = byMarker.get(markerOf(params));
        if (verdict !== undefined) verdict.effects += 1;
      }
      for (const { params } of gate.approvals) {
        const verdict = byMarker.get(markerOf(params));
        if (verdict !== undefined) verdict.approvals += 1;
      }
      return verdicts;
    },
  };
}

/** What a gate answers that has acted and then met an error of its own. */
const INTERNAL_ERROR = {
  kind: "garbage",
  status: 500,
  contentType: "application/json",
  body: '{"error":"internal_error"}',
} as const;

/** Faults after which a connection is as good as before. */
const GENTLE = new Set<WireFault["kind"]>(["delay", "split", "slice"]);

function timeoutOf({ faults }: Case): number {
  if (faults.some(({ kind }) => kind === "stall")) return 60;
  // A length that grew, or a head that lost its end: the gate, or the client, waits for more.
  return faults.some(({ kind }) => kind === "corrupt") ? 400 : 5_000;
}

function markerOf(params: unknown): string {
  return String((params as { marker?: unknown } | null)?.marker);
}

async function saying(call: Promise<unknown>): Promise<Pick<Verdict, "said" | "words">> {
  let timer: NodeJS.Timeout | undefined;
  const hang = new Promise<Pick<Verdict, "said" | "words">>((resolve) => {
    timer = setTimeout(() => resolve({ said: "hang", words: "" }), HANG_MS);
  });
  const end = call.then(
    () => ({ said: "result" as const, words: "" }),
    (error: unknown) => {
      if (error instanceof LatchGateApprovalRequired) return { said: "held" as const, words: error.code };
      if (error instanceof LatchGateError)
        return { said: error.outcome, words: `${error.code}: ${error.message}` };
      return { said: "foreign" as const, words: String(error) };
    },
  );
  return Promise.race([end, hang]).finally(() => clearTimeout(timer));
}
