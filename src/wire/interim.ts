import type { Socket } from "node:net";

/** More than this is no interim answer, but a head that is too long: the parser's matter. */
const MAX_INTERIM_BYTES = 16 * 1024;
const START = Buffer.from("HTTP/1.1 100");

/**
 * Takes an unasked `100 Continue` (RFC 9110, 15.2.1: a client must be able to read one) out of what a connection reads:
 * undici ends the connection there, with the request in it. One that is no answer's beginning stays.
 */
export function withoutContinue(socket: Socket): void {
  const { read, write } = socket;
  let atBeginning = true;
  let held: Buffer | undefined;
  socket.write = function (this: Socket, ...given: unknown[]): boolean {
    atBeginning = true;
    return Reflect.apply(write, this, given) as boolean;
  } as Socket["write"];
  socket.read = function (this: Socket, size?: number): unknown {
    for (;;) {
      const chunk = read.call(this, size) as Buffer | null;
      if (chunk === null || !atBeginning) return chunk;
      const bytes = held === undefined ? chunk : Buffer.concat([held, chunk]);
      const rest = behindContinue(bytes);
      held = rest.wanted ? rest.bytes : undefined;
      if (rest.wanted) continue;
      atBeginning = false;
      return rest.bytes;
    }
  };
}

interface Rest {
  readonly bytes: Buffer;
  /** Whether what it is can't be told before there is more. */
  readonly wanted: boolean;
}

function behindContinue(bytes: Buffer): Rest {
  for (let rest = bytes; ; ) {
    const known = Math.min(rest.length, START.length);
    // `HTTP/1.0` too: whoever sends that has no better number.
    if (rest.compare(START, 0, Math.min(known, 7), 0, Math.min(known, 7)) !== 0)
      return { bytes: rest, wanted: false };
    if (known > 8 && rest.compare(START, 8, known, 8, known) !== 0) return { bytes: rest, wanted: false };
    const end = rest.indexOf("\r\n\r\n");
    if (known < START.length || end < 0) return { bytes: rest, wanted: rest.length <= MAX_INTERIM_BYTES };
    rest = rest.subarray(end + 4);
    if (rest.length === 0) return { bytes: rest, wanted: true };
  }
}
