import { readFileSync } from "node:fs";
import type { WebhookKind } from "../../../src/testing/index.ts";

/** How the recorder's receiver answered. */
export interface PlannedAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Milliseconds until it answers. */
  readonly wait?: number;
  /** The body never ends. */
  readonly endless?: boolean;
  /** No answer: the connection is closed. */
  readonly close?: boolean;
}

/** One attempt as it arrived. */
export interface RecordedDelivery {
  readonly n: number;
  readonly run: string;
  readonly endpoint: string;
  readonly event: string;
  readonly attempt: number;
  readonly at: string;
  /** What signed it. */
  readonly secret: string;
  readonly to: string;
  readonly request: {
    readonly method: string;
    readonly target: string;
    readonly headers: readonly (readonly [string, string])[];
    readonly body: string;
  };
  readonly answer: PlannedAnswer;
}

/** An endpoint in the words of the gate's configuration. */
export interface RecordedEndpoint {
  readonly name: string;
  readonly url: string;
  readonly secret: string;
  readonly events: readonly WebhookKind[];
  readonly format?: "generic" | "slack" | "discord" | "pagerduty";
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeout_seconds?: number;
  readonly max_retries?: number;
  readonly retry_backoff_seconds?: readonly number[];
  readonly disable?: boolean;
  readonly secret_used: string;
  readonly answers: readonly (number | PlannedAnswer)[];
}

/** A configuration, and whether a gate started with it. */
export interface RecordedStart {
  readonly id: string;
  readonly webhooks: readonly Readonly<Record<string, unknown>>[];
  readonly posture: "relaxed" | "strict";
  readonly edit?: string;
  readonly outcome: string;
  readonly stderr?: string;
}

export interface WebhookRecording {
  readonly environment: Readonly<Record<string, string>>;
  readonly endpoints: Readonly<Record<string, readonly RecordedEndpoint[]>>;
  readonly deliveries: readonly RecordedDelivery[];
  readonly refusals: readonly RecordedStart[];
  readonly proxied: readonly { readonly at: string }[];
}

const FILE = new URL("../../recordings/webhooks.json", import.meta.url);

export const recording = JSON.parse(readFileSync(FILE, "utf8")) as WebhookRecording;

const SPELLINGS = {
  timeout_seconds: "timeoutSeconds",
  max_retries: "maxRetries",
  retry_backoff_seconds: "retryBackoffSeconds",
} as const;

/** A recorded endpoint as an option of the mock: other members stay, as unknown ones. */
export function optionOf(endpoint: object): Readonly<Record<string, unknown>> {
  const { secret_used: _used, answers: _answers, ...members } = endpoint as Record<string, unknown>;
  return Object.fromEntries(
    Object.entries(members).map(([name, value]) => [
      Object.hasOwn(SPELLINGS, name) ? SPELLINGS[name as keyof typeof SPELLINGS] : name,
      value,
    ]),
  );
}

/** The event of an id, as the endpoint that is told everything in the gate's own words had it. */
export function eventOf(id: string): Readonly<Record<string, unknown>> | undefined {
  return events.get(id);
}

const events = new Map(
  recording.deliveries
    .filter(({ request }) => request.body.includes('"gate_version"'))
    .map(({ event, request }) => [event, JSON.parse(request.body) as Record<string, unknown>]),
);
