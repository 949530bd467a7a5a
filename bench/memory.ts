/**
 * What 1,000 clients of one process weigh, each after one call, on a transport that they share; and that a client that
 * has nothing to do keeps no process alive.
 */
import { execFile, fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createTransport, LatchGateClient } from "latchgate-client";

const CLIENTS = 1_000;

const dir = mkdtempSync(join(tmpdir(), "latchgate-memory-"));
const socket = join(dir, "bench.sock");
const server = fork(join(import.meta.dirname, "server.ts"), [socket]);
await new Promise((resolve) => server.once("message", resolve));
try {
  const transport = createTransport({ socket });
  const make = async (count: number) => {
    const clients: LatchGateClient[] = [];
    for (let at = 0; at < count; at += 1) {
      const client = new LatchGateClient({ transport, agentId: `agent:${at}` });
      await client.execute("http_fetch", { url: "https://example.com/" });
      clients.push(client);
    }
    return clients;
  };
  await make(100);
  const before = settledHeap();
  const clients = await make(CLIENTS);
  const each = (settledHeap() - before) / clients.length;
  console.log(
    `${clients.length} clients on one transport: ${(each / 1024).toFixed(1)} KiB each, heap and buffers`,
  );
  await transport.close();

  const idle = `import { LatchGateClient } from "latchgate-client";
    const client = new LatchGateClient({ socket: ${JSON.stringify(socket)}, agentId: "idle" });
    await client.execute("http_fetch", { url: "https://example.com/" });
    globalThis.client = client;`;
  const began = performance.now();
  await promisify(execFile)(process.execPath, ["--input-type=module", "-e", idle], {
    cwd: join(import.meta.dirname, ".."),
    timeout: 20_000,
  });
  console.log(
    `a process with an open, idle client ends by itself: after ${((performance.now() - began) / 1000).toFixed(1)} s`,
  );
} finally {
  server.disconnect();
  rmSync(dir, { recursive: true, force: true });
}

function settledHeap(): number {
  for (let turn = 0; turn < 4; turn += 1) globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
