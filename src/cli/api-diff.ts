import { resolve } from "node:path";
import type { ParseArgsConfig } from "node:util";
import { readAccepted } from "../diff/accepted.ts";
import { type Documents, SEVERITIES } from "../diff/compare.ts";
import { loadDocuments } from "../diff/load.ts";
import { markdownText, reportOf, tableText, unannounced } from "../diff/report.ts";
import { type Surface, shippedSurface } from "../diff/surface.ts";
import { argumentsOf, type Command, type Terminal, UsageError } from "./command.ts";

export const API_DIFF_FLAGS = `  --fail-on CLASS   exit code 1 where a change of this class, or a graver one, is neither accepted nor announced by a new
                    info.version of its document: wire (a program that runs today fails), source (it must be edited or
                    compiled anew), notice
  --accepted FILE   accepted changes: { "fingerprint": "why" }
  --ignore x-NAME   a member outside of schemas that has no meaning here; extensions have none anyway
  --no-types        don't ask tsc about the generated types
  --json, --markdown
  --help            this`;

const usage = `Usage: latchgate-client api-diff OLD NEW [options]

What changed between two versions of a gate's API, whom it breaks, and what it touches in this package. OLD and NEW are
OpenAPI documents, or folders with agent.yaml, operator.yaml and webhooks.yaml.

${API_DIFF_FLAGS}

With the packages openapi-typescript and typescript installed the generated types are compared too.`;

export const API_DIFF_OPTIONS = {
  "fail-on": { type: "string" },
  accepted: { type: "string" },
  ignore: { type: "string", multiple: true },
  "no-types": { type: "boolean", default: false },
  json: { type: "boolean", default: false },
  markdown: { type: "boolean", default: false },
} as const satisfies ParseArgsConfig["options"];

/** What the options were. */
export type ApiDiffValues = ReturnType<typeof argumentsOf<typeof API_DIFF_OPTIONS>>["values"];

export const command: Command = {
  usage,
  async run(args, terminal) {
    const { values, positionals } = argumentsOf(args, API_DIFF_OPTIONS);
    const [before, after, ...more] = positionals.map((path) => resolve(terminal.cwd, path));
    if (before === undefined || after === undefined || more.length > 0)
      throw new UsageError("two versions are compared: OLD NEW");
    return await compareVersions(
      loadDocuments(before),
      loadDocuments(after),
      values,
      shippedSurface(),
      terminal,
    );
  },
};

/** Prints what changed; gives the exit code. */
export async function compareVersions(
  before: Documents,
  after: Documents,
  values: ApiDiffValues,
  surface: Surface | undefined,
  terminal: Terminal,
): Promise<number> {
  const failOn = SEVERITIES.find((severity) => severity === values["fail-on"]);
  if (values["fail-on"] !== undefined && failOn === undefined)
    throw new UsageError(`--fail-on takes ${SEVERITIES.join(", ")}`);
  const ignored = values.ignore ?? [];
  for (const name of ignored)
    if (!name.startsWith("x-")) throw new UsageError(`--ignore takes extensions (x-…) only, and not ${name}`);
  const report = await reportOf(before, after, {
    accepted: values.accepted === undefined ? {} : readAccepted(resolve(terminal.cwd, values.accepted)),
    surface,
    ignored: new Set(ignored),
    types: !values["no-types"],
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
