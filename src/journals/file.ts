import { createHash, randomUUID } from "node:crypto";
import { link, mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Journal, JournalEntry } from "../agent/journal.ts";
import { wrongJournal } from "./entry-text.ts";

/** What a file holds: the id too, for a person who looks for a call. */
interface Kept {
  readonly callId: string;
  readonly entry: JournalEntry;
}

/**
 * A journal of files, one a call, for all processes of one machine. A new entry is written and synchronised beside its
 * place, and linked into it, which fails where there is one: so nobody ever reads half an entry, and one that `add` has
 * told of outlives a crash of the machine. The directory is made where there is none, for its owner alone. It must be on a
 * local file system that has hard links; files stay until somebody deletes them, and an id whose file is gone acts again.
 * @throws LatchGateInvalidRequest when the directory is no path
 *
 * @example
 * const client = new LatchGateClient({ agentId: "agent:worker", journal: fileJournal("/var/lib/agent/calls") });
 */
export function fileJournal(directory: string): Journal {
  if (typeof directory !== "string" || directory === "")
    throw wrongJournal("the directory of a fileJournal must be a path");
  let made: Promise<void> | undefined;

  /** Makes the directory once; what failed is tried again by the next call. */
  function ready(): Promise<void> {
    made ??= prepare(directory).catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  }

  const placeOf = (callId: string) =>
    join(directory, `${createHash("sha256").update(callId).digest("hex")}.json`);

  /** Writes an entry beside its place, puts it there, and leaves nothing else behind. Says whether it is there. */
  async function place(
    callId: string,
    entry: JournalEntry,
    put: (from: string, to: string) => Promise<boolean>,
  ) {
    await ready();
    const beside = join(directory, `${randomUUID()}${UNPLACED}`);
    try {
      await writeSynced(beside, JSON.stringify({ callId, entry } satisfies Kept));
      if (!(await put(beside, placeOf(callId)))) return false;
    } finally {
      await rm(beside, { force: true });
    }
    await syncDirectory(directory);
    return true;
  }

  return {
    add: (callId, entry) => place(callId, entry, linked),
    async get(callId) {
      try {
        const kept = JSON.parse(await readFile(placeOf(callId), "utf8")) as Kept;
        return kept.callId === callId ? kept.entry : undefined;
      } catch (error) {
        if (codeOf(error) === "ENOENT") return undefined;
        throw error;
      }
    },
    async set(callId, entry) {
      await place(callId, entry, async (from, to) => {
        await rename(from, to);
        return true;
      });
    },
    async delete(callId) {
      await rm(placeOf(callId), { force: true });
      await syncDirectory(directory);
    },
  };
}

/** False where there is one of this name: the one step that decides who was first. */
async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
}

const UNPLACED = ".new";
/** A process that was killed leaves what it had not yet put in its place. */
const LEFT_BEHIND_MS = 3_600_000;

async function prepare(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  for (const name of await readdir(directory)) {
    if (!name.endsWith(UNPLACED)) continue;
    const path = join(directory, name);
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
    if (Date.now() - mtimeMs > LEFT_BEHIND_MS) await rm(path, { force: true });
  }
}

async function writeSynced(path: string, text: string): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A new name outlives a crash of the machine when its directory has been synchronised; Windows has no such thing. */
async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException | undefined)?.code;
