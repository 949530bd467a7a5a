import { type RetryOptions, type RetryPolicy, retryPolicy } from "./backoff.ts";
import type { Route } from "./config.ts";
import type { Credentials, SignableRequest } from "./dpop.ts";
import {
  type ErrorDetails,
  LatchGateError,
  LatchGateInvalidRequest,
  LatchGateOutcomeUnknown,
  LatchGateTransportError,
} from "./errors.ts";
import type { AnswerFacts, OperationFacts } from "./generated/operations.ts";
import { answerFacts, errorCodeOf, type OperationTable, operationOf } from "./outcomes.ts";
import { doubtAbout, refusalError } from "./refusals.ts";
import { type BufferedResponse, type Clock, type Send, SendFailure } from "./send.ts";
import { USER_AGENT } from "./version.ts";

/** What every method takes as its last argument. */
export interface CallOptions {
  /** Gives the call up. What was sent by then may have run: the error says so. */
  readonly signal?: AbortSignal | undefined;
  /** How long the call may take with everything it needs (a lease, retries), in milliseconds. */
  readonly timeoutMs?: number | undefined;
  /** How often a call that surely did nothing is made again; `false`: nothing is ever sent twice. */
  readonly retry?: RetryOptions | false | undefined;
}

/** What the layers of the pipe know and note about one call. */
export interface CallState {
  readonly operationId: string;
  readonly operation: OperationFacts;
  /** The action's id, or a word in brackets such as `<receipt>`. */
  readonly subject: string;
  readonly path: string;
  readonly clock: Clock;
  /** On the monotonic clock, in milliseconds. */
  readonly deadline: number;
  readonly signal: AbortSignal | undefined;
  readonly policy: RetryPolicy;
  /** The only session that can make this call; any, if undefined. */
  readonly pinned: CallSession | undefined;
  readonly mostOfLife: boolean;
  /** The session of the last attempt. */
  session: CallSession | undefined;
  attempts: number;
  /** What the last try gave, where an earlier failure stands for the call. */
  lastFailure: BufferedResponse | SendFailure | undefined;
}

/** A session as the pipe sees it. */
export interface CallSession extends Credentials {
  readonly sessionId: string;
}

export interface CallRequest extends SignableRequest {
  readonly call: CallState;
}

/** The pipe, from its top: a request of a call to the gate's answer, whatever its status. */
export type Pipe = Send<CallRequest, BufferedResponse>;

/** What a call is made of, beside its options. */
export interface CallInput {
  readonly path?: Readonly<Record<string, string>>;
  /** Query parameters. No proof names them: the gate leaves the query out of `htu`. */
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: unknown;
  readonly subject?: string;
  readonly session?: CallSession | undefined;
  /** Whether the session must have most of its life left: what follows may take as long as a lease lives. */
  readonly mostOfLife?: boolean;
  /** Statuses that are results and no errors; 200 and 202, if left out. */
  readonly accept?: readonly number[];
}

/** The operations of one document, as openapi-typescript types them. */
type Described = { readonly responses: object };

/** A member of an input that is there when the document needs it; what may be left out may be undefined too. */
type Given<Name extends string, Holder, Member extends PropertyKey> = Holder extends {
  readonly [Key in Member]: infer Value;
}
  ? { readonly [Key in Name]: Loose<Value> }
  : Holder extends { readonly [Key in Member]?: infer Value }
    ? { readonly [Key in Name]?: Loose<Value> | undefined }
    : { readonly [Key in Name]?: undefined };
type Loose<Value> = Value extends readonly unknown[]
  ? Value
  : Value extends object
    ? { [Key in keyof Value]: object extends Pick<Value, Key> ? Value[Key] | undefined : Value[Key] }
    : Value;
type ParametersOf<Operation> = Operation extends { readonly parameters: infer Parameters }
  ? Parameters
  : object;
/** The body as JSON, required or not as the document says. */
type BodyOf<Operation> = Operation extends { readonly requestBody: { content: infer Content } }
  ? Content
  : Operation extends { readonly requestBody?: { content: infer Content } }
    ? Partial<Content>
    : { readonly "application/json"?: undefined };

/** What an operation is called with, as its document says: a parameter that is new and required stops the build. */
export type InputOf<Operation> = Omit<CallInput, "path" | "query" | "body" | "accept"> &
  Given<"path", ParametersOf<Operation>, "path"> &
  Given<"query", ParametersOf<Operation>, "query"> &
  Given<"body", BodyOf<Operation>, "application/json">;

type BodyAt<Response> = Response extends { content: { "application/json": infer Body } }
  ? Body
  : Response extends { content: Record<string, infer Text> }
    ? Text
    : never;

/** An answer that is a result: its status and its body, typed by the document, and what the call noted. */
export type Answer<Operation extends Described, Status extends number = 200 | 202> = {
  [Key in keyof Operation["responses"] & Status]: {
    readonly status: Key;
    readonly body: BodyAt<Operation["responses"][Key]>;
    readonly state: CallState;
    /** The gate's `Date`, in milliseconds: by it the times in an answer are to be read; this machine's time without one. */
    readonly gateNow: number;
  };
}[keyof Operation["responses"] & Status];

/** The named methods' door to the operations of a document. */
export type Call<Operations extends { readonly [Id in keyof Operations]: Described }> = <
  Id extends keyof Operations & string,
  Status extends number = 200 | 202,
>(
  operationId: Id,
  input: InputOf<Operations[Id]> & { readonly accept?: readonly Status[] },
  options?: CallOptions,
) => Promise<Answer<Operations[Id], Status>>;

/** What a request may be at most: the gate reads no more of a body (contract agent.md 2.2). */
const MAX_BODY_BYTES = 1024 * 1024;

const DEFAULT_TIMEOUT_MS = 30_000;

/** Where the gate itself may take longer: an action has 30 s there. */
const TIMEOUTS_MS: { readonly [operationId: string]: number } = {
  executeAction: 45_000,
  // It waits without limit for one of four places before those 30 s begin (contract operator.md 2.3).
  approveApproval: 120_000,
};

/** What a client says of all its calls. */
export interface CallDefaults {
  readonly timeoutMs: number | undefined;
  readonly retry: RetryPolicy;
}

/**
 * The door for named methods: a call by its operation's name, to a typed result or an error of this package.
 */
export function createCall<Operations extends { readonly [Id in keyof Operations]: Described }>(
  pipe: Pipe,
  table: OperationTable<keyof Operations & string>,
  route: Route,
  defaults: CallDefaults,
  clock: Clock,
): Call<Operations> {
  return async (operationId, given, options = {}) => {
    // What is typed by the document per operation is handled as any operation's here.
    const input = given as CallInput;
    const subject = input.subject ?? "<call>";
    const operation = operationOf(table, operationId);
    const path = pathFor(operation, input.path ?? {}, subject);
    const body = input.body === undefined ? undefined : jsonText(input.body, subject);
    const state = callState(
      { operationId, operation, subject, path, pinned: input.session, mostOfLife: input.mostOfLife ?? false },
      options,
      defaults,
      clock,
    );
    const target = `${encodedPath(path)}${searchOf(input.query)}`;
    let response: BufferedResponse;
    try {
      response = await pipe(callRequest(state, route, body, target));
    } catch (error) {
      throw failureError(state, error);
    }
    const accept: readonly number[] = input.accept ?? RESULTS;
    if (!accept.includes(response.status)) throw refused(state, response);
    return resultOf(state, response) as never;
  };
}

const RESULTS: readonly number[] = [200, 202];

/** A new call's state; its time begins to run out now. */
export function callState(
  call: Pick<CallState, "operationId" | "operation" | "subject" | "path"> &
    Partial<Pick<CallState, "pinned" | "mostOfLife">>,
  options: CallOptions,
  defaults: CallDefaults,
  clock: Clock,
): CallState {
  const { operationId, operation, subject, path, pinned, mostOfLife = false } = call;
  const own = options.timeoutMs ?? defaults.timeoutMs;
  const timeoutMs = own ?? TIMEOUTS_MS[operationId] ?? DEFAULT_TIMEOUT_MS;
  return {
    operationId,
    operation,
    subject,
    path,
    pinned,
    mostOfLife,
    clock,
    deadline: clock.monotonic() + checkedTimeout(timeoutMs, subject),
    signal: options.signal,
    policy: policyOf(options.retry, defaults.retry),
    session: undefined,
    attempts: 0,
    lastFailure: undefined,
  };
}

/** One call's own numbers; whether a lost call is sent once more is the client's word unless they say it. */
function policyOf(own: CallOptions["retry"], clients: RetryPolicy): RetryPolicy {
  if (own === undefined) return clients;
  return retryPolicy(own === false ? false : { resend: clients.resend, ...own });
}

const BARE_HEADERS = { "User-Agent": USER_AGENT };
const JSON_HEADERS = { "Content-Type": "application/json", "User-Agent": USER_AGENT };

/** @param target what follows the base URL: the path, percent-encoded where the call's own is not, and the query */
export function callRequest(
  state: CallState,
  route: Route,
  body: string | undefined,
  target: string,
): CallRequest {
  const { operation, path, signal, deadline, clock } = state;
  return {
    url: `${route.baseUrl}${target}`,
    method: operation.method,
    path,
    headers: body === undefined ? BARE_HEADERS : JSON_HEADERS,
    body,
    signal,
    timeoutMs: deadline - clock.monotonic(),
    call: state,
  };
}

/** What an attempt without a usable answer means for its call. */
export function failureError(state: CallState, error: unknown): LatchGateError {
  if (error instanceof LatchGateError) return error;
  if (!(error instanceof SendFailure)) throw error;
  const outcome = error.sent ? state.operation.lost.outcome : "not_executed";
  const details: ErrorDetails = {
    ...detailsOf(state),
    code: error.code,
    outcome,
    hint: error.hint,
    cause: laterError(state) ?? error.cause,
  };
  if (outcome === "not_executed") return new LatchGateTransportError(error.message, details);
  return new LatchGateOutcomeUnknown(`${error.message}: ${doubtAbout(state.operation)}`, details);
}

/** What an error of this call can say of it. */
export function detailsOf(state: CallState): ErrorDetails {
  const { operation, path, attempts, session } = state;
  return { request: { method: operation.method, path }, attempts, sessionId: session?.sessionId };
}

/** The error of the last try, where it is not the one that stands. */
function laterError(state: CallState): LatchGateError | undefined {
  const { lastFailure } = state;
  if (lastFailure === undefined) return undefined;
  const alone = { ...state, lastFailure: undefined };
  return lastFailure instanceof SendFailure ? failureError(alone, lastFailure) : refused(alone, lastFailure);
}

/** A path as it travels. What the document allows in a parameter has no other meaning in a URL. */
const encodedPath = (path: string) => (PLAIN.test(path) ? path : encodeURI(path));

/** Nearly every path: nothing in it is encoded. */
const PLAIN = /^[\w./-]*$/;

function searchOf(query: CallInput["query"]): string {
  if (query === undefined) return "";
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  return given.length === 0
    ? ""
    : `?${given.map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`).join("&")}`;
}

/** The request's path, with every parameter checked against the document before it gets there. */
function pathFor(
  operation: OperationFacts,
  parameters: Readonly<Record<string, string>>,
  subject: string,
): string {
  let path = operation.path as string;
  for (const name in operation.parameters) {
    const value = parameters[name];
    const problem = identifierProblem(operation, name, value);
    if (problem !== undefined)
      throw new LatchGateInvalidRequest(subject, problem, { code: "invalid_identifier" });
    // A function, for a text would have its `$` read as a pattern.
    path = path.replace(`{${name}}`, () => value ?? "");
  }
  return path;
}

/** Why a value can't be this path parameter; undefined if it can. */
export function identifierProblem(
  operation: OperationFacts,
  name: string,
  value: unknown,
): string | undefined {
  const facts = operation.parameters[name];
  if (facts === undefined) throw new TypeError(`${operation.path} has no parameter ${name}`);
  if (typeof value !== "string") return `${name} must be a string`;
  if (value === "") return `${name} must not be empty`;
  if (value.length > facts.maxLength) return `${name} exceeds maximum length (${facts.maxLength})`;
  if (!patternOf(facts.pattern).test(value)) return `${name} contains invalid characters`;
  return undefined;
}

const patterns = new Map<string, RegExp>();

/** The documents' few patterns, compiled once each. */
function patternOf(source: string): RegExp {
  const known = patterns.get(source);
  if (known !== undefined) return known;
  const pattern = new RegExp(source);
  patterns.set(source, pattern);
  return pattern;
}

/** The JSON text of parameters, or an error that says what in them has none. */
export function jsonText(value: unknown, subject: string): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    throw new LatchGateInvalidRequest(
      subject,
      `the parameters can't be sent as JSON: ${jsonProblem(error)}`,
      {
        code: "invalid_parameters",
      },
    );
  }
  if (text === undefined)
    throw new LatchGateInvalidRequest(subject, "the parameters have no JSON form", {
      code: "invalid_parameters",
    });
  // What a toJSON method makes of them counts: a Date becomes text.
  if (!text.startsWith("{"))
    throw new LatchGateInvalidRequest(subject, "the parameters must be an object, as JSON too", {
      code: "invalid_parameters",
    });
  if (text.length > MAX_BODY_BYTES / 4 && Buffer.byteLength(text) > MAX_BODY_BYTES)
    throw new LatchGateInvalidRequest(
      subject,
      `the parameters are larger than the gate takes (${MAX_BODY_BYTES} bytes)`,
      {
        code: "invalid_parameters",
      },
    );
  return text;
}

/** JSON.stringify's own words name a path through the caller's objects: enough to know which of three things it was. */
function jsonProblem(error: unknown): string {
  if (error instanceof RangeError) return "they are nested too deep";
  if (!(error instanceof TypeError)) return "a toJSON method of theirs failed";
  if (/BigInt/.test(error.message)) return "they hold a BigInt";
  return /circular/i.test(error.message) ? "they hold a cycle" : "a toJSON method of theirs failed";
}

function checkedTimeout(timeoutMs: number, subject: string): number {
  if (typeof timeoutMs === "number" && timeoutMs > 0) return timeoutMs;
  throw new LatchGateInvalidRequest(subject, "timeoutMs must be a positive number of milliseconds", {
    code: "invalid_options",
  });
}

function resultOf(
  state: CallState,
  response: BufferedResponse,
): { status: number; body: unknown; state: CallState; gateNow: number } {
  const { status } = response;
  // Times in an answer are the operator's matter: an agent's calls need not parse the date.
  const date =
    state.operation.security === "operator" ? Date.parse(response.headers.get("date") ?? "") : Number.NaN;
  const gateNow = Number.isNaN(date) ? state.clock.now() : date;
  if (answersText(state.operationId)) return { status, body: response.body, state, gateNow };
  const body = parseJson(response.body);
  if (body === undefined) throw unreadable(state, status, `invalid JSON in ${answerName(state)} response`);
  // A request schema may be any JSON value; every other result is an object.
  if (
    state.operationId !== "getActionRequestSchema" &&
    (typeof body !== "object" || body === null || Array.isArray(body))
  )
    throw unreadable(state, status, `expected JSON object in ${answerName(state)} response`);
  const needed = RELIED_ON[state.operationId];
  if (needed !== undefined && (body as Record<string, unknown>)[needed] === undefined)
    throw unreadable(state, status, `no ${needed} in ${answerName(state)} response`);
  return { status, body, state, gateNow };
}

/** Whether the result of an operation is text and no JSON. */
export const answersText = (operationId: string) => operationId === "getMetrics";

/** What a result is about: without it there is none. Other members may be missing in other people's mocks. */
const RELIED_ON: { readonly [operationId: string]: string } = {
  listActions: "actions",
  getLeaseKeys: "keys",
  getReceipt: "receipt_id",
  getReceiptAsOperator: "receipt_id",
  listReceiptKeys: "keys",
  listApprovals: "approvals",
  getApproval: "status",
  approveApproval: "decision",
  denyApproval: "decision",
  listAuditEvents: "events",
  verifyAudit: "intact",
  getStatus: "status",
  getEpoch: "current_epoch",
  listDomains: "domains",
  listPaths: "paths",
  getPolicy: "acl",
  getPrincipalPolicy: "acl",
};

/** The error for a result that can't be used, though its status is one of a result. */
export function unreadable(state: CallState, status: number, problem: string): LatchGateError {
  const { outcome } = state.operation.lost;
  const details: ErrorDetails = { ...detailsOf(state), code: "unreadable_answer", status, outcome };
  if (outcome === "not_executed") return new LatchGateTransportError(problem, details);
  return new LatchGateOutcomeUnknown(`${problem}: ${doubtAbout(state.operation)}`, details);
}

const MAX_REFUSAL_LENGTH = 64 * 1024;

function refused(state: CallState, response: BufferedResponse): LatchGateError {
  const { status, headers } = response;
  // A lease (or any token) where none belongs is a secret all the same.
  const text = response.body.replace(TOKEN, "[redacted]");
  // The gate's own refusals are short; what is longer is not the gate's, and is kept for a person alone.
  const parsed = text.length > MAX_REFUSAL_LENGTH ? undefined : withoutToken(parseJson(text));
  // Whatever text it is, an error keeps no more than a person would read.
  const body = parsed ?? (text === "" ? undefined : text.slice(0, 1000));
  const { operationId, operation, subject, clock } = state;
  const details = { ...detailsOf(state), cause: laterError(state) };
  return refusalError({
    operationId,
    operation,
    subject,
    status,
    body,
    headers,
    receivedAt: clock.now(),
    details,
  });
}

/** A lease with a status that none has (of a proxy, of a mock) is a secret all the same. */
function withoutToken(body: unknown): unknown {
  if (typeof body !== "object" || body === null || !("lease_jwt" in body)) return body;
  return { ...body, lease_jwt: "[redacted]" };
}

/** A signed token (RFC 7515, compact): they all begin so, because their headers are JSON objects. */
const TOKEN = /eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,}/g;

/** What the documents say of an answer to this call. */
export const factsOf = ({ operation }: CallState, response: BufferedResponse): AnswerFacts =>
  answerFacts(operation, response.status, errorCodeOf(parseJson(response.body)));

/** JSON's value, and undefined (which no JSON is) where there is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const ANSWER_NAMES: { readonly [operationId: string]: string } = {
  createLease: "lease",
  executeAction: "execute",
  getReceipt: "receipt",
  pollApproval: "approval",
  getAction: "action",
};

const answerName = ({ operationId }: CallState) => ANSWER_NAMES[operationId] ?? operationId;
