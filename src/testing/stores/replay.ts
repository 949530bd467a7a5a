const LIFETIME_MS = 180_000;

/** What the store says of a `jti`: new, seen, or full (it then refuses rather than forgets). */
export type ReplayVerdict = "fresh" | "seen" | "full";

/** The gate's in-memory store of proofs it has accepted: one key space for all sessions and operators. */
export function createReplayStore(now: () => number, capacity: number) {
  // Entries leave in the order in which they came: all live equally long.
  const seenUntil = new Map<string, number>();
  let pruned = 0;

  function prune(time: number) {
    if (time - pruned < 1000 && seenUntil.size < capacity) return;
    pruned = time;
    for (const [jti, until] of seenUntil) {
      if (until > time) return;
      seenUntil.delete(jti);
    }
  }

  return {
    take(jti: string): ReplayVerdict {
      const time = now();
      prune(time);
      const until = seenUntil.get(jti);
      if (until !== undefined && until > time) return "seen";
      if (until !== undefined) seenUntil.delete(jti);
      if (seenUntil.size >= capacity) return "full";
      seenUntil.set(jti, time + LIFETIME_MS);
      return "fresh";
    },
    forget: () => seenUntil.clear(),
  };
}
