import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { LatchGateClient } from "../client/client.ts";
import type { Json } from "../documents/document.ts";
import { socketOf } from "../wire/place.ts";
import { argumentsOf, type Command, UsageError } from "./command.ts";
import { type DescribedAction, declarationsOf } from "./types/declarations.ts";

const usage = `Usage: latchgate-client types [options] > actions.d.ts

The parameters of a running gate's actions as a TypeScript interface: new LatchGateClient<ActionMap>() then checks
action ids and parameters when your program is compiled. Needs the packages openapi-typescript and typescript.

  --socket FILE, --url URL   where the gate is (http://…, unix:///path); found as a client finds it when left out
  --only A,B                 these actions only
  --check FILE               writes nothing: exit code 1 when FILE is not what the gate's actions give
  --help                     this`;

export const command: Command = {
  usage,
  async run(args, terminal) {
    const { values, positionals } = argumentsOf(args, {
      socket: { type: "string" },
      url: { type: "string" },
      only: { type: "string" },
      check: { type: "string" },
    });
    if (positionals.length > 0) throw new UsageError(`unexpected ${JSON.stringify(positionals[0])}`);
    const { only, check, socket, url } = values;
    const wanted = only?.split(",").filter((id) => id !== "");
    const path = socket === undefined ? undefined : socketOf(socket, "--socket", terminal.cwd);
    const place = { socket: path, baseUrl: url };
    await using client = new LatchGateClient(place);
    const text = await declarationsOf(await describedActions(client, wanted));
    if (check === undefined) {
      terminal.out(text.trimEnd());
      return 0;
    }
    const stale = differences(await readFile(resolve(terminal.cwd, check), "utf8"), text);
    for (const line of stale) terminal.err(`${check} is stale: ${line}`);
    if (stale.length === 0) terminal.out(`${check} is what the gate's actions give`);
    return stale.length === 0 ? 0 : 1;
  },
};

/** The gate's actions, each with what it says of itself, by their ids. */
export async function describedActions(
  client: Pick<LatchGateClient, "actions" | "action" | "actionSchema">,
  wanted: readonly string[] | undefined,
): Promise<DescribedAction[]> {
  const ids = (await client.actions()).map(({ action_id }) => action_id);
  const unknown = wanted?.filter((id) => !ids.includes(id)) ?? [];
  if (unknown.length > 0) throw new Error(`the gate has no action ${unknown.join(", ")}`);
  const found: DescribedAction[] = [];
  for (const id of ids.filter((id) => wanted?.includes(id) ?? true).sort()) {
    const { version, risk_level, declared_side_effects, io } = await client.action(id);
    const schema = io.has_request_schema ? ((await client.actionSchema(id)) as Json) : undefined;
    found.push({ id, version, riskLevel: risk_level, sideEffects: declared_side_effects, schema });
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
