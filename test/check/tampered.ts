import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { run } from "../../src/cli/dispatch.ts";
import { MockGate, type MockGateOptions } from "../../src/testing/index.ts";
import { temporaryFolder } from "../support/bare.ts";

const ACTIONS = [
  "fs_delete",
  "fs_read",
  "fs_write",
  "hn_top",
  "http_fetch",
  "http_post",
  "slack_post",
  "web_read",
];

/** An answer on its way, to be changed. */
export interface Passing {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** Changes the answers to these requests, `GET /healthz` for instance; `undefined` leaves one as it is. */
export type Tamper = (request: string, passing: Passing, sent: string) => Partial<Passing> | undefined;

const NAMES = ["content-type", "date", "allow", "retry-after"];

/** A mock gate on two sockets that changes what it answers; with the environment in which its operator is found. */
export async function tamperedGate(tamper: Tamper = () => undefined, options: MockGateOptions = {}) {
  // Some actions are enough: each is asked for twice, over a socket.
  const gate = new MockGate({ rateLimits: false, builtinActions: ACTIONS, ...options });
  const dir = temporaryFolder();
  const laid = { "gate.sock": gate.send, "gate-admin.sock": gate.operatorSend };
  for (const [name, send] of Object.entries(laid)) {
    const server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const { method = "", url = "", headers } = request;
      const body = Buffer.concat(chunks).toString();
      const answer = await send({ url, method, headers: headers as Record<string, string>, body });
      const passing = {
        status: answer.status,
        headers: Object.fromEntries(
          NAMES.flatMap((name) => {
            const value = answer.headers.get(name);
            return value === null ? [] : [[name, value]];
          }),
        ),
        body: await answer.text(),
      };
      const changed = { ...passing, ...tamper(`${method} ${url}`, passing, body) };
      response.sendDate = false;
      response.writeHead(changed.status, changed.headers).end(changed.body);
    });
    await new Promise<void>((listening) => server.listen(join(dir, name), listening));
    onTestFinished(() => {
      server.close();
      server.closeAllConnections();
    });
  }
  const pem = join(dir, "operator.pem");
  writeFileSync(pem, gate.operatorCredentials.privateKey, { mode: 0o600 });
  const env = {
    LATCHGATE_OPERATOR_KEY: gate.operatorCredentials.apiKey,
    LATCHGATE_OPERATOR_PRIVATE_KEY: pem,
  };
  return { gate, dir, socket: join(dir, "gate.sock"), adminSocket: join(dir, "gate-admin.sock"), env };
}

/** A body with one member changed. */
export function edited(body: string, edit: (json: Record<string, unknown>) => void): Partial<Passing> {
  const json = JSON.parse(body) as Record<string, unknown>;
  edit(json);
  return { body: JSON.stringify(json) };
}

/** A command in this process: its exit code and what it wrote. */
export async function command(args: readonly string[], env: NodeJS.ProcessEnv = {}, cwd = "/") {
  const lines: string[] = [];
  const errors: string[] = [];
  const code = await run(args, {
    out: (line) => void lines.push(line),
    err: (line) => void errors.push(line),
    cwd,
    env,
  });
  return { code, lines, out: lines.join("\n"), err: errors.join("\n") };
}
