import { afterAll, expect, test } from "vitest";
import { attemptRequest } from "../../../src/testing/webhooks/attempt-request.ts";
import { bodyOf } from "../../../src/testing/webhooks/body.ts";
import type { WebhookEvent } from "../../../src/testing/webhooks/events.ts";
import { endpointsOf, literalEndpoint, type MockWebhook } from "../../../src/testing/webhooks/start.ts";
import { eventOf, optionOf, type RecordedDelivery, recording } from "./recording.ts";

const context = { relaxed: true, environment: recording.environment };
let alike = 0;
const left: string[] = [];

/** The endpoint of a delivery; the gate's command, which sends tests, substitutes nothing. */
function endpointOf({ run, endpoint, event }: RecordedDelivery) {
  const found = recording.endpoints[run]?.find(({ name }) => name === endpoint);
  if (found === undefined) throw new Error(`no endpoint ${endpoint} in ${run}`);
  const option = optionOf(found) as unknown as MockWebhook;
  const [substituted] = endpointsOf([option], context);
  return event.startsWith("evt_test_") || substituted === undefined ? literalEndpoint(option) : substituted;
}

test("every recorded delivery is made again from its event, its endpoint and its second: every byte, every header, the signature", () => {
  for (const delivery of recording.deliveries) {
    const { n, event, request } = delivery;
    const endpoint = endpointOf(delivery);
    const headers = new Map(request.headers);
    // What a format leaves out of an event is only known where the same event went elsewhere in the gate's own words.
    const known = eventOf(event) ?? testEvent(delivery);
    if (known === undefined) {
      left.push(`delivery ${n}: the event ${event} was recorded in no other format`);
      continue;
    }
    const routingKey = endpoint.headers.find(([name]) => name === "X-Routing-Key")?.[1] ?? "";
    const body = bodyOf(known as unknown as WebhookEvent, endpoint.format, routingKey);
    const [timestamp = ""] = request.headers
      .filter(([name]) => name === "x-latchgate-timestamp")
      .map(([, value]) => value);
    const made = attemptRequest(endpoint, body, Number(timestamp));
    expect({ n, target: made?.target, headers: made?.headers, body: made?.body }).toEqual({
      n,
      target: request.target,
      headers: request.headers,
      body: request.body,
    });
    expect(headers.size).toBeGreaterThan(0);
    alike += 1;
  }
  expect(left).toEqual([]);
});

/** A test is one event per endpoint: its members are known from the endpoint, its id and time from the delivery. */
function testEvent({ event, endpoint, request }: RecordedDelivery): Partial<WebhookEvent> | undefined {
  if (!event.startsWith("evt_test_")) return undefined;
  const seconds = Number(request.headers.find(([name]) => name === "x-latchgate-timestamp")?.[1]);
  return {
    id: event,
    type: "test",
    timestamp: new Date(seconds * 1000).toISOString().replace(".000", ""),
    data: { endpoint_name: endpoint, message: "LatchGate webhook test event" },
  };
}

afterAll(() => {
  console.log([`made again, byte for byte: ${alike} of ${recording.deliveries.length}`, ...left].join("\n"));
});
