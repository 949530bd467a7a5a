import { addressSpaceTaken, processLimits } from "./limits.ts";

/** Node's types know it only beside a browser's. */
declare const WebAssembly: { readonly Memory: new (size: { readonly initial: number }) => unknown };

const GIB = 2 ** 30;
/** What V8 reserves for each memory, in address space, and as much again for all else to grow in. */
const ROOM_BYTES = 32 * GIB;
/** What V8 reserves for one memory: all that 32 bits reach, twice, and guards beside it. */
const MEMORY_BYTES = 10.5 * GIB;

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

/** Whether one memory more has room: by what is left, since V8 takes a second of garbage collections to refuse one. */
export function hasRoomForOneMemory(): boolean {
  if (hasRoomForWebAssembly() || addressSpace() - addressSpaceTaken() > MEMORY_BYTES) return true;
  const flags = [...process.execArgv, process.env["NODE_OPTIONS"]].join(" ");
  // Without the handler nothing is reserved beyond what is used.
  return /--disable[-_]wasm[-_]trap[-_]handler/.test(flags);
}

const addressSpace = () => processLimits().addressSpace ?? Number.POSITIVE_INFINITY;

/** There may be no WebAssembly at all (`--jitless`). The memory is never touched. */
function canAllocate(): boolean {
  try {
    new WebAssembly.Memory({ initial: 1 });
    return true;
  } catch {
    return false;
  }
}
