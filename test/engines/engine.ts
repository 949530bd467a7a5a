import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import type { Journal } from "latchgate-client";
import type { Ending, Order } from "./order.ts";
import type { Shop } from "./shop.ts";

/** What makes jobs run again when their worker has died. */
export interface Engine {
  readonly name: string;
  open(shop: Shop): Promise<RunningEngine>;
}

export interface RunningEngine extends AsyncDisposable {
  /** The store as the judge sees it. */
  readonly journal: Journal;
  /** All that the store holds, as text. */
  dump(): Promise<string>;
  /** Starts one worker process that is ready to work. */
  startWorker(): Promise<ChildProcess>;
  /** How many work at once, and how many of them a kill takes. */
  readonly workers: number;
  readonly killed: number;
  /** Hands orders to the engine. */
  submit(orders: readonly Order[]): Promise<void>;
  /** How an order ended; undefined as long as the engine has not brought it to an end. */
  endingOf(order: Order): Promise<Ending | undefined>;
}

/** Starts a program of this folder, and waits for its first message, which `hear` is told. */
export async function startProgram(
  name: string,
  env: NodeJS.ProcessEnv,
  hear: (message: unknown) => void = () => {},
): Promise<ChildProcess> {
  const child = spawn(process.execPath, ["--import", "tsx", join(import.meta.dirname, name)], {
    env: { ...env, TSX_TSCONFIG_PATH: join(import.meta.dirname, "tsconfig.json") },
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  let words = "";
  child.stderr?.on("data", (text: Buffer) => {
    words = `${words}${text}`.slice(-2_000);
  });
  await new Promise<void>((resolve, reject) => {
    child.once("message", (message) => {
      hear(message);
      resolve();
    });
    child.once("exit", (code) =>
      reject(new Error(`${name} ended with ${code} before it was ready: ${words}`)),
    );
  });
  return child;
}
