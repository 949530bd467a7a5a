import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { MockGate } from "latchgate-client/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import { run } from "../../src/cli/dispatch.ts";
import { LatchGateApprovalRequired, LatchGateClient } from "../../src/index.ts";
import { LatchGateOperator, verifyReceipt } from "../../src/operator.ts";
import { temporaryFolder } from "../support/bare.ts";
import { clientCertificates } from "../support/client-certificates.ts";

const ROOT = join(import.meta.dirname, "../..");
/** Nothing of this machine's own. */
const nowhere = { PATH: process.env["PATH"], HOME: "/nonexistent", XDG_CONFIG_HOME: "/nonexistent" };

/** A program as a process of its own, and the lines it prints. */
function started(args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = nowhere) {
  const tsx = join(ROOT, "node_modules/tsx/dist/loader.mjs");
  const child: ChildProcess = spawn(process.execPath, ["--import", tsx, ...args], {
    cwd,
    env: { ...env, TSX_TSCONFIG_PATH: join(ROOT, "tsconfig.json") },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let err = "";
  child.stderr?.on("data", (chunk) => {
    err += chunk;
  });
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  onTestFinished(async () => {
    child.kill();
    await ended;
  });
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
  return {
    ended,
    async next(): Promise<Record<string, string>> {
      const { value, done } = await lines.next();
      if (done) throw new Error(`it ended: ${err}`);
      return JSON.parse(value) as Record<string, string>;
    },
    get err() {
      return err;
    },
  };
}

/** A command in this process. */
async function typed(
  args: readonly string[],
  { cwd = "/", env = {}, answer }: { cwd?: string; env?: NodeJS.ProcessEnv; answer?: string } = {},
) {
  const out: string[] = [];
  const err: string[] = [];
  const asked: string[] = [];
  const code = await run(args, {
    out: (line) => void out.push(line),
    err: (line) => void err.push(line),
    cwd,
    env: { ...nowhere, ...env },
    ask:
      answer === undefined
        ? undefined
        : async (question) => {
            asked.push(question);
            return answer;
          },
  });
  return { code, out: out.join("\n"), err: err.join("\n"), asked };
}

/** A gate on the sockets of a directory, its files laid as a gate lays them, and a way to hold calls at it. */
async function gateIn(options: ConstructorParameters<typeof MockGate>[0] = {}) {
  const dir = temporaryFolder();
  const gate = new MockGate({
    rateLimits: false,
    ...options,
    actions: { risky: { riskLevel: "high", run: () => ({ ok: true, said: "\u001b[31mred" }) } },
  });
  const server = await gate.listen({ dir });
  onTestFinished(() => server.close());
  const { apiKey, privateKey, publicBaseUrl } = gate.operatorCredentials;
  writeFileSync(join(dir, "key.pem"), privateKey, { mode: 0o600 });
  const config = `public_base_url = "${publicBaseUrl}"\nlisten_uds_path = "${server.socket}"\nlisten_admin_uds_path = "${server.adminSocket}"\n`;
  writeFileSync(join(dir, "gate.toml"), config, { mode: 0o600 });
  const env = {
    LATCHGATE_CONFIG: "gate.toml",
    LATCHGATE_OPERATOR_KEY: apiKey,
    LATCHGATE_OPERATOR_PRIVATE_KEY: "key.pem",
  };
  const agent = new LatchGateClient({ fetch: gate.fetch, agentId: "t", now: gate.now });
  async function hold(actionId = "risky", params: Record<string, unknown> = {}): Promise<string> {
    const held = await agent.execute(actionId, params).catch((error: unknown) => error);
    if (!(held instanceof LatchGateApprovalRequired)) throw held;
    return held.approvalId;
  }
  return { dir, gate, agent, hold, at: { cwd: dir, env } };
}

describe("with agent, operator and gate in processes of their own", () => {
  it("a call is held, watched, approved, polled, and its receipt and the ledger verified", async () => {
    const dir = temporaryFolder();
    const mock = started([join(ROOT, "src/cli.ts"), "mock", "--dir", dir, "--json"], dir);
    const { apiKey = "?", privateKeyPath = "?" } = await mock.next();
    const pem = readFileSync(privateKeyPath, "utf8");
    const agent = started([join(ROOT, "test/operator/agent.program.ts")], dir);
    const { held } = await agent.next();

    const operator = await LatchGateOperator.discover({ cwd: dir, env: nowhere });
    onTestFinished(() => operator.close());
    for await (const approval of operator.approvals.watch({ pollMs: 50 })) {
      expect(approval.approval_id).toBe(held);
      break;
    }
    const approved = await operator.approvals.approve(held ?? "");
    expect(approved).toMatchObject({ decision: "executed", ok: true, learnedDomain: "example.com" });
    expect(await agent.next()).toEqual({ receiptId: approved.receiptId, ok: true, state: "hash_holds" });
    expect(await agent.ended).toBe(0);
    const receipt = await operator.receipt(approved.receiptId ?? "");
    expect(verifyReceipt(receipt, await operator.receiptKeys()).state).toBe("verified");
    expect(await operator.audit.verifyOffline()).toMatchObject({ state: "intact" });
    // What the gate's own command prints of each request is not secret either.
    for (const secret of [apiKey, pem.split("\n")[1] ?? "?"])
      expect(mock.err + agent.err).not.toContain(secret);
    expect(mock.err).toContain("approve");
  });

  it("and behind client certificates, with a good one, a wrong one and none", async () => {
    const dir = temporaryFolder();
    const { ca, gate, good, otherCa } = clientCertificates();
    for (const [name, text] of Object.entries({
      ...{ "ca.pem": ca, "gate.pem": gate.cert, "gate.key": gate.key },
      ...{ "good.pem": good.cert, "good.key": good.key, "other.pem": otherCa.cert, "other.key": otherCa.key },
    }))
      writeFileSync(join(dir, name), text);
    const files = ["--admin-tls-ca", "ca.pem", "--admin-tls-cert", "gate.pem", "--admin-tls-key", "gate.key"];
    const mock = started(
      [join(ROOT, "src/cli.ts"), "mock", "--dir", dir, "--admin-port", "0", ...files, "--json", "--quiet"],
      dir,
    );
    const { adminUrl = "" } = await mock.next();
    const agent = started([join(ROOT, "test/operator/agent.program.ts")], dir);
    const { held = "" } = await agent.next();
    const at = { cwd: dir, env: {} };
    const by = (...own: string[]) => ["--admin-url", adminUrl, "--ca", "ca.pem", ...own];
    const without = await typed(["approvals", "approve", held, "--yes", ...by()], at);
    expect(without).toMatchObject({ code: 1, err: expect.stringMatching(/wants a client certificate/) });
    const other = await typed(
      ["approvals", "approve", held, "--yes", ...by("--cert", "other.pem", "--key", "other.key")],
      at,
    );
    expect(other).toMatchObject({ code: 1, err: expect.stringMatching(/CN=stranger.*does not know its CA/) });
    const mine = by("--cert", "good.pem", "--key", "good.key");
    expect(await typed(["approvals", "approve", held, "--yes", ...mine], at)).toMatchObject({
      code: 0,
      out: expect.stringMatching(/it ran, and succeeded/),
    });
    const { receiptId = "" } = await agent.next();
    expect(await typed(["verify", "receipt", receiptId, ...mine], at)).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^verified .*hash holds; signature holds$/),
    });
    expect(await typed(["verify", "audit", ...mine], at)).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^intact/),
    });
  });
});

describe("approvals", () => {
  it("lists what waits, shows what an approve opens, asks, and approves", async () => {
    const { hold, at, gate } = await gateIn();
    expect((await typed(["approvals"], at)).out).toBe("nothing waits for an operator");
    const id = await hold("http_fetch", { url: "https://example.com/" });
    expect((await typed(["approvals"], at)).out).toMatch(
      new RegExp(
        `^ID +RISK .*\n${id.slice(0, 8)} +low +[45]m \\d+s +http_fetch +example\\.com +dev:anonymous$`,
      ),
    );
    expect((await typed(["approvals", "show", id], at)).out).toMatch(
      /opens for good +http_fetch may reach example\.com/,
    );
    const no = await typed(["approvals", "approve", id], { ...at, answer: "" });
    expect(no).toMatchObject({ code: 1, asked: [expect.stringMatching(/run it now/)] });
    expect(gate.effects).toEqual([]);
    expect((await typed(["approvals", "approve", id], at)).code).toBe(2);
    const yes = await typed(["approvals", "approve", id], { ...at, answer: "y" });
    expect(yes).toMatchObject({
      code: 0,
      out: expect.stringMatching(/succeeded\nreceipt .*\nlearned +the domain example\.com/),
    });
    expect(await typed(["approvals", "approve", id, "--yes"], at)).toMatchObject({
      code: 0,
      out: expect.stringMatching(/already approved/),
    });
    expect((await typed(["approvals", "list", "--all", "--json"], at)).out).toMatch(
      /^\{"approval_id".*"approved"/,
    );
  });

  it("denies, says what failed and why, and shows nothing that would move a cursor", async () => {
    const { hold, at } = await gateIn();
    const id = await hold();
    expect(await typed(["approvals", "deny", id, "--reason", "\u001b[2J"], at)).toMatchObject({
      code: 0,
      out: "denied: \\u001b[2J",
    });
    expect((await typed(["approvals", "show", id], at)).out).not.toContain("\u001b");
    const ran = await typed(["approvals", "approve", await hold(), "--yes"], at);
    expect(ran.out).not.toContain("\u001b");
    const secret = await hold("http_sensitive_read", { url: "https://api.github.com/user" });
    const failed = await typed(["approvals", "approve", secret, "--yes"], at);
    expect(failed).toMatchObject({ code: 1, err: expect.stringMatching(/API_BEARER_TOKEN/) });
    expect((await typed(["approvals", "show", secret], at)).out).toMatch(/why +it failed.*Nothing was sent/s);
    const claimed = await hold();
    const nobodys = "00000000-0000-7000-8000-000000000000";
    expect(await typed(["approvals", "show", nobodys], at)).toMatchObject({
      code: 1,
      err: expect.stringMatching(/not found: 00000000-/),
    });
    expect(await typed(["approvals", "approve", nobodys, "--yes", "--json"], at)).toMatchObject({
      code: 1,
      out: expect.stringMatching(/"code":/),
    });
    expect(claimed).not.toBe("");
  });

  it.each([
    ["approvals", "frob"],
    ["approvals", "show"],
    ["approvals", "list", "x"],
    ["approvals", "list", "--yes"],
    ["approvals", "list", "--status", "gone"],
    ["approvals", "--nonsense"],
    ["verify"],
    ["verify", "receipt"],
    ["verify", "receipt", "gone.json"],
    ["verify", "audit", "--file", "gone"],
    ["verify", "audit", "--keys", "x"],
    ["doctor", "x"],
    ["doctor", "--socket", "a", "--url", "b"],
    ["doctor", "--cert", "gone.pem"],
  ])("%s %s %s is wrong use: exit code 2", async (...args) => {
    const { at } = await gateIn();
    const result = await typed(
      args.filter((word) => word !== undefined),
      at,
    );
    expect(result.code).toBe(args[0] === "doctor" && args[1] === "--cert" ? 1 : 2);
  });
});

describe("verify", () => {
  it("of receipts in files says which is bad, and ends with 1", async () => {
    const { at, dir, agent, gate } = await gateIn();
    const result = await agent.execute("http_fetch", { url: "https://httpbin.org/get" });
    const { raw } = await agent.getReceipt(result.receiptId);
    const forged = { ...raw, provider_receipt: { ok: true, forged: true } };
    const files = { "good.json": raw, "bad.json": forged, "keys.json": gate.receiptKeys };
    for (const [name, value] of Object.entries(files)) writeFileSync(join(dir, name), JSON.stringify(value));
    expect(await typed(["verify", "receipt", "good.json"], at)).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^hash_holds .*not checked/),
    });
    expect(await typed(["verify", "receipt", "good.json", "--keys", "keys.json"], at)).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^verified/),
    });
    const both = await typed(["verify", "receipt", "good.json", "bad.json", "--json"], at);
    expect(both.code).toBe(1);
    expect(both.out.split("\n").map((line) => (JSON.parse(line) as { state: string }).state)).toEqual([
      "hash_holds",
      "invalid",
    ]);
    expect((await typed(["verify", "receipt", result.receiptId], at)).out).toMatch(/^verified/);
  });

  it("of a receipt that the given keys did not sign is bad, though its hash holds", async () => {
    const { at, dir, agent, gate } = await gateIn();
    const result = await agent.execute("http_fetch", { url: "https://httpbin.org/get" });
    const { raw } = await agent.getReceipt(result.receiptId);
    const { receipt_signature: _, ...unsigned } = raw;
    const foreign = { ...raw, signing_key_id: "0000000000000000" };
    const files = { "unsigned.json": unsigned, "foreign.json": foreign, "keys.json": gate.receiptKeys };
    for (const [name, value] of Object.entries(files)) writeFileSync(join(dir, name), JSON.stringify(value));
    for (const name of ["unsigned.json", "foreign.json"])
      expect(await typed(["verify", "receipt", name, "--keys", "keys.json"], at)).toMatchObject({
        code: 1,
        out: expect.stringMatching(/^invalid .*hash holds; signature FAILED/),
      });
  });

  it("of a text that names a member twice is bad: another reader sees another receipt in it", async () => {
    const { at, dir, agent, gate } = await gateIn();
    const { receiptId } = await agent.execute("http_fetch", { url: "https://httpbin.org/get" });
    const text = JSON.stringify((await agent.getReceipt(receiptId)).raw);
    const write = (name: string, content: string) => writeFileSync(join(dir, name), content);
    write("keys.json", JSON.stringify(gate.receiptKeys));
    write("twice.json", text.replace(/^{/, '{"normalized_result":{"kind":"success"},'));
    write("inner.json", text.replace(/"normalized_result":{/, '$&"k\\u0069nd":"cancelled",'));
    write("twice-keys.json", `{"keys":[],${JSON.stringify({ keys: gate.receiptKeys.keys }).slice(1)}`);
    for (const [name, member] of [
      ["twice.json", "normalized_result"],
      ["inner.json", "kind"],
    ] as const)
      expect(await typed(["verify", "receipt", name, "--keys", "keys.json"], at)).toMatchObject({
        code: 1,
        out: expect.stringMatching(new RegExp(`^invalid .*names the member "${member}" twice`)),
      });
    const verdict = await typed(["verify", "receipt", "twice.json", "--keys", "twice-keys.json"], at);
    expect(verdict).toMatchObject({ code: 2, err: expect.stringContaining('"keys" twice') });
  });

  it.each(["{}", "null", "[null]", '{"keys":"x"}', '{"kid":"a","x_hex":"b"}'])(
    "with %s for keys is wrong use, and no check left out",
    async (keys) => {
      const { at, dir, agent } = await gateIn();
      const { receiptId } = await agent.execute("http_fetch", { url: "https://httpbin.org/get" });
      const { raw } = await agent.getReceipt(receiptId);
      writeFileSync(join(dir, "good.json"), JSON.stringify(raw));
      writeFileSync(join(dir, "keys.json"), keys);
      const verdict = await typed(["verify", "receipt", "good.json", "--keys", "keys.json"], at);
      expect(verdict).toMatchObject({
        code: 2,
        out: "",
        err: expect.stringContaining("holds no receipt keys"),
      });
    },
  );

  it("of a ledger in a file names what is missing, and a line that broke off", async () => {
    const { at, dir, agent, gate } = await gateIn();
    for (let n = 0; n < 3; n += 1) await agent.execute("http_fetch", { url: "https://httpbin.org/get" });
    const lines = gate.auditEvents.map((event) => JSON.stringify(event));
    const write = (name: string, text: string) => writeFileSync(join(dir, name), text);
    write("whole.jsonl", `${lines.join("\n")}\n`);
    write("hole.jsonl", lines.filter((_, n) => n !== 1).join("\n"));
    write("cut.jsonl", `${lines.join("\n")}\n${lines[0]?.slice(0, 40)}`);
    write("answer.json", JSON.stringify({ events: [...gate.auditEvents].reverse() }));
    for (const name of ["whole.jsonl", "answer.json"])
      expect(await typed(["verify", "audit", "--file", name], at)).toMatchObject({
        code: 0,
        out: expect.stringMatching(/^intact +4 events.*\nNot proven/),
      });
    expect(await typed(["verify", "audit", "--file", "hole.jsonl"], at)).toMatchObject({
      code: 1,
      out: expect.stringContaining(String(gate.auditEvents[2]?.trace_id)),
    });
    expect(await typed(["verify", "audit", "--file", "cut.jsonl"], at)).toMatchObject({
      code: 1,
      out: expect.stringMatching(/no event: event 5/),
    });
    expect((await typed(["verify", "audit"], at)).code).toBe(0);
    const twice = lines.map((line, n) => (n === 2 ? line.replace(/^{/, '{"decision":"deny",') : line));
    write("twice.jsonl", twice.join("\n"));
    write("twice-first.jsonl", [...twice.slice(2), ...twice.slice(0, 2)].join("\n"));
    for (const [name, place] of [
      ["twice.jsonl", 3],
      ["twice-first.jsonl", 1],
    ] as const)
      expect(await typed(["verify", "audit", "--file", name], at)).toMatchObject({
        code: 1,
        out: expect.stringMatching(new RegExp(`^broken .*no event: event ${place}`, "s")),
      });
  });

  it("of an empty ledger says that nothing is proven, and ends with 1", async () => {
    const { at, dir } = await gateIn();
    writeFileSync(join(dir, "empty.jsonl"), "\n");
    for (const words of [[], ["--file", "empty.jsonl"]])
      expect(await typed(["verify", "audit", ...words], at)).toMatchObject({
        code: 1,
        out: expect.stringMatching(/^empty +0 events.*deleted looks like/s),
      });
  });
});

describe("doctor", () => {
  it("says that all is well, and changes nothing but one lease", async () => {
    const { at, gate } = await gateIn();
    const { code, out } = await typed(["doctor"], at);
    expect(code).toBe(0);
    expect(out.split("\n").map((line) => line.slice(0, 14).trim())).toEqual(
      ["gate", "ready", "clock", "lease", "proofs", "operator"].map((check) => `ok    ${check}`),
    );
    expect(gate.auditEvents.map(({ event_type }) => event_type)).toEqual(["lease_issued"]);
  });

  it("says what is wrong with each, and what to do", async () => {
    const { at, gate, dir } = await gateIn({ publicBaseUrl: "https://gate.example" });
    const wrongBase = await typed(["doctor", "--public-base-url", "http://localhost:9"], at);
    expect(wrongBase.code).toBe(1);
    expect(wrongBase.out).toMatch(
      /FAIL +proofs .*invalid_dpop → .*public_base_url is most likely not http:\/\/localhost:9/,
    );
    expect(wrongBase.out).toMatch(/FAIL +operator .*https:\/\/gate\.example/);
    const other = { ...at, env: { ...at.env, LATCHGATE_OPERATOR_KEY: "key-not-known-0123" } };
    const stranger = await typed(["doctor"], other);
    expect(stranger.out).toMatch(
      /FAIL +operator .*invalid_operator_token → the gate has no operator credential/,
    );
    expect(stranger.out).not.toContain("key-not-known-0123");
    gate.advance(400_000);
    expect((await typed(["doctor"], at)).out).toMatch(
      /FAIL +clock +this machine is (399|40\d) s behind the gate → set one/,
    );
    const none = await typed(["doctor", "--socket", join(dir, "gone.sock"), "--json"], { cwd: dir });
    expect(none.code).toBe(1);
    expect(none.out.split("\n").map((line) => JSON.parse(line) as object)).toMatchObject([
      { check: "gate", state: "wrong", todo: expect.stringMatching(/start the gate/) },
      { state: "skipped" },
      { check: "operator", state: "skipped" },
    ]);
  });

  it("tells the two sockets apart, and so does `approvals`", async () => {
    const { at, dir } = await gateIn();
    const [client, admin] = [join(dir, "gate.sock"), join(dir, "gate-admin.sock")];
    const agents = await typed(["doctor", "--socket", admin], at);
    expect(agents).toMatchObject({
      code: 1,
      out: expect.stringMatching(/FAIL +proofs .* → this is the operators' socket/),
    });
    expect(agents.out).not.toMatch(/public_base_url/);
    const operators = await typed(["doctor", "--admin-socket", client], at);
    expect(operators).toMatchObject({
      code: 1,
      out: expect.stringMatching(/FAIL +operator .* → this is the client's socket/),
    });
    const id = "00000000-0000-7000-8000-000000000000";
    for (const words of [["list"], ["show", id], ["approve", id, "--yes"], ["deny", id]])
      expect(await typed(["approvals", ...words, "--admin-socket", client], at)).toMatchObject({
        code: 1,
        err: expect.stringMatching(/ {2}this is the client's socket/),
      });
    expect(await typed(["approvals", "show", id], at)).toMatchObject({
      code: 1,
      err: expect.stringMatching(/ {2}the gate has no such approval/),
    });
  });

  it("says what moves the bytes, and in the gate's sandbox that it is one, with its limits", async () => {
    const { at, dir } = await gateIn({ publicBaseUrl: "https://gate.example" });
    const lines = async (env: NodeJS.ProcessEnv, ...args: string[]) =>
      (await typed(["doctor", "--json", ...args], { cwd: dir, env })).out
        .split("\n")
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect((await lines(at.env))[0]).toMatchObject({ check: "gate", carrier: "undici" });
    const inside = { LATCHGATE_URL: "unix:///run/latchgate/gate.sock", HOME: "/workspace" };
    const [first, ...others] = await lines(inside, "--socket", join(dir, "gate.sock"));
    expect(first).toMatchObject({
      check: "sandbox",
      state: "ok",
      found: expect.stringMatching(/^this is the gate's sandbox: .*; undici moves the bytes$/),
      limits: expect.any(Object),
      carrier: "undici",
    });
    expect(others.find(({ check }) => check === "proofs")).toMatchObject({
      todo: expect.stringMatching(/let LATCHGATE_PUBLIC_URL into this sandbox by pass_env/),
    });
    expect(others.find(({ check }) => check === "operator")).toMatchObject({
      state: "skipped",
      found: expect.stringMatching(/decide outside/),
    });
  });
});
