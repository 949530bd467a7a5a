import type { CallOptions } from "../call/call-state.ts";
import type { components } from "../generated/agent.ts";
import { LatchGateInvalidRequest } from "../vocabulary/errors.ts";
import { withNearest } from "../vocabulary/nearest.ts";
import { isAtMost, isHeldRisk, isRiskLevel, RISK_LEVELS, type RiskLevel } from "../vocabulary/risk.ts";

type Schemas = components["schemas"];

/** What a gate tells of one action. */
export interface ActionFacts {
  readonly name: string;
  readonly riskLevel: RiskLevel;
  readonly detail: Schemas["ActionDetail"];
  /** The JSON Schema of its parameters; undefined where it has none. */
  readonly schema: unknown;
}

/** Which actions. What is named and not there is an error: a slip of the pen must not let an action in, or out. */
export interface Selection {
  readonly only?: readonly string[] | undefined;
  readonly except?: readonly string[] | undefined;
  /** Leaves out what is riskier, and what has a risk that this version does not know. */
  readonly maxRisk?: RiskLevel | undefined;
}

/** Where actions are read: a client. */
export interface ActionSource {
  actions(options?: CallOptions): Promise<readonly Schemas["ActionSummary"][]>;
  action(actionId: string, options?: CallOptions): Promise<Schemas["ActionDetail"]>;
  actionSchema(actionId: string, options?: CallOptions): Promise<unknown>;
}

/** So many actions are read at once: a gate has some ninety, two requests each. */
const AT_ONCE = 8;

export async function readActions(
  source: ActionSource,
  { only, except, maxRisk }: Selection,
  options: CallOptions,
): Promise<ActionFacts[]> {
  if (maxRisk !== undefined && !isRiskLevel(maxRisk))
    throw wrong(`maxRisk must be one of ${RISK_LEVELS.join(", ")}`);
  const all = await source.actions(options);
  const ids = new Set(all.map(({ action_id }) => action_id));
  const strange = [...(only ?? []), ...(except ?? [])].filter((name) => !ids.has(name));
  if (strange.length > 0) throw wrong(`the gate has no action ${withNearest(strange, [...ids])}`);
  const chosen = all.filter(
    ({ action_id, risk_level }) =>
      (only?.includes(action_id) ?? true) &&
      !except?.includes(action_id) &&
      (maxRisk === undefined || isAtMost(risk_level, maxRisk)),
  );
  return bounded(chosen, async ({ action_id: name, risk_level: riskLevel }) => {
    const detail = await source.action(name, options);
    const schema = detail.io?.has_request_schema ? await source.actionSchema(name, options) : undefined;
    return { name, riskLevel, detail, schema };
  });
}

/** Does it for all of them, a few at once, in their order. The first failure ends it. */
async function bounded<Item, Value>(
  items: readonly Item[],
  run: (item: Item) => Promise<Value>,
): Promise<Value[]> {
  const values: Value[] = [];
  const queue = items.entries();
  let failed = false;
  const work = async () => {
    for (const [index, item] of queue) {
      if (failed) return;
      values[index] = await run(item);
    }
  };
  const workers = Array.from({ length: AT_ONCE }, () =>
    work().catch((error: unknown) => {
      failed = true;
      throw error;
    }),
  );
  await Promise.all(workers);
  return values;
}

const wrong = (problem: string) =>
  new LatchGateInvalidRequest("<options>", problem, { code: "invalid_options" });

const LONGEST_DESCRIPTION = 1_024;
const MOST_DOMAINS = 5;

/** What a model is told of an action: the gate has no description of it but its schema's. */
export function descriptionOf({ name, riskLevel, detail, schema }: ActionFacts): string {
  const { description } = (schema ?? {}) as { readonly description?: unknown };
  const sentences = [typeof description === "string" ? description : `Runs the action ${name}.`];
  const effects = detail.declared_side_effects ?? [];
  if (effects.length > 0) sentences.push(`Side effects: ${effects.join(", ")}.`);
  const domains = domainsOf(detail.egress);
  if (domains.length > 0) {
    const more = domains.length > MOST_DOMAINS ? " and others" : "";
    sentences.push(`Reaches ${domains.slice(0, MOST_DOMAINS).join(", ")}${more}.`);
  }
  sentences.push(`Risk: ${riskLevel}.`);
  if (isHeldRisk(riskLevel))
    sentences.push("An operator may have to approve each call, which can take minutes.");
  return sentences.join(" ").slice(0, LONGEST_DESCRIPTION);
}

function domainsOf(egress: Schemas["EgressProfile"] | undefined): readonly string[] {
  if (typeof egress !== "object" || egress === null) return [];
  return egress.proxy_allowlist?.allowed_domains ?? [];
}
