import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { LatchGateClient } from "../client/client.ts";
import type { Json } from "../documents/document.ts";
import { withNearest } from "../vocabulary/nearest.ts";
import { socketOf } from "../wire/place.ts";
import type { Define } from "./command.ts";
import { createCounter } from "./counter.ts";
import { takesClientPlace } from "./place-options.ts";
import { type DescribedAction, declarationsOf } from "./types/declarations.ts";

export const define: Define = (command, terminal, ends) => {
  takesClientPlace(
    command
      .description(
        "The parameters of a running gate's actions as a TypeScript interface, on stdout: new LatchGateClient<ActionMap>() then checks action ids and parameters when your program is compiled. Needs the packages openapi-typescript and typescript.",
      )
      .usage("[options] > actions.d.ts")
      .option("--only <a,b>", "these actions only")
      .option(
        "--check <file>",
        "writes nothing: exit code 1 when the file is not what the gate's actions give",
      ),
  ).action(async ({ only, check, socket, url }) => {
    const wanted = only?.split(",").filter((id) => id !== "");
    const path = socket === undefined ? undefined : socketOf(socket, "--socket", terminal.cwd);
    await using client = new LatchGateClient({ socket: path, baseUrl: url });
    const counter = createCounter(terminal, "actions");
    const actions = await describedActions(client, wanted, counter.tick).finally(counter.end);
    const text = await declarationsOf(actions);
    if (check === undefined) {
      terminal.out(text.trimEnd());
      return ends(0);
    }
    const stale = differences(await readFile(resolve(terminal.cwd, check), "utf8"), text);
    for (const line of stale) terminal.err(`${check} is stale: ${line}`);
    if (stale.length === 0) terminal.out(`${check} is what the gate's actions give`);
    return ends(stale.length === 0 ? 0 : 1);
  });
};

/** The gate's actions, each with what it says of itself, by their ids. */
export async function describedActions(
  client: Pick<LatchGateClient, "actions" | "action" | "actionSchema">,
  wanted: readonly string[] | undefined,
  read: () => void = () => {},
): Promise<DescribedAction[]> {
  const ids = (await client.actions()).map(({ action_id }) => action_id);
  const unknown = wanted?.filter((id) => !ids.includes(id)) ?? [];
  if (unknown.length > 0) throw new Error(`the gate has no action ${withNearest(unknown, ids)}`);
  const found: DescribedAction[] = [];
  for (const id of ids.filter((id) => wanted?.includes(id) ?? true).sort()) {
    const { version, risk_level, declared_side_effects, io } = await client.action(id);
    const schema = io.has_request_schema ? ((await client.actionSchema(id)) as Json) : undefined;
    found.push({ id, version, riskLevel: risk_level, sideEffects: declared_side_effects, schema });
    read();
  }
  return found;
}

/** What differs between a file and what it should be, by action. */
function differences(file: string, wanted: string): string[] {
  if (file.trimEnd() === wanted.trimEnd()) return [];
  const [was, is] = [membersOf(file), membersOf(wanted)];
  const lines = [...new Set([...was.keys(), ...is.keys()])].flatMap((id) => {
    if (was.get(id) === is.get(id)) return [];
    if (is.get(id) === undefined) return [`${id} is gone`];
    return [was.get(id) === undefined ? `${id} is new` : `${id} has changed`];
  });
  return lines.length > 0 ? lines : ["it was written by another version of this command, or edited"];
}

/** The members of the `ActionMap`, each with its comment, and what they refer to. */
function membersOf(text: string): Map<string, string> {
  const [map = "", ...others] = text.split(/^}$/m);
  const members = map.split(/^(?= {2}\/\*\*)/m).slice(1);
  const named = members.map((member): [string, string] => {
    const [, id = ""] = /^ {2}("[^"]+"|[\w$]+): /m.exec(member) ?? [];
    return [id.replaceAll('"', ""), member];
  });
  return new Map([...named, ["what the parameters refer to", others.join("")]]);
}
