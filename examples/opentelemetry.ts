/** OpenTelemetry spans on top of the tracing channels: one for each execute, and one child for each attempt. */
import { AsyncLocalStorage } from "node:async_hooks";
import { tracingChannel } from "node:diagnostics_channel";
import type { TraceContext } from "latchgate-client";

/** The part of `@opentelemetry/api` that is used: `trace.getTracer("latchgate-client")` is a `Tracer`. */
interface Span {
  setAttributes(attributes: Record<string, string | number>): unknown;
  setStatus(status: { code: number; message?: string }): unknown;
  end(): void;
}
interface Tracer<Parent> {
  startSpan(
    name: string,
    options: { kind: number; attributes: Record<string, string | number> },
    parent: Parent,
  ): Span;
}

const CLIENT_SPAN = 2;
const ERROR_STATUS = 2;

export function traceLatchGate<Parent>(
  tracer: Tracer<Parent>,
  withSpan: (span: Span | undefined) => Parent,
): void {
  const spans = new WeakMap<object, Span>();
  const parent = new AsyncLocalStorage<Span>();
  for (const name of ["execute", "attempt"] as const) {
    const channel = tracingChannel<unknown, TraceContext>(`latchgate:${name}`);
    channel.start.bindStore(parent, (context) => {
      const method = context.method === undefined ? undefined : { "http.request.method": context.method };
      const attributes = {
        "latchgate.operation": context.operationId,
        "latchgate.action": context.actionId,
        ...method,
      };
      const options = { kind: CLIENT_SPAN, attributes };
      const span = tracer.startSpan(
        name === "execute" ? `execute ${context.actionId}` : (context.method ?? "HTTP"),
        options,
        withSpan(parent.getStore()),
      );
      spans.set(context, span);
      return span;
    });
    channel.asyncEnd.subscribe((context) => {
      const { status, attempts, outcome, code } = context as TraceContext;
      const span = spans.get(context as object);
      if (status !== undefined) span?.setAttributes({ "http.response.status_code": status });
      if (name === "attempt" && (attempts ?? 1) > 1)
        span?.setAttributes({ "http.request.resend_count": (attempts ?? 1) - 1 });
      if (outcome !== undefined) span?.setAttributes({ "latchgate.outcome": outcome });
      if (code !== undefined) span?.setAttributes({ "error.type": code });
      if (code !== undefined) span?.setStatus({ code: ERROR_STATUS, message: code });
      span?.end();
    });
  }
}
