import { resolve } from "node:path";
import { type Command, InvalidArgumentError, Option, type OptionValues } from "@commander-js/extra-typings";
import { readAccepted } from "../diff/accepted.ts";
import { type Documents, SEVERITIES } from "../diff/compare.ts";
import { loadDocuments } from "../diff/load.ts";
import { markdownText, reportOf, tableText, unannounced } from "../diff/report.ts";
import { type Surface, shippedSurface } from "../diff/surface.ts";
import { type Define, type Terminal, UsageError } from "./command.ts";

/** What a comparison takes, here and in `npm run api:diff`. */
export function takesDiffOptions<
  Args extends unknown[],
  Opts extends OptionValues,
  Global extends OptionValues,
>(command: Command<Args, Opts, Global>) {
  return command
    .addOption(
      new Option(
        "--fail-on <class>",
        "exit code 1 where a change of this class, or a graver one, is neither accepted nor announced by a new info.version of its document: wire (a program that runs today fails), source (it must be edited or compiled anew), notice",
      ).choices(SEVERITIES),
    )
    .option("--accepted <file>", 'accepted changes: { "fingerprint": "why" }')
    .addOption(
      new Option(
        "--ignore <x-name>",
        "a member outside of schemas that has no meaning here; extensions have none anyway",
      ).argParser(extensionOf),
    )
    .option("--no-types", "don't ask tsc about the generated types")
    .option("--json", "the report as JSON")
    .option("--markdown", "the report in Markdown");
}

function extensionOf(name: string, names: readonly string[] | undefined): readonly string[] {
  if (!name.startsWith("x-")) throw new InvalidArgumentError("It takes extensions (x-…) only.");
  return [...(names ?? []), name];
}

/** What the options were. */
export interface ApiDiffValues {
  readonly failOn?: (typeof SEVERITIES)[number] | undefined;
  readonly accepted?: string | undefined;
  readonly ignore?: readonly string[] | undefined;
  readonly types: boolean;
  readonly json?: boolean | undefined;
  readonly markdown?: boolean | undefined;
}

export const define: Define = (command, terminal, ends) => {
  takesDiffOptions(
    command
      .description(
        "What changed between two versions of a gate's API, whom it breaks, and what it touches in this package.",
      )
      .argument("<old>", "an OpenAPI document, or a folder with agent.yaml, operator.yaml and webhooks.yaml")
      .argument("<new>", "the same, newer"),
  )
    .addHelpText(
      "after",
      "\nWith the packages openapi-typescript and typescript installed the generated\ntypes are compared too.",
    )
    .action(async (before, after, values) => {
      const [older, newer] = [before, after].map((path) => loadDocuments(resolve(terminal.cwd, path)));
      if (older === undefined || newer === undefined) throw new UsageError("two versions are compared");
      ends(await compareVersions(older, newer, values, shippedSurface(), terminal));
    });
};

/** Prints what changed; gives the exit code. */
export async function compareVersions(
  before: Documents,
  after: Documents,
  values: ApiDiffValues,
  surface: Surface | undefined,
  terminal: Terminal,
): Promise<number> {
  const { failOn, ignore: ignored = [] } = values;
  const report = await reportOf(before, after, {
    accepted: values.accepted === undefined ? {} : readAccepted(resolve(terminal.cwd, values.accepted)),
    surface,
    ignored: new Set(ignored),
    types: values.types,
  });
  if (values.json) terminal.out(JSON.stringify(report));
  else terminal.out(values.markdown ? markdownText(report) : tableText(report));
  if (failOn === undefined) return 0;
  const failing = unannounced(report, failOn);
  // What only the compiler sees breaks who compiles anew.
  const doubts = failOn === "wire" ? [] : (report.unexplained ?? []);
  if (failing.length === 0 && doubts.length === 0) return 0;
  if (failing.length > 0)
    terminal.err(
      `${failing.length} of these neither accepted nor announced by a new info.version: ${failing.map(({ fingerprint }) => fingerprint).join(", ")}`,
    );
  if (doubts.length > 0) terminal.err(`tsc refuses ${doubts.length} times what no change explains`);
  return 1;
}
