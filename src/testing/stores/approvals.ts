import { canonical, sha256 } from "../formats/canonical.ts";
import { type Clock, nanoseconds, nanoText, nanoTime, randomBelow, uuidv7 } from "../formats/clock.ts";
import type { ActionDetail, RiskLevel } from "./actions.ts";
import type { LeaseClaims } from "./leases.ts";

/** Where an approval stands. There is no "expired": the default store keeps such a one pending for ever. */
export type ApprovalState = "pending" | "claimed" | "approved" | "denied" | "failed";

/** What a held call would do, as the gate planned it. */
export interface ApprovalPlan {
  readonly targets: readonly string[];
  readonly secrets: readonly string[];
  readonly egress: ActionDetail["egress"];
  readonly verifier: string;
  readonly moduleDigest: string;
}

/** A held call, and what became of it. */
export interface Approval {
  readonly approvalId: string;
  /** The trace of the call that was held. */
  readonly traceId: string;
  readonly actionId: string;
  readonly actionVersion: string;
  readonly riskLevel: RiskLevel;
  readonly params: unknown;
  readonly requestHash: string;
  /** The lease that the call came with: its session's budget is debited when the action runs. */
  readonly lease: LeaseClaims;
  readonly policyVersion: string;
  readonly unresolvedDomains: readonly string[];
  readonly unresolvedPaths: readonly string[];
  readonly callsRemaining: number;
  /** Whether the session has a budget at all. */
  readonly limited: boolean;
  /** What the detail says of the plan as it was when the call was held. */
  readonly plan: ApprovalPlan;
  readonly planHash: string;
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly createdMs: number;
  readonly state: ApprovalState;
  readonly claimedBy?: string;
  readonly claimedAt?: string;
  readonly completedAt?: string;
  readonly receiptId?: string;
  readonly denyReason?: string;
  /** Why it failed, in the gate's words. */
  readonly failure?: string;
}

/** What the caller knows of a call when it is held. */
export type HeldCall = Omit<
  Approval,
  "approvalId" | "planHash" | "createdAt" | "expiresAt" | "createdMs" | "state" | "traceId"
> & { readonly traceId: string };

/** How an attempt to claim an approval ends. */
export type Claim =
  | { readonly state: "claimed"; readonly approval: Approval; readonly expired: boolean }
  | { readonly state: "conflict" }
  | { readonly state: "terminal"; readonly approval: Approval }
  /** The store has lost it; the ledger says how it ended. */
  | { readonly state: "durable"; readonly approval: Approval }
  | { readonly state: "unknown" };

/** How a claimed approval ends. */
export type Ending =
  | { readonly state: "approved"; readonly receiptId: string }
  | { readonly state: "denied"; readonly denyReason: string }
  | { readonly state: "failed"; readonly failure: string };

export const APPROVAL_MS = 300_000;
const CLAIM_MS = 120_000;
const TERMINAL_MS = 3_600_000;

/**
 * Held calls. In the default (SQLite) store an approval can be claimed until twice its life, shows as pending for
 * ever, and a claim that nobody has finished can be taken again after 120 s. In Redis what is pending is gone after
 * 300 s, and what has ended after an hour: then only the ledger knows how (operator.md 3.2).
 */
export function createApprovals(clock: Clock, store: "sqlite" | "redis" = "sqlite") {
  const approvals = new Map<string, { value: Approval; claimedMs: number; endedMs: number }>();

  function open(call: HeldCall): Approval {
    const now = clock.now();
    const created = nanoseconds(now);
    // The plan is a little older than its approval (recorded: up to 0.3 ms).
    const expires = created + BigInt(APPROVAL_MS) * 1_000_000n - BigInt(randomBelow(300_000));
    const value: Approval = {
      ...call,
      approvalId: uuidv7(now),
      planHash: sha256(canonical([call.requestHash, call.actionId, call.lease.session_id, String(created)])),
      createdAt: nanoText(created, "+00:00"),
      expiresAt: nanoText(expires, "+00:00"),
      createdMs: now,
      state: "pending",
    };
    approvals.set(value.approvalId, { value, claimedMs: 0, endedMs: 0 });
    return value;
  }

  /** What the store has; Redis forgets. */
  function kept(approvalId: string) {
    const entry = approvals.get(approvalId);
    if (entry === undefined || store === "sqlite") return entry;
    const { state, createdMs } = entry.value;
    if (state === "claimed") return entry;
    const over = state === "pending" ? createdMs + APPROVAL_MS : entry.endedMs + TERMINAL_MS;
    return clock.now() < over ? entry : undefined;
  }

  function claim(approvalId: string, operatorId: string): Claim {
    const entry = kept(approvalId);
    if (entry === undefined) {
      const approval = durable(approvalId);
      return approval === undefined ? { state: "unknown" } : { state: "durable", approval };
    }
    const { value } = entry;
    const now = clock.now();
    if (value.state !== "pending" && value.state !== "claimed") return { state: "terminal", approval: value };
    if (value.state === "claimed" && now - entry.claimedMs < CLAIM_MS) return { state: "conflict" };
    if (now - value.createdMs > 2 * APPROVAL_MS) return { state: "unknown" };
    entry.value = { ...value, state: "claimed", claimedBy: operatorId, claimedAt: nanoTime(now, "+00:00") };
    entry.claimedMs = now;
    return { state: "claimed", approval: entry.value, expired: now - value.createdMs >= APPROVAL_MS };
  }

  function finish(approvalId: string, ending: Ending): Approval | undefined {
    const entry = approvals.get(approvalId);
    if (entry?.value.state !== "claimed") return entry?.value;
    const now = clock.now();
    entry.value = { ...entry.value, ...ending, completedAt: nanoTime(now, "+00:00") };
    entry.endedMs = now;
    return entry.value;
  }

  /** What the ledger still knows of an approval that its store has lost. */
  function durable(approvalId: string): Approval | undefined {
    const value = approvals.get(approvalId)?.value;
    return kept(approvalId) === undefined && value?.completedAt !== undefined ? value : undefined;
  }

  return {
    open,
    claim,
    finish,
    durable,
    get: (approvalId: string) => kept(approvalId)?.value,
    /** The newest first. */
    /** Whether a call was ever held under this id, whatever the store still knows of it. */
    wasOpened: (approvalId: string) => approvals.has(approvalId),
    list: () =>
      [...approvals.keys()]
        .map((approvalId) => kept(approvalId)?.value)
        .filter((approval) => approval !== undefined)
        .reverse(),
  };
}
