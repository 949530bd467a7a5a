import { type Call, gateTimeOf } from "../call/call.ts";
import type { CallOptions } from "../call/call-state.ts";
import type { components, operations } from "../generated/operator.ts";
import { checkedOptions } from "../vocabulary/checked-options.ts";
import type { Clock } from "../wire/send.ts";
import { type Approve, createApprove } from "./approve.ts";
import { type DenyAnswer, denialFromJson, endedFromJson } from "./decisions.ts";
import { createExplain, type Explanation } from "./explain.ts";
import { wrongValue } from "./values.ts";
import { type ApprovalSummary, type WatchOptions, watch } from "./watch.ts";

type Schemas = components["schemas"];

export interface ListOptions extends CallOptions {
  /** Only approvals in this state, as it is stored. */
  readonly status?: Schemas["ApprovalState"] | undefined;
  /** At most so many, the newest; 200 at most, and by default. What has expired counts among them. */
  readonly limit?: number | undefined;
  /** Whether pending ones are listed too that can't be approved any more: a gate with SQLite keeps them for ever. */
  readonly includeExpired?: boolean | undefined;
}

/** Held actions, and deciding on them. */
export interface OperatorApprovals {
  /** The newest first. There are no further pages: the gate lists 200 at most. */
  list(options?: ListOptions): Promise<readonly ApprovalSummary[]>;
  /** One approval with the plan that an approve would run; never the parameters, only what was found of them. */
  get(approvalId: string, options?: CallOptions): Promise<Schemas["ApprovalDetail"]>;
  /**
   * Approves, which **executes the action now**, and gives its result; or says that the approval had ended before
   * (`already_…`). It looks at the approval first, and never sends an approve twice that may have been taken. Where that
   * ends without an answer it looks again, which may take 5 s more than `timeoutMs`.
   *
   * **The gate learns by it, for good** (see `willLearn`): the domain and the path that held the call are open for every
   * later call of this action. **A learned glob overrides the manifest's deny list for every later approved call**:
   * after `learnPath: "docs/**"` an approved write of `docs/.env` goes through.
   * @throws LatchGateConflict when it is claimed (`approval_claimed`, `conflict`): another run may be under way, or was cut off
   * @throws LatchGateApprovalExpired when it can't be given any more; nothing has run
   * @throws LatchGateInvalidRequest before anything is sent: `learned_path_needed`, `invalid_domain`, …
   * @throws LatchGateOutcomeUnknown when it may have run; its `body.approval` and `hint` say where the approval stands
   * @throws LatchGateNotFound, LatchGateDenied, LatchGateAuthError, LatchGateUnavailable, LatchGateTransportError: nothing has run
   */
  approve: Approve;
  /**
   * Denies: the action will not run, and the agent is told the reason. Of an approval that was claimed and cut off it is
   * accepted 120 s later too, although the action may have run.
   */
  deny(approvalId: string, reason?: string, options?: CallOptions): Promise<DenyAnswer>;
  /**
   * Each approval that waits for an operator, once, the oldest first, until the signal is aborted. A gate that is away for
   * a while ends it not.
   *
   * @example
   * for await (const approval of operator.approvals.watch({ signal })) console.log(approval.action_id);
   */
  watch(options?: WatchOptions): AsyncGenerator<ApprovalSummary, void, undefined>;
  /** Why an approved action failed, from the audit ledger and from the receipt that only the ledger names. */
  explain(approvalId: string, options?: CallOptions): Promise<Explanation>;
}

const SUBJECT = "<approval>";
const MOST_LISTED = 200;

export function createOperatorApprovals(call: Call<operations>, clock: Clock): OperatorApprovals {
  async function list(given: ListOptions = {}) {
    const {
      status,
      limit = MOST_LISTED,
      includeExpired = false,
      ...options
    } = checkedOptions(given, "<approval>");
    if (!(Number.isInteger(limit) && limit >= 0 && limit <= MOST_LISTED))
      throw wrongValue("invalid_options", `limit must be a whole number from 0 to ${MOST_LISTED}`);
    const listed = await call("listApprovals", { subject: SUBJECT, query: { status, limit } }, options);
    const gateNow = gateTimeOf(listed);
    const { body } = listed;
    const waits = ({ status: state, expires_at }: ApprovalSummary) =>
      state !== "pending" || !(Date.parse(expires_at) <= gateNow);
    return includeExpired ? body.approvals : body.approvals.filter(waits);
  }

  async function get(approvalId: string, options?: CallOptions) {
    const input = { path: { approval_id: approvalId }, subject: approvalId };
    return (await call("getApproval", input, options)).body;
  }

  return {
    list,
    get,
    approve: createApprove(call, clock),

    async deny(approvalId, reason, options) {
      if (reason !== undefined && typeof reason !== "string")
        throw wrongValue("invalid_options", "the reason of a deny must be a text");
      // With a content type and no body the gate answers 400; with neither it says `operator_denied` itself.
      const body = reason === undefined ? {} : { body: { reason } };
      const input = { path: { approval_id: approvalId }, subject: approvalId, ...body };
      const answer = (await call("denyApproval", input, options)).body;
      return answer.decision === "deny" ? denialFromJson(answer) : endedFromJson(answer, undefined);
    },

    watch: (options = {}) =>
      // The watch itself repeats; it must not use up what others may repeat.
      watch((signal) => list({ status: "pending", signal, retry: false }), clock, options),

    explain: createExplain(call, get),
  };
}
