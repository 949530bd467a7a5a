import type { components } from "../../generated/webhooks.ts";
import type { WebhookEvent } from "./events.ts";
import { headlineOf } from "./headline.ts";
import { sortedJson } from "./json.ts";

/** How an endpoint is told, in the gate's order of naming. */
export const WEBHOOK_FORMATS = ["generic", "slack", "discord", "pagerduty"] as const;
export type WebhookFormat = (typeof WEBHOOK_FORMATS)[number];

/** The version of the recorded gate. */
const VERSION = "0.2.0";

const COLOURS = { red: 15_158_332, yellow: 15_965_202, green: 3_066_993, blue: 3_447_003 } as const;

/** The bytes of an event for an endpoint of this format: the same for all attempts. */
export function bodyOf(event: WebhookEvent, format: WebhookFormat, routingKey: string): string {
  return sortedJson(SHAPES[format](event, routingKey));
}

const SHAPES = {
  generic: (event) => ({ ...event, gate_version: VERSION }),

  // Texts are not escaped for mrkdwn, and not cut to what Slack takes.
  slack(event): Bodies["slack"] {
    const { title, fields } = headlineOf(event);
    const texts = fields.map(([label, value]) => mrkdwn(`*${label}:*\n${value}`));
    const section = { type: "section", fields: texts } as const;
    return {
      text: title,
      blocks: [
        { type: "header", text: { type: "plain_text", text: title, emoji: true } },
        ...(fields.length > 0 ? [section] : []),
        { type: "context", elements: [mrkdwn(footerOf(event))] },
      ],
    };
  },

  // An empty value is sent, which Discord refuses.
  discord(event) {
    const { title, fields, colour } = headlineOf(event);
    return {
      content: title,
      embeds: [
        {
          title,
          color: COLOURS[colour],
          fields: fields.map(([name, value]) => ({ name, value, inline: true })),
          footer: { text: footerOf(event) },
          timestamp: event.timestamp,
        },
      ],
    };
  },

  // Nothing ever resolves what is triggered.
  pagerduty(event, routingKey) {
    const { severity, summary } = headlineOf(event);
    const { id, type, timestamp, data } = event;
    return {
      routing_key: routingKey,
      event_action: "trigger",
      dedup_key: id,
      links: [],
      images: [],
      payload: {
        summary: `LatchGate: ${summary}`,
        severity,
        source: "latchgate",
        component: "action_id" in data ? data.action_id : "latchgate",
        group: type.split(".")[0] ?? "",
        timestamp,
        custom_details: data,
      },
    };
  },
} satisfies { [Format in WebhookFormat]: (event: WebhookEvent, routingKey: string) => Bodies[Format] };

type Schemas = components["schemas"];

/** What the document says of each format. */
interface Bodies {
  readonly generic: WebhookEvent & Pick<Schemas["KnownEvent"], "gate_version">;
  readonly slack: Schemas["SlackMessage"];
  readonly discord: Schemas["DiscordMessage"];
  readonly pagerduty: Schemas["PagerDutyEvent"];
}

function mrkdwn(text: string) {
  return { type: "mrkdwn", text } as const;
}

function footerOf({ id }: WebhookEvent): string {
  return `${id} · LatchGate ${VERSION}`;
}
