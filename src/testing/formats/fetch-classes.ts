import { readFileSync } from "node:fs";

/** Node's types know it only beside a browser's. */
declare const WebAssembly: { compile: (bytes: Uint8Array) => Promise<unknown> } | undefined;

const EMPTY_MODULE = new Uint8Array([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]);
/** V8 reserves some ten GiB of address space for the memory of a module. */
const MEMORY_KIB = 10.5 * 2 ** 20;

let loaded = false;

/**
 * Has fetch's classes loaded, once, where address space is limited (the gate's sandbox). Node 20 and 22 load fetch's parser with them,
 * which then gets no memory, and that ends the process; here it is an empty module, which needs none.
 */
export function loadFetchClasses(): void {
  if (loaded) return;
  loaded = true;
  if (typeof WebAssembly === "undefined" || hasRoom()) return;
  const { compile } = WebAssembly;
  WebAssembly.compile = () => compile(EMPTY_MODULE);
  try {
    void globalThis.Headers;
  } finally {
    WebAssembly.compile = compile;
  }
}

function hasRoom(): boolean {
  const options = [...process.execArgv, process.env["NODE_OPTIONS"]].join(" ");
  if (/--disable[-_]wasm[-_]trap[-_]handler/.test(options)) return true;
  try {
    const [, limit] = /^Max address space +(\d+)/m.exec(readFileSync("/proc/self/limits", "latin1")) ?? [];
    const [, taken] = /^VmSize:\s*(\d+) kB/m.exec(readFileSync("/proc/self/status", "latin1")) ?? [];
    return limit === undefined || Number(limit) / 1024 - Number(taken) > MEMORY_KIB;
  } catch {
    return true;
  }
}
