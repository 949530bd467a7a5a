import createClient, { type Client } from "openapi-fetch";
import type { OperationFacts } from "../generated/operations.ts";
import { LatchGateInvalidRequest } from "../vocabulary/errors.ts";
import type { OperationTable } from "../vocabulary/outcomes.ts";
import type { Route } from "../wire/config.ts";
import { loadFetchClasses } from "../wire/fetch-classes.ts";
import { type BufferedResponse, type Clock, SendFailure } from "../wire/send.ts";
import { answersText, unreadable } from "./answers.ts";
import { type CallDefaults, type CallState, callRequest, callState, type Pipe } from "./call-state.ts";
import { errorOf, shownText, unsentError } from "./failures.ts";
import { identifierProblem } from "./parameters.ts";
import type { Verdict } from "./retry-decision.ts";

/** The methods of openapi-fetch, typed by `Paths`. */
export type Api<Paths extends object> = Client<Paths>;

/**
 * The low-level door: an openapi-fetch client, typed by `Paths`, on the same pipe as the named methods. An answer of the
 * gate is returned, whatever its status; what has no usable answer is thrown as an error of this package.
 */
export function createApi<Paths extends object>(
  pipe: Pipe,
  table: OperationTable,
  route: Route,
  defaults: CallDefaults,
  clock: Clock,
  refuse?: (operation: OperationFacts, subject: string) => void,
): Api<Paths> {
  const find = finder(table, new URL(`${route.baseUrl}/`).pathname.slice(0, -1));
  loadFetchClasses();
  return createClient<Paths>({
    baseUrl: route.baseUrl,
    async fetch(request) {
      const { id, operation, path, subject, target } = find(request);
      if (refuse !== undefined) refuse(operation, subject);
      const body = request.body === null ? undefined : await request.text();
      const { signal } = request;
      const state = callState({ operationId: id, operation, subject, path }, { signal }, defaults, clock);
      const { headers, ...rest } = callRequest(state, body, target);
      let verdict: Verdict;
      try {
        verdict = await pipe({ ...rest, headers: { ...ownHeaders(request), ...headers } });
      } catch (error) {
        throw unsentError(state, error);
      }
      const { result } = verdict;
      if (result instanceof SendFailure) throw errorOf(state, verdict);
      if (result.ok && !answersText(id) && verdict.body === undefined)
        throw unreadable(state, result.status, "invalid JSON in the answer");
      if (result.status < 200 || result.status > 599)
        throw unreadable(state, result.status, `an answer with the status ${result.status}`);
      return responseOf(state, result, result.ok ? result.body : shownText(result, verdict.body, state));
    },
  });
}

interface Found {
  readonly id: string;
  readonly operation: OperationFacts;
  /** Percent-decoded: the gate compares a proof with the path that it has decoded. */
  readonly path: string;
  readonly subject: string;
  /** Path and query as they travel. */
  readonly target: string;
}

/** Finds which operation a request is, and refuses one that is none or whose path parameters the document does not allow. */
function finder(table: OperationTable, prefix: string): (request: Request) => Found {
  const routes = Object.entries(table).map(([id, operation]) => {
    const { method, path } = operation;
    const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name);
    const pattern = new RegExp(`^${path.replaceAll(".", "\\.").replace(/\{\w+\}/g, "([^/]+)")}$`);
    return { id, operation, method, names, pattern };
  });
  return (request) => {
    const { pathname, search } = new URL(request.url);
    const encoded = pathname.slice(prefix.length);
    for (const { id, operation, method, names, pattern } of routes) {
      const match = method === request.method ? pattern.exec(encoded) : null;
      if (match === null) continue;
      const values = match.slice(1).map(decoded);
      for (const [index, name] of names.entries()) {
        const problem = identifierProblem(operation, name, values[index]);
        if (problem !== undefined)
          throw new LatchGateInvalidRequest("<call>", problem, { code: "invalid_identifier" });
      }
      let next = 0;
      const path = operation.path.replace(/\{\w+\}/g, () => values[next++] ?? "");
      return { id, operation, path, target: `${encoded}${search}`, subject: values[0] ?? "<call>" };
    }
    throw new LatchGateInvalidRequest(
      "<call>",
      "this is no operation of the gate's API (or a path parameter is no id)",
      {
        code: "invalid_identifier",
      },
    );
  };
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** A caller's headers but for the two that this package sets. */
function ownHeaders(request: Request): Record<string, string> {
  return Object.fromEntries(
    [...request.headers].filter(
      ([name]) => name !== "authorization" && name !== "dpop" && name !== "content-type",
    ),
  );
}

function responseOf(state: CallState, response: BufferedResponse, body: string): Response {
  const { status, headers } = response;
  // These statuses may have no body, and Response throws on one.
  const empty = status === 204 || status === 205 || status === 304;
  try {
    return new Response(empty ? null : body, { status, headers: [...headers] });
  } catch {
    // A stand-in for fetch may give headers that are none.
    throw unreadable(state, status, "an answer with headers that can't be read");
  }
}
