import {
  MockGate,
  type MockGateOptions,
  type MockWebhook,
  type WebhookKind,
} from "../../../src/testing/index.ts";
import { createAgent, createOperator } from "../by-hand.ts";

export const START = Date.parse("2026-11-28T09:00:00.250Z");

export const ALL: readonly WebhookKind[] = [
  ...(["approval.pending", "approval.granted", "approval.denied", "approval.expired"] as const),
  ...(["action.denied", "action.executed", "action.failed"] as const),
  ...(["revocation", "budget.exhausted", "budget.rollback_failed"] as const),
];

/** What a receiver answers to each attempt in turn: a status, an error, or nothing ever. */
export type Reply = number | Error | "never";

const read = { operation: "read", path: "docs/notes.md" };

/** A gate whose clock only moves when it is told to, and one endpoint whose receiver answers as planned; 200 at the end. */
export async function scene(
  endpoint: Partial<MockWebhook> = {},
  { replies = [], ...options }: MockGateOptions & { replies?: Reply[] } = {},
) {
  const heard: Request[] = [];
  const bodies: string[] = [];
  const webhook: MockWebhook = {
    name: "inbox",
    url: "https://hooks.example/inbox",
    secret: "whsec_of_a_test",
    events: ALL,
    async fetch(request) {
      heard.push(request);
      bodies.push(await request.text());
      const reply = replies.shift() ?? 200;
      if (reply === "never") return new Promise<never>(() => {});
      if (typeof reply === "object") throw reply;
      return new Response(null, { status: reply });
    },
    ...endpoint,
  };
  const gate = new MockGate({
    now: () => START,
    timer: () => () => {},
    webhooks: [webhook],
    rateLimits: false,
    ...options,
  });
  const agent = await createAgent(gate.send, { now: gate.now });
  const operator = createOperator(gate.operatorSend, gate.operatorCredentials, gate.now);
  return {
    gate,
    agent,
    operator,
    heard,
    bodies,
    /** A call that runs, and what comes of it. */
    async happen() {
      await agent.execute("fs_read", read);
      await gate.webhooksSettled();
    },
    /** Moves the clock, and lets everything go on that this makes due. */
    async pass(ms: number) {
      gate.advance(ms);
      await gate.webhooksSettled();
    },
    /** Kinds in the order of emission. */
    async kinds() {
      await gate.webhooksSettled();
      return [...gate.deliveries]
        .filter(({ attempt }) => attempt === 1)
        .sort((one, other) => (one.eventId < other.eventId ? -1 : 1))
        .map(({ type }) => type);
    },
    outcomes: () => gate.deliveries.map(({ attempt, outcome }) => `${attempt} ${outcome}`),
  };
}

/** The members of an event's `data`. */
export function dataOf(body: string | undefined): Record<string, unknown> {
  return (JSON.parse(body ?? "{}") as { data: Record<string, unknown> }).data;
}
