import { afterAll, expect, test } from "vitest";
import type { WebhookDelivery } from "../../../src/testing/index.ts";
import { type Replay, replay } from "../replay/replayer.ts";
import { differencesOf, maskOf } from "./compare.ts";
import { type RecordedDelivery, recording } from "./recording.ts";
import { webhookWorlds } from "./worlds.ts";

let [alike, all] = [0, 0];
/** What was recorded beside the deliveries, and is of a gate's surroundings. */
const left = [
  ...recording.proxied.map(({ at }) => `the CONNECT of ${at}: the mock goes by no proxy`),
  "which connection and which TLS carried a delivery: in process there is none",
];

for (const world of webhookWorlds) {
  test(`the run ${world.run} asked of a mock gate brings the recorded deliveries, and no others`, async () => {
    const replayed = await replay(world);
    const recorded = recording.deliveries.filter(({ run }) => run === world.run);
    const { complaints, same, extra } = judged(replayed, recorded);
    all += recorded.length;
    alike += same;
    expect(complaints).toEqual([]);
    expect(extra).toEqual([]);
  }, 30_000);
}

/** Attempts that arrived: what the gate could not send did not. */
const hasArrived = ({ outcome, error }: WebhookDelivery) =>
  outcome !== "unreachable" && !/can't be sent|ECONNREFUSED|within 0 s/.test(error ?? "");

function judged({ gate, names }: Replay, recorded: readonly RecordedDelivery[]) {
  const arrived = gate.deliveries.filter(hasArrived);
  const twins = twinsOf(arrived, recorded);
  const complaints: string[] = [];
  const used = new Set<WebhookDelivery>();
  let same = 0;
  for (const delivery of recorded) {
    const { event, endpoint, attempt } = delivery;
    const here = (number: number) =>
      arrived.find(
        (other) =>
          other.eventId === twins.get(event) && other.endpoint === endpoint && other.attempt === number,
      );
    const [mock, first] = [here(attempt), here(1)];
    if (mock === undefined || first === undefined) {
      complaints.push(`delivery ${delivery.n} (${endpoint}, attempt ${attempt}) of ${event} does not come`);
      continue;
    }
    used.add(mock);
    const began = recorded.find(
      (other) => other.event === event && other.endpoint === endpoint && other.attempt === 1,
    );
    const firstAt = { recorded: Date.parse(began?.at ?? ""), mock: first.at };
    const wrong = differencesOf(names, delivery, mock, firstAt);
    complaints.push(...wrong);
    if (wrong.length === 0) same += 1;
  }
  const extra = arrived
    .filter((mock) => !used.has(mock))
    .map(
      ({ type, endpoint, attempt, at }) =>
        `${type} at ${endpoint}, attempt ${attempt}, ${new Date(at).toISOString()}`,
    );
  return { complaints, same, extra };

  /** Which event of the mock stands for a recorded one: the first of those that say the same. */
  function twinsOf(arrived: readonly WebhookDelivery[], recorded: readonly RecordedDelivery[]) {
    const twins = new Map<string, string>();
    const free = new Map(
      arrived
        .filter(({ attempt }) => attempt === 1)
        .map((mock) => [`${mock.eventId} ${mock.endpoint}`, mock]),
    );
    const inOrder = [...recorded].sort((one, other) => (one.event < other.event ? -1 : 1));
    for (const { event, endpoint, request, attempt } of inOrder) {
      if (attempt !== 1 || twins.has(event) || !/"gate_version"|"dedup_key"|Webhook Test/.test(request.body))
        continue;
      const mask = maskOf(names, request.body, "recorded");
      const taken = new Set(twins.values());
      const twin = [...free.values()].find(
        (mock) =>
          !taken.has(mock.eventId) && mock.endpoint === endpoint && maskOf(names, mock.body, "mock") === mask,
      );
      if (twin !== undefined) twins.set(event, twin.eventId);
    }
    return twins;
  }
}

afterAll(() => {
  console.log([`webhooks replayed: ${alike} of ${all}`, "left:", ...left].join("\n"));
});
