import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileJournal } from "latchgate-client/journals";
import { type Engine, startProgram } from "./engine.ts";
import type { Ending } from "./order.ts";

const SERVER = join(
  import.meta.dirname,
  "node_modules/@restatedev/restate-server-linux-x64/bin/restate-server",
);

/** An invocation that the server makes again when its service was killed. The `callId` is the invocation's key. */
export const restate: Engine = {
  name: "restate",
  async open({ dir, environment }) {
    const [ingress, admin, node, service] = await Promise.all([
      freePort(),
      freePort(),
      freePort(),
      freePort(),
    ]);
    const log = createWriteStream(join(dir, "restate.log"));
    const server = spawn(SERVER, ["--base-dir", join(dir, "restate"), "--bind-port", String(node)], {
      env: {
        ...process.env,
        RESTATE_INGRESS__BIND_ADDRESS: `127.0.0.1:${ingress}`,
        RESTATE_ADMIN__BIND_ADDRESS: `127.0.0.1:${admin}`,
        RESTATE_DISABLE_TELEMETRY: "true",
        DO_NOT_TRACK: "1",
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    server.stdout.pipe(log);
    server.stderr.pipe(log);
    await until(async () => (await fetch(`http://127.0.0.1:${admin}/health`)).ok);
    const directory = join(dir, "calls");
    let isRegistered = false;
    return {
      journal: fileJournal(directory),
      workers: 1,
      killed: 1,
      dump: async () =>
        readdirSync(directory)
          .filter((name) => name.endsWith(".json"))
          .map((name) => readFileSync(join(directory, name), "utf8"))
          .join("\n"),
      async startWorker() {
        const worker = await startProgram("restate.worker.ts", {
          ...environment,
          ENGINES_DIRECTORY: directory,
          ENGINES_PORT: String(service),
        });
        if (!isRegistered)
          await until(async () => {
            const answer = await fetch(`http://127.0.0.1:${admin}/deployments`, {
              method: "POST",
              headers: { "content-type": "application/json" },
              body: JSON.stringify({ uri: `http://127.0.0.1:${service}` }),
            });
            return answer.ok;
          });
        isRegistered = true;
        return worker;
      },
      async submit(orders) {
        for (const order of orders) {
          const url = `http://127.0.0.1:${ingress}/orders/${order.callId}/run/send`;
          const headers = { "content-type": "application/json" };
          const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify(order) });
          if (!answer.ok) throw new Error(`restate: ${answer.status} ${await answer.text()}`);
        }
      },
      async endingOf({ callId }) {
        const answer = await fetch(`http://127.0.0.1:${ingress}/restate/workflow/orders/${callId}/output`);
        return answer.ok ? ((await answer.json()) as Ending) : undefined;
      },
      async [Symbol.asyncDispose]() {
        const gone = once(server, "exit");
        server.kill("SIGKILL");
        await gone;
      },
    };
  },
};

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let left = 300; left > 0; left -= 1) {
    if (await holds().catch(() => false)) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("the Restate server is not ready");
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}
