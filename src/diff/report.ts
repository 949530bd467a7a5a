import type { Accepted } from "./accepted.ts";
import { type Change, compareDocuments, type Documents, SEVERITIES } from "./compare.ts";
import { versionOf } from "./load.ts";
import type { Severity } from "./schema-changes.ts";
import { type Surface, type Touched, touchedBy } from "./surface.ts";
import { askCompiler, confirmed, type Refusal, unseen } from "./witness.ts";

/** A change with all that is known of it. */
export interface ReportedChange extends Change {
  readonly touches: Touched | undefined;
  /** Why it was accepted. */
  readonly accepted: string | undefined;
  /** Whether `tsc` sees it in the generated types; undefined where it was not asked. */
  readonly compiler: boolean | undefined;
}

export interface Report {
  readonly versions: {
    readonly [document: string]: { readonly before: string | undefined; readonly after: string | undefined };
  };
  readonly changes: readonly ReportedChange[];
  /** What `tsc` refuses, and no change explains; undefined where it was not asked. */
  readonly unexplained: readonly Refusal[] | undefined;
  /** Why the compiler was not asked. */
  readonly notAsked: string | undefined;
}

export interface ReportOptions {
  readonly accepted: Accepted;
  readonly surface: Surface | undefined;
  readonly ignored: ReadonlySet<string>;
  /** Whether the compiler is asked too. */
  readonly types: boolean;
}

/** Compares, asks the second witness, and says what each change touches. */
export async function reportOf(before: Documents, after: Documents, options: ReportOptions): Promise<Report> {
  const changes = compareDocuments(before, after, options.ignored);
  let refusals: Refusal[] | undefined;
  let notAsked = options.types ? undefined : "it was not to be asked";
  if (options.types)
    try {
      refusals = await askCompiler(before, after);
    } catch (error) {
      notAsked = error instanceof Error ? error.message : String(error);
    }
  const names = [...new Set([...before.keys(), ...after.keys()])];
  return {
    versions: Object.fromEntries(
      names.map((name) => [name, { before: versionOf(before.get(name)), after: versionOf(after.get(name)) }]),
    ),
    changes: changes.map((change) => ({
      ...change,
      touches: options.surface === undefined ? undefined : touchedBy(change, options.surface),
      accepted: options.accepted[change.fingerprint],
      compiler: refusals === undefined ? undefined : confirmed(change, refusals),
    })),
    unexplained: refusals === undefined ? undefined : unseen(refusals, changes),
    notAsked,
  };
}

/** The changes at least as grave as that which are neither accepted nor announced by a new version of their document. */
export function unannounced({ changes, versions }: Report, severity: Severity): ReportedChange[] {
  const gravity = SEVERITIES.indexOf(severity);
  return changes.filter(
    (change) =>
      SEVERITIES.indexOf(change.severity) <= gravity &&
      change.accepted === undefined &&
      versions[change.document]?.before === versions[change.document]?.after,
  );
}

const place = ({ operations, where, schema }: Change) =>
  [shortList(operations), [where, schema].filter(Boolean).join(", ")]
    .filter((part) => part !== "")
    .join(": ");

const shortList = (names: readonly string[]) =>
  names.length > 4 ? `${names.slice(0, 3).join(", ")} and ${names.length - 3} more` : names.join(", ");

function touchLines(touches: Touched | undefined): string[] {
  if (touches === undefined) return [];
  const lists: [string, readonly string[]][] = [
    ["methods", touches.methods],
    ["names", touches.names],
    ["mock", touches.mock],
    ["pages", touches.pages],
  ];
  return lists.filter(([, names]) => names.length > 0).map(([kind, names]) => `${kind}: ${shortList(names)}`);
}

const SAME = "The API is the same.";

/** For people: a line or a few per change, the gravest first. */
export function tableText({ changes, unexplained, notAsked }: Report): string {
  const doubts = doubtLines(unexplained);
  if (changes.length === 0) return doubts.length === 0 ? SAME : doubts.join("\n");
  const lines = changes.flatMap((change) => [
    `${change.severity.padEnd(6)}  ${change.fingerprint}  ${change.document}  ${place(change)}${place(change) === "" ? "" : " "}${change.what}`,
    ...(change.question === undefined ? [] : [`        ? ${change.question}`]),
    ...touchLines(change.touches).map((line) => `        ${line}`),
    ...(change.accepted === undefined ? [] : [`        accepted: ${change.accepted}`]),
  ]);
  const count = (severity: Severity) => changes.filter((change) => change.severity === severity).length;
  const seen = changes.filter(({ compiler }) => compiler === true).length;
  return [
    ...lines,
    "",
    `${SEVERITIES.map((severity) => `${count(severity)} ${severity}`).join(", ")}. ${
      notAsked === undefined
        ? `tsc sees ${seen} of them in the generated types.`
        : `tsc was not asked: ${notAsked}`
    }`,
    ...doubts,
  ].join("\n");
}

const LONGEST_MESSAGE = 300;

/** What tsc refuses and no change explains, a line for each reason, with where it gives it. */
function doubtLines(unexplained: Report["unexplained"]): string[] {
  const places = new Map<string, string[]>();
  for (const { operation, part, message } of unexplained ?? [])
    places.set(message, [...(places.get(message) ?? []), `${operation}, ${part}`]);
  return [...places].map(([message, where]) => {
    const more = where.length > 3 ? ` and ${where.length - 3} more` : "";
    return `tsc refuses what no change explains: ${where.slice(0, 3).join("; ")}${more}: ${message.slice(0, LONGEST_MESSAGE)}`;
  });
}

const HEADINGS: { readonly [Key in Severity]: string } = {
  wire: "Breaking: programs that run today fail",
  source: "Breaking when compiled: programs must be edited",
  notice: "Also changed",
};

/** For a changelog. */
export function markdownText({ changes, versions, unexplained }: Report): string {
  const versionLines = Object.entries(versions)
    .filter(([, { before, after }]) => before !== after)
    .map(([name, { before, after }]) => `${name} ${before ?? "–"} → ${after ?? "–"}`);
  const sections = SEVERITIES.flatMap((severity) => {
    const own = changes.filter((change) => change.severity === severity);
    if (own.length === 0) return [];
    const items = own.map((change) => {
      const operations = change.operations.map((id) => `\`${id}\``).join(", ");
      const where = change.schema === undefined ? change.where : `\`${change.schema}\``;
      const methods = change.touches?.methods ?? [];
      const touched =
        methods.length === 0 ? "" : ` (touches ${shortList(methods.map((name) => `\`${name}\``))})`;
      return `- ${[operations, where].filter(Boolean).join(", ")}${operations === "" && where === "" ? "" : ": "}${change.what}${touched}`;
    });
    return [`### ${HEADINGS[severity]}`, "", ...items, ""];
  });
  const doubts = doubtLines(unexplained).map((line) => `- ${line}`);
  if (doubts.length > 0) sections.push("### Not explained", "", ...doubts, "");
  if (sections.length === 0) return SAME;
  return [
    ...(versionLines.length === 0 ? [] : [`The gate's API: ${versionLines.join(", ")}.`, ""]),
    ...sections,
  ]
    .join("\n")
    .trimEnd();
}
