import type { Atom } from "./atom.ts";
import { shown } from "./equal.ts";
import { ANYTHING } from "./shape.ts";

/** Members with one value only, `status: denied`: whether both have the same ones; undefined where they share none. */
export function sameTags(one: Atom, other: Atom): boolean | undefined {
  const theirs = tagsOf(other);
  const shared = [...tagsOf(one)].filter(([name]) => theirs.has(name));
  return shared.length === 0 ? undefined : shared.every(([name, value]) => theirs.get(name) === value);
}

const known = new WeakMap<Atom, Map<string, string>>();

export function tagsOf(atom: Atom): Map<string, string> {
  const before = known.get(atom);
  if (before !== undefined) return before;
  const tags = new Map<string, string>();
  known.set(atom, tags);
  for (const [name, { shape }] of atom.properties) {
    const [only, ...more] = shape.atoms;
    const [value, ...others] = only?.values ?? [];
    if (more.length === 0 && others.length === 0 && value !== undefined) tags.set(name, shown(value));
  }
  return tags;
}

/** What an alternative is called: by its tags, by its name, or by its kind. */
export const tagOf = (atom: Atom) =>
  [...tagsOf(atom)].map(([name, value]) => `${name}: ${value}`).join(", ") ||
  (atom.name ?? `another ${atom.kind}`);

export const kindsText = (atoms: readonly Atom[]) =>
  atoms.length >= 6 && ANYTHING.atoms.every(({ kind }) => atoms.some((atom) => atom.kind === kind))
    ? "anything"
    : [...new Set(atoms.map(({ kind, integer }) => (integer ? "integer" : kind)))]
        .sort((one, other) => Number(one === "null") - Number(other === "null") || (one < other ? -1 : 1))
        .join(" | ") || "nothing";
