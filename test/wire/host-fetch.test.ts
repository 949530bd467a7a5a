import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { answerExecuted, bareGate } from "../support/bare.ts";

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
  await import("data:text/javascript," + encodeURIComponent(process.argv[2]));
`;

/** Says which dispatcher the host's own fetch makes for itself: an Agent, and on Node 26 a wrapper around one. */
const FETCHING = `
  const response = await fetch(process.argv[1] + "/healthz");
  console.log(response.status, globalThis[Symbol.for("undici.globalDispatcher.1")]?.constructor.name);
`;

const run = async (program: string, ...args: string[]) =>
  promisify(execFile)(process.execPath, ["--import", "tsx", "--input-type=module", "-e", program, ...args], {
    cwd: join(import.meta.dirname, "../.."),
  });

it("importing the package and making a call leave the host's fetch and its dispatcher as they were", async () => {
  const gate = await bareGate(answerExecuted);
  const [{ stdout }, untouched] = await Promise.all([
    run(PROGRAM, gate.baseUrl, FETCHING),
    run(FETCHING, gate.baseUrl),
  ]);
  const [seen = "", afterwards] = stdout.trim().split("\n");
  const same = { fetch: true, dispatcher: true, keys: 0 };
  expect(JSON.parse(seen)).toEqual({ imported: same, called: same, ok: true });
  expect(afterwards).toMatch(/^200 \w+/);
  expect(afterwards).toBe(untouched.stdout.trim());
});
