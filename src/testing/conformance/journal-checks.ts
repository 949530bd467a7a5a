import { racing } from "./racing-processes.ts";

/** What a journal has to be: `Journal` of the client, as a store of anybody's own may spell it. */
export interface JournalLike {
  add(callId: string, entry: JournalEntryLike): Promise<unknown>;
  get(callId: string): Promise<unknown>;
  set(callId: string, entry: JournalEntryLike): Promise<unknown>;
  delete(callId: string): Promise<unknown>;
}

/** What is kept of a call: plain JSON. */
export interface JournalEntryLike {
  readonly state: "sent" | "held" | "done" | "ended";
  readonly actionId: string;
  readonly requestHash: string;
  readonly [member: string]: unknown;
}

/** Where a check looks. */
export interface JournalScene {
  /** A journal on the store, as another process would have it where it can be opened anew. */
  open(): Promise<JournalLike>;
  /** An id that nobody has used. */
  freshId(like?: string): string;
  /** How long an entry is remembered, in milliseconds; undefined: for ever, as far as is known. */
  readonly ttlMs: number | undefined;
  /** A module whose default export opens a journal, and how many processes race with it. */
  readonly module: string | undefined;
  readonly processes: number;
  readonly execArgv: readonly string[];
}

type Check = (scene: JournalScene) => Promise<void>;

const RACES = 20;
const RACERS = 100;

/** What each check is called says what holds when it passes. */
export const JOURNAL_CHECKS = {
  "an entry is added once, and the first one stays": async ({ open, freshId }) => {
    const journal = await open();
    const id = freshId();
    mustBe(await journal.add(id, entry({ traceId: "first" })), true, "the first add of an id");
    mustBe(await journal.add(id, entry({ traceId: "second" })), false, "the second add of an id");
    same(await journal.get(id), entry({ traceId: "first" }), "what is there after a second add");
  },

  [`of ${RACERS} that add at once one does`]: async ({ open, freshId }) => {
    const journals = await Promise.all(Array.from({ length: 10 }, open));
    for (let race = 0; race < RACES; race += 1) {
      const id = freshId();
      const told = await Promise.all(
        Array.from({ length: RACERS }, async (_, at) =>
          of(journals, at).add(id, entry({ traceId: `racer ${at}` })),
        ),
      );
      const won = told.flatMap((said, at) => (said === true ? [`racer ${at}`] : []));
      if (won.length !== 1) throw new Error(`of ${RACERS} adds of one id at once ${won.length} said true`);
      same(await of(journals, 0).get(id), entry({ traceId: won[0] }), "what the one that added has written");
    }
  },

  "of processes that add at once one does, and what it was told outlives its being killed": async (scene) => {
    const { module, processes, execArgv, open, freshId } = scene;
    if (module === undefined) return;
    const ids = Array.from({ length: RACES }, () => freshId());
    const told = await racing({ module, processes, execArgv, ids, entry: entry() });
    const journal = await open();
    for (const [at, id] of ids.entries()) {
      const won = told.filter((answers) => answers[at] === true).length;
      if (won !== 1)
        throw new Error(`of ${processes} processes that added one id at once ${won} were told true`);
      if (!isEntry(await journal.get(id)))
        throw new Error("an entry that add had told of is gone after its process was killed");
    }
  },

  "what add and set have told of is there for another client at once": async ({ open, freshId }) => {
    const [writer, reader] = [await open(), await open()];
    for (let turn = 0; turn < RACES; turn += 1) {
      const id = freshId();
      await writer.add(id, entry());
      same(await reader.get(id), entry(), "what another client reads when add has resolved");
      await writer.set(id, entry({ state: "done", receiptId: "r" }));
      const read = await reader.get(id);
      same(read, entry({ state: "done", receiptId: "r" }), "what another client reads when set has resolved");
      await writer.delete(id);
      nothing(await reader.get(id), "what another client reads when delete has resolved");
    }
  },

  "an entry is read back as it was, members and all": async ({ open, freshId }) => {
    const journal = await open();
    const whole = entry({
      state: "held",
      handover: `eyJ.${"x".repeat(3_000)}`,
      reason: "nein, 理由 \u2028 \"quoted\" \\ 'and' \n\t 🙂 %s $1 :x ?",
      aMemberOfALaterVersion: { list: [1, 2.5, true, null, "x"] },
    });
    const id = freshId();
    await journal.add(id, whole);
    same(await journal.get(id), whole, "what is read back");
  },

  "set replaces the whole entry": async ({ open, freshId }) => {
    const journal = await open();
    const id = freshId();
    await journal.add(id, entry({ handover: "sealed", until: "then" }));
    await journal.set(id, entry({ state: "done" }));
    same(await journal.get(id), entry({ state: "done" }), "what is there after a set");
  },

  "delete makes an id new again, and no other one": async ({ open, freshId }) => {
    const journal = await open();
    const [id, other] = [freshId(), freshId()];
    await journal.add(id, entry());
    await journal.add(other, entry());
    await journal.delete(id);
    nothing(await journal.get(id), "what is there after a delete");
    mustBe(await journal.add(id, entry()), true, "an add after a delete");
    same(await journal.get(other), entry(), "another entry after a delete");
    await journal.delete(freshId());
  },

  "there is nothing under an id that nobody has added": async ({ open, freshId }) => {
    const journal = await open();
    nothing(await journal.get(freshId()), "what is there under an unknown id");
    for (const id of ["__proto__", "constructor", "toString"]) {
      const read = await journal.get(`${id}`);
      nothing(read, `what is there under the unknown id ${id}`);
    }
  },

  "ids are told apart letter by letter": async ({ open, freshId }) => {
    const journal = await open();
    const base = freshId("order");
    const ids = [
      ...[base, base.toUpperCase(), ` ${base}`, `${base} `, `${base}/`, `${base}/..`, `${base}/../${base}`],
      ...[`${base}%2F`, `${base}*`, `${base}?`, `${base}_`, `${base}\u00e9`, `${base}e\u0301`, `${base}\n`],
      ...[`${base}${"x".repeat(150)}`, `${base}${"x".repeat(151)}`, `${base}'; --`, `${base}:a`, `${base}🙂`],
    ];
    for (const id of ids)
      if ((await journal.add(id, entry({ traceId: id }))) !== true)
        throw new Error(`the id ${JSON.stringify(id)} was taken for another one`);
    for (const id of ids)
      same(await journal.get(id), entry({ traceId: id }), `what is under ${JSON.stringify(id)}`);
  },

  "what was given, or read, may be changed without changing what is kept": async ({ open, freshId }) => {
    const journal = await open();
    const id = freshId();
    const given = entry({ known: { deep: 1 } });
    await journal.add(id, given);
    (given as { known?: { deep: number } }).known = { deep: 2 };
    const read = (await journal.get(id)) as { state: string };
    read.state = "ended";
    same(await journal.get(id), entry({ known: { deep: 1 } }), "what is kept after changes outside");
  },

  "an entry expires after its time since it was changed last, and not before": async ({
    open,
    freshId,
    ttlMs,
  }) => {
    if (ttlMs === undefined) return;
    const journal = await open();
    const id = freshId();
    await journal.add(id, entry());
    await pause(ttlMs * 0.7);
    same(await journal.get(id), entry(), "what is there before its time is over");
    await journal.set(id, entry({ state: "held" }));
    await pause(ttlMs * 0.7);
    same(await journal.get(id), entry({ state: "held" }), "what is there so long after a set");
    await pause(ttlMs * 0.7);
    nothing(await journal.get(id), "what is there after its time");
    mustBe(await journal.add(id, entry()), true, "an add after its time");
  },
} as const satisfies Record<string, Check>;

export type JournalCheckName = keyof typeof JOURNAL_CHECKS;

function entry(members: Record<string, unknown> = {}): JournalEntryLike {
  return {
    state: "sent",
    actionId: "pay",
    requestHash: "sha256:00",
    by: "host 1 ab",
    since: "2026-11-24T00:00:00.000Z",
    ...members,
  };
}

function of<Item>(items: readonly Item[], at: number): Item {
  const item = items[at % items.length];
  if (item === undefined) throw new TypeError("nothing was opened");
  return item;
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

const isEntry = (value: unknown) => typeof value === "object" && value !== null && "state" in value;

/** JSON with its members in order: stores may have them in another one. */
function inOrder(value: unknown): string {
  return JSON.stringify(value, (_name, member: unknown) =>
    typeof member === "object" && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([one], [other]) => (one < other ? -1 : 1)))
      : member,
  );
}

function same(read: unknown, expected: JournalEntryLike, what: string): void {
  if (inOrder(read) === inOrder(expected)) return;
  throw new Error(`${what} is ${inOrder(read)}, and should be ${inOrder(expected)}`);
}

function mustBe(told: unknown, expected: boolean, what: string): void {
  if (told !== expected)
    throw new Error(`${what} resolved with ${String(told)}, and should with ${expected}`);
}

function nothing(read: unknown, what: string): void {
  if (read !== undefined && read !== null)
    throw new Error(`${what} is ${inOrder(read)}, and should be undefined`);
}
