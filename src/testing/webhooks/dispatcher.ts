import { setMaxListeners } from "node:events";
import { type Clock, randomBelow, type Timer } from "../formats/clock.ts";
import type { createApprovals } from "../stores/approvals.ts";
import { createLog } from "../stores/log.ts";
import { createAlarms } from "./alarms.ts";
import { attemptRequest } from "./attempt-request.ts";
import { bodyOf } from "./body.ts";
import { type Carrier, fetchCarrier, networkCarrier } from "./carrier.ts";
import type { AttemptOutcome, WebhookDelivery, WebhookTest } from "./delivery.ts";
import { createEventIds } from "./event-id.ts";
import type { Happening, WebhookEvent } from "./events.ts";
import { createExpiryScan } from "./expiry-scan.ts";
import { createWebhookFaults, type WebhookFault } from "./faults.ts";
import { type ReachRules, reachOf } from "./reach.ts";
import { checkMode, type WebhookSettings } from "./settings.ts";
import { type Endpoint, endpointsOf, literalEndpoint, type MockWebhook } from "./start.ts";

/** What webhooks need of the gate around them. */
export interface WebhookSurroundings {
  readonly clock: Clock;
  readonly timer: Timer;
  readonly relaxed: boolean;
  readonly startedMs: number;
  readonly approvals: ReturnType<typeof createApprovals>;
  /** How many attempts are remembered. */
  readonly limit: number;
}

/** One event on its way to one endpoint. */
interface Task {
  readonly event: WebhookEvent;
  readonly endpoint: Endpoint;
  readonly body: string;
  readonly fault: WebhookFault | undefined;
  /** Ends with the gate's process. */
  readonly life: AbortSignal;
}

type CarriedTask = Task & { readonly carrier: Carrier };

type Entry = { -readonly [Name in keyof WebhookDelivery]: WebhookDelivery[Name] };

/** How an attempt went, and at which time of the gate's clock that was known. */
type Ending = {
  readonly outcome: AttemptOutcome;
  readonly status?: number;
  readonly error?: string;
  readonly at: number;
};

/** What a receiver in this process has before a step of the clock is taken for its silence: turns of the event loop, and real time. */
const GRACE = { turns: 50, ms: 20 };

class Dropped extends Error {}
class TimeIsUp extends Error {}

/** The gate's webhooks: from memory, each event to each endpoint by itself, tried again as the gate does. */
export function createWebhooks(
  webhooks: readonly MockWebhook[],
  settings: WebhookSettings,
  { clock, timer, relaxed, startedMs, approvals, limit }: WebhookSurroundings,
) {
  checkMode(settings, webhooks.length);
  const environment = settings.environment ?? process.env;
  const endpoints = endpointsOf(webhooks, { relaxed, environment });
  const rules: ReachRules = { relaxed, reach: settings.reach ?? "public", hosts: settings.hosts ?? {} };
  const alarms = createAlarms(clock, timer);
  const faults = createWebhookFaults();
  const log = createLog<WebhookDelivery>(limit);
  const nextId = createEventIds(() => randomBelow(0x100_0000) * 0x100 + randomBelow(0x100));
  const busy = new Set<Promise<void>>();
  const held = new Map<Endpoint, (() => void)[]>();
  const scan = createExpiryScan({ clock, alarms, approvals, startedMs, emit });
  let life = lifeOf();

  function eventOf(happening: Happening, prefix: "evt_" | "evt_test_"): WebhookEvent {
    const now = clock.now();
    const timestamp = `${new Date(now).toISOString().slice(0, 19)}Z`;
    return { ...happening, id: nextId(now, prefix), timestamp };
  }

  /** Sends what happened to whoever has asked for it; the caller does not wait for that. */
  function emit(happening: Happening): void {
    if (happening.type === "test" || endpoints.length === 0) return;
    const event = eventOf(happening, "evt_");
    for (const endpoint of endpoints)
      if (!endpoint.disabled && endpoint.events.has(happening.type)) dispatch(event, endpoint);
    if (happening.type === "approval.pending") scan.watch();
  }

  function dispatch(event: WebhookEvent, endpoint: Endpoint): void {
    const fault = faults.take(endpoint.name, event.type);
    const body = bodyOf(event, endpoint.format, routingKeyOf(endpoint));
    const task = { event, endpoint, body, fault, life: life.signal };
    const begin = (due: number) => track(start(task, due));
    const now = clock.now();
    const before = held.get(endpoint) ?? [];
    held.delete(endpoint);
    if (fault?.kind === "lost") enter(task, 1).outcome = "lost";
    else if (fault?.kind === "late" && !isHeldUp(fault))
      alarms.at(now + fault.ms, () => begin(now + fault.ms));
    else if (fault?.kind === "reordered") {
      const waiting = { begun: false };
      const release = () => {
        if (!waiting.begun && !task.life.aborted) begin(clock.now());
        waiting.begun = true;
      };
      held.set(endpoint, [release]);
      alarms.at(now + (fault.ms ?? 1000), release);
    } else {
      track(
        Promise.resolve()
          .then(() => start(task, now))
          .then(() => before.forEach((release) => void release())),
      );
      return;
    }
    for (const release of before) release();
  }

  /** Looks once where the host is, and makes the first attempt. */
  async function start(task: Task, due: number): Promise<void> {
    const fetch = task.endpoint.fetch ?? settings.fetch;
    const reach = await reachOf(task.endpoint.url, rules, fetch === undefined);
    if (task.life.aborted) return;
    if (reach.state !== "reached") {
      Object.assign(enter(task, 1), { outcome: "unreachable", error: reach.error });
      return;
    }
    const carrier = fetch === undefined ? networkCarrier(reach.addresses) : fetchCarrier(fetch);
    await attempt({ ...task, carrier }, 1, due);
  }

  /** One attempt, and the next one when it is due. `due`: when it began, if the clock had only passed by itself. */
  async function attempt(task: CarriedTask, number: number, due: number): Promise<void> {
    const { endpoint } = task;
    const entry = enter(task, number);
    const ending = await made(task, number, due, entry);
    Object.assign(entry, ending.status === undefined ? {} : { status: ending.status });
    Object.assign(entry, ending.error === undefined ? {} : { error: ending.error });
    const again = ending.outcome === "failed" && number <= endpoint.maxRetries;
    entry.outcome = again ? "retried" : ending.outcome;
    if (!again) {
      // What a fault holds up is still to come, by this carrier.
      if (!isHeldUp(task.fault)) task.carrier.close();
      return;
    }
    const next = ending.at + backoffMs(endpoint, number);
    alarms.at(next, () => track(attempt(task, number + 1, next)));
  }

  async function made(task: CarriedTask, number: number, due: number, entry: Entry): Promise<Ending> {
    const { endpoint, body, life: process, fault } = task;
    const seconds = Math.floor(clock.now() / 1000);
    const request = attemptRequest(endpoint, body, seconds);
    if (request === undefined)
      return { outcome: "failed", error: "a configured header can't be sent", at: due };
    entry.headers = request.headers;
    const late = `no answer within ${endpoint.timeoutMs / 1000} s`;
    if (endpoint.timeoutMs === 0) return { outcome: "failed", error: late, at: due };

    const stop = new AbortController();
    const drop = () => stop.abort(new Dropped());
    process.addEventListener("abort", drop, { once: true });
    if (process.aborted) drop();
    const began = clock.now();
    const calm = alarms.at(began + endpoint.timeoutMs, () => stop.abort(new TimeIsUp()));
    const known = () => due + Math.min(clock.now() - began, endpoint.timeoutMs);
    const first = number === 1 ? fault : undefined;
    try {
      const carried = isHeldUp(first) ? delayed(task, first.ms, due) : task.carrier.carry;
      const status = await carried(request, stop.signal);
      if (first?.kind === "doubled") {
        if (first.again !== "at once")
          return { outcome: "failed", error: "the answer was lost", at: known() };
        await twice(task, request, stop.signal);
      }
      return { outcome: meaningOf(status), status, at: known() };
    } catch (error) {
      if (error instanceof Dropped)
        return { outcome: "dropped", error: "the gate's process has ended", at: known() };
      if (error instanceof TimeIsUp) return { outcome: "failed", error: late, at: due + endpoint.timeoutMs };
      // The gate looks a name up before its first attempt, and only then: what is not found is not tried again.
      const outcome = isUnresolved(error) ? "unreachable" : "failed";
      return { outcome, error: messageOf(error), at: known() };
    } finally {
      calm();
      process.removeEventListener("abort", drop);
    }
  }

  /** Signed, and then held up on the way: the gate may have given it up when it comes. */
  function delayed(task: CarriedTask, ms: number, due: number): Carrier["carry"] {
    return (request, signal) =>
      new Promise((resolve, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
        alarms.at(due + ms, () => {
          const sent = task.carrier.carry(request, new AbortController().signal).then(resolve, reject);
          track(sent);
        });
      });
  }

  async function twice(
    task: CarriedTask,
    request: Parameters<Carrier["carry"]>[0],
    signal: AbortSignal,
  ): Promise<void> {
    const entry = enter(task, 1);
    entry.headers = request.headers;
    await task.carrier.carry(request, signal).then(
      (status) => Object.assign(entry, { status, outcome: meaningOf(status) }),
      (error: unknown) => Object.assign(entry, { outcome: "failed", error: messageOf(error) }),
    );
  }

  function enter(
    { event, endpoint, body, fault }: Pick<Task, "event" | "endpoint" | "body" | "fault">,
    number: number,
  ): Entry {
    const { url, name } = endpoint;
    const entry: Entry = {
      endpoint: name,
      eventId: event.id,
      type: event.type,
      attempt: number,
      at: clock.now(),
      url: `${url.origin}${url.pathname}${url.search}`,
      headers: [],
      body,
      outcome: "sending",
      status: undefined,
      error: undefined,
      fault: fault?.kind,
    };
    log.add(entry);
    return entry;
  }

  function track(work: Promise<void>): void {
    const done = work.finally(() => busy.delete(done));
    busy.add(done);
  }

  /** Whatever is on its way has arrived, or is not going to by itself. */
  async function arrivals(): Promise<void> {
    const began = performance.now();
    for (let turn = 0; busy.size > 0; turn += 1) {
      if (turn >= GRACE.turns && performance.now() - began >= GRACE.ms) return;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** What `latchgate config test-webhook` does: one attempt each, disabled ones too, nothing substituted. */
  async function test(name?: string): Promise<{ ok: boolean; results: WebhookTest[] }> {
    const chosen = webhooks.filter((webhook) => name === undefined || webhook.name === name);
    if (name !== undefined && chosen.length === 0)
      throw new TypeError(`MockGate: no webhook is called ${JSON.stringify(name)}`);
    const results: WebhookTest[] = [];
    for (const webhook of chosen) results.push(await tested(webhook));
    return { ok: results.every(({ ok }) => ok), results };
  }

  async function tested(webhook: MockWebhook): Promise<WebhookTest> {
    const began = clock.now();
    const row = (status: number, error: string | null): WebhookTest => ({
      name: webhook.name,
      ok: status >= 200 && status < 300,
      statusCode: status,
      elapsedMs: Math.round(clock.now() - began),
      error,
    });
    if (!URL.canParse(webhook.url)) return row(0, "invalid URL");
    const endpoint = { ...literalEndpoint(webhook), maxRetries: 0 };
    const data = { endpoint_name: webhook.name, message: "LatchGate webhook test event" } as const;
    const event = eventOf({ type: "test", data }, "evt_test_");
    const body = bodyOf(event, endpoint.format, routingKeyOf(endpoint));
    const before = log.entries.length;
    await start({ event, endpoint, body, fault: undefined, life: life.signal }, began);
    const entry = log.entries.slice(before).find(({ eventId }) => eventId === event.id);
    return row(
      entry?.status ?? 0,
      entry?.error ?? (entry?.outcome === "delivered" ? null : `status ${entry?.status}`),
    );
  }

  return {
    emit,
    test,
    /** Whether there is any endpoint, disabled ones too: what the status calls active. */
    active: endpoints.length > 0,
    deliveries: log.entries,
    fault: faults.add,

    /** The clock was moved: what that has made due happens, once what is on its way has had its chance to arrive. */
    advanced(): void {
      if (busy.size === 0) alarms.ring();
      else void arrivals().then(alarms.ring);
    },

    /** When nothing is on its way any more, and nothing due; what waits for a later retry does go on waiting. */
    async settled(): Promise<void> {
      do await Promise.all(busy);
      while (alarms.ring() || busy.size > 0);
    },

    /** The gate's process has died and begun anew: what was on its way or waited is gone, what was reported is forgotten. */
    restart(startedAt: number): void {
      life.abort();
      life = lifeOf();
      held.clear();
      alarms.clear();
      scan.restart(startedAt);
    },
  };
}

/** A process, of which every attempt waits for the end. */
function lifeOf(): AbortController {
  const life = new AbortController();
  setMaxListeners(0, life.signal);
  return life;
}

function isHeldUp(fault: WebhookFault | undefined): fault is WebhookFault & { kind: "late" } {
  return fault?.kind === "late" && fault.held === "network";
}

/** A redirect counts as a failure of the receiver, a 408 or 429 as its last word. */
function meaningOf(status: number): AttemptOutcome {
  if (status >= 200 && status < 300) return "delivered";
  return status >= 400 && status < 500 ? "refused" : "failed";
}

function backoffMs({ backoffSeconds }: Endpoint, failures: number): number {
  return (backoffSeconds[failures - 1] ?? backoffSeconds.at(-1) ?? 30) * 1000;
}

/** By its exact name: `x-routing-key` does not count. */
function routingKeyOf({ headers }: Endpoint): string {
  return headers.find(([name]) => name === "X-Routing-Key")?.[1] ?? "";
}

function isUnresolved(error: unknown): boolean {
  const { code, cause } = error as { code?: unknown; cause?: { code?: unknown } };
  return ["ENOTFOUND", "EAI_AGAIN"].includes(String(cause?.code ?? code));
}

function messageOf(error: unknown): string {
  const { message, cause } = error as { message?: unknown; cause?: { message?: unknown } };
  return String(cause?.message ?? message ?? error);
}
