import { signatureOf } from "./signature.ts";
import type { Endpoint } from "./start.ts";

/** One attempt as it goes out: names in lower case, every value a string of bytes (a character each). */
export interface AttemptRequest {
  readonly url: URL;
  /** Path and query: the fragment is not sent. */
  readonly target: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

/**
 * An attempt's request, signed with this second. What is configured stands beside the gate's own header of that name,
 * right after it, but for `accept` and `host`, of which there is one (assumed: so the gate's HTTP client does it).
 * Undefined where a configured name or value can't be put into a header: such an attempt fails before it is made.
 */
export function attemptRequest(
  endpoint: Endpoint,
  body: string,
  seconds: number,
): AttemptRequest | undefined {
  const { url } = endpoint;
  const timestamp = String(seconds);
  const configured = endpoint.headers.map(([name, value]) => [name.toLowerCase(), bytes(value)] as const);
  if (!configured.every(([name, value]) => isName(name) && isValue(value))) return undefined;
  const headers: [string, string][] = [];
  if (url.username !== "" || url.password !== "") headers.push(["authorization", basic(url)]);
  headers.push(
    ["content-type", "application/json"],
    ["x-latchgate-signature", signatureOf(endpoint.secret, timestamp, body)],
    ["x-latchgate-timestamp", timestamp],
    ["user-agent", "LatchGate-Webhooks/0.1"],
  );
  for (const [name, value] of configured) {
    const at = headers.findLastIndex(([other]) => other === name);
    headers.splice(at < 0 ? headers.length : at + 1, 0, [name, value]);
  }
  for (const [name, value] of [
    ["accept", "*/*"],
    ["host", url.host],
  ] as const)
    if (!headers.some(([other]) => other === name)) headers.push([name, value]);
  headers.push(["content-length", String(Buffer.byteLength(body))]);
  return { url, target: `${url.pathname}${url.search}`, headers, body };
}

function basic({ username, password }: URL): string {
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return `Basic ${Buffer.from(pair).toString("base64")}`;
}

/** UTF-8, each byte a character: so headers are taken by `Headers` and by `node:http`. */
function bytes(text: string): string {
  return Buffer.from(text).toString("latin1");
}

function isName(name: string): boolean {
  return /^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name);
}

function isValue(value: string): boolean {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(value);
}
