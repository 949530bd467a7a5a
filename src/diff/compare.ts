import { isObject, type Json, type OpenApiDocument, sha256 } from "../documents/document.ts";
import { canonical } from "./equal.ts";
import { checkReadable, Incomparable, serversOf, unknownMembers } from "./keywords.ts";
import { type Operation, operationsOf } from "./model.ts";
import { operationChanges } from "./operation-changes.ts";
import { createRelations, type Relations, type Severity } from "./schema-changes.ts";

/** The documents of one version of the API, by name. */
export type Documents = ReadonlyMap<string, OpenApiDocument>;

/** One change of the API, said once for all operations that it is a change of. */
export interface Change {
  readonly severity: Severity;
  /** The document that it stands in. */
  readonly document: string;
  /** By operationId; empty for a change that is of no operation. */
  readonly operations: readonly string[];
  /** Where in them; the named schema and its member, where it is in one. */
  readonly where: string;
  readonly schema: string | undefined;
  readonly what: string;
  /** What somebody has to decide. */
  readonly question: string | undefined;
  /** 12 hex digits: the same change has the same ones, as long as it is a change of the same operations. */
  readonly fingerprint: string;
}

type Raw = Omit<Change, "operations" | "fingerprint" | "document"> & {
  readonly operation: string | undefined;
};

/** Everything that changed between two versions, the gravest first. Throws where a document can't be read. */
export function compareDocuments(
  before: Documents,
  after: Documents,
  ignored: ReadonlySet<string> = new Set(),
): Change[] {
  const problems: string[] = [];
  for (const document of new Set([...before.values(), ...after.values()]))
    try {
      checkReadable(document);
    } catch (error) {
      if (!(error instanceof Incomparable)) throw error;
      problems.push(error.message);
    }
  if (problems.length > 0) throw new Incomparable(problems.join("\n"));
  const relations = createRelations();
  const told = new Set<string>();
  const changes: Change[] = [];
  for (const name of new Set([...before.keys(), ...after.keys()])) {
    const [old, now] = [before.get(name), after.get(name)];
    const raw =
      old !== undefined && now !== undefined
        ? changesOf(old, now, relations, ignored)
        : wholeDocument(old, now);
    if (relations.request.isExhausted || relations.answer.isExhausted)
      raw.push({
        severity: "wire",
        operation: undefined,
        where: "",
        schema: undefined,
        what: "is too large to be compared whole: what was left out counts as a change, and can't be told",
        question: undefined,
      });
    // What two documents have in common changes in both, and is told once.
    const fresh = raw.filter((change) => change.operation === undefined || !told.has(JSON.stringify(change)));
    for (const change of raw) told.add(JSON.stringify(change));
    changes.push(...grouped(name, fresh));
  }
  return changes.sort((one, other) => SEVERITIES.indexOf(one.severity) - SEVERITIES.indexOf(other.severity));
}

export const SEVERITIES: readonly Severity[] = ["wire", "source", "notice"];

/** A document and those that it refers to. */
export function withSiblings(document: OpenApiDocument): OpenApiDocument[] {
  operationsOf(document);
  return [document, ...document.siblings];
}

function wholeDocument(old: OpenApiDocument | undefined, now: OpenApiDocument | undefined): Raw[] {
  const [severity, what]: [Severity, string] =
    now === undefined ? ["wire", "the document is gone"] : ["notice", "the document is new"];
  return old === now
    ? []
    : [{ severity, operation: undefined, where: "", schema: undefined, what, question: undefined }];
}

function changesOf(
  old: OpenApiDocument,
  now: OpenApiDocument,
  relations: Relations,
  ignored: ReadonlySet<string>,
): Raw[] {
  const [before, after] = [operationsOf(old), operationsOf(now)];
  const moved = movedOperations(before, after);
  const raw: Raw[] = [];
  const add = (severity: Severity, operation: string | undefined, what: string, question?: string) =>
    raw.push({ severity, operation, where: "", schema: undefined, what, question });
  for (const [key, operation] of before) {
    const other = after.get(moved.get(key) ?? key);
    if (other === undefined) add("wire", operation.id, `${operation.method} ${operation.path} is gone`);
    else {
      if (moved.has(key))
        add(
          "wire",
          operation.id,
          `was ${operation.method} ${operation.path}, is ${other.method} ${other.path}`,
        );
      // What both documents only take over from another one is told there.
      if (operation.home === old || other.home === now)
        for (const { part, schema, ...change } of operationChanges(operation, other, relations))
          raw.push({
            ...change,
            question: change.question,
            operation: other.id,
            where: part,
            schema: schema === "" ? undefined : schema,
          });
    }
  }
  const arrived = new Set(moved.values());
  for (const [key, { id, asker, method, path }] of after)
    if (!before.has(key) && !arrived.has(key))
      add(
        "notice",
        id,
        `${method} ${path} is new`,
        asker === "gate"
          ? "does the mock gate send it, and can a receiver read it?"
          : "does the mock gate answer it, and has the client a method for it?",
      );
  for (const what of goneNames(old, now)) add("source", undefined, what);
  if (canonical(serversOf(old.root)) !== canonical(serversOf(now.root)))
    add("notice", undefined, "the servers changed");
  const [known, others] = [unknownMembers(old, ignored), unknownMembers(now, ignored)];
  for (const place of new Set([...known.keys(), ...others.keys()])) {
    const [was = "nothing", is = "nothing"] = [known.get(place), others.get(place)];
    if (was === is) continue;
    const short = (text: string) => (text.length > 60 ? `${text.slice(0, 60)}…` : text);
    add(
      "wire",
      undefined,
      `${place} was ${short(was)}, is ${short(is)}, and what that changes can't be told`,
    );
  }
  if (withoutTexts(old.root["x-unrouted"]) !== withoutTexts(now.root["x-unrouted"]))
    add("notice", undefined, "x-unrouted changed: what is answered where there is no operation");
  return raw;
}

/** An operation that keeps its id and is found elsewhere: the key that it had to the one that it has. */
function movedOperations(
  before: ReadonlyMap<string, Operation>,
  after: ReadonlyMap<string, Operation>,
): Map<string, string> {
  const moved = new Map<string, string>();
  for (const [key, { id }] of before) {
    if (after.has(key)) continue;
    for (const [other, operation] of after)
      if (operation.id === id && !before.has(other)) moved.set(key, other);
  }
  return moved;
}

/** Components whose names are in the generated types, and are not any more; with the name that the same one has now. */
function goneNames(old: OpenApiDocument, now: OpenApiDocument): string[] {
  const names = ({ root }: OpenApiDocument) => {
    const components = isObject(root["components"]) ? root["components"] : {};
    return new Map(
      ["schemas", "responses", "parameters", "headers"].flatMap((kind) =>
        Object.entries(isObject(components[kind]) ? components[kind] : {}).map(
          ([name, value]): [string, string] => [
            `components.${kind}.${name}`,
            `${kind} ${withoutTexts(value)}`,
          ],
        ),
      ),
    );
  };
  const [before, after] = [names(old), names(now)];
  const gone = [...before].filter(([name]) => !after.has(name));
  const arrived = [...after].filter(([name]) => !before.has(name));
  return gone.map(([name, text]) => {
    const same = arrived.filter(([, other]) => other === text);
    const rivals = gone.filter(([, other]) => other === text);
    const [only] = same;
    return only !== undefined && same.length === 1 && rivals.length === 1
      ? `${name} is called ${only[0]} now`
      : `${name} is gone`;
  });
}

function withoutTexts(value: Json | undefined): string {
  const plain = (below: Json, name = ""): Json => {
    if (Array.isArray(below)) {
      const items = below.map((item) => plain(item));
      return name === "enum" ? items.map(canonical).sort() : items;
    }
    if (!isObject(below)) return below;
    const members = Object.entries(below).filter(([member]) => member !== "description");
    return Object.fromEntries(members.map(([member, item]) => [member, plain(item, member)]));
  };
  return canonical(value === undefined ? undefined : plain(value));
}

/** One change for all operations that share it: by the schema and member, or by where it is in each of them. */
function grouped(document: string, raw: readonly Raw[]): Change[] {
  const groups = new Map<string, Raw[]>();
  for (const change of raw) {
    const side = change.where.startsWith("answer") ? "answer" : "request";
    const place = change.schema === undefined ? change.where : `${side} ${change.schema}`;
    const own = change.where === "" || change.where === "x-outcomes" ? change.operation : "";
    const key = [change.severity, place, change.what, own].join("\n");
    groups.set(key, [...(groups.get(key) ?? []), change]);
  }
  return [...groups].map(([key, changes]) => {
    const operations = [...new Set(changes.flatMap(({ operation }) => operation ?? []))].sort();
    const where = [...new Set(changes.map((change) => change.where))].join(", ");
    const [first] = changes;
    const questions = [...new Set(changes.flatMap(({ question }) => question ?? []))];
    return {
      severity: first?.severity ?? "notice",
      document,
      operations,
      where,
      schema: first?.schema,
      what: first?.what ?? "",
      question: questions.length === 0 ? undefined : questions.join("; "),
      fingerprint: sha256([document, key, ...operations].join("\n")).slice(0, 12),
    };
  });
}
