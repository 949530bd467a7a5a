/** OpenTelemetry spans on top of the tracing channels: one for each execute and each wait, with a child for each attempt. */
import { AsyncLocalStorage } from "node:async_hooks";
import { tracingChannel } from "node:diagnostics_channel";
import { context, type Span, SpanKind, SpanStatusCode, type Tracer, trace } from "@opentelemetry/api";
import type { TraceContext } from "latchgate-client";

const CHANNELS = ["execute", "approval", "attempt"] as const;

/** Begins to trace every client of this process. */
export function traceLatchGate(tracer: Tracer = trace.getTracer("latchgate-client")): void {
  const spans = new WeakMap<TraceContext, Span>();
  const running = new AsyncLocalStorage<Span>();
  for (const name of CHANNELS) {
    const channel = tracingChannel<unknown, TraceContext>(`latchgate:${name}`);
    channel.start.bindStore(running, (call) => {
      const outer = running.getStore();
      const parent = outer === undefined ? context.active() : trace.setSpan(context.active(), outer);
      const title = {
        execute: `execute ${call.actionId}`,
        approval: `wait ${call.actionId}`,
        attempt: call.method,
      };
      const span = tracer.startSpan(title[name] ?? "HTTP", { kind: SpanKind.CLIENT }, parent);
      span
        .setAttribute("latchgate.operation", call.operationId)
        .setAttribute("latchgate.action", call.actionId);
      if (call.method !== undefined) span.setAttribute("http.request.method", call.method);
      spans.set(call, span);
      return span;
    });
    channel.asyncEnd.subscribe((message) => {
      const call = message as TraceContext;
      const span = spans.get(call);
      if (span === undefined) return;
      const { status, attempts = 1, outcome, code, error } = call;
      if (status !== undefined) span.setAttribute("http.response.status_code", status);
      if (name === "attempt" && attempts > 1) span.setAttribute("http.request.resend_count", attempts - 1);
      if (outcome !== undefined) span.setAttribute("latchgate.outcome", outcome);
      if (code !== undefined) span.setAttribute(error === undefined ? "latchgate.code" : "error.type", code);
      // A call that is held has a code, `approval_required`, and no error.
      if (error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: code ?? "" });
      span.end();
    });
  }
}
