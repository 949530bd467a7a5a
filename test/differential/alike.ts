import type { ProgramRun, Step, Trace } from "./trace.ts";

/** How far two answers are alike: each tier wants those before it too. */
export const TIERS = ["verdicts", "shapes", "values", "words"] as const;
export type Tier = (typeof TIERS)[number];

/** One step of one program, and how the second gate's answer compares with the first one's. */
export interface StepResult {
  readonly seed: number;
  readonly step: number;
  /** `METHOD /template`, or `route` for what is no operation. */
  readonly operation: string;
  readonly socket: "agent" | "operator";
  readonly method: string;
  readonly path: string;
  readonly status: number;
  /** The error word or the decision, `""` where there is none. */
  readonly word: string;
  /** The first tier in which the two differ; `undefined` if all is alike. */
  readonly differs: Tier | undefined;
  /** What differs. */
  readonly kinds: readonly { readonly tier: Tier; readonly what: string }[];
}

/** A program up to which tier: the first one in which any of its steps differs. */
export interface ProgramResult {
  readonly seed: number;
  readonly differs: Tier | undefined;
  readonly steps: readonly StepResult[];
}

const WORDS = new Set(["detail", "message", "deny_reason", "reason", "remediation", "failure_reason"]);

/** Actions of which more than the verdict is compared: what others give back is a stand-in's word. */
const WHOLE =
  /fs_read|fs_write|fs_delete|http_fetch|http_post|http_delete|http_sensitive_read|github_create_issue|slack_post|stripe_create_invoice/;

/**
 * Compares two traces as tiers.mjs does, which has the last word. What comes after a difference in verdict is not
 * counted: the two gates may be in different states then.
 */
export function compareTraces(gate: Trace, mock: Trace): ProgramResult[] {
  return [...gate.programs.values()].map((run) => compareRuns(run, mock.programs.get(run.seed)));
}

function compareRuns(gate: ProgramRun, mock: ProgramRun | undefined): ProgramResult {
  const results: StepResult[] = [];
  // A mock that could not be asked at all.
  const failed = mock?.failed ?? (mock === undefined ? "it was not asked" : undefined);
  for (const [index, step] of (gate.steps ?? []).entries()) {
    const result = compareSteps(gate.seed, step, mock?.steps?.[index] ?? failed ?? "no such step");
    results.push(result);
    if (result.differs === "verdicts") break;
  }
  return { seed: gate.seed, differs: worst(results.map(({ differs }) => differs)), steps: results };
}

function compareSteps(seed: number, gate: Step, mock: Step | string): StepResult {
  const [socket, method, ...path] = gate.request.split(" ");
  const kinds = typeof mock === "string" ? [kind("verdicts", mock)] : differences(gate, mock);
  return {
    seed,
    step: gate.id,
    operation: gate.op,
    socket: socket === "operator" ? "operator" : "agent",
    method: method ?? "",
    path: path.join(" "),
    status: gate.status ?? 0,
    word: wordOf(gate),
    differs: worst(kinds.map(({ tier }) => tier)),
    kinds,
  };
}

type Kind = StepResult["kinds"][number];

function differences(gate: Step, mock: Step): Kind[] {
  const [said, saidToo] = [verdictOf(gate), verdictOf(mock)];
  if (said !== saidToo) return [kind("verdicts", `${said} became ${saidToo}`)];
  const found: Kind[] = [];
  const headers = new Set([...Object.keys(gate.headers ?? {}), ...Object.keys(mock.headers ?? {})]);
  for (const name of headers) {
    if (gate.headers?.[name] !== mock.headers?.[name]) found.push(kind("verdicts", `header ${name}`));
  }
  const whole = WHOLE.test(actionOf(gate));
  compareValues(bodyOf(gate, whole), bodyOf(mock, whole), "body", found);
  compareValues(gate.text, mock.text, "text", found);
  return found;
}

function compareValues(gate: unknown, mock: unknown, path: string, found: Kind[]): void {
  const [type, typeToo] = [typeOf(gate), typeOf(mock)];
  if (type !== typeToo) {
    const said = (value: unknown, of: string) => (value === undefined ? "absent" : of);
    found.push(kind("shapes", `${path}: ${said(gate, type)} became ${said(mock, typeToo)}`));
  } else if (Array.isArray(gate) && Array.isArray(mock)) {
    if (gate.length !== mock.length) found.push(kind("values", `${path}.length`));
    const both = Math.min(gate.length, mock.length);
    for (let at = 0; at < both; at += 1) compareValues(gate[at], mock[at], `${path}[]`, found);
  } else if (isObject(gate) && isObject(mock)) {
    for (const name of new Set([...Object.keys(gate), ...Object.keys(mock)]))
      if (name !== "description") compareValues(gate[name], mock[name], `${path}.${name}`, found);
  } else if (gate !== mock) {
    const wording = WORDS.has(path.split(".").pop() ?? "") || path.startsWith("text");
    found.push(kind(wording ? "words" : "values", path));
  }
}

function kind(tier: Tier, what: string): Kind {
  return { tier, what };
}

function worst(tiers: readonly (Tier | undefined)[]): Tier | undefined {
  return TIERS.find((tier) => tiers.includes(tier));
}

function verdictOf(step: Step): string {
  return `${step.status} ${wordOf(step)}`.trim();
}

function wordOf({ body }: Step): string {
  if (!isObject(body)) return "";
  const { error, decision } = body;
  if (typeof error === "string" && error !== "") return error;
  return typeof decision === "string" ? decision : "";
}

function actionOf({ body, request }: Step): string {
  const named = isObject(body) ? body["action_id"] : undefined;
  return typeof named === "string" ? named : (/actions\/([a-z_0-9]+)/.exec(request)?.[1] ?? "");
}

function bodyOf({ body }: Step, whole: boolean): unknown {
  if (whole || !isObject(body)) return body;
  const { output, verification, verification_outcome, runtime, ...rest } = body;
  return rest;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function typeOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}
