import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { answerExecuted, bareGate } from "../support/bare.ts";

/** Makes a call, and says whether the root of undici was loaded for it. */
const PROGRAM = `
  const { LatchGateClient } = await import("./src/index.ts");
  const client = new LatchGateClient({ baseUrl: process.argv[1], agentId: "a" });
  const { ok } = await client.execute("echo");
  await client.close();
  const { createRequire } = await import("node:module");
  const { cache, resolve } = createRequire(process.cwd() + "/x.js");
  console.log(JSON.stringify({ ok, root: resolve("undici") in cache }));
`;

/** An undici that has no inner paths, as one that lists its exports. */
const NO_INNER_PATHS = `data:text/javascript,${encodeURIComponent(`
  import Module from "node:module";
  const resolve = Module._resolveFilename;
  Module._resolveFilename = function (request, ...rest) {
    if (request.startsWith("undici/")) throw Object.assign(new Error(request), { code: "ERR_PACKAGE_PATH_NOT_EXPORTED" });
    return resolve.call(this, request, ...rest);
  };
`)}`;

async function call(...flags: string[]): Promise<unknown> {
  const gate = await bareGate(answerExecuted);
  const args = ["--import", "tsx", ...flags, "--input-type=module", "-e", PROGRAM, gate.baseUrl];
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    cwd: join(import.meta.dirname, "../.."),
  });
  return JSON.parse(stdout);
}

it("a call loads undici's pool without its root", async () => {
  expect(await call()).toEqual({ ok: true, root: false });
});

it("an undici without the pool's own path serves by its root", async () => {
  expect(await call("--import", NO_INNER_PATHS)).toEqual({ ok: true, root: true });
});
