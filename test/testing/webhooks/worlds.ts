import type { MockAction, MockGateOptions, MockWebhook } from "../../../src/testing/index.ts";
import type { VirtualTime } from "../replay/virtual.ts";
import type { Extra, WorldOfFile } from "../replay/worlds.ts";
import { optionOf, type PlannedAnswer, recording } from "./recording.ts";

const broken = () => ({ data: {} });
const fails = (reason: string) => () => {
  throw new Error(reason);
};

/** The recorder's own actions. What each provider does is recorded by what the gate said of it. */
const probes: Record<string, MockAction> = {
  probe_no_verifier: {},
  probe_timeout: { resourceLimits: { timeout_seconds: 2 }, run: () => new Promise(() => {}) },
  probe_fuel: { run: fails("fuel_exhausted: WASM fuel exhausted") },
  probe_io: { run: broken },
  probe_memory: {
    run: fails("WASM execution failed: memory minimum size of 17 pages exceeds memory limits"),
  },
  probe_import: { run: broken },
  probe_response: { responseSchema: { type: "object", required: ["never"] } },
  probe_secret: { requiredSecrets: ["RECORDER_SECRET"] },
  probe_secret_held: { riskLevel: "high", requiredSecrets: ["RECORDER_SECRET"] },
  probe_held_fails: { riskLevel: "high", run: broken },
  probe_critical: { riskLevel: "critical", requiredSecrets: ["RECORDER_WORD"] },
  // A body of 100 kB is more than its fuel is enough for.
  http_post: {
    maxRequestBytes: 1_048_576,
    egress: { allowedDomains: ["httpbin.org"] },
    run: fails("fuel_exhausted: WASM fuel exhausted"),
  },
};

/** The recorder's receiver: the n-th attempt of an event at an endpoint gets its n-th answer, the last one for ever. */
function receiver(run: string, time: VirtualTime): (request: Request) => Promise<Response> {
  const asked = new Map<string, number>();
  const answers = new Map(
    (recording.endpoints[run] ?? []).map((endpoint) => [new URL(endpoint.url).pathname, endpoint.answers]),
  );
  return async (request) => {
    const { pathname } = new URL(request.url);
    const key = `${pathname} ${await request.text()}`;
    const count = asked.get(key) ?? 0;
    asked.set(key, count + 1);
    const planned = answers.get(pathname) ?? [];
    return answered(planned[Math.min(count, planned.length - 1)] ?? 200, request.signal, time);
  };
}

async function answered(
  planned: number | PlannedAnswer,
  signal: AbortSignal,
  time: VirtualTime,
): Promise<Response> {
  const answer: PlannedAnswer = typeof planned === "number" ? { status: planned } : planned;
  if (answer.close) throw new TypeError("fetch failed", { cause: new Error("other side closed") });
  if (answer.wait !== undefined) await new Promise<void>((done) => void time.timer(answer.wait ?? 0, done));
  const endless = new ReadableStream<Uint8Array>({
    start: (controller) =>
      signal.addEventListener("abort", () => controller.error(signal.reason), { once: true }),
  });
  const body = answer.endless ? endless : (answer.body ?? null);
  return new Response(body, { status: answer.status ?? 200, headers: answer.headers ?? {} });
}

/** Where the recorder's names were. */
const HOSTS = {
  "hooks.example": "198.18.0.10",
  "inside.example": "10.0.0.5",
  "nowhere.example": [],
};

function webhooksOf(run: string, time: VirtualTime): MockGateOptions {
  const receive = receiver(run, time);
  const unheard = ["refused.example", "badca.example"];
  return {
    webhooks: (recording.endpoints[run] ?? []).map(optionOf) as unknown as MockWebhook[],
    webhookSettings: {
      environment: recording.environment,
      hosts: HOSTS,
      fetch: (request) => {
        const { hostname, protocol, port } = new URL(request.url);
        // Nobody listens there, nobody speaks TLS there, nobody is trusted there.
        if (unheard.includes(hostname) || (protocol === "https:" && port === "80"))
          throw new TypeError("fetch failed", { cause: new Error("connect ECONNREFUSED") });
        return receive(request);
      },
    },
  };
}

const GRANTS = ["fs_read", "fs_write", "http_fetch", ...Object.keys(probes)];

const RECORDER: MockGateOptions = {
  principal: "agent:recorder",
  owner: "recorder@example.com",
  identity: "peercred",
  actions: probes,
  grants: GRANTS,
};

const clockOf = (iso: string) => iso.slice(11, 23);

/** The gate's command sent tests, one endpoint after the other. */
const tests: Extra[] = recording.deliveries
  .filter(({ event }) => event.startsWith("evt_test_"))
  .map(({ endpoint, at }) => ({ at: clockOf(at), act: (gate) => void gate.testWebhooks(endpoint) }));

const unwrittenAt = (at: string, what: { what: "evidence" | "refund"; error?: string }): Extra => ({
  at,
  act: (gate) => void gate.fault("executeAction", { kind: "unwritten", ...what }),
});

const restartAt = (at: string): Extra => ({ at, act: (gate) => gate.restart() });

/** The process is killed, and for four minutes there is none: one that is restarted before it can look around does as much. */
const away: Extra[] = Array.from({ length: 9 }, (_, index) =>
  restartAt(clockOf(new Date(Date.parse("2026-11-28T09:07:32.500Z") + index * 28_000).toISOString())),
);

export const webhookWorlds: readonly WorldOfFile[] = [
  {
    file: "webhooks",
    run: "outbox",
    date: "2026-11-28",
    // The gate looks for what has expired 30 s after its start, and every 30 s: at 09:06:27.028.
    started: "09:00:57.028",
    options: { ...RECORDER, leaseTtlSeconds: 1800 },
    more: (time) => webhooksOf("outbox", time),
    bodies: {
      "outbox.failed.big-post": JSON.stringify({ url: "http://httpbin.org/post", body: "x".repeat(100_000) }),
      "outbox.deny.long": JSON.stringify({ reason: "r".repeat(5000) }),
    },
    // Two of the four saw the last unit; the others came when it was taken.
    together: /budget\.race-[14]/,
    shifts: { "outbox.budget.race-4": -1.5, "outbox.budget.race-2": 2, "outbox.budget.race-3": 2 },
    extras: [
      ...tests,
      // Triggers that the recorder put into the gate's SQLite files, before the next request.
      unwrittenAt("09:01:51.139", { what: "refund", error: "refused by the recorder" }),
      unwrittenAt("09:01:52.560", { what: "evidence" }),
      // SIGTERM, and 10 s for what is on its way: then a new process.
      restartAt("09:06:56.054"),
      ...away,
      restartAt("09:11:38.478"),
    ],
  },
  {
    file: "webhooks",
    run: "proxy",
    date: "2026-11-28",
    started: "09:12:42.000",
    options: { ...RECORDER, devMode: false },
    more: (time) => webhooksOf("proxy", time),
    extras: [],
  },
];
