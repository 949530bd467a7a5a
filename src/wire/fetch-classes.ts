import { hasRoomForOneMemory } from "./web-assembly.ts";

/** Node's types know it only beside a browser's. */
declare const WebAssembly: { compile: (bytes: Uint8Array) => Promise<unknown> } | undefined;

/** A module with nothing in it: the magic number and the version. */
const EMPTY = new Uint8Array([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]);

/**
 * Has `Headers`, `Request` and `Response` loaded where WebAssembly gets no memory. Node 20 and 22 load them together with
 * fetch's parser, whose memory is refused a moment later: nobody catches that, and it ends the process. Loaded here they get
 * an empty module for the parser, so that the classes serve, and a `fetch` of the host's is rejected.
 */
export function loadFetchClasses(): void {
  if (typeof WebAssembly === "undefined" || hasRoomForOneMemory()) return;
  const { compile } = WebAssembly;
  WebAssembly.compile = () => compile(EMPTY);
  try {
    // Node loads all of them with the first that is looked at.
    void globalThis.Headers;
  } finally {
    WebAssembly.compile = compile;
  }
}
