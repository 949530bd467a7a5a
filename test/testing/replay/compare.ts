import type { Names } from "./names.ts";
import { type Json, partOf } from "./recordings.ts";

/** Members whose values are of one world only: those of the other have to be of the same kind. */
const NAMES = new Set([
  "approval_hash",
  "approval_id",
  "grant_id",
  "kid",
  "lease_jti",
  "jti",
  "jkt",
  "operator_sender_binding",
  "plan_hash",
  "prev_hash",
  "receipt_id",
  "receipt_signature",
  "response_hash",
  "result_hash",
  "session_id",
  "signing_key_id",
  "trace_id",
  "x",
  "x_hex",
  "y",
]);

const TIMES = /^(?:\w+_at|timestamp|date)$/;

/** How long something took and what it cost is of one run only. */
const MEASURES = new Set(["duration_ms", "fuel_consumed", "uptime_seconds"]);

/** Whole seconds of a lease. */
const SECONDS = new Set(["exp", "nbf", "iat"]);

const NEAR_MS = 2500;

/** What differs between a recorded body and the mock's, member by member; nothing when nothing does. */
export function compareBodies(names: Names, startMs: number, rewritten: readonly string[] = []) {
  const complaints: string[] = [];

  function compare(at: string, key: string, recorded: Json, mock: Json): void {
    const complain = (what: string) => void complaints.push(`${at}: ${what}`);
    if (Array.isArray(recorded) || Array.isArray(mock)) {
      if (!Array.isArray(recorded) || !Array.isArray(mock)) {
        complain("a list on one side only");
        return;
      }
      if (recorded.length !== mock.length) complain(`${recorded.length} entries, here ${mock.length}`);
      for (const [index, entry] of recorded.entries())
        if (index < mock.length) compare(`${at}[${index}]`, key, entry, mock[index]);
    } else if (isObject(recorded) && isObject(mock)) {
      for (const name of new Set([...Object.keys(recorded), ...Object.keys(mock)])) {
        if (!(name in mock)) complain(`no ${name} here`);
        else if (!(name in recorded)) complain(`${name} is here and was not`);
        else compare(`${at}.${name}`, name, recorded[name], mock[name]);
      }
    } else if (typeof recorded === "string" && typeof mock === "string") {
      const problem = strings(at, key, recorded, mock);
      if (problem !== undefined) complain(problem);
    } else if (typeof recorded === "number" && typeof mock === "number") {
      if (MEASURES.has(key)) {
        if (!(Number.isInteger(mock) && mock >= 0)) complain(`${mock} is no measure`);
      } else if (SECONDS.has(key)) {
        if (Math.abs(recorded - mock) * 1000 > NEAR_MS) complain(`${recorded}, here ${mock}`);
      } else if (recorded !== mock) complain(`${recorded}, here ${mock}`);
    } else if (recorded !== mock) complain(`${JSON.stringify(recorded)}, here ${JSON.stringify(mock)}`);
  }

  function strings(at: string, key: string, recorded: string, mock: string): string | undefined {
    if (key === "lease_jwt") {
      for (const part of [0, 1] as const)
        compare(`${at}(${part})`, "", partOf(recorded, part), partOf(mock, part));
      return names.bind(recorded, mock);
    }
    if (TIMES.test(key)) {
      if (formOf(recorded) !== formOf(mock)) return `${recorded} is of another form than ${mock}`;
      // What is older than the gate's process was made by another one.
      const near =
        Date.parse(recorded) < startMs || Math.abs(Date.parse(recorded) - Date.parse(mock)) <= NEAR_MS;
      if (near && !recorded.includes(".")) return undefined; // whole seconds end on different sides of a boundary
      return near ? names.bindOneWay(recorded, mock) : `${recorded}, here ${mock}`;
    }
    if (NAMES.has(key) || rewritten.includes(recorded)) {
      if (names.translate(recorded) === mock) return undefined;
      return formOf(recorded) === formOf(mock)
        ? names.bind(recorded, mock)
        : `${recorded} is of another form than ${mock}`;
    }
    const expected = names.translate(recorded);
    return expected === mock ? undefined : `${JSON.stringify(expected)}, here ${JSON.stringify(mock)}`;
  }

  return { compare: (recorded: Json, mock: Json) => compare("body", "", recorded, mock), complaints };
}

/** The same text with every digit and letter of a name or time made alike. */
function formOf(text: string): string {
  if (/^\d{4}-\d\d-\d\dT/.test(text)) return text.replace(/\d/g, "0");
  if (/^\w{3}, \d\d \w{3} \d{4} /.test(text)) return "http date";
  if (/^(?:sha256:)?[0-9a-f-]+$/.test(text))
    return text.replace(/[0-9a-f]/g, "x").replace(/(?<=-)x(?=xxx-xxx)/, "7");
  return /^[\w-]{43}$/.test(text) ? "256 bits" : text;
}

function isObject(value: Json): value is Record<string, Json> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
