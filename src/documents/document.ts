import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, resolve } from "node:path";
import { isObject, type Json, type JsonObject } from "./json.ts";
import { missing } from "./optional.ts";
import { pointed, type References, referencesOf, stepsOf } from "./references.ts";

export { isObject, type Json, type JsonObject } from "./json.ts";

const METHODS = ["get", "put", "post", "delete", "patch"] as const;

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
  readonly #family: Map<string, OpenApiDocument>;
  #references: References | undefined;

  /** @param family the files that have been read with it: each is read once, also where two refer to each other */
  constructor(file: string, family: Map<string, OpenApiDocument> = new Map()) {
    this.file = file;
    this.text = readFileSync(file, "utf8");
    const root = file.endsWith(".json") ? (JSON.parse(this.text) as Json) : parseYaml(this.text);
    if (!isObject(root)) throw new Error(`${file} holds no object`);
    this.root = root;
    this.#family = family;
    family.set(resolve(file), this);
  }

  /** The value behind a `$ref` (or the value itself), and the document in which *its* refs are to be read. */
  resolve(value: Json | undefined): { value: Json | undefined; document: OpenApiDocument } {
    const passed = new Set<Json>();
    let found: { value: Json | undefined; document: OpenApiDocument } = { value, document: this };
    for (let at = found.value; isObject(at) && typeof at["$ref"] === "string"; at = found.value) {
      if (passed.has(at)) throw new Error(`${this.file}: the $ref ${at["$ref"]} leads to itself`);
      passed.add(at);
      found = found.document.#follow(at["$ref"], at);
    }
    return found;
  }

  /** Where one `$ref` leads, which may be another one. */
  #follow(reference: string, holder: JsonObject): { value: Json; document: OpenApiDocument } {
    this.#references ??= referencesOf(this.root);
    const here = this.#references.find(reference, holder);
    if (here !== undefined) return { value: here, document: this };
    const [file = "", pointer = ""] = reference.split("#");
    const document = file === "" ? this : this.#sibling(fileOf(file, this.file), reference);
    document.#references ??= referencesOf(document.root);
    const there = document.#references.find(`#${pointer}`, document.root);
    if (there !== undefined) return { value: there, document };
    const through = document.#through(stepsOf(pointer));
    if (through === undefined) throw new Error(`${this.file}: nothing at ${reference}`);
    return through;
  }

  /** What a pointer means that passes through other references: `#/components/schemas/A/properties/b`, where A is one. */
  #through(steps: readonly string[]): { value: Json; document: OpenApiDocument } | undefined {
    let found: { value: Json | undefined; document: OpenApiDocument } = { value: this.root, document: this };
    for (const step of steps) {
      const { value, document } = found.document.resolve(found.value);
      found = {
        value: pointed(
          value ?? null,
          `/${step.replaceAll("~", "~0").replaceAll("/", "~1").replaceAll("%", "%25")}`,
        ),
        document,
      };
    }
    return found.value === undefined || steps.length === 0
      ? undefined
      : { value: found.value, document: found.document };
  }

  /** Whether nothing that stands beside a `$ref` counts: in OpenAPI 3.0, and in what such a document refers to. */
  get refStandsAlone(): boolean {
    const [first] = this.#family.values();
    const version = this.root["openapi"] ?? first?.root["openapi"];
    return typeof version === "string" && version.startsWith("3.0");
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

  /** The documents that its `$ref`s have led into so far, and those that theirs have. */
  get siblings(): OpenApiDocument[] {
    return [...this.#family.values()].filter((document) => document !== this);
  }

  *operations(): Generator<DocumentOperation & { document: OpenApiDocument }> {
    for (const [path, item] of Object.entries(this.object(this.root["paths"], "paths"))) {
      const { value: pathItem, document } = this.resolve(item);
      if (!isObject(pathItem)) throw new Error(`${this.file}: ${path} is not a path item`);
      for (const method of METHODS) {
        if (pathItem[method] === undefined) continue;
        // An operation that is a `$ref` is none of OpenAPI's; documents have them all the same.
        const { value: operation, document: home } = document.resolve(pathItem[method]);
        if (!isObject(operation)) throw new Error(`${document.file}: ${method} ${path} is not an object`);
        const id = operation["operationId"];
        if (typeof id !== "string") throw new Error(`${home.file}: ${method} ${path} has no operationId`);
        const parameters = [
          ...document.#parameters(pathItem["parameters"], id),
          ...home.#parameters(operation["parameters"], id),
        ];
        yield { id, method: method.toUpperCase(), path, operation, parameters, document: home };
      }
    }
  }

  #parameters(list: Json | undefined, id: string): JsonObject[] {
    return (Array.isArray(list) ? list : []).map((parameter) => {
      const { value, document: home } = this.resolve(parameter);
      if (!isObject(value)) throw new Error(`${this.file}: a parameter of ${id} is not an object`);
      // One with `content` has no schema of its own.
      if (value["schema"] === undefined) return value;
      return { ...value, schema: home.object(value["schema"], `the schema of a parameter of ${id}`) };
    });
  }

  #sibling(file: string, reference: string): OpenApiDocument {
    const known = this.#family.get(file);
    if (known !== undefined) return known;
    try {
      return new OpenApiDocument(file, this.#family);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      throw new Error(`${this.file}: the $ref ${reference} leads to a file that is not there, ${file}`);
    }
  }
}

/** The file that a reference names, as it is written or percent-encoded. */
function fileOf(file: string, from: string): string {
  const plain = resolve(dirname(from), file);
  return file.includes("%") && !existsSync(plain) ? resolve(dirname(from), decodeURIComponent(file)) : plain;
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
