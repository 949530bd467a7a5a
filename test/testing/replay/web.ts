import type { MockWeb, WebAnswer } from "../../../src/testing/index.ts";
import type { Exchange, Json } from "./recordings.ts";

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
