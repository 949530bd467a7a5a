import type { Fault, MockGate, MockRequest, MockResponse } from "latchgate-client/testing";
import type { Chance } from "./chance.ts";
import { isTellable, type NetworkFault, nameOf } from "./faults.ts";
import type { Mark } from "./judge.ts";
import type { FaultyOperation } from "./program.ts";
import type { Timeline } from "./timeline.ts";
import type { Wiretap } from "./wiretap.ts";

/** The bytes between processes and gate, on virtual time. */
export interface Network {
  /** The `fetch` of one process; `alive` turns false when the process crashes. */
  fetchOf(wiretap: Wiretap, alive: () => boolean): typeof globalThis.fetch;
  /** Befalls the next request of this operation. */
  fault(operation: FaultyOperation, fault: NetworkFault): void;
  /** The gate's process ends: what is connected to it is cut. */
  cut(): void;
  /** All connections of a process that has crashed are cut. */
  sweep(): void;
}

interface Flight {
  readonly jti: string;
  readonly mark: Mark | undefined;
  readonly alive: () => boolean;
  readonly gone: AbortController;
  fail(error: Error): void;
}

/** The operation of a request that faults may befall. */
function operationOf(path: string): FaultyOperation | undefined {
  if (path.endsWith("/execute")) return "executeAction";
  if (path.endsWith("/poll")) return "pollApproval";
  if (path === "/v1/leases") return "createLease";
  return path.startsWith("/v1/receipts/") ? "getReceipt" : undefined;
}

/** Answers that the gate can give before it has looked whether it knows the proof. */
const BEFORE_REPLAY_CHECK = new Set([
  "draining",
  "clock_error",
  "replay_cache_unavailable",
  "replay_detected",
]);

export function createNetwork(timeline: Timeline, gate: MockGate, chance: Chance): Network {
  const waiting = new Map<FaultyOperation, NetworkFault[]>();
  const flights = new Set<Flight>();
  // A mock's own `answer` fault looks at no proof. A gate that gives such an answer has stored it, or refused it before.
  const accepted = new Set<string>();
  const burned = new Set<string>();

  function faithful(jti: string, fault: Fault | undefined): Fault | undefined {
    if (burned.has(jti)) return { kind: "answer", status: 401, code: "replay_detected" };
    if (fault?.kind !== "answer" || jti === "" || isEarly(fault.status, fault.code ?? "")) return fault;
    if (accepted.has(jti)) return undefined;
    burned.add(jti);
    return fault;
  }

  /** One delivery to the gate. Time only passes for it where the action itself takes some. */
  async function deliver(request: MockRequest, jti: string, asked?: Fault): Promise<Heard> {
    timeline.busy.begin();
    try {
      const fault = faithful(jti, asked);
      if (fault?.kind !== "answer") accepted.add(jti);
      const handle = fault === undefined ? undefined : gate.fault({}, fault);
      const sending = gate.send(request);
      // The gate takes a fault with the request or never: one that is given up already never comes there.
      handle?.remove();
      const response = await sending;
      return { response, text: await response.text() };
    } finally {
      timeline.busy.end();
    }
  }

  async function carry(
    request: MockRequest,
    fault: NetworkFault | undefined,
    flight: Flight,
  ): Promise<Heard> {
    const { jti, mark } = flight;
    const ghost = { ...request, signal: undefined };
    if (fault?.kind === "refuse") throw broken("connect", "ECONNREFUSED");
    await timeline.sleep(1 + chance.below(2) + (fault?.kind === "slow_request" ? fault.ms : 0));
    if (fault?.kind === "lost_unread") throw broken("read", "ECONNRESET");
    if (fault?.kind === "lost_late") {
      timeline.at(fault.ms, () => void deliver(ghost, jti).catch(() => {}));
      throw broken("read", "ECONNRESET");
    }
    if (fault?.kind === "hang" && !fault.seen) return never();
    // Something between may hold on to the connection though the client has let go of it.
    const first = await deliver(chance.happens(0.5) ? request : ghost, jti, gateFaultOf(fault));
    const heard = await heardOf(ghost, jti, first, fault);
    note(mark, heard);
    if (fault?.kind === "hang") return never();
    await timeline.sleep(1 + (fault?.kind === "slow_answer" ? fault.ms : 0));
    if (fault?.kind === "lost_answer") throw broken("read", "ECONNRESET");
    if (fault?.kind === "truncate") return { ...heard, text: undefined };
    if (fault?.kind === "replaced" && heard.response.status === 200) return replaced(fault);
    return heard;
  }

  async function heardOf(
    ghost: MockRequest,
    jti: string,
    first: Heard,
    fault: NetworkFault | undefined,
  ): Promise<Heard> {
    if (fault?.kind === "duplicate") return repeated(ghost, jti, first, fault);
    if (fault?.kind !== "repeated") return first;
    // One copy is refused before the gate has looked whether it knows the proof; the other goes its way.
    const refusal = { kind: "answer", status: fault.status, code: fault.code } as const;
    if (fault.refused === "second") return deliver(ghost, jti, refusal);
    void deliver(ghost, jti).catch(() => {});
    return first;
  }

  /**
   * The bytes come to the gate once more. What is heard comes from behind the replay check: a client that hears of the
   * one copy that it was throttled, while the other one was accepted, could not know that there was another.
   */
  async function repeated(
    ghost: MockRequest,
    jti: string,
    first: Heard,
    { ms, hears }: NetworkFault & { kind: "duplicate" },
  ): Promise<Heard> {
    if (isBeforeReplayCheck(first)) return first;
    if (hears === "first") {
      timeline.at(ms, () => void deliver(ghost, jti).catch(() => {}));
      return first;
    }
    const second = await deliver(ghost, jti);
    return isBeforeReplayCheck(second) && !second.text?.includes("replay_detected") ? first : second;
  }

  function note(mark: Mark | undefined, { response, text }: Heard): void {
    if (mark === undefined) return;
    const { status } = response;
    if (status >= 500 && status !== 503) mark.doubts.add(`the gate's ${status}`);
    if (status === 422) mark.doubts.add("the gate's 422");
    if (text?.includes("replay_detected")) mark.doubts.add("replay_detected");
  }

  /** After a loss only an answer from behind the replay check tells what became of the call. */
  function resolveDoubt(
    mark: Mark | undefined,
    jti: string,
    heard: Heard,
    fault: NetworkFault | undefined,
  ): void {
    if (
      mark === undefined ||
      (fault !== undefined && fault.kind !== "slow_answer" && fault.kind !== "slow_request")
    )
      return;
    if (!isBeforeReplayCheck(heard)) mark.doubts.delete(jti);
  }

  return {
    fetchOf: (wiretap, alive) => async (input, init) => {
      if (!alive()) return never();
      const url = String(input);
      const path = url.slice(url.indexOf("/", 8));
      const request = { url: path, ...init } as MockRequest;
      const operation = operationOf(path);
      const seen = wiretap.sending(path, request);
      const { mark } = seen;
      const fault = operation === undefined ? undefined : waiting.get(operation)?.shift();
      if (fault?.kind === "refuse") wiretap.unsent(seen);
      if (fault !== undefined && mark !== undefined) {
        const second = mark.doubts.has("no second copy") ? ", no second copy" : "";
        mark.events.add(fault.kind === "lost_unread" ? `${nameOf(fault)}${second}` : nameOf(fault));
        if (!isTellable(fault)) mark.doubts.add(nameOf(fault));
        if (fault.kind === "lost_unread") mark.doubts.add(seen.jti);
      }
      const gone = new AbortController();
      return new Promise<Response>((resolve, reject) => {
        const flight: Flight = {
          jti: seen.jti,
          mark,
          alive,
          gone,
          fail: (error) => end(() => reject(error)),
        };
        const { signal } = init ?? {};
        let ended = false;
        function end(settle: () => void): void {
          if (ended) return;
          ended = true;
          flights.delete(flight);
          signal?.removeEventListener("abort", givenUp);
          wiretap.answered(seen);
          if (alive()) settle();
        }
        function givenUp(): void {
          mark?.doubts.add("given up");
          mark?.events.add("given up");
          gone.abort();
          end(() => reject(signal?.reason as Error));
        }
        signal?.addEventListener("abort", givenUp);
        flights.add(flight);
        carry({ ...request, signal: gone.signal }, fault, flight).then(
          (heard) =>
            end(() => {
              resolveDoubt(mark, seen.jti, heard, fault);
              wiretap.received(seen, heard.response.status, heard.text);
              resolve(responseOf(heard));
            }),
          (error: Error) => end(() => reject(error)),
        );
      });
    },
    fault(operation, fault) {
      const queue = waiting.get(operation) ?? [];
      waiting.set(operation, [...queue, fault]);
    },
    cut() {
      for (const { mark, gone, fail } of [...flights]) {
        mark?.doubts.add("restart under way");
        mark?.events.add("restart under way");
        gone.abort();
        fail(broken("read", "ECONNRESET"));
      }
    },
    sweep() {
      for (const { alive, gone, fail } of [...flights]) {
        if (alive()) continue;
        if (chance.happens(0.5)) gone.abort();
        fail(new Error("crashed"));
      }
    },
  };
}

/** An answer with its body; without one it was cut off. */
interface Heard {
  readonly response: MockResponse;
  readonly text: string | undefined;
}

const never = () => new Promise<never>(() => {});

/** An error as undici's fetch throws it. */
function broken(syscall: "connect" | "read", code: string): TypeError {
  const cause = Object.assign(new Error(`${syscall} ${code}`), { code, syscall });
  return new TypeError("fetch failed", { cause });
}

function replaced({ status, body }: NetworkFault & { kind: "replaced" }): Heard {
  const response: MockResponse = {
    status,
    ok: status < 300,
    headers: { get: (name) => (name === "content-type" ? "text/html" : null) },
    text: async () => body,
    json: async () => JSON.parse(body),
  };
  return { response, text: body };
}

function isBeforeReplayCheck({ response, text }: Heard): boolean {
  return isEarly(response.status, /"error":"(\w+)"/.exec(text ?? "")?.[1] ?? "");
}

const isEarly = (status: number, code: string) =>
  status === 401 || status === 429 || BEFORE_REPLAY_CHECK.has(code);

function gateFaultOf(fault: NetworkFault | undefined): Fault | undefined {
  if (fault?.kind === "lost_running") return { kind: "reset", when: "running" };
  if (fault?.kind === "repeated" && fault.refused === "first")
    return { kind: "answer", status: fault.status, code: fault.code };
  return fault?.kind === "answer" ? answerOf(fault) : undefined;
}

function answerOf({ status, code, retryAfter }: NetworkFault & { kind: "answer" }) {
  return {
    kind: "answer",
    status,
    ...(code === undefined ? { body: "" } : { code }),
    ...(retryAfter === undefined ? {} : { headers: { "retry-after": retryAfter } }),
  } as const;
}

/** The client takes answers that have only `text()`: here the light world meets fetch's types. */
function responseOf({ response, text }: Heard): Response {
  const { status, ok, headers } = response;
  const read = async () => {
    if (text === undefined) throw broken("read", "ECONNRESET");
    return text;
  };
  return { status, ok, headers, text: read } as unknown as Response;
}
