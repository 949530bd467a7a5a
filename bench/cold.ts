/**
 * From the start of a process to its first executed call, lease included: the median of 15 starts each, in turns. `nothing`
 * is a process that does nothing, for scale.
 */
import { execFile, fork } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const ROOT = join(import.meta.dirname, "..");
const STARTS = 15;
const run = promisify(execFile);

/** Programs as a user has them: plain JavaScript that imports the built package. */
const PROGRAMS = {
  nothing: "",
  ours: `
    import { LatchGateClient } from "latchgate-client";
    const client = new LatchGateClient({ socket: process.argv[2], agentId: "cold" });
    await client.execute("http_fetch", { url: "https://example.com/" });
    await client.close();`,
  plain: `
    import { createHash, randomUUID } from "node:crypto";
    import { exportJWK, generateKeyPair, SignJWT } from "jose";
    import createClient from "openapi-fetch";
    import { Agent } from "undici";
    const { privateKey, publicKey } = await generateKeyPair("ES256");
    const jwk = await exportJWK(publicKey);
    const dispatcher = new Agent({ connect: { socketPath: process.argv[2] } });
    const api = createClient({ baseUrl: "http://localhost", fetch: (request) => fetch(request, { dispatcher }) });
    const { data } = await api.POST("/v1/leases", { body: { scopes: ["tools:call"], dpop_jwk: jwk } });
    const ath = createHash("sha256").update(data.lease_jwt).digest("base64url");
    api.use({
      async onRequest({ request }) {
        const proof = await new SignJWT({ htm: request.method, htu: "http://localhost:3000" + new URL(request.url).pathname, ath })
          .setProtectedHeader({ typ: "dpop+jwt", alg: "ES256", jwk })
          .setJti(randomUUID()).setIssuedAt().sign(privateKey);
        request.headers.set("Authorization", "DPoP " + data.lease_jwt);
        request.headers.set("DPoP", proof);
        return request;
      },
    });
    await api.POST("/v1/actions/{action_id}/execute", { params: { path: { action_id: "http_fetch" } }, body: { url: "https://example.com/" } });
    await dispatcher.close();`,
};
type Program = keyof typeof PROGRAMS;

const dir = mkdtempSync(join(tmpdir(), "latchgate-cold-"));
const socket = join(dir, "bench.sock");
const server = fork(join(import.meta.dirname, "server.ts"), [socket]);
await new Promise((resolve) => server.once("message", resolve));
const node = process.argv[2] ?? process.execPath;
const times = Object.fromEntries(Object.keys(PROGRAMS).map((name) => [name, [] as number[]])) as Record<
  Program,
  number[]
>;
// In the package's own folder, so that its name resolves to it and its dependencies are there.
const folder = join(ROOT, ".bench-cold");
try {
  mkdirSync(folder, { recursive: true });
  for (const [name, source] of Object.entries(PROGRAMS)) writeFileSync(join(folder, `${name}.mjs`), source);
  for (let start = -1; start < STARTS; start += 1)
    for (const name of Object.keys(PROGRAMS) as Program[]) {
      const began = performance.now();
      await run(node, [join(folder, `${name}.mjs`), socket]);
      // The first of each fills the file system's cache.
      if (start >= 0) times[name].push(performance.now() - began);
    }
} finally {
  rmSync(folder, { recursive: true, force: true });
  rmSync(dir, { recursive: true, force: true });
  server.disconnect();
}

const median = (numbers: number[]) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN;
console.table(
  Object.fromEntries(
    (Object.keys(PROGRAMS) as Program[]).map((name) => [
      name,
      {
        "median ms": median(times[name]).toFixed(0),
        "of plain": (median(times[name]) / median(times.plain)).toFixed(2),
      },
    ]),
  ),
);
