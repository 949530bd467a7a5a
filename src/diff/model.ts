import { isObject, type Json, type JsonObject, type OpenApiDocument } from "../documents/document.ts";
import { withRules } from "../documents/outcome-rules.ts";
import type { Part } from "./atom.ts";
import { canonical } from "./equal.ts";
import { partOf } from "./shape.ts";

/** A parameter of an operation, or a header of an answer. */
export interface Field {
  readonly name: string;
  /** Of a parameter: path, query, header, cookie. */
  readonly in: string;
  readonly required: boolean;
  readonly deprecated: boolean;
  /** How it is written on the wire. */
  readonly style: { readonly name: string; readonly explode: boolean; readonly allowReserved: boolean };
  readonly allowsEmpty: boolean;
  readonly schema: Part;
}

/** A security scheme as an operation asks for it. */
export interface Scheme {
  readonly name: string;
  /** As text, without what is for people. */
  readonly definition: string | undefined;
  /** Whether another one is defined the same (two kinds of token): then the name tells them apart. */
  readonly isOneOfMany: boolean;
  readonly scopes: readonly string[];
}

export type Content = ReadonlyMap<string, Part>;

/** One operation, its references followed, without what is there for people only. */
export interface Operation {
  readonly id: string;
  /** Who asks: of a webhook and a callback the gate does, so that its request is what programs are given, and its answers what they give. */
  readonly asker: "client" | "gate";
  readonly method: string;
  readonly path: string;
  readonly deprecated: boolean;
  readonly parameters: readonly Field[];
  readonly body: { readonly required: boolean; readonly content: Content } | undefined;
  readonly answers: ReadonlyMap<string, { readonly headers: readonly Field[]; readonly content: Content }>;
  /** Each way in: the schemes that are needed together. */
  readonly security: readonly (readonly Scheme[])[];
  readonly outcomes: JsonObject | undefined;
  /** Where it stands in the types that openapi-typescript makes; undefined for what is not asked there. */
  readonly typed:
    | { readonly member: "paths" | "webhooks"; readonly path: string; readonly method: string }
    | undefined;
  /** The document that it is written in; another one than the document that has it, where that only refers to it. */
  readonly home: OpenApiDocument;
}

/** The operations of a document by method and path, the names of path parameters left out; webhooks and callbacks after them. */
export function operationsOf(document: OpenApiDocument): Map<string, Operation> {
  const known = operations.get(document);
  if (known !== undefined) return known;
  const found = new Map<string, Operation>();
  const add = (path: string, item: Json, kind: "" | "webhook" | "callback", owner = ""): void => {
    const { value: pathItem, document: at } = document.resolve(item);
    for (const [method, given] of membersOf(pathItem)) {
      if (!METHODS.includes(method)) continue;
      const { value: operation, document: home } = at.resolve(given);
      if (!isObject(operation)) continue;
      const made = operationOf(document, at, home, path, method, operation, membersOf(pathItem));
      const verb = method.toUpperCase();
      if (kind === "") found.set(`${verb} ${path.replace(/\{[^}]*\}/g, "{}")}`, made);
      else {
        const typed = kind === "webhook" ? { member: "webhooks" as const, path, method: method } : undefined;
        const id = kind === "webhook" ? made.id : `${owner} ${path}`;
        found.set(`${verb} ${kind} ${owner}${path}`, { ...made, id, asker: "gate", typed });
      }
      for (const [name, callback] of kind === "" ? membersOf(operation["callbacks"]) : [])
        for (const [address, one] of membersOf(home.resolve(callback).value))
          add(address, one, "callback", `${made.id} callback ${name}`);
    }
  };
  for (const [path, item] of membersOf(document.root["paths"])) add(path, item, "");
  for (const [name, item] of membersOf(document.root["webhooks"])) add(name, item, "webhook");
  operations.set(document, found);
  return found;
}

const operations = new WeakMap<OpenApiDocument, Map<string, Operation>>();

const METHODS = ["get", "put", "post", "delete", "patch", "head", "options", "trace", "query"];

function operationOf(
  document: OpenApiDocument,
  at: OpenApiDocument,
  home: OpenApiDocument,
  path: string,
  method: string,
  operation: JsonObject,
  pathItem: readonly [string, Json][],
): Operation {
  const shared = pathItem.find(([name]) => name === "parameters")?.[1];
  const parameters = new Map<string, Field>();
  // A parameter of the operation stands for one of the path with the same name.
  for (const [list, where] of [
    [listOf(shared), at],
    [listOf(operation["parameters"]), home],
  ] as const)
    for (const parameter of list) {
      const field = fieldOf(parameter, where, undefined);
      parameters.set(`${field.in} ${field.name}`, field);
    }
  const body = home.resolve(operation["requestBody"]);
  const id = operation["operationId"];
  return {
    id: typeof id === "string" ? id : `${method.toUpperCase()} ${path}`,
    method: method.toUpperCase(),
    path,
    deprecated: operation["deprecated"] === true,
    parameters: [...parameters.values()],
    body: isObject(body.value)
      ? {
          required: body.value["required"] === true,
          content: contentOf(body.value["content"], body.document),
        }
      : undefined,
    answers: new Map(
      membersOf(operation["responses"])
        .filter(([status]) => !status.startsWith("x-"))
        .map(([status, response]) => {
          const { value, document: where } = home.resolve(response);
          const { headers, content } = isObject(value) ? value : {};
          return [
            status,
            {
              headers: membersOf(headers).map(([name, header]) => fieldOf(header, where, name)),
              content: contentOf(content, where),
            },
          ];
        }),
    ),
    security: listOf(operation["security"] ?? document.root["security"]).map((way) =>
      membersOf(way).map(([name, scopes]) => schemeOf(name, scopes, home, document)),
    ),
    outcomes: isObject(operation["x-outcomes"]) ? withRules(operation["x-outcomes"], home) : undefined,
    asker: "client",
    typed: { member: "paths", path, method },
    // What is in a file that is no document of its own is of this one.
    home: isObject(home.root["paths"]) ? home : document,
  };
}

function fieldOf(value: Json, document: OpenApiDocument, header: string | undefined): Field {
  const { value: found, document: home } = document.resolve(value);
  const field = isObject(found) ? found : {};
  const place = header === undefined ? String(field["in"]) : "header";
  // A parameter may have a media type instead of a schema, and is written as that says.
  const [media] = membersOf(field["content"]);
  const { style } = field;
  const name =
    media !== undefined
      ? `content ${media[0]}`
      : typeof style === "string"
        ? style
        : place === "query" || place === "cookie"
          ? "form"
          : "simple";
  const schema = media === undefined ? field["schema"] : isObject(media[1]) ? media[1]["schema"] : undefined;
  return {
    name: header ?? String(field["name"]),
    in: place,
    required: field["required"] === true || place === "path",
    deprecated: field["deprecated"] === true,
    style: {
      name,
      explode: typeof field["explode"] === "boolean" ? field["explode"] : name === "form",
      allowReserved: field["allowReserved"] === true,
    },
    allowsEmpty: field["allowEmptyValue"] === true,
    schema: partOf(schema ?? {}, home),
  };
}

function contentOf(content: Json | undefined, document: OpenApiDocument): Content {
  return new Map(
    membersOf(content).map(([type, media]) => {
      const { value, document: home } = document.resolve(media);
      return [type, partOf((isObject(value) ? value["schema"] : undefined) ?? {}, home)];
    }),
  );
}

function schemeOf(name: string, scopes: Json, home: OpenApiDocument, document: OpenApiDocument): Scheme {
  const schemesOf = ({ root: { components } }: OpenApiDocument) =>
    isObject(components) && isObject(components["securitySchemes"]) ? components["securitySchemes"] : {};
  const where = schemesOf(home)[name] === undefined ? document : home;
  const definition = definitionOf(schemesOf(where)[name], where);
  const alike = Object.values(schemesOf(where)).filter((other) => definitionOf(other, where) === definition);
  return { name, definition, isOneOfMany: alike.length !== 1, scopes: listOf(scopes).map(String).sort() };
}

function definitionOf(scheme: Json | undefined, document: OpenApiDocument): string | undefined {
  const { value } = document.resolve(scheme);
  if (!isObject(value)) return undefined;
  const members = Object.entries(value).filter(
    ([member]) => !["description", "bearerFormat", "deprecated"].includes(member) && !member.startsWith("x-"),
  );
  const plain = members.map(([member, says]): [string, Json] => [
    member,
    member === "flows" ? withoutScopes(says) : member === "scheme" ? String(says).toLowerCase() : says,
  ]);
  return canonical(Object.fromEntries(plain));
}

/** The scopes that there are say nothing of those that are asked for. */
const withoutScopes = (flows: Json): Json =>
  Object.fromEntries(
    membersOf(flows).map(([name, flow]) => [
      name,
      Object.fromEntries(
        membersOf(flow).filter(([member]) => member !== "scopes" && !member.startsWith("x-")),
      ),
    ]),
  );

const listOf = (value: Json | undefined): Json[] => (Array.isArray(value) ? value : []);
const membersOf = (value: Json | undefined): [string, Json][] =>
  isObject(value) ? Object.entries(value) : [];
