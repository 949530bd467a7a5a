import { type OperationTable, operationOf } from "../vocabulary/outcomes.ts";
import { type BufferedResponse, type Clock, SendFailure } from "../wire/send.ts";
import { resultOf } from "./answers.ts";
import {
  type CallDefaults,
  type CallSession,
  type CallState,
  callRequest,
  callState,
  NO_OPTIONS,
  type OwnCallOptions,
  type Pipe,
} from "./call-state.ts";
import { errorOf, unsentError } from "./failures.ts";
import { checkedPath, jsonText, searchOf } from "./parameters.ts";
import type { Verdict } from "./retry-decision.ts";

/** What a call is made of, beside its options. */
export interface CallInput {
  readonly path?: Readonly<Record<string, string>>;
  /** Query parameters. No proof names them: the gate leaves the query out of `htu`. */
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: unknown;
  /** The body as it is sent, where that is settled already. */
  readonly text?: string;
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
    readonly response: BufferedResponse;
  };
}[keyof Operation["responses"] & Status];

/** The named methods' door to the operations of a document. */
export type Call<Operations extends { readonly [Id in keyof Operations]: Described }> = <
  Id extends keyof Operations & string,
  Status extends number = 200 | 202,
>(
  operationId: Id,
  input: InputOf<Operations[Id]> & { readonly accept?: readonly Status[] },
  options?: OwnCallOptions,
) => Promise<Answer<Operations[Id], Status>>;

/**
 * The door for named methods: a call by its operation's name, to a typed result or an error of this package.
 */
export function createCall<Operations extends { readonly [Id in keyof Operations]: Described }>(
  pipe: Pipe,
  table: OperationTable<keyof Operations & string>,
  defaults: CallDefaults,
  clock: Clock,
): Call<Operations> {
  return async (operationId, given, options = NO_OPTIONS) => {
    // What is typed by the document per operation is handled as any operation's here.
    const input = given as CallInput;
    const subject = input.subject ?? "<call>";
    const operation = operationOf(table, operationId);
    const { path, encoded } = checkedPath(operation, input.path ?? NONE, subject);
    const body = input.text ?? (input.body === undefined ? undefined : jsonText(input.body, subject));
    const state = callState(
      { operationId, operation, subject, path, pinned: input.session, mostOfLife: input.mostOfLife ?? false },
      options,
      defaults,
      clock,
    );
    let verdict: Verdict;
    try {
      verdict = await pipe(callRequest(state, body, `${encoded}${searchOf(input.query)}`));
    } catch (error) {
      throw unsentError(state, error);
    }
    const { result } = verdict;
    const accept: readonly number[] = input.accept ?? RESULTS;
    if (result instanceof SendFailure || !accept.includes(result.status)) throw errorOf(state, verdict);
    return resultOf(state, result, verdict.body) as never;
  };
}

const RESULTS: readonly number[] = [200, 202];
const NONE = {};

/**
 * The gate's time at an answer, by its `Date`, in milliseconds: by it the times in the answer are to be read. This machine's
 * where there is none.
 */
export function gateTimeOf({
  response,
  state,
}: {
  readonly response: BufferedResponse;
  readonly state: CallState;
}): number {
  const date = Date.parse(response.headers.get("date") ?? "");
  return Number.isNaN(date) ? state.clock.now() : date;
}
