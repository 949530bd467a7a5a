import type { Json, JsonObject } from "../../../src/documents/document.ts";
import { CHANGES, type Effect, type MadeChange } from "./changes.ts";
import { PLACES, type Place } from "./places.ts";

/** Two schemas, with the named ones that they refer to, what the change between them does, and values that show it. */
export interface MadePair {
  readonly name: string;
  readonly before: Schema;
  readonly after: Schema;
  readonly effect: Effect;
  readonly values: readonly Json[];
}

export interface Schema {
  readonly schema: JsonObject;
  readonly named: JsonObject;
}

/** Each change by itself and in each place, one after the other and so that each comes with `depth` places somewhere, in both directions. */
export function madePairs(depths: readonly number[], random: () => number): MadePair[] {
  const one = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)] as Item;
  return CHANGES.flatMap((change) =>
    depths.flatMap((depth) => {
      const places = Array.from({ length: depth }, () => one(PLACES));
      const pair = inPlaces(change, places);
      return [pair, turned(pair)];
    }),
  );
}

/** Each change in each place. */
export const everyPair = (): MadePair[] =>
  CHANGES.flatMap((change) =>
    PLACES.flatMap((place) => {
      const pair = inPlaces(change, [place]);
      return [pair, turned(pair)];
    }),
  );

/** The innermost place first. */
function inPlaces(change: MadeChange, places: readonly Place[]): MadePair {
  const isTurned = places.filter((place) => place.isTurned).length % 2 === 1;
  const shown = (value: Json) =>
    places.reduce<Json | undefined>(
      (inner, place) =>
        inner === undefined || place.takes?.(inner) === false ? undefined : place.with(inner),
      value,
    );
  return {
    name: [change.name, ...places.map(({ name }) => name)].join(", in "),
    before: within(change.before, places),
    after: within(change.after, places),
    effect: isTurned ? OPPOSITE[change.effect] : change.effect,
    values: change.values.map(shown).filter((value) => value !== undefined),
  };
}

function within(schema: JsonObject, places: readonly Place[]): Schema {
  const named: JsonObject = {};
  const define = (make: (reference: JsonObject) => JsonObject): JsonObject => {
    const name = `Named${Object.keys(named).length}`;
    // Its place, before what it holds takes the next one.
    named[name] = {};
    const reference = { $ref: `#/components/schemas/${name}` };
    named[name] = make(reference);
    return reference;
  };
  return { schema: places.reduce((inner, place) => place.around(inner, define), schema), named };
}

const OPPOSITE = { same: "same", fewer: "more", more: "fewer", other: "other" } as const;

const turned = ({ name, before, after, effect, values }: MadePair): MadePair => ({
  name: `${name}, taken back`,
  before: after,
  after: before,
  effect: OPPOSITE[effect],
  values,
});
