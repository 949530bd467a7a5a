import type { AnySchema } from "ajv";
import type { Call } from "../call/call.ts";
import type { CallOptions } from "../call/call-state.ts";
import { withCaller } from "../call/caller.ts";
import { sendingIssues, sentParameters } from "../call/sent-parameters.ts";
import type { operations } from "../generated/agent.ts";
import { createFlight, type Flight } from "../session/flight.ts";
import { LatchGateNotFound, LatchGateTransportError, type ParameterIssue } from "../vocabulary/errors.ts";
import { leftOfTime } from "../wire/patience.ts";
import { type Clock, SendFailure } from "../wire/send.ts";
import { createSchemaCheck, type SchemaCheck } from "./schema-check.ts";

/** Checks an action's parameters as the gate does before it runs anything (contract agent.md 3.8). */
export interface Validator {
  /**
   * What is wrong with the parameters; empty when the gate would take them.
   * @throws LatchGateInvalidRequest when the optional peer `ajv` is missing
   */
  issues(actionId: string, params: unknown, options?: CallOptions): Promise<readonly ParameterIssue[]>;
  /** Whether something of the action's schema, as it was last read, could not be checked: no issue proves nothing then. */
  isPartial(actionId: string): boolean;
  /** Lets the action's schema be fetched anew. */
  forget(actionId: string): void;
}

/** What is checked for one action. */
interface Rules {
  readonly check: SchemaCheck | undefined;
  readonly maxRequestBytes: number;
  isPartial(): boolean;
}

const DEFAULT_RULES_MS = 30_000;

/** @param defaultMs how long reading an action's rules may keep a caller that names no time of its own */
export function createValidator(
  call: Call<operations>,
  clock: Clock,
  defaultMs: number = DEFAULT_RULES_MS,
): Validator {
  const cache = new Map<string, Rules | Flight<Rules>>();

  async function load(actionId: string, options: CallOptions): Promise<Rules> {
    const input = { path: { action_id: actionId }, subject: actionId };
    const [schema, { body }] = await Promise.all([
      call("getActionRequestSchema", input, options).then(
        ({ body: found }) => found as AnySchema,
        (error: unknown) => {
          if (error instanceof LatchGateNotFound) return undefined;
          throw error;
        },
      ),
      call("getAction", input, options),
    ]);
    let isPartial = schema === undefined;
    const unchecked = (what: string) => {
      isPartial = true;
      warnUnchecked(actionId, what);
    };
    const check = schema === undefined ? undefined : await createSchemaCheck(schema, unchecked);
    const maxRequestBytes = body.io?.max_request_bytes ?? Number.POSITIVE_INFINITY;
    return { check, maxRequestBytes, isPartial: () => isPartial };
  }

  /** Read once for all who ask at the same time: whoever gives up lets the others have them. */
  function read(actionId: string, retry: CallOptions["retry"]): Flight<Rules> {
    const flight = createFlight(
      clock,
      "the action's schema was not read within the time of the call",
      (signal) => load(actionId, { signal, retry, timeoutMs: Number.POSITIVE_INFINITY }),
    );
    const landed = (rules: Rules | undefined) => {
      if (cache.get(actionId) !== flight) return;
      if (rules === undefined) cache.delete(actionId);
      else cache.set(actionId, rules);
    };
    flight.promise.then(landed, () => landed(undefined));
    cache.set(actionId, flight);
    return flight;
  }

  async function rulesOf(actionId: string, { signal, timeoutMs, retry }: CallOptions): Promise<Rules> {
    const known = cache.get(actionId);
    if (known !== undefined && !("promise" in known)) return known;
    const flight = known === undefined || known.abandoned ? read(actionId, retry) : known;
    try {
      return await flight.join({ signal, deadline: clock.monotonic() + (timeoutMs ?? defaultMs) });
    } catch (error) {
      if (!(error instanceof SendFailure)) throw withCaller(error);
      throw new LatchGateTransportError(error.message, { code: error.code, cause: error.cause });
    }
  }

  return {
    async issues(actionId, params, options = {}) {
      const given = sendingIssues(params);
      if (given.length > 0) return given;
      const { text, value } = sentParameters(params, actionId);
      const began = clock.monotonic();
      const known = cache.get(actionId);
      const rules = await rulesOf(actionId, options);
      const issues = issuesBy(rules, text, value);
      if (issues.length === 0 || rules !== known) return issues;
      // What was read earlier may have been relaxed since: a refusal is by the schema as it is now.
      if (cache.get(actionId) === known) cache.delete(actionId);
      const timeoutMs = leftOfTime(options.timeoutMs, clock.monotonic() - began);
      const now = await rulesOf(actionId, { ...options, timeoutMs }).catch(() => rules);
      return issuesBy(now, text, value);
    },
    isPartial(actionId) {
      const known = cache.get(actionId);
      return known === undefined || "promise" in known || known.isPartial();
    },
    forget(actionId) {
      cache.delete(actionId);
    },
  };
}

function issuesBy({ check, maxRequestBytes }: Rules, text: string, value: unknown): ParameterIssue[] {
  const size =
    Buffer.byteLength(text) > maxRequestBytes
      ? [{ path: "", message: `must be at most ${maxRequestBytes} bytes as JSON` }]
      : [];
  return [...size, ...(check?.(value) ?? [])];
}

const warned = new Set<string>();

/** Said once in a process, however many clients there are. */
function warnUnchecked(actionId: string, what: string): void {
  const words = `${what} of the action ${actionId} can't be checked before it is sent: the gate checks it`;
  if (warned.has(words)) return;
  warned.add(words);
  process.emitWarning(words, { code: "LATCHGATE_UNCHECKED" });
}
