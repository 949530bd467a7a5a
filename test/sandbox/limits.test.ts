import { execFile } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { MockGate } from "latchgate-client/testing";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { temporaryFolder } from "../support/bare.ts";
import { plainJavaScript } from "../support/plain-javascript.ts";

const GIB = 2 ** 30;
/** Where a process starts that is limited; without it there is nothing to test. */
const PRLIMIT = "/usr/bin/prlimit";

let plain: ReturnType<typeof plainJavaScript>;
beforeAll(() => {
  plain = plainJavaScript();
}, 90_000);
afterAll(() => plain.remove());

interface Limited {
  readonly env?: Readonly<Record<string, string>>;
  readonly addressSpaceGib?: number;
  readonly flags?: readonly string[];
}

/** Runs a program in a process whose address space is limited, as the gate's sandbox has it; what the program has said. */
async function limited(program: string, { env = {}, addressSpaceGib = 8, flags = [] }: Limited = {}) {
  const file = join(temporaryFolder(), "program.mjs");
  const [index, testing] = ["index.js", "testing/index.js"].map((name) => join(plain.folder, name));
  const preamble = `
    import { createRequire } from "node:module";
    import { createAgentApi, createTransport, LatchGateClient, verifyReceipt } from ${JSON.stringify(index)};
    import { MockGate } from ${JSON.stringify(testing)};
    const said = [];
    const body = { url: "https://httpbin.org/get" };
    const undici = () => Object.keys(createRequire(import.meta.url).cache).some((file) => file.includes("/undici/"));
    // What fetch's own parser would do to the process, it does a moment later.
    const aMoment = () => new Promise((resolve) => setTimeout(resolve, 100));
  `;
  writeFileSync(file, `${preamble}${program}\nconsole.log(JSON.stringify(said));`);
  const args = [`--as=${addressSpaceGib * GIB}`, process.execPath, ...flags, file];
  const { stdout } = await promisify(execFile)(PRLIMIT, args, { env: { PATH: "/usr/bin:/bin", ...env } });
  return JSON.parse(stdout) as unknown;
}

async function gateOutside() {
  const gate = new MockGate({ rateLimits: false });
  const server = await gate.listen({ dir: temporaryFolder() });
  onTestFinished(() => server.close());
  return { gate, env: { LATCHGATE_URL: `unix://${server.socket}`, LATCHGATE_AGENT_ID: "agent:inside" } };
}

describe.skipIf(!existsSync(PRLIMIT))(
  "with the address space of the gate's sandbox",
  { timeout: 90_000 },
  () => {
    it("an agent finds its gate, executes, reads its receipt, and undici is never loaded", async () => {
      const { gate, env } = await gateOutside();
      const said = await limited(
        `const client = new LatchGateClient();
      const result = await client.execute("http_fetch", body);
      said.push(result.ok, verifyReceipt(await client.getReceipt(result.receiptId)).state, undici());
      await client.close();`,
        { env },
      );
      expect(said).toEqual([true, "hash_holds", false]);
      expect(gate.effects).toHaveLength(1);
    });

    it("the low-level client answers with real objects, and ends the process not", async () => {
      const { env } = await gateOutside();
      const said = await limited(
        `const api = createAgentApi();
      const params = { path: { action_id: "http_fetch" } };
      const { data, response } = await api.POST("/v1/actions/{action_id}/execute", { params, body });
      said.push(data.decision, response instanceof Response, response.headers.get("content-type"));
      await api.close();
      await aMoment();
      said.push(undici());`,
        { env },
      );
      expect(said).toEqual(["executed", true, "application/json", false]);
    });

    it("a mock gate serves in process", async () => {
      const said = await limited(
        `const client = new LatchGateClient({ fetch: new MockGate().fetch, agentId: "t" });
      said.push((await client.execute("http_fetch", body)).ok);
      await aMoment();`,
      );
      expect(said).toEqual([true]);
    });

    it("a fetch of the program's own is rejected then, where it would have ended the process", async () => {
      const said = await limited(
        `import { createServer } from "node:http";
      createAgentApi({ socket: "/nowhere" });
      const server = createServer((_request, response) => response.end("hi")).listen(0, "127.0.0.1");
      await new Promise((resolve) => server.once("listening", resolve));
      const url = "http://127.0.0.1:" + server.address().port;
      said.push(await fetch(url).then((response) => response.text(), (error) => error.name));
      server.close();`,
      );
      expect(["TypeError", "hi"]).toContainEqual((said as string[])[0]);
    });

    it("a fetch that WebAssembly has room for works as before", async () => {
      const program = `import { createServer } from "node:http";
      createAgentApi({ socket: "/nowhere" });
      const server = createServer((_request, response) => response.end("hi")).listen(0, "127.0.0.1");
      await new Promise((resolve) => server.once("listening", resolve));
      said.push(await (await fetch("http://127.0.0.1:" + server.address().port)).text());
      server.close();`;
      expect(await limited(program, { flags: ["--disable-wasm-trap-handler"] })).toEqual(["hi"]);
      expect(await limited(program, { addressSpaceGib: 24 })).toEqual(["hi"]);
    });

    it("what moves the bytes is chosen by the room there is", async () => {
      const program = `said.push(createTransport({ socket: "/nowhere" }).carrier);`;
      expect(await limited(program)).toEqual(["node:http"]);
      // Room for undici's parser, and hardly any for the program beside it.
      expect(await limited(program, { addressSpaceGib: 11 })).toEqual(["node:http"]);
      expect(await limited(program, { addressSpaceGib: 64 })).toEqual(["undici"]);
    });
  },
);
