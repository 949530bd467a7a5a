import type { Part } from "./atom.ts";
import type { Content, Field, Operation, Scheme } from "./model.ts";
import { outcomeChanges, ruleText } from "./outcomes.ts";
import { type Relations, type SchemaChange, type Severity, schemaChanges } from "./schema-changes.ts";

/** A change of one operation. */
export interface OperationChange {
  readonly severity: Severity;
  /** Where: `answer 200`, `body`, `query parameter limit`; empty for the operation itself. */
  readonly part: string;
  /** The named schema and the member in it, where the change is in one. */
  readonly schema: string;
  readonly what: string;
  /** What somebody has to decide. */
  readonly question?: string;
}

/** Everything that differs between two versions of an operation. */
export function operationChanges(
  before: Operation,
  after: Operation,
  relations: Relations,
): OperationChange[] {
  const changes: OperationChange[] = [];
  const add = (severity: Severity, part: string, what: string, question?: string) =>
    changes.push({ severity, part, schema: "", what, ...(question === undefined ? {} : { question }) });

  if (before.id !== after.id) add("source", "", `operationId was ${before.id}, is ${after.id}`);
  if (after.deprecated && !before.deprecated) add("notice", "", "is deprecated now");
  if (after.asker === "gate") return [...changes, ...deliveryChanges(before, after, relations)];
  changes.push(
    ...parameterChanges(before, after, relations),
    ...bodyChanges(before, after, relations),
    ...answerChanges(before, after, relations),
  );
  for (const { severity, what } of outcomeChanges(before.outcomes, after.outcomes))
    add(severity, "x-outcomes", what);

  const security = `security was ${securityText(before)}, is ${securityText(after)}`;
  if (!waysIn(before, after)) add("wire", "", security);
  else if (!waysIn(after, before)) add("notice", "", security);
  return changes;
}

/** Whether each way into one is a way into the other: no scheme and no scope is missing. */
const waysIn = (one: Operation, other: Operation) =>
  one.security.length === 0
    ? other.security.length === 0 || other.security.some((way) => way.length === 0)
    : other.security.length === 0 ||
      one.security.every((way) =>
        other.security.some((needed) =>
          needed.every((scheme) =>
            way.some(
              (held) => isScheme(held, scheme) && scheme.scopes.every((scope) => held.scopes.includes(scope)),
            ),
          ),
        ),
      );

/** Names of schemes are not on the wire: they count where nothing else tells two schemes apart. */
const isScheme = (one: Scheme, other: Scheme) =>
  one.definition === other.definition && (one.name === other.name || !(one.isOneOfMany || other.isOneOfMany));

const securityText = ({ security }: Operation) =>
  security.length === 0
    ? "none"
    : security
        .map(
          (way) =>
            way
              .map(({ name, scopes }) => (scopes.length === 0 ? name : `${name} (${scopes.join(", ")})`))
              .sort()
              .join(" + ") || "none",
        )
        .join(" or ");

const located = (part: string, changes: readonly SchemaChange[]): OperationChange[] =>
  changes.map(({ severity, root, path, what }) => ({
    severity,
    part: root === undefined && path !== "" ? `${part} ${path}` : part,
    schema: root === undefined ? "" : `${root}${path}`,
    what,
  }));

function parameterChanges(before: Operation, after: Operation, relations: Relations): OperationChange[] {
  const changes: OperationChange[] = [];
  const add = (severity: Severity, part: string, what: string) =>
    changes.push({ severity, part, schema: "", what });
  const inPath = (operation: Operation) => {
    const names = [...operation.path.matchAll(/\{([^}]*)\}/g)].map(([, name]) => name);
    return names.map((name) =>
      operation.parameters.find((field) => field.in === "path" && field.name === name),
    );
  };
  const theirs = inPath(after);
  for (const [index, field] of inPath(before).entries()) {
    const other = theirs[index];
    if (field === undefined || other === undefined) continue;
    if (field.name !== other.name)
      add("source", `path parameter ${field.name}`, `is called ${other.name} now`);
    changes.push(...sameField(`path parameter ${other.name}`, field, other, relations));
  }
  // What the path has no place for is no parameter of it, whatever it says.
  const elsewhere = (operation: Operation) => {
    const placed = new Set(inPath(operation));
    return operation.parameters.filter((field) => !placed.has(field));
  };
  const matches = (one: Field, other: Field) => one.in === other.in && sameName(one, other);
  for (const field of elsewhere(before)) {
    const other = elsewhere(after).find((candidate) => matches(field, candidate));
    if (other === undefined) add("source", partOf(field), "is gone");
    else changes.push(...sameField(partOf(field), field, other, relations));
  }
  for (const field of elsewhere(after))
    if (!elsewhere(before).some((candidate) => matches(field, candidate)))
      add(
        field.required ? "wire" : "notice",
        partOf(field),
        field.required ? "is new, and required" : "is new, and optional",
      );
  return changes;
}

const partOf = (field: Field) => `${field.in} parameter ${field.name}`;
/** Header names are the same in any case. */
const sameName = (one: Field, other: Field) =>
  one.in === "header" ? one.name.toLowerCase() === other.name.toLowerCase() : one.name === other.name;

function sameField(part: string, before: Field, after: Field, relations: Relations): OperationChange[] {
  const changes: OperationChange[] = [];
  const add = (severity: Severity, what: string) => changes.push({ severity, part, schema: "", what });
  if (after.required && !before.required) add("wire", "is required now");
  if (before.required && !after.required) add("notice", "is optional now");
  if (after.deprecated && !before.deprecated) add("notice", "is deprecated now");
  if (styleOf(before) !== styleOf(after)) add("wire", "is written in another style");
  if (before.allowsEmpty && !after.allowsEmpty) add("wire", "must not be empty any more");
  if (after.allowsEmpty && !before.allowsEmpty) add("notice", "may be empty now");
  const found = schemaChanges("request", before.schema, after.schema, relations);
  // The default of what is always sent is never used.
  const isDefault = ({ path, what }: SchemaChange) => path === "" && what.startsWith("default was ");
  const told = before.required && after.required ? found.filter((change) => !isDefault(change)) : found;
  return [...changes, ...located(part, told)];
}

/** `explode` is seen in what has parts only. */
const styleOf = ({ style, schema }: Field) => {
  const hasParts = schema.shape.atoms.some(({ kind }) => kind === "array" || kind === "object");
  return JSON.stringify([style.name, hasParts && style.explode, style.allowReserved]);
};

function bodyChanges(
  { body: before }: Operation,
  { body: after }: Operation,
  relations: Relations,
): OperationChange[] {
  const change = (severity: Severity, part: string, what: string): OperationChange => ({
    severity,
    part,
    schema: "",
    what,
  });
  if (before === undefined && after === undefined) return [];
  if (before === undefined)
    return [
      after?.required
        ? change("wire", "body", "is new, and required")
        : change("notice", "body", "is new, and optional"),
    ];
  if (after === undefined) return [change("source", "body", "is gone")];
  const changes: OperationChange[] = [];
  if (after.required && !before.required) changes.push(change("wire", "body", "is required now"));
  if (before.required && !after.required) changes.push(change("notice", "body", "is optional now"));
  for (const [type, schema] of before.content) {
    const other = counterpart(after.content, type);
    if (other === undefined) changes.push(change("wire", `body ${type}`, "is refused now"));
    else changes.push(...located("body", schemaChanges("request", schema, other, relations)));
  }
  for (const type of after.content.keys())
    if (counterpart(before.content, type) === undefined)
      changes.push(change("notice", `body ${type}`, "is taken now"));
  return changes;
}

/** Of a webhook: what the gate sends is judged as an answer is, and what it takes for an answer as a request. */
function deliveryChanges(before: Operation, after: Operation, relations: Relations): OperationChange[] {
  const headers = ({ parameters }: Operation) => parameters.filter((field) => field.in === "header");
  const content = ({ body }: Operation): Content => body?.content ?? new Map();
  const status = (severity: Severity, name: string, what: string) => ({
    severity,
    part: `answer ${name}`,
    schema: "",
    what,
  });
  return [
    ...headerChanges("delivery", headers(before), headers(after), relations),
    ...contentChanges("delivery", content(before), content(after), relations).map(
      ({ word: _, ...change }) => change,
    ),
    ...[...before.answers.keys()]
      .filter((name) => !after.answers.has(name))
      .map((name) => status("wire", name, "means nothing to the gate any more")),
    ...[...after.answers.keys()]
      .filter((name) => !before.answers.has(name))
      .map((name) => status("notice", name, "means something to the gate now")),
  ];
}

/** The content of a media type, however its name is written: `Application/JSON; charset=utf-8` has that of `application/json`. */
function counterpart(content: Content, type: string): Part | undefined {
  const plain = (name: string) => name.toLowerCase().replace(/\s*;.*$/, "");
  const exact = content.get(type);
  if (exact !== undefined) return exact;
  const alike = [...content].filter(([name]) => plain(name) === plain(type));
  return alike.length === 1 ? alike[0]?.[1] : undefined;
}

function answerChanges(before: Operation, after: Operation, relations: Relations): OperationChange[] {
  const changes: OperationChange[] = [];
  for (const [status, answer] of before.answers) {
    const other = after.answers.get(status);
    const part = `answer ${status}`;
    if (other === undefined) {
      changes.push({ severity: "source", part, schema: "", what: "is gone" });
      continue;
    }
    changes.push(...headerChanges(part, answer.headers, other.headers, relations));
    for (const change of contentChanges(part, answer.content, other.content, relations)) {
      const { word, ...rest } = change;
      // An `error` word has a rule of its own in the outcome table, or should have one.
      const question = word === undefined ? {} : { question: ruleText(after.outcomes, status, word) };
      changes.push({ ...rest, ...question });
    }
  }
  for (const status of after.answers.keys()) {
    if (before.answers.has(status)) continue;
    const severity = /^[123]/.test(status) ? "wire" : "notice";
    const question = ruleText(after.outcomes, status, undefined);
    changes.push({ severity, part: `answer ${status}`, schema: "", what: "is new", question });
  }
  return changes;
}

function headerChanges(
  part: string,
  before: readonly Field[],
  after: readonly Field[],
  relations: Relations,
): OperationChange[] {
  const changes: OperationChange[] = [];
  const at = (field: Field) => `${part} header ${field.name}`;
  const add = (severity: Severity, field: Field, what: string) =>
    changes.push({ severity, part: at(field), schema: "", what });
  for (const field of before) {
    const other = after.find((candidate) => sameName(field, candidate));
    if (other === undefined) add(field.required ? "wire" : "source", field, "is gone");
    else {
      if (field.required && !other.required) add("wire", field, "may be missing now");
      if (other.required && !field.required) add("notice", field, "is always there now");
      changes.push(...located(at(field), schemaChanges("answer", field.schema, other.schema, relations)));
    }
  }
  for (const field of after)
    if (!before.some((candidate) => sameName(field, candidate))) add("notice", field, "is new");
  return changes;
}

function contentChanges(
  part: string,
  before: Content,
  after: Content,
  relations: Relations,
): (OperationChange & { word?: string })[] {
  const changes: (OperationChange & { word?: string })[] = [];
  const add = (severity: Severity, type: string, what: string) =>
    changes.push({ severity, part: `${part} ${type}`, schema: "", what });
  for (const [type, schema] of before) {
    const other = counterpart(after, type);
    if (other === undefined) add(after.size === 0 ? "wire" : "source", type, "is gone");
    else {
      const found = schemaChanges("answer", schema, other, relations);
      const words = found.map(({ word, path }) =>
        word !== undefined && path.endsWith(".error") ? { word } : {},
      );
      changes.push(...located(part, found).map((change, index) => ({ ...change, ...words[index] })));
    }
  }
  for (const type of after.keys())
    if (counterpart(before, type) === undefined) add(before.size === 0 ? "notice" : "wire", type, "is new");
  return changes;
}
