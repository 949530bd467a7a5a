/** Chance that is the same for the same seed. */
export interface Chance {
  /** From 0 to below 1. */
  next(): number;
  /** A whole number from 0 to below `limit`. */
  below(limit: number): number;
  /** One of the things, each as likely as it is often there. */
  pick<Thing>(things: readonly Thing[]): Thing;
  /** True with this probability. */
  happens(probability: number): boolean;
}

/** SplitMix32: neighbouring seeds give unlike sequences. */
export function createChance(seed: number): Chance {
  let state = seed | 0;
  const next = () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 4_294_967_296;
  };
  const below = (limit: number) => Math.floor(next() * limit);
  return {
    next,
    below,
    pick<Thing>(things: readonly Thing[]): Thing {
      if (things.length === 0) throw new RangeError("nothing to pick from");
      return things[below(things.length)] as Thing;
    },
    happens: (probability) => next() < probability,
  };
}
