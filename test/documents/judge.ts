/**
 * Judges what a gate was asked and answered by an OpenAPI document, with Ajv: no part of `src/` has a say here.
 */
import { basename } from "node:path";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import {
  type DocumentOperation,
  isObject,
  type Json,
  type JsonObject,
  OpenApiDocument,
} from "../../src/documents/document.ts";
import type { Answer } from "./recordings.ts";

type Operation = DocumentOperation & { document: OpenApiDocument };

/** The operation that a request is, with its path parameters as they were sent, and its query. */
export interface Asked {
  readonly operation: Operation;
  readonly parameters: { readonly [name: string]: string };
  readonly query?: URLSearchParams;
}

export type Judge = ReturnType<typeof createJudge>;

/** A judge over one document; complaints are sentences, and none means that all is as described. */
export function createJudge(file: string) {
  const document = new OpenApiDocument(file);
  const operations = [...document.operations()];
  const complaints = createComplaints(document);

  /** The operation behind a method and a path with or without a query; undefined where the document has none. */
  function asked(method: string, target: string): Asked | undefined {
    return onPath(target).find(({ operation }) => operation.method === method);
  }

  /** The operations of the one path that a router takes: that with the fewest parameters. */
  function onPath(target: string): Asked[] {
    const [path = "", query] = target.split("?");
    const segments = path.split("/");
    const fitting = operations
      .flatMap((operation) => {
        const template = operation.path.split("/");
        const fits =
          template.length === segments.length &&
          template.every((part, at) => (part.startsWith("{") ? segments[at] !== "" : part === segments[at]));
        if (!fits) return [];
        const named = template.flatMap((part, at) =>
          part.startsWith("{") ? [[part.slice(1, -1), segments[at] ?? ""]] : [],
        );
        const parameters = Object.fromEntries(named) as { [name: string]: string };
        return [{ operation, parameters, query: new URLSearchParams(query) }];
      })
      .sort((a, b) => Object.keys(a.parameters).length - Object.keys(b.parameters).length);
    return fitting.filter(({ operation }) => operation.path === fitting[0]?.operation.path);
  }

  /** What is wrong with an answer to this operation. */
  function answer({ operation }: Asked, given: Answer): string[] {
    const responses = operation.document.object(operation.operation["responses"], "the responses");
    if (responses[given.status] === undefined) return [`${operation.id} has no ${given.status}`];
    return described(given, responses[given.status], operation.document);
  }

  /** What is wrong with a body of this operation's answer, looked at alone. */
  function answerBody(
    { operation }: Asked,
    status: number,
    mediaType: string,
    body: Json | undefined,
  ): string[] {
    const responses = operation.document.object(operation.operation["responses"], "the responses");
    const { value: response, document: home } = operation.document.resolve(responses[status]);
    const content =
      isObject(response) && isObject(response["content"]) ? response["content"][mediaType] : undefined;
    if (!isObject(content)) return [`${operation.id} has no ${mediaType} at ${status}`];
    return complaints(body, content["schema"], home);
  }

  function described(given: Answer, response: Json | undefined, from: OpenApiDocument): string[] {
    const { value, document: home } = from.resolve(response);
    if (!isObject(value)) return ["the response is not described"];
    return [...headers(given, value, home), ...body(given, value, home)];
  }

  function headers(given: Answer, response: JsonObject, from: OpenApiDocument): string[] {
    return Object.entries(isObject(response["headers"]) ? response["headers"] : {}).flatMap(
      ([name, reference]) => {
        const { value: header, document: home } = from.resolve(reference);
        if (!isObject(header)) return [`${name} is not described`];
        const sent = given.headers[name.toLowerCase()];
        if (sent === undefined) return header["required"] === true ? [`${name} is missing`] : [];
        const { value: schema } = home.resolve(header["schema"]);
        const number = isObject(schema) && schema["type"] === "integer";
        return complaints(number ? Number(sent) : sent, header["schema"], home).map(
          (text) => `${name}: ${text}`,
        );
      },
    );
  }

  function body(given: Answer, response: JsonObject, home: OpenApiDocument): string[] {
    const mediaType = given.headers["content-type"]?.split(";")[0];
    const content = isObject(response["content"]) ? response["content"] : {};
    if (mediaType === undefined)
      return given.json === undefined && (given.text ?? "") === ""
        ? Object.keys(content).length === 0
          ? []
          : [`the body is empty where ${Object.keys(content).join(" or ")} is described`]
        : ["there is a body without a content type"];
    const described = content[mediaType];
    if (!isObject(described)) return [`${mediaType} is not described`];
    return complaints(mediaType === "application/json" ? given.json : given.text, described["schema"], home);
  }

  /** What is wrong with the parameters of a request. */
  function parameters({ operation, parameters: inPath, query = new URLSearchParams() }: Asked): string[] {
    return operation.parameters.flatMap((parameter) => {
      const { in: where, required, schema } = parameter;
      const name = String(parameter["name"]);
      const sent = where === "query" ? query.getAll(name) : [inPath[name] ?? ""];
      if (sent.length > 1) return [`${name} is there twice`];
      if (sent.length === 0) return required === true ? [`${name} is missing`] : [];
      const [text = ""] = sent;
      const value = isObject(schema) && schema["type"] === "integer" ? Number(text || Number.NaN) : text;
      return complaints(value, schema, operation.document).map((complaint) => `${name}: ${complaint}`);
    });
  }

  /** What is wrong with a request that the gate accepted: its parameters and its body. */
  function request(asked: Asked, sent: Json | undefined): string[] {
    return [...parameters(asked), ...requestBody(asked, sent)];
  }

  /** What is wrong with a body of this operation's request. */
  function requestBody({ operation }: Asked, sent: Json | undefined): string[] {
    const described = operation.operation["requestBody"];
    if (described === undefined) return sent === undefined ? [] : ["no body is described"];
    const { value, document: home } = operation.document.resolve(described);
    const content =
      isObject(value) && isObject(value["content"]) ? value["content"]["application/json"] : undefined;
    if (!isObject(value) || !isObject(content)) return ["the body is not described"];
    if (sent === undefined) return value["required"] === true ? ["the body is missing"] : [];
    return complaints(sent, content["schema"], home);
  }

  /** What is wrong with an answer to a request that is no operation of the document. */
  function unrouted(target: string, given: Answer): string[] {
    const methods = onPath(target).map(({ operation }) => operation.method);
    const status = methods.length === 0 ? 404 : 405;
    if (given.status !== status) return [`the status is ${given.status}, not ${status}`];
    const answers = document.object(document.root["x-unrouted"], "x-unrouted");
    const allowed = methods.flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method])).join();
    return [
      ...described(given, answers[status === 404 ? "unknown_path" : "wrong_method"], document),
      ...(status === 405 && given.headers["allow"] !== allowed ? [`Allow is not ${allowed}`] : []),
    ];
  }

  return { document, operations, asked, answer, answerBody, request, requestBody, parameters, unrouted };
}

/** What is wrong with values, by the schemas of a document and of those that it refers to. */
export function createComplaints(document: OpenApiDocument) {
  const ajv = new Ajv2020({ strict: true, strictTypes: false, strictRequired: false, allErrors: true });
  // ajv-formats is CommonJS: its default export is the module for the types and the function at run time.
  (addFormats as unknown as typeof addFormats.default)(ajv);
  ajv.addVocabulary(["x-extensible-enum", "discriminator", "example"]);
  const validators = new Map<string, ValidateFunction>();
  const documents = [document, ...document.siblings];
  // Ajv reads a document as a schema with definitions in it, and would call its top members unknown keywords.
  const members = new Set(documents.flatMap(({ root }) => Object.keys(root)));
  ajv.addVocabulary([...members].filter((member) => ajv.getKeyword(member) === false));
  for (const { file, root } of documents) ajv.addSchema(root, basename(file), false, false);

  /** Complaints about a value, by a schema that stands in `home`. */
  return function complaints(
    value: Json | undefined,
    schema: Json | undefined,
    home: OpenApiDocument,
  ): string[] {
    const key = basename(home.file);
    const absolute = JSON.stringify(schema, (name, member: Json) =>
      name === "$ref" && typeof member === "string" && member.startsWith("#") ? `${key}${member}` : member,
    );
    const validate = validators.get(absolute) ?? ajv.compile(JSON.parse(absolute) as JsonObject);
    validators.set(absolute, validate);
    if (validate(value)) return [];
    return (validate.errors ?? []).map(
      ({ instancePath, message }) => `${instancePath || "the value"} ${message}`,
    );
  };
}
