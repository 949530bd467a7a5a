import { readFileSync } from "node:fs";
import type { Change } from "./compare.ts";

/** What a change of an operation, or of a named schema, touches in this package. */
export interface Touched {
  /** Methods of the clients: `LatchGateClient.execute`. */
  readonly methods: readonly string[];
  /** Other names that the package exports. */
  readonly names: readonly string[];
  /** What the mock gate answers it with. */
  readonly mock: readonly string[];
  /** Examples of the README and the pages, by line. */
  readonly pages: readonly string[];
}

/** Where the package speaks of each operation and each schema. */
export interface Surface {
  readonly operations: { readonly [id: string]: Touched };
  readonly schemas: { readonly [name: string]: Touched };
}

const NOTHING: Touched = { methods: [], names: [], mock: [], pages: [] };

/** What one change touches. */
export function touchedBy({ operations, schema }: Change, surface: Surface): Touched {
  const name = schema?.split(/[.[]/)[0] ?? "";
  const all = [
    surface.schemas[name] ?? NOTHING,
    ...operations.map((id) => surface.operations[id] ?? NOTHING),
  ];
  const list = (kind: keyof Touched) => [...new Set(all.flatMap((touched) => touched[kind]))];
  return { methods: list("methods"), names: list("names"), mock: list("mock"), pages: list("pages") };
}

/** The surface that was written beside the built command; undefined where there is none. */
export function shippedSurface(): Surface | undefined {
  try {
    return JSON.parse(readFileSync(new URL("./api-surface.json", import.meta.url), "utf8")) as Surface;
  } catch {
    return undefined;
  }
}
