/** A mock gate in this Node process, and `hello.js` against it in another runtime: over TCP, over a Unix socket, by its `fetch`; and `doctor`. */
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MockGate } from "latchgate-client/testing";

const [command, ...args] = process.argv.slice(2);
const dir = await mkdtemp(join(tmpdir(), "consumer-"));
const gate = new MockGate({
  actions: {
    slow: { run: () => new Promise((resolve) => setTimeout(resolve, 3_000, { ok: true })) },
    // The connection of the next call breaks while its action runs.
    arm: {
      run() {
        gate.fault("executeAction", { kind: "reset", when: "running" });
        return { ok: true };
      },
    },
    pay: { riskLevel: "high", run: () => ({ ok: true }) },
  },
});
const server = await gate.listen({ dir, port: 0, adminPort: 0 });
/** Where nobody listens any more. */
const closed = createServer();
await new Promise((resolve) => closed.listen(0, "127.0.0.1", resolve));
const nobody = `http://127.0.0.1:${closed.address().port}`;
await new Promise((resolve) => closed.close(resolve));

const { publicBaseUrl, receiptKeys, operatorCredentials } = gate;
const tcp = { baseUrl: server.url, publicBaseUrl };
const ways = {
  TCP: { client: tcp, operator: { baseUrl: server.adminUrl } },
  "Unix socket": { client: { socket: server.socket }, operator: { socket: server.adminSocket } },
  fetch: { client: tcp, operator: { baseUrl: server.adminUrl }, byFetch: true },
};
let failed = 0;
for (const [way, places] of Object.entries(ways)) {
  const input = JSON.stringify({ ...places, receiptKeys, operatorCredentials, nobody });
  say(way, await finished(spawn(command, [...args, "hello.js", input])));
}
const doctor = ["node_modules/latchgate-client/dist/cli.js", "doctor", "--socket", server.socket];
say("doctor", await finished(spawn(command, [...args, ...doctor])));
await server.close();
await rm(dir, { recursive: true });
process.exitCode = failed === 0 ? 0 : 1;

function say(what, { code, output }) {
  failed += code === 0 ? 0 : 1;
  console.log(`${what}: ${code === 0 ? output.trim() : `exit code ${code}\n${output}`}`);
}

function finished(child) {
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (piece) => (output += piece));
  // It has to end by itself: nothing may keep it alive after its last call.
  const patience = setTimeout(() => child.kill("SIGKILL"), 60_000);
  return new Promise((resolve) =>
    child.on("close", (code) => {
      clearTimeout(patience);
      resolve({ code, output });
    }),
  );
}
