import { createHash } from "node:crypto";
import type { AuditEvent, Effect, MockGate } from "../../../src/testing/index.ts";
import type { Answered } from "../by-hand.ts";

const TERMINAL = new Set(["approved", "denied", "failed"]);

/** What the contract promises, kept by code of the test's own: every breach is a sentence. */
export function createJudge(gate: MockGate) {
  const breaches: string[] = [];
  const accepted = new Set<string>();
  const ended = new Map<string, string>();
  const budgets = new Map<string, number>();
  const heard = new Map<string, number>();
  const learned = new Set<string>();
  let lost = 0;

  function breach(what: string): void {
    breaches.push(what);
  }

  function effectsOf(sessionId: string): number {
    return gate.effects.filter((effect) => effect.sessionId === sessionId).length;
  }

  return {
    breaches,
    /** A session has been given so many calls. */
    opened(sessionId: string, calls: number | undefined): void {
      if (calls !== undefined) budgets.set(sessionId, calls);
    },
    /** A restart forgets which proofs were taken, and how many calls were left. */
    restarted(): void {
      accepted.clear();
      budgets.clear();
    },
    /** An answer whose connection broke, though the gate had finished. */
    lost(): void {
      lost += 1;
    },
    proof(jti: string, answer: Answered): void {
      const before = ["invalid_lease", "lease_expired", "replay_detected", "unauthorized"];
      const early = answer.status === 429 || (answer.status === 503 && answer.json?.error === "draining");
      if (answer.status === 401 || before.includes(answer.json?.error) || early) return;
      if (accepted.has(jti)) breach(`the jti ${jti} was taken twice: ${answer.status}`);
      accepted.add(jti);
    },
    executed(answer: Answered, host: string | undefined): void {
      const receiptId = answer.json?.receipt_id as string | undefined;
      if (answer.json?.decision === "executed" && receiptId !== undefined)
        heard.set(receiptId, (heard.get(receiptId) ?? 0) + 1);
      if (answer.status === 202 && host !== undefined && learned.has(host))
        breach(`${host} is learned, and a call to it was held`);
    },
    learned(host: string | undefined): void {
      if (host !== undefined) learned.add(host);
    },
    forgotten(host: string): void {
      learned.delete(host);
    },
    state(approvalId: string, state: string | undefined): void {
      const before = ended.get(approvalId);
      if (state === undefined) return;
      if (before !== undefined && before !== state) breach(`${approvalId} was ${before} and is ${state}`);
      if (TERMINAL.has(state)) ended.set(approvalId, state);
    },
    other(answer: Answered): void {
      if (answer.status !== 404 || answer.text !== "")
        breach(`another session's approval is seen: ${answer.status} ${answer.text}`);
    },
    budgetsHold(): void {
      for (const [sessionId, calls] of budgets) {
        const left = gate.callsLeft(sessionId);
        if (left === undefined) continue; // its counter is gone with its lease
        if (left < 0 || left !== calls - effectsOf(sessionId))
          breach(`${left} calls are left of ${calls} after ${effectsOf(sessionId)} runs`);
      }
    },
    /** At the end of a program. */
    everythingAddsUp(events: readonly AuditEvent[], hasReceipt: ReadonlySet<string>): void {
      const endings = (ending: Effect["ending"]) => gate.effects.filter((effect) => effect.ending === ending);
      const receipts = new Set(endings("receipted").map(({ receiptId }) => receiptId));
      const named = events.map(({ receipt_id }) => receipt_id).filter((id) => id !== undefined);
      if (endings("running").length > 0) breach("a run is still under way");
      if (named.length !== receipts.size || named.some((id) => !receipts.has(id)))
        breach(`${named.length} events name a receipt, ${receipts.size} runs have one`);
      for (const id of receipts) if (!hasReceipt.has(id ?? "")) breach(`the receipt ${id} can't be read`);
      const answers = [...heard.values()].reduce((sum, count) => sum + count, 0);
      if ([...heard].some(([id, count]) => count > 1 || !receipts.has(id)))
        breach("a receipt was told twice");
      if (answers + lost !== receipts.size)
        breach(`${answers} + ${lost} answers for ${receipts.size} receipts`);
      for (const { approvalId } of gate.effects) {
        if (approvalId === undefined) continue;
        const runs = gate.effects.filter((effect) => effect.approvalId === approvalId);
        const settled = runs.filter(({ ending }) => ending !== "dropped").length;
        if (settled > 1) breach(`${approvalId} ran ${runs.length} times and ended ${settled} times`);
      }
      chain(events, breach);
    },
  };
}

/** Links by hash and not by order, from the event that has none before it. */
function chain(events: readonly AuditEvent[], breach: (what: string) => void): void {
  const next = new Map(events.map((event) => [event.prev_hash, event]));
  let found = 0;
  for (let event = next.get(null); event !== undefined; event = next.get(hashOf(event))) found += 1;
  if (found !== events.length) breach(`the chain has ${found} links of ${events.length}`);
}

function hashOf(event: AuditEvent): string {
  return `sha256:${createHash("sha256").update(ordered(event)).digest("hex")}`;
}

/** RFC 8785 for what events are made of. */
function ordered(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(ordered).join()}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const members = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${members.map(([name, inner]) => `${JSON.stringify(name)}:${ordered(inner)}`).join()}}`;
}
