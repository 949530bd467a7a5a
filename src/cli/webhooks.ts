import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { resolve } from "node:path";
import { type Command, InvalidArgumentError, Option, type OptionValues } from "@commander-js/extra-typings";
import type { WebhookEvent } from "../webhooks/event.ts";
import type { WebhookHeaders } from "../webhooks/headers.ts";
import { webhookReceiver } from "../webhooks/receiver.ts";
import { verifyWebhook } from "../webhooks/verify.ts";
import { LatchGateWebhookError } from "../webhooks/webhook-error.ts";
import { type Define, type Terminal, UsageError } from "./command.ts";
import { stopped, until } from "./stopped.ts";
import { wordsOf } from "./webhook-words.ts";

export const define: Define = (command, terminal, ends) => {
  command.description("What a gate sends by itself, verified.");

  common(
    command
      .command("listen")
      .description(
        "Takes webhooks, and prints each event once, until Ctrl-C; of a held action with the command that decides it.",
      )
      .addOption(
        new Option(
          "--port <n>",
          "where to listen; a gate delivers to ports 80 and 443 only; 0 for any free one, behind a proxy",
        )
          .argParser(portOf)
          .makeOptionMandatory(),
      )
      .option("--host <host>", "where to listen", "localhost"),
  ).action(async (values) => ends(await listen(secretsFrom(values, terminal), values, terminal)));

  common(
    command
      .command("verify")
      .description("One saved delivery, of any age.")
      .argument(
        "<file>",
        "the request as it came (head, empty line, body), or JSON with its headers and its body as a text",
      ),
  ).action(async (file, values) =>
    ends(await verify(resolve(terminal.cwd, file), secretsFrom(values, terminal), values, terminal)),
  );
};

function common<Args extends unknown[], Opts extends OptionValues, Global extends OptionValues>(
  command: Command<Args, Opts, Global>,
) {
  return command
    .helpOption("-h, --help", "this")
    .addOption(
      new Option(
        "--secret-env <name>",
        "the environment variable that holds the endpoint's secret, whole; several times while one is being changed",
      )
        .argParser((name: string, names: readonly string[] | undefined) => [...(names ?? []), name])
        .makeOptionMandatory(),
    )
    .option("--json", "events as JSON, a line each. They may hold secrets of an agent's request");
}

function portOf(given: string): number {
  const port = Number(given);
  if (!/^\d+$/.test(given) || port > 65_535) throw new InvalidArgumentError("It takes a port's number.");
  return port;
}

interface Values {
  readonly secretEnv: readonly string[];
  readonly json?: true | undefined;
}

/** By the name of the variable only: what is said on a command line shows in the list of processes. */
function secretsFrom({ secretEnv: names }: Values, { env }: Terminal): string[] {
  return names.map((name) => {
    // A secret given by mistake is not said again.
    if (!/^[A-Za-z_]\w*$/.test(name) || name.startsWith("whsec_"))
      throw new UsageError("--secret-env takes the name of an environment variable, and never the secret");
    const secret = env[name];
    if (secret === undefined || secret === "") throw new UsageError(`${name} is not set, or empty`);
    return secret;
  });
}

async function listen(
  secrets: readonly string[],
  values: Values & { readonly port: number; readonly host: string },
  terminal: Terminal,
): Promise<number> {
  const { port, host } = values;
  const receiver = webhookReceiver({
    secrets,
    onError: ({ code, message }) => terminal.err(`refused (${code}): ${message}`),
  });
  receiver.subscribe((event) => print(event, values, terminal));
  const server = createServer(receiver.node);
  await new Promise<void>((listening, failed) => {
    server.on("error", failed).listen(port, host, listening);
  });
  const { port: given } = server.address() as AddressInfo;
  terminal.err(`listening on http://${host}:${given}/`);
  if (given !== 80 && given !== 443)
    terminal.err("a gate delivers to ports 80 and 443 only: put a proxy in front");
  await until(stopped(terminal.signal));
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
  await receiver.idle();
  return 0;
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
