import type { CallName, Case, LeaseState } from "./lane.ts";
import type { Kind, Way, WireFault } from "./wire.ts";

/** How many bytes a call's own exchange has. */
export type Lengths = Readonly<Record<CallName, { readonly request: number; readonly answer: number }>>;

const KINDS: { readonly [Key in Way]: readonly Kind[] } = {
  request: [
    ...(["cut", "close", "truncate", "stall", "corrupt", "delay", "split", "slice"] as const),
    ...(["late", "race", "duplicate", "interleave", "interleave2", "restart", "refuse", "down"] as const),
  ],
  answer: ["cut", "close", "stall", "corrupt", "delay", "split", "slice", "restart"],
};

export interface KindsPerByte {
  readonly execute: number;
  readonly others: number;
}

const LEASES: readonly LeaseState[] = ["ageing", "ending", "expired", "gate expired", "restarted"];

/** What the second copy of a lost call meets. */
const SECOND: readonly Pick<WireFault, "kind" | "way">[] = [
  { kind: "cut", way: "request" },
  { kind: "cut", way: "answer" },
  { kind: "refuse", way: "request" },
  { kind: "corrupt", way: "answer" },
  { kind: "restart", way: "request" },
  { kind: "late", way: "request" },
  { kind: "close", way: "answer" },
  { kind: "stall", way: "answer" },
];

/**
 * Every byte of every exchange meets so many kinds of faults, all kinds in turn; carriers, connections and leases take
 * turns too.
 */
export function plan(
  lengths: Lengths,
  carrier: number,
  carriers: number,
  kinds: KindsPerByte,
): readonly Case[] {
  return [
    ...places("execute", "execute", lengths, carrier, carriers, kinds.execute),
    ...places("fail", "execute", lengths, carrier, carriers, kinds.others),
    ...doubles("execute", lengths, carrier, carriers),
    ...places("approve", "approve", lengths, carrier, carriers, kinds.others),
    ...doubles("approve", lengths, carrier, carriers),
    ...places("hold", "execute", lengths, carrier, carriers, kinds.others),
    ...places("poll", "poll", lengths, carrier, carriers, kinds.others),
    ...places("receipt", "receipt", lengths, carrier, carriers, kinds.others),
    ...places("lease", "lease", lengths, carrier, carriers, kinds.others),
    // The lease that a call takes on its way.
    ...places("execute", "lease", lengths, carrier, carriers, 1),
  ];
}

function places(
  call: CallName,
  armed: Case["armed"],
  lengths: Lengths,
  carrier: number,
  carriers: number,
  kindsPerByte: number,
): Case[] {
  const found: Case[] = [];
  for (const way of ["request", "answer"] as const) {
    const kinds = KINDS[way].filter((kind) => armed !== "lease" || !SIGNED_ONLY.has(kind));
    const own = lengths[armed === "lease" ? "lease" : call];
    for (let at = 0; at <= own[way]; at += 1)
      for (const [nth, kind] of kinds.entries()) {
        const chosen = (nth + at * 7) % kinds.length < kindsPerByte;
        if (!chosen || (at + nth) % carriers !== carrier) continue;
        found.push(one(call, armed, [{ kind, way, at }], at * 31 + nth * 17, at < own.request));
      }
  }
  return found;
}

/** Kinds that repeat a request: a lease has no proof that they could repeat. */
const SIGNED_ONLY = new Set<Kind>(["late", "race", "duplicate", "interleave", "interleave2"]);

function doubles(call: "execute" | "approve", lengths: Lengths, carrier: number, carriers: number): Case[] {
  const { request, answer } = lengths[call];
  const found: Case[] = [];
  for (let at = 0; at <= request; at += 1) {
    if (at % carriers !== carrier) continue;
    const second = SECOND[at % SECOND.length] ?? { kind: "cut", way: "request" };
    const length = second.way === "request" ? request : answer;
    const first: WireFault = { kind: at % 2 === 0 ? "cut" : "close", way: "request", at };
    found.push(one(call, call, [first, { ...second, at: (at * 7) % (length + 1) }], at, false));
  }
  return found;
}

function one(
  call: CallName,
  armed: Case["armed"],
  faults: readonly WireFault[],
  salt: number,
  partial: boolean,
): Case {
  const turn = mixed(salt);
  const due = call === "execute" && armed === "lease" ? true : turn % 8 === 0;
  return {
    call,
    armed,
    faults,
    connection: (turn >>> 8) % 2 === 0 ? "fresh" : "kept",
    partial,
    // An operator has no lease, and the approval that it decides about would expire.
    lease: call === "approve" ? "fresh" : due ? (LEASES[(turn >>> 12) % LEASES.length] ?? "fresh") : "fresh",
  };
}

/** Spreads numbers that lie close together (the finalizer of MurmurHash3). */
function mixed(salt: number): number {
  const half = Math.imul(salt ^ (salt >>> 16), 0x85ebca6b);
  const whole = Math.imul(half ^ (half >>> 13), 0xc2b2ae35);
  return (whole ^ (whole >>> 16)) >>> 0;
}

/** So many of the cases, from all over. */
export function sample<Item>(items: readonly Item[], count: number): readonly Item[] {
  if (count >= items.length) return items;
  return Array.from(
    { length: count },
    (_, nth) => items[Math.floor(((nth + 0.5) * items.length) / count)],
  ).filter((item): item is Item => item !== undefined);
}
