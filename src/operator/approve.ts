import { type Call, gateTimeOf } from "../call/call.ts";
import type { CallOptions } from "../call/call-state.ts";
import type { components, operations } from "../generated/operator.ts";
import { checkedOptions } from "../vocabulary/checked-options.ts";
import {
  LatchGateApprovalExpired,
  LatchGateConflict,
  LatchGateError,
  LatchGateInvalidRequest,
  LatchGateOutcomeUnknown,
} from "../vocabulary/errors.ts";
import type { Clock } from "../wire/send.ts";
import { type ApproveAnswer, endedFromJson, executedFromJson } from "./decisions.ts";
import { type LearnOptions, recordOf, willLearn } from "./learning.ts";
import { globProblem } from "./values.ts";

type Detail = components["schemas"]["ApprovalDetail"];

export interface ApproveOptions extends CallOptions, LearnOptions {
  /**
   * Approves what is `claimed` or has expired all the same. A claimed one may have run: 120 s after the claim the gate
   * **runs the action a second time**.
   */
  readonly again?: boolean | undefined;
}

export type Approve = (approvalId: string, options?: ApproveOptions) => Promise<ApproveAnswer>;

/** How long looking up what became of an approve may take. */
const LOOK_UP_MS = 5_000;

export function createApprove(call: Call<operations>, clock: Clock): Approve {
  const target = (approvalId: string) => ({ path: { approval_id: approvalId }, subject: approvalId });

  /** Refuses what must not, or can't, be approved, by what the gate says of it now. */
  async function look(approvalId: string, options: ApproveOptions): Promise<Detail> {
    const seen = await call("getApproval", target(approvalId), callOptions(options));
    const { body: detail } = seen;
    const record = recordOf(detail);
    if (record === undefined || !["pending", "claimed"].includes(record.status)) return detail;
    if (options.again !== true) {
      if (detail.status === "claimed") throw claimed(detail);
      if (gateTimeOf(seen) >= Date.parse(record.expires_at ?? "")) throw expired(detail);
    }
    await refuseUnlearnable(record, options);
    return detail;
  }

  async function refuseUnlearnable(
    record: components["schemas"]["ApprovalRecord"],
    options: ApproveOptions,
  ): Promise<void> {
    if (options.learnPath !== undefined) return;
    const [first] = record.unresolved_paths ?? [];
    const problem = first === undefined || first.startsWith("/") ? undefined : globProblem(first);
    if (problem !== undefined)
      throw refused(
        "path_not_learnable",
        `the path ${JSON.stringify(first)} that this approve would learn ${problem}: the gate would refuse it and leave the approval claimed for 120 s; give a learnPath, or deny it`,
      );
    if (first !== undefined || !isFileAction(record)) return;
    const { action_id: action } = record;
    const { body } = await call(
      "listPaths",
      { query: { action }, subject: "<approval>" },
      callOptions(options),
    );
    if (body.paths.length === 0)
      throw refused(
        "learned_path_needed",
        `an approved ${action} may touch learned paths only, and none is learned for it: it would fail; give a learnPath such as "docs/**", or add one with paths.add first`,
      );
  }

  /** What an approve without a usable answer has become, as far as the gate can say. */
  async function doubt(approvalId: string, error: LatchGateError): Promise<LatchGateError> {
    const found =
      error.code === "aborted"
        ? undefined
        : await call("getApproval", target(approvalId), { timeoutMs: LOOK_UP_MS }).then(
            ({ body }) => body,
            () => undefined,
          );
    const details = {
      ...error,
      outcome: found?.status === "approved" ? ("executed" as const) : error.outcome,
      hint: hintFor(approvalId, found, error),
      body: { ...bodyOf(error.body), ...(found === undefined ? {} : { approval: stateOf(found) }) },
      cause: error.cause,
    };
    if (error instanceof LatchGateConflict) return new LatchGateConflict(error.message, details);
    const message =
      error.code === "replay_detected"
        ? "the gate has seen this approve before: something between has sent it twice, and the first copy was accepted; do not approve again, look at the approval"
        : error.message;
    return new LatchGateOutcomeUnknown(message, details);
  }

  return async (approvalId, options = {}) => {
    checkedOptions(options, approvalId);
    const began = clock.monotonic();
    // What is given is checked first: nothing is asked for a glob that no gate takes.
    if (options.learnDomain !== undefined || options.learnPath !== undefined)
      willLearn({ source: "durable_outcome" } as Detail, options);
    const detail = await look(approvalId, options);
    const left =
      options.timeoutMs === undefined
        ? undefined
        : Math.max(1, options.timeoutMs - (clock.monotonic() - began));
    const query = { learn_domain: options.learnDomain, learn_path: options.learnPath };
    try {
      const { body } = await call(
        "approveApproval",
        { ...target(approvalId), subject: recordOf(detail)?.action_id ?? approvalId, query },
        { ...callOptions(options), timeoutMs: left, retry: once(options.retry) },
      );
      return body.decision === "executed"
        ? executedFromJson(body, recordOf(detail)?.session_id ?? "")
        : endedFromJson(body, detail);
    } catch (error) {
      const doubtful = error instanceof LatchGateError && error.outcome !== "not_executed";
      throw doubtful ? await doubt(approvalId, error) : error;
    }
  };
}

/** One try: a second one would come without a new look, and what was pending may have been claimed by then. */
const once = (own: CallOptions["retry"]): CallOptions["retry"] =>
  own === false ? false : { ...own, attempts: 1 };

const callOptions = ({ signal, timeoutMs, retry }: CallOptions): CallOptions => ({
  signal,
  timeoutMs,
  retry,
});

const isFileAction = (record: components["schemas"]["ApprovalRecord"]) =>
  record.verifier_kind === "fs_hash" || record.provider_module_digest === "builtin:fs";

const refused = (code: string, problem: string) =>
  new LatchGateInvalidRequest("<approval>", problem, { code });

const claimed = (detail: Detail) =>
  new LatchGateConflict(
    "the approval is claimed: an approve of it is under way, or was cut off and may have run",
    {
      code: "approval_claimed",
      outcome: "unknown",
      body: { approval: stateOf(detail) },
      hint: `${DO_NOT_REPEAT}; deny closes it, and { again: true } approves it all the same`,
    },
  );

const DO_NOT_REPEAT =
  "120 s after the claim the gate would take another approve and run the action a second time: look at the action's effect first";

const expired = (detail: Detail) =>
  new LatchGateApprovalExpired(detail.approval_id, {
    body: { approval: stateOf(detail) },
    hint: "the agent has to ask again; this one can still be denied, and an approve of it would fail",
  });

function hintFor(approvalId: string, found: Detail | undefined, error: LatchGateError): string {
  const id = JSON.stringify(approvalId);
  if (found === undefined)
    return `it is not known what became of it: look with approvals.get(${id}) before anything else, and do not approve it again as long as it is claimed (${DO_NOT_REPEAT})`;
  if (found.status === "approved") return `it has run: its receipt is ${found.receipt_id}`;
  if (found.status === "failed")
    return `it failed (${found.error_code}), and may have had its effect: approvals.explain(${id}) says what the ledger knows`;
  if (found.status === "denied") return "an operator has denied it";
  if (found.status === "pending")
    return error.status === undefined
      ? "the gate had not begun it when it was looked at, and may still: look again before you approve it again"
      : "it is pending, and can still be decided";
  return `it is claimed: it runs now, or was cut off; look with approvals.get(${id}) until it is not claimed any more. ${DO_NOT_REPEAT}`;
}

/** What an error says of an approval: how far it came, and nothing of what it is about. */
function stateOf(detail: Detail): Record<string, unknown> {
  const all = detail as unknown as Record<string, unknown>;
  return Object.fromEntries(STATE.filter((name) => all[name] !== undefined).map((name) => [name, all[name]]));
}

const STATE = [
  "approval_id",
  "status",
  "action_id",
  "expires_at",
  "claimed_by",
  "claimed_at",
  "completed_at",
  "receipt_id",
  "deny_reason",
  "error_code",
] as const satisfies readonly MemberOf<Detail>[];
type MemberOf<Shape> = Shape extends unknown ? keyof Shape : never;

const bodyOf = (body: unknown): object =>
  typeof body === "object" && body !== null ? body : body === undefined ? {} : { text: body };
