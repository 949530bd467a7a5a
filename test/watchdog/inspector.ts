import { setTimeout as pause } from "node:timers/promises";
import { WebSocket } from "undici";
import { portsOf } from "./processes.ts";

type Members = Readonly<Record<string, unknown>>;

/** A line to the inspector of another Node process (https://chromedevtools.github.io/devtools-protocol/v8/). */
export interface Inspector {
  /** Asks, and gives the result; throws when nothing comes in time. */
  ask(method: string, params?: Members): Promise<Members>;
  close(): void;
}

interface Answer {
  readonly result?: Members;
  readonly error?: { readonly message: string };
}

const PATIENCE_MS = 5000;

/** Has a process open its inspector (SIGUSR1 does that, even to one that is busy), and talks to it. */
export async function openInspector(pid: number): Promise<Inspector> {
  const before = new Set(portsOf(pid));
  process.kill(pid, "SIGUSR1");
  const socket = new WebSocket(await addressOf(pid, before));
  await within(new Promise((resolve) => socket.addEventListener("open", resolve, { once: true })), "opening");
  const answers = new Map<number, (answer: Answer) => void>();
  let asked = 0;
  socket.addEventListener("message", ({ data }) => {
    const { id, ...answer } = JSON.parse(String(data)) as Answer & { readonly id?: number };
    if (id !== undefined) answers.get(id)?.(answer);
  });
  return {
    async ask(method, params = {}) {
      const id = ++asked;
      const answer = new Promise<Answer>((resolve) => answers.set(id, resolve));
      socket.send(JSON.stringify({ id, method, params }));
      const { result, error } = await within(answer, method);
      if (error !== undefined) throw new Error(`${method}: ${error.message}`);
      return result ?? {};
    },
    close: () => socket.close(),
  };
}

/** Where the inspector listens: at a port that was not there before (`--inspect-port=0`), or at Node's usual one. */
async function addressOf(pid: number, before: ReadonlySet<number>): Promise<string> {
  const deadline = Date.now() + PATIENCE_MS;
  while (Date.now() < deadline) {
    for (const port of portsOf(pid).filter((port) => !before.has(port))) {
      const targets = await fetch(`http://127.0.0.1:${port}/json/list`, { signal: AbortSignal.timeout(1000) })
        .then((response) => response.json() as Promise<{ webSocketDebuggerUrl: string }[]>)
        .catch(() => []);
      const address = targets[0]?.webSocketDebuggerUrl;
      if (address !== undefined) return address;
    }
    await pause(50);
  }
  throw new Error("its inspector does not open");
}

async function within<Value>(promise: Promise<Value>, what: string): Promise<Value> {
  const late = new AbortController();
  const timeout = pause(PATIENCE_MS, undefined, { signal: late.signal }).then(
    () => {
      throw new Error(`${what}: no answer`);
    },
    () => new Promise<never>(() => {}),
  );
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    late.abort();
  }
}
