import type { MockAction, MockWeb, WebAnswer } from "../../../src/testing/index.ts";
import { type Exchange, type Json, recordingOf } from "./recordings.ts";

/** The web as the recorded gate found it: every answer that is in a recording. Those that took a while are left to the mock's own. */
export function recordedWeb(exchanges: readonly Exchange[]): MockWeb {
  const web: Record<string, WebAnswer | "unreachable"> = {
    "http://de.wikipedia.org": "unreachable",
    "http://httpbin.org:81": "unreachable",
  };
  for (const { request, response } of exchanges) {
    const data = (response.json as Json)?.output?.data;
    const asked = /"url":"([^"]*)"/.exec(request.body ?? "")?.[1] ?? data?.url;
    if (data?.headers === undefined || asked === undefined || asked.includes("/delay/")) continue;
    const { date: _now, ...headers } = data.headers as Record<string, string>;
    const body = data.body === "<binary>" ? Buffer.from([0xff]) : (data.body as string);
    web[asked] = { status: data.status_code as number, headers, body };
  }
  return web;
}

/** The actions that a gate has and of which only id, version and risk were recorded. */
export function otherActions(): Record<string, MockAction> {
  const listed = recordingOf("main").exchanges.find(({ id }) => id === "agent.actions")?.response
    .json as Json;
  const detailed = new Set(
    recordingOf("main")
      .exchanges.filter(({ id }) => id.startsWith("agent.action."))
      .map(({ id }) => id.slice("agent.action.".length)),
  );
  const actions: Record<string, MockAction> = {};
  for (const { action_id, version, risk_level } of listed.actions as Json[])
    if (!detailed.has(action_id)) actions[action_id] = { version, riskLevel: risk_level };
  return actions;
}
