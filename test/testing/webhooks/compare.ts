import { createHmac } from "node:crypto";
import type { WebhookDelivery } from "../../../src/testing/index.ts";
import type { Names } from "../replay/names.ts";
import type { RecordedDelivery } from "./recording.ts";

const UUID = /[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/g;
const TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)/g;

/** How long after an event its first attempt arrived at the recorder at most, and how exactly retries came. */
const FIRST_MS = 1000;
const AGAIN_MS = 200;
const NEAR_MS = 2500;

/** A body in which what differs from world to world is made alike: ids that nobody else names, and times. */
export function maskOf(names: Names, body: string, side: "recorded" | "mock"): string {
  return body
    .replace(/"id":"evt_(?:test_)?[0-9a-f-]{36}"/, '"id":"EVENT"')
    .replace(TIME, "TIME")
    .replace(UUID, (id) => (side === "mock" ? (names.isKnown(id) ? id : "ID") : (names.of(id) ?? "ID")));
}

/** What differs between an attempt as it arrived and as the mock made it; `firstAt`: when each side's first attempt was. */
export function differencesOf(
  names: Names,
  recorded: RecordedDelivery,
  mock: WebhookDelivery,
  firstAt: { readonly recorded: number; readonly mock: number },
): string[] {
  const wrong: string[] = [];
  const say = (what: string) => void wrong.push(`delivery ${recorded.n} (${recorded.endpoint}): ${what}`);

  const { pathname, search } = new URL(mock.url);
  if (`${pathname}${search}` !== recorded.request.target)
    say(`target ${recorded.request.target}, here ${mock.url}`);
  const bare = recorded.request.body.replace(UUID, "ID").replace(TIME, "TIME");
  const ours = mock.body.replace(UUID, "ID").replace(TIME, "TIME");
  if (bare !== ours) say(`body ${bare}, here ${ours}`);
  const ids = mock.body.match(UUID) ?? [];
  for (const [index, id] of (recorded.request.body.match(UUID) ?? []).entries()) {
    const problem = names.bind(id, ids[index] ?? "none");
    if (problem !== undefined) say(problem);
  }
  const times = mock.body.match(TIME) ?? [];
  for (const [index, time] of (recorded.request.body.match(TIME) ?? []).entries()) {
    const here = times[index] ?? "";
    if (time.replace(/\d/g, "0") !== here.replace(/\d/g, "0") || far(time, here))
      say(`${time}, here ${here}`);
  }

  const header = (name: string) => mock.headers.find(([other]) => other === name)?.[1] ?? "";
  const [timestamp, signature] = [header("x-latchgate-timestamp"), header("x-latchgate-signature")];
  const mac = createHmac("sha256", recorded.secret).update(`${timestamp}.${mock.body}`).digest("hex");
  if (signature !== `sha256=${mac}`) say("it is signed otherwise");
  if (Math.abs(Number(timestamp) * 1000 - mock.at) > 1000) say(`signed at ${timestamp}, sent at ${mock.at}`);
  const changing = new Set([timestamp, signature]);
  const seen = mock.headers.map(([name, value]) => [name, changing.has(value) ? "CHANGING" : value]);
  const gates = recorded.request.headers;
  const firsts = new Set([
    gateHeader(gates, "x-latchgate-timestamp"),
    gateHeader(gates, "x-latchgate-signature"),
  ]);
  const expected = gates.map(([name, value]) => [name, firsts.has(value) ? "CHANGING" : value]);
  if (JSON.stringify(seen) !== JSON.stringify(expected))
    say(`headers ${JSON.stringify(expected)}, here ${JSON.stringify(seen)}`);

  const at = Date.parse(recorded.at);
  const gap = at - firstAt.recorded - (mock.at - firstAt.mock);
  if (recorded.attempt === 1 ? Math.abs(at - mock.at) > FIRST_MS : Math.abs(gap) > AGAIN_MS)
    say(`${at - firstAt.recorded} ms after the first attempt, here ${mock.at - firstAt.mock}`);
  const status =
    recorded.answer.close || recorded.answer.wait !== undefined ? undefined : recorded.answer.status;
  const heard = recorded.answer.endless && status !== 200 ? undefined : status;
  if (mock.status !== heard) say(`answered ${heard}, here ${mock.status}`);
  return wrong;
}

function far(one: string, other: string): boolean {
  return Math.abs(Date.parse(one) - Date.parse(other)) > NEAR_MS;
}

function gateHeader(headers: readonly (readonly [string, string])[], name: string): string {
  return headers.find(([other]) => other === name)?.[1] ?? "none";
}
