import { isObject, type Json } from "../../src/documents/document.ts";
import type { Asked, Judge } from "./judge.ts";
import { type Exchange, isAnswer, nameOf } from "./recordings.ts";

type Complaint = [exchange: string, complaint: string];

/** What a document says of recorded exchanges; no complaint means that all is as described. */
export function createConformance(judge: Judge, exchanges: readonly Exchange[]) {
  const askedOf = ({ request }: Exchange): Asked | undefined => judge.asked(request.method, request.path);

  return {
    /** Prints how many answers are as described, and gives the complaints about the others. */
    answers(what: string): { complaints: Complaint[]; answered: number } {
      const answered = exchanges.filter(({ response }) => isAnswer(response));
      const complaints = answered.flatMap((exchange): Complaint[] => {
        const { request, response } = exchange;
        if (!isAnswer(response)) return [];
        const asked = askedOf(exchange);
        const found =
          asked === undefined ? judge.unrouted(request.path, response) : judge.answer(asked, response);
        return found.map((complaint) => [nameOf(exchange), complaint]);
      });
      const failed = new Set(complaints.map(([name]) => name)).size;
      const silent = exchanges.length - answered.length;
      console.log(
        `${what}: ${answered.length - failed} of ${answered.length} (and ${silent} connections without an answer)`,
      );
      return { complaints, answered: answered.length };
    },

    /** Complaints about requests that the gate accepted. */
    acceptedRequests(): Complaint[] {
      return exchanges.flatMap((exchange): Complaint[] => {
        const asked = askedOf(exchange);
        if (asked === undefined || !isAccepted(exchange)) return [];
        return judge.request(asked, bodyOf(exchange)).map((complaint) => [nameOf(exchange), complaint]);
      });
    },

    /** The ids of the operations that were never asked. */
    neverAsked(): string[] {
      const asked = new Set(exchanges.map((exchange) => askedOf(exchange)?.operation.id));
      return judge.operations.map(({ id }) => id).filter((id) => !asked.has(id));
    },

    /** The examples of the document that no exchange shows, a text in part; `others` are bodies recorded elsewhere. */
    invented(others: readonly Json[]): Json[] {
      const known = new Set([
        ...exchanges.flatMap(({ response }) =>
          isAnswer(response) ? [same(response.json ?? response.text ?? "")] : [],
        ),
        ...exchanges.map((exchange) => same(bodyOf(exchange) ?? "")),
        ...others.map(same),
      ]);
      const texts = exchanges.flatMap(({ response }) => (isAnswer(response) ? [response.text ?? ""] : []));
      return [...examples(judge.document.root)].filter(
        (example) =>
          !known.has(same(example)) &&
          !(typeof example === "string" && texts.some((text) => isPart(example, text))),
      );
    },

    /** Path parameters that the document allows although they would lead out of their segment of the path. */
    leavingItsSegment(): string[] {
      const leaving = ["", ".", "..", "a/b", "%2e%2e", "a?b", "a b", "x".repeat(257)];
      return judge.operations.flatMap((operation) =>
        operation.parameters
          .filter((parameter) => parameter["in"] === "path")
          .flatMap(({ name }) =>
            leaving
              .filter(
                (value) =>
                  judge.parameters({ operation, parameters: { [String(name)]: value } }).length === 0,
              )
              .map((value) => `${operation.id} ${value}`),
          ),
      );
    },
  };
}

/** Whether a text that has more than one line has each of them from another one. */
function isPart(example: string, text: string): boolean {
  const lines = example.trimEnd().split("\n");
  const whole = text.split("\n");
  return lines.length > 1 && lines.every((line) => whole.includes(line));
}

function isAccepted({ response }: Exchange): boolean {
  return isAnswer(response) && response.status >= 200 && response.status < 300;
}

function bodyOf({ request }: Exchange): Json | undefined {
  if (request.body === undefined || request.body === "") return undefined;
  try {
    return JSON.parse(request.body) as Json;
  } catch {
    return undefined;
  }
}

/** A text that is the same for equal JSON, whatever the order of its members. */
function same(value: Json): string {
  return JSON.stringify(value, (_, member: Json) =>
    isObject(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}

/** The examples of media types, at any depth of the document. */
export function* examples(at: Json): Generator<Json> {
  if (Array.isArray(at)) for (const item of at) yield* examples(item);
  if (!isObject(at)) return;
  for (const [name, value] of Object.entries(at)) {
    if (name !== "content" || !isObject(value)) yield* examples(value);
    else
      for (const media of Object.values(value).filter(isObject)) {
        if (media["example"] !== undefined) yield media["example"];
        if (isObject(media["examples"]))
          for (const example of Object.values(media["examples"]).filter(isObject))
            yield example["value"] ?? null;
      }
  }
}
