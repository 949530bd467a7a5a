import { once } from "node:events";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Aborted when the process is told to stop, or the given signal is. A second Ctrl-C ends the process as ever. */
export function stopped(given?: AbortSignal): AbortSignal {
  const stop = new AbortController();
  const end = () => {
    for (const name of SIGNALS) process.removeListener(name, end);
    stop.abort();
  };
  for (const name of SIGNALS) process.on(name, end);
  if (given?.aborted) end();
  else given?.addEventListener("abort", end, { once: true });
  return stop.signal;
}

/** Resolves when the signal is aborted. */
export async function until(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, "abort");
}
