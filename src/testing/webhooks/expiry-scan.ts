import type { Clock } from "../formats/clock.ts";
import { APPROVAL_MS, type createApprovals } from "../stores/approvals.ts";
import type { createAlarms } from "./alarms.ts";
import type { Happening } from "./events.ts";

const EVERY_MS = 30_000;
const MOST = 200;

/**
 * The gate's look at its newest pending approvals, every 30 s from its start on. Each that is past its end is told of
 * once per process: the list of those is in memory, and what nobody decides stays pending for ever. In Redis such a
 * one is gone before it is looked at. Nothing is waited for while nothing is pending.
 */
export function createExpiryScan(gate: {
  readonly clock: Clock;
  readonly alarms: ReturnType<typeof createAlarms>;
  readonly approvals: ReturnType<typeof createApprovals>;
  readonly startedMs: number;
  readonly emit: (happening: Happening) => void;
}) {
  const { clock, alarms, approvals } = gate;
  const told = new Set<string>();
  let startedMs = gate.startedMs;
  let lastMs = startedMs;
  let watching = false;

  /** The newest first. */
  const untold = () =>
    approvals.list().filter(({ state, approvalId }) => state === "pending" && !told.has(approvalId));

  /** Waits for the first look that can find something. */
  function watch(): void {
    const oldest = untold().at(-1);
    if (watching || oldest === undefined) return;
    const from = Math.max(oldest.createdMs + APPROVAL_MS, clock.now(), lastMs + 1);
    const at = startedMs + Math.ceil((from - startedMs) / EVERY_MS) * EVERY_MS;
    watching = true;
    alarms.at(at, () => {
      watching = false;
      lastMs = at;
      look();
      watch();
    });
  }

  function look(): void {
    const pending = approvals.list().filter(({ state }) => state === "pending");
    for (const approval of pending.slice(0, MOST)) {
      const { approvalId, actionId, lease, createdAt, createdMs, expiresAt } = approval;
      if (told.has(approvalId) || clock.now() < createdMs + APPROVAL_MS) continue;
      told.add(approvalId);
      gate.emit({
        type: "approval.expired",
        data: {
          approval_id: approvalId,
          action_id: actionId,
          principal: lease.sub,
          owner: lease.owner ?? null,
          created_at: createdAt,
          expired_at: expiresAt,
        },
      });
    }
  }

  return {
    watch,
    /** A new process has told of nothing yet. */
    restart(at: number): void {
      told.clear();
      startedMs = at;
      lastMs = at;
      watching = false;
      watch();
    },
  };
}
