import type { JournalEntryLike, JournalLike } from "latchgate-client/testing";

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const copyOf = (entry: JournalEntryLike): JournalEntryLike => JSON.parse(JSON.stringify(entry));

/** A store that is right, in the memory of this process: what each broken one has but for one flaw. */
export function soundStore(): () => JournalLike {
  const entries = new Map<string, JournalEntryLike>();
  return () => ({
    async add(callId, entry) {
      if (entries.has(callId)) return false;
      entries.set(callId, copyOf(entry));
      return true;
    },
    async get(callId) {
      const entry = entries.get(callId);
      return entry && copyOf(entry);
    },
    async set(callId, entry) {
      entries.set(callId, copyOf(entry));
    },
    async delete(callId) {
      entries.delete(callId);
    },
  });
}

type Break = (sound: JournalLike) => Partial<JournalLike>;

/** What stores of people's own get wrong, and the check that must see it. */
export const BROKEN: Readonly<Record<string, { readonly seenBy: RegExp; readonly flaw: Break }>> = {
  "adds by looking first, and then writing": {
    seenBy: /of 100 that add at once/,
    flaw: (sound) => ({
      async add(callId, entry) {
        if ((await sound.get(callId)) !== undefined) return false;
        await turn();
        await sound.set(callId, entry);
        return true;
      },
    }),
  },
  "overwrites what is there when it adds": {
    seenBy: /added once, and the first one stays/,
    flaw: (sound) => ({
      async add(callId, entry) {
        const isNew = await sound.add(callId, entry);
        await sound.set(callId, entry);
        return isNew;
      },
    }),
  },
  "says nothing of what add did": {
    seenBy: /added once, and the first one stays/,
    flaw: (sound) => ({ add: async (callId, entry) => void (await sound.add(callId, entry)) }),
  },
  "resolves before it has written": {
    seenBy: /there for another client at once/,
    flaw: (sound) => ({
      set: async (callId, entry) => void setTimeout(() => void sound.set(callId, entry), 5),
    }),
  },
  "reads from a cache of its own": {
    seenBy: /there for another client at once/,
    flaw: (sound) => {
      const cache = new Map<string, unknown>();
      return {
        async get(callId) {
          if (!cache.has(callId)) cache.set(callId, await sound.get(callId));
          return cache.get(callId);
        },
      };
    },
  },
  "drops members that it does not know": {
    seenBy: /read back as it was/,
    flaw: (sound) => ({
      add: (callId, { state, actionId, requestHash, by, since, traceId }) =>
        sound.add(callId, copyOf({ state, actionId, requestHash, by, since, traceId })),
    }),
  },
  "cuts long texts": {
    seenBy: /read back as it was/,
    flaw: (sound) => ({
      add: (callId, entry) =>
        sound.add(
          callId,
          JSON.parse(
            JSON.stringify(entry, (_, value) => (typeof value === "string" ? value.slice(0, 255) : value)),
          ),
        ),
    }),
  },
  "merges what is set into what was there": {
    seenBy: /set replaces the whole entry/,
    flaw: (sound) => ({
      set: async (callId, entry) => sound.set(callId, { ...((await sound.get(callId)) as object), ...entry }),
    }),
  },
  "marks as deleted, and does not delete": {
    seenBy: /delete makes an id new again/,
    flaw: (sound) => ({
      delete: async (callId) => sound.set(callId, { state: "ended", actionId: "", requestHash: "" }),
    }),
  },
  "makes up an entry where there is none": {
    seenBy: /nothing under an id that nobody has added/,
    flaw: (sound) => ({ get: async (callId) => (await sound.get(callId)) ?? {} }),
  },
  "lowers the case of ids": {
    seenBy: /ids are told apart/,
    flaw: (sound) => ({
      add: (callId, entry) => sound.add(callId.toLowerCase(), entry),
      get: (callId) => sound.get(callId.toLowerCase()),
      set: (callId, entry) => sound.set(callId.toLowerCase(), entry),
      delete: (callId) => sound.delete(callId.toLowerCase()),
    }),
  },
  "trims ids": {
    seenBy: /ids are told apart/,
    flaw: (sound) => ({
      add: (callId, entry) => sound.add(callId.trim(), entry),
      get: (callId) => sound.get(callId.trim()),
      set: (callId, entry) => sound.set(callId.trim(), entry),
      delete: (callId) => sound.delete(callId.trim()),
    }),
  },
};

/** A store that keeps the very object that it was given. */
export function sharingStore(): () => JournalLike {
  const entries = new Map<string, JournalEntryLike>();
  return () => ({
    async add(callId, entry) {
      if (entries.has(callId)) return false;
      entries.set(callId, entry);
      return true;
    },
    get: async (callId) => entries.get(callId),
    set: async (callId, entry) => void entries.set(callId, entry),
    delete: async (callId) => void entries.delete(callId),
  });
}

/** A store whose entries live so long since they were added; a set does not make them live longer. */
export function hastyStore(ttlMs: number): () => JournalLike {
  const open = soundStore();
  return () => {
    const sound = open();
    return {
      ...sound,
      async add(callId, entry) {
        const isNew = await sound.add(callId, entry);
        if (isNew === true) setTimeout(() => void sound.delete(callId), ttlMs);
        return isNew;
      },
    };
  };
}
