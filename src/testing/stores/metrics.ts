import type { ProofFlaw } from "../formats/proof.ts";

/** How a call ended, as `latchgate_calls_total` counts it. */
export type CallDecision =
  | "allow"
  | "allow_unverified"
  | "deny"
  | "error"
  | "pending_approval"
  | "rate_limited";

const BUCKETS = ["0.1", "0.25", "0.5", "1.0", "2.5", "5.0", "10.0", "30.0", "+Inf"] as const;

const LIMITS = BUCKETS.map((most) => (most === "+Inf" ? Number.POSITIVE_INFINITY : Number(most)));

interface Histogram {
  sum: number;
  count: number;
  /** How many fell between a bucket's limit and that of the one before it. */
  readonly buckets: number[];
}

/**
 * What `GET /metrics` counts, family by family in the recorded order (recordings/metrics.txt). Families with labels
 * are left out as long as nothing was counted. A `deny` of the policy is none of its decisions there, as recorded.
 */
export function createMetrics() {
  const calls = new Map<string, number>();
  const rejects = new Map<string, number>();
  const decisions = new Map<string, number>();
  const timeouts = new Map<string, number>();
  const errors = new Map<string, number>();
  const violations = new Map<string, number>();
  const durations = new Map<string, Histogram>();
  const policy = new Map<string, Histogram>();
  const stores = new Map<string, Histogram>();
  let writeErrors = 0;

  return {
    call: (action: string, decision: CallDecision) => increase(calls, labels({ action, decision })),
    reject: (reason: ProofFlaw | "replay") => increase(rejects, labels({ reason })),
    decision(decision: "allow" | "pending_approval") {
      increase(decisions, labels({ decision }));
      observe(policy, labels({ operation: "evaluate" }), 0);
    },
    providerError(action: string, errorType: string) {
      if (errorType === "wasm_timeout") increase(timeouts, labels({ action }));
      increase(errors, labels({ action, error_type: errorType }));
    },
    violation: (action: string) => increase(violations, labels({ action })),
    duration: (action: string, seconds: number) => observe(durations, labels({ action }), seconds),
    store: (operation: "replay_check" | "budget_debit" | "budget_init" | "budget_rollback") =>
      observe(stores, labels({ operation }), 0),
    auditWriteError() {
      writeErrors += 1;
    },

    /** OpenMetrics 1.0.0. */
    text(seconds: number): string {
      return [
        counters("calls_total", "Total action calls", calls),
        counters("dpop_rejects_total", "DPoP proof rejections", rejects),
        counters("policy_decisions_total", "OPA policy decisions", decisions),
        counter("budget_exhausted_total", "Budget exhaustion events", 0),
        counter(
          "budget_rollback_failures_total",
          "Budget rollback failures (orphaned debits requiring reconciliation)",
          0,
        ),
        counters("provider_timeouts_total", "Provider execution timeouts", timeouts),
        counters("provider_errors_total", "Provider execution errors", errors),
        histograms("action_duration_seconds", "Tool execution duration in seconds", durations),
        counter("audit_write_errors_total", "Audit ledger write failures (events may be lost)", writeErrors),
        counters("response_schema_violations_total", "Response schema violations", violations),
        gauge("unresolved_intents", "Execution intents without matching receipts", 0),
        gauge("oldest_pending_approval_seconds", "Age of the oldest pending approval in seconds", 0),
        gauge("webhook_outbox_pending", "Webhook outbox entries awaiting delivery", 0),
        histograms(
          "ledger_write_duration_seconds",
          "Ledger write duration (events, receipts, intents)",
          new Map([["", createHistogram()]]),
        ),
        histograms("opa_request_duration_seconds", "OPA policy evaluation request duration", policy),
        histograms(
          "redis_request_duration_seconds",
          "Redis request duration (replay cache, budget manager)",
          stores,
        ),
        counter("webhook_drops_total", "Webhook events dropped due to full channel (async mode)", 0),
        gauge(
          "coarse_clock_unix_seconds",
          "Most recent second published by the coarse-clock ticker (stalls if it stops advancing)",
          seconds,
        ),
        "# EOF\n",
      ].join("");
    },
  };
}

function increase(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function createHistogram(): Histogram {
  return { sum: 0, count: 0, buckets: BUCKETS.map(() => 0) };
}

function observe(histogramsOf: Map<string, Histogram>, key: string, seconds: number): void {
  let histogram = histogramsOf.get(key);
  if (histogram === undefined) {
    histogram = createHistogram();
    histogramsOf.set(key, histogram);
  }
  histogram.sum += seconds;
  histogram.count += 1;
  const index = LIMITS.findIndex((most) => seconds <= most);
  histogram.buckets[index] = (histogram.buckets[index] ?? 0) + 1;
}

/** `name="value",…` with the value escaped. */
function labels(of: Readonly<Record<string, string>>): string {
  let text = "";
  for (const [name, value] of Object.entries(of)) {
    const escaped = /[\\"\n]/.test(value) ? value.replace(/[\\"]/g, "\\$&").replace(/\n/g, "\\n") : value;
    text += `${text === "" ? "" : ","}${name}="${escaped}"`;
  }
  return text;
}

function head(name: string, help: string, type: "counter" | "gauge" | "histogram"): string {
  return `# HELP latchgate_${name} ${help}.\n# TYPE latchgate_${name} ${type}\n`;
}

/** The encoder appends `_total` to a counter's name, though it ends so already. */
function counter(name: string, help: string, value: number): string {
  return `${head(name, help, "counter")}latchgate_${name}_total ${value}\n`;
}

function counters(name: string, help: string, series: ReadonlyMap<string, number>): string {
  if (series.size === 0) return "";
  const lines = [...series].map(([key, value]) => `latchgate_${name}_total{${key}} ${value}\n`);
  return head(name, help, "counter") + lines.join("");
}

function gauge(name: string, help: string, value: number): string {
  return `${head(name, help, "gauge")}latchgate_${name} ${value}\n`;
}

function histograms(name: string, help: string, series: ReadonlyMap<string, Histogram>): string {
  if (series.size === 0) return "";
  let text = head(name, help, "histogram");
  for (const [key, { sum, count, buckets }] of series) {
    const own = key === "" ? "" : `{${key}}`;
    const and = key === "" ? "" : `,${key}`;
    text += `latchgate_${name}_sum${own} ${Number.isInteger(sum) ? sum.toFixed(1) : sum}\n`;
    text += `latchgate_${name}_count${own} ${count}\n`;
    let below = 0;
    for (const [index, most] of BUCKETS.entries()) {
      below += buckets[index] ?? 0;
      text += `latchgate_${name}_bucket{le="${most}"${and}} ${below}\n`;
    }
  }
  return text;
}
