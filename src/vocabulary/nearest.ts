import { closestMatch } from "leven";

/** Of the words that there are the one that was probably meant; undefined where none is near. */
export function nearestTo(word: string, words: readonly string[]): string | undefined {
  // A third of the letters may be wrong: more, and it is another word.
  return closestMatch(word, words, { maxDistance: Math.max(1, Math.floor(word.length / 3)) });
}
