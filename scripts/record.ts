/**
 * Drives a running gate through every operation and refusal that is harmless, and writes what was asked and answered in the format
 * of `test/recordings/`: `npm run record -- --socket … --admin-socket … --out FILE`.
 */
import { writeFileSync } from "node:fs";
import { basename, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { type Terminal, UsageError } from "../src/cli/command.ts";
import { createAsker, type Witness } from "../src/cli/probing/asker.ts";
import { readAsOperator, readOperatorRefusals } from "../src/cli/probing/operating.ts";
import { findPlaces, PLACE_OPTIONS, type Places } from "../src/cli/probing/places.ts";
import { readActions, readPublic, readRefusals } from "../src/cli/probing/reading.ts";
import { denyHeld, type Errand, FETCH, useAsAgent } from "../src/cli/probing/using.ts";
import { isObject } from "../src/documents/document.ts";
import { argumentsOf } from "./arguments.ts";
import { changeAndUndo } from "./recording/changing.ts";
import { normalised, type RecordedExchange } from "./recording/normalise.ts";

const usage = `Usage: npm run record -- --out FILE [options]

  --out FILE            where the recording goes
  --socket, --url, --admin-socket, --admin-url, --admin-tls-ca, --admin-tls-cert, --admin-tls-key, --public-base-url
                        the gate, as latchgate-client check takes it
  --action ID, --params JSON, --held JSON
                        what is executed, and how it is held: a fetch of https://httpbin.org/get when left out

It takes two leases, executes one action, has one call held and denies it, and learns a domain and a path for an action that is not
there, which it forgets again. What can't be undone is not asked: approve, grants, allowlist, reload, revoke-all, drain.`;

/** Runs the command; gives the exit code: 0, 3 when something could not be asked, 2 for wrong use. */
export async function record(args: readonly string[], terminal: Terminal): Promise<number> {
  const options = {
    action: { type: "string" },
    params: { type: "string" },
    held: { type: "string" },
  } as const;
  const { values } = argumentsOf(args, { ...PLACE_OPTIONS, ...options, out: { type: "string" } });
  if (values.out === undefined) throw new UsageError("--out FILE is missing");
  const errand: Errand = {
    action: values.action ?? FETCH.action,
    params: values.params === undefined ? FETCH.params : (JSON.parse(values.params) as Errand["params"]),
    held: values.held === undefined ? FETCH.held : (JSON.parse(values.held) as Errand["held"]),
  };
  const places = await findPlaces(values, terminal);
  try {
    const { exchanges, notMade } = await drive(places, errand);
    const operatorKey =
      places.credentials === undefined
        ? undefined
        : { apiKey: places.credentials.token, ...places.credentials.key.jwk };
    const { operator, exchanges: written } = normalised(exchanges, operatorKey);
    const recording = {
      gate: versionIn(exchanges),
      world: basename(values.out).replace(/\.json$/, ""),
      public_base_url: places.agent.route.publicBaseUrl,
      ...(operator === undefined ? {} : { operator }),
      exchanges: written,
    };
    writeFileSync(resolve(terminal.cwd, values.out), `${JSON.stringify(recording, null, 1)}\n`);
    for (const line of notMade) terminal.err(`not recorded: ${line}`);
    terminal.out(`${written.length} exchanges with gate ${recording.gate} in ${values.out}`);
    return notMade.length === 0 ? 0 : 3;
  } finally {
    await places.close();
  }
}

async function drive(places: Places, errand: Errand) {
  const exchanges: RecordedExchange[] = [];
  const notMade: string[] = [];
  const watching = (socket: "agent" | "operator", { route }: Places["agent"]): Witness => ({
    answered(
      { id, note, method, path, headers = {}, body },
      { status, headers: received, json, text },
      { startedMs, ms },
    ) {
      exchanges.push({
        ...{ id, note, socket, transport: route.socket === undefined ? "tcp" : "uds" },
        ...{ at: new Date(startedMs).toISOString(), ms },
        request: { method, path, headers, ...(body === undefined ? {} : { body }) },
        response: { status, headers: received, ...(json === undefined ? { text } : { json }) },
      });
    },
    notMade: (id, why) => void notMade.push(`${socket} ${id}: ${why}`),
  });
  const agent = createAsker(places.agent, watching("agent", places.agent));
  const actions = await readPublic(agent, "agent");
  await readActions(agent, actions);
  await readRefusals(agent, actions);
  const held = await useAsAgent(agent, errand);
  if (places.operator === undefined) notMade.push(`everything of an operator's: ${places.without}`);
  else {
    const operator = createAsker(places.operator, watching("operator", places.operator));
    await readPublic(operator, "operator");
    await readOperatorRefusals(operator);
    if (places.credentials === undefined) operator.leave("what needs credentials", places.without ?? "");
    else {
      await denyHeld(operator, places.credentials, held);
      await changeAndUndo(operator, places.credentials);
      await readAsOperator(operator, places.credentials);
    }
  }
  return { exchanges, notMade };
}

function versionIn(exchanges: readonly RecordedExchange[]): string {
  const status = exchanges.find(
    ({ request, response }) => request.path === "/v1/admin/status" && response.status === 200,
  );
  const version = isObject(status?.response.json) ? status.response.json["version"] : undefined;
  return typeof version === "string" ? version : "unknown";
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const terminal = { out: console.log, err: console.error, cwd: process.cwd(), env: process.env };
  try {
    process.exitCode = await record(process.argv.slice(2), terminal);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}\n\n${usage}`);
    process.exitCode = 2;
  }
}
