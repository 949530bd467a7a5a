import { LatchGateWebhookError } from "./webhook-error.ts";

/** The secrets that may have signed a webhook, each as it is: with `whsec_` and blanks, nothing decoded. */
export function secretsOf(secret: string | readonly string[]): readonly string[] {
  const list = typeof secret === "string" ? [secret] : secret;
  if (!Array.isArray(list) || list.length === 0 || !list.every(isSecret))
    throw new LatchGateWebhookError(
      "invalid_options",
      "a webhook is verified with the endpoint's secret, a text that is not empty, or with a list of such",
    );
  return [...list];
}

const isSecret = (secret: unknown) => typeof secret === "string" && secret !== "";
