import type { ResponseHeaders } from "./send.ts";

/** Headers as undici gives them. */
export type RawHeaders = Readonly<Record<string, string | string[] | undefined>>;

export const NO_HEADERS: RawHeaders = {};

/** undici's headers as the rest of the package reads them. */
export class HeaderRecord implements ResponseHeaders {
  readonly #raw: RawHeaders;

  constructor(raw: RawHeaders) {
    this.#raw = raw;
  }

  get(name: string): string | null {
    return headerOf(this.#raw, name);
  }

  *[Symbol.iterator](): Iterator<[string, string]> {
    for (const [name, value] of Object.entries(this.#raw))
      for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined) yield [name, one];
  }
}

export function headerOf(headers: RawHeaders, name: string): string | null {
  const value = headers[name.toLowerCase()];
  return (Array.isArray(value) ? value[0] : value) ?? null;
}
