/**
 * Journals on real stores: calls with a `callId` are remembered where other processes and machines find them.
 * @module latchgate-client/journals
 */

export type { Journal, JournalEntry } from "./agent/journal.ts";
export { fileJournal } from "./journals/file.ts";
export {
  type PgLike,
  type PostgresJournalOptions,
  type PostgresJsLike,
  postgresJournal,
  postgresJournalDdl,
} from "./journals/postgres.ts";
export { type RedisJournalOptions, type RedisLike, redisJournal } from "./journals/redis.ts";
