import { readFileSync } from "node:fs";

/** What a process is limited to (setrlimit(2)), as far as Linux tells; none of what it does not limit. */
export interface ProcessLimits {
  /** In bytes. */
  readonly addressSpace?: number;
  /** In bytes. */
  readonly data?: number;
  readonly processes?: number;
  readonly openFiles?: number;
  readonly cpuSeconds?: number;
}

const NAMES = {
  "Max address space": "addressSpace",
  "Max data size": "data",
  "Max processes": "processes",
  "Max open files": "openFiles",
  "Max cpu time": "cpuSeconds",
} as const;

/** The limits of this process. */
export function processLimits(): ProcessLimits {
  const limits: { -readonly [Name in keyof ProcessLimits]: ProcessLimits[Name] } = {};
  for (const line of lines("/proc/self/limits")) {
    const [, name = "", soft] = /^(Max [a-z ]+?) {2,}(\d+) /.exec(line) ?? [];
    if (Object.hasOwn(NAMES, name)) limits[NAMES[name as keyof typeof NAMES]] = Number(soft);
  }
  return limits;
}

/** How much address space this process has taken, in bytes; none where nothing says so. */
export function addressSpaceTaken(): number {
  for (const line of lines("/proc/self/status")) {
    const [, kibibytes] = /^VmSize:\s*(\d+) kB/.exec(line) ?? [];
    if (kibibytes !== undefined) return Number(kibibytes) * 1024;
  }
  return 0;
}

/** Of a file of Linux's; elsewhere there is none. */
function lines(path: string): readonly string[] {
  try {
    return readFileSync(path, "latin1").split("\n");
  } catch {
    return [];
  }
}
