/**
 * The gate's actions as tools of an agent framework: what `client.tools()` gives.
 * @module latchgate-client/tools
 */

export type { ActionFacts, Selection } from "./tools/actions.ts";
export type { ToolAnswer } from "./tools/answers.ts";
export type { ToolInput, ToolInputSchema, ToolParameters } from "./tools/parameters.ts";
export type { OnHeld, RunOptions, ToolCall } from "./tools/running.ts";
export {
  createTools,
  type GateTool,
  type McpToolResult,
  type ToolOptions,
  type ToolSource,
} from "./tools/tools.ts";
export type { RiskLevel } from "./vocabulary/risk.ts";
