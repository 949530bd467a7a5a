import { spawn } from "node:child_process";
import { createPrivateKey } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { expect, test } from "vitest";
import { run } from "../../src/cli/dispatch.ts";
import { temporaryFolder } from "../support/bare.ts";
import { clientCertificates } from "../support/client-certificates.ts";
import { createAgent, type Door, jwkThumbprint } from "../testing/by-hand.ts";

/** A command in this process: what it wrote, and a way to stop it as Ctrl-C does. */
function start(args: readonly string[], cwd = "/") {
  const out: string[] = [];
  const err: string[] = [];
  const stop = new AbortController();
  let heard = () => {};
  const first = new Promise<void>((resolve) => {
    heard = resolve;
  });
  const code = run(args, {
    out(line) {
      out.push(line);
      heard();
    },
    err: (line) => void err.push(line),
    cwd,
    env: {},
    signal: stop.signal,
  });
  return {
    out,
    err,
    code,
    /** What `--json` printed. */
    async found() {
      await Promise.race([first, code]);
      if (out[0] === undefined) throw new Error(err.join("\n"));
      return JSON.parse(out[0]) as Record<string, string>;
    },
    async end() {
      stop.abort();
      return await code;
    },
  };
}

async function finished(args: readonly string[], cwd?: string) {
  const { out, err, code } = start(args, cwd);
  return { code: await code, out: out.join("\n"), err: err.join("\n") };
}

const over =
  (target: { socketPath: string } | { port: number; host: string }): Door =>
  ({ url, method, headers, body }) =>
    new Promise((resolve, reject) => {
      const path = url.replace(/^http:\/\/[^/]*/, "");
      const sent = request({ ...target, path, method, headers, agent: false }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () =>
          resolve({
            status: response.statusCode ?? 0,
            text: async () => Buffer.concat(chunks).toString(),
            headers: { get: (name) => (response.headers[name] as string | undefined) ?? null },
          }),
        );
      });
      sent.on("error", reject);
      sent.end(body);
    });

test("--help and --version are answers, wrong use is exit code 2 and goes to stderr", async () => {
  const help = await finished(["--help"]);
  expect([help.code, help.err]).toEqual([0, ""]);
  expect(help.out).toMatch(/^ {2}mock {2}/m);
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  expect(await finished(["--version"])).toEqual({ code: 0, out: version, err: "" });
  expect((await finished(["mock", "--help"])).out).toContain("--admin-port <n>");
  const wrong: Record<string, string[]> = {
    "Usage:": [],
    "unknown command 'mok'\n(Did you mean mock?)": ["mok"],
    "unknown command 'constructor'": ["constructor"],
    "unknown option '--prot'": ["--prot"],
    "unknown option '--prot'\n(Did you mean --port?)": ["mock", "--prot", "1"],
    "Expected 0 arguments but got 1": ["mock", "here"],
    "from 0 to 65535": ["mock", "--port", "70000"],
    "option '--port <n>' argument missing": ["mock", "--port"],
    "never share a port": ["mock", "--port", "4000", "--admin-port", "4000"],
    "go together": ["mock", "--admin-port", "0", "--admin-tls-ca", "ca.pem"],
  };
  for (const [said, args] of Object.entries(wrong)) {
    const { code, out, err } = await finished(args);
    expect([args, code, out]).toEqual([args, 2, ""]);
    expect(err).toContain(said);
  }
});

test("mock --dir lays the sockets, the config and the key of a gate, and takes them away at the end", async () => {
  const folder = temporaryFolder();
  const mock = start(["mock", "--dir", "gate", "--json"], folder);
  const found = await mock.found();
  const dir = join(folder, "gate");
  expect(found).toMatchObject({
    socket: join(dir, "gate.sock"),
    adminSocket: join(dir, "gate-admin.sock"),
    url: null,
    adminUrl: null,
    publicBaseUrl: "http://localhost:3000",
    privateKeyPath: join(dir, ".latchgate", "operators", `${found["operatorId"]}.pem`),
    configPath: join(dir, ".latchgate", "latchgate.toml"),
  });
  const mode = (path: string) => statSync(path).mode & 0o777;
  expect(mode(dir)).toBe(0o700);
  for (const name of ["socket", "adminSocket", "privateKeyPath", "configPath"] as const)
    expect([name, mode(found[name] ?? "")]).toEqual([name, 0o600]);

  const pem = readFileSync(found["privateKeyPath"] ?? "", "utf8");
  expect(pem).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
  const jwk = createPrivateKey(pem).export({ format: "jwk" }) as Record<string, unknown>;
  expect(readFileSync(found["configPath"] ?? "", "utf8").split("\n")).toEqual([
    expect.stringMatching(/^# /),
    'public_base_url = "http://localhost:3000"',
    `listen_uds_path = "${dir}/gate.sock"`,
    `listen_admin_uds_path = "${dir}/gate-admin.sock"`,
    "",
    `[operator_credentials.${found["operatorId"]}]`,
    `api_key = "${found["apiKey"]}"`,
    `dpop_jkt = "${jwkThumbprint(jwk)}"`,
    "",
  ]);
  const agent = await createAgent(over({ socketPath: found["socket"] ?? "" }));
  expect((await agent.execute("fs_read", { operation: "read", path: "docs/notes.md" })).status).toBe(200);
  expect(mock.out).toHaveLength(1);
  expect(await mock.end()).toBe(0);
  expect(readdirSync(dir)).toEqual([]);
});

test("with ports a gate is there too, and proofs name the client's", async () => {
  const mock = start(["mock", "--port", "0", "--admin-port", "0", "--json", "--quiet"]);
  const found = await mock.found();
  expect(found["publicBaseUrl"]).toBe(found["url"]);
  const { port } = new URL(found["url"] ?? "");
  const health = await over({ port: Number(port), host: "127.0.0.1" })({
    url: "/healthz",
    method: "GET",
    headers: {},
  });
  expect(health.status).toBe(200);
  const toml = readFileSync(found["configPath"] ?? "", "utf8");
  expect(toml).toContain(`listen_http_addr = "127.0.0.1:${port}"`);
  expect(toml).toContain(`listen_admin_http_addr = "${new URL(found["adminUrl"] ?? "").host}"`);
  await mock.end();
  expect(mock.err).toEqual([]);
  expect(existsSync(found["socket"] ?? "")).toBe(false);
});

test("the operator's port can ask for client certificates", async () => {
  const folder = temporaryFolder();
  const { ca, gate } = clientCertificates();
  for (const [name, text] of Object.entries({ ca, ...gate })) writeFileSync(join(folder, name), text);
  const files = ["ca", "cert", "key"].flatMap((name) => [`--admin-tls-${name}`, name]);
  const mock = start(["mock", "--admin-port", "0", "--json", ...files], folder);
  expect((await mock.found())["adminUrl"]).toMatch(/^https:/);
  expect(readFileSync((await mock.found())["configPath"] ?? "", "utf8")).toContain(
    `admin_tls_ca = "${folder}/ca"`,
  );
  await mock.end();
  const missing = await finished(["mock", "--admin-port", "0", ...files], "/nowhere");
  expect([missing.code, missing.err]).toEqual([1, expect.stringMatching(/\/nowhere\/(ca|cert|key)/)]);
});

test("a person reads where it listens, and one line per request without anything secret", async () => {
  const folder = temporaryFolder();
  const mock = start(["mock", "--dir", folder]);
  const door = over({ socketPath: join(folder, "gate.sock") });
  while (mock.out.length === 0) await new Promise((resolve) => setTimeout(resolve, 2));
  expect(mock.out[0]).toContain(`  client        ${folder}/gate.sock\n`);
  const apiKey = /api key +(\S+)/.exec(mock.out[0] ?? "")?.[1] ?? "none";
  const agent = await createAgent(door);
  await agent.execute("fs_read", { operation: "read", path: "docs/notes.md" });
  await agent.execute("nothing_such", {});
  for (const url of [`/v1/${agent.token}`, `/x/${apiKey}?q=${agent.token}`, `/${"a".repeat(80)}`])
    await door({ url, method: "GET", headers: {} });
  await mock.end();
  expect(mock.err.map((line) => line.replace(/^[\d:.]{12} /, "").replace(/\d+ms$/, "ms"))).toEqual([
    "client POST /v1/leases 200 ms",
    "client POST /v1/actions/fs_read/execute 200 ms",
    "client POST /v1/actions/nothing_such/execute 404 action_not_found ms",
    "client GET /v1/[redacted] 404 ms",
    "client GET /x/[redacted] 404 ms",
    "client GET /[redacted] 404 ms",
  ]);
});

test("a config is JSON or a module, and what is wrong with one is said in a sentence", async () => {
  const folder = temporaryFolder();
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
  const listed = async (name: string) => {
    const mock = start(["mock", "--json", "--config", name], folder);
    const { socket = "" } = await mock.found();
    const answer = await over({ socketPath: socket })({ url: "/v1/actions", method: "GET", headers: {} });
    await mock.end();
    return (JSON.parse(await answer.text()) as { actions: { action_id: string }[] }).actions.map(
      ({ action_id }) => action_id,
    );
  };
  write("gate.json", '{"builtinActions": false, "actions": {"from_json": {"riskLevel": "high"}}}');
  expect(await listed("gate.json")).toEqual(["from_json"]);
  write(
    "gate.mjs",
    "export default { builtinActions: false, actions: { a: { run: () => ({ ok: true }) } } };",
  );
  expect(await listed("gate.mjs")).toEqual(["a"]);

  write("typo.json", '{"actoins": {}}');
  write("broken.json", "{");
  write("list.json", "[]");
  write("run.json", '{"actions": {"a": {"run": "rm"}}}');
  write("none.mjs", "export const options = {};");
  write("throws.mjs", 'throw new Error("not today");');
  const wrong = {
    "typo.json": "has no option actoins; it has principal,",
    "broken.json": "is no JSON",
    "list.json": "does not hold the options of a MockGate",
    "run.json": "run of the action a is a function",
    "none.mjs": "that is the module's default export",
    "throws.mjs": "not today",
    "missing.mjs": "can't be read",
  };
  for (const [name, said] of Object.entries(wrong)) {
    const { code, err } = await finished(["mock", "--config", name], folder);
    expect([name, code]).toEqual([name, 1]);
    expect(err).toContain(said);
    expect(err.split("\n")).toHaveLength(1);
  }
});

test("another gate's config and socket are left alone, those of a mock that was killed are replaced", async () => {
  const folder = temporaryFolder();
  const config = join(folder, ".latchgate", "latchgate.toml");
  mkdirSync(join(folder, ".latchgate"));
  writeFileSync(config, 'public_base_url = "http://gate.example"\n');
  const real = await finished(["mock", "--dir", folder]);
  expect([real.code, real.err]).toEqual([1, expect.stringContaining("is the config of another gate")]);
  expect(readFileSync(config, "utf8")).toBe('public_base_url = "http://gate.example"\n');
  expect(existsSync(join(folder, "gate.sock"))).toBe(false);

  writeFileSync(config, "# Written by `latchgate-client mock`, which replaces and removes it.\n");
  const mock = start(["mock", "--dir", folder, "--json"]);
  await mock.found();
  const second = await finished(["mock", "--dir", folder]);
  expect([second.code, second.err]).toEqual([1, expect.stringContaining("is listening on")]);
  await mock.end();
  expect(readdirSync(folder)).toEqual([]);
});

test("a process of its own ends on SIGTERM with exit code 0, takes a TypeScript config where it can be loaded, and leaves nothing", async () => {
  const folder = temporaryFolder();
  const source = new URL("../../src/cli.ts", import.meta.url).pathname;
  writeFileSync(
    join(folder, "gate.ts"),
    "const principal: string = 'dev:typed';\nexport default { principal };\n",
  );
  const child = spawn(
    process.execPath,
    ["--import", "tsx", source, "mock", "--dir", folder, "--config", join(folder, "gate.ts"), "--json"],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  let out = "";
  let err = "";
  child.stderr.on("data", (chunk) => {
    err += chunk;
  });
  await new Promise<void>((resolve) => {
    child.stdout.on("data", (chunk) => {
      out += chunk;
      if (out.includes("\n")) resolve();
    });
    child.on("close", () => resolve());
  });
  expect(err).toBe("");
  const agent = await createAgent(over({ socketPath: join(folder, "gate.sock") }));
  expect(agent.lease.status).toBe(200);
  const ended = new Promise((resolve) => child.on("close", (code, signal) => resolve({ code, signal })));
  child.kill("SIGTERM");
  expect(await ended).toEqual({ code: 0, signal: null });
  expect(out.trimEnd().split("\n")).toHaveLength(1);
  expect(err.trimEnd().split("\n")).toEqual([expect.stringMatching(/ client POST \/v1\/leases 200 /)]);
  expect(readdirSync(folder)).toEqual(["gate.ts"]);
});
