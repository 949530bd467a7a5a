import { readFileSync } from "node:fs";
import type { Json, JsonObject } from "../../src/documents/document.ts";

/** One request that a real gate sent to an endpoint, as it arrived. */
export interface Delivery {
  readonly n: number;
  readonly run: string;
  readonly endpoint: string;
  /** The event's id. */
  readonly event: string;
  /** Among requests with equal bytes. */
  readonly attempt: number;
  /** When it arrived. */
  readonly at: string;
  /** The secret that signed it. */
  readonly secret: string;
  readonly request: {
    readonly method: string;
    readonly target: string;
    readonly http: string;
    readonly headers: readonly (readonly [name: string, value: string])[];
    readonly body: string;
  };
}

/** Every recorded delivery. */
export function deliveries(): Delivery[] {
  const text = readFileSync(new URL("../recordings/webhooks.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { deliveries: Delivery[] }).deliveries;
}

/** What a delivery's body is: JSON of one of four formats. */
export function bodyOf({ request }: Delivery): JsonObject {
  return JSON.parse(request.body) as JsonObject;
}

/** The format that an endpoint was configured with. */
export function formatOf(json: JsonObject): "generic" | "slack" | "discord" | "pagerduty" {
  if (json["blocks"] !== undefined) return "slack";
  if (json["embeds"] !== undefined) return "discord";
  return json["event_action"] === undefined ? "generic" : "pagerduty";
}

/** The kinds of events by id: only the generic format says them. */
export function kindsById(): Map<string, string> {
  return new Map(
    deliveries()
      .map(bodyOf)
      .filter((json) => formatOf(json) === "generic")
      .map((json) => [String(json["id"]), String(json["type"])]),
  );
}

/** The values of a header, in the order in which they came. */
export function valuesOf({ request }: Delivery, name: string): string[] {
  return request.headers.filter(([other]) => other === name).map(([, value]) => value);
}

/** A text that is the same for equal JSON, whatever the order of its members. */
export function same(value: Json): string {
  return JSON.stringify(value, (_, member: Json) =>
    typeof member === "object" && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}
