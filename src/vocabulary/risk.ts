import type { components } from "../generated/agent.ts";

export type RiskLevel = components["schemas"]["RiskLevel"];

/** What is decided by a risk: how it compares with others, and whether each call is held for an operator. */
const RISKS = {
  low: { rank: 0, isHeld: false },
  medium: { rank: 1, isHeld: false },
  high: { rank: 2, isHeld: true },
  critical: { rank: 3, isHeld: true },
} as const satisfies Readonly<Record<RiskLevel, { readonly rank: number; readonly isHeld: boolean }>>;

/** From the least on. */
export const RISK_LEVELS = Object.keys(RISKS) as readonly RiskLevel[];

export function isRiskLevel(text: string): text is RiskLevel {
  return Object.hasOwn(RISKS, text);
}

/** Whether a risk is not greater than another; one that this version does not know is greater than all. */
export function isAtMost(risk: string, most: RiskLevel): boolean {
  return isRiskLevel(risk) && RISKS[risk].rank <= RISKS[most].rank;
}

/** Whether calls of such a risk are held for an operator; of one that this version does not know that is to be feared. */
export function isHeldRisk(risk: string): boolean {
  return !isRiskLevel(risk) || RISKS[risk].isHeld;
}
