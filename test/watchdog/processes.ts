import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** The processes that this one has started and that live. Known where there is a /proc (Linux). */
export function childrenOf(parent: number): number[] {
  return numbersIn("/proc").filter((pid) => {
    // The name, in parentheses, may hold anything.
    const [, ppid] = read(`/proc/${pid}/stat`).split(") ").at(-1)?.split(" ") ?? [];
    return Number(ppid) === parent;
  });
}

export function killAll(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has ended by itself.
    }
  }
}

/** The command line of a process. */
export function commandOf(pid: number): string {
  return read(`/proc/${pid}/cmdline`).replaceAll("\0", " ").trim();
}

/** Whether a process runs (R), sleeps (S) or waits for a disk (D), and in which call of the kernel. */
export function stateOf(pid: number): string {
  const [state = "gone"] = read(`/proc/${pid}/stat`).split(") ").at(-1)?.split(" ") ?? [];
  return `${state} ${read(`/proc/${pid}/wchan`)}`.trim();
}

/** The ports of this machine that a process listens on. */
export function portsOf(pid: number): number[] {
  const sockets = new Set(
    numbersIn(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
      } catch {
        return [];
      }
    }),
  );
  const LISTENING = "0A";
  return read(`/proc/${pid}/net/tcp`)
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter((cells) => cells[3] === LISTENING && sockets.has(cells[9] ?? ""))
    .map((cells) => Number.parseInt(cells[1]?.split(":")[1] ?? "", 16));
}

function numbersIn(folder: string): number[] {
  try {
    return readdirSync(folder).map(Number).filter(Number.isInteger);
  } catch {
    return [];
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
