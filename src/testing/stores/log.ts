/** A list that forgets its oldest entries, some at a time, so that adding one costs the same however many came before. */
export function createLog<Entry>(limit: number) {
  const entries: Entry[] = [];
  const spare = Math.max(1, Math.floor(limit / 8));

  return {
    entries: entries as readonly Entry[],
    add(entry: Entry): Entry {
      entries.push(entry);
      if (entries.length > limit + spare) entries.splice(0, entries.length - limit);
      return entry;
    },
    clear: () => {
      entries.length = 0;
    },
  };
}

/** A map that forgets its oldest entries, some at a time: looking for the first one of a map that has lost many is slow. */
export function createIndex<Value>(limit: number) {
  const entries = new Map<string, Value>();
  const spare = Math.max(1, Math.floor(limit / 8));

  function trim() {
    let surplus = entries.size - limit;
    for (const key of entries.keys()) {
      if (surplus <= 0) return;
      entries.delete(key);
      surplus -= 1;
    }
  }

  return {
    get: (key: string) => entries.get(key),
    values: () => entries.values(),
    set(key: string, value: Value) {
      entries.set(key, value);
      if (entries.size > limit + spare) trim();
    },
  };
}
