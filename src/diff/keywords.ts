import { isObject, type Json, type JsonObject, type OpenApiDocument } from "../documents/document.ts";
import { written } from "./phrase.ts";

/** A document that can't be compared: what is wrong, all of it, with places. */
export class Incomparable extends Error {}

/** Members of an OpenAPI object: what is below it, or undefined where there is a rule for it elsewhere, or nothing to compare. */
type Visit = (value: Json, document: OpenApiDocument, at: string) => void;
type Rules = { readonly [member: string]: Visit | undefined };

/**
 * What a document says outside of its schemas that this comparison has no rule for, by place: it can only be compared for being
 * the same. Extensions (`x-…`) have no meaning here.
 */
export function unknownMembers(document: OpenApiDocument, ignored: ReadonlySet<string>): Map<string, string> {
  const unknown = new Map<string, string>();
  const visited = new Set<Json>();
  const object =
    (rules: () => Rules): Visit =>
    (given, from, at) => {
      const { value, document: home } = from.resolve(given);
      if (!isObject(value) || visited.has(value)) return;
      visited.add(value);
      const known = rules();
      for (const [name, below] of Object.entries(value)) {
        if (ignored.has(name) || name.startsWith("x-")) continue;
        if (!Object.hasOwn(known, name)) unknown.set(`${at}/${name}`, written(below, home));
        known[name]?.(below, home, `${at}/${name}`);
      }
    };
  const each =
    (visit: Visit): Visit =>
    (given, from, at) => {
      const { value, document: home } = from.resolve(given);
      const entries: [string | number, Json][] = Array.isArray(value)
        ? value.map((item, index) => [index, item])
        : isObject(value)
          ? Object.entries(value)
          : [];
      for (const [name, below] of entries) visit(below, home, `${at}/${name}`);
    };
  const texts = ["$ref", "summary", "description", "deprecated", "example", "examples", "externalDocs"];
  const media = object(() => plain(...texts, "schema"));
  const field = object(() => ({
    ...plain(...texts, "name", "in", "required", "schema", "style", "explode", "allowReserved"),
    ...plain("allowEmptyValue"),
    content: each(media),
  }));
  const body = object(() => ({ ...plain(...texts, "required"), content: each(media) }));
  const response = object(() => ({
    ...plain(...texts, "links"),
    headers: each(field),
    content: each(media),
  }));
  const operation: Visit = object(() => ({
    ...plain(...texts, "operationId", "tags", "security", "servers"),
    parameters: each(field),
    requestBody: body,
    responses: each(response),
    callbacks: each(each(pathItem)),
  }));
  const METHODS = ["get", "put", "post", "delete", "patch", "head", "options", "trace", "query"];
  const pathItem: Visit = object(() => ({
    ...plain(...texts, "servers"),
    parameters: each(field),
    ...Object.fromEntries(METHODS.map((method) => [method, operation])),
  }));
  const root = object(() => ({
    ...plain("openapi", "info", "servers", "tags", "externalDocs", "security", "components"),
    ...plain("jsonSchemaDialect", "$self"),
    paths: each(pathItem),
    webhooks: each(pathItem),
  }));
  root(document.root, document, "#");
  return new Map([...unknown].map(([at, says]) => [at.replace(/^#\//, ""), says]));
}

const plain = (...names: string[]): Rules => Object.fromEntries(names.map((name) => [name, undefined]));

/** Keywords whose value is data. */
const DATA = new Set(["const", "enum", "default", "example", "examples"]);

/** Throws an {@link Incomparable} that lists everything in a document, and in what it refers to, that can't be read. */
export function checkReadable(document: OpenApiDocument): void {
  const problems = new Set([...problemsOfVersion(document), ...unresolvable(document)]);
  if (problems.size === 0) return;
  const list = [...problems].sort();
  const [only = ""] = list;
  throw new Incomparable(
    list.length === 1
      ? `${document.file} can't be compared: ${only}`
      : `${document.file} can't be compared, for ${list.length} reasons:\n${list.map((line) => `  ${line}`).join("\n")}`,
  );
}

function problemsOfVersion({ root: { openapi, swagger } }: OpenApiDocument): string[] {
  if (swagger !== undefined)
    return [`it is a document of Swagger ${String(swagger)}: convert it to OpenAPI 3 (swagger2openapi does)`];
  if (typeof openapi === "string" && openapi.startsWith("3.")) return [];
  const says = JSON.stringify(openapi) ?? "not there";
  return [`it is no document of OpenAPI 3.0, 3.1 or 3.2: its member openapi is ${says}`];
}

/** A place in a document, or in one that it refers to. Where members are names, `$ref` is one as any other. */
interface Place {
  readonly value: Json;
  readonly home: OpenApiDocument;
  readonly at: string;
  readonly areNames: boolean;
}

/** The references that lead nowhere. */
function unresolvable(document: OpenApiDocument): string[] {
  const problems: string[] = [];
  const visited = new Set<Json>();
  const pending: Place[] = [{ value: document.root, home: document, at: "#", areNames: false }];
  for (let place = pending.pop(); place !== undefined; place = pending.pop()) {
    const { value, home, at } = place;
    if (typeof value !== "object" || value === null || visited.has(value)) continue;
    visited.add(value);
    try {
      pending.push(...referredTo(place));
    } catch (error) {
      const problem = error instanceof Error ? error.message.replace(`${home.file}: `, "") : String(error);
      problems.push(`${at}: ${problem}`);
    }
    pending.push(...below(place));
  }
  return problems;
}

function referredTo({ value, home, areNames }: Place): Place[] {
  if (areNames || !isObject(value) || typeof value["$ref"] !== "string") return [];
  const target = home.resolve(value);
  return [{ value: target.value ?? null, home: target.document, at: value["$ref"], areNames: false }];
}

function below({ value, home, at, areNames }: Place): Place[] {
  return Object.entries(value ?? {})
    .filter(([name]) => areNames || (!DATA.has(name) && !name.startsWith("x-")))
    .map(([name, member]) => ({
      value: member as Json,
      home,
      at: `${at}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`,
      areNames: !areNames && name === "properties",
    }));
}

/** What is said of servers: their addresses. */
export const serversOf = ({ servers }: JsonObject): Json =>
  Array.isArray(servers) ? servers.map((server) => (isObject(server) ? (server["url"] ?? null) : null)) : [];
