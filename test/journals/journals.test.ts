import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import {
  fileJournal,
  type PgLike,
  postgresJournal,
  postgresJournalDdl,
  type RedisLike,
  redisJournal,
} from "latchgate-client/journals";
import { verifyJournal } from "latchgate-client/testing";
import { afterAll, describe, expect, it } from "vitest";
import { LatchGateInvalidRequest } from "../../src/index.ts";
import { BROKEN, hastyStore, sharingStore, soundStore } from "./broken-journals.ts";

const root = mkdtempSync(join(tmpdir(), "latchgate-journals-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const failed = (report: Awaited<ReturnType<typeof verifyJournal>>) =>
  report.filter(({ passed }) => !passed).map(({ check, why }) => `${check}: ${why}`);

const ENTRY = { state: "sent", actionId: "pay", requestHash: "sha256:00" } as const;

describe("verifyJournal", () => {
  it("passes a store that is right", async () => {
    expect(failed(await verifyJournal(soundStore()))).toEqual([]);
  });

  it.each(Object.entries(BROKEN))("catches one that %s", async (_what, { seenBy, flaw }) => {
    const open = soundStore();
    const report = await verifyJournal(() => {
      const sound = open();
      return { ...sound, ...flaw(sound) };
    });
    expect(failed(report).join("\n")).toMatch(seenBy);
  });

  it("catches one that keeps the very object that it was given", async () => {
    expect(failed(await verifyJournal(sharingStore())).join("\n")).toMatch(
      /changed without changing what is kept/,
    );
  });

  it("catches one whose set does not renew an entry's time", async () => {
    const only = ["an entry expires after its time since it was changed last, and not before"] as const;
    expect(failed(await verifyJournal(hastyStore(100), { ttlMs: 100, only })).join("\n")).toMatch(
      /so long after a set/,
    );
  });

  it("catches one that forgets when its process is killed, and says what a racing process said", async () => {
    const only = [
      "of processes that add at once one does, and what it was told outlives its being killed",
    ] as const;
    const module = (text: string) => {
      const path = join(root, `${Math.abs(text.length)}.mjs`);
      writeFileSync(path, text);
      return pathToFileURL(path);
    };
    const forgetful = module(
      "const m = new Map(); export default () => ({ add: async (id, e) => !m.has(id) && !!m.set(id, e), get: async (id) => m.get(id) })",
    );
    expect(
      failed(await verifyJournal(soundStore(), { module: forgetful, processes: 3, only })).join("\n"),
    ).toMatch(/of 3 processes .* 3 were told true/);
    const failing = module("export default () => { throw new Error('no such store') }");
    expect(
      failed(await verifyJournal(soundStore(), { module: failing, processes: 1, only })).join("\n"),
    ).toMatch(/no such store/);
  });
});

describe("a journal of files", () => {
  it("is what a journal has to be, with eight processes too", async () => {
    const directory = join(root, "verified");
    process.env["JOURNAL_DIRECTORY"] = directory;
    const module = pathToFileURL(join(import.meta.dirname, "file-journal.program.ts"));
    const report = await verifyJournal(() => fileJournal(directory), {
      module,
      processes: 8,
      execArgv: ["--import", "tsx"],
    });
    expect(failed(report)).toEqual([]);
    // Of a racer that was killed nothing lies about but what was being written.
    expect(readdirSync(directory).filter((name) => !name.endsWith(".json"))).toEqual([]);
  }, 120_000);

  it("is for its owner alone", async () => {
    const directory = join(root, "deep", "own");
    await fileJournal(directory).add("c", ENTRY);
    const [file = ""] = readdirSync(directory);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    expect(statSync(join(directory, file)).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(join(directory, file), "utf8"))).toEqual({ callId: "c", entry: ENTRY });
  });

  it("takes away what a killed process left an hour ago, and nothing younger", async () => {
    const directory = join(root, "left");
    await fileJournal(directory).add("c", ENTRY);
    for (const [name, age] of [
      ["old.new", 7_200],
      ["young.new", 60],
    ] as const) {
      writeFileSync(join(directory, name), "{");
      const then = Date.now() / 1000 - age;
      utimesSync(join(directory, name), then, then);
    }
    await fileJournal(directory).add("d", ENTRY);
    expect(readdirSync(directory).filter((name) => name.endsWith(".new"))).toEqual(["young.new"]);
  });

  it("that can't be written says so, and works once it can", async () => {
    const directory = join(root, "later");
    writeFileSync(directory, "");
    const journal = fileJournal(directory);
    await expect(journal.add("c", ENTRY)).rejects.toThrow();
    rmSync(directory);
    expect(await journal.add("c", ENTRY)).toBe(true);
  });
});

/** What SET, GET and DEL do, behind the words of each client. */
function redis(kind: "ioredis" | "redis"): RedisLike & { readonly said: unknown[][] } {
  const values = new Map<string, string>();
  const said: unknown[][] = [];
  const client = {
    said,
    get: async (key: string) => values.get(key) ?? null,
    async set(key: string, value: string, ...words: unknown[]) {
      said.push(words);
      const isNew = kind === "ioredis" ? words.includes("NX") : (words[0] as { NX?: boolean })?.NX === true;
      if (isNew && values.has(key)) return null;
      values.set(key, value);
      return "OK";
    },
    del: async (key: string) => Number(values.delete(key)),
  };
  return kind === "ioredis" ? Object.assign(client, { defineCommand() {} }) : client;
}

describe("a journal in Redis", () => {
  it.each(["ioredis", "redis"] as const)("is spelled as the client of %s has it", async (kind) => {
    const client = redis(kind);
    expect(failed(await verifyJournal(() => redisJournal(client)))).toEqual([]);
    client.said.length = 0;
    const journal = redisJournal(client, { ttlMs: 500 });
    await journal.add("c", ENTRY);
    await journal.set("c", ENTRY);
    expect(client.said).toEqual(
      kind === "ioredis"
        ? [
            ["PX", 500, "NX"],
            ["PX", 500],
          ]
        : [[{ PX: 500, NX: true }], [{ PX: 500 }]],
    );
  });

  it.each([
    ["no client", undefined, {}],
    ["a client without SET", { get: async () => null, del: async () => 0 }, {}],
    ["a time that is none", redis("redis"), { ttlMs: 0 }],
    ["a prefix that is none", redis("redis"), { prefix: 7 }],
  ])("is not made of %s", (_what, client, options) => {
    expect(() => redisJournal(client as never, options as never)).toThrow(LatchGateInvalidRequest);
  });
});

describe("a journal in Postgres", () => {
  const pool: PgLike = { query: async () => ({ rows: [] }) };

  it.each(["calls; DROP TABLE x", 'a"b', "a.b.c", "", "1a", "x".repeat(64)])(
    "takes no table called %j",
    (table) => {
      expect(() => postgresJournal(pool, { table })).toThrow(LatchGateInvalidRequest);
      expect(() => postgresJournalDdl(table)).toThrow(LatchGateInvalidRequest);
    },
  );

  it("is not made of anything else than a pool, or sql", () => {
    for (const wrong of [undefined, {}, { query: "x" }])
      expect(() => postgresJournal(wrong as never)).toThrow(LatchGateInvalidRequest);
  });

  it("tells what makes its table, in a schema too", () => {
    expect(postgresJournalDdl("agents.calls")).toContain('CREATE TABLE IF NOT EXISTS "agents"."calls"');
  });
});
