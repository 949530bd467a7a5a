import type { components } from "../generated/agent.ts";

type Schemas = components["schemas"];

/** How the gate judged the evidence of an executed action, in both spellings. */
export type Verification = Readonly<Record<string, unknown>> & {
  readonly outcome: string;
  readonly is_fully_successful: boolean;
  readonly isFullySuccessful: boolean;
};

/** What running the action took, in both spellings; empty for a held call, whose receipt does not say. */
export type Runtime = Readonly<Record<string, unknown>> & {
  readonly duration_ms?: number;
  readonly exit_code?: number;
  readonly fuel_consumed?: number;
  readonly durationMs?: number;
  readonly exitCode?: number;
  readonly fuelConsumed?: number;
};

/** What an executed action gave. That it was executed does not say that it succeeded: see `ok`. */
export interface ActionResult {
  /**
   * The action did what it should: the gate calls it fully successful, and its output does not say `ok: false` (which the
   * gate does not look at, contract agent.md 9.2).
   */
  readonly ok: boolean;
  /** What the action's provider put out; with the shipped ones an object that has `ok`. */
  readonly output: unknown;
  readonly receiptId: string;
  readonly traceId: string;
  readonly grantId: string;
  readonly verification: Verification;
  readonly runtime: Runtime;
  /** The session that the call was made in. */
  readonly sessionId: string;
  /** Set where the journal had it from an earlier call with the same `callId`: nothing was sent for this one. */
  readonly joined?: true;
}

/** A receipt of the gate. `raw` is the wire's own object: that is what `verifyReceipt` hashes. */
export interface ExecutionReceipt {
  readonly receiptId: string;
  readonly grantId: string;
  readonly providerModule: string;
  /** The provider's raw output: the `output` of the execute answer. */
  readonly providerReceipt: unknown;
  readonly normalizedResult: Readonly<Record<string, unknown>>;
  readonly verificationOutcome: Readonly<Record<string, unknown>>;
  readonly effectEvidence: readonly unknown[];
  readonly resultHash: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly failureClass: string | null;
  readonly receiptSignature: string | null;
  readonly signingKeyId: string | null;
  /** What the gate says of the signature. It looks at the stored hash alone: `verifyReceipt` recomputes that. */
  readonly signatureStatus: string | null;
  readonly raw: Schemas["Receipt"];
}

/** Where an approval stands. `failed` may have had its effect; `reason` is the only hint. */
export interface ApprovalStatus {
  readonly approvalId: string;
  readonly status: "pending" | "approved" | "denied" | "failed" | (string & {});
  /** The action that is held, where this client has seen it being held; else empty (the gate does not say). */
  readonly actionId: string;
  readonly receiptId: string | null;
  readonly reason: string | null;
  readonly retryAfterSeconds: number | null;
  readonly raw: Readonly<Record<string, unknown>>;
}

/** Which hosts an action may talk to. `unknown`: the gate said something that this version does not know. */
export interface EgressProfile {
  readonly profile: "none" | "proxy_allowlist" | "unknown" | (string & {});
  readonly allowedDomains: readonly string[];
}

export function actionResultFromJson(body: Schemas["ExecutionResult"], sessionId: string): ActionResult {
  // Their members get a second spelling in place: the answer is nobody else's, and copying it cost 6 µs a call.
  const verification = (body.verification ?? {}) as Partial<Schemas["ExecutionResult"]["verification"]>;
  const runtime = (body.runtime ?? {}) as Partial<Schemas["ExecutionResult"]["runtime"]>;
  const isFullySuccessful = verification.is_fully_successful === true;
  return {
    ok: isFullySuccessful && !saysNotOk(body.output),
    output: body.output,
    receiptId: body.receipt_id,
    traceId: body.trace_id,
    grantId: body.grant_id,
    verification: Object.assign(verification, { isFullySuccessful }) as Verification,
    runtime: Object.assign(runtime, {
      durationMs: runtime.duration_ms,
      exitCode: runtime.exit_code,
      fuelConsumed: runtime.fuel_consumed,
    }) as Runtime,
    sessionId,
  };
}

/** The result of a call that was held, from the receipt of what the gate then executed. */
export function actionResultFromReceipt(
  receipt: ExecutionReceipt,
  call: { readonly traceId: string; readonly sessionId: string },
): ActionResult {
  const outcome = String(receipt.verificationOutcome["status"]);
  const successful = isFullySuccessful(receipt);
  return {
    ok: successful && !saysNotOk(receipt.providerReceipt),
    output: receipt.providerReceipt,
    receiptId: receipt.receiptId,
    traceId: call.traceId,
    grantId: receipt.grantId,
    verification: { outcome, is_fully_successful: successful, isFullySuccessful: successful },
    runtime: {},
    sessionId: call.sessionId,
  };
}

const saysNotOk = (output: unknown) =>
  typeof output === "object" && output !== null && (output as { ok?: unknown }).ok === false;

export function receiptFromJson(raw: Schemas["Receipt"]): ExecutionReceipt {
  // 0.2.0 knew the module under the shorter name too.
  const { provider_module } = raw as { provider_module?: string };
  return {
    receiptId: raw.receipt_id,
    grantId: raw.grant_id,
    providerModule: raw.provider_module_digest ?? provider_module ?? "",
    providerReceipt: raw.provider_receipt,
    normalizedResult: raw.normalized_result ?? {},
    verificationOutcome: raw.verification_outcome ?? {},
    effectEvidence: raw.effect_evidence ?? [],
    resultHash: raw.result_hash,
    startedAt: raw.started_at,
    finishedAt: raw.finished_at,
    failureClass: raw.failure_class ?? null,
    receiptSignature: raw.receipt_signature ?? null,
    signingKeyId: raw.signing_key_id ?? null,
    signatureStatus: raw.signature_status ?? null,
    raw,
  };
}

/** Whether a receipt tells of success, and the gate does not call its signature wrong. `verifyReceipt` checks that. */
export function isFullySuccessful(receipt: ExecutionReceipt): boolean {
  const { normalizedResult, verificationOutcome, signatureStatus } = receipt;
  const verified = ["verified", "unverifiable_declared"].includes(String(verificationOutcome["status"]));
  const forged = signatureStatus === "invalid" || signatureStatus === "malformed_signature";
  return normalizedResult["kind"] === "success" && verified && !forged;
}

/** The egress profile of an action's detail, or of its `egress` member. */
export function egressProfileFromJson(data: unknown): EgressProfile {
  if (data === "none") return { profile: "none", allowedDomains: [] };
  if (typeof data !== "object" || data === null) return { profile: "unknown", allowedDomains: [] };
  if ("egress" in data) return egressProfileFromJson(data.egress);
  const { proxy_allowlist } = data as { proxy_allowlist?: { allowed_domains?: unknown } };
  const domains = proxy_allowlist?.allowed_domains;
  if (!Array.isArray(domains)) return { profile: "unknown", allowedDomains: [] };
  return {
    profile: "proxy_allowlist",
    allowedDomains: domains.filter((domain) => typeof domain === "string"),
  };
}
