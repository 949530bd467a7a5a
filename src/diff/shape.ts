import { isObject, type Json, type JsonObject, type OpenApiDocument } from "../documents/document.ts";
import { type Atom, bothAtoms, KINDS, limitless, type Part, type Shape } from "./atom.ts";
import { disjoint } from "./fits.ts";
import { atomsOf, listOf } from "./limits.ts";
import { written } from "./phrase.ts";

const shapes = new WeakMap<object, Shape>();
/** Schemas whose shape is being made: one that is a part of itself at once adds nothing to what it says otherwise. */
const making: { readonly schema: object; used: boolean }[] = [];

let cuts = 0;

/** The shape of a schema of a document, its `$ref`s followed and its `allOf`, `anyOf`, `oneOf` multiplied out. */
export function shapeOf(schema: Json | undefined, document: OpenApiDocument): Shape {
  if (schema === false) return NOTHING;
  if (!isObject(schema)) return ANYTHING;
  const known = shapes.get(schema);
  if (known !== undefined) return known;
  const around = making.findIndex((entry) => entry.schema === schema);
  if (around >= 0) {
    // What has seen an unfinished shape is not kept.
    for (const entry of making.slice(around + 1)) entry.used = true;
    cuts += 1;
    return ANYTHING;
  }
  const entry = { schema, used: false };
  making.push(entry);
  try {
    const shape = makeShape(schema, document);
    if (!entry.used) shapes.set(schema, shape);
    return shape;
  } finally {
    making.pop();
  }
}

function makeShape(schema: JsonObject, document: OpenApiDocument): Shape {
  const parts: Shape[] = [];
  const reference = ["$ref", "$dynamicRef", "$recursiveRef"]
    .map((name) => schema[name])
    .find((value) => typeof value === "string");
  if (typeof reference === "string") {
    const target = document.resolve(schema["$ref"] === undefined ? { ...schema, $ref: reference } : schema);
    parts.push(shapeOf(target.value, target.document));
    // OpenAPI 3.0, and drafts before 2019-09: nothing else counts.
    if (document.refStandsAlone) return { ...(parts[0] ?? ANYTHING), name: componentName(reference) };
  }
  for (const part of listOf(schema["allOf"])) parts.push(shapeOf(part, document));
  for (const union of ["anyOf", "oneOf"] as const)
    if (listOf(schema[union]).length > 0) parts.push(unionShape(schema, union, document));
  if (parts.length === 0 || Object.keys(schema).some((keyword) => !SAYS_NOTHING.has(keyword)))
    parts.push({
      ...ANYTHING,
      atoms: atomsOf(schema, document, (below) => partOf(below, document)),
      default: schema["default"],
      deprecated: schema["deprecated"] === true,
      readOnly: schema["readOnly"] === true,
      writeOnly: schema["writeOnly"] === true,
    });
  const whole = unevaluated(parts.reduce(both), schema, document);
  return {
    ...whole,
    // OpenAPI 3.0's way to say `null`.
    atoms: schema["nullable"] === true ? withNull(whole.atoms) : whole.atoms,
    name: typeof reference === "string" ? componentName(reference) : undefined,
  };
}

/** Keywords that limit nothing by themselves, or are looked at elsewhere. */
const SAYS_NOTHING = new Set([
  ...["$ref", "$dynamicRef", "$recursiveRef", "allOf", "anyOf", "oneOf", "discriminator", "nullable"],
  ...["title", "description", "example", "examples", "externalDocs", "$comment"],
  ...["$schema", "$id", "$anchor", "$dynamicAnchor", "$defs", "definitions"],
]);

const withNull = (atoms: readonly Atom[]) =>
  atoms.some(({ kind }) => kind === "null") ? atoms : [...atoms, limitless("null")];

/** `Lease` of `#/components/schemas/Lease`. */
const componentName = (reference: string) => /\/components\/schemas\/([^/]+)$/.exec(reference)?.[1];

export const ANYTHING: Shape = {
  atoms: KINDS.map(limitless),
  default: undefined,
  deprecated: false,
  readOnly: false,
  writeOnly: false,
  name: undefined,
};

const NOTHING: Shape = { ...ANYTHING, atoms: [] };

/** The alternatives of a union; of a `oneOf` each without what fits another one too. */
function unionShape(schema: JsonObject, union: "anyOf" | "oneOf", document: OpenApiDocument): Shape {
  const branches = listOf(schema[union]);
  const isTagged = isObject(schema["discriminator"]);
  const shapes = branches.map((branch) => {
    const shape = shapeOf(branch, document);
    const { atoms, name } = shape;
    const named = name === undefined ? atoms : atoms.map((atom) => ({ ...atom, name }));
    return { ...shape, atoms: isTagged ? tagged(named, schema, branch) : named };
  });
  const atoms = shapes.flatMap((shape, index) => {
    if (union === "anyOf") return shape.atoms;
    const others = shapes.flatMap((other, at) =>
      at === index || surelyApart(shape, other)
        ? []
        : [{ part: lazyPart(() => other), phrase: `only one of ${branchNames(branches)}` }],
    );
    return others.length === 0
      ? shape.atoms
      : shape.atoms.map((atom) => ({ ...atom, nots: [...atom.nots, ...others] }));
  });
  const deprecated = false;
  return { ...ANYTHING, deprecated, atoms: distinct(atoms) };
}

const surelyApart = (one: Shape, other: Shape) =>
  one.atoms.every((mine) => other.atoms.every((theirs) => disjoint(mine, theirs, 0) === true));

function branchNames(branches: readonly Json[]): string {
  const names = branches.map((branch) => {
    const reference = isObject(branch) ? branch["$ref"] : undefined;
    return typeof reference === "string" ? (componentName(reference) ?? "another") : undefined;
  });
  return names.every((name) => name !== undefined) && names.length <= 4
    ? names.join(", ")
    : `${branches.length} alternatives`;
}

/** A discriminator gives each alternative its words, unless it states them itself. */
function tagged(atoms: readonly Atom[], schema: JsonObject, branch: Json): Atom[] {
  const discriminator = isObject(schema["discriminator"]) ? schema["discriminator"] : {};
  const property = discriminator["propertyName"];
  const reference = isObject(branch) ? branch["$ref"] : undefined;
  if (typeof property !== "string" || typeof reference !== "string") return [...atoms];
  const name = componentName(reference);
  const mapping = isObject(discriminator["mapping"]) ? discriminator["mapping"] : {};
  const mapped = Object.entries(mapping)
    .filter(
      ([, target]) =>
        target === reference ||
        target === name ||
        (typeof target === "string" && componentName(target) === name && name !== undefined),
    )
    .map(([word]) => word);
  const words = mapped.length > 0 ? mapped : name === undefined ? [] : [name];
  if (words.length === 0) return [...atoms];
  return atoms.map((atom) => {
    if (atom.kind !== "object") return atom;
    const own = atom.properties.get(property);
    if (own?.shape.atoms.some(({ values }) => values !== undefined)) return atom;
    const tag = lazyPart(() => ({ ...ANYTHING, atoms: [{ ...limitless("string"), values: words }] }));
    const properties = new Map(atom.properties).set(property, own === undefined ? tag : own.and(tag));
    return { ...atom, properties };
  });
}

/** `unevaluatedProperties` and `unevaluatedItems` see what all the parts of their schema have looked at. */
function unevaluated(shape: Shape, schema: JsonObject, document: OpenApiDocument): Shape {
  const [members, items] = [schema["unevaluatedProperties"], schema["unevaluatedItems"]];
  if (members === undefined && items === undefined) return shape;
  // Two alternatives at once, or a condition: what has been looked at differs from value to value.
  const overlaps =
    listOf(schema["anyOf"]).length > 1 ||
    JSON.stringify(schema).match(/"(if|dependentSchemas|contains|\$dynamicRef|\$recursiveRef)":/) !== null ||
    shape.atoms.some(({ rules }) => rules.length > 0);
  return {
    ...shape,
    atoms: shape.atoms.map((atom) => {
      const closing = (value: Json | undefined, looked: "properties" | "items") =>
        value !== undefined && !atom.looked.has(looked);
      const close = {
        members: atom.kind === "object" && closing(members, "properties"),
        items: atom.kind === "array" && closing(items, "items"),
      };
      if (!close.members && !close.items) return atom;
      const [says, looked] = close.members ? [members, "properties" as const] : [items, "items" as const];
      const seen = { ...atom, looked: new Set([...atom.looked, looked]) };
      if (says === true || (isObject(says) && Object.keys(says).length === 0)) return seen;
      if (overlaps || atom.also.length > 0)
        return { ...seen, opaque: new Map([...atom.opaque, ["unevaluated", written(schema, document)]]) };
      return close.members
        ? { ...seen, additional: says === false ? false : partOf(says ?? {}, document) }
        : { ...seen, items: partOf(says ?? {}, document) };
    }),
  };
}

/** So many alternatives are multiplied out. */
const MOST_ATOMS = 96;

/** What fits both. */
function both(one: Shape, other: Shape): Shape {
  const rest = {
    default: other.default ?? one.default,
    deprecated: one.deprecated || other.deprecated,
    readOnly: one.readOnly || other.readOnly,
    writeOnly: one.writeOnly || other.writeOnly,
    name: undefined,
  };
  const pairs = one.atoms.reduce(
    (count, mine) => count + other.atoms.filter(({ kind }) => kind === mine.kind).length,
    0,
  );
  if (pairs > MOST_ATOMS && one.atoms.length > 1 && other.atoms.length > 1) {
    const [fewer, more] = one.atoms.length <= other.atoms.length ? [one, other] : [other, one];
    const also = lazyPart(() => more);
    const kinds = new Set(more.atoms.map(({ kind }) => kind));
    const atoms = fewer.atoms.filter(({ kind }) => kinds.has(kind));
    return { ...rest, atoms: atoms.map((atom) => ({ ...atom, also: [...atom.also, also] })) };
  }
  const atoms = one.atoms.flatMap((mine) =>
    other.atoms.filter(({ kind }) => kind === mine.kind).map((theirs) => bothAtoms(mine, theirs, NEVER)),
  );
  return {
    ...rest,
    atoms: distinct(atoms.filter((atom) => atom.values === undefined || atom.values.length > 0)),
  };
}

/** Without atoms that are there twice as the same object. */
const distinct = (atoms: readonly Atom[]) => [...new Set(atoms)];

/** A schema within another one. */
export const partOf = (schema: Json, document: OpenApiDocument): Part => {
  if (!isObject(schema)) return lazyPart(() => shapeOf(schema, document));
  const known = partsOf.get(schema);
  if (known !== undefined) return known;
  const part = lazyPart(() => shapeOf(schema, document));
  partsOf.set(schema, part);
  return part;
};

const partsOf = new WeakMap<object, Part>();

/** A schema that is one of these atoms alone. */
export const partOfAtom = (atom: Atom): Part => lazyPart(() => ({ ...ANYTHING, atoms: [atom] }));

export const NEVER: Part = lazyPart(() => NOTHING);

function lazyPart(make: () => Shape): Part {
  let shape: Shape | undefined;
  const joins = new WeakMap<Part, Part>();
  const part: Part = {
    get shape() {
      if (shape !== undefined) return shape;
      const before = cuts;
      const made = make();
      if (cuts === before || making.length === 0) shape = made;
      return made;
    },
    and: (other) => {
      const known = joins.get(other);
      if (known !== undefined) return known;
      const joined = lazyPart(() => ({
        ...both(part.shape, other.shape),
        name: part.shape.name ?? other.shape.name,
      }));
      joins.set(other, joined);
      return joined;
    },
  };
  return part;
}
