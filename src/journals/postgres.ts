import type { Journal } from "../agent/journal.ts";
import { checkedOptions } from "../vocabulary/checked-options.ts";
import { entryOf, entryText, wrongJournal } from "./entry-text.ts";

/** What is used of a `Pool` of `pg`, or of a client that is in no transaction. */
export interface PgLike {
  query(text: string, values: unknown[]): Promise<{ readonly rows: readonly unknown[] }>;
}

/** What is used of `sql` of the package `postgres`. */
export interface PostgresJsLike {
  unsafe(text: string, values: never[]): PromiseLike<readonly unknown[]>;
}

export interface PostgresJournalOptions {
  /** The table, with its schema if need be (`agents.calls`). `latchgate_calls` by default; `postgresJournalDdl` makes it. */
  readonly table?: string | undefined;
}

/**
 * A journal in a table of Postgres, for any number of machines. `add` is one `INSERT … ON CONFLICT DO NOTHING` of its own
 * transaction: give it a pool, and never a client within a transaction, whose entry would come into the world at its commit.
 * An entry outlives a crash of the server unless `synchronous_commit` or `fsync` is off. Rows stay until they are deleted
 * (`DELETE FROM latchgate_calls WHERE changed_at < now() - interval '90 days'`): an id whose row is gone acts again.
 * @throws LatchGateInvalidRequest when the pool or the table's name is none
 *
 * @example
 * await pool.query(postgresJournalDdl());
 * const client = new LatchGateClient({ agentId: "agent:worker", journal: postgresJournal(pool) });
 */
export function postgresJournal(
  pool: PgLike | PostgresJsLike,
  options: PostgresJournalOptions = {},
): Journal {
  const { table } = checkedOptions(options, "<journal>");
  const name = quoted(table);
  const query = queryOf(pool);
  return {
    async add(callId, entry) {
      const added = await query(
        `INSERT INTO ${name} (call_id, entry) VALUES ($1, $2::text::json) ON CONFLICT (call_id) DO NOTHING RETURNING call_id`,
        [callId, entryText(entry)],
      );
      return added.length === 1;
    },
    async get(callId) {
      const [row] = await query(`SELECT entry::text AS entry FROM ${name} WHERE call_id = $1`, [callId]);
      return row === undefined ? undefined : entryOf((row as { readonly entry: string }).entry);
    },
    async set(callId, entry) {
      await query(
        `INSERT INTO ${name} (call_id, entry) VALUES ($1, $2::text::json) ON CONFLICT (call_id) DO UPDATE SET entry = EXCLUDED.entry, changed_at = now()`,
        [callId, entryText(entry)],
      );
    },
    async delete(callId) {
      await query(`DELETE FROM ${name} WHERE call_id = $1`, [callId]);
    },
  };
}

/** What makes the table of a `postgresJournal`, where there is none yet. */
export function postgresJournalDdl(table?: string): string {
  return `CREATE TABLE IF NOT EXISTS ${quoted(table)} (
  call_id text PRIMARY KEY,
  entry json NOT NULL,
  changed_at timestamptz NOT NULL DEFAULT now()
)`;
}

type Query = (text: string, values: readonly string[]) => Promise<readonly unknown[]>;

function queryOf(pool: PgLike | PostgresJsLike): Query {
  if (hasUnsafe(pool)) return async (text, values) => pool.unsafe(text, values as never[]);
  if (typeof pool?.query === "function")
    return async (text, values) => (await pool.query(text, [...values])).rows;
  throw wrongJournal("postgresJournal needs a pool of pg, or sql of postgres");
}

const hasUnsafe = (pool: PgLike | PostgresJsLike | undefined): pool is PostgresJsLike =>
  typeof (pool as Partial<PostgresJsLike> | undefined)?.unsafe === "function";

const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,62}$/;

function quoted(table = "latchgate_calls"): string {
  const parts = typeof table === "string" ? table.split(".") : [];
  if (parts.length < 1 || parts.length > 2 || !parts.every((part) => NAME.test(part)))
    throw wrongJournal(
      "table must be a name of letters, digits and _, with a schema's name before it if need be",
    );
  return parts.map((part) => `"${part}"`).join(".");
}
