import { connect, createServer, type Socket } from "node:net";
import { reset } from "./wire.ts";

/** What happens to the bytes of a connection, whatever they mean: under TLS they include the handshake. */
export interface CutterFault {
  readonly kind: "cut" | "close" | "corrupt" | "stall";
  readonly way: "request" | "answer";
  readonly at: number;
}

export interface Cutter {
  readonly port: number;
  /** The next connection meets this fault. */
  arm(fault: CutterFault): void;
  readonly struck: number;
  disarm(): Promise<void>;
  close(): Promise<void>;
}

/** Passes bytes on to a port of this machine, and spoils one connection at one byte. */
export async function createCutter(target: number): Promise<Cutter> {
  let armed: CutterFault | undefined;
  let struck = 0;
  const sockets = new Set<Socket>();
  const server = createServer((front) => {
    const back = connect(target, "127.0.0.1");
    const fault = armed;
    armed = undefined;
    for (const socket of [front, back]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", () => {});
    }
    const spoil = (kind: CutterFault["kind"]) => {
      struck += 1;
      if (kind === "close") front.end();
      else if (kind === "cut") reset(front);
      if (kind === "close") back.end();
      else if (kind === "cut") reset(back);
    };
    pass(front, back, fault?.way === "request" ? fault : undefined, spoil);
    pass(back, front, fault?.way === "answer" ? fault : undefined, spoil);
    front.on("close", () => back.destroy());
    back.on("close", () => front.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const dropAll = () => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
  };
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    get struck() {
      return struck;
    },
    arm(fault) {
      struck = 0;
      armed = fault;
    },
    async disarm() {
      armed = undefined;
      dropAll();
      for (let count = 0; count < 2; count += 1) await new Promise((resolve) => setTimeout(resolve, 1));
    },
    async close() {
      dropAll();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function pass(
  from: Socket,
  to: Socket,
  fault: CutterFault | undefined,
  spoil: (kind: CutterFault["kind"]) => void,
): void {
  let passed = 0;
  let stopped = false;
  from.on("end", () => to.end());
  from.on("data", (chunk: Buffer) => {
    if (stopped) return;
    const here = (fault?.at ?? Number.POSITIVE_INFINITY) - passed;
    passed += chunk.length;
    if (fault === undefined || here < 0 || here >= chunk.length) {
      if (to.writable) to.write(chunk);
    } else if (fault.kind === "corrupt") {
      const wrong = Buffer.from(chunk);
      wrong[here] = (wrong[here] ?? 0) ^ (1 << (here % 8));
      spoil(fault.kind);
      to.write(wrong);
    } else {
      stopped = true;
      to.write(chunk.subarray(0, here));
      spoil(fault.kind);
    }
  });
}
