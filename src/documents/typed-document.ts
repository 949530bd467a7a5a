import { isObject, type Json, type JsonObject, type OpenApiDocument } from "./document.ts";

/**
 * A document as openapi-typescript translates it well, where it is not so as it is written; undefined where it is.
 *
 * - A discriminator whose values the alternatives state themselves: without a mapping the generator would write the names of
 *   schemas over them.
 * - A schema with `oneOf` of its own children, each an `allOf` of it: as types these would contain themselves. The child takes
 *   the members, without the alternatives.
 */
export function typedDocument(document: OpenApiDocument): JsonObject | undefined {
  const root = structuredClone(document.root);
  let changed = false;
  const visit = (value: Json, original: Json): void => {
    if (Array.isArray(value)) {
      for (const [index, item] of value.entries())
        visit(item, Array.isArray(original) ? (original[index] ?? null) : null);
      return;
    }
    if (!isObject(value) || !isObject(original)) return;
    if (statesItsTags(original, document)) {
      delete value["discriminator"];
      changed = true;
    }
    for (const [name, below] of Object.entries(value)) visit(below, original[name] ?? null);
  };
  visit(root, document.root);
  for (const [child, schema] of Object.entries(schemasOf(root))) {
    const bases = isObject(schema) && Array.isArray(schema["allOf"]) ? schema["allOf"] : [];
    for (const [index, part] of bases.entries()) {
      const base = isObject(part) ? schemasOf(root)[nameOf(part["$ref"]) ?? ""] : undefined;
      if (!isObject(base) || !alternatives(base).some((branch) => nameOf(refOf(branch)) === child)) continue;
      const { oneOf: _, anyOf: __, discriminator: ___, ...members } = base;
      bases[index] = structuredClone(members);
      changed = true;
    }
  }
  return changed ? root : undefined;
}

const schemasOf = (root: JsonObject): JsonObject => {
  const { components } = root;
  const schemas = isObject(components) ? components["schemas"] : undefined;
  return isObject(schemas) ? schemas : {};
};

const alternatives = (schema: JsonObject): Json[] =>
  ["oneOf", "anyOf"].flatMap((union) => (Array.isArray(schema[union]) ? schema[union] : []));

const refOf = (value: Json) => (isObject(value) ? value["$ref"] : undefined);
const nameOf = (reference: Json | undefined) =>
  typeof reference === "string" ? /^#\/components\/schemas\/([^/]+)$/.exec(reference)?.[1] : undefined;

/** Whether there is a discriminator without a mapping, and every alternative lists its values itself. */
function statesItsTags(schema: JsonObject, document: OpenApiDocument): boolean {
  const { discriminator } = schema;
  if (!isObject(discriminator) || discriminator["mapping"] !== undefined) return false;
  const name = String(discriminator["propertyName"]);
  const branches = alternatives(schema);
  return branches.length > 0 && branches.every((branch) => listsValues(branch, name, document, 0));
}

function listsValues(schema: Json, name: string, document: OpenApiDocument, depth: number): boolean {
  const { value, document: home } = document.resolve(schema);
  if (!isObject(value) || depth > 20) return false;
  const { value: member } = home.resolve(
    isObject(value["properties"]) ? value["properties"][name] : undefined,
  );
  if (isObject(member) && (member["const"] !== undefined || Array.isArray(member["enum"]))) return true;
  return (
    Array.isArray(value["allOf"]) && value["allOf"].some((part) => listsValues(part, name, home, depth + 1))
  );
}
