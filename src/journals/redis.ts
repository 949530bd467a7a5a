import type { Journal } from "../agent/journal.ts";
import { checkedOptions } from "../vocabulary/checked-options.ts";
import { entryOf, entryText, wrongJournal } from "./entry-text.ts";

/** What is used of a client of `ioredis` or `redis` (node-redis 4 or later), of one server or a cluster. */
export interface RedisLike {
  get(key: string): Promise<unknown>;
  set(key: string, value: string, ...options: never[]): Promise<unknown>;
  del(key: string): Promise<unknown>;
}

export interface RedisJournalOptions {
  /** What keys begin with. `latchgate:call:` by default. */
  readonly prefix?: string | undefined;
  /**
   * How long a call is remembered after its last change, in milliseconds; for ever, if left out. After that its id is new
   * again, and acts again: choose longer than anybody may run a call again.
   */
  readonly ttlMs?: number | undefined;
}

/**
 * A journal in Redis (or Valkey), for any number of machines. `add` is one `SET … NX`. It promises as much as the server
 * does: an entry outlives the server's crash with `appendonly yes` and `appendfsync always`, and is not thrown out with
 * `maxmemory-policy noeviction`. Give ioredis `autoResendUnfulfilledCommands: false`: a `DEL` that had its effect and is sent
 * again after a reconnect could take away the entry of a later run. The client is the caller's: connected, and closed, by the
 * caller.
 * @throws LatchGateInvalidRequest when the client or the options are none
 *
 * @example
 * const journal = redisJournal(new Redis({ autoResendUnfulfilledCommands: false }), { ttlMs: 30 * 24 * 3_600_000 });
 * const client = new LatchGateClient({ agentId: "agent:worker", journal });
 */
export function redisJournal(client: RedisLike, options: RedisJournalOptions = {}): Journal {
  const { prefix = "latchgate:call:", ttlMs } = checkedOptions(options, "<journal>");
  if (
    typeof client?.get !== "function" ||
    typeof client.set !== "function" ||
    typeof client.del !== "function"
  )
    throw wrongJournal("redisJournal needs a client of ioredis or redis");
  if (typeof prefix !== "string") throw wrongJournal("prefix must be a text");
  if (ttlMs !== undefined && !(Number.isSafeInteger(ttlMs) && ttlMs >= 1))
    throw wrongJournal("ttlMs must be a whole number of milliseconds from 1 on");

  // The two clients spell the options of SET each in its own way, which no common type has.
  const set = client.set.bind(client) as (...words: readonly unknown[]) => Promise<unknown>;
  const words = isIoredis(client)
    ? (isNew: boolean) => [...(ttlMs === undefined ? [] : ["PX", ttlMs]), ...(isNew ? ["NX"] : [])]
    : (isNew: boolean) => [{ ...(ttlMs === undefined ? {} : { PX: ttlMs }), ...(isNew ? { NX: true } : {}) }];

  return {
    async add(callId, entry) {
      return (await set(prefix + callId, entryText(entry), ...words(true))) !== null;
    },
    async get(callId) {
      const text = await client.get(prefix + callId);
      return text === null || text === undefined ? undefined : entryOf(String(text));
    },
    async set(callId, entry) {
      await set(prefix + callId, entryText(entry), ...words(false));
    },
    async delete(callId) {
      await client.del(prefix + callId);
    },
  };
}

/** ioredis defines commands at run time; the other client has them all. */
const isIoredis = (client: RedisLike & { readonly defineCommand?: unknown }) =>
  typeof client.defineCommand === "function";
