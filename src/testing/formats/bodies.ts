import type { operations as AgentOperations } from "../../generated/agent.ts";
import type { operations as OperatorOperations } from "../../generated/operator.ts";

/** The operations of both sockets, as the documents have them: what this gate answers is typed by nothing else. */
type Operations = AgentOperations & Omit<OperatorOperations, keyof AgentOperations>;
export type OperationId = keyof Operations;

type JsonOf<Response> = Response extends { readonly content: { readonly "application/json": infer Body } }
  ? Body
  : never;

type Responses<Id extends OperationId> = Operations[Id]["responses"];

/** The JSON that an operation answers with a status. */
export type BodyOf<Id extends OperationId, Status extends number = 200> = Id extends unknown
  ? Sent<JsonOf<Responses<Id>[Status & keyof Responses<Id>]>>
  : never;

/** The members of an operation's body, each of which something has to be said of; of a choice of bodies those of all. */
export type RequestMembers<Id extends OperationId> = {
  readonly [Name in MemberOf<RequestOf<Id>> & string]: unknown;
};

type RequestOf<Id extends OperationId> = Id extends unknown
  ? Operations[Id] extends { readonly requestBody?: infer Request }
    ? NonNullable<JsonOf<NonNullable<Request>>>
    : never
  : never;

/** A body as it is put together: read only, and what is optional may be undefined. */
export type Sent<Value> = unknown extends Value
  ? Value
  : Value extends readonly (infer Item)[]
    ? readonly Sent<Item>[]
    : Value extends object
      ? {
          readonly [Name in keyof Value]:
            | Sent<Value[Name]>
            | (string extends Name
                ? never
                : Record<never, never> extends Pick<Value, Name>
                  ? undefined
                  : never);
        }
      : Value;

/** The same, with integers that no double holds. */
export type Printed<Value> = unknown extends Value
  ? Value
  : Value extends object
    ? { readonly [Name in keyof Value]: Printed<Value[Name]> }
    : number extends Value
      ? Value | bigint
      : Value;

/** One of several bodies, where another member than the type tells which: those of all of them, with what all of them need. */
export type OneOf<Bodies> = {
  readonly [Name in CommonTo<Bodies>]: Bodies[Name];
} & {
  readonly [Name in Exclude<MemberOf<Bodies>, CommonTo<Bodies>>]?: ValueOf<Bodies, Name> | undefined;
};

type CommonTo<Bodies> = {
  [Name in keyof Bodies]: Record<never, never> extends Pick<Bodies, Name> ? never : Name;
}[keyof Bodies];
type MemberOf<Bodies> = Bodies extends unknown ? keyof Bodies : never;
type ValueOf<Bodies, Name> = Bodies extends unknown
  ? Name extends keyof Bodies
    ? Bodies[Name]
    : never
  : never;

/** What an operation's refusals with a status may say beside their word. */
export type Extra<Id extends OperationId, Status extends number> = [RefusalOf<Id, Status>] extends [never]
  ? never
  : { readonly [Name in Exclude<MemberOf<RefusalOf<Id, Status>>, "error">]?: string };

type RefusalOf<Id extends OperationId, Status extends number> = Extract<
  BodyOf<Id, Status>,
  { readonly error: string }
>;
