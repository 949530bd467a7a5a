import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { resolve } from "node:path";
import type { WebhookEvent } from "../webhooks/event.ts";
import type { WebhookHeaders } from "../webhooks/headers.ts";
import { webhookReceiver } from "../webhooks/receiver.ts";
import { verifyWebhook } from "../webhooks/verify.ts";
import { LatchGateWebhookError } from "../webhooks/webhook-error.ts";
import { argumentsOf, type Command, type Terminal, UsageError } from "./command.ts";
import { wordsOf } from "./webhook-words.ts";

const usage = `Usage: latchgate-client webhooks listen --port N --secret-env NAME [--host HOST] [--json]
       latchgate-client webhooks verify FILE --secret-env NAME [--json]

What a gate sends by itself, verified.

  listen              takes webhooks, and prints each event once, until Ctrl-C; of a held action with the command that decides it
  --port N            a gate delivers to ports 80 and 443 only; 0 for any free one, behind a proxy
  --host HOST         where to listen. Default localhost
  verify              one saved delivery, of any age: the request as it came (head, empty line, body), or JSON with its
                      headers and its body as a text
  --secret-env NAME   the environment variable that holds the endpoint's secret, whole; several times while one is being changed
  --json              events as JSON, a line each. They may hold secrets of an agent's request
  --help              this`;

const options = {
  port: { type: "string" },
  host: { type: "string" },
  "secret-env": { type: "string", multiple: true },
  json: { type: "boolean", default: false },
} as const;

type Values = ReturnType<typeof argumentsOf<typeof options>>["values"];

export const command: Command = {
  usage,
  async run(args, terminal) {
    const { values, positionals } = argumentsOf(args, options);
    const [word, file, ...more] = positionals;
    const unexpected = word === "verify" ? more[0] : file;
    if (unexpected !== undefined) throw new UsageError(`unexpected ${JSON.stringify(unexpected)}`);
    if (word === "listen") return await listen(secretsFrom(values, terminal), values, terminal);
    if (word !== "verify") throw new UsageError("what to do is `listen` or `verify`");
    if (file === undefined) throw new UsageError("webhooks verify needs a file");
    if (values.port !== undefined || values.host !== undefined)
      throw new UsageError("--port and --host are for webhooks listen");
    return await verify(resolve(terminal.cwd, file), secretsFrom(values, terminal), values, terminal);
  },
};

/** By the name of the variable only: what is said on a command line shows in the list of processes. */
function secretsFrom({ "secret-env": names = [] }: Values, { env }: Terminal): string[] {
  if (names.length === 0)
    throw new UsageError("--secret-env says which environment variable holds the secret");
  return names.map((name) => {
    // A secret given by mistake is not said again.
    if (!/^[A-Za-z_]\w*$/.test(name) || name.startsWith("whsec_"))
      throw new UsageError("--secret-env takes the name of an environment variable, and never the secret");
    const secret = env[name];
    if (secret === undefined || secret === "") throw new UsageError(`${name} is not set, or empty`);
    return secret;
  });
}

async function listen(secrets: readonly string[], values: Values, terminal: Terminal): Promise<number> {
  const port = Number(values.port);
  if (values.port === undefined || !/^\d+$/.test(values.port) || port > 65_535)
    throw new UsageError("--port takes a port's number");
  const receiver = webhookReceiver({
    secrets,
    onError: ({ code, message }) => terminal.err(`refused (${code}): ${message}`),
  });
  receiver.subscribe((event) => print(event, values, terminal));
  const server = createServer(receiver.node);
  await new Promise<void>((listening, failed) => {
    server.on("error", failed).listen(port, values.host ?? "localhost", listening);
  });
  const { port: given } = server.address() as AddressInfo;
  terminal.err(`listening on http://${values.host ?? "localhost"}:${given}/`);
  if (given !== 80 && given !== 443)
    terminal.err("a gate delivers to ports 80 and 443 only: put a proxy in front");
  await stopped(terminal.signal);
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
  await receiver.idle();
  return 0;
}

function stopped(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((done) => {
    const end = () => {
      process.removeListener("SIGINT", end).removeListener("SIGTERM", end);
      done();
    };
    process.on("SIGINT", end).on("SIGTERM", end);
    if (signal?.aborted) end();
    else signal?.addEventListener("abort", end, { once: true });
  });
}

async function verify(
  file: string,
  secrets: readonly string[],
  values: Values,
  terminal: Terminal,
): Promise<number> {
  const { headers, body } = savedIn(await readFile(file));
  try {
    // What was saved is old.
    const anyAge = {
      toleranceSeconds: Number.POSITIVE_INFINITY,
      forwardToleranceSeconds: Number.POSITIVE_INFINITY,
    };
    print(verifyWebhook(body, headers, secrets, anyAge), values, terminal);
    return 0;
  } catch (error) {
    if (!(error instanceof LatchGateWebhookError)) throw error;
    terminal.err(`not verified (${error.code}): ${error.message}`);
    return 1;
  }
}

function print(event: WebhookEvent, { json }: Values, terminal: Terminal): void {
  for (const line of json ? [JSON.stringify(event)] : wordsOf(event)) terminal.out(line);
}

/** A delivery in a file: JSON that somebody's program wrote, or the bytes of the request. */
function savedIn(bytes: Buffer): { headers: WebhookHeaders; body: Uint8Array | string } {
  const json = parsed(bytes.toString("utf8"));
  const { headers, body } = (json?.["request"] ?? json ?? {}) as { headers?: WebhookHeaders; body?: unknown };
  if (headers !== undefined && typeof body === "string") return { headers, body };
  const [end, length] = [bytes.indexOf("\r\n\r\n"), 4];
  const [at, gap] = end < 0 ? [bytes.indexOf("\n\n"), 2] : [end, length];
  if (json !== undefined || at < 0)
    throw new Error(
      "the file holds no delivery: neither a request with its head, nor JSON with headers and a body's text",
    );
  const lines = bytes.subarray(0, at).toString("utf8").split(/\r?\n/);
  const pairs = lines.slice(1).map((line): [string, string] => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
  return { headers: pairs, body: bytes.subarray(at + gap) };
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return undefined;
  }
}
