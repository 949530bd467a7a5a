import { isObject, type Json, type JsonObject } from "../../src/documents/document.ts";
import { createStandIns, type PublicJwk, readJwt, thumbprint, writeJwt } from "./stand-ins.ts";

/** One exchange as `test/recordings/` holds it. */
export interface RecordedExchange {
  readonly id: string;
  readonly note: string;
  readonly socket: "agent" | "operator";
  readonly transport: "uds" | "tcp";
  readonly at: string;
  readonly ms: number;
  readonly request: {
    readonly method: string;
    readonly path: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: string;
  };
  readonly response: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly json?: Json;
    readonly text?: string;
  };
}

/** Members whose values one gate alone has. */
const NAMES = new Set([
  ...["approval_hash", "plan_hash", "prev_hash", "response_hash", "result_hash", "receipt_signature"],
  ...["kid", "signing_key_id", "x", "y", "x_hex", "jkt", "operator_sender_binding"],
]);
/** How long something took, and how much it cost. */
const MEASURES = new Set(["duration_ms", "uptime_seconds"]);
const SECONDS = new Set(["exp", "nbf", "iat"]);

const BEGINNING = Date.parse("2026-01-01T00:00:00Z");
const DAY_MS = 86_400_000;
const ISO_TIME = /(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|\+00:00)/g;

/** The api key that stands in a recording for the operator's. */
const API_KEY = "key-recorder-00000000000000000000000000000000";

/**
 * Recorded exchanges without what is secret or of one day only. Api keys and the signatures of leases are gone; keys are others, and
 * proofs are signed anew with them, so that a good one is good; ids, hashes and signatures are counted, equal ones alike (they
 * fit nothing any more); times begin with 2026 and are cut to seconds.
 */
export function normalised(
  exchanges: readonly RecordedExchange[],
  operatorKey?: PublicJwk & { readonly apiKey: string },
) {
  const standIns = createStandIns();
  const first = Date.parse(exchanges[0]?.at ?? new Date(BEGINNING).toISOString());
  const shiftMs = BEGINNING - Math.floor(first / 1000) * 1000;

  /** A time of the recorded day moves, another one (a proof that is years old) stays. */
  function moved(ms: number): number {
    return Math.abs(ms - first) > DAY_MS ? ms : Math.floor((ms + shiftMs) / 1000) * 1000;
  }

  function text(value: string): string {
    return standIns
      .inText(value)
      .replaceAll(
        ISO_TIME,
        (_, time: string, digits = "", zone: string) =>
          `${new Date(moved(Date.parse(`${time}Z`))).toISOString().slice(0, 19)}${digits.replace(/\d/g, "0")}${zone}`,
      )
      .replaceAll(/(?<=now=|future: |old: |clock_unix_seconds )\d{10}/g, (seconds) =>
        String(moved(Number(seconds) * 1000) / 1000),
      )
      .replaceAll(/^(\w+_seconds_sum\S*) [\d.]+$/gm, "$1 0.0");
  }

  function value(given: Json, member = ""): Json {
    if (Array.isArray(given)) return given.map((entry) => value(entry, member));
    if (isObject(given)) return object(given);
    if (typeof given === "number") {
      if (SECONDS.has(member)) return moved(given * 1000) / 1000;
      return MEASURES.has(member) ? 0 : given;
    }
    if (typeof given !== "string") return given;
    if (member === "lease_jwt") return lease(given);
    return NAMES.has(member) ? standIns.name(given) : text(given);
  }

  function object(given: JsonObject): JsonObject {
    if (given["kty"] === "EC" && given["kid"] === undefined) standIns.key(given as unknown as PublicJwk);
    return Object.fromEntries(Object.entries(given).map(([name, entry]) => [name, value(entry, name)]));
  }

  /** A lease with its claims, and a signature that is none. */
  function lease(token: string): string {
    const jwt = readJwt(token);
    if (jwt === undefined) return token;
    return standIns.token(token, () => writeJwt(value(jwt.header), value(jwt.claims), undefined));
  }

  function proof(token: string): string {
    const jwt = readJwt(token);
    const { jwk } = (jwt?.header ?? {}) as { jwk?: PublicJwk };
    if (jwt === undefined || jwk === undefined) return token;
    const { privateKey } = standIns.key(jwk);
    // What was sent twice has been signed once.
    return standIns.token(token, () =>
      writeJwt(value(jwt.header), value(jwt.claims), jwt.ofItsKey ? privateKey : undefined),
    );
  }

  function headers(given: RecordedExchange["request"]["headers"]): Record<string, string> {
    const { authorization, dpop, ...rest } = given;
    const [, scheme = "", token = ""] = /^(\w+ )?(.*)$/s.exec(authorization ?? "") ?? [];
    const known = token === operatorKey?.apiKey ? standIns.token(token, () => API_KEY) : lease(token);
    return {
      ...(authorization === undefined ? {} : { authorization: `${scheme}${known}` }),
      ...(dpop === undefined ? {} : { dpop: proof(dpop) }),
      ...rest,
    };
  }

  function body(given: string): string {
    try {
      return JSON.stringify(value(JSON.parse(given) as Json));
    } catch {
      return given;
    }
  }

  function exchange({ request, response, at, ...rest }: RecordedExchange): RecordedExchange {
    const { json } = response;
    const answered = json === undefined ? undefined : value(json);
    const longer = JSON.stringify(answered ?? null).length - JSON.stringify(json ?? null).length;
    const { "content-length": length, date, ...others } = response.headers;
    return {
      ...{ id: text(rest.id), note: rest.note, socket: rest.socket, transport: rest.transport },
      ...{ at: new Date(moved(Date.parse(at))).toISOString(), ms: 0 },
      request: {
        ...{ method: request.method, path: text(request.path), headers: headers(request.headers) },
        ...(request.body === undefined ? {} : { body: body(request.body) }),
      },
      response: {
        status: response.status,
        headers: {
          ...others,
          ...(length === undefined ? {} : { "content-length": String(Number(length) + longer) }),
          ...(date === undefined ? {} : { date: new Date(moved(Date.parse(date))).toUTCString() }),
        },
        ...(answered === undefined ? { text: text(response.text ?? "") } : { json: answered }),
      },
    };
  }

  const operator =
    operatorKey === undefined
      ? undefined
      : { api_key: API_KEY, dpop_jkt: thumbprint(standIns.key(operatorKey).jwk) };
  return { operator, exchanges: exchanges.map(exchange) };
}
