import { isObject, type Json, type JsonObject } from "../documents/document.ts";

/** What a document says that this comparison has no rule for: it stops the run, rather than pass unseen. */
export class UnknownKeyword extends Error {}

type Visit = (value: Json, at: string) => void;
/** A rule per member: what is below it, or undefined where nothing needs a look. */
type Rules = { readonly [member: string]: Visit | undefined };

/**
 * Looks at every member of a document, and throws an {@link UnknownKeyword} for one that the comparison does not know.
 * `ignored` are extensions (`x-…`) that a user says have no meaning here.
 */
export function checkKeywords(root: JsonObject, file: string, ignored: ReadonlySet<string>): void {
  const unknown: string[] = [];
  const object =
    (rules: () => Rules, what: string): Visit =>
    (value, at) => {
      if (!isObject(value)) return;
      const known = rules();
      for (const [name, below] of Object.entries(value)) {
        if (ignored.has(name)) continue;
        if (!Object.hasOwn(known, name)) unknown.push(`${what} ${at} has ${name}`);
        known[name]?.(below, `${at}/${name}`);
      }
    };
  const each =
    (visit: Visit): Visit =>
    (value, at) => {
      const entries: [string | number, Json][] = Array.isArray(value)
        ? value.map((item, index) => [index, item])
        : isObject(value)
          ? Object.entries(value)
          : [];
      for (const [name, below] of entries) visit(below, `${at}/${name}`);
    };

  const schema = object(() => SCHEMA, "the schema");
  const SCHEMA: Rules = {
    ...plain(
      ...["$ref", "type", "enum", "const", "format", "pattern", "required", "dependentRequired"],
      ...["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "uniqueItems"],
      ...["minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"],
      ...["x-extensible-enum", "discriminator", "default", "deprecated"],
      ...["title", "description", "example", "examples", "externalDocs", "$comment"],
    ),
    properties: each(schema),
    additionalProperties: schema,
    propertyNames: schema,
    items: schema,
    prefixItems: each(schema),
    allOf: each(schema),
    anyOf: each(schema),
    oneOf: each(schema),
    not: schema,
    if: schema,
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: schema,
    else: schema,
  };
  const media = object(() => ({ ...plain("example", "examples"), schema }), "the media type");
  const header = object(
    () => ({
      ...plain("$ref", "description", "required", "deprecated", "example", "examples", "style", "explode"),
      schema,
    }),
    "the header",
  );
  const parameter = object(
    () => ({
      ...plain("$ref", "name", "in", "description", "required", "deprecated", "example", "examples"),
      ...plain("style", "explode", "allowReserved"),
      schema,
    }),
    "the parameter",
  );
  const body = object(
    () => ({ ...plain("$ref", "description", "required"), content: each(media) }),
    "the request body",
  );
  const response = object(
    () => ({ ...plain("$ref", "description"), headers: each(header), content: each(media) }),
    "the response",
  );
  const outcomes = object(() => ({ effect: undefined, lost: rule, answers: each(rule) }), "x-outcomes");
  const rule = object(() => plain("outcome", "replayCheck", "again"), "the rule");
  const operation = object(
    () => ({
      ...plain("operationId", "tags", "summary", "description", "deprecated", "security", "externalDocs"),
      parameters: each(parameter),
      requestBody: body,
      responses: each(response),
      "x-outcomes": outcomes,
    }),
    "the operation",
  );
  const METHODS = ["get", "put", "post", "delete", "patch", "head", "options", "trace"];
  const pathItem = object(
    () => ({
      ...plain("$ref", "summary", "description"),
      parameters: each(parameter),
      ...Object.fromEntries(METHODS.map((method) => [method, operation])),
    }),
    "the path",
  );
  const scheme = object(
    () => plain("$ref", "type", "scheme", "bearerFormat", "in", "name", "description"),
    "the security scheme",
  );
  const components = object(
    () => ({
      schemas: each(schema),
      responses: each(response),
      parameters: each(parameter),
      headers: each(header),
      requestBodies: each(body),
      securitySchemes: each(scheme),
      examples: undefined,
    }),
    "the components",
  );
  const document = object(
    () => ({
      ...plain("openapi", "info", "servers", "tags", "externalDocs", "security", "x-unrouted"),
      // The rules that x-outcomes names, and where older documents of ours keep YAML anchors: looked at where they are used.
      ...plain("x-outcome-rules", "x-operator"),
      paths: each(pathItem),
      webhooks: each(pathItem),
      components,
    }),
    "the document",
  );
  document(root, "#");
  if (unknown.length === 0) return;
  const [first = "", ...more] = unknown.map((line) => line.replace(/#\//, ""));
  const others = more.length === 0 ? "" : ` (and ${more.length} more like it)`;
  throw new UnknownKeyword(`${file}: ${first}, which this comparison has no rule for${others}`);
}

const plain = (...names: string[]): Rules => Object.fromEntries(names.map((name) => [name, undefined]));
