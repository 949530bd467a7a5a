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
  /** How it is written on the wire, where that is said. */
  readonly style: string;
  readonly schema: Part;
}

export type Content = ReadonlyMap<string, Part>;

/** One operation, its references followed, without what is there for people only. */
export interface Operation {
  readonly id: string;
  /** Who asks: of a webhook the gate does, so that its request is what programs are given, and its answers what they give. */
  readonly asker: "client" | "gate";
  readonly method: string;
  /** Of a webhook its name. */
  readonly path: string;
  readonly deprecated: boolean;
  readonly parameters: readonly Field[];
  readonly body: { readonly required: boolean; readonly content: Content } | undefined;
  readonly answers: ReadonlyMap<string, { readonly headers: readonly Field[]; readonly content: Content }>;
  /** Each way in: the schemes that are needed together, by name, with their definition. */
  readonly security: readonly ReadonlyMap<string, string>[];
  readonly outcomes: JsonObject | undefined;
  /** The document that it is written in; another one than the document that has it, where that only refers to it. */
  readonly home: OpenApiDocument;
}

/** The operations of a document by method and path, the names of path parameters left out, and its webhooks. */
export function operationsOf(document: OpenApiDocument): Map<string, Operation> {
  const operations = new Map<string, Operation>();
  for (const [member, asker] of ASKERS)
    for (const [path, item] of membersOf(document.root[member])) {
      const { value: pathItem, document: home } = document.resolve(item);
      for (const [method, operation] of membersOf(pathItem)) {
        if (!METHODS.includes(method) || !isObject(operation)) continue;
        const key = asker === "gate" ? `webhook ${path}` : path.replace(/\{[^}]*\}/g, "{}");
        operations.set(
          `${method.toUpperCase()} ${key}`,
          operationOf(document, home, asker, path, method, operation, membersOf(pathItem)),
        );
      }
    }
  return operations;
}

const ASKERS = [
  ["paths", "client"],
  ["webhooks", "gate"],
] as const;

const METHODS = ["get", "put", "post", "delete", "patch", "head", "options", "trace"];

function operationOf(
  document: OpenApiDocument,
  home: OpenApiDocument,
  asker: Operation["asker"],
  path: string,
  method: string,
  operation: JsonObject,
  pathItem: readonly [string, Json][],
): Operation {
  const shared = pathItem.find(([name]) => name === "parameters")?.[1];
  const parameters = new Map<string, Field>();
  // A parameter of the operation stands for one of the path with the same name.
  for (const parameter of [...listOf(shared), ...listOf(operation["parameters"])]) {
    const field = fieldOf(parameter, home, undefined);
    parameters.set(`${field.in} ${field.name}`, field);
  }
  const body = home.resolve(operation["requestBody"]);
  const id = operation["operationId"];
  return {
    id: typeof id === "string" ? id : `${method.toUpperCase()} ${path}`,
    asker,
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
      membersOf(operation["responses"]).map(([status, response]) => {
        const { value, document: at } = home.resolve(response);
        const { headers, content } = isObject(value) ? value : {};
        return [
          status,
          {
            headers: membersOf(headers).map(([name, header]) => fieldOf(header, at, name)),
            content: contentOf(content, at),
          },
        ];
      }),
    ),
    security: listOf(operation["security"] ?? document.root["security"]).map(
      (way) => new Map(membersOf(way).map(([name, scopes]) => [name, schemeOf(name, scopes, home)])),
    ),
    outcomes: isObject(operation["x-outcomes"]) ? withRules(operation["x-outcomes"], home) : undefined,
    home,
  };
}

function fieldOf(value: Json, document: OpenApiDocument, header: string | undefined): Field {
  const { value: found, document: home } = document.resolve(value);
  const field = isObject(found) ? found : {};
  return {
    name: header ?? String(field["name"]),
    in: header === undefined ? String(field["in"]) : "header",
    required: field["required"] === true,
    deprecated: field["deprecated"] === true,
    style: canonical([field["style"] ?? null, field["explode"] ?? null, field["allowReserved"] ?? null]),
    schema: partOf(field["schema"] ?? {}, home),
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

function schemeOf(name: string, scopes: Json, document: OpenApiDocument): string {
  const { components } = document.root;
  const schemes = isObject(components) ? components["securitySchemes"] : undefined;
  const { value } = document.resolve(isObject(schemes) ? schemes[name] : undefined);
  const { description: _, ...definition } = isObject(value) ? value : {};
  return canonical([definition, scopes]);
}

const listOf = (value: Json | undefined): Json[] => (Array.isArray(value) ? value : []);
const membersOf = (value: Json | undefined): [string, Json][] =>
  isObject(value) ? Object.entries(value) : [];
