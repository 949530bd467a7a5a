/**
 * `npm run test:sandbox`: the packed package where agents really run, with the limits, files and variables of the gate's own
 * sandbox, without a network, against mock gates on Unix sockets outside, one of them with an operator who approves.
 */
import { spawn, spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { LatchGateOperator } from "latchgate-client/operator";
import { MockGate } from "latchgate-client/testing";
import { createTarball } from "../consumers/tarball.ts";
import { VERDICTS, withoutInternet } from "./seccomp.ts";

const GIB = 2 ** 30;
const LIMITS = [`--as=${8 * GIB}`, `--data=${4 * GIB}`, "--nproc=512", "--nofile=4096"];
/** As the sandbox sets them, with an agent's name that was let in. */
const ENVIRONMENT = {
  LATCHGATE_URL: "unix:///run/latchgate/gate.sock",
  HOME: "/workspace",
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  PWD: "/workspace",
  HTTPS_PROXY: "http://127.0.0.1:40123",
  https_proxy: "http://127.0.0.1:40123",
  HTTP_PROXY: "http://127.0.0.1:40123",
  http_proxy: "http://127.0.0.1:40123",
  TERM: "dumb",
  LATCHGATE_AGENT_ID: "agent:inside",
};

interface Run {
  readonly name: string;
  readonly args: readonly string[];
  /** What it has to print. */
  readonly prints?: readonly RegExp[];
  /** Whether it asks for the internet, on purpose; all others would be ended there. */
  readonly asksForInternet?: boolean;
  /** At the gate whose `public_base_url` is not the default. */
  readonly elsewhere?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  /** Without any variable, as a parent process may have left it. */
  readonly cleared?: boolean;
}

const COMMAND = "node_modules/latchgate-client/dist/cli.js";
const RUNS: readonly Run[] = [
  { name: "it is what the gate's sandbox is", args: ["surroundings.mjs"], asksForInternet: true },
  { name: "an agent executes and reads its receipt", args: ["hello.mjs"] },
  { name: "the same where a parent has cleared the environment", args: ["cleared.mjs"], cleared: true },
  { name: "a held call is approved by an operator outside", args: ["approval.mjs"] },
  { name: "tools", args: ["tools.mjs"] },
  { name: "the low-level client", args: ["low-level.mjs", "--fetch-objects"] },
  { name: "a program that is aborted", args: ["aborted.mjs"] },
  { name: "a program that times out", args: ["timed-out.mjs"] },
  { name: "a mock gate, in process and on a socket", args: ["mock.mjs", "--fetch-objects"] },
  { name: "what is not reached is said to be so", args: ["unreachable.mjs"], asksForInternet: true },
  { name: "another public_base_url is said to be let in", args: ["other-base.mjs"], elsewhere: true },
  {
    name: "and works when it is let in",
    args: ["hello.mjs"],
    elsewhere: true,
    env: { LATCHGATE_PUBLIC_URL: "https://gate.example" },
  },
  {
    name: "doctor",
    args: [COMMAND, "doctor"],
    prints: [
      /^ok +sandbox +this is the gate's sandbox: 8 GiB of address space, 4 GiB of data, 512\s+processes, 4096\s+open\s+files/m,
      /node:http\s+moves\s+the\s+bytes/,
      /^ok +proofs/m,
    ],
  },
  {
    name: "doctor --json",
    args: [COMMAND, "doctor", "--json"],
    prints: [
      /"check":"sandbox".*"limits":\{.*"addressSpace":8589934592.*"carrier":"node:http"/,
      /"check":"gate".*"carrier":"node:http"/,
    ],
  },
  { name: "types", args: [COMMAND, "types"], prints: [/ActionMap/, /http_fetch/] },
  { name: "verify", args: [COMMAND, "verify", "receipt", "receipt.json"], prints: [/hash holds/] },
];

/** bubblewrap's arguments for the files and namespaces of the gate's sandbox. */
function shutIn(workspace: string, socket: string, env: Readonly<Record<string, string>>): string[] {
  const node = dirname(dirname(process.execPath));
  const mounts = ["/usr", "/bin", "/sbin", "/lib", "/lib64", ...(node === "/usr" ? [] : [node])];
  return [
    ...["--unshare-all", "--die-with-parent", "--new-session", "--uid", "65534", "--gid", "65534"],
    ...mounts.flatMap((path) => ["--ro-bind-try", path, path]),
    ...["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--hostname", "sandbox"],
    ...["--bind", workspace, "/workspace", "--chdir", "/workspace"],
    ...["--bind", socket, "/run/latchgate/gate.sock", "--ro-bind", "/bin/true", "/sandbox-bin/latchgate"],
    ...["--clearenv", ...Object.entries(env).flatMap(([name, value]) => ["--setenv", name, value])],
    ...["--seccomp", "3"],
  ];
}

/** Why no program can be shut in here; undefined: one can. */
function obstacle(): string | undefined {
  const { status, error, stderr } = spawnSync(
    "bwrap",
    ["--unshare-all", "--uid", "65534", "--ro-bind", "/", "/", "true"],
    { encoding: "utf8" },
  );
  if (error !== undefined) {
    process.exitCode = 1;
    return "it needs bubblewrap (apt-get install bubblewrap)";
  }
  return status === 0 ? undefined : `the kernel refuses namespaces here (${stderr.trim()})`;
}

const problem = obstacle();
if (problem !== undefined) console.log(`test:sandbox was not run: ${problem}`);
else await runAll();

async function runAll(): Promise<void> {
  using tarball = createTarball();
  const workspace = tarball.install("inside", import.meta.dirname);
  const dir = mkdtempSync(join(tmpdir(), "lgs-"));
  for (const verdict of Object.keys(VERDICTS) as (keyof typeof VERDICTS)[])
    writeFileSync(join(dir, verdict), withoutInternet(verdict));
  const home = await gateIn(join(dir, "home"));
  const elsewhere = await gateIn(join(dir, "elsewhere"), "https://gate.example");
  let failed = 0;
  for (const run of RUNS) {
    const began = performance.now();
    const said = await inside(run, workspace, run.elsewhere ? elsewhere.socket : home.socket, dir);
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    console.log(`${said === undefined ? "ok  " : "FAIL"} ${run.name} (${seconds} s)`);
    if (said === undefined) continue;
    failed += 1;
    console.log(said);
  }
  await home.close();
  await elsewhere.close();
  rmSync(dir, { recursive: true, force: true });
  console.log(`sandbox: ${RUNS.length - failed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

/** Runs one program; what is wrong with its end, and what it printed. */
async function inside(run: Run, workspace: string, socket: string, dir: string): Promise<string | undefined> {
  const filter = openSync(join(dir, run.asksForInternet ? "refused" : "ends"), "r");
  const bwrap = shutIn(workspace, socket, run.cleared ? {} : { ...ENVIRONMENT, ...run.env });
  const child = spawn(
    "bwrap",
    [...bwrap, "--", "/usr/bin/prlimit", ...LIMITS, process.execPath, ...run.args],
    {
      stdio: ["ignore", "pipe", "pipe", filter],
      timeout: 120_000,
      killSignal: "SIGKILL",
    },
  );
  let printed = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
    });
  const code = await new Promise<number | string>((resolve) =>
    child.once("close", (status, signal) => resolve(status ?? signal ?? "?")),
  );
  closeSync(filter);
  if (code === 128 + 31) return `it has asked for a socket of the internet\n${printed}`;
  if (code !== 0) return `it ended with ${code}\n${printed}`;
  const missing = (run.prints ?? []).filter((expected) => !expected.test(printed));
  return missing.length === 0 ? undefined : `it did not print ${missing.join(" and ")}\n${printed}`;
}

/** A gate outside, and an operator there who approves whatever is held. */
async function gateIn(
  dir: string,
  publicBaseUrl?: string,
): Promise<{ readonly socket: string; close(): Promise<void> }> {
  const gate = new MockGate({
    rateLimits: false,
    ...(publicBaseUrl === undefined ? {} : { publicBaseUrl }),
    actions: {
      risky: { riskLevel: "high", run: () => ({ ok: true, ran: true }) },
      slow: { riskLevel: "low", run: () => new Promise(() => {}) },
    },
  });
  const server = await gate.listen({ dir });
  const { socket, adminSocket } = server;
  const operator = new LatchGateOperator({ ...gate.operatorCredentials, socket: adminSocket });
  const stop = new AbortController();
  const approving = (async () => {
    const { signal } = stop;
    for await (const { approval_id } of operator.approvals.watch({ signal, pollMs: 200 }))
      await operator.approvals.approve(approval_id);
  })();
  return {
    socket,
    async close() {
      stop.abort();
      await approving;
      await operator.close();
      await server.close();
    },
  };
}
