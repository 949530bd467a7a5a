import {
  type AgentOperationId,
  agentOperations,
  type OperatorOperationId,
  operatorOperations,
} from "../../generated/operations.ts";
import { mulberry32 } from "../formats/random.ts";

/** An operation of either socket. */
export type MockOperationId = AgentOperationId | OperatorOperationId;

const operationsOfBoth: Readonly<
  Record<MockOperationId, { readonly answers: Readonly<Record<string, unknown>> }>
> = {
  ...agentOperations,
  ...operatorOperations,
};

/** What goes wrong with a request. */
export type Fault =
  /** Nobody listens: nothing is sent. On a socket the connection is cut before the request is looked at. */
  | { readonly kind: "refuse" }
  /**
   * The connection breaks. `unread`: before the gate acts. `running`: while the action runs; it has its effect, the
   * budget is charged, and there is neither audit event nor receipt. `answered`: the gate has finished and written
   * everything down, and the answer is lost.
   */
  | { readonly kind: "reset"; readonly when: "unread" | "running" | "answered" }
  /** No answer, ever. `unread`: the gate has not acted either. */
  | { readonly kind: "hang"; readonly when: "unread" | "answered" }
  /** The answer comes later, by the gate's timer: the real clock when it was given none. */
  | { readonly kind: "delay"; readonly ms: number }
  /** The gate acts, and then the connection breaks within the answer's body, half of it by default. */
  | { readonly kind: "truncate"; readonly bytes?: number }
  /** The gate acts, and something between answers in its place: HTML with status 200 by default. */
  | {
      readonly kind: "garbage";
      readonly status?: number;
      readonly contentType?: string;
      readonly body?: string;
    }
  /** The gate does not act and answers this. */
  | {
      readonly kind: "answer";
      readonly status: number;
      /** The `error` of the body. */
      readonly code?: string;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    }
  /**
   * The gate's store refuses to write. `evidence`: receipt and audit event of a call that ran, so that its answer is 500
   * `evidence_persistence_failed` after the effect. `refund`: the unit of budget of a call that was refused after it was
   * charged; the answer is as ever, and the unit is gone. `error`: the store's own words.
   */
  | { readonly kind: "unwritten"; readonly what: "evidence" | "refund"; readonly error?: string }
  /** The same bytes are delivered twice; the client hears of the `first` or (by default) of the `second` copy. */
  | { readonly kind: "duplicate"; readonly hears?: "first" | "second" };

/** Which requests a fault befalls: all of them when nothing is said, one of them when no number is. */
export interface FaultMatch {
  readonly operation?: MockOperationId | readonly MockOperationId[];
  /** How many requests; `Infinity` for all. 1 when left out. */
  readonly times?: number;
  /** How many matching requests are left alone first. */
  readonly skip?: number;
  /** Befalls a matching request with this probability, drawn from `seed`: the same seed, the same requests. */
  readonly chance?: number;
  readonly seed?: number;
}

/** A fault that waits for its requests. */
export interface FaultHandle {
  /** How many requests it has befallen. */
  readonly befell: number;
  /** Whether a gate, or a network in front of one, really does this; the other kind shows what a client is made of. */
  readonly faithful: boolean;
  remove(): void;
}

/** Whether a gate or a network does such a thing. An answer is faithful where the document lists it for the operation. */
export function isFaithful(fault: Fault, operations: readonly MockOperationId[]): boolean {
  if (fault.kind === "garbage") return false;
  if (fault.kind !== "answer") return true;
  return operations.every((operationId) => {
    const { answers } = operationsOfBoth[operationId];
    const named = fault.code === undefined ? `${fault.status}` : `${fault.status} ${fault.code}`;
    return named in answers && fault.body === undefined;
  });
}

interface WaitingFault extends FaultHandle {
  befell: number;
  left: number;
  skip: number;
  readonly fault: Fault;
  readonly operations: readonly MockOperationId[] | undefined;
  draw(): boolean;
}

/** The faults of a gate, in the order in which they were set: the first that fits takes the request. */
export function createFaults() {
  const waiting: WaitingFault[] = [];

  function add(match: FaultMatch | MockOperationId, fault: Fault): FaultHandle {
    const {
      operation,
      times = 1,
      skip = 0,
      chance = 1,
      seed = 1,
    } = typeof match === "string" ? { operation: match } : match;
    const operations = operation === undefined || typeof operation !== "string" ? operation : [operation];
    const random = mulberry32(seed);
    const entry: WaitingFault = {
      befell: 0,
      left: times,
      skip,
      fault,
      operations,
      faithful: isFaithful(fault, operations ?? (Object.keys(operationsOfBoth) as MockOperationId[])),
      draw: () => chance >= 1 || random() < chance,
      remove() {
        const at = waiting.indexOf(entry);
        if (at >= 0) waiting.splice(at, 1);
      },
    };
    waiting.push(entry);
    return entry;
  }

  /** The fault that befalls a request, if any. */
  function take(operationId: string | undefined): Fault | undefined {
    for (const entry of waiting) {
      if (entry.left <= 0) continue;
      if (entry.operations !== undefined && !entry.operations.some((operation) => operation === operationId))
        continue;
      if (entry.skip > 0) {
        entry.skip -= 1;
        continue;
      }
      if (!entry.draw()) continue;
      entry.left -= 1;
      entry.befell += 1;
      if (entry.left === 0) entry.remove();
      return entry.fault;
    }
    return undefined;
  }

  return { add, take };
}
