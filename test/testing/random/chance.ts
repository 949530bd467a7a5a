/** Seeded chance: the same seed, the same program. */
export function createChance(seed: number) {
  let state = (seed * 2_654_435_761) >>> 0;

  function next(): number {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 4_294_967_296;
  }

  return {
    below: (limit: number) => Math.floor(next() * limit),
    one: <Value>(of: readonly Value[]): Value => of[Math.floor(next() * of.length)] as Value,
    in: (odds: number) => next() < odds,
  };
}
