import { isObject, type Json, type JsonObject } from "./json.ts";

/** Where the `$ref`s of one file can lead within it: by JSON Pointer, by `$anchor`, by `$id`. */
export interface References {
  /** What a reference means that stands in `holder`; undefined where it leads to nothing in this file. */
  find(reference: string, holder: JsonObject): Json | undefined;
}

/** Keywords whose value is data: what looks like a schema in there is none. */
const DATA = new Set(["const", "enum", "default", "example", "examples"]);

/** A file without an `$id` has this address: what it says of itself is only compared with itself. */
const NOWHERE = "file:///";

/** Looks through a file once, for all that its references may name (JSON Schema 2020-12, 8.2; draft 7: `$id: "#name"`). */
export function referencesOf(root: JsonObject): References {
  const bases = new WeakMap<object, string>();
  const resources = new Map<string, Json>([[NOWHERE, root]]);
  const anchors = new Map<string, Json>();

  const pending: [value: Json, base: string, isNamed: boolean][] = [[root, NOWHERE, false]];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const [value, outer, areNames] = next;
    if (Array.isArray(value)) {
      for (const item of value) pending.push([item, outer, false]);
      continue;
    }
    if (!isObject(value) || bases.has(value)) continue;
    let base = outer;
    const { $id, $anchor, $dynamicAnchor } = value;
    // `properties: { $id: … }` is a member of that name.
    if (!areNames && typeof $id === "string") {
      if ($id.startsWith("#")) anchors.set(`${base}${$id}`, value);
      else {
        base = addressOf($id, outer) ?? outer;
        resources.set(base, value);
      }
    }
    bases.set(value, base);
    if (!areNames)
      for (const name of [$anchor, $dynamicAnchor])
        if (typeof name === "string") anchors.set(`${base}#${name}`, value);
    for (const [keyword, below] of Object.entries(value))
      if (areNames || !DATA.has(keyword)) pending.push([below, base, !areNames && NAMING.has(keyword)]);
  }

  return {
    find(reference, holder) {
      const base = bases.get(holder) ?? NOWHERE;
      const [address = "", fragment = ""] = split(reference);
      const home = address === "" ? base : addressOf(address, base);
      const resource = home === undefined ? undefined : resources.get(home);
      if (resource === undefined) return undefined;
      if (fragment === "") return resource;
      // Within an embedded resource old tools count pointers from the top of the file.
      if (fragment.startsWith("/"))
        return pointed(resource, fragment) ?? (address === "" ? pointed(root, fragment) : undefined);
      return anchors.get(`${home}#${decoded(fragment)}`);
    },
  };
}

/** Keywords whose members are named by the schema's author. */
const NAMING = new Set([
  ...["properties", "patternProperties", "dependentSchemas", "definitions", "$defs", "schemas"],
  ...["dependentRequired", "dependencies"],
]);

/** The value at a JSON Pointer (RFC 6901), written as a fragment. */
export function pointed(root: Json, pointer: string): Json | undefined {
  return stepsOf(pointer).reduce<Json | undefined>(
    (at, step) =>
      Array.isArray(at)
        ? /^\d+$/.test(step)
          ? at[Number(step)]
          : undefined
        : isObject(at) && Object.hasOwn(at, step)
          ? at[step]
          : undefined,
    root,
  );
}

/** `a/b` and `c` of `#/a~1b/c`. */
export const stepsOf = (pointer: string): string[] =>
  pointer
    .split("/")
    .slice(1)
    .map((step) => decoded(step).replaceAll("~1", "/").replaceAll("~0", "~"));

const split = (reference: string) => {
  const at = reference.indexOf("#");
  return at < 0 ? [reference, ""] : [reference.slice(0, at), reference.slice(at + 1)];
};

function addressOf(reference: string, base: string): string | undefined {
  if (!URL.canParse(reference, base)) return undefined;
  const url = new URL(reference, base);
  url.hash = "";
  return url.href;
}

/** Percent-encoding undone; what is not encoded well is meant as it is written. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
