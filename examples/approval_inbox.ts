/** An inbox of held actions: webhooks wake an operator's program, which decides by the risk and by what is asked. */
import { LatchGateClient } from "latchgate-client";
import { LatchGateOperator } from "latchgate-client/operator";
import { MockGate } from "latchgate-client/testing";
import { type EventOf, webhookReceiver } from "latchgate-client/webhooks";

const secret = "whsec_made-up-for-this-example";
/** What each held action asks for: the webhook is the only place where an operator's program sees it. */
const asked = new Map<string, EventOf<"approval.pending">["data"]>();

const receiver = webhookReceiver({
  secrets: secret,
  on: {
    "approval.pending": ({ data }) => void asked.set(data.approval_id, data),
    "approval.granted": ({ data }) =>
      console.log(`inbox:    ${data.action_id} has run, receipt ${data.receipt_id}`),
  },
});

const gate = new MockGate({
  actions: { publish: { riskLevel: "high", run: ({ page }) => ({ ok: true, published: page }) } },
  webhooks: [
    {
      name: "inbox",
      url: "https://hooks.example/inbox",
      secret,
      events: ["approval.pending", "approval.granted"],
      fetch: (request) => receiver.fetch(request),
    },
  ],
});
// The network loses one of them: the inbox finds that action by its own look, some seconds later.
gate.webhookFault({ event: "approval.pending", skip: 1 }, { kind: "lost" });

await using operator = new LatchGateOperator({ fetch: gate.operatorFetch, ...gate.operatorCredentials });
await using agent = new LatchGateClient({ fetch: gate.fetch, agentId: "agent:inbox" });

const stop = new AbortController();
async function inbox(): Promise<void> {
  const watching = { wake: receiver, pollMs: 2_000, signal: stop.signal };
  for await (const { approval_id: id, action_id: action, risk_level: risk } of operator.approvals.watch(
    watching,
  )) {
    // It may be told a moment after it is seen.
    await receiver.idle();
    const data = asked.get(id);
    const summary = data === undefined ? "(its webhook was lost)" : JSON.stringify(data.request_summary);
    console.log(`inbox:    ${action} (${risk} risk) ${summary}`);
    if (risk !== "critical" && summary.includes('"page":"news"')) await operator.approvals.approve(id);
    else await operator.approvals.deny(id, "only news, and only what can be seen");
  }
}
const ended = inbox();

const pages = ["news", "prices", "imprint"];
const results = await Promise.all(
  pages.map((page) =>
    agent.execute("publish", { page }, { whenHeld: "wait" }).then(
      ({ output }) => `${page}: ${JSON.stringify(output)}`,
      (error: Error) => `${page}: ${error.message}`,
    ),
  ),
);
stop.abort();
await ended;
await receiver.idle();
for (const line of results) console.log(`agent:    ${line}`);
process.exitCode = results.filter((line) => line.includes("published")).length === 1 ? 0 : 1;
