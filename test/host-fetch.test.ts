import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { answerExecuted, bareGate } from "./support/bare.ts";

const PROGRAM = `
  const symbol = Symbol.for("undici.globalDispatcher.1");
  const own = ["fetch", "Request", "Response", "Headers", "FormData", "WebSocket", "EventSource"];
  const shape = (name) => {
    const { value, get, set, enumerable, configurable, writable } = Object.getOwnPropertyDescriptor(globalThis, name) ?? {};
    return [value, get, set, enumerable, configurable, writable];
  };
  const before = { shapes: own.map(shape), dispatcher: globalThis[symbol], keys: Reflect.ownKeys(globalThis).length };
  const same = () => ({
    fetch: own.every((name, at) => shape(name).every((part, index) => part === before.shapes[at][index])),
    dispatcher: globalThis[symbol] === before.dispatcher,
    keys: Reflect.ownKeys(globalThis).length - before.keys,
  });
  const { LatchGateClient } = await import("./src/index.ts");
  const imported = same();
  const client = new LatchGateClient({ baseUrl: process.argv[1], agentId: "a" });
  const { ok } = await client.execute("echo");
  await client.close();
  console.log(JSON.stringify({ imported, called: same(), ok }));
  // What the host's fetch does afterwards is its own.
  const response = await fetch(process.argv[1] + "/healthz");
  console.log(response.status, globalThis[symbol]?.constructor.name);
`;

it("importing the package and making a call leave the host's fetch and its dispatcher as they were", async () => {
  const gate = await bareGate(answerExecuted);
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--import", "tsx", "--input-type=module", "-e", PROGRAM, gate.baseUrl],
    { cwd: join(import.meta.dirname, "..") },
  );
  const [seen = "", afterwards] = stdout.trim().split("\n");
  const same = { fetch: true, dispatcher: true, keys: 0 };
  expect(JSON.parse(seen)).toEqual({ imported: same, called: same, ok: true });
  expect(afterwards).toBe("200 Agent");
});
