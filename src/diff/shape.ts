import { isObject, type Json, type JsonObject, type OpenApiDocument } from "../documents/document.ts";
import { type Atom, bothAtoms, KINDS, limitless, type Part, type Shape } from "./atom.ts";
import { atomsOf, listOf } from "./limits.ts";

const shapes = new WeakMap<object, Shape>();

/** The shape of a schema of a document, its `$ref`s followed and its `allOf`, `anyOf`, `oneOf` multiplied out. */
export function shapeOf(schema: Json | undefined, document: OpenApiDocument): Shape {
  if (schema === false) return { atoms: [], default: undefined, deprecated: false, name: undefined };
  if (!isObject(schema)) return ANYTHING;
  const known = shapes.get(schema);
  if (known !== undefined) return known;
  const shape = makeShape(schema, document);
  shapes.set(schema, shape);
  return shape;
}

function makeShape(schema: JsonObject, document: OpenApiDocument): Shape {
  const parts: Shape[] = [];
  const reference = schema["$ref"];
  if (typeof reference === "string") {
    const target = document.resolve(schema);
    parts.push(shapeOf(target.value, target.document));
  }
  for (const part of listOf(schema["allOf"])) parts.push(shapeOf(part, document));
  for (const union of ["anyOf", "oneOf"]) {
    const branches = listOf(schema[union]);
    if (branches.length === 0) continue;
    const atoms = branches.flatMap((branch) => {
      const { atoms, name } = shapeOf(branch, document);
      return name === undefined ? atoms : atoms.map((atom) => ({ ...atom, name }));
    });
    parts.push({ ...ANYTHING, atoms: distinct(atoms) });
  }
  if (parts.length === 0 || Object.keys(schema).some((keyword) => !SAYS_NOTHING.has(keyword)))
    parts.push({
      ...ANYTHING,
      atoms: atomsOf(schema, document, (below) => partOf(below, document)),
      default: schema["default"],
      deprecated: schema["deprecated"] === true,
    });
  return {
    ...parts.reduce(both),
    name: typeof reference === "string" ? componentName(reference) : undefined,
  };
}

/** Keywords that limit nothing by themselves, or are looked at elsewhere. */
const SAYS_NOTHING = new Set([
  ...["$ref", "allOf", "anyOf", "oneOf", "discriminator"],
  ...["title", "description", "example", "examples", "externalDocs", "$comment"],
]);

/** `Lease` of `#/components/schemas/Lease`. */
const componentName = (reference: string) => /\/components\/schemas\/([^/]+)$/.exec(reference)?.[1];

export const ANYTHING: Shape = {
  atoms: KINDS.map(limitless),
  default: undefined,
  deprecated: false,
  name: undefined,
};

/** What fits both. */
function both(one: Shape, other: Shape): Shape {
  const atoms = one.atoms.flatMap((mine) =>
    other.atoms.filter(({ kind }) => kind === mine.kind).map((theirs) => bothAtoms(mine, theirs)),
  );
  return {
    atoms: distinct(atoms.filter((atom) => atom.values === undefined || atom.values.length > 0)),
    default: other.default ?? one.default,
    deprecated: one.deprecated || other.deprecated,
    name: undefined,
  };
}

/** Without atoms that are there twice as the same object. */
const distinct = (atoms: readonly Atom[]) => [...new Set(atoms)];

/** A schema within another one. */
export const partOf = (schema: Json, document: OpenApiDocument): Part =>
  lazyPart(() => shapeOf(schema, document));

function lazyPart(make: () => Shape): Part {
  let shape: Shape | undefined;
  const part: Part = {
    get shape() {
      shape ??= make();
      return shape;
    },
    and: (other) =>
      lazyPart(() => ({
        ...both(part.shape, other.shape),
        name: part.shape.name ?? other.shape.name,
      })),
  };
  return part;
}
