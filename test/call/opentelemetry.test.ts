import { context, SpanStatusCode, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { LatchGateApprovalRequired, LatchGateClient } from "latchgate-client";
import { MockGate } from "latchgate-client/testing";
import { beforeEach, expect, it } from "vitest";
import { traceLatchGate } from "../../examples/opentelemetry.ts";

// The spans of examples/opentelemetry.ts, as OpenTelemetry's own SDK hands them to an exporter.

const exporter = new InMemorySpanExporter();
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
trace.setGlobalTracerProvider(provider);
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
traceLatchGate();

let gate: MockGate;
let client: LatchGateClient;
beforeEach(async () => {
  gate = new MockGate({
    rateLimits: false,
    actions: {
      count: { riskLevel: "low", run: () => ({ ok: true }) },
      risky: { riskLevel: "high", run: () => ({ ok: true }) },
    },
  });
  client = new LatchGateClient({ fetch: gate.fetch, agentId: "t", retry: { minDelayMs: 0 } });
  await client.connect();
  exporter.reset();
});

/** The spans with a name, and who their parents are. */
const named = (name: string) => exporter.getFinishedSpans().filter((span) => span.name === name);
const only = (name: string): ReadableSpan => {
  const [span, ...more] = named(name);
  if (span === undefined || more.length > 0) throw new Error(`${more.length + (span ? 1 : 0)} spans ${name}`);
  return span;
};

it("an execute is a child of the span that was active, and each request of it a child of the execute", async () => {
  gate.fault("executeAction", { kind: "answer", status: 503, code: "store_unavailable" });
  await trace.getTracer("program").startActiveSpan("the program", async (outer) => {
    await client.execute("count");
    outer.end();
  });
  const execute = only("execute count");
  expect(execute.parentSpanContext?.spanId).toBe(only("the program").spanContext().spanId);
  expect(execute.attributes).toMatchObject({ "latchgate.action": "count", "latchgate.outcome": "executed" });
  const attempts = named("POST");
  expect(attempts.map(({ parentSpanContext }) => parentSpanContext?.spanId)).toEqual(
    attempts.map(() => execute.spanContext().spanId),
  );
  expect(attempts.map(({ attributes }) => attributes["http.response.status_code"])).toEqual([503, 200]);
  expect(attempts.map(({ attributes }) => attributes["http.request.resend_count"])).toEqual([undefined, 1]);
});

it("a call that is held is no span with an error, and neither is the wait that ends well", async () => {
  const held = await client.execute("risky").catch((error: unknown) => error);
  if (!(held instanceof LatchGateApprovalRequired)) throw held;
  const execute = only("execute risky");
  expect(execute.status.code).toBe(SpanStatusCode.UNSET);
  expect(execute.attributes).toMatchObject({
    "latchgate.code": "approval_required",
    "latchgate.outcome": "not_executed",
  });
  expect(execute.attributes).not.toHaveProperty("error.type");

  await gate.approve(held.approvalId);
  await client.waitForApproval(held);
  const wait = only("wait risky");
  expect([wait.status.code, wait.attributes["latchgate.outcome"]]).toEqual([
    SpanStatusCode.UNSET,
    "executed",
  ]);
});

it("a failure is a span with an error, its code, and whether the action may have run", async () => {
  gate.fault("executeAction", { kind: "reset", when: "running" });
  gate.fault("executeAction", { kind: "reset", when: "answered" });
  await client.execute("count").catch(() => {});
  const { status, attributes } = only("execute count");
  expect(status.code).toBe(SpanStatusCode.ERROR);
  expect(attributes["latchgate.outcome"]).toBe("unknown");
  expect(attributes["error.type"]).toBe(status.message);
});

it("nothing of a call's parameters, output, token or proof is in a span", async () => {
  await client.execute("count", { to: "parameter-canary" });
  const spans = exporter.getFinishedSpans();
  expect(spans.length).toBeGreaterThan(1);
  expect(
    JSON.stringify(spans.map(({ name, attributes, status }) => ({ name, attributes, status }))),
  ).not.toMatch(/canary|eyJ/);
});
