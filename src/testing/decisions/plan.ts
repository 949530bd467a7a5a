import type { RegisteredAction } from "../stores/actions.ts";
import type { Approval } from "../stores/approvals.ts";
import type { Debit } from "../stores/budgets.ts";
import type { LeaseClaims } from "../stores/leases.ts";

/** The client is gone: whatever ran has run, and nobody is told, not even the ledger (measured). */
export class ClientGone extends Error {}

/** Who approved a run, as the ledger and the answer name it. */
export interface Operator {
  readonly id: string;
  /** Thumbprint of the operator's key. */
  readonly jkt: string;
  readonly proofJti: string;
}

/** A call that has passed every check and whose budget is debited. */
export interface Plan {
  readonly lease: LeaseClaims;
  readonly action: RegisteredAction;
  readonly params: unknown;
  readonly requestHash: string;
  readonly traceId: string;
  readonly budget: Debit & { ok: true };
  readonly approved?: { readonly approval: Approval; readonly operator: Operator };
  readonly signal: AbortSignal | undefined;
  readonly goneAfterRun?: boolean | undefined;
  readonly unwritten?: { readonly what: "evidence" | "refund" } | undefined;
}
