/** The runtime dependencies and nothing else: each entry works, and what needs an optional peer says which in a sentence. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { promisify } from "node:util";
import { LatchGateClient, LatchGateInvalidRequest, LatchGateTransportError } from "latchgate-client";
import { MockGate, mswHandlers } from "latchgate-client/testing";

const node = (...args) => promisify(execFile)(process.execPath, args);

// What `npm install latchgate-client` has brought.
const six = ["canonicalize", "jose", "openapi-fetch", "openapi-typescript-helpers", "smol-toml", "undici"];
const installed = readdirSync("node_modules").filter((name) => !name.startsWith("."));
assert.deepEqual(installed.sort(), [...six, "latchgate-client"].sort());

// Each entry in a process of its own, by `import` and by `require()`.
for (const entry of ["", "/operator", "/testing", "/tools"]) {
  const name = `"latchgate-client${entry}"`;
  const imported = await node(
    "--input-type=module",
    "-e",
    `console.log(Object.keys(await import(${name})).length)`,
  );
  const required = await node(
    "--input-type=commonjs",
    "-e",
    `console.log(Object.keys(require(${name})).length)`,
  );
  assert(Number(imported.stdout) > 0, name);
  assert.equal(imported.stdout, required.stdout, name);
}

// A gate and its client, as long as no schema has to be checked.
const gate = new MockGate({ actions: { add: { run: ({ a, b }) => ({ ok: true, sum: a + b }) } } });
const options = { fetch: gate.fetch, agentId: "agent:consumer", now: gate.now };
const client = new LatchGateClient(options);
assert.equal((await client.execute("add", { a: 2, b: 3 })).output.sum, 5);
const tools = await client.tools({ only: ["add"] });
assert.equal((await tools[0].execute({ a: 1, b: 1 })).output.sum, 2);

const sentences = {};
const caught = (error) => error;

// The mock gate's own check of an action with a schema.
const unchecked = await client
  .execute("http_fetch", { url: "https://x.org" }, { retry: false })
  .catch(caught);
assert(unchecked instanceof LatchGateTransportError);
assert.equal(unchecked.outcome, "not_executed");
sentences["an action with a schema"] = unchecked.message;

const before = await client.execute("http_fetch", {}, { validate: "before" }).catch(caught);
assert(before instanceof LatchGateInvalidRequest);
assert.equal(before.outcome, "not_executed");
sentences["validate: before"] = before.message;

try {
  mswHandlers(gate);
} catch (error) {
  sentences.mswHandlers = error.message;
}

const server = await gate.listen({ port: 0, adminPort: 0 });
const manifest = "node_modules/latchgate-client";
const commands = {
  types: ["types", "--url", server.url],
  "generate, from YAML": ["generate", "--agent", `${manifest}/openapi/agent.yaml`, "--out", "made"],
  "generate, from JSON": ["generate", "--agent", `${manifest}/dist/described/agent.json`, "--out", "made"],
  "api-diff, of YAML": ["api-diff", `${manifest}/openapi`, `${manifest}/openapi`],
};
for (const [name, args] of Object.entries(commands)) {
  const ended = await node(`${manifest}/dist/cli.js`, ...args).catch(caught);
  assert.equal(ended.code, 1, name);
  sentences[name] = ended.stderr.trim();
}
const place = ["--url", server.url, "--public-base-url", gate.publicBaseUrl];
const { stdout } = await node(`${manifest}/dist/cli.js`, "doctor", ...place);
assert.match(stdout, /^ok +proofs/m);
await client.close();
await server.close();

assert.equal(Object.keys(sentences).length, 7);
for (const [what, sentence] of Object.entries(sentences)) {
  assert.match(sentence, /needs the package .*: npm install [^\n]*$/, what);
  assert.doesNotMatch(sentence, /MODULE_NOT_FOUND|Cannot find|\n {4}at /, what);
}
console.log(
  `alone: six packages, four entries, and ${Object.keys(sentences).length} sentences about what is missing`,
);
