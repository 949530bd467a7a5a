import { type ClientOptions, LatchGateClient, type LatchGateError } from "latchgate-client";
import { MockGate, type MockGateOptions } from "latchgate-client/testing";
import { failureOf } from "./failure-of.ts";
import { virtualClock } from "./virtual-clock.ts";

/** A gate, and clients of it, on one virtual clock: minutes pass in no time, and chance is always a half. */
export function virtualWorld(gateOptions: MockGateOptions, clientOptions: ClientOptions = {}) {
  const clock = virtualClock();
  const gate = new MockGate({ now: clock.now, rateLimits: false, ...gateOptions });
  const make = (options: ClientOptions = {}) =>
    new LatchGateClient({ fetch: clock.watch(gate.fetch), agentId: "t", clock, ...options });
  return {
    clock,
    gate,
    make,
    client: make(clientOptions),
    executes: () => gate.received.filter(({ operationId }) => operationId === "executeAction"),
    polls: () => gate.received.filter(({ operationId }) => operationId === "pollApproval"),
    /** What a call fails with, as soon as the clock has brought it there. */
    failure: (promise: Promise<unknown>): Promise<LatchGateError> => failureOf(clock.until(promise)),
  };
}
