import type { ChildProcess } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileJournal } from "latchgate-client/journals";
import { type Engine, startProgram } from "./engine.ts";
import type { Ending, Order } from "./order.ts";

/** Eight processes of one machine that all try each order at the same time; half of them are killed. */
export const files: Engine = {
  name: "files",
  async open({ dir, environment }) {
    const directory = join(dir, "calls");
    const journal = fileJournal(directory);
    const open = new Map<string, Order>();
    const endings = new Map<string, Ending>();
    const workers = new Set<ChildProcess>();
    return {
      journal,
      workers: 8,
      killed: 4,
      async dump() {
        return readdirSync(directory)
          .filter((name) => name.endsWith(".json"))
          .map((name) => readFileSync(join(directory, name), "utf8"))
          .join("\n");
      },
      async startWorker() {
        const worker = await startProgram("files.worker.ts", {
          ...environment,
          ENGINES_DIRECTORY: directory,
        });
        workers.add(worker);
        worker.on("exit", () => workers.delete(worker));
        worker.on("message", ({ callId, ending }: { callId: string; ending: Ending }) => {
          // The one that has the result knows more than one that could not wait for it.
          if (endings.get(callId)?.outcome !== "result") endings.set(callId, ending);
        });
        worker.send([...open.values()].filter(({ callId }) => !endings.has(callId)));
        return worker;
      },
      async submit(orders) {
        for (const order of orders) open.set(order.callId, order);
        for (const worker of workers) worker.send(orders);
      },
      endingOf: async ({ callId }) => endings.get(callId),
      async [Symbol.asyncDispose]() {},
    };
  },
};
