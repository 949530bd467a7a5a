import type { Atom, Bound } from "./atom.ts";
import { isEmpty } from "./fits.ts";

/** So many pieces are looked at. */
const MOST_PIECES = 64;

/** An atom cut where others begin and end: together the pieces are what it is. */
export function piecesOf(atom: Atom, others: readonly Atom[]): readonly Atom[] {
  let pieces: readonly Atom[] = [atom];
  for (const { bounds } of others)
    for (const [name, bound] of Object.entries(bounds) as [Bound, number][]) {
      if (pieces.length > MOST_PIECES) return [atom];
      if (/^min[LIP]/.test(name) && bound <= 0) continue;
      const [low, high] = sidesOf(name, bound);
      pieces = pieces
        .flatMap((piece) => [low, high].map((side) => ({ ...piece, bounds: both(piece.bounds, side) })))
        .filter((piece) => !isEmpty(piece));
    }
  return pieces;
}

type Bounds = Atom["bounds"];

/** What is below a bound, and what is above it. */
function sidesOf(name: Bound, bound: number): [Bounds, Bounds] {
  switch (name) {
    case "minimum":
    case "exclusiveMaximum":
      return [{ exclusiveMaximum: bound }, { minimum: bound }];
    case "maximum":
    case "exclusiveMinimum":
      return [{ maximum: bound }, { exclusiveMinimum: bound }];
    default: {
      const of = name.slice(3) as "Length" | "Items" | "Properties";
      const last = name.startsWith("min") ? bound - 1 : bound;
      return [{ [`max${of}`]: last }, { [`min${of}`]: last + 1 }];
    }
  }
}

function both(one: Bounds, other: Bounds): Bounds {
  const bounds: { [Name in Bound]?: number } = { ...one };
  for (const [name, bound] of Object.entries(other) as [Bound, number][]) {
    const mine = bounds[name] ?? bound;
    bounds[name] = /^(min|exclusiveMin)/.test(name) ? Math.max(mine, bound) : Math.min(mine, bound);
  }
  return bounds;
}
