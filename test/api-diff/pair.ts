import type { Edit } from "./base.ts";

/** One change of the document, and everything that is to be said of it: nothing but that, and all of it. */
export type Pair = readonly [title: string, edits: readonly Edit[], expected: readonly string[]];
