import { type Described, described } from "./check/described.ts";
import { type Answer, driftOf, undue, unroutedDriftOf } from "./check/judge.ts";
import { createReport, exitCode, linesOf, type Report } from "./check/report.ts";
import { argumentsOf, type Command, UsageError } from "./command.ts";
import { createAsker, type Witness } from "./probing/asker.ts";
import { readAsOperator, readOperatorRefusals } from "./probing/operating.ts";
import { findPlaces, PLACE_OPTIONS, type Places } from "./probing/places.ts";
import type { Probe } from "./probing/probe.ts";
import { readActions, readPublic, readRefusals } from "./probing/reading.ts";
import { denyHeld, type Errand, FETCH, useAsAgent } from "./probing/using.ts";

const usage = `Usage: latchgate-client check [options]

Is the gate that runs here the gate that this package's documents (openapi/*.yaml) describe? Asks what changes nothing
(health, keys, actions, refusals, what an operator can read) and says in one line each what differs: members that are
missing or not described, other types, statuses, codes and headers.

  --socket FILE, --url URL              the client's socket or port; found as a client finds it when left out
  --admin-socket FILE, --admin-url URL  the operator's; LATCHGATE_ADMIN_SOCKET, or beside the client's when left out
                                        (both URLs may be unix:///path)
  --admin-tls-ca FILE, --admin-tls-cert FILE, --admin-tls-key FILE
                                        for an operator's port behind client certificates
  --public-base-url URL                 what proofs name, where it can't be found
  --full       also takes leases, executes an action, has one held (and denied), reads receipts
  --action ID  what --full executes: http_fetch when left out
  --params JSON, --held JSON
               parameters of a call that runs, and of one that is held
  --json       the report as one line of JSON
  --help       this

The operator's credentials are found as the gate's own command finds them (LATCHGATE_OPERATOR_KEY and
LATCHGATE_OPERATOR_PRIVATE_KEY, or .latchgate/latchgate.toml). Reads of an operator leave audit events.

Exit code: 0 when nothing differs, 1 when something does, 3 when a probe could not be made, 2 for wrong use.`;

export const command: Command = {
  usage,
  async run(args, terminal) {
    const { values, positionals } = argumentsOf(args, {
      ...PLACE_OPTIONS,
      full: { type: "boolean", default: false },
      action: { type: "string" },
      params: { type: "string" },
      held: { type: "string" },
      json: { type: "boolean", default: false },
    });
    if (positionals.length > 0) throw new UsageError(`unexpected ${JSON.stringify(positionals[0])}`);
    const errand = values.full ? errandOf(values) : undefined;
    const places = await findPlaces(values, terminal);
    try {
      const report = await check(places, errand);
      if (values.json) terminal.out(JSON.stringify(report));
      else for (const line of linesOf(report)) terminal.out(line);
      return exitCode(report);
    } finally {
      await places.close();
    }
  },
};

/** Asks a gate and compares what it answers with the documents; with an errand it also does what leaves something behind. */
export async function check(places: Places, errand: Errand | undefined): Promise<Report> {
  const report = createReport();
  const faces = { agent: described("agent"), operator: described("operator") };
  const watching = (socket: "agent" | "operator"): Witness => ({
    answered(probe, answer) {
      const { operation, drift } = compare(faces[socket], probe, answer);
      report.answered(socket, operation, probe, answer, drift);
    },
    notMade: (id, why) => report.notMade(socket, id, why),
  });
  const agent = createAsker(places.agent, watching("agent"));
  const actions = await readPublic(agent, "agent");
  await readActions(agent, actions);
  await readRefusals(agent, actions);
  const held = errand === undefined ? [] : await useAsAgent(agent, errand);

  const leftOut: string[] = [];
  const without = places.without ?? "";
  if (places.operator === undefined) leftOut.push(`everything of an operator's: ${without}`);
  else {
    const operator = createAsker(places.operator, watching("operator"));
    await readPublic(operator, "operator");
    await readOperatorRefusals(operator);
    if (places.credentials !== undefined) {
      await denyHeld(operator, places.credentials, held);
      await readAsOperator(operator, places.credentials);
    } else if (places.operatorWanted) operator.leave("what an operator reads", without);
    else leftOut.push(`what an operator reads: ${without}`);
  }
  if (errand === undefined) leftOut.push("what takes leases and executes: --full");
  else if (held.length > 0 && places.credentials === undefined)
    leftOut.push(
      `approval ${held.join(", ")} waits for an operator: there are no credentials to deny it with`,
    );
  return report.done(idsOf(faces), leftOut);
}

function compare(face: Described, probe: Probe, answer: Answer) {
  const wrong = undue(answer, probe.due);
  if (probe.unrouted !== undefined) {
    const drift = wrong === undefined ? unroutedDriftOf(face.document, probe.unrouted, answer) : [wrong];
    return { operation: "route", drift };
  }
  const operation = face.find(probe.method, probe.path);
  if (operation === undefined)
    throw new Error(`${probe.method} ${probe.path} is no operation of the documents`);
  const drift = driftOf(operation, answer);
  // One cause, one line: a status that is not described, another body or a new word was said already.
  const said = drift.some(
    ({ kind, at }) => ["status", "media_type"].includes(kind) || (kind === "word" && at === "error"),
  );
  return { operation: operation.id, drift: wrong === undefined || said ? drift : [wrong, ...drift] };
}

function idsOf({ agent, operator }: { readonly agent: Described; readonly operator: Described }): string[] {
  return [...new Set([...agent.operations, ...operator.operations].map(({ id }) => id))];
}

function errandOf(values: {
  action?: string | undefined;
  params?: string | undefined;
  held?: string | undefined;
}): Errand {
  const parsed = (name: "params" | "held") => {
    try {
      return values[name] === undefined ? undefined : (JSON.parse(values[name]) as Errand["params"]);
    } catch {
      throw new UsageError(`--${name} is no JSON`);
    }
  };
  const { action = FETCH.action } = values;
  const params = parsed("params") ?? (action === FETCH.action ? FETCH.params : {});
  return { action, params, held: parsed("held") ?? (action === FETCH.action ? FETCH.held : params) };
}
