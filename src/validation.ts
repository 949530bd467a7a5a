import type { AnySchema, ErrorObject, ValidateFunction } from "ajv";
import { sendingIssues } from "./call/sent-parameters.ts";
import type { Call } from "./call.ts";
import type { CallOptions } from "./call-state.ts";
import {
  LatchGateInvalidRequest,
  LatchGateNotFound,
  LatchGateTransportError,
  type ParameterIssue,
} from "./errors.ts";
import { createFlight, type Flight } from "./flight.ts";
import type { operations } from "./generated/agent.ts";
import { type Clock, SendFailure } from "./send.ts";

/** Checks an action's parameters as the gate does before it runs anything (contract agent.md 3.8). */
export interface Validator {
  /**
   * What is wrong with the parameters; empty when the gate would take them.
   * @throws LatchGateInvalidRequest when the optional peer `ajv` is missing
   */
  issues(actionId: string, params: unknown, options?: CallOptions): Promise<readonly ParameterIssue[]>;
  /** Lets the action's schema be fetched anew. */
  forget(actionId: string): void;
}

/** What is checked for one action. */
interface Rules {
  readonly validate: ValidateFunction | undefined;
  readonly maxRequestBytes: number;
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
    const validate = schema === undefined ? undefined : compile(await importAjv(), schema);
    return { validate, maxRequestBytes: body.io?.max_request_bytes ?? Number.POSITIVE_INFINITY };
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
    return flight
      .join({ signal, deadline: clock.monotonic() + (timeoutMs ?? defaultMs) })
      .catch((error: unknown) => {
        if (!(error instanceof SendFailure)) throw error;
        throw new LatchGateTransportError(error.message, { code: error.code, cause: error.cause });
      });
  }

  return {
    async issues(actionId, params, options = {}) {
      const { validate, maxRequestBytes } = await rulesOf(actionId, options);
      const text = JSON.stringify(params);
      const value: unknown = JSON.parse(text);
      const limits = [...limitIssues(value)];
      if (Buffer.byteLength(text) > maxRequestBytes)
        limits.push({ path: "", message: `must be at most ${maxRequestBytes} bytes as JSON` });
      if (validate === undefined || validate(value)) return limits;
      return [...limits, ...(validate.errors ?? []).map(issueOf)];
    },
    forget(actionId) {
      cache.delete(actionId);
    },
  };
}

/** What keeps parameters from being sent, whatever the schema says. */
export const limitIssues = sendingIssues;

function issueOf({ instancePath, message = "does not fit", keyword, params }: ErrorObject): ParameterIssue {
  const extra: unknown = keyword === "additionalProperties" ? params["additionalProperty"] : undefined;
  return { path: instancePath, message: typeof extra === "string" ? `${message} ('${extra}')` : message };
}

interface AjvModules {
  readonly draft7: typeof import("ajv").default;
  readonly draft2020: typeof import("ajv/dist/2020.js").default;
}

async function importAjv(): Promise<AjvModules> {
  try {
    // Each awaited right here: so a bundler knows that the package may be absent, and leaves the import to Node.
    const draft7 = await import("ajv");
    const draft2020 = await import("ajv/dist/2020.js");
    return { draft7: draft7.Ajv, draft2020: draft2020.Ajv2020 };
  } catch {
    throw new LatchGateInvalidRequest(
      "<options>",
      'checking parameters needs the package "ajv" (8.x): npm install ajv',
      {
        code: "peer_missing",
      },
    );
  }
}

/** A schema that Ajv can't compile checks nothing here: the gate still does. */
function compile({ draft7, draft2020 }: AjvModules, schema: AnySchema): ValidateFunction | undefined {
  const dialect = typeof schema === "object" ? String((schema as { $schema?: unknown }).$schema ?? "") : "";
  const Ajv = /draft-0[4-7]/.test(dialect) ? draft7 : draft2020;
  try {
    return new Ajv({ strict: false, allErrors: true, validateFormats: false, logger: false }).compile(schema);
  } catch {
    return undefined;
  }
}
