import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import type { Clock } from "../wire/send.ts";
import type { JournalEntry } from "./journal.ts";

/** Says in a journal's entries which process brought a call where it is, and reads what another one has said. */
export interface Whereabouts {
  /** The entry, with who has written it and when. */
  signed(entry: JournalEntry): JournalEntry;
  /** The entry of a call that is about to be sent, and ends within so many milliseconds. */
  sending(entry: JournalEntry, timeoutMs: number): JournalEntry;
  /** How long another client may still be sending this call, in milliseconds; 0 where it surely is not. */
  underWayMs(entry: JournalEntry): number;
}

/** Hosts' clocks run apart, and an answer takes a moment to be written down. */
const TOLERANCE_MS = 5_000;

export function createWhereabouts(clock: Clock): Whereabouts {
  const by = `${hostname()} ${process.pid} ${randomBytes(4).toString("hex")}`;
  const signed = ({ until: _, ...entry }: JournalEntry): JournalEntry => ({
    ...entry,
    by,
    since: timeText(clock.now()),
  });
  return {
    signed,
    sending: (entry, timeoutMs) => ({ ...signed(entry), until: timeText(clock.now() + timeoutMs) }),
    underWayMs({ state, code, by: other, until = "" }) {
      // One with a code has been given up: it is as unknown as it will be.
      if (state !== "sent" || code !== undefined || other === by) return 0;
      const left = Date.parse(until) - clock.now() + TOLERANCE_MS;
      return Math.max(left, 0);
    },
  };
}

function timeText(ms: number): string {
  const time = new Date(ms);
  // A program's own clock may say anything.
  return Number.isNaN(time.getTime()) ? String(ms) : time.toISOString();
}
