import { isObject, type Json, type JsonObject, type OpenApiDocument } from "../../documents/document.ts";
import type { DescribedOperation } from "./described.ts";
import type { Difference } from "./difference.ts";
import { differencesOf } from "./differences.ts";

/** What a gate answered, as it came. */
export interface Answer {
  readonly status: number;
  readonly headers: { readonly [name: string]: string };
  readonly text: string;
  /** The body, where its content type says that it is JSON and it can be read as that. */
  readonly json: Json | undefined;
}

/** One way in which an answer is not the described one. */
export interface Drift {
  readonly kind: Difference["kind"] | "status" | "code" | "header" | "media_type";
  readonly at: string;
  readonly what: string;
}

/** Everything in which an answer differs from what the document says of this operation's answers. */
export function driftOf({ operation, document }: DescribedOperation, answer: Answer): Drift[] {
  const responses = document.object(operation["responses"], "the responses");
  const described = responses[answer.status];
  if (described === undefined)
    return [
      drift("status", "", `${answer.status} is not described: ${Object.keys(responses).join(", ")} are`),
    ];
  const { value: response, document: home } = document.resolve(described);
  if (!isObject(response)) return [];
  return [...headers(answer, response, home), ...body(answer, response, home)];
}

/** The same of an answer of the router, to a request that is no operation: `unknown_path` or `wrong_method`. */
export function unroutedDriftOf(document: OpenApiDocument, kind: string, answer: Answer): Drift[] {
  const described = document.object(document.root["x-unrouted"], "x-unrouted");
  return [
    ...headers(answer, document.object(described[kind], kind), document),
    ...(answer.text === "" ? [] : [drift("media_type", "", "has a body where none is described")]),
  ];
}

function headers(answer: Answer, { headers }: JsonObject, from: OpenApiDocument): Drift[] {
  return Object.entries(isObject(headers) ? headers : {}).flatMap(([name, reference]) => {
    const { value: header, document: home } = from.resolve(reference);
    if (!isObject(header)) return [];
    const at = `header ${name}`;
    const sent = answer.headers[name.toLowerCase()];
    if (sent === undefined) return header["required"] === true ? [drift("header", at, "is missing")] : [];
    const { value: schema } = home.resolve(header["schema"]);
    const value = isObject(schema) && schema["type"] === "integer" ? Number(sent) : sent;
    return differencesOf(value, header["schema"], home).map(({ what }) => drift("header", at, what));
  });
}

function body(answer: Answer, response: JsonObject, home: OpenApiDocument): Drift[] {
  const content = isObject(response["content"]) ? response["content"] : {};
  const types = Object.keys(content);
  const type = answer.headers["content-type"]?.split(";")[0]?.trim();
  if (type === undefined) {
    if (answer.text !== "") return [drift("media_type", "", "has a body without a content type")];
    return types.length === 0
      ? []
      : [drift("media_type", "", `is empty where ${types.join(" or ")} is described`)];
  }
  const described = content[type];
  if (!isObject(described))
    return [
      drift("media_type", "", `is ${type} where ${types.join(" or ") || "an empty body"} is described`),
    ];
  if (type !== "application/json") return differencesOf(answer.text, described["schema"], home);
  if (answer.json === undefined) return [drift("media_type", "", "says that it is JSON and is not")];
  return differencesOf(answer.json, described["schema"], home);
}

/** The word by which answers of one status are told apart. */
export function wordOf({ json }: Answer): string | undefined {
  if (!isObject(json)) return undefined;
  const word = json["error"] ?? json["decision"];
  return typeof word === "string" ? word : undefined;
}

/**
 * Whether the answer is one of those that are due, each a status or a status and its word: `401 missing_auth_header`. An
 * operation has many answers, and to one request most of them are wrong.
 */
export function undue(answer: Answer, due: readonly string[]): Drift | undefined {
  const word = wordOf(answer);
  const got = word === undefined ? `${answer.status}` : `${answer.status} ${word}`;
  if (due.includes(got) || due.includes(`${answer.status}`)) return undefined;
  const kind = due.some((one) => one.startsWith(`${answer.status} `)) ? "code" : "status";
  const detail = answer.headers["content-type"]?.startsWith("text/plain")
    ? ` (${JSON.stringify(answer.text.slice(0, 120))})`
    : "";
  return drift(kind, "", `is ${got} where ${due.join(" or ")} is due${detail}`);
}

const drift = (kind: Drift["kind"], at: string, what: string): Drift => ({ kind, at, what });
