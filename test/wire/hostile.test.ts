import { createServer, type Socket } from "node:net";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { type ClientOptions, LatchGateClient, LatchGateError } from "latchgate-client";
import { expect, it, onTestFinished } from "vitest";
import { fetched, ID, MAX_BYTES, type Wire, wire } from "../faults/hostile-answers.ts";
import { leaseBody, listening } from "../support/bare.ts";

const TIMEOUT_MS = 120;

/** Each of these has to end, in a result or in an error of this package. */
const operations: Readonly<Record<string, (client: LatchGateClient) => Promise<unknown>>> = {
  execute: (client) => client.execute("echo", { a: 1 }),
  lease: (client) => client.connect(),
  poll: (client) => client.getApprovalStatus(ID),
  receipt: (client) => client.getReceipt(ID),
  actions: (client) => client.actions(),
  egress: (client) => client.getActionEgress("echo"),
  ready: (client) => client.ready(),
  api: (client) =>
    client.api.POST("/v1/actions/{action_id}/execute", { params: { path: { action_id: "echo" } }, body: {} }),
};
const READS = new Set(["lease", "poll", "receipt", "actions", "egress", "ready"]);
const operation = fc.constantFrom(...Object.keys(operations));

async function play(socket: Socket, { pieces, end }: Wire): Promise<void> {
  for (const piece of pieces) {
    if (socket.destroyed) return;
    socket.write(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (end === "end") socket.end();
  else if (end === "destroy") socket.destroy();
}

const before = Reflect.ownKeys(Object.prototype).length;

/** Ends the call as every call has to end; gives what it ended with. */
async function ended(name: string, options: ClientOptions): Promise<unknown> {
  const client = new LatchGateClient({
    agentId: "t",
    timeoutMs: TIMEOUT_MS,
    maxResponseBytes: MAX_BYTES,
    retry: { attempts: 2, minDelayMs: 0, maxDelayMs: 1 },
    ...options,
  });
  let timer: NodeJS.Timeout | undefined;
  const hang = new Promise((resolve) => {
    timer = setTimeout(() => resolve("it hangs"), 3_000);
  });
  const call = operations[name]?.(client).then(
    () => undefined,
    (error: unknown) => error,
  );
  const end = await Promise.race([call, hang]);
  clearTimeout(timer);
  void client.close();
  expect(end === undefined || end instanceof LatchGateError, `${name}: ${String(end)}`).toBe(true);
  if (end instanceof LatchGateError) {
    const { outcome } = end;
    expect(READS.has(name) ? ["not_executed"] : ["not_executed", "unknown", "executed"]).toContain(outcome);
    expect(typeof JSON.stringify(end)).toBe("string");
  }
  expect(Reflect.ownKeys(Object.prototype)).toHaveLength(before);
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  return end;
}

/** A server that gives good leases, unless leases are what is asked about, and plays its script for all else. */
async function hostileServer() {
  let script: Wire = { pieces: [], end: "end" };
  let hostileLeases = false;
  const server = createServer((socket) => {
    socket.on("data", (chunk) => {
      const asksLease = chunk.toString("latin1").startsWith("POST /v1/leases");
      if (!asksLease || hostileLeases) {
        void play(socket, script);
        return;
      }
      const text = JSON.stringify(leaseBody());
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
    });
  });
  const { port } = await listening(server);
  return {
    baseUrl: `http://localhost:${port}`,
    plays(name: string, next: Wire) {
      script = next;
      hostileLeases = name === "lease";
    },
  };
}

const CARRIERS = ["undici", "node:http"] as const;

it.each(CARRIERS)(
  "whatever a server sends, every call ends in a result or in an error with an outcome: %s",
  async (carrier) => {
    const { baseUrl, plays } = await hostileServer();
    const seen = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(operation, wire, async (name, answer) => {
        plays(name, answer);
        const end = await ended(name, { baseUrl, carrier });
        const kind = end instanceof LatchGateError ? end.name : "result";
        seen.set(kind, (seen.get(kind) ?? 0) + 1);
      }),
      { numRuns: 300, seed: 7 },
    );
    // A generator that only makes unreadable answers would prove little.
    expect(seen.get("result"), [...seen].join(" ")).toBeGreaterThan(5);
    expect(seen.size).toBeGreaterThan(5);
  },
  60_000,
);

it("whatever a caller's fetch gives or throws, every call ends in a result or in an error with an outcome", async () => {
  await fc.assert(
    fc.asyncProperty(operation, fetched, async (name, answer) => {
      const fetch = async (input: unknown) =>
        name !== "lease" && String(input).endsWith("/v1/leases") ? Response.json(leaseBody()) : answer();
      await ended(name, { fetch: fetch as typeof globalThis.fetch });
    }),
    { numRuns: 400, seed: 11 },
  );
}, 60_000);

it.each([
  ["identity", "undici"],
  ["identity", "node:http"],
  ["gzip", "fetch"],
] as const)(
  "an answer without end (%s, by %s) is read no further than maxResponseBytes",
  async (encoding, carrier) => {
    let written = 0;
    let stopped = 0;
    const server = createServer((socket) => {
      socket.once("data", () => {
        // Once asked: after an abort the host's own fetch connects anew, and hangs up without a word when it likes.
        socket.on("close", () => (stopped += 1));
        const head = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Encoding: ${encoding}\r\n\r\n`;
        socket.write(head);
        const piece =
          encoding === "gzip" ? gzipSync(Buffer.alloc(64 * 1024 * 1024)) : Buffer.alloc(16 * 1024, " ");
        const more = () => {
          while (!socket.destroyed && written < 2 ** 28) {
            written += piece.length;
            const chunk = Buffer.concat([
              Buffer.from(`${piece.length.toString(16)}\r\n`),
              piece,
              Buffer.from("\r\n"),
            ]);
            if (!socket.write(chunk)) {
              socket.once("drain", more);
              return;
            }
          }
        };
        more();
      });
    });
    const { port } = await listening(server);
    const client = new LatchGateClient({
      baseUrl: `http://localhost:${port}`,
      maxResponseBytes: MAX_BYTES,
      retry: false,
      // The caller's fetch decompresses; this package's own transport never does.
      ...(carrier === "fetch"
        ? { fetch: (...args: Parameters<typeof fetch>) => fetch(...args) }
        : { carrier }),
    });
    onTestFinished(() => client.close());
    const heap = process.memoryUsage().rss;
    const error = await client.actions().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "answer_too_large", outcome: "not_executed" });
    await expect.poll(() => stopped, { interval: 5 }).toBe(1);
    expect(process.memoryUsage().rss - heap).toBeLessThan(64 * 1024 * 1024);
    // What sockets hold between the two is the kernel's: some megabytes at most.
    expect(written).toBeLessThan(16 * 1024 * 1024);
  },
);
