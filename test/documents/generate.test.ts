import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { documentsWithSharedParts, generate, moved, stale, write } from "../../scripts/generate.ts";
import { run } from "../../src/cli/dispatch.ts";
import { createAgentApi } from "../../src/client/client.ts";
import { missing } from "../../src/documents/optional.ts";
import { agentOperations, operatorOperations } from "../../src/generated/operations.ts";

const REPOSITORY = join(import.meta.dirname, "../..");
const GENERATED = "src/generated";

// Types are generated of three documents, some of them more than once: seconds, and more on a busy machine.
vi.setConfig({ testTimeout: 90_000 });

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "latchgate-generate-"));
  for (const folder of ["openapi", GENERATED])
    cpSync(join(REPOSITORY, folder), join(root, folder), { recursive: true });
});

afterEach(() => rmSync(root, { recursive: true }));

describe("the check of generated files", () => {
  test("has nothing to say where every file is what the documents give", async () => {
    expect(await stale(root)).toEqual([]);
  });

  test("lists both of two stale files", async () => {
    edit("agent.ts", (text) => `${text}\n`);
    edit("operations.ts", (text) => text.replace("not_executed", "executed"));
    expect(await stale(root)).toEqual([
      `${GENERATED}/agent.ts is stale`,
      `${GENERATED}/operations.ts is stale`,
    ]);
  });

  test("says what is stale, and not that the documents disagree, where what they share has a new error code", async () => {
    const file = join(root, "openapi/agent.yaml");
    const code = '"409 grant_consumed": refused\n';
    const text = readFileSync(file, "utf8")
      .replace("[grant_consumed]", "[grant_consumed, grant_lost]")
      .replace(code, `${code}          ${code.replace("consumed", "lost")}`);
    writeFileSync(file, text);
    expect(await stale(root)).toEqual([
      "openapi/lock.json is stale",
      "openapi/operator.yaml is stale",
      `${GENERATED}/agent.ts is stale`,
      `${GENERATED}/operations.ts is stale`,
      `${GENERATED}/operator.ts is stale`,
    ]);
  });

  test("lists a missing and a foreign file beside a stale one", async () => {
    rmSync(join(root, GENERATED, "agent.ts"));
    writeFileSync(join(root, GENERATED, "gone.ts"), "export {};\n");
    edit("operations.ts", (text) => text.slice(1));
    expect(await stale(root)).toEqual([
      `${GENERATED}/agent.ts is missing`,
      `${GENERATED}/gone.ts is generated from nothing`,
      `${GENERATED}/operations.ts is stale`,
    ]);
  });

  test("sees a document that changed, be it by a comment: the first line names its sha256", async () => {
    const file = join(root, "openapi/agent.yaml");
    writeFileSync(file, `${readFileSync(file, "utf8")}\n# another line\n`);
    expect(await stale(root)).toEqual([
      "openapi/lock.json is stale",
      `${GENERATED}/agent.ts is stale`,
      `${GENERATED}/operations.ts is stale`,
    ]);
    expect(moved(root)).toEqual(["the API changed: openapi/agent.yaml"]);
  });

  test("sees that the agent's types do not depend on the operator's document", async () => {
    const file = join(root, "openapi/operator.yaml");
    writeFileSync(file, `${readFileSync(file, "utf8")}\n# another line\n`);
    expect(await stale(root)).toEqual([
      "openapi/lock.json is stale",
      `${GENERATED}/operations.ts is stale`,
      `${GENERATED}/operator.ts is stale`,
    ]);
  });

  test("sees that nothing but the webhooks' own types depends on their document", async () => {
    const file = join(root, "openapi/webhooks.yaml");
    writeFileSync(file, `${readFileSync(file, "utf8")}\n# another line\n`);
    expect(await stale(root)).toEqual(["openapi/lock.json is stale", `${GENERATED}/webhooks.ts is stale`]);
  });

  test("sees that a part of the agent's document is another one in the operator's copy of it", async () => {
    const file = join(root, "openapi/agent.yaml");
    writeFileSync(file, readFileSync(file, "utf8").replace("Is the gate's process alive?", "Does it live?"));
    expect(await stale(root)).toContain("openapi/operator.yaml is stale");
    write(root, documentsWithSharedParts(root));
    expect(readFileSync(join(root, "openapi/operator.yaml"), "utf8")).toContain("summary: Does it live?\n");
    expect(await stale(root)).not.toContain("openapi/operator.yaml is stale");
  });

  test("tells the API from the generator, its TypeScript and its options", async () => {
    const lock = join(root, "openapi/lock.json");
    const before = JSON.parse(readFileSync(lock, "utf8")) as Record<string, unknown>;
    const locked = (changes: object) => {
      writeFileSync(lock, JSON.stringify({ ...before, ...changes }));
      return moved(root);
    };
    expect(locked({ "openapi-typescript": "7.12.0" })).toEqual([
      `only the generator did: openapi-typescript 7.12.0 → ${before["openapi-typescript"]}`,
    ]);
    expect(locked({ typescript: "5.8.0" })).toEqual([
      `only the generator did: typescript 5.8.0 → ${before["typescript"]}`,
    ]);
    expect(locked({ options: {} })).toEqual([
      expect.stringMatching(/^only the generator did: options \{\} → \{"emptyObjectsUnknown":true,/),
    ]);
    expect(locked({ documents: {}, typescript: "5.8.0" })).toEqual([
      "the API changed: openapi/agent.yaml, openapi/operator.yaml, openapi/webhooks.yaml",
      `the generator too: typescript 5.8.0 → ${before["typescript"]}`,
    ]);
    rmSync(lock);
    expect(moved(root)).toEqual(["there is no openapi/lock.json that says what the files were made of"]);
    expect(await stale(root)).toEqual(["openapi/lock.json is missing"]);
  });

  test("as a command lists every stale file, fails, and writes nothing", () => {
    edit("agent.ts", () => "");
    edit("operations.ts", () => "");
    const before = snapshot();
    const { status, stderr } = spawnSync(
      process.execPath,
      ["--import", "tsx", join(REPOSITORY, "scripts/generate.ts"), "--check", "--root", root],
      { cwd: REPOSITORY, encoding: "utf8" },
    );
    expect(stderr.trim().split("\n")).toEqual([
      expect.stringMatching(/^neither the API nor the generator's versions moved: a file was edited/),
      `${GENERATED}/agent.ts is stale`,
      `${GENERATED}/operations.ts is stale`,
    ]);
    expect(status).toBe(1);
    expect(snapshot()).toEqual(before);
  });
});

describe("what is generated", () => {
  test("says in its first line from what, by which command, and not to edit it", async () => {
    for (const [name, text] of await generate(root))
      if (name.startsWith(GENERATED))
        expect(text.split("\n")[0], name).toMatch(
          /^\/\/ Generated from openapi\/\w+\.yaml \(sha256 [0-9a-f]{64}\).* by `npm run generate`: do not edit\.$/,
        );
  });

  test("takes an open list as a string, and says its known words", async () => {
    const agent = (await generate(root)).get(`${GENERATED}/agent.ts`) ?? "";
    expect(agent).not.toContain("string & {}");
    expect(agent).toContain("/** @description Known: grant_consumed. */\n            error: string;");
  });

  test("is refused where a document has a new error code that no outcome is stated for", async () => {
    const file = join(root, "openapi/agent.yaml");
    writeFileSync(
      file,
      readFileSync(file, "utf8").replace("[grant_consumed]", "[grant_consumed, grant_lost]"),
    );
    await expect(generate(root)).rejects.toThrow(
      "executeAction: x-outcomes has nothing to say of 409 grant_lost",
    );
  });

  test("is refused where one of several decisions of a success has no outcome", async () => {
    const file = join(root, "openapi/operator.yaml");
    writeFileSync(file, readFileSync(file, "utf8").replace('          "200 already_failed": unknown\n', ""));
    await expect(generate(root)).rejects.toThrow(
      "approveApproval: x-outcomes has nothing to say of 200 already_failed",
    );
  });

  test("has each operation in one table, that of the document it stands in", () => {
    const ids = [...Object.keys(agentOperations), ...Object.keys(operatorOperations)];
    const all = [...Object.values(agentOperations), ...Object.values(operatorOperations)];
    expect(new Set(ids).size).toBe(ids.length);
    // GET /v1/receipts/{receipt_id} is one operation of each socket, with other credentials on each.
    expect(Object.keys(agentOperations)).toHaveLength(10);
    expect(Object.keys(operatorOperations)).toHaveLength(28);
    expect(new Set(all.map(({ method, path }) => `${method} ${path}`)).size).toBe(37);
    expect(Object.values(operatorOperations).map(({ security }) => security)).toEqual(
      Array<string>(28).fill("operator"),
    );
  });
});

function edit(name: string, change: (text: string) => string): void {
  const file = join(root, GENERATED, name);
  writeFileSync(file, change(readFileSync(file, "utf8")));
}

function snapshot(): { [name: string]: [text: string, changedAt: number] } {
  return Object.fromEntries(
    readdirSync(join(root, GENERATED))
      .sort()
      .map((name) => {
        const file = join(root, GENERATED, name);
        return [name, [readFileSync(file, "utf8"), statSync(file).mtimeMs]];
      }),
  );
}

describe("latchgate-client generate", () => {
  test("writes the three files from documents of one's own, and createAgentApi takes them", async () => {
    const file = join(root, "openapi/agent.yaml");
    const text = readFileSync(file, "utf8").replace("/healthz:", "/livez:");
    writeFileSync(join(root, "mine.yaml"), text);
    const lines: string[] = [];
    const terminal = {
      out: (line: string) => void lines.push(line),
      err: (line: string) => void lines.push(line),
      cwd: root,
      env: {},
    };
    expect(await run(["generate", "--agent", "mine.yaml", "--out", "gate"], terminal)).toBe(0);
    expect(lines).toEqual(["wrote gate/agent.ts, gate/operations.ts"]);
    expect(readFileSync(join(root, "gate/agent.ts"), "utf8")).toMatch(
      /^\/\/ Generated from mine\.yaml \(sha256 [0-9a-f]{64}\) by `latchgate-client generate`: do not edit\.\n/,
    );
    const { agentOperations: operations } = (await import(join(root, "gate/operations.ts"))) as {
      agentOperations: typeof agentOperations;
    };
    const asked: string[] = [];
    const fetch = (async (url: string | URL | Request) => {
      asked.push(new URL(url instanceof Request ? url.url : url).pathname);
      return Response.json({ status: "ok" });
    }) as typeof globalThis.fetch;
    interface Mine {
      "/livez": {
        get: {
          parameters: Record<string, never>;
          responses: { 200: { content: { "application/json": { status: "ok" } } } };
        };
      };
    }
    const api = createAgentApi<Mine>({ baseUrl: "http://gate.test", fetch, operations });
    // @ts-expect-error the document has no such path
    const refused = () => api.GET("/healthz");
    await expect(refused()).rejects.toThrow("no operation of the gate's API");
    expect((await api.GET("/livez")).data).toEqual({ status: "ok" });
    expect(asked).toEqual(["/livez"]);
    await api.close();
  });

  test("says what is missing in one sentence, and what is wrong use", async () => {
    const err: string[] = [];
    const terminal = { out: () => {}, err: (line: string) => void err.push(line), cwd: root, env: {} };
    expect(await run(["generate", "--out", "gate"], terminal)).toBe(2);
    expect(await run(["generate", "--agent", "openapi/agent.yaml"], terminal)).toBe(2);
    expect(await run(["generate", "--agent", "none.yaml", "--out", "gate"], terminal)).toBe(1);
    expect(err.join("\n")).toMatch(/--agent, --operator or --webhooks[\s\S]*--out[\s\S]*none\.yaml/);
    const absent = Object.assign(new Error("Cannot find package"), { code: "ERR_MODULE_NOT_FOUND" });
    expect(String(missing(absent, "openapi-typescript", "generating types"))).toBe(
      "Error: generating types needs the package openapi-typescript, which is not installed: npm install --save-dev openapi-typescript",
    );
    const other = new Error("broken");
    expect(missing(other, "openapi-typescript", "generating types")).toBe(other);
  });
});
