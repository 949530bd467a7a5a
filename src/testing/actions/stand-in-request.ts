import type { RunContext } from "../stores/actions.ts";
import type { WebRequest } from "./web.ts";

type Params = Readonly<Record<string, unknown>>;

/** Parameters that say where a request goes to, and so are not sent. */
const PLACES = [
  "url",
  "webhook_url",
  "domain",
  "host",
  "lang",
  "endpoint",
  "path",
  "method",
  "headers",
  "timeout_ms",
];

/**
 * The request of an action whose template is not known: a gate tells nobody what a manifest makes of its parameters. It goes
 * to the `url` or `webhook_url` of the call, else to the action's first domain (`domain`, `host` or `lang` filled in for
 * its `*`), at `endpoint` or `path`; what is left is the query of what reads, and the JSON body of what writes.
 */
export function standInRequest(
  params: Params,
  { actionId, allowedDomains }: Pick<RunContext, "actionId" | "allowedDomains">,
  sideEffects: readonly string[],
): WebRequest {
  const reads = sideEffects.every((effect) => effect.endsWith("_read"));
  const method = textOf(params["method"]) ?? (reads ? "GET" : methodOf(actionId));
  const rest = Object.entries(params).filter(([name]) => !PLACES.includes(name));
  const given = textOf(params["url"]) ?? textOf(params["webhook_url"]);
  if (given !== undefined) return { method, url: given, body: reads ? "" : bodyOf(rest) };
  const path = (textOf(params["endpoint"]) ?? textOf(params["path"]) ?? "").replace(/^\/+/, "");
  const url = `https://${hostOf(params, allowedDomains)}/${path}`;
  if (!reads) return { method, url, body: bodyOf(rest) };
  const query = new URLSearchParams();
  for (const [name, value] of rest) query.append(name, textOf(value) ?? JSON.stringify(value));
  return {
    method,
    url: rest.length === 0 ? url : `${url}${url.includes("?") ? "&" : "?"}${query}`,
    body: "",
  };
}

/** The request of an approved run, to which no template is applied: the provider gets the parameters as they are (measured.md; a defect of the gate). */
export function approvedRequest({ url, method, body }: Params): WebRequest {
  return {
    method: textOf(method) ?? "GET",
    url: textOf(url) ?? "",
    body: body === undefined ? "" : JSON.stringify(body),
  };
}

function methodOf(actionId: string): string {
  if (actionId.endsWith("_delete")) return "DELETE";
  if (actionId.endsWith("_put")) return "PUT";
  return /_(patch|update)$/.test(actionId) ? "PATCH" : "POST";
}

function hostOf(params: Params, [first = ""]: readonly string[]): string {
  if (!first.startsWith("*.")) return first;
  const below = first.slice(1);
  const named = textOf(params["domain"]) ?? textOf(params["host"]) ?? textOf(params["lang"]) ?? "";
  return named.endsWith(below) ? named : `${named}${below}`;
}

/** A text that is all there is to send goes as it is if it is JSON, and as a JSON string if not, as `http_post`'s does (measured.md). */
function bodyOf(rest: readonly (readonly [string, unknown])[]): string {
  const [only] = rest;
  const text = rest.length === 1 && only?.[0] === "body" ? textOf(only[1]) : undefined;
  if (text === undefined) return JSON.stringify(Object.fromEntries(rest));
  try {
    JSON.parse(text);
    return text;
  } catch {
    return JSON.stringify(text);
  }
}

const textOf = (value: unknown) => (typeof value === "string" ? value : undefined);
