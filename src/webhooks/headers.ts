import { LatchGateWebhookError } from "./webhook-error.ts";

/**
 * The headers of a request, in any of the ways in which they are handed over: `Headers`, Node's `request.headers` or
 * `headersDistinct`, or pairs.
 */
export type WebhookHeaders =
  | { readonly [name: string]: string | readonly string[] | undefined }
  | Iterable<readonly [name: string, value: string]>;

/** The one value of a header of the gate's. A second one, be it joined to the first by a comma, is refused. */
export function onlyHeader(headers: WebhookHeaders, name: string): string {
  const values = valuesOf(headers, name);
  const [value] = values;
  if (value === undefined) throw new LatchGateWebhookError("missing_header", `the webhook has no ${name}`);
  if (typeof value !== "string")
    throw new LatchGateWebhookError("malformed_header", `the webhook's ${name} is no text`);
  // Neither a signature nor a timestamp has a comma: `Headers`, and Node for headers that it does not know, join with one.
  if (values.length > 1 || value.includes(","))
    throw new LatchGateWebhookError("repeated_header", `the webhook has more than one ${name}`);
  return value;
}

function valuesOf(headers: WebhookHeaders, name: string): unknown[] {
  if (typeof headers !== "object" || headers === null) throw noHeaders();
  const wanted = name.toLowerCase();
  const found: unknown[] = [];
  for (const pair of isIterable(headers) ? headers : Object.entries(headers)) {
    // Node's rawHeaders are a flat list of texts.
    if (!Array.isArray(pair)) throw noHeaders();
    const [other, value]: unknown[] = pair;
    // The length first: most headers are others.
    if (typeof other !== "string" || other.length !== wanted.length || other.toLowerCase() !== wanted)
      continue;
    if (Array.isArray(value)) found.push(...value);
    else if (value !== undefined) found.push(value);
  }
  return found;
}

const isIterable = (headers: WebhookHeaders): headers is Iterable<readonly [string, string]> =>
  typeof (headers as Iterable<unknown>)[Symbol.iterator] === "function";

const noHeaders = () =>
  new LatchGateWebhookError(
    "invalid_options",
    "the headers must be a Headers object, Node's request.headers, or a list of pairs",
  );
