import { InvalidArgumentError, Option } from "@commander-js/extra-typings";
import { type Described, described } from "./check/described.ts";
import { type Answer, driftOf, undue, unroutedDriftOf } from "./check/judge.ts";
import { createReport, exitCode, linesOf, type Report } from "./check/report.ts";
import type { Define } from "./command.ts";
import { createCounter } from "./counter.ts";
import { CREDENTIALS, takesClientPlace, takesOperatorPlace } from "./place-options.ts";
import { createAsker, type Witness } from "./probing/asker.ts";
import { readAsOperator, readOperatorRefusals } from "./probing/operating.ts";
import { findPlaces, type Places } from "./probing/places.ts";
import type { Probe } from "./probing/probe.ts";
import { readActions, readPublic, readRefusals } from "./probing/reading.ts";
import { denyHeld, type Errand, FETCH, useAsAgent } from "./probing/using.ts";

export const define: Define = (command, terminal, ends) => {
  takesOperatorPlace(
    takesClientPlace(
      command
        .description(
          "Is the gate that runs here the gate that this package's documents (openapi/*.yaml) describe? Asks what changes nothing (health, keys, actions, refusals, what an operator can read) and says in one line each what differs: members that are missing or not described, other types, statuses, codes and headers.",
        )
        .option("--full", "also takes leases, executes an action, has one held (and denied), reads receipts")
        .option("--action <id>", "what --full executes: http_fetch when left out")
        .addOption(new Option("--params <json>", "parameters of a call that runs").argParser(jsonOf))
        .addOption(new Option("--held <json>", "parameters of one that is held").argParser(jsonOf))
        .option("--json", "the report as one line of JSON"),
    ),
  )
    .addHelpText("after", `${CREDENTIALS}\n\nReads of an operator leave audit events.`)
    .action(async (values) => {
      const errand = values.full ? errandOf(values) : undefined;
      const places = await findPlaces(
        {
          socket: values.socket,
          url: values.url,
          "admin-socket": values.adminSocket,
          "admin-url": values.adminUrl,
          "public-base-url": values.publicBaseUrl,
          "admin-tls-ca": values.ca,
          "admin-tls-cert": values.cert,
          "admin-tls-key": values.key,
        },
        terminal,
      );
      const counter = createCounter(terminal, "exchanges");
      try {
        const report = await check(places, errand, counter.tick);
        counter.end();
        if (values.json) terminal.out(JSON.stringify(report));
        else for (const line of linesOf(report)) terminal.out(line);
        ends(exitCode(report));
      } finally {
        counter.end();
        await places.close();
      }
    });
};

/** Asks a gate and compares what it answers with the documents; with an errand it also does what leaves something behind. */
export async function check(
  places: Places,
  errand: Errand | undefined,
  asked: () => void = () => {},
): Promise<Report> {
  const report = createReport();
  const faces = { agent: described("agent"), operator: described("operator") };
  const watching = (socket: "agent" | "operator"): Witness => ({
    answered(probe, answer) {
      const { operation, drift } = compare(faces[socket], probe, answer);
      report.answered(socket, operation, probe, answer, drift);
      asked();
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
  readonly action?: string | undefined;
  readonly params?: Errand["params"] | undefined;
  readonly held?: Errand["held"] | undefined;
}): Errand {
  const { action = FETCH.action } = values;
  const params = values.params ?? (action === FETCH.action ? FETCH.params : {});
  return { action, params, held: values.held ?? (action === FETCH.action ? FETCH.held : params) };
}

function jsonOf(text: string): Errand["params"] {
  try {
    return JSON.parse(text) as Errand["params"];
  } catch {
    throw new InvalidArgumentError("It is no JSON.");
  }
}
