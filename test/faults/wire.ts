import type { Socket } from "node:net";

/** Which way bytes go through the proxy. */
export type Way = "request" | "answer";

/**
 * What happens to an exchange once `at` bytes of its request or answer have passed.
 *
 * `cut`: both connections are reset. `close`: both are ended in order. `truncate`: the gate alone sees an end. `stall`:
 * nothing more passes. `corrupt`: one bit of byte `at` is turned. `delay`, `split`: the rest comes later, or in another
 * write. `slice`: the next bytes come one by one. `late`: the client's connection is cut, and the rest reaches the gate
 * after the second copy was answered; `race`: at once. `duplicate`: a second connection carries the request again, whole,
 * and the client hears that one; the first one ends there. `interleave`, `interleave2`: the same, and the first one then
 * goes on; the client hears the first, or the second. `restart`: the gate is restarted. `refuse`: the connection
 * is reset and nobody listens any more. `down`: nobody has listened since before the call.
 */
export type Kind =
  | "cut"
  | "close"
  | "truncate"
  | "stall"
  | "corrupt"
  | "delay"
  | "split"
  | "slice"
  | "late"
  | "race"
  | "duplicate"
  | "interleave"
  | "interleave2"
  | "restart"
  | "refuse"
  | "down";

export interface WireFault {
  readonly kind: Kind;
  readonly way: Way;
  readonly at: number;
}

/** How many bytes come one by one. */
const SLICED = 48;
const DELAY_MS = 4;

/** The bytes of one exchange in one direction, on their way through a fault. */
export class Stream {
  passed = 0;
  #rest: Buffer[] = [];
  #state: "open" | "waiting" | "stopped" = "open";
  #hasStruck = false;
  readonly #fault: WireFault | undefined;
  readonly #write: (bytes: Buffer) => void;
  readonly #strike: () => "stop" | "hold";

  /** `strike` is called once, when the fault's place is reached. */
  constructor(fault: WireFault | undefined, write: (bytes: Buffer) => void, strike: () => "stop" | "hold") {
    this.#fault = fault;
    this.#write = write;
    this.#strike = strike;
  }

  push(chunk: Buffer): void {
    if (this.#state === "stopped") return;
    if (this.#state === "waiting") {
      this.#rest.push(chunk);
      return;
    }
    const { passed } = this;
    const at = this.#fault?.at ?? Number.POSITIVE_INFINITY;
    if (this.#hasStruck || passed + chunk.length < at) {
      this.#pass(chunk);
      return;
    }
    const before = chunk.subarray(0, at - passed);
    const rest = chunk.subarray(at - passed);
    this.#pass(before);
    this.#struck(rest);
  }

  #pass(bytes: Buffer): void {
    this.passed += bytes.length;
    if (bytes.length > 0) this.#write(bytes);
  }

  #struck(rest: Buffer): void {
    const kind = this.#fault?.kind;
    // These need a byte behind the place.
    if (rest.length === 0 && (kind === "corrupt" || kind === "slice" || kind === "split" || kind === "delay"))
      return;
    this.#hasStruck = true;
    const next = this.#strike();
    if (kind === "corrupt") {
      const wrong = Buffer.from(rest);
      wrong[0] = (wrong[0] ?? 0) ^ (1 << ((this.passed * 5) % 8));
      this.#pass(wrong);
    } else if (kind === "split") this.#later(rest, (run) => setImmediate(run));
    else if (kind === "delay") this.#later(rest, (run) => setTimeout(run, DELAY_MS));
    else if (kind === "slice") this.#slice(rest);
    else if (next === "stop") this.#state = "stopped";
    else {
      this.#state = "waiting";
      this.#rest.push(rest);
    }
  }

  #later(rest: Buffer, schedule: (run: () => void) => void): void {
    this.#state = "waiting";
    this.#rest.push(rest);
    schedule(() => this.release());
  }

  #slice(rest: Buffer): void {
    this.#state = "waiting";
    let sent = 0;
    const next = () => {
      if (sent >= Math.min(SLICED, rest.length)) {
        this.#rest.unshift(rest.subarray(sent));
        this.release();
        return;
      }
      this.#pass(rest.subarray(sent, sent + 1));
      sent += 1;
      setImmediate(next);
    };
    next();
  }

  /** Lets what was held back pass. */
  release(): void {
    if (this.#state !== "waiting") return;
    this.#state = "open";
    const rest = Buffer.concat(this.#rest);
    this.#rest = [];
    if (rest.length > 0) this.#pass(rest);
  }
}

/** A reset, where the socket can send one. */
export function reset(socket: Socket): void {
  if (socket.destroyed) return;
  if (socket.remoteAddress === undefined) socket.destroy();
  else socket.resetAndDestroy();
}

/** Where a request in HTTP/1.1 ends; undefined while its head is not whole. */
export function requestLength(bytes: Buffer): number | undefined {
  const head = bytes.indexOf("\r\n\r\n");
  if (head < 0) return undefined;
  const [, length = "0"] = /\r\ncontent-length: *(\d+)/i.exec(bytes.toString("latin1", 0, head)) ?? [];
  return head + 4 + Number(length);
}

/** The operation that a request line is of. */
export function operationIn(bytes: Buffer): string {
  const line = bytes.toString("latin1", 0, 200);
  if (line.startsWith("POST /v1/leases")) return "lease";
  if (/^POST \/v1\/actions\/[^/]+\/execute/.test(line)) return "execute";
  if (/^GET \/v1\/approvals\/[^/]+\/poll/.test(line)) return "poll";
  if (line.startsWith("GET /v1/receipts/")) return "receipt";
  if (/^POST \/v1\/approvals\/[^/]+\/approve/.test(line)) return "approve";
  return line.slice(0, 20);
}
