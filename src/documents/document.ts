import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, resolve } from "node:path";
import { missing } from "./optional.ts";

/** A JSON value of an OpenAPI document that nobody has looked at yet. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

const METHODS = ["get", "put", "post", "delete", "patch"] as const;

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

/** One operation of a document, with its path item's parameters merged in and every `$ref` on the way resolved. */
export interface DocumentOperation {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly operation: JsonObject;
  readonly parameters: JsonObject[];
}

/** An OpenAPI document on disk, able to follow its own `$ref`s, into sibling files too. */
export class OpenApiDocument {
  readonly file: string;
  readonly text: string;
  readonly root: JsonObject;
  readonly #siblings = new Map<string, OpenApiDocument>();

  constructor(file: string) {
    this.file = file;
    this.text = readFileSync(file, "utf8");
    const root = file.endsWith(".json") ? (JSON.parse(this.text) as Json) : parseYaml(this.text);
    if (!isObject(root)) throw new Error(`${file} holds no object`);
    this.root = root;
  }

  /** The value behind a `$ref` (or the value itself), and the document in which *its* refs are to be read. */
  resolve(value: Json | undefined): { value: Json | undefined; document: OpenApiDocument } {
    if (!isObject(value) || typeof value["$ref"] !== "string") return { value, document: this };
    const [file = "", pointer = ""] = value["$ref"].split("#");
    const document = file === "" ? this : this.#sibling(resolve(dirname(this.file), file));
    const target = pointer
      .split("/")
      .slice(1)
      .map((token) => decodeURIComponent(token).replaceAll("~1", "/").replaceAll("~0", "~"))
      .reduce<Json | undefined>((at, token) => (isObject(at) ? at[token] : undefined), document.root);
    if (target === undefined) throw new Error(`${this.file}: nothing at ${value["$ref"]}`);
    return document.resolve(target);
  }

  /** The object behind a `$ref`; an error names what was expected when it is none. */
  object(value: Json | undefined, what: string): JsonObject {
    const { value: found } = this.resolve(value);
    if (!isObject(found)) throw new Error(`${this.file}: ${what} is not an object`);
    return found;
  }

  /** The files that `$ref`s of this document lead into, without repetition. */
  referredFiles(): string[] {
    const references = JSON.stringify(this.root).matchAll(/"\$ref":"([^"#]+)#/g);
    return [...new Set([...references].map(([, file = ""]) => resolve(dirname(this.file), file)))];
  }

  /** The documents that its `$ref`s have led into so far. */
  get siblings(): OpenApiDocument[] {
    return [...this.#siblings.values()];
  }

  *operations(): Generator<DocumentOperation & { document: OpenApiDocument }> {
    for (const [path, item] of Object.entries(this.object(this.root["paths"], "paths"))) {
      const { value: pathItem, document } = this.resolve(item);
      if (!isObject(pathItem)) throw new Error(`${this.file}: ${path} is not a path item`);
      for (const method of METHODS) {
        if (pathItem[method] === undefined) continue;
        const operation = document.object(pathItem[method], `${method} ${path}`);
        const id = operation["operationId"];
        if (typeof id !== "string") throw new Error(`${document.file}: ${method} ${path} has no operationId`);
        const parameters = [pathItem["parameters"], operation["parameters"]]
          .flatMap((list) => (Array.isArray(list) ? list : []))
          .map((parameter) => {
            const { value, document: home } = document.resolve(parameter);
            if (!isObject(value)) throw new Error(`${document.file}: a parameter of ${id} is not an object`);
            return { ...value, schema: home.object(value["schema"], `the schema of a parameter of ${id}`) };
          });
        yield { id, method: method.toUpperCase(), path, operation, parameters, document };
      }
    }
  }

  #sibling(file: string): OpenApiDocument {
    const known = this.#siblings.get(file);
    if (known !== undefined) return known;
    const document = new OpenApiDocument(file);
    this.#siblings.set(file, document);
    return document;
  }
}

function parseYaml(text: string): Json {
  let yaml: typeof import("yaml");
  try {
    yaml = createRequire(import.meta.url)("yaml") as typeof yaml;
  } catch (error) {
    throw missing(error, "yaml", "reading a document in YAML");
  }
  // The default of 100 guards against documents of strangers; in ours one rule of x-outcomes is repeated more often.
  return yaml.parse(text, { maxAliasCount: -1 }) as Json;
}
