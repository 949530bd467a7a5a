import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type DocumentOperation, OpenApiDocument } from "../../documents/document.ts";

export type DescribedOperation = DocumentOperation & { readonly document: OpenApiDocument };

/** One of the two documents, and its operations by method and path. */
export interface Described {
  readonly document: OpenApiDocument;
  readonly operations: readonly DescribedOperation[];
  /** The operation that a request is; undefined where the document has none. */
  find(method: string, path: string): DescribedOperation | undefined;
}

/**
 * The documents that this package was made from. A package that was built has them as JSON beside its code, so that nobody
 * needs a YAML parser; a checkout reads the YAML.
 */
export function described(face: "agent" | "operator"): Described {
  const known = loaded.get(face) ?? load(face);
  loaded.set(face, known);
  return known;
}

const loaded = new Map<"agent" | "operator", Described>();

function load(face: "agent" | "operator"): Described {
  const places = [`./described/${face}.json`, `../../../openapi/${face}.yaml`];
  const file = places.map((place) => fileURLToPath(new URL(place, import.meta.url))).find(existsSync);
  if (file === undefined) throw new Error(`the ${face}'s document is not where it was installed`);
  const document = new OpenApiDocument(file);
  const operations = [...document.operations()];
  return { document, operations, find: (method, path) => find(operations, method, path) };
}

/** A router takes the path with the fewest parameters. */
function find(operations: readonly DescribedOperation[], method: string, target: string) {
  const segments = (target.split("?")[0] ?? "").split("/");
  const fitting = operations
    .filter(({ path }) => {
      const template = path.split("/");
      return (
        template.length === segments.length &&
        template.every((part, at) => (part.startsWith("{") ? segments[at] !== "" : part === segments[at]))
      );
    })
    .sort((one, other) => one.path.split("{").length - other.path.split("{").length);
  return fitting.find((operation) => operation.path === fitting[0]?.path && operation.method === method);
}
