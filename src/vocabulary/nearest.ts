import { closestMatch } from "leven";

/** Words that are not there, each with the one that was probably meant. */
export const withNearest = (unknown: readonly string[], words: readonly string[]): string =>
  unknown
    .map((word) => {
      const nearest = nearestTo(word, words);
      return nearest === undefined ? word : `${word} (did you mean ${nearest}?)`;
    })
    .join(", ");

/** Of the words that there are the one that was probably meant; undefined where none is near. */
export function nearestTo(word: string, words: readonly string[]): string | undefined {
  // A third of the letters may be wrong: more, and it is another word.
  return closestMatch(word, words, { maxDistance: Math.max(1, Math.floor(word.length / 3)) });
}
