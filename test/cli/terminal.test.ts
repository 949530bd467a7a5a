import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { MockGate, type MockGateOptions } from "latchgate-client/testing";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { heldIn } from "../../src/cli/approvals/held.ts";
import { shortLength } from "../../src/cli/approvals/ids.ts";
import type { Terminal } from "../../src/cli/command.ts";
import { createCounter } from "../../src/cli/counter.ts";
import { run } from "../../src/cli/dispatch.ts";
import { labelled, table } from "../../src/cli/show.ts";
import { LatchGateApprovalRequired, LatchGateClient } from "../../src/index.ts";
import { temporaryFolder } from "../support/bare.ts";

/** What a command prints, and its exit code. */
async function typed(args: readonly string[], given: Partial<Terminal> = {}) {
  const out: string[] = [];
  const err: string[] = [];
  const code = await run(args, {
    out: (line) => void out.push(...line.split("\n")),
    err: (line) => void err.push(...line.split("\n")),
    cwd: "/",
    env: { HOME: "/nonexistent", XDG_CONFIG_HOME: "/nonexistent" },
    ...given,
  });
  return { code, out, err: err.join("\n"), said: out.join("\n") };
}

/** A gate whose operators' side a command finds, and calls that it holds. */
async function gateIn(options: MockGateOptions = {}) {
  const dir = temporaryFolder();
  const gate = new MockGate({ rateLimits: false, ...options });
  const server = await gate.listen({ dir, adminPort: 0 });
  onTestFinished(() => server.close());
  const { apiKey, privateKey, publicBaseUrl } = gate.operatorCredentials;

  writeFileSync(join(dir, "key.pem"), privateKey, { mode: 0o600 });
  const env = {
    LATCHGATE_OPERATOR_KEY: apiKey,
    LATCHGATE_OPERATOR_PRIVATE_KEY: join(dir, "key.pem"),
    LATCHGATE_ADMIN_SOCKET: server.adminSocket,
    LATCHGATE_PUBLIC_URL: publicBaseUrl,
    HOME: "/nonexistent",
  };
  const agent = new LatchGateClient({ fetch: gate.fetch, agentId: "t", now: gate.now });
  async function hold(actionId: string, params: Record<string, unknown>): Promise<string> {
    const held = await agent.execute(actionId, params).catch((error: unknown) => error);
    if (!(held instanceof LatchGateApprovalRequired)) throw held;
    return held.approvalId;
  }
  const fetch = (host: string) => hold("http_fetch", { url: `https://${host}/` });
  const write = () => hold("fs_write", { operation: "write", path: "docs/notes.md", content_base64: "eA==" });
  return { gate, hold, fetch, write, at: { cwd: dir, env } };
}

describe("approvals", () => {
  it.each([70, 80, 120, undefined])(
    "are listed within %s columns, each with what it would touch",
    async (columns) => {
      const { fetch, write, hold, at } = await gateIn();
      await fetch("a-subdomain-with-a-long-name.of-some.example.org");
      await fetch("example.com");
      await hold("fs_delete", { operation: "delete", path: "docs/notes.md" });
      await write();
      const { out } = await typed(["approvals"], { ...at, columns });
      expect(Math.max(...out.map(({ length }) => length))).toBeLessThanOrEqual(columns ?? 80);
      expect(out[0]).toMatch(/^ID +RISK +LEFT +ACTION +WHAT +AGENT$/);
      const rows = out.slice(1).filter((line) => !line.startsWith(" "));
      expect(rows).toHaveLength(4);
      expect(rows[0]).toMatch(/high +[45]m \d+s +fs_write +a path/);
      expect(rows[1]).toMatch(/critical .* fs_.* +docs\//);
      expect(rows[2]).toMatch(/low .* http_.* +example\./);
      if (columns === 120) expect(out).toHaveLength(5);
    },
  );

  it("are known by the beginning of their ids, as long as no other's begins so", async () => {
    const { fetch, at } = await gateIn();
    const first = await fetch("one.example.com");
    const second = await fetch("two.example.com");
    const ids = (await typed(["approvals"], at)).out.slice(1).map((line) => line.split(" ")[0] ?? "");
    expect([second, first].map((id, at) => id.startsWith(ids[at] ?? "?"))).toEqual([true, true]);
    expect((await typed(["approvals", "show", ids[1] ?? ""], at)).said).toMatch(/one\.example\.com/);
    expect((await typed(["approvals", "show", (ids[0] ?? "").toUpperCase()], at)).said).toMatch(
      /two\.example/,
    );

    const both = await typed(["approvals", "approve", first.slice(0, 6), "--yes"], at);
    expect([both.code, both.err]).toEqual([2, expect.stringContaining("is the beginning of 2 ids")]);
    for (const id of [first, second]) expect(both.err).toContain(id);
    expect(await typed(["approvals", "deny", "ffff0000"], at)).toMatchObject({
      code: 2,
      err: expect.stringContaining("approvals list --all"),
    });
    expect((await typed(["approvals", "deny", "01"], at)).err).toContain("too short");
  });

  it("that have ended keep the beginning of their ids: what was read off a list never means another one later", async () => {
    const { fetch, gate, at } = await gateIn();
    const first = await fetch("one.example.com");
    const short = first.slice(0, shortLength([first]));
    await gate.deny(first, "no");
    const second = await fetch("two.example.com");
    expect(second.startsWith(short)).toBe(true);
    const { code, err } = await typed(["approvals", "approve", short, "--yes"], at);
    expect([code, err]).toEqual([2, expect.stringContaining("is the beginning of 2 ids")]);
    expect(gate.effects).toEqual([]);
  });

  it("of file actions say that the gate does not tell the path", async () => {
    const { write, at } = await gateIn();
    const id = await write();
    const { said } = await typed(["approvals", "show", id], at);
    expect(said.replaceAll(/\s+/g, " ")).toContain("which path fs_write would touch the gate does not tell");
  });

  it("are coloured by their risk on a terminal that shows colours, and nowhere else", async () => {
    const { hold, fetch, at } = await gateIn();
    await fetch("example.com");
    await hold("fs_delete", { operation: "delete", path: "docs/notes.md" });
    const { said } = await typed(["approvals"], { ...at, colours: true });
    expect(said).toContain("\u001b[31mcritical\u001b[");
    expect(said).toMatch(/ low {7}[45]m/);
    expect((await typed(["approvals"], at)).said).not.toContain("\u001b");
  });

  it("are explained: why, whether it had an effect, and what to type next", async () => {
    const { write, fetch, hold, at } = await gateIn();
    const waiting = await fetch("example.com");
    const pending = await typed(["approvals", "explain", waiting], at);
    expect(pending.out.slice(-3)).toEqual([
      "next",
      `  latchgate-client approvals approve ${waiting}`,
      `  latchgate-client approvals deny ${waiting}`,
    ]);

    const id = await write();
    const refused = await typed(["approvals", "approve", id, "--yes"], at);
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining("--learn-path 'docs/**'")]);
    expect(refused.err).not.toMatch(/learnPath|paths\.add/);

    const secret = await hold("http_sensitive_read", { url: "https://api.github.com/user" });
    await typed(["approvals", "approve", secret, "--yes"], at);
    const failed = await typed(["approvals", "explain", secret], at);
    expect(failed.said).toMatch(/^status +failed$/m);
    expect(failed.said).toMatch(/^effect +none: nothing was sent/m);
    expect(failed.said).not.toMatch(/\w\.\w+\(|\{ \w+:/);
    expect(JSON.parse((await typed(["approvals", "explain", secret, "--json"], at)).said)).toMatchObject({
      approvalId: secret,
      side: "before",
    });
  });

  it("in a folder without a gate: doctor and the options are named", async () => {
    const { code, err } = await typed(["approvals"]);
    expect(code).toBe(1);
    for (const word of ["latchgate-client doctor", "--admin-socket", ".latchgate/"])
      expect(err).toContain(word);
  });
});

it("a receipt that is nowhere is named, with a gate and without one", async () => {
  const { at } = await gateIn();
  const nope = await typed(["verify", "receipt", "nope"], at);
  expect([nope.code, nope.err]).toEqual([
    1,
    expect.stringContaining("nope (no file here, and no receipt that the gate has)"),
  ]);
  expect((await typed(["verify", "receipt", "nope"])).err).toMatch(/^nope is no file here/);
});

it("what a held call touches is said only as far as the gate tells it", () => {
  const record = { approval_id: "a", action_id: "x", status: "pending", verifier_kind: "none" };
  const held = (more: object) => heldIn({ ...record, ...more } as Parameters<typeof heldIn>[0])?.short;
  expect(held({ unresolved_domains: ["a.com"], unresolved_paths: ["b/c"] })).toBe("a.com, b/c");
  expect(held({ database_review: { operation_class: "delete", tables: ["orders"] } })).toBe(
    "delete on orders",
  );
  const only = (...domains: string[]) => ({
    approved_egress: { proxy_allowlist: { allowed_domains: domains } },
  });
  expect(held(only("a.com"))).toBe("a.com");
  expect(held(only("a.com", "b.com"))).toBe("one of 2 domains");
  expect(held({ approved_egress: "none", provider_module_digest: "builtin:fs" })).toBe("a path (not told)");
  expect(held({ approved_egress: "none" })).toBe("(not told)");
  expect(heldIn({ source: "durable_outcome" } as Parameters<typeof heldIn>[0])).toBeUndefined();
});

describe("what does not fit", () => {
  it("goes on below, indented, and a word is broken only where it fits in no line", () => {
    expect(labelled("name  ", "some words that go on", 16)).toEqual(["name  some words", "      that go on"]);
    expect(labelled("hash  ", `sha256:${"0".repeat(20)} is it`, 30)).toEqual([
      "hash",
      `  sha256:${"0".repeat(20)}`,
      "  is it",
    ]);
    expect(
      table([{ heading: "A", whole: true }, { heading: "WHAT" }], [["one", "docs/of/the/house.md"]], 17),
    ).toEqual(["A    WHAT", "one  docs/of/the/", "     house.md"]);
  });

  it("counts a wide character as the two columns that it takes", () => {
    expect(
      table(
        [{ heading: "A" }, { heading: "B" }],
        [
          ["代理", "x"],
          ["ab", "y"],
        ],
        80,
      ),
    ).toEqual(["A     B", "代理  x", "ab    y"]);
  });
});

describe("help", () => {
  it("of a subcommand is about that subcommand, however it is asked for", async () => {
    const help = (await typed(["approvals", "deny", "--help"])).said;
    expect(help).toMatch(/^Usage: latchgate-client approvals deny \[options\] <id>/);
    expect(help).toContain("--reason <text>");
    expect(help).not.toContain("--learn-path");
    for (const words of [
      ["help", "approvals", "deny"],
      ["approvals", "help", "deny"],
      ["approvals", "deny", "-h"],
    ])
      expect(await typed(words)).toMatchObject({ code: 0, said: help });
    expect((await typed(["help"])).said).toBe((await typed(["--help"])).said);
    expect((await typed(["approvals", "--help"])).said).toMatch(/explain \[options\] <id>/);
  });

  it("has one table of exit codes, and fits the terminal", async () => {
    const { out } = await typed(["--help"], { columns: 80 });
    expect(out.join("\n")).toMatch(/Exit code:\n {2}0 .*\n {2}1 .*\n {2}2 .*\n {2}3 /);
    for (const name of (await names([""])).filter((name) => name !== "help")) {
      const { out, code } = await typed([name, "--help"], { columns: 80 });
      expect([name, code]).toEqual([name, 0]);
      expect([name, Math.max(...out.map(({ length }) => length))]).toEqual([
        name,
        expect.toSatisfy((n: number) => n <= 80),
      ]);
    }
  });

  it("names what was probably meant", async () => {
    for (const [words, meant] of [
      [["aproval"], "approvals"],
      [["help", "veryfy"], "verify"],
      [["approvals", "aprove"], "approve"],
      [["verify", "adit"], "audit"],
      [["approvals", "list", "--stat", "pending"], "--status"],
      [["approvals", "--jsn"], "--json"],
      [["doctor", "--admin-sock", "x"], "--admin-socket"],
    ] as const) {
      const { code, err } = await typed(words);
      expect([words, code, err]).toEqual([words, 2, expect.stringContaining(`Did you mean ${meant}?`)]);
    }
  });

  it("has the same names for the same things in all commands", async () => {
    const placed = [
      "check",
      "doctor",
      "approvals list",
      "approvals approve",
      "verify receipt",
      "verify audit",
    ];
    for (const words of placed)
      expect(await flags(words.split(" "))).toEqual(
        expect.arrayContaining([
          "--json",
          "--admin-socket",
          "--admin-url",
          "--ca",
          "--cert",
          "--key",
          "--public-base-url",
        ]),
      );
    for (const words of ["check", "doctor", "types"])
      expect(await flags([words])).toEqual(expect.arrayContaining(["--socket", "--url"]));
  });
});

/** What a shell is told that could come next. */
const names = async (words: readonly string[]) =>
  (await typed(["complete", "--", ...words])).out.slice(0, -1).map((line) => line.split("\t")[0] ?? "");
const flags = (words: readonly string[]) => names([...words, "-"]);

describe("completion", () => {
  it("knows commands, words, options and their values, and leaves files to the shell", async () => {
    expect(await names(["ap"])).toEqual(["approvals", "api-diff"]);
    expect(await names(["help", "ver"])).toEqual(["verify"]);
    expect(await names(["approvals", ""])).toEqual([
      "list",
      "show",
      "explain",
      "approve",
      "deny",
      "watch",
      "help",
    ]);
    expect(await names(["approvals", "--st"])).toEqual(["--status"]);
    expect(await names(["approvals", "list", "--status", "cl"])).toEqual(["claimed"]);
    expect(await names(["completion", ""])).toEqual(["bash", "zsh", "fish"]);
    expect((await typed(["complete", "--", "mock", "--"])).said).toContain(
      "--config\toptions of the MockGate",
    );
    const asksFiles = async (...words: string[]) =>
      (await typed(["complete", "--", ...words])).out.at(-1) === ":0";
    expect(await asksFiles("verify", "audit", "--file", "")).toBe(true);
    expect(await asksFiles("verify", "receipt", "a.json", "b")).toBe(true);
    expect(await asksFiles("approvals", "")).toBe(false);
    expect(await names(["nonsense", ""])).not.toContain("--json");
  });

  it.each(["bash", "zsh", "fish"])("prints a script for %s that asks this command", async (shell) => {
    const { code, said } = await typed(["completion", shell]);
    expect(code).toBe(0);
    expect(said).toContain("latchgate-client complete -- ");
    // Twice, as in a start-up file that is read again.
    const read =
      shell === "bash" ? execFileSync("bash", { input: `set -e\n${said}\n${said}\ncomplete -p` }) : "";
    if (shell === "bash") expect(String(read)).toMatch(/^complete -o default -F \w+ latchgate-client$/m);
  });

  it("of a shell that is not known is wrong use", async () => {
    expect(await typed(["completion", "tcsh"])).toMatchObject({
      code: 2,
      err: expect.stringContaining("bash, zsh, fish"),
    });
  });
});

describe("a counter", () => {
  /** A terminal that somebody looks at, and all that was written to it. */
  function watched() {
    vi.stubEnv("CI", undefined);
    vi.stubEnv("TERM", "xterm");
    vi.useFakeTimers({
      toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "performance"],
    });
    onTestFinished(() => {
      vi.useRealTimers();
      vi.unstubAllEnvs();
    });
    let text = "";
    const stream = Object.assign(new PassThrough(), {
      isTTY: true,
      columns: 80,
      cursorTo: () => true,
      moveCursor: () => true,
      clearLine: () => true,
    });
    stream.on("data", (chunk: Buffer) => {
      text += chunk.toString();
    });
    return { stream: stream as unknown as NodeJS.WriteStream, text: () => text };
  }

  it("shows how many there were and how fast, once it takes longer than a second, and goes away again", async () => {
    const { stream, text } = watched();
    const counter = createCounter({ watched: stream }, "events");
    for (let n = 0; n < 500; n += 1) counter.tick();
    await vi.advanceTimersByTimeAsync(900);
    expect(text()).toBe("");
    await vi.advanceTimersByTimeAsync(1_100);
    for (let n = 0; n < 1_500; n += 1) counter.tick();
    await vi.advanceTimersByTimeAsync(200);
    expect(text()).toContain("500 events, 500 a second");
    expect(text()).toMatch(/501 events, 251 a second/);
    counter.end();
    expect(text()).toContain("\u001b[?25h");
  });

  it("is nowhere but on a terminal", async () => {
    const counter = createCounter({}, "events");
    counter.tick();
    counter.end();
    const { stream, text } = watched();
    const quick = createCounter({ watched: stream }, "events");
    quick.end();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(text()).toBe("");
  });
});
