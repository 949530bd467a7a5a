import { canonical, sha256 } from "./canonical.ts";
import { type Clock, nanoTime, uuidv7 } from "./clock.ts";
import type { LeaseClaims } from "./leases.ts";

/** Where an approval stands. There is no "expired": the default store keeps such a one pending for ever. */
export type ApprovalState = "pending" | "claimed" | "approved" | "denied" | "failed";

/** A held call, and what became of it. */
export interface Approval {
  readonly approvalId: string;
  /** The trace of the call that was held. */
  readonly traceId: string;
  readonly actionId: string;
  readonly actionVersion: string;
  readonly riskLevel: string;
  readonly params: unknown;
  readonly requestHash: string;
  /** The lease that the call came with: its session's budget is debited when the action runs. */
  readonly lease: LeaseClaims;
  readonly policyVersion: string;
  readonly unresolvedDomains: readonly string[];
  readonly unresolvedPaths: readonly string[];
  readonly callsRemaining: number;
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
  | { readonly state: "unknown" };

/** How a claimed approval ends. */
export type Ending =
  | { readonly state: "approved"; readonly receiptId: string }
  | { readonly state: "denied"; readonly denyReason: string }
  | { readonly state: "failed"; readonly failure: string };

export const APPROVAL_MS = 300_000;
const CLAIM_MS = 120_000;

/**
 * The default (SQLite) store: an approval can be claimed until twice its life, shows as pending for ever, and a
 * claim that nobody has finished can be taken again after 120 s.
 */
export function createApprovals(clock: Clock) {
  const approvals = new Map<string, { value: Approval; claimedMs: number }>();

  function open(call: HeldCall): Approval {
    const now = clock.now();
    const value: Approval = {
      ...call,
      approvalId: uuidv7(now),
      planHash: sha256(
        canonical([call.requestHash, call.actionId, call.lease.session_id, nanoTime(now, "Z")]),
      ),
      createdAt: nanoTime(now, "+00:00"),
      expiresAt: nanoTime(now + APPROVAL_MS - 1, "+00:00"),
      createdMs: now,
      state: "pending",
    };
    approvals.set(value.approvalId, { value, claimedMs: 0 });
    return value;
  }

  function claim(approvalId: string, operatorId: string): Claim {
    const entry = approvals.get(approvalId);
    if (entry === undefined) return { state: "unknown" };
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
    entry.value = { ...entry.value, ...ending, completedAt: nanoTime(clock.now(), "+00:00") };
    return entry.value;
  }

  return {
    open,
    claim,
    finish,
    get: (approvalId: string) => approvals.get(approvalId)?.value,
    /** The newest first. */
    list: () => [...approvals.values()].map(({ value }) => value).reverse(),
  };
}
