import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { InvalidArgumentError, Option } from "@commander-js/extra-typings";
import type { AdminTls, GateServer, MockGateOptions } from "../testing/index.ts";
import { type Define, type Terminal, UsageError } from "./command.ts";
import { loadConfig } from "./mock-config.ts";
import { type OperatorFiles, writeOperatorFiles } from "./operator-files.ts";
import { requestLine } from "./request-line.ts";
import { stopped, until } from "./stopped.ts";

export const define: Define = (command, terminal, ends) => {
  command
    .description(
      "A mock gate on real sockets, until Ctrl-C or SIGTERM. It prints where it listens, the base URL that proofs have to name, and the operator's credentials; then one line per request on stderr.",
    )
    .addOption(
      new Option(
        "--dir <dir>",
        "where gate.sock, gate-admin.sock and .latchgate/ (config and key, found by other clients) are put; a temporary directory when left out. What was put there is removed at the end",
      ).argParser(named),
    )
    .addOption(
      new Option(
        "--port <n>",
        "the client's API on 127.0.0.1 too (0: a free port). Proofs then name http://127.0.0.1:n",
      ).argParser(portOf),
    )
    .addOption(
      new Option("--admin-port <n>", "the operators' API on 127.0.0.1 too (0: a free port)").argParser(
        portOf,
      ),
    )
    .option("--admin-tls-ca <file>", "the operators' port takes TLS with client certificates of this CA only")
    .option("--admin-tls-cert <file>", "the certificate that it shows itself")
    .option("--admin-tls-key <file>", "and that certificate's private key")
    .option("--config <file>", "options of the MockGate: JSON, or a module whose default export they are")
    .option("--json", "what is printed as one line of JSON, and nothing else on stdout")
    .option("--quiet", "no line per request")
    .action(async (values) => {
      await mock(values, terminal);
      ends(0);
    });
};

interface Values {
  readonly dir?: string | undefined;
  readonly port?: number | undefined;
  readonly adminPort?: number | undefined;
  readonly adminTlsCa?: string | undefined;
  readonly adminTlsCert?: string | undefined;
  readonly adminTlsKey?: string | undefined;
  readonly config?: string | undefined;
  readonly json?: true | undefined;
  readonly quiet?: true | undefined;
}

async function mock(values: Values, terminal: Terminal): Promise<void> {
  const options = optionsOf(values, terminal);
  const config = options.config === undefined ? {} : await loadConfig(options.config);
  const tls = await tlsOf(options.tls);
  const { MockGate } = await import("../testing/index.ts");

  const port = options.port === 0 ? await freePort() : options.port;
  const gate = new MockGate({ ...withBaseOf(port), ...config });
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), "latchgate-mock-")));
  const operator = gate.operatorCredentials;
  await refuseTaken(join(dir, "gate.sock"));

  const stop = stopped(terminal.signal);
  const onRequest = (report: Parameters<typeof requestLine>[0]) =>
    terminal.err(requestLine(report, new Date(), [operator.apiKey]));
  let server: GateServer | undefined;
  let files: OperatorFiles | undefined;
  try {
    server = await gate.listen({
      dir,
      ...(port === undefined ? {} : { port }),
      ...(options.adminPort === undefined ? {} : { adminPort: options.adminPort }),
      ...(tls === undefined ? {} : { tls }),
      ...(options.quiet ? {} : { onRequest }),
    });
    files = writeOperatorFiles(dir, operator, listenersOf(server, gate.publicBaseUrl, options.tls));
    const found = descriptionOf(server, gate.publicBaseUrl, operator, files);
    terminal.out(options.json ? JSON.stringify(found) : sentences(found));
    if (!hasAjv())
      terminal.err(
        'actions with a parameter schema (most of the built-in ones) need the package "ajv": npm install ajv',
      );
    await until(stop);
  } finally {
    await server?.close();
    files?.remove();
    if (options.dir === undefined) await rm(dir, { recursive: true, force: true });
  }
}

function hasAjv(): boolean {
  try {
    createRequire(import.meta.url).resolve("ajv/dist/2020.js");
    return true;
  } catch {
    return false;
  }
}

interface TlsFiles {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

function optionsOf(values: Values, { cwd }: Terminal) {
  const at = (file: string | undefined) => (file === undefined ? undefined : resolve(cwd, file));
  const { port, adminPort, json, quiet } = values;
  if (port !== undefined && port !== 0 && port === adminPort)
    throw new UsageError("client and admin never share a port");
  const [ca, cert, key] = [values.adminTlsCa, values.adminTlsCert, values.adminTlsKey].map(at);
  let tls: TlsFiles | undefined;
  if (ca !== undefined && cert !== undefined && key !== undefined) tls = { ca, cert, key };
  else if (ca !== undefined || cert !== undefined || key !== undefined)
    throw new UsageError("--admin-tls-ca, --admin-tls-cert and --admin-tls-key go together");
  if (tls !== undefined && adminPort === undefined) throw new UsageError("--admin-tls-… needs --admin-port");
  return { dir: at(values.dir), port, adminPort, tls, config: at(values.config), json, quiet };
}

function named(dir: string): string {
  if (dir === "") throw new InvalidArgumentError("It has no name.");
  return dir;
}

function portOf(given: string): number {
  const port = Number(given);
  if (!/^\d{1,5}$/.test(given) || port > 65_535)
    throw new InvalidArgumentError("A port is a number from 0 to 65535.");
  return port;
}

async function tlsOf(files: TlsFiles | undefined): Promise<AdminTls | undefined> {
  if (files === undefined) return undefined;
  const [ca, cert, key] = await Promise.all([files.ca, files.cert, files.key].map((file) => readFile(file)));
  return ca && cert && key ? { ca, cert, key } : undefined;
}

/** As at a gate that is on a port: proofs name the client's address. */
function withBaseOf(port: number | undefined): MockGateOptions {
  return port === undefined ? {} : { publicBaseUrl: `http://127.0.0.1:${port}` };
}

/** A port that is free now: proofs name it, and the gate has to know before it listens. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

/** A socket file that nobody answers is stale and replaced; one that somebody answers is another gate's. */
async function refuseTaken(path: string): Promise<void> {
  const taken = await new Promise<boolean>((done) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      done(true);
    });
    socket.once("error", () => done(false));
  });
  if (taken) throw new Error(`a gate is listening on ${path} already: take another --dir`);
}

/** The listener keys of a gate's config. */
function listenersOf(server: GateServer, publicBaseUrl: string, tls: TlsFiles | undefined) {
  return {
    public_base_url: publicBaseUrl,
    listen_uds_path: server.socket,
    listen_admin_uds_path: server.adminSocket,
    ...(server.url === "" && server.adminUrl === "" ? {} : { unsafe_expose_http: true }),
    ...(server.url === "" ? {} : { listen_http_addr: new URL(server.url).host }),
    ...(server.adminUrl === "" ? {} : { listen_admin_http_addr: new URL(server.adminUrl).host }),
    ...(tls === undefined ? {} : { admin_tls_ca: tls.ca, admin_tls_cert: tls.cert, admin_tls_key: tls.key }),
  };
}

/** What other programs are told. */
function descriptionOf(
  server: GateServer,
  publicBaseUrl: string,
  operator: { readonly operatorId: string; readonly apiKey: string },
  files: OperatorFiles,
) {
  return {
    socket: server.socket,
    adminSocket: server.adminSocket,
    url: server.url === "" ? null : server.url,
    adminUrl: server.adminUrl === "" ? null : server.adminUrl,
    publicBaseUrl,
    operatorId: operator.operatorId,
    apiKey: operator.apiKey,
    privateKeyPath: files.privateKeyPath,
    configPath: files.configPath,
  };
}

function sentences(found: ReturnType<typeof descriptionOf>): string {
  const rows = [
    ["client", found.socket],
    ["", found.url],
    ["operator", found.adminSocket],
    ["", found.adminUrl],
    ["publicBaseUrl", `${found.publicBaseUrl} (what proofs name)`],
    ["api key", found.apiKey],
    ["private key", found.privateKeyPath],
    ["config", found.configPath],
  ].filter(([, value]) => value !== null);
  return [
    "A mock gate is listening; Ctrl-C stops it.",
    ...rows.map(([name = "", value]) => `  ${name?.padEnd(14)}${value}`),
  ].join("\n");
}
