import type { Call } from "../call/call.ts";
import type { CallOptions } from "../call/call-state.ts";
import type { SentParameters } from "../call/sent-parameters.ts";
import { canonicalHash } from "../evidence/canonical.ts";
import type { operations } from "../generated/agent.ts";
import {
  type ErrorDetails,
  LatchGateApprovalLost,
  LatchGateApprovalRequired,
  LatchGateError,
  LatchGateInvalidRequest,
  LatchGateJournalError,
  LatchGateNotFound,
  LatchGateOutcomeUnknown,
  LatchGateTransportError,
} from "../vocabulary/errors.ts";
import type { ActionResult, ApprovalStatus } from "../vocabulary/models.ts";
import { waitFor } from "../wire/patience.ts";
import { type Clock, sleep } from "../wire/send.ts";
import type { Approvals, WaitOptions } from "./approvals.ts";
import {
  type Begun,
  createEarlierRuns,
  doneEntry,
  endedEntry,
  type Found,
  stillUnderWay,
} from "./earlier-run.ts";
import type { Handover } from "./handover.ts";
import type { Journal, JournalEntry } from "./journal.ts";
import { createPatientJournal } from "./patient-journal.ts";
import { createWhereabouts } from "./whereabouts.ts";

interface OnceOptions extends CallOptions, Pick<WaitOptions, "waitMs" | "onPoll"> {
  readonly whenHeld?: "throw" | "wait" | undefined;
}

/** Calls with an id of the caller's. */
export interface Once<Options extends OnceOptions> {
  /** An execute: run again with its id, it is not run twice. */
  execute(
    callId: string,
    actionId: string,
    body: SentParameters,
    options: Options & { readonly timeoutMs: number },
  ): Promise<ActionResult>;
  /** Waits for what becomes of the call of an earlier run, of this process or another one. */
  follow(callId: string, options: WaitOptions): Promise<ActionResult>;
}

interface Parts<Options extends OnceOptions> {
  /** Sends the call, and throws `LatchGateApprovalRequired` when it is held. */
  readonly post: (actionId: string, body: SentParameters, options: Options) => Promise<ActionResult>;
  readonly call: Call<operations>;
  readonly approvals: Approvals;
  readonly journal: Journal;
  /** What other processes need of held calls is sealed by it; undefined: they get nothing. */
  readonly handover: Handover | undefined;
  readonly gateUrl: string;
  readonly clock: Clock;
  /** Aborted when the client is closed. */
  readonly closing: AbortSignal;
}

export function createOnce<Options extends OnceOptions>(parts: Parts<Options>): Once<Options> {
  const { post, approvals, clock, closing } = parts;
  const journal = createPatientJournal(parts.journal, clock);
  const whereabouts = createWhereabouts(clock);
  const earlier = createEarlierRuns(parts);
  const inFlight = new Map<string, { readonly requestHash: string; readonly begun: Promise<Begun> }>();

  const found = (callId: string, entry: JournalEntry): Found => ({
    callId,
    entry,
    note: (end) => journal.note(callId, whereabouts.signed(end)),
  });

  /** The first run. */
  async function begin(
    callId: string,
    entry: JournalEntry,
    body: SentParameters,
    options: Options,
  ): Promise<Begun> {
    const { note } = found(callId, entry);
    try {
      const result = await post(entry.actionId, body, options);
      await note(doneEntry(entry, result));
      return { result };
    } catch (error) {
      if (error instanceof LatchGateApprovalRequired) {
        const held = found(callId, await earlier.heldEntry({ callId, entry, note }, error));
        await note(held.entry);
        earlier.watch(held, error.approvalId);
        return { held: error, resumed: false };
      }
      const isUndone = error instanceof LatchGateError && error.outcome === "not_executed";
      if (isUndone) await journal.forget(callId);
      else await note({ ...endedEntry(entry, error), state: "sent" });
      throw error;
    }
  }

  /**
   * The entry, once nobody is sending that call any more; undefined when whoever did has taken it back.
   * @throws LatchGateOutcomeUnknown with the code `under_way` when the caller waits no longer
   */
  async function settled(
    callId: string,
    first: JournalEntry | undefined,
    { signal, waitMs = Number.POSITIVE_INFINITY }: WaitOptions,
  ): Promise<JournalEntry | undefined> {
    const began = clock.monotonic();
    let entry = first;
    for (;;) {
      const leftMs = entry === undefined ? 0 : whereabouts.underWayMs(entry);
      if (entry === undefined || leftMs <= 0) return entry;
      const pause = Math.min(LOOK_AGAIN_MS, leftMs);
      if (clock.monotonic() - began + pause > waitMs) throw stillUnderWay(entry, leftMs);
      const seen = entry;
      await sleep(clock, pause, signal, closing).catch(() => {
        throw stillUnderWay(seen, leftMs);
      });
      entry = await journal.get(callId, { signal });
    }
  }

  /** What a held call means for one of its callers: each has its own patience. */
  async function decided(begun: Begun, options: OnceOptions): Promise<ActionResult> {
    if ("result" in begun) return begun.result;
    const { held, resumed } = begun;
    if (options.whenHeld !== "wait") {
      if (!resumed) throw held;
      const status = await heldStatus(held, options);
      if (status.status === "pending") throw status.retryAfterSeconds === 1 ? underWay(held) : held;
    }
    return approvals.wait(held, options);
  }

  async function heldStatus(held: LatchGateApprovalRequired, options: OnceOptions): Promise<ApprovalStatus> {
    const { actionId, approvalId, sessionId, traceId } = held;
    try {
      return await approvals.status(approvalId, options);
    } catch (cause) {
      if (cause instanceof LatchGateApprovalLost) throw cause;
      // That the poll did nothing does not say so of the call that is held.
      const code = cause instanceof LatchGateError ? cause.code : undefined;
      const details: ErrorDetails = { code, outcome: "unknown", sessionId, traceId, cause };
      throw new LatchGateApprovalRequired(actionId, approvalId, details);
    }
  }

  async function journaled(
    callId: string,
    fresh: JournalEntry,
    body: SentParameters,
    options: Options & { readonly timeoutMs: number },
  ): Promise<Begun> {
    const { signal } = options;
    const began = clock.monotonic();
    const left = () => options.timeoutMs - (clock.monotonic() - began);
    const patience = () => ({ signal, timeoutMs: Math.max(1, left()) });
    const entry = whereabouts.sending(fresh, options.timeoutMs);
    if (await journal.add(callId, entry, patience())) {
      const rest = left();
      if (!signal?.aborted && rest > 0) return begin(callId, fresh, body, { ...options, timeoutMs: rest });
      await journal.forget(callId);
      throw givenUpUnsent(signal);
    }
    const earliest = await journal.get(callId, patience());
    if (earliest === undefined)
      throw new LatchGateJournalError("the journal has this callId, and gives no entry for it");
    if (earliest.requestHash !== fresh.requestHash) throw reused(fresh.actionId);
    const waitMs = options.whenHeld === "wait" ? Math.min(options.waitMs ?? left(), left()) : 0;
    const last = await settled(callId, earliest, { signal, waitMs });
    // Whoever was sending it has surely done nothing: it is made now.
    if (last === undefined)
      return journaled(callId, fresh, body, { ...options, timeoutMs: patience().timeoutMs });
    return earlier.resume(found(callId, last), { ...options, ...patience() });
  }

  /** The waiting of a caller that joins a run: its own signal and time end it, and not the run. */
  const joined = (begun: Promise<Begun>, { signal, timeoutMs }: CallOptions) =>
    waitFor(
      begun,
      clock,
      { signal, timeoutMs },
      (code) => new LatchGateOutcomeUnknown(STILL_UNDER_WAY, { code, cause: signal?.reason }),
    );

  async function execute(
    callId: string,
    actionId: string,
    body: SentParameters,
    options: Options & { readonly timeoutMs: number },
  ): Promise<ActionResult> {
    const requestHash = hashOf(actionId, body.value);
    const entry: JournalEntry = { state: "sent", actionId, requestHash };
    const began = clock.monotonic();
    const running = inFlight.get(callId);
    if (running === undefined) {
      const begun = journaled(callId, entry, body, options).finally(() => inFlight.delete(callId));
      inFlight.set(callId, { requestHash, begun });
      return decided(await begun, options);
    }
    if (running.requestHash !== requestHash) throw reused(actionId);
    let begun: Begun;
    try {
      begun = await joined(running.begun, options);
    } catch (error) {
      // The other's patience is not this one's: what it gave up before anything was sent is made for this one.
      if (!isGivenUp(error) || options.signal?.aborted) throw error;
      const timeoutMs = Math.max(1, options.timeoutMs - (clock.monotonic() - began));
      return execute(callId, actionId, body, { ...options, timeoutMs });
    }
    return decided(begun, options);
  }

  async function follow(callId: string, options: WaitOptions): Promise<ActionResult> {
    const { signal, waitMs } = options;
    const began = clock.monotonic();
    const rest = (): WaitOptions =>
      waitMs === undefined
        ? options
        : { ...options, waitMs: Math.max(1, waitMs - (clock.monotonic() - began)) };
    const wait = (begun: Begun) => decided(begun, { ...rest(), whenHeld: "wait" });
    const running = inFlight.get(callId);
    if (running !== undefined) return wait(await joined(running.begun, { signal, timeoutMs: waitMs }));
    const entry = await journal.get(callId, { signal, timeoutMs: waitMs });
    const last = await settled(callId, entry, rest());
    if (last === undefined) throw notInJournal();
    return wait(await earlier.resume(found(callId, last), { signal, timeoutMs: rest().waitMs }));
  }

  return { execute, follow };
}

/** How often the journal is asked about a call that another process is sending. */
const LOOK_AGAIN_MS = 1_000;

const givenUpUnsent = (signal: AbortSignal | undefined) =>
  signal?.aborted
    ? new LatchGateTransportError("the call was aborted by its signal", {
        code: "aborted",
        cause: signal.reason,
      })
    : new LatchGateTransportError("the call's time was over before anything was sent", { code: "timeout" });

const notInJournal = () =>
  new LatchGateNotFound("<call>", "the journal has no call with this callId", {
    code: "no_such_call",
    outcome: "unknown",
    hint: "nothing was sent with it, or it surely did nothing, or the journal has lost it",
  });

const isGivenUp = (error: unknown) =>
  error instanceof LatchGateError &&
  error.outcome === "not_executed" &&
  (error.code === "aborted" || error.code === "timeout");

const STILL_UNDER_WAY =
  "the call that this one joined is still under way: it may have run, and its id joins it again";

const reused = (actionId: string) =>
  new LatchGateInvalidRequest(
    actionId,
    "this callId belongs to another call: other action or other parameters",
    { code: "call_id_reused" },
  );

/** A held call that an operator has claimed: it may be running now. */
const underWay = ({ actionId, approvalId, sessionId, traceId }: LatchGateApprovalRequired) =>
  new LatchGateApprovalRequired(actionId, approvalId, {
    sessionId,
    traceId,
    outcome: "unknown",
    hint: "an operator has claimed it: it may be running now",
  });

function hashOf(actionId: string, body: unknown): string {
  try {
    return canonicalHash([actionId, body]);
  } catch {
    throw new LatchGateInvalidRequest(
      actionId,
      "the parameters have no canonical JSON form (half a character pair?)",
      {
        code: "invalid_parameters",
      },
    );
  }
}
