import { canonicalHash } from "./canonical.ts";

/** What of an audit event the chain is made of. The hash covers every member, known or not. */
export interface ChainedEvent {
  readonly trace_id: string;
  readonly prev_hash: string | null;
  readonly [member: string]: unknown;
}

/**
 * What recomputing the chain shows. `intact`: from the first event of the ledger to the last that was given, each is what
 * its successor says. `partial`: the same for a part that does not begin with the first. `broken`: it is not one chain.
 * `empty`: there was no event, and nothing is shown.
 */
export interface AuditVerdict {
  readonly state: "intact" | "partial" | "broken" | "empty";
  readonly events: number;
  /** How many events were found to be what their successor says. */
  readonly links: number;
  /** Events whose predecessor is missing: deleted, altered, or, of the one in `partial`, not asked for. */
  readonly missingPredecessor: Findings;
  /** Events that nothing follows. One of them is the last; any other was altered, or what followed it is gone. */
  readonly withoutSuccessor: Findings;
  /** Events with a predecessor that has another successor already. */
  readonly forks: Findings;
  /** Events that came twice. */
  readonly duplicates: Findings;
  /** Events that begin a chain, beside the first. */
  readonly furtherBeginnings: Findings;
  /** What is no audit event, or can't be hashed, by its place in the input. */
  readonly malformed: Findings;
  /** What no check of this kind can show. */
  readonly notProven: readonly string[];
}

/** How many, and the trace ids of the first hundred. */
export interface Findings {
  readonly count: number;
  readonly traceIds: readonly string[];
}

const NOT_PROVEN = [
  "the last event: nothing follows it, so it may have been altered, and later ones cut off",
  "learned domains and paths: an approve teaches the gate without an event",
  "receipts: they are signed and no part of the chain",
  "that it is the gate's own: the chain is not signed, and whoever can write the whole ledger can make another one that holds",
] as const;
const NOT_PROVEN_BESIDE: Partial<Record<AuditVerdict["state"], readonly string[]>> = {
  partial: ["what came before the first event that was given"],
  empty: ["that nothing happened: a ledger that was deleted looks like one that was never written"],
};

/** So many linked events are remembered, to tell a second successor and a repeated event from a missing predecessor. */
const REMEMBERED = 10_000;
const MOST_NAMED = 100;

/**
 * Recomputes the hash chain of audit events: each names the hash of the one before it (contract operator.md 4.3). They are
 * linked by hash, so the order in which they come does not matter. What is kept is what has no partner yet: little, for
 * events in about the order of the ledger or its reverse, whatever their number.
 *
 * @example
 * const verdict = await verifyAuditChain(operator.audit.events());
 */
export async function verifyAuditChain(
  events: Iterable<ChainedEvent> | AsyncIterable<ChainedEvent>,
): Promise<AuditVerdict> {
  const chain = createChain();
  for await (const event of events) chain.add(event);
  return chain.verdict();
}

function createChain() {
  /** Events that nothing follows yet, by their hash. */
  const open = new Map<string, string>();
  /** Events whose predecessor has not come yet, by its hash. */
  const waiting = new Map<string, string>();
  /** Hashes of events that came, the latest: whether they have a successor. */
  const recent = new Map<string, boolean>();
  const forks = createFindings();
  const duplicates = createFindings();
  const malformed = createFindings();
  const beginnings: string[] = [];
  const furtherBeginnings = createFindings();
  let count = 0;
  let links = 0;

  function remember(hash: string, followed: boolean): void {
    recent.delete(hash);
    recent.set(hash, followed);
    if (recent.size <= REMEMBERED) return;
    const [oldest] = recent.keys();
    if (oldest !== undefined) recent.delete(oldest);
  }

  /** Ties an event to the one before it; a predecessor that has a successor already makes it a fork. */
  function tieToPredecessor(traceId: string, previous: string): void {
    if (open.delete(previous)) {
      remember(previous, true);
      links += 1;
    } else if (recent.get(previous) === true || waiting.has(previous)) forks.add(traceId);
    else waiting.set(previous, traceId);
  }

  return {
    add(event: ChainedEvent): void {
      count += 1;
      const { trace_id: traceId, prev_hash: previous } = event ?? {};
      const hash = hashOf(event);
      const isLinked = typeof previous === "string" || previous === null;
      if (typeof traceId !== "string" || !isLinked || hash === undefined) {
        malformed.add(`event ${count}`);
        return;
      }
      if (open.has(hash) || recent.has(hash)) {
        duplicates.add(traceId);
        return;
      }
      const followed = waiting.delete(hash);
      if (followed) links += 1;
      else open.set(hash, traceId);
      remember(hash, followed);
      if (previous !== null) tieToPredecessor(traceId, previous);
      else if (beginnings.length === 0) beginnings.push(traceId);
      else furtherBeginnings.add(traceId);
    },

    verdict(): AuditVerdict {
      const found = {
        missingPredecessor: findingsOf(waiting.values(), waiting.size),
        withoutSuccessor: findingsOf(open.values(), open.size),
        forks: forks.all(),
        duplicates: duplicates.all(),
        furtherBeginnings: furtherBeginnings.all(),
        malformed: malformed.all(),
      };
      const starts = beginnings.length + waiting.size;
      const sound =
        starts === 1 &&
        open.size === 1 &&
        [found.forks, found.duplicates, found.furtherBeginnings, found.malformed].every(
          (findings) => findings.count === 0,
        );
      const state = count === 0 ? "empty" : !sound ? "broken" : waiting.size === 0 ? "intact" : "partial";
      const notProven = [...NOT_PROVEN, ...(NOT_PROVEN_BESIDE[state] ?? [])];
      return { state, events: count, links, ...found, notProven };
    },
  };
}

/** Undefined: what has no canonical form is no event that a gate has written. */
function hashOf(event: ChainedEvent): string | undefined {
  try {
    return `sha256:${canonicalHash(event)}`;
  } catch {
    return undefined;
  }
}

function createFindings() {
  const traceIds: string[] = [];
  let count = 0;
  return {
    add(traceId: string): void {
      count += 1;
      if (traceIds.length < MOST_NAMED) traceIds.push(traceId);
    },
    all: (): Findings => ({ count, traceIds }),
  };
}

function findingsOf(traceIds: Iterable<string>, count: number): Findings {
  const named: string[] = [];
  for (const traceId of traceIds) if (named.push(traceId) === MOST_NAMED) break;
  return { count, traceIds: named };
}
