import { LatchGateClient } from "../client/client.ts";
import { LatchGateOperator } from "../operator/operator.ts";
import {
  LatchGateAuthError,
  LatchGateError,
  LatchGateInvalidRequest,
  LatchGateNotFound,
  LatchGateTransportError,
} from "../vocabulary/errors.ts";
import { type Route, resolveRoute } from "../wire/config.ts";
import { type ProcessLimits, processLimits } from "../wire/limits.ts";
import { socketOf } from "../wire/place.ts";
import { inSandbox } from "../wire/sandbox.ts";
import { createTransport, type Transport } from "../wire/transport.ts";
import { hasRoomForWebAssembly } from "../wire/web-assembly.ts";
import type { Define, Terminal } from "./command.ts";
import { discoveryOf, type OperatorValues } from "./operator-options.ts";
import { CREDENTIALS, takesClientPlace, takesOperatorPlace } from "./place-options.ts";
import { fitted, painter, plain } from "./show.ts";

/** What one look has found. `skipped`: it could not be looked at, or need not be there. */
export interface Finding {
  readonly check: string;
  readonly state: "ok" | "wrong" | "skipped";
  readonly found: string;
  readonly todo?: string | undefined;
  /** What moves the bytes to the gate. */
  readonly carrier?: Transport["carrier"];
  /** What the process is limited to. */
  readonly limits?: ProcessLimits;
}

export const define: Define = (command, terminal, ends) => {
  takesOperatorPlace(
    takesClientPlace(
      command
        .description(
          "Can this machine use a gate? A line for each thing that has to be right, and what to do where it is not. It changes nothing at the gate, but takes one lease. Exit code 1 when something is wrong.",
        )
        .option("--json", "the lines as JSON"),
    ),
  )
    .addHelpText("after", CREDENTIALS)
    .action(async (values) => {
      const paint = painter(terminal);
      const marks = {
        ok: paint("green", "ok  "),
        wrong: paint("red", "FAIL"),
        skipped: paint("dim", "-   "),
      };
      let wrong = false;
      for await (const finding of findings(values, terminal)) {
        wrong ||= finding.state === "wrong";
        const todo = finding.todo === undefined ? "" : ` → ${plain(finding.todo)}`;
        const label = `${marks[finding.state]}  ${finding.check.padEnd(11)}  `;
        if (values.json) terminal.out(JSON.stringify(finding));
        else for (const line of fitted(label, `${plain(finding.found)}${todo}`, terminal)) terminal.out(line);
      }
      ends(wrong ? 1 : 0);
    });
};

type Values = OperatorValues & { readonly socket?: string | undefined; readonly url?: string | undefined };

async function* findings(values: Values, terminal: Terminal): AsyncGenerator<Finding> {
  if (inSandbox(terminal.env)) yield sandbox();
  yield* agentsSide(values, terminal);
  yield* operatorsSide(values, terminal);
}

const PATIENCE = { timeoutMs: 5_000, retry: false } as const;
/** No receipt and no approval has this id. */
const NOBODYS = "00000000-0000-7000-8000-000000000000";

function sandbox(): Finding {
  const limits = processLimits();
  const carrier = hasRoomForWebAssembly() ? "undici" : "node:http";
  const found = `this is the gate's sandbox: ${limitWords(limits)}; ${carrier} moves the bytes`;
  return { ...ok("sandbox", found), limits, carrier };
}

function limitWords({ addressSpace, data, processes, openFiles, cpuSeconds }: ProcessLimits): string {
  const gib = (bytes: number) => `${Math.round((bytes / 2 ** 30) * 10) / 10} GiB`;
  const words = [
    addressSpace === undefined ? [] : `${gib(addressSpace)} of address space`,
    data === undefined ? [] : `${gib(data)} of data`,
    processes === undefined ? [] : `${processes} processes`,
    openFiles === undefined ? [] : `${openFiles} open files`,
    cpuSeconds === undefined ? [] : `${cpuSeconds} s of CPU`,
  ].flat();
  return words.length === 0 ? "no limits are seen" : words.join(", ");
}

async function* agentsSide(values: Values, { cwd, env }: Terminal): AsyncGenerator<Finding> {
  let route: Route;
  try {
    const { socket, url, publicBaseUrl } = values;
    const place = {
      socket: socket === undefined ? undefined : socketOf(socket, "--socket", cwd),
      baseUrl: url,
      publicBaseUrl,
    };
    route = resolveRoute(place, env, cwd);
  } catch (error) {
    yield wrong("gate", error);
    return;
  }
  const { socket, baseUrl, publicBaseUrl } = route;
  const where = socket ?? baseUrl;
  const place = socket === undefined ? { baseUrl } : { socket };
  const transport = createTransport({ ...place, publicBaseUrl });
  const client = new LatchGateClient({ transport, agentId: "doctor" });
  try {
    for await (const finding of gateAt(where, client, publicBaseUrl, env))
      yield finding.check === "gate" ? { ...finding, carrier: transport.carrier } : finding;
  } finally {
    await client.close();
    await transport.close();
  }
}

async function* gateAt(
  where: string,
  client: LatchGateClient,
  publicBaseUrl: string,
  env: Terminal["env"],
): AsyncGenerator<Finding> {
  const began = performance.now();
  const health = await client.api
    .GET("/healthz", { signal: AbortSignal.timeout(PATIENCE.timeoutMs) })
    .catch((error: unknown) => error);
  if (health instanceof Error) {
    yield wrong("gate", health);
    yield skipped("the rest", "ready, clock, lease and proofs need a gate to ask");
    return;
  }
  const { response } = health as { response: Response };
  if (response.status !== 200) {
    yield {
      check: "gate",
      state: "wrong",
      found: `${where} answers ${response.status} to /healthz`,
      todo: "this is no gate: name another place",
    };
    return;
  }
  yield ok("gate", `${where} answers (${Math.round(performance.now() - began)} ms)`);
  yield await readiness(client);
  const time = clock(response);
  yield time;
  yield* leaseAndProofs(client, publicBaseUrl, time.state === "wrong", env);
}

async function readiness(client: LatchGateClient): Promise<Finding> {
  try {
    const { status, ...rest } = await client.ready(PATIENCE);
    const parts = Object.entries(rest)
      .flatMap(([name, value]) =>
        typeof value === "object" && value !== null
          ? Object.entries(value).map(([part, state]) => `${part} ${wordOf(state)}`)
          : [`${name} ${wordOf(value)}`],
      )
      .join(", ");
    if (status === "ready") return ok("ready", parts === "" ? "it is" : parts);
    return {
      check: "ready",
      state: "wrong",
      found: `${status} (${parts})`,
      todo: "look at what is not ok there; the gate refuses calls until it is",
    };
  } catch (error) {
    return wrong("ready", error);
  }
}

const wordOf = (value: unknown) =>
  value === null
    ? "none"
    : value === true
      ? "ok"
      : value === false
        ? "NOT ok"
        : JSON.stringify(value).replaceAll('"', "");

/** A gate takes a proof that is up to 60 s old or 5 s early; clients correct up to ten minutes. */
function clock(response: Response): Finding {
  const seconds = Math.round((Date.now() - Date.parse(response.headers.get("date") ?? "")) / 1000);
  if (Number.isNaN(seconds)) return skipped("clock", "the gate's answer has no date");
  const words = `this machine is ${Math.abs(seconds)} s ${seconds < 0 ? "behind" : "ahead of"} the gate`;
  if (seconds > -30 && seconds < 4) return ok("clock", Math.abs(seconds) <= 1 ? "the two agree" : words);
  return {
    check: "clock",
    state: "wrong",
    found: words,
    todo: "set one of the two clocks; proofs are dated",
  };
}

async function* leaseAndProofs(
  client: LatchGateClient,
  publicBaseUrl: string,
  clockIsWrong: boolean,
  env: Terminal["env"],
): AsyncGenerator<Finding> {
  try {
    await client.connect({ maxCalls: 1 }, PATIENCE);
  } catch (error) {
    yield wrong("lease", error);
    yield skipped("proofs", "they need a lease");
    return;
  }
  const session = client.session;
  yield ok(
    "lease",
    `for ${session?.principal ?? "somebody"}, scopes ${session?.scopes.join(", ") || "none"}`,
  );
  const answer = await client.getReceipt(NOBODYS, PATIENCE).catch((error: unknown) => error);
  // The gate looks for a receipt only after it has accepted lease and proof.
  yield answer instanceof LatchGateNotFound
    ? ok("proofs", `accepted for ${publicBaseUrl}`)
    : proofsRefused(publicBaseUrl, answer, clockIsWrong, env);
}

/** A read is not told why its proof was refused; with a good clock and a key of one's own only the URL is left. */
function proofsRefused(
  publicBaseUrl: string,
  error: unknown,
  clockIsWrong: boolean,
  env: Terminal["env"],
): Finding {
  const finding = wrong("proofs", error);
  if (!(error instanceof LatchGateAuthError) || error.code !== "invalid_dpop") return finding;
  const how = inSandbox(env)
    ? "let LATCHGATE_PUBLIC_URL into this sandbox by pass_env"
    : "give it as --public-base-url, or set LATCHGATE_PUBLIC_URL";
  const ofUrl = `the gate's public_base_url is most likely not ${publicBaseUrl}: ${how}`;
  return { ...finding, todo: clockIsWrong ? "see the clock" : ofUrl };
}

async function* operatorsSide(values: Values, terminal: Terminal): AsyncGenerator<Finding> {
  let operator: LatchGateOperator;
  try {
    operator = await LatchGateOperator.discover(await discoveryOf(values, terminal));
  } catch (error) {
    yield !(error instanceof LatchGateInvalidRequest && error.code === "no_credentials")
      ? wrong("operator", error)
      : inSandbox(terminal.env)
        ? skipped(
            "operator",
            "there are no credentials and no operators' socket in a sandbox: decide outside",
          )
        : skipped("operator", `no credentials found, which an agent does not need (${error.message})`);
    return;
  }
  try {
    const { status, version, pending_approvals } = await operator.status(PATIENCE);
    yield ok(
      "operator",
      `credentials accepted; gate ${version} is ${status}, approvals pending: ${pending_approvals}`,
    );
  } catch (error) {
    yield wrong("operator", error instanceof LatchGateAuthError ? await reasonOf(operator, error) : error);
  } finally {
    await operator.close();
  }
}

/** Most of the gate's routes do not say what is wrong with credentials. A deny does, of an approval that nobody has too. */
async function reasonOf(operator: LatchGateOperator, error: LatchGateAuthError): Promise<unknown> {
  const said = await operator.approvals.deny(NOBODYS, undefined, PATIENCE).catch((denied: unknown) => denied);
  return said instanceof LatchGateNotFound || !(said instanceof LatchGateError) ? error : said;
}

const ok = (check: string, found: string): Finding => ({ check, state: "ok", found });
const skipped = (check: string, found: string): Finding => ({ check, state: "skipped", found });

function wrong(check: string, error: unknown): Finding {
  if (!(error instanceof LatchGateError)) return { check, state: "wrong", found: String(error) };
  const todo = error.hint ?? (error instanceof LatchGateTransportError ? WHAT_TO_DO[error.code] : undefined);
  const found = error instanceof LatchGateTransportError ? error.detail : error.message;
  return { check, state: "wrong", found, todo };
}

const WHAT_TO_DO: { readonly [code: string]: string } = {
  no_socket: "start the gate (`latchgate up`), or name its place with --socket, --url or LATCHGATE_URL",
  connection_refused: "start the gate (`latchgate up`), or remove what it has left behind",
  permission_denied: "run as the gate's own user, or ask for a port",
  timeout: "it accepts connections and does not answer: restart it",
};
