import { readFileSync } from "node:fs";

/** Node's types know it only beside a browser's. */
declare const WebAssembly: { readonly Memory: new (size: { readonly initial: number }) => unknown };

/** What V8 reserves for each memory, in address space, and as much again for all else to grow in. */
const ROOM_BYTES = 32 * 2 ** 30;

let found: boolean | undefined;

/**
 * Whether WebAssembly, which undici's parser is made of, has room in this process. V8 reserves some ten GiB of address space
 * for its memory, whatever will be used; where that is limited (`ulimit -v`, the gate's sandbox) there is none to be had, or
 * none is left for the program, and Node's own `fetch` ends the process. Asked once.
 */
export function hasRoomForWebAssembly(): boolean {
  found ??= addressSpace() >= ROOM_BYTES && canAllocate();
  return found;
}

/** The limit of this process's address space in bytes; none where nothing says so. */
export function addressSpace(): number {
  try {
    const [, soft] = /^Max address space +(\d+)/m.exec(readFileSync("/proc/self/limits", "latin1")) ?? [];
    return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

/** There may be no WebAssembly at all (`--jitless`). The memory is never touched. */
function canAllocate(): boolean {
  try {
    new WebAssembly.Memory({ initial: 1 });
    return true;
  } catch {
    return false;
  }
}
