import type { Timer } from "../formats/clock.ts";
import type { RunContext } from "../stores/actions.ts";
import { ClientGone, type Plan } from "./plan.ts";
import type { Effect, World } from "./world.ts";

/** How a provider's run ended. */
export type Run =
  | { readonly state: "failed"; readonly reason: string; readonly errorType: string }
  | {
      readonly state: "returned";
      readonly output: unknown;
      readonly evidence: Readonly<Record<string, unknown>> | undefined;
      readonly startedMs: number;
      readonly durationMs: number;
      settle(ending: Pick<Effect, "ending" | "receiptId">): void;
    };

/** Lets `run` happen, in one of four slots, until it returns, throws, takes too long, or the client is gone. */
export async function dispatch(world: World, plan: Plan): Promise<Run> {
  await world.slots.enter();
  const stop = new AbortController();
  const startedMs = world.clock.now();
  let evidence: Readonly<Record<string, unknown>> | undefined;
  const effect: { -readonly [Name in keyof Effect]: Effect[Name] } = {
    index: world.effectCount,
    actionId: plan.action.detail.action_id,
    params: plan.params,
    at: startedMs,
    by: plan.approved === undefined ? "direct" : "approved",
    ...(plan.approved === undefined ? {} : { approvalId: plan.approved.approval.approvalId }),
    principal: plan.lease.sub,
    sessionId: plan.lease.session_id,
    traceId: plan.traceId,
    ending: "running",
  };
  const settle = (ending: Pick<Effect, "ending" | "receiptId">) => void Object.assign(effect, ending);
  const { timer } = world.settings;
  const leave = departure(plan.signal, plan.action.detail.resource_limits.timeout_seconds, timer);
  try {
    if (plan.signal?.aborted) throw new ClientGone();
    world.effects.add(effect);
    world.effectCount += 1;
    const context = contextOf(world, plan, stop.signal, (seen) => {
      evidence = seen;
    });
    const output = await Promise.race([leave.promise, runOf(plan, context)]);
    if (plan.goneAfterRun || plan.signal?.aborted) throw new ClientGone();
    return {
      state: "returned",
      output,
      evidence,
      startedMs,
      durationMs: Math.max(0, Math.round(world.clock.now() - startedMs)),
      settle,
    };
  } catch (error) {
    stop.abort();
    settle({ ending: error instanceof ClientGone ? "dropped" : "failed" });
    if (error instanceof ClientGone) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    return {
      state: "failed",
      reason,
      errorType: error instanceof ProviderEnd ? error.type : "execution_failed",
    };
  } finally {
    leave.cancel();
    world.slots.leave();
  }
}

async function runOf(plan: Plan, context: RunContext): Promise<unknown> {
  return plan.action.run(structuredClone(plan.params), context);
}

/** The gate has ended a provider that took too much. */
class ProviderEnd extends Error {
  readonly type: "wasm_timeout" | "fuel_exhausted";

  constructor(message: string, type: ProviderEnd["type"]) {
    super(message);
    this.type = type;
  }
}

/** Rejects when the client goes away or when the action's time is up. */
function departure(signal: AbortSignal | undefined, seconds: number, timer: Timer) {
  let cancel = () => {};
  const promise = new Promise<never>((_, reject) => {
    const gone = () => reject(new ClientGone());
    const stopTimer = timer(seconds * 1000, () =>
      reject(new ProviderEnd("WASM execution timed out", "wasm_timeout")),
    );
    signal?.addEventListener("abort", gone, { once: true });
    cancel = () => {
      stopTimer();
      signal?.removeEventListener("abort", gone);
    };
  });
  return { promise, cancel };
}

/** In an approved run only what was learned counts; the manifest's paths, denied ones included, do not (measured). */
function contextOf(
  world: World,
  plan: Plan,
  signal: AbortSignal,
  observe: (evidence: Readonly<Record<string, unknown>>) => void,
): RunContext {
  const { action, lease } = plan;
  const actionId = action.detail.action_id;
  const approved = plan.approved !== undefined;
  const learned = world.policy.paths.valuesOf(actionId);
  const domains = world.policy.domains.valuesOf(actionId);
  let fuel = action.detail.resource_limits.fuel;
  return {
    actionId,
    principal: lease.sub,
    sessionId: lease.session_id,
    traceId: plan.traceId,
    by: approved ? "approved" : "direct",
    fsRoot: sessionRoot(world, lease.session_id) ?? world.files.workspace.root,
    // A learned domain covers what is below it, which the manifest's entries say with "*.".
    allowedDomains: [...action.allowedDomains, ...domains.flatMap((domain) => [domain, `*.${domain}`])],
    allowedPaths: approved ? learned : [...(action.paths?.allowed ?? []), ...learned],
    deniedPaths: approved ? [] : (action.paths?.denied ?? []),
    signal,
    now: world.clock.now,
    observe,
    burn(units) {
      fuel -= units;
      if (fuel < 0) throw new ProviderEnd("WASM fuel exhausted", "fuel_exhausted");
    },
    wait: (ms) =>
      new Promise((resolve) => {
        if (signal.aborted) return resolve();
        const stop = world.settings.timer(ms, () => {
          signal.removeEventListener("abort", end);
          resolve();
        });
        const end = () => {
          stop();
          resolve();
        };
        signal.addEventListener("abort", end, { once: true });
      }),
  };
}

/** The root that a session asked for, as long as the gate remembers it. */
export function sessionRoot(world: World, sessionId: string): string | undefined {
  const session = world.sessions.get(sessionId);
  return session !== undefined && session.forgottenMs > world.clock.now() ? session.fsRoot : undefined;
}
