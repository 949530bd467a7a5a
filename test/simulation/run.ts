import { type Effect, MockGate } from "latchgate-client/testing";
import {
  type ActionResult,
  type ExecuteOptions,
  LatchGateApprovalLost,
  LatchGateError,
} from "../../src/index.ts";
import { LatchGateOperator } from "../../src/operator.ts";
import { createChance } from "./chance.ts";
import { createJudge, describe, type Mark } from "./judge.ts";
import { createNetwork } from "./network.ts";
import { createProcess, type SimulatedProcess, type Surroundings } from "./process.ts";
import type { PlannedCall, Program, Step } from "./program.ts";
import { createProcessClock, createTimeline } from "./timeline.ts";
import type { Proofs } from "./wiretap.ts";

/** What came of a run. */
export interface RunReport {
  readonly violations: readonly string[];
  readonly marks: readonly Mark[];
  readonly requests: number;
  readonly effects: number;
  readonly sessions: number;
  /** What happened, line by line and without ids: the same for the same program. */
  readonly trace: readonly string[];
}

const START = Date.UTC(2026, 10, 24, 12);
/** Longer than any lease, approval and timeout of a program together. */
const FOREVER_MS = 3_600_000;
/** No lease of a program lives longer. */
const LONGEST_LIFE_MS = 900_000;
const EXECUTE_MS = 45_000;
const READ_MS = 30_000;
const EXPLAIN_MS = 2_000;
/** So long a result is kept back for a journal that does not answer, each time that it is told something. */
const NOTES_MS = 2 * 5_000;
const SLACK_MS = 50;

export async function run(program: Program): Promise<RunReport> {
  const timeline = createTimeline(START);
  const chance = createChance(program.seed ^ 0x5eed);
  let sleeping = 0;

  /** The action's work: for that long the gate waits for time and for nothing else. */
  async function act({ runMs, ending }: PlannedCall): Promise<unknown> {
    if (runMs > 0) {
      sleeping += 1;
      timeline.busy.end();
      await timeline.sleep(runMs);
      timeline.busy.begin();
      sleeping -= 1;
    }
    if (ending === "throws") throw new Error("the provider failed after its effect");
    return ending === "odd" ? { done: true } : { ok: true };
  }

  const gate = new MockGate({
    now: timeline.now,
    builtinActions: false,
    leaseTtlSeconds: program.leaseTtlSeconds,
    rateLimits: { execute: program.executesPerSecond, leases: program.leasesPerSecond, anonymous: false },
    actions: { low: { riskLevel: "low", run: act }, risky: { riskLevel: "high", run: act } },
  });
  const judge = createJudge(() => gate.effects);
  const network = createNetwork(timeline, gate, chance);
  const proofs: Proofs = new Map();
  const around: Surroundings = { timeline, gate, network, judge, proofs, chance, store: new Map() };
  const operator = new LatchGateOperator({
    fetch: gate.operatorFetch,
    ...gate.operatorCredentials,
    clock: createProcessClock(timeline, chance, 0),
  });
  const start = () => createProcess(around, program);
  const processes: SimulatedProcess[] = [start(), start()];
  const all = [...processes];
  const trace: string[] = [];
  const waiting = new Set<Promise<void>>();
  const cutOff = new Set<string>();
  let restarts = 0;

  const note = (what: string) => trace.push(`${timeline.now() - START} ${what}`);

  /** Follows something that a caller waits for, until it ends, or its process does. */
  function follow<Value>(
    name: string,
    at: SimulatedProcess,
    promise: Promise<Value>,
    limitMs: number,
    told: (value: Value | Error | "crashed") => void,
  ): void {
    const began = timeline.now();
    let callOff = () => {};
    const limit = new Promise<"late">((resolve) => {
      callOff = timeline.at(limitMs, () => resolve("late"));
    });
    const settled = promise.then(
      (value) => value,
      (error: Error) => error,
    );
    const followed = Promise.race([settled, limit]).then(async (first) => {
      callOff();
      if (first === "late" && at.alive) {
        judge.violation("nothing hangs", `${name} took longer than its ${limitMs} ms`);
        note(`${name} hangs`);
      }
      const value = at.alive ? (first === "late" ? await settled : first) : "crashed";
      note(`${name} took ${timeline.now() - began}: ${outcomeText(value)}`);
      told(value);
    });
    waiting.add(followed);
    void followed.finally(() => waiting.delete(followed));
  }

  function execute(at: SimulatedProcess, call: PlannedCall): void {
    const { marker, held, whenHeld, waitMs, timeoutMs, abortAfterMs, retry, withCallId } = call;
    const mark = judge.markOf(marker, held);
    if (retry === false || retry?.resend === false) mark.doubts.add("no second copy");
    if (mark.verdicts.some((verdict) => verdict === "unknown" || verdict === "crashed"))
      mark.doubts.add("unknown before");
    // Another process that finds a call under way can't know how it will end.
    if (mark.running > 0) mark.doubts.add("under way elsewhere");
    mark.running += 1;
    const abort = new AbortController();
    const options: ExecuteOptions = {
      whenHeld,
      waitMs,
      timeoutMs,
      retry,
      ...(withCallId ? { callId: `call-${marker}` } : {}),
      ...(abortAfterMs === undefined ? {} : { signal: abort.signal }),
    };
    const { runMs, ending } = call;
    const params = { marker, runMs, ending };
    // A held call is looked at, waited for, and its receipt is read.
    const waits = held ? READ_MS + Math.min(waitMs ?? FOREVER_MS, LONGEST_LIFE_MS) + READ_MS : 0;
    const notes = withCallId ? NOTES_MS : 0;
    const limit = (timeoutMs ?? EXECUTE_MS) + EXPLAIN_MS + waits + notes + SLACK_MS;
    const promise = at.client.execute(held ? "risky" : "low", params, options);
    // Only now: an abort at once is one before the first byte.
    if (abortAfterMs === 0) abort.abort();
    else if (abortAfterMs !== undefined) timeline.at(abortAfterMs, () => abort.abort());
    follow(`call ${marker}`, at, promise, limit, (told) => {
      mark.running -= 1;
      judgeLost(at, told);
      judge.ended(marker, told);
    });
  }

  /** An approval is only lost when its session's lease has ended, or the gate was restarted. */
  function judgeLost(at: SimulatedProcess, told: unknown): void {
    if (!(told instanceof LatchGateApprovalLost)) return;
    if (told.code === "gate_restarted" && restarts > 0) return;
    const end = at.wiretap.endOfFollowing(told.approvalId);
    if (end !== undefined && end - timeline.now() > 600)
      judge.violation(
        "polled by its own session",
        "an approval was given up while its session's lease lives",
      );
  }

  function decide(what: "approve" | "approve_lost" | "deny" | "claim", nth: number): void {
    const approval = nthApproval(nth);
    if (approval === undefined) return;
    const { approvalId } = approval;
    const ran = effectsOf(gate.effects, (approval.params as PlannedCall).marker) > 0;
    if (what === "claim") gate.claim(approvalId);
    else if (what === "approve_lost") loseApprove(approvalId);
    else if (what === "deny") void gate.deny(approvalId);
    else {
      timeline.busy.begin();
      if (ran) judge.markOf((approval.params as PlannedCall).marker, true).events.add("approved again");
      void gate.approve(approvalId).finally(timeline.busy.end);
    }
  }

  /** An operator's connection breaks while the action runs: it has its effect, and the claim stays for 120 s. */
  function loseApprove(approvalId: string): void {
    cutOff.add(approvalId);
    const fault = gate.fault("approveApproval", { kind: "reset", when: "running" });
    timeline.busy.begin();
    void operator.approvals
      .approve(approvalId, { retry: false })
      .catch(() => {})
      .finally(() => {
        fault.remove();
        timeline.busy.end();
      });
  }

  const nthApproval = (nth: number) => {
    const { approvals } = gate;
    return approvals.length === 0 ? undefined : approvals[nth % approvals.length];
  };

  function lookAt(what: "poll" | "wait", at: SimulatedProcess, nth: number): void {
    const approval = nthApproval(nth);
    if (approval === undefined) return;
    const { approvalId, params } = approval;
    const { marker } = params as PlannedCall;
    const checked = (told: ActionResult | Error | "crashed") => {
      judgeLost(at, told);
      // Who does not see an approval has not been told anything about it.
      if (told === "crashed" || (told instanceof LatchGateError && told.name !== "LatchGateApprovalDenied"))
        return;
      judge.ended(marker, told);
    };
    if (what === "wait") {
      follow(`wait for ${marker}`, at, at.client.waitForApproval(approvalId), FOREVER_MS, checked);
      return;
    }
    follow(`poll of ${marker}`, at, at.client.getApprovalStatus(approvalId), READ_MS + SLACK_MS, (told) => {
      judgeLost(at, told);
      if (told instanceof Error || told === "crashed") return;
      if (told.status === "approved" && effectsOf(gate.effects, marker) !== 1)
        judge.violation("approved has run", `approval of call ${marker} is approved without an effect`);
      // An approve that was cut off while its action ran can be denied 120 s later: the gate says "denied" then.
      if (told.status === "denied" && !cutOff.has(approvalId) && effectsOf(gate.effects, marker) !== 0)
        judge.violation("denied has not run", `call ${marker} ran though it was denied`);
    });
  }

  async function perform(step: Step): Promise<void> {
    note(step.what);
    const at = "client" in step ? processes[step.client] : undefined;
    const replace = () => {
      const fresh = start();
      all.push(fresh);
      if ("client" in step) processes[step.client] = fresh;
    };
    switch (step.what) {
      case "execute":
        if (at !== undefined) execute(at, step.call);
        return;
      case "fault":
        return network.fault(step.operation, step.fault);
      case "approve":
      case "approve_lost":
      case "deny":
      case "claim":
        return decide(step.what, step.nth);
      case "poll":
      case "wait":
        if (at !== undefined) lookAt(step.what, at, step.nth);
        return;
      case "connect":
        if (at === undefined) return;
        at.allowance.connects += 1;
        return follow("connect", at, at.client.connect(), READ_MS + SLACK_MS, () => {});
      case "journal_fails":
        return at?.journalMisbehaves("fails");
      case "journal_lags":
        return at?.journalMisbehaves("lags");
      case "journal_hangs":
        return at?.journalMisbehaves("hangs");
      case "client_clock":
        return at?.clock.jump(step.ms);
      case "close":
        at?.close();
        return replace();
      case "crash":
        at?.crash();
        return replace();
      case "gate_clock":
        return gate.advance(step.ms);
      case "restart":
        restarts += 1;
        gate.restart();
        return network.cut();
      case "drain":
        return gate.drain();
      case "finish_calls":
        await timeline.until(() => waiting.size === 0, 20_000);
    }
  }

  for (const step of program.steps) {
    await perform(step);
    await timeline.pass(step.thenMs);
  }
  if (!(await timeline.until(() => waiting.size === 0, FOREVER_MS)))
    judge.violation("nothing hangs", `${waiting.size} calls never ended`);
  // A lease that nobody waits for any more may still be asked for.
  await timeline.until(() => all.every(({ clock }) => clock.pending === 0), READ_MS + SLACK_MS);
  for (const { clock } of all)
    if (clock.pending > 0) judge.violation("no timer stays", `${clock.pending} timers are left`);
  // What is still on its way arrives.
  await timeline.until(() => false, FOREVER_MS);
  judge.finished();
  for (const { wiretap, allowance } of all) {
    const ran = gate.effects.filter(
      (effect) => wiretap.sessions.has(effect.sessionId) && judge.isCounted(effect),
    ).length;
    const most = (allowance.maxCalls ?? Number.POSITIVE_INFINITY) * (1 + allowance.connects);
    if (ran > most) judge.violation("the budget stays", `${ran} calls ran, ${most} were allowed`);
  }
  if (sleeping > 0) note(`${sleeping} actions never ended`);
  return {
    violations: judge.violations,
    marks: [...judge.marks.values()],
    requests: gate.received.length,
    effects: gate.effects.length,
    sessions: gate.sessions.length,
    trace: [...trace, `${restarts} restarts`],
  };
}

const effectsOf = (effects: readonly Effect[], marker: number) =>
  effects.filter(({ params }) => (params as PlannedCall).marker === marker).length;

function outcomeText(value: unknown): string {
  return value === "crashed" || value instanceof Error ? describe(value) : "answered";
}
