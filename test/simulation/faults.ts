import type { Chance } from "./chance.ts";
import type { FaultyOperation } from "./program.ts";

/** What the network, or something in it, does to one request. */
export type NetworkFault =
  /** Nobody listens. */
  | { readonly kind: "refuse" }
  /** The connection breaks, and the gate never sees the request. */
  | { readonly kind: "lost_unread" }
  /** The connection breaks for the client; the request comes to the gate later, after whatever was sent in between. */
  | { readonly kind: "lost_late"; readonly ms: number }
  /** The gate does everything, and the answer is lost. */
  | { readonly kind: "lost_answer" }
  /** The client's end breaks while the action runs: it has its effect, and the gate writes nothing down. */
  | { readonly kind: "lost_running" }
  /** Nothing ever comes back; the gate has seen the request or not. */
  | { readonly kind: "hang"; readonly seen: boolean }
  /** The request is on its way for this long, or the answer is. */
  | { readonly kind: "slow_request" | "slow_answer"; readonly ms: number }
  | { readonly kind: "truncate" }
  /** The gate does everything, and something between answers in its place. */
  | { readonly kind: "replaced"; readonly status: number; readonly body: string }
  /** The bytes come to the gate twice: the second time after the first answer. */
  | { readonly kind: "duplicate"; readonly ms: number; readonly hears: "first" | "second" }
  /** Something between sends the bytes on, and then once more; it hands back the refusal of a copy that was throttled. */
  | {
      readonly kind: "repeated";
      readonly refused: "first" | "second";
      readonly status: number;
      readonly code: string;
    }
  /** The gate answers this and does nothing. */
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly code: string | undefined;
      readonly retryAfter?: string;
    };

/**
 * Whether the gate or the socket lets the client tell what became of the request, so that no call may end as unknown for
 * that. A request that surely was not seen is told by its second copy.
 */
export function isTellable(fault: NetworkFault): boolean {
  switch (fault.kind) {
    case "refuse":
    case "lost_unread":
    case "slow_request":
    case "slow_answer":
      return true;
    case "duplicate":
      return fault.hears === "first";
    case "answer":
      return TELLING.has(fault.status) && fault.code !== "replay_detected";
    default:
      return false;
  }
}

const TELLING = new Set([401, 403, 404, 429, 503]);

/** The name under which a fault is counted. */
export function nameOf(fault: NetworkFault): string {
  if (fault.kind === "answer") return `answer ${fault.status} ${fault.code ?? ""}`.trim();
  if (fault.kind === "replaced") return `replaced by ${fault.status}`;
  if (fault.kind === "repeated") return `repeated, hears ${fault.code}`;
  if (fault.kind === "hang") return fault.seen ? "hang" : "hang unread";
  return fault.kind === "duplicate" ? `duplicate, hears ${fault.hears}` : fault.kind;
}

const html = "<html><body>Welcome to the guest network</body></html>";
const unavailable = [
  "policy_engine_unavailable",
  "policy_engine_timeout",
  "policy_engine_invalid_response",
  "clock_error",
  "replay_cache_unavailable",
  "store_unavailable",
  "budget_store_unavailable",
];

export function drawFault(chance: Chance, operation: FaultyOperation): NetworkFault {
  switch (chance.below(15)) {
    case 0:
      return { kind: "refuse" };
    case 1:
      return { kind: "lost_unread" };
    case 2:
      return { kind: "lost_late", ms: chance.pick([2, 5, 50, 1_000, 20_000, 70_000]) };
    case 3:
      return { kind: "lost_answer" };
    case 4:
      return { kind: "lost_running" };
    case 5:
      return { kind: "hang", seen: chance.happens(0.6) };
    case 6:
      return {
        kind: chance.pick(["slow_request", "slow_answer"]),
        ms: chance.pick([5, 100, 3_000, 20_000, 40_000]),
      };
    case 7:
      return { kind: "truncate" };
    case 8:
    case 9:
      return drawReplacement(chance, operation);
    case 10:
      return {
        kind: "duplicate",
        ms: chance.pick([0, 1, 100, 10_000]),
        hears: chance.pick(["first", "second"]),
      };
    case 11:
      return operation === "executeAction" ? drawRepeated(chance) : drawAnswer(chance, operation);
    default:
      return drawAnswer(chance, operation);
  }
}

function drawRepeated(chance: Chance): NetworkFault {
  const [status, code] = chance.pick([
    [429, "rate_limited"],
    [503, "clock_error"],
    [503, "replay_cache_unavailable"],
  ] as const);
  return { kind: "repeated", refused: chance.pick(["first", "second"]), status, code };
}

function drawReplacement(chance: Chance, operation: FaultyOperation): NetworkFault {
  const error = (code: string) => JSON.stringify({ error: code });
  const [status, body] = chance.pick<readonly [number, string]>([
    [200, html],
    [200, ""],
    [200, "{}"],
    [302, ""],
    ...([400, 401, 403, 404, 408, 409, 413, 429, 499] as const).map((refusal) => [refusal, html] as const),
    [401, ""],
    [403, '{"message":"Forbidden"}'],
    [429, '{"error":"Too Many Requests"}'],
    [502, html],
    [504, html],
    [503, html],
    [500, error("internal_error")],
    [502, error("action_execution_failed")],
    [500, error(operation === "executeAction" ? "evidence_persistence_failed" : "internal_error")],
  ]);
  return { kind: "replaced", status, body };
}

function drawAnswer(chance: Chance, operation: FaultyOperation): NetworkFault {
  if (operation === "pollApproval")
    return { kind: "answer", status: chance.pick([401, 503]), code: undefined };
  const [status, code] = chance.pick<readonly [number, string]>([
    [429, operation === "createLease" ? "rate_limit_exceeded" : "rate_limited"],
    [503, operation === "createLease" ? "budget_store_unavailable" : chance.pick(unavailable)],
    [503, operation === "createLease" ? "clock_error" : "replay_cache_unavailable"],
    ...(operation === "createLease"
      ? []
      : ([
          [401, "lease_expired"],
          [401, "invalid_lease"],
          [401, "replay_detected"],
        ] as const)),
  ]);
  const retryAfter = chance.pick([undefined, undefined, "1", "7", "120"]);
  return { kind: "answer", status, code, ...(retryAfter === undefined ? {} : { retryAfter }) };
}
